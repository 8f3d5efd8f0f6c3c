"""A source that shows a day's stored chain all through its session, to rehearse a day's work."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from strikewise.domain.chain import OptionChain
from strikewise.domain.errors import SettingsError
from strikewise.domain.quotes import CalendarEvent, DailyBars, Dividend, Series, Split
from strikewise.market.calendar import SessionCalendar
from strikewise.market.source import MarketSource

__all__ = ["Repeated"]


class Repeated:
    """A `MarketSource` whose days are seen again and again, from the open on: their close is known too early.

    Of use to rehearse what a process does in a day where only the day's end was recorded. What it earns so
    says nothing.

    Parameters
    ----------
    source : MarketSource
        The recorded market.
    calendar : SessionCalendar
        The sessions.
    minutes : int
        Between two looks; the last one is at the close.

    Raises
    ------
    SettingsError
        If it is less than a minute.
    """

    def __init__(self, source: MarketSource, calendar: SessionCalendar, minutes: int) -> None:
        if minutes < 1:
            raise SettingsError(f"A day is shown every so many minutes, at least 1; was {minutes}.")
        self._source, self._calendar, self._every = source, calendar, timedelta(minutes=minutes)
        self._shown: dict[str, tuple[NDArray[np.int64], NDArray[np.int64]]] = {}
        self._last: dict[str, OptionChain] = {}

    def underlyings(self) -> Sequence[str]:
        """Return the symbols that have option chains, sorted."""
        return self._source.underlyings()

    def snapshots(self, underlying: str) -> NDArray[np.int64]:
        """Return the instants at which a chain is shown."""
        return self._instants(underlying)[0]

    def chain(self, underlying: str, as_of: datetime) -> OptionChain | None:
        """Return the chain shown at or before an instant: that of its day's end, as if taken then."""
        instants, stored = self._instants(underlying)
        found = int(np.searchsorted(instants, int(as_of.timestamp() // 1), side="right")) - 1
        if found < 0:
            return None
        at = datetime.fromtimestamp(int(instants[found]), UTC)
        last = self._last.get(underlying)
        if last is None or last.as_of != at:
            chain = self._source.chain(underlying, datetime.fromtimestamp(int(stored[found]), UTC))
            if chain is None:
                return None
            last = self._last[underlying] = replace(chain, as_of=at, known_at=at)
        return last

    def symbols(self) -> Sequence[str]:
        """Return the symbols that have daily bars, sorted."""
        return self._source.symbols()

    def bars(self, symbol: str) -> DailyBars | None:
        """Return all daily bars of a symbol."""
        return self._source.bars(symbol)

    def series(self, name: str) -> Series | None:
        """Return a whole index or rate series."""
        return self._source.series(name)

    def dividends(self, symbol: str) -> Sequence[Dividend]:
        """Return the cash dividends of a symbol, by ex-date."""
        return self._source.dividends(symbol)

    def splits(self, symbol: str) -> Sequence[Split]:
        """Return the splits of a symbol, by ex-date."""
        return self._source.splits(symbol)

    def calendar_events(self) -> Sequence[CalendarEvent]:
        """Return scheduled events, by day."""
        return self._source.calendar_events()

    def _instants(self, underlying: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the instants shown, ascending, and for each the stored one behind it."""
        found = self._shown.get(underlying)
        if found is None:
            shown: dict[int, int] = {}
            for second in self._source.snapshots(underlying):
                for at in self._through_the_day(datetime.fromtimestamp(int(second), UTC)):
                    shown[at] = int(second)
            instants = np.array(sorted(shown), dtype=np.int64)
            stored = np.array([shown[int(at)] for at in instants], dtype=np.int64)
            found = self._shown[underlying] = instants, stored
        return found

    def _through_the_day(self, stored: datetime) -> Sequence[int]:
        day = self._calendar.day_of(stored)
        if not self._calendar.is_session(day):
            return [int(stored.timestamp())]
        opens, closes = self._calendar.session_open(day), self._calendar.session_close(day)
        count = int((closes - opens) / self._every)
        inside = [opens + self._every * number for number in range(1, count + 1)]
        return [int(at.timestamp()) for at in (*inside, closes)]
