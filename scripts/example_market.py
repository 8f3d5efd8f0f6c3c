"""A small market with a smile, known to the cent, in which every strategy finds an example of itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from strikewise.domain.chain import GRADES, ChainColumns, ChainTape
from strikewise.domain.instruments import days_of, option_roots, pack_keys
from strikewise.domain.quotes import CalendarEvent, DailyBars, Grade, Series
from strikewise.domain.signals import Signal
from strikewise.market.calendar import SessionCalendar
from strikewise.market.memory_source import MemorySource
from strikewise.market.quality import quote_flaws
from strikewise.market.view import Market, MarketView
from strikewise.pricing import black_scholes
from strikewise.strategy.api import Strategy

__all__ = ["DIVIDEND_YIELD", "RATE", "Example", "ExampleMarket", "example_of"]

CALENDAR = SessionCalendar()
RATE, DIVIDEND_YIELD = 0.04, 0.0
SESSIONS = 320
TERMS = (1, 2, 3, 6, 8, 10, 13, 17, 20, 24, 31, 38, 45, 52, 66, 94, 129, 185, 276, 367)
EVENTS = (("FOMC", -1), ("CPI", 1), ("NFP", 6))


@dataclass(frozen=True)
class ExampleMarket:
    """What a page's example is looked for in; volatility is ``level + skew ln(strike / spot)``, floored.

    ``drift`` is that of the closes, a session: up, level or down.
    """

    underlying: str = "SPY"
    day: date = date(2025, 6, 10)
    spot: float = 600.0
    level: float = 0.16
    skew: float = -0.30
    drift: float = 0.0012
    step: float = 1.0

    def volatility(self, strike: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return implied volatilities of strikes."""
        out = np.log(strike / self.spot)
        return np.maximum(self.level + self.skew * out + 0.9 * out * out, 0.05)

    def view(self) -> MarketView:
        """Return the market at the day's close."""
        bars, vix, bills = self._bars(), self._series("VIX", 100.0 * self.level), self._series("rate_3m", 3.9)
        events = [CalendarEvent(kind, self.day + timedelta(days), None, 0) for kind, days in EVENTS]
        source = MemorySource([self._tape()], bars=[bars], series=[vix, bills], events=events)
        return Market(source, CALENDAR).view(CALENDAR.session_close(self.day))

    def _tape(self) -> ChainTape:
        at = np.array([int(CALENDAR.session_close(self.day).timestamp())], dtype=np.int64)
        columns = self._columns()
        return ChainTape(
            self.underlying,
            at,
            at,
            np.array([round(100 * self.spot)]),
            np.array([GRADES.index(Grade.QUOTES)], dtype=np.int8),
            np.zeros(1, dtype=np.int16),
            ("example",),
            np.array([0, len(columns.key)]),
            columns,
        )

    def _columns(self) -> ChainColumns:
        strikes = np.arange(round(0.6 * self.spot), 1.4 * self.spot, self.step)
        roots = range(len(option_roots(self.underlying)))
        sides = [(dte, root, put) for dte in TERMS for root in roots for put in (False, True)]
        dte, root, put = (np.repeat(column, len(strikes)) for column in zip(*sides, strict=True))
        strike = np.tile(strikes, len(sides))
        iv = self.volatility(strike)
        years = (dte + 0.01) / 365.0
        greeks = black_scholes.greeks(~put, self.spot, strike, years, iv, RATE, DIVIDEND_YIELD)
        mid = np.round(100.0 * greeks.price).astype(np.int64)
        half = np.maximum(1, np.round(0.006 * mid)).astype(np.int64)
        bid, ask = np.maximum(mid - half, 0).astype(np.int32), (mid + half).astype(np.int32)
        many = np.full(len(strike), 5_000, dtype=np.int32)
        return ChainColumns(
            key=pack_keys(days_of(self.day) + dte, put, np.round(1000 * strike).astype(np.int64), root),
            bid=bid,
            ask=ask,
            volume=many,
            open_interest=many,
            iv=iv.astype(np.float32),
            delta=greeks.delta.astype(np.float32),
            gamma=greeks.gamma.astype(np.float32),
            theta=greeks.theta.astype(np.float32),
            vega=greeks.vega.astype(np.float32),
            flaws=quote_flaws(bid, ask),
        )

    def _bars(self) -> DailyBars:
        days = CALENDAR.sessions(self.day - timedelta(2 * SESSIONS), self.day)[-SESSIONS:]
        back = np.arange(len(days))[::-1]
        swing = 1.0 + 0.004 * np.where(back % 2, 1, -1) * (back > 0)
        close = self.spot * np.exp(-self.drift * back) * swing
        numbers = np.array([days_of(day) for day in days], dtype=np.int32)
        volume = np.full(len(days), 1e6)
        known = CALENDAR.close_seconds(numbers)
        return DailyBars(self.underlying, numbers, close, close * 1.004, close * 0.996, close, volume, known)

    def _series(self, name: str, last: float) -> Series:
        days = np.arange(days_of(self.day) - 400, days_of(self.day) + 1, dtype=np.int32)
        waves = 1.0 + 0.15 * np.sin((days - days[-1]) / 40.0)
        return Series(name, days, last * waves, days.astype(np.int64) * 86400)


@dataclass(frozen=True)
class Example:
    """What a strategy would open, and the market it was found in."""

    market: ExampleMarket
    signal: Signal


def _markets() -> Iterator[ExampleMarket]:
    for level in (0.16, 0.30, 0.45):
        for drift in (0.0012, 0.0, -0.0012):
            yield ExampleMarket(level=level, drift=drift)
    yield ExampleMarket(underlying="SPX", day=date(2025, 6, 20), spot=6000.0, step=5.0)
    yield ExampleMarket(underlying="VIX", spot=18.0, level=0.9, skew=0.6, step=0.5)


def example_of(strategy: Strategy) -> Example | None:
    """Return what a strategy opens by its defaults, in the first of some markets that offers it anything."""
    for market in _markets():
        signals = strategy.generate_signals(market.view(), strategy.space.make())
        if signals:
            return Example(market, signals[0])
    return None
