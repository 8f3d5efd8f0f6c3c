"""``/account`` and ``/equity``: what the account is worth, and how it came there."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query

from strikewise.apps.api.answers import Listed, zoned
from strikewise.apps.api.reading import Reading
from strikewise.service.views.account import AccountView, EquityPoint, account_view, equity_curve

__all__ = ["router"]

router = APIRouter(tags=["account"])


@router.get("/account", summary="What the account is worth")
def account(reader: Reading) -> AccountView:
    """Return the account as it was last valued, with how far its limits are used."""
    with reader.desk() as desk:
        system = reader.system
        return account_view(desk, system.in_force(desk.run, desk.control).limits, system.calendar)


@router.get("/equity", summary="Equity over time")
def equity(
    reader: Reading,
    start: Annotated[datetime | None, Query(alias="from", description="From this instant on.")] = None,
    end: Annotated[datetime | None, Query(alias="to", description="Up to this instant.")] = None,
    points: Annotated[int, Query(ge=4, le=10_000, description="Most points; extremes stay.")] = 1_000,
) -> Listed[EquityPoint]:
    """Return equity at mid and at exit prices, with the fall from its highest but for payments."""
    first, last = zoned(start), zoned(end)
    with reader.desk() as desk:
        return Listed(items=list(equity_curve(desk, start=first, end=last, points=points)))
