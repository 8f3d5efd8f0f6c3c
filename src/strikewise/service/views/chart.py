"""The chart of an underlying: bars, what was traded on it and when, and the market's regimes behind them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import NamedTuple

import numpy as np

from strikewise.domain.errors import MissingDataError
from strikewise.domain.instruments import date_of, days_of
from strikewise.domain.portfolio import Position
from strikewise.domain.quotes import DailyBars
from strikewise.market.calendar import SessionCalendar
from strikewise.market.regime import Regime
from strikewise.market.source import MarketSource
from strikewise.market.view import Market
from strikewise.service.views.desk import Desk

__all__ = ["Bar", "Chart", "Level", "Marker", "RegimeBand", "chart_of"]


@dataclass(frozen=True, slots=True)
class Bar:
    """A session's prices in dollars; volume None where unknown."""

    day: date
    open: float
    high: float
    low: float
    close: float
    volume: float | None


@dataclass(frozen=True, slots=True)
class Marker:
    """Something traded: ``entry``, ``exit`` or ``stop`` (an exit at a loss), with what it came to."""

    at: datetime
    kind: str
    position_id: str
    text: str
    profit_cents: int | None


class _Kept(NamedTuple):
    """The markers of a trade, and of what they were made."""

    position: Position
    closed_at: datetime | None
    markers: tuple[Marker, ...]


@dataclass(frozen=True, slots=True)
class RegimeBand:
    """Sessions in a row that one regime acted on, both included."""

    start: date
    end: date
    regime: str


@dataclass(frozen=True, slots=True)
class Level:
    """A price that matters to an open position."""

    price: float
    text: str
    position_id: str


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart of an underlying."""

    symbol: str
    bars: tuple[Bar, ...]
    markers: tuple[Marker, ...]
    regimes: tuple[RegimeBand, ...]
    levels: tuple[Level, ...]


def chart_of(
    symbol: str,
    source: MarketSource,
    calendar: SessionCalendar,
    desk: Desk,
    *,
    until: datetime,
    start: date | None = None,
    end: date | None = None,
    sessions: int = 250,
) -> Chart:
    """Return the chart of an underlying.

    Parameters
    ----------
    symbol : str
        The underlying.
    source : MarketSource
        Where bars come from; none known after ``until`` are shown.
    calendar : SessionCalendar
        The sessions.
    desk : Desk
        For what was traded.
    until : datetime
        The present instant, or that of a rehearsal.
    start, end : date, optional
        Bounds, both included; the latest ``sessions`` bars if no start is given.
    sessions : int
        Most bars.

    Raises
    ------
    MissingDataError
        If there are no bars of the symbol.
    """
    bars = source.bars(symbol)
    if bars is None:
        known = ", ".join(source.symbols()) or "none"
        raise MissingDataError(f"There are no daily bars of {symbol}; there are of: {known}.")
    shown = _bars(bars, int(until.timestamp()), start, end, sessions)
    first = shown[0].day if shown else None
    return Chart(
        symbol,
        shown,
        tuple(_markers(symbol, desk, calendar, first)),
        tuple(_bands(shown, source, calendar)),
        tuple(_levels(symbol, desk)),
    )


def _bars(bars: DailyBars, known_by: int, start: date | None, end: date | None, most: int) -> tuple[Bar, ...]:
    chosen = (bars.known_at <= known_by) & np.isfinite(bars.close)
    if start is not None:
        chosen &= bars.days >= days_of(start)
    if end is not None:
        chosen &= bars.days <= days_of(end)
    return tuple(_bar(bars, int(row)) for row in np.flatnonzero(chosen)[-most:])


def _bar(bars: DailyBars, row: int) -> Bar:
    close, volume = float(bars.close[row]), float(bars.volume[row])
    return Bar(
        date_of(int(bars.days[row])),
        _price(float(bars.open[row]), close),
        _price(float(bars.high[row]), close),
        _price(float(bars.low[row]), close),
        close,
        volume if np.isfinite(volume) else None,
    )


def _price(value: float, close: float) -> float:
    """Return a price, or the close where a vendor has closes only."""
    return value if np.isfinite(value) else close


def _markers(symbol: str, desk: Desk, calendar: SessionCalendar, first: date | None) -> Iterator[Marker]:
    found: list[Marker] = []
    for name in desk.keeper.trades:
        position = desk.keeper.state.position(name)
        if position is None or position.underlying != symbol or first is None:
            continue
        made = _made(desk, name, position)
        found += [one for one in made if calendar.day_of(one.at) >= first]
    yield from sorted(found, key=lambda one: (one.at, one.position_id))


def _made(desk: Desk, name: str, position: Position) -> tuple[Marker, ...]:
    """Return the markers of a trade; of one that stays as it was they are made once."""
    closed_at = desk.keeper.trades[name].closed_at
    held = desk.kept.get(name)
    if held is None or held.position is not position or held.closed_at != closed_at:
        held = desk.kept[name] = _Kept(position, closed_at, tuple(_of_trade(desk, name)))
    return held.markers


def _of_trade(desk: Desk, name: str) -> Iterator[Marker]:
    trade = desk.keeper.trade(name)
    yield Marker(trade.opened_at, "entry", name, trade.structure.replace("_", " "), None)
    if trade.closed_at is not None:
        profit = trade.profit_cents or 0
        share = f" {trade.return_on_risk:+.0%}" if trade.return_on_risk is not None else ""
        text = f"{trade.exit_reason.replace('_', ' ').lower()}{share}"
        yield Marker(trade.closed_at, "exit" if profit >= 0 else "stop", name, text, trade.profit_cents)


def _bands(bars: tuple[Bar, ...], source: MarketSource, calendar: SessionCalendar) -> Iterator[RegimeBand]:
    market = Market(source, calendar)
    labelled = [
        (bar.day, market.view(calendar.session_close(bar.day)).regime())
        for bar in bars
        if calendar.is_session(bar.day)
    ]
    for regime, run in groupby(labelled, key=lambda each: each[1]):
        days = [day for day, _ in run]
        if regime is not Regime.UNKNOWN:
            yield RegimeBand(days[0], days[-1], regime.value)


def _levels(symbol: str, desk: Desk) -> Iterator[Level]:
    picture = desk.picture
    for position in () if picture is None else picture.positions:
        if position.underlying != symbol:
            continue
        for leg in position.legs:
            if leg.strike is not None:
                side = "short" if leg.quantity < 0 else "long"
                yield Level(leg.strike, f"{side} {leg.strike:g}{leg.right}", position.position_id)
