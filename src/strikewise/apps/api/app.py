"""The application: routes, problems and headers put together."""

from __future__ import annotations

from fastapi import APIRouter, FastAPI

from strikewise.apps.api.problems import PROBLEMS, install_problems
from strikewise.apps.api.reading import Reader
from strikewise.apps.api.routes import account, facts, market, positions, signals
from strikewise.service.system import System

__all__ = ["create_app"]

PREFIX = "/api/v1"


def create_app(system: System) -> FastAPI:
    """Return the HTTP API over an installation.

    Parameters
    ----------
    system : System
        The installation.
    """
    app = FastAPI(
        title="strikewise",
        version="1",
        summary="Options trading that shows what it does and why.",
        docs_url=None,
        redoc_url=None,
        openapi_url=f"{PREFIX}/openapi.json",
        responses=PROBLEMS,
    )
    app.state.reader = Reader(system)
    api = APIRouter(prefix=PREFIX)
    for part in (account, positions, signals, market, facts):
        api.include_router(part.router)
    app.include_router(api)
    install_problems(app)
    return app
