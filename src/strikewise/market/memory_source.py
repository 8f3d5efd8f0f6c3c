"""A market source that holds everything in memory."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from strikewise.domain.chain import ChainTape, OptionChain
from strikewise.domain.errors import DataError
from strikewise.domain.quotes import CalendarEvent, DailyBars, Dividend, Series, Split

__all__ = ["MemorySource"]


@dataclass(frozen=True, slots=True)
class _Tape:
    tape: ChainTape
    as_of: list[int]
    known_at: list[int]


class MemorySource:
    """Chains, bars and series given from outside: reconstructed, recorded elsewhere, or written by hand.

    It hands a chain out from the instant it was known, not from the instant it was taken.

    Parameters
    ----------
    tapes : iterable of ChainTape
        Option chains, one tape an underlying.
    bars : iterable of DailyBars
        Daily bars, one a symbol.
    series : iterable of Series
        Index and rate series.
    dividends, splits, events
        Corporate actions and scheduled events, in any order.

    Raises
    ------
    DataError
        If an underlying has two tapes.
    """

    def __init__(
        self,
        tapes: Iterable[ChainTape] = (),
        *,
        bars: Iterable[DailyBars] = (),
        series: Iterable[Series] = (),
        dividends: Iterable[Dividend] = (),
        splits: Iterable[Split] = (),
        events: Iterable[CalendarEvent] = (),
    ) -> None:
        self._tapes: dict[str, _Tape] = {}
        for tape in tapes:
            if tape.underlying in self._tapes:
                raise DataError(
                    f"Two tapes of {tape.underlying} were given: join their snapshots into one tape."
                )
            self._tapes[tape.underlying] = _Tape(tape, tape.as_of.tolist(), tape.known_at.tolist())
        self._bars = {one.symbol: one for one in bars}
        self._series = {one.name: one for one in series}
        self._dividends: dict[str, list[Dividend]] = {}
        for dividend in sorted(dividends, key=lambda one: one.ex_date):
            self._dividends.setdefault(dividend.symbol, []).append(dividend)
        self._splits: dict[str, list[Split]] = {}
        for split in sorted(splits, key=lambda one: one.ex_date):
            self._splits.setdefault(split.symbol, []).append(split)
        self._events = tuple(sorted(events, key=lambda one: (one.day, one.kind, one.symbol or "")))

    def underlyings(self) -> Sequence[str]:
        """Return the symbols that have option chains, sorted."""
        return sorted(self._tapes)

    def snapshots(self, underlying: str) -> NDArray[np.int64]:
        """Return the instants (Unix seconds, ascending) of an underlying's chains."""
        held = self._tapes.get(underlying)
        return np.zeros(0, dtype=np.int64) if held is None else held.tape.as_of

    def chain(self, underlying: str, as_of: datetime) -> OptionChain | None:
        """Return the latest chain taken and known at or before an instant, or None where there is none."""
        held = self._tapes.get(underlying)
        if held is None:
            return None
        seconds = as_of.timestamp()
        index = bisect_right(held.as_of, seconds) - 1
        while index >= 0 and held.known_at[index] > seconds:
            index -= 1
        return held.tape.chain(index) if index >= 0 else None

    def symbols(self) -> Sequence[str]:
        """Return the symbols that have daily bars, sorted."""
        return sorted(self._bars)

    def bars(self, symbol: str) -> DailyBars | None:
        """Return all daily bars of a symbol, or None where there are none."""
        return self._bars.get(symbol)

    def series(self, name: str) -> Series | None:
        """Return a whole index or rate series, or None where there is none."""
        return self._series.get(name)

    def dividends(self, symbol: str) -> Sequence[Dividend]:
        """Return the cash dividends of a symbol, by ex-date."""
        return self._dividends.get(symbol, ())

    def splits(self, symbol: str) -> Sequence[Split]:
        """Return the splits of a symbol, by ex-date."""
        return self._splits.get(symbol, ())

    def calendar_events(self) -> Sequence[CalendarEvent]:
        """Return scheduled events, by day."""
        return self._events
