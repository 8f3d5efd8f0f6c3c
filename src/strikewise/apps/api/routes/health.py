"""``/health/live``, ``/health/ready`` and ``/metrics``: outside of the versioned API, for machines."""

from __future__ import annotations

from typing import Annotated, cast

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel

from strikewise.apps.api.door import Reads
from strikewise.apps.api.metrics import Metrics
from strikewise.apps.api.problems import ProblemError
from strikewise.apps.api.reading import Reading
from strikewise.service.errors import StrikewiseError

__all__ = ["router"]

router = APIRouter(tags=["health"])

TEXT = "text/plain; version=0.0.4; charset=utf-8"


class Health(BaseModel):
    """How this server is."""

    ok: bool = True


@router.get("/health/live", summary="Does the server answer?")
async def live() -> Health:
    """Answer."""
    return Health()


@router.get("/health/ready", summary="Can the server read the ledger?")
def ready(reader: Reading) -> Health:
    """Answer once the ledger can be read, and was read for the first time."""
    if not reader.read.is_set():
        raise ProblemError(503, "The ledger is being read for the first time.", headers={"Retry-After": "2"})
    try:
        with reader.ledger() as ledger:
            assert ledger.head.seq >= 0
    except StrikewiseError:
        raise ProblemError(503, "The ledger does not answer: see the server's log.") from None
    return Health()


async def _metrics_of(request: Request) -> Metrics:
    return cast("Metrics", request.state.metrics)


@router.get(
    "/metrics",
    summary="Figures for Prometheus",
    response_class=Response,
    responses={
        200: {
            "description": "Figures in Prometheus' text form.",
            "content": {"text/plain": {"schema": {"type": "string"}}},
        }
    },
)
def metrics(figures: Annotated[Metrics, Depends(_metrics_of)], _: Reads) -> Response:
    """Return the figures; it takes a token of the scope `read`."""
    return Response(figures.text(), media_type=TEXT)
