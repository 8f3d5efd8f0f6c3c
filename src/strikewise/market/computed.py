"""What is computed of a market source once and kept: features of bars and chains, events, regimes."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import NamedTuple

import numpy as np

from strikewise.domain.chain import OptionChain
from strikewise.domain.errors import FutureDataError
from strikewise.domain.quotes import CalendarEvent, DailyBars, Series
from strikewise.market.bar_features import PriceFrame
from strikewise.market.chain_features import ChainStatistics, VolatilityHistory
from strikewise.market.events_calendar import EventCalendar
from strikewise.market.regime import RegimeRules, RegimeSeries, regime_series
from strikewise.market.source import MarketSource

__all__ = ["REGIME_INDEXES", "ComputedMarket"]

REGIME_INDEXES = ("SPX", "SPY")
"""The regime is read from the first of them that has recent bars."""
REGIME_VOLATILITY = "VIX"


class _Mark(NamedTuple):
    """By what a chain is taken for the same one, though a source may make its object anew."""

    underlying: str
    as_of: datetime
    known_at: datetime
    source: str
    spot_cents: int
    rows: int


Values = dict[str, dict[datetime, tuple[_Mark, dict[str, float]]]]
"""What was computed of chains, by underlying, instant and name."""


class _Latest(NamedTuple):
    mark: _Mark
    statistics: ChainStatistics


class _Known(NamedTuple):
    """Bars or a series as a source gave them, and when each first rows were known."""

    data: DailyBars | Series
    known_at: list[int]


class ComputedMarket:
    """A source with everything that is computed of it once; it holds no instant.

    Its caches follow a source at which data arrive: they compare what the source gives with what they hold.

    Parameters
    ----------
    source : MarketSource
        Where data come from.
    rules : RegimeRules, optional
        The thresholds of the regime.
    """

    def __init__(self, source: MarketSource, rules: RegimeRules | None = None) -> None:
        self.source = source
        self._rules = RegimeRules() if rules is None else rules
        self._latest: dict[str, _Latest] = {}
        self._values: Values = {}
        self._bars: dict[str, DailyBars] = {}
        self._series: dict[str, Series] = {}
        self._known_at: dict[str, _Known] = {}
        self._frames: dict[str, tuple[DailyBars, PriceFrame]] = {}
        self._volatility: dict[str, VolatilityHistory] = {}
        self._events: tuple[Sequence[CalendarEvent], EventCalendar] = ((), EventCalendar(()))
        self._regimes: dict[str, tuple[DailyBars, Series, RegimeSeries]] = {}

    def chain(self, underlying: str, as_of: datetime) -> ChainStatistics | None:
        """Return the latest chain known at an instant, with its statistics; one object a chain.

        Raises
        ------
        FutureDataError
            If the source hands out a chain that was taken or known later.
        """
        found = _ask_chain(self.source, underlying, as_of)
        if found is None:
            return None
        held = self._latest.get(underlying)
        if held is not None and held.statistics.chain is found:
            return held.statistics
        mark = _mark(found)
        if held is None or held.mark != mark:
            held = self._latest[underlying] = _Latest(
                mark, ChainStatistics(found, _values_of(self._values, mark, found))
            )
        return held.statistics

    def bars(self, symbol: str) -> DailyBars | None:
        """Return all bars of a symbol, those not yet known too; the same object as long as they are equal."""
        found, held = self.source.bars(symbol), self._bars.get(symbol)
        if found is None or found is held:
            return found
        if held is None or not _equal_bars(found, held):
            held = self._bars[symbol] = found
        return held

    def series(self, name: str) -> Series | None:
        """Return a whole series, or the closes of the symbol of that name, as `bars` does."""
        found, held = self.source.series(name), self._series.get(name)
        if found is None:
            bars = self.bars(name)
            if bars is None:
                return None
            if held is not None and held.values is bars.close:
                return held
            found = Series(name, bars.days, bars.close, bars.known_at)
        if found is held:
            return found
        if held is None or not _equal_series(found, held):
            held = self._series[name] = found
        return held

    def count_bars(self, bars: DailyBars, known_by: int) -> int:
        """Return how many bars, the first ones, were known by an instant (Unix seconds)."""
        return self._count(bars.symbol, bars, known_by)

    def count_series(self, series: Series, known_by: int) -> int:
        """Return how many values of a series, the first ones, were known by an instant (Unix seconds)."""
        return self._count(f"series {series.name}", series, known_by)

    def frame(self, symbol: str) -> PriceFrame | None:
        """Return a symbol's bars with their features, or None where there are none."""
        bars = self.bars(symbol)
        if bars is None:
            return None
        held = self._frames.get(symbol)
        if held is None or held[0] is not bars:
            held = self._frames[symbol] = (bars, PriceFrame(bars, self.source.splits(symbol)))
        return held[1]

    def volatility(self, underlying: str) -> VolatilityHistory:
        """Return the history of an underlying's implied volatility."""
        held = self._volatility.get(underlying)
        if held is None:
            # Not a method of this object: a circle would keep it, and a mapped chain, after its run.
            look = partial(_glance, self.source, self._values, underlying)
            seen = partial(_seen, self._values, underlying)
            held = self._volatility[underlying] = VolatilityHistory(look, seen)
        return held

    @property
    def events(self) -> EventCalendar:
        """The scheduled events, announced or not."""
        found = self.source.calendar_events()
        if found is not self._events[0]:
            self._events = (found, EventCalendar(found))
        return self._events[1]

    @property
    def regimes(self) -> Iterator[RegimeSeries]:
        """The regime at each close, of each of `REGIME_INDEXES` that has bars; none without volatility."""
        volatility = self.series(REGIME_VOLATILITY)
        for name in REGIME_INDEXES:
            index = self.bars(name)
            if index is None or volatility is None:
                continue
            held = self._regimes.get(name)
            if held is None or held[0] is not index or held[1] is not volatility:
                held = self._regimes[name] = (
                    index,
                    volatility,
                    regime_series(index, volatility, self._rules),
                )
            yield held[2]

    def _count(self, name: str, data: DailyBars | Series, known_by: int) -> int:
        held = self._known_at.get(name)
        if held is None or held.data is not data:
            # A row counts as known when all rows before it are.
            held = self._known_at[name] = _Known(data, np.maximum.accumulate(data.known_at).tolist())
        return bisect_right(held.known_at, known_by)


