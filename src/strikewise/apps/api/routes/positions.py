"""``/positions``: what is held, with quotes and Greeks, and what it would come to."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from strikewise.apps.api.answers import After, Limit, Listed, paged
from strikewise.apps.api.problems import ProblemError
from strikewise.apps.api.reading import Reader, Reading
from strikewise.service.views.desk import PositionPicture
from strikewise.service.views.payoff import Payoff, payoff_of
from strikewise.service.views.positions import positions_view

__all__ = ["router"]

router = APIRouter(prefix="/positions", tags=["positions"])


@router.get("", summary="What is held")
def positions(reader: Reading, limit: Limit = 1_000, cursor: After = None) -> Listed[PositionPicture]:
    """Return every position, held or on its way, as it looked at the latest tick."""
    with reader.desk() as desk:
        return paged(positions_view(desk), limit, cursor)


@router.get("/{position_id}", summary="A position")
def position(reader: Reading, position_id: str) -> PositionPicture:
    """Return one position with its legs, quotes, Greeks and why it was opened."""
    return _found(reader, position_id)


@router.get("/{position_id}/payoff", summary="What a position would come to")
def payoff(
    reader: Reading,
    position_id: str,
    days: Annotated[float, Query(ge=0, le=3_650, description="Calendar days from now.")] = 0.0,
    vol_shift: Annotated[float, Query(ge=-0.9, le=3.0, description="Added to each volatility.")] = 0.0,
) -> Payoff:
    """Return its profit over prices at expiry, today, and on the day and volatility asked for."""
    shown = _found(reader, position_id)
    with reader.desk() as desk:
        held = desk.keeper.state.positions.get(position_id)
    paid = shown.entry_cents if held is None else held.cash_cents + held.fees_cents
    return payoff_of(shown, paid, days=days, volatility_shift=vol_shift)


def _found(reader: Reader, position_id: str) -> PositionPicture:
    with reader.desk() as desk:
        shown = positions_view(desk)
    for one in shown:
        if one.position_id == position_id:
            return one
    raise ProblemError(404, f"There is no open position {position_id!r}; {len(shown)} are open.")
