"""Markets of shares alone, written by hand: closes, highs, lows and volumes as a test wants them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta

import numpy as np

from strategy.held import position
from strategy.markets import CALENDAR, TODAY, series_of
from strikewise.domain.instruments import Stock, days_of
from strikewise.domain.portfolio import Position
from strikewise.domain.quotes import CalendarEvent, DailyBars
from strikewise.market.memory_source import MemorySource
from strikewise.market.view import Market, MarketView

SESSIONS = CALENDAR.sessions(TODAY - timedelta(450), TODAY)
"""Days of the bars, the last of them today."""


def bars(
    symbol: str, closes: Sequence[float], volumes: Sequence[float] | None = None, *, reach: float = 0.01
) -> DailyBars:
    """Bars that end today, with highs and lows a share above and below their closes."""
    close = np.asarray(closes, dtype=np.float64)
    days = np.array([days_of(day) for day in SESSIONS[-len(close) :]], dtype=np.int32)
    volume = np.full(len(close), 1e6) if volumes is None else np.asarray(volumes, dtype=np.float64)
    return DailyBars(
        symbol, days, close, close * (1 + reach), close * (1 - reach), close, volume,
        CALENDAR.close_seconds(days),
    )  # fmt: skip


def wavy(drift: float, *, wave: float = 0.01, count: int = 260, last: float = 100.0) -> np.ndarray:
    """Closes that drift by a share a session and swing by another, and end at a price."""
    steps = np.arange(count) - (count - 1)
    shape = np.exp(drift * steps) * (1.0 + wave * np.sin(steps * 1.1))
    return np.asarray(last * shape / shape[-1])


def market_of(
    stocks: Sequence[DailyBars], events: Sequence[tuple[str, date]] = (), *, notice_days: int = 14
) -> Market:
    announced = [
        CalendarEvent("EARNINGS", day, symbol, int(_midnight(day - timedelta(notice_days)).timestamp()))
        for symbol, day in events
    ]
    rates = [series_of("rate_3m", 4.0, TODAY), series_of("VIX", 17.0, TODAY)]
    return Market(MemorySource(bars=stocks, series=rates, events=announced), CALENDAR)


def view_of(
    stocks: Sequence[DailyBars], events: Sequence[tuple[str, date]] = (), day: date = TODAY
) -> MarketView:
    return market_of(stocks, events).view(CALENDAR.session_close(day).astimezone(UTC))


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def held(
    symbol: str,
    shares: int,
    paid: float,
    now: float,
    *,
    day: date,
    because: Mapping[str, float] | None = None,
) -> Position:
    cost = round(100 * paid) * shares
    side = 1 if shares > 0 else -1
    return position(
        [(Stock(symbol), side)], units=abs(shares), cash_cents=cost, exit_cents=round(100 * now) * shares,
        day=day, because=dict(because or {}),
    )  # fmt: skip
