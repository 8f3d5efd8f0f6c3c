"""A source seen through a window of time: nothing known after an instant, nothing of before a date."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from strikewise.domain.chain import OptionChain
from strikewise.domain.instruments import days_of
from strikewise.domain.quotes import CalendarEvent, DailyBars, Dividend, Series, Split
from strikewise.market.source import MarketSource

__all__ = ["SPLIT_NOTICE", "Window"]

SPLIT_NOTICE = timedelta(days=10)
"""How long before its day a split is known at the least: SEC Rule 10b-17 asks for ten days' notice."""


class Window:
    """A `MarketSource` whose future, past, or both, were cut off as if they had never been recorded.

    A market view hides the future by asking only for what it may know. This source does not have it, so that
    whoever answers differently over it has looked.

    Parameters
    ----------
    source : MarketSource
        The whole market.
    until : datetime, optional
        Nothing that became known after this instant is there.
    since : date, optional
        No bar, series value or chain of an earlier day is there.
    """

    def __init__(
        self, source: MarketSource, *, until: datetime | None = None, since: date | None = None
    ) -> None:
        self._source = source
        self._until, self._since = until, since
        self._last = np.iinfo(np.int64).max if until is None else int(until.timestamp())
        self._first_day = np.iinfo(np.int32).min if since is None else days_of(since)
        self._bars: dict[str, DailyBars | None] = {}
        self._series: dict[str, Series | None] = {}

    def underlyings(self) -> Sequence[str]:
        """Return the symbols that have option chains, sorted."""
        return self._source.underlyings()

    def snapshots(self, underlying: str) -> NDArray[np.int64]:
        """Return the instants of an underlying's chains inside the window."""
        instants = self._source.snapshots(underlying)
        return instants[(instants <= self._last) & (instants // 86400 >= self._first_day)]

    def chain(self, underlying: str, as_of: datetime) -> OptionChain | None:
        """Return the latest chain at or before an instant, inside the window."""
        at = as_of if self._until is None else min(as_of, self._until)
        chain = self._source.chain(underlying, at)
        if chain is None or days_of(chain.as_of.date()) < self._first_day:
            return None
        return chain

    def symbols(self) -> Sequence[str]:
        """Return the symbols that have daily bars, sorted."""
        return self._source.symbols()

    def bars(self, symbol: str) -> DailyBars | None:
        """Return the daily bars of a symbol inside the window."""
        if symbol not in self._bars:
            found = self._source.bars(symbol)
            self._bars[symbol] = None if found is None else self._cut_bars(found)
        return self._bars[symbol]

    def series(self, name: str) -> Series | None:
        """Return a series inside the window."""
        if name not in self._series:
            found = self._source.series(name)
            self._series[name] = None if found is None else self._cut_series(found)
        return self._series[name]

    def dividends(self, symbol: str) -> Sequence[Dividend]:
        """Return the dividends of a symbol that had been declared."""
        return [one for one in self._source.dividends(symbol) if one.known_at <= self._last]

    def splits(self, symbol: str) -> Sequence[Split]:
        """Return the splits of a symbol that had been announced."""
        if self._until is None:
            return self._source.splits(symbol)
        last = (self._until + SPLIT_NOTICE).date()
        return [one for one in self._source.splits(symbol) if one.ex_date <= last]

    def calendar_events(self) -> Sequence[CalendarEvent]:
        """Return the scheduled events that had been announced."""
        return [one for one in self._source.calendar_events() if one.known_at <= self._last]

    def _kept(self, days: NDArray[np.int32], known_at: NDArray[np.int64]) -> NDArray[np.bool_]:
        return np.asarray((known_at <= self._last) & (days >= self._first_day))

    def _cut_bars(self, bars: DailyBars) -> DailyBars:
        kept = self._kept(bars.days, bars.known_at)
        return DailyBars(
            bars.symbol,
            bars.days[kept],
            bars.open[kept],
            bars.high[kept],
            bars.low[kept],
            bars.close[kept],
            bars.volume[kept],
            bars.known_at[kept],
        )

    def _cut_series(self, series: Series) -> Series:
        kept = self._kept(series.days, series.known_at)
        return Series(series.name, series.days[kept], series.values[kept], series.known_at[kept])
