"""``/signals``: what strategies saw, what was decided, and what became of it; a feed for other programs."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from strikewise.apps.api.answers import After, Limit, Listed, json_lines, listed, wants_lines
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
    before = None if cursor is None else _number(cursor)
    found = signals_before(
        reader.desk(), before=before, limit=limit + 1, strategy=strategy, underlying=underlying
    )
    if wants_lines(request):
        return json_lines(found[:limit], SignalView)
    return listed(found, limit, lambda one: str(one.seq))


@router.get("/{signal_id}", summary="A signal")
def signal(reader: Reading, signal_id: str) -> SignalView:
    """Return one signal."""
    found = signal_view(reader.desk(), signal_id)
    if found is None:
        raise ProblemError(404, f"There is no signal {signal_id!r}.")
    return found


def _number(cursor: str) -> int:
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) < 16):
        raise ProblemError(422, f"A cursor is what `next` said; was {cursor[:40]!r}.")
    return int(cursor)
