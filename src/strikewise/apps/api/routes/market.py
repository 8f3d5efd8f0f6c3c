"""``/chart`` and ``/volatility``: an underlying's bars with what was traded, and its implied volatilities."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query

from strikewise.apps.api.answers import zoned
from strikewise.apps.api.reading import Reading
from strikewise.service.views.chart import Chart, chart_of
from strikewise.service.views.volatility import VolatilityView, volatility_of

__all__ = ["router"]

router = APIRouter(tags=["market"])

Symbol = Annotated[str, Path(pattern=r"^[A-Z0-9.^_]{1,12}$", examples=["SPY"])]


@router.get("/symbols", summary="Underlyings with data")
def symbols(reader: Reading) -> dict[str, list[str]]:
    """Return the underlyings that have option chains, and those that have daily bars."""
    source = reader.source()
    return {"chains": list(source.underlyings()), "bars": list(source.symbols())}


@router.get("/chart/{symbol}", summary="Bars with what was traded")
def chart(
    reader: Reading,
    symbol: Symbol,
    start: Annotated[date | None, Query(alias="from")] = None,
    end: Annotated[date | None, Query(alias="to")] = None,
    sessions: Annotated[int, Query(ge=1, le=5_000)] = 250,
) -> Chart:
    """Return daily bars, entries and exits, regime bands and the strikes of open positions."""
    with reader.market() as source, reader.desk() as desk:
        return chart_of(
            symbol, source, reader.system.calendar, desk,
            until=reader.now(), start=start, end=end, sessions=sessions,
        )  # fmt: skip


@router.get("/volatility/{symbol}", summary="Implied volatilities")
def volatility(
    reader: Reading,
    symbol: Symbol,
    at: Annotated[
        datetime | None, Query(description="An instant with its zone; the latest if left out.")
    ] = None,
    ranks: Annotated[int, Query(ge=0, le=250, description="Sessions of the rank's history.")] = 60,
    smiles: Annotated[bool, Query(description="Whether every expiration's quotes are wanted too.")] = True,
) -> VolatilityView:
    """Return surface, smiles with quotes, term structure, and the rank over time."""
    instant = zoned(at) or reader.now()
    with reader.market() as source:
        found = volatility_of(symbol, source, reader.system.calendar, instant, ranks=ranks)
    return found if smiles else replace(found, smiles=())
