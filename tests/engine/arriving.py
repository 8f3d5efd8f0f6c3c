"""A market whose data arrive: a source that holds what has arrived, and a clock that runs on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from strikewise.domain.chain import ChainColumns, OptionChain
from strikewise.domain.quotes import CalendarEvent, DailyBars, Dividend, Series, Split
from strikewise.market.source import MarketSource

T = TypeVar("T", DailyBars, Series)


class ArrivingSource:
    """Chains, bars and values copied from a recording one instant at a time, as a feed would bring them.

    It knows from the beginning which symbols it is subscribed to, and nothing of their future.
    """

    def __init__(self, subscribed: Sequence[str]) -> None:
        self._chains: dict[str, list[OptionChain]] = {name: [] for name in subscribed}
        self._bars: dict[str, DailyBars] = {}
        self._series: dict[str, Series] = {}
        self._dividends: dict[str, list[Dividend]] = {}
        self._splits: dict[str, list[Split]] = {}
        self._events: list[CalendarEvent] = []

    def arrive(self, recording: MarketSource, instant: datetime, *, names: Sequence[str]) -> None:
        """Take in what the recording knew at an instant: a chain of each underlying, and these symbols."""
        seconds = int(instant.timestamp())
        for underlying, held in self._chains.items():
            found = recording.chain(underlying, instant)
            if found is not None and (not held or held[-1].as_of < found.as_of):
                held.append(_copied(found))
        for name in names:
            if (bars := recording.bars(name)) is not None:
                self._bars[name] = _known(bars, seconds)
            if (series := recording.series(name)) is not None:
                self._series[name] = _known(series, seconds)
            self._dividends[name] = [one for one in recording.dividends(name) if one.known_at <= seconds]
            self._splits[name] = [one for one in recording.splits(name) if one.ex_date <= instant.date()]
        self._events = [one for one in recording.calendar_events() if one.known_at <= seconds]

    def underlyings(self) -> Sequence[str]:
        return sorted(self._chains)

    def snapshots(self, underlying: str) -> NDArray[np.int64]:
        held = self._chains.get(underlying, [])
        return np.array([int(chain.as_of.timestamp()) for chain in held], dtype=np.int64)

    def chain(self, underlying: str, as_of: datetime) -> OptionChain | None:
        held = self._chains.get(underlying, [])
        return next((chain for chain in reversed(held) if chain.as_of <= as_of), None)

    def symbols(self) -> Sequence[str]:
        return sorted(self._bars)

    def bars(self, symbol: str) -> DailyBars | None:
        return self._bars.get(symbol)

    def series(self, name: str) -> Series | None:
        return self._series.get(name)

    def dividends(self, symbol: str) -> Sequence[Dividend]:
        return self._dividends.get(symbol, [])

    def splits(self, symbol: str) -> Sequence[Split]:
        return self._splits.get(symbol, [])

    def calendar_events(self) -> Sequence[CalendarEvent]:
        return self._events


class RunningClock:
    """A clock that is set to each tick's instant and runs on from there: every reading is a little later."""

    def __init__(self, instant: datetime) -> None:
        self._now = instant

    def strike(self, instant: datetime) -> None:
        """Set it to an instant."""
        self._now = instant

    def now(self) -> datetime:
        read = self._now
        self._now += timedelta(milliseconds=3)
        return read.astimezone(UTC)


def _known(data: T, seconds: int) -> T:
    """Return the rows known by an instant, in arrays of their own."""
    head = data.head(int(np.searchsorted(data.known_at, seconds, side="right")))
    arrays = {f.name: v.copy() for f in fields(head) if isinstance(v := getattr(head, f.name), np.ndarray)}
    return replace(head, **arrays)


def _copied(chain: OptionChain) -> OptionChain:
    names = [column.name for column in fields(ChainColumns)]
    columns = ChainColumns(**{name: getattr(chain, name).copy() for name in names})
    return replace(chain, columns=columns, start=0, stop=len(columns.key))
