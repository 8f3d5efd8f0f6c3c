"""Errors as ``application/problem+json`` (RFC 9457): what was asked, what was found, what to do."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from strikewise.service.errors import MissingDataError, StrikewiseError

__all__ = ["PROBLEMS", "Problem", "ProblemError", "install_problems"]

MEDIA_TYPE = "application/problem+json"


class Problem(BaseModel):
    """An error.

    Attributes
    ----------
    type : str
        ``about:blank``, or the name of a problem that programs may want to tell apart.
    title : str
        The status in words.
    status : int
        The HTTP status.
    detail : str
        A sentence for a person.
    errors : list of dict
        Where the request is wrong, if it is: ``field`` and ``message``.
    """

    type: str = "about:blank"
    title: str = Field(examples=["Not Found"])
    status: int = Field(examples=[404])
    detail: str = Field(examples=["There is no position 'p-1'; 3 are open."])
    errors: list[dict[str, str]] = Field(default_factory=list)


PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"model": Problem, "content": {MEDIA_TYPE: {}}, "description": HTTPStatus(status).phrase}
    for status in (400, 401, 403, 404, 409, 413, 421, 422, 429, 503)
}
"""What every route may answer instead."""


class ProblemError(Exception):
    """An error that ends a request.

    Parameters
    ----------
    status : int
        The HTTP status.
    detail : str
        A sentence for a person.
    kind : str
        The problem's type.
    headers : mapping, optional
        Further headers of the answer.
    """

    def __init__(
        self, status: int, detail: str, *, kind: str = "about:blank", headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(detail)
        self.status, self.detail, self.kind, self.headers = status, detail, kind, dict(headers or {})


def install_problems(app: FastAPI) -> None:
    """Let every error of an application end as a problem; none shows a trace."""

    @app.exception_handler(ProblemError)
    async def _ours(_: Request, error: ProblemError) -> JSONResponse:
        return _answer(error.status, error.detail, kind=error.kind, headers=error.headers)

    @app.exception_handler(StrikewiseError)
    async def _refused(_: Request, error: StrikewiseError) -> JSONResponse:
        return _answer(404 if isinstance(error, MissingDataError) else 409, str(error))

    @app.exception_handler(HTTPException)
    async def _http(_: Request, error: HTTPException) -> JSONResponse:
        return _answer(error.status_code, str(error.detail), headers=dict(error.headers or {}))

    @app.exception_handler(Exception)
    async def _mistake(_: Request, __: Exception) -> JSONResponse:
        # The trace goes to the server's own output, and nowhere else.
        return _answer(500, "The server made a mistake: its output says which.")

    @app.exception_handler(RequestValidationError)
    async def _invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        wrong = [
            {"field": ".".join(str(part) for part in one["loc"]), "message": str(one["msg"])}
            for one in error.errors()
        ]
        return _answer(422, "The request is not what this address takes.", errors=wrong)


def _answer(
    status: int,
    detail: str,
    *,
    kind: str = "about:blank",
    headers: Mapping[str, str] | None = None,
    errors: list[dict[str, str]] | None = None,
) -> JSONResponse:
    title = HTTPStatus(status).phrase
    problem = Problem(type=kind, title=title, status=status, detail=detail, errors=errors or [])
    return JSONResponse(problem.model_dump(), status, dict(headers or {}), media_type=MEDIA_TYPE)
