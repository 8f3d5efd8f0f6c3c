"""Market sources for tests: one cut off at an instant, two that cheat, one at which data arrive."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from strikewise.domain.chain import ChainTape, OptionChain
from strikewise.domain.quotes import CalendarEvent, DailyBars, Dividend, Series, Split
from strikewise.market.memory_source import MemorySource
from strikewise.market.source import MarketSource


@dataclass
class KnownBy:
    """A source cut off at an instant: what was not known by then does not exist."""

    whole: MarketSource
    instant: datetime

    def __post_init__(self) -> None:
        self._seconds = int(self.instant.timestamp())
        self._bars: dict[str, DailyBars | None] = {}
        self._series: dict[str, Series | None] = {}
        self._events = [one for one in self.whole.calendar_events() if one.known_at <= self._seconds]

    def underlyings(self) -> Sequence[str]:
        return [one for one in self.whole.underlyings() if len(self.snapshots(one))]

    def snapshots(self, underlying: str) -> NDArray[np.int64]:
        instants = self.whole.snapshots(underlying)
        return instants[: np.searchsorted(instants, self._seconds, side="right")]

    def chain(self, underlying: str, as_of: datetime) -> OptionChain | None:
        return self.whole.chain(underlying, min(as_of, self.instant))

    def symbols(self) -> Sequence[str]:
        return self.whole.symbols()

    def bars(self, symbol: str) -> DailyBars | None:
        if symbol not in self._bars:
            bars = self.whole.bars(symbol)
            self._bars[symbol] = (
                None if bars is None else bars.head(int(np.sum(bars.known_at <= self._seconds)))
            )
        return self._bars[symbol]

    def series(self, name: str) -> Series | None:
        if name not in self._series:
            found = self.whole.series(name)
            self._series[name] = (
                None if found is None else found.head(int(np.sum(found.known_at <= self._seconds)))
            )
        return self._series[name]

    def dividends(self, symbol: str) -> Sequence[Dividend]:
        return [one for one in self.whole.dividends(symbol) if one.known_at <= self._seconds]

    def splits(self, symbol: str) -> Sequence[Split]:
        return self.whole.splits(symbol)

    def calendar_events(self) -> Sequence[CalendarEvent]:
        return self._events


class CheatingSource(MemorySource):
    """Hands out the last chain it has, whenever asked."""

    def chain(self, underlying: str, as_of: datetime) -> OptionChain | None:
        return super().chain(underlying, datetime(2100, 1, 1, tzinfo=UTC))


class EarlySource(MemorySource):
    """Hands a chain out when it was taken, before it was known."""

    def chain(self, underlying: str, as_of: datetime) -> OptionChain | None:
        return super().chain(underlying, as_of + timedelta(hours=1))


class GrowingSource(MemorySource):
    """A source at which data arrive."""

    def grow(self, tape: ChainTape, bars: DailyBars, series: Series) -> None:
        MemorySource.__init__(self, [tape], bars=[bars], series=[series])
