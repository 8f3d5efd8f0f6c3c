"""``/signals``: what strategies saw, what was decided, and what became of it; a feed for other programs."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from strikewise.apps.api.answers import After, Limit, Listed, json_lines, listed, number_of, wants_lines
from strikewise.apps.api.problems import ProblemError
from strikewise.apps.api.reading import Reading
from strikewise.service.views.signals import SignalView, signal_view, signals_before

__all__ = ["router"]

router = APIRouter(prefix="/signals", tags=["signals"])


@router.get("", summary="Signals, newest first", response_model=Listed[SignalView])
def signals(
    reader: Reading,
    request: Request,
    limit: Limit = 50,
    cursor: After = None,
    strategy: Annotated[str, Query(max_length=100)] = "",
    underlying: Annotated[str, Query(max_length=20)] = "",
) -> Response | Listed[SignalView]:
    """Return signals with entry, risk, probability, why, and their later outcome."""
    before = number_of(cursor)
    with reader.desk() as desk:
        found = signals_before(desk, before=before, limit=limit + 1, strategy=strategy, underlying=underlying)
    if wants_lines(request):
        return json_lines(found[:limit], SignalView)
    return listed(found, limit, lambda one: str(one.seq))


@router.get("/{signal_id}", summary="A signal")
def signal(reader: Reading, signal_id: str) -> SignalView:
    """Return one signal."""
    with reader.desk() as desk:
        found = signal_view(desk, signal_id)
    if found is None:
        raise ProblemError(404, f"There is no signal {signal_id!r}.")
    return found