def _glance(source: MarketSource, values: Values, underlying: str, as_of: datetime) -> ChainStatistics | None:
    """Look at a chain of the past without letting it replace the latest one."""
    found = _ask_chain(source, underlying, as_of)
    return None if found is None else ChainStatistics(found, _values_of(values, _mark(found), found))


def _seen(values: Values, underlying: str, instant: int) -> tuple[float, int] | None:
    """Return the volatility computed of a chain that some view has shown, and when it was known."""
    held = values.get(underlying, {}).get(datetime.fromtimestamp(instant, UTC))
    iv30 = None if held is None else held[1].get("iv30")
    return None if held is None or iv30 is None else (iv30, int(held[0].known_at.timestamp()))


def _values_of(values: Values, mark: _Mark, chain: OptionChain) -> dict[str, float]:
    """Return what was computed of a chain before: numbers outlive it, of each day those of its last chain."""
    by_instant = values.setdefault(mark.underlying, {})
    held = by_instant.get(mark.as_of)
    if held is None or held[0] != mark:
        before = next(reversed(by_instant), None)
        if before is not None and before < mark.as_of and before.date() == mark.as_of.date():
            del by_instant[before]
        held = by_instant[mark.as_of] = (mark, dict(chain.measured or {}))
    return held[1]


def _ask_chain(source: MarketSource, underlying: str, as_of: datetime) -> OptionChain | None:
    found = source.chain(underlying, as_of)
    if found is not None and (found.known_at > as_of or found.as_of > as_of):
        raise FutureDataError(f"The chain of {underlying}", max(found.known_at, found.as_of), as_of)
    return found


def _mark(chain: OptionChain) -> _Mark:
    return _Mark(
        chain.underlying,
        chain.as_of,
        chain.known_at,
        chain.source,
        chain.spot_cents,
        chain.stop - chain.start,
    )


def _equal_bars(one: DailyBars, other: DailyBars) -> bool:
    return _equal(one, other, ("days", "known_at", "open", "high", "low", "close", "volume"))


def _equal_series(one: Series, other: Series) -> bool:
    return _equal(one, other, ("days", "known_at", "values"))


def _equal(one: DailyBars | Series, other: DailyBars | Series, names: Sequence[str]) -> bool:
    return len(one) == len(other) and all(
        np.array_equal(getattr(one, name), getattr(other, name), equal_nan=True) for name in names
    )
