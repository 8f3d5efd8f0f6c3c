"""Trading sessions of the US options market: days, hours, and when a contract last trades and settles."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property, lru_cache
from importlib.resources import files
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from strikewise.domain.errors import MissingDataError
from strikewise.domain.instruments import (
    EPOCH,
    EXPIRATION_SHIFT,
    ROOT_MASK,
    ROOT_SHIFT,
    OptionContract,
    Settlement,
    date_of,
    days_of,
    option_roots,
)

__all__ = ["FIRST_DAY", "LAST_DAY", "SessionCalendar", "new_york_day", "seconds_of_days"]

FIRST_DAY = date(1990, 1, 1)
LAST_DAY = date(2035, 12, 31)
"""Widest bounds. Beyond the holidays announced so far the exchange's present rules are carried on."""

NEW_YORK = ZoneInfo("America/New_York")
CLOSURES = files("strikewise.market") / "closures.csv"
"""Weekdays without a session, and sessions that close early at the New York time beside them."""
WEEKEND = 5
OPEN, CLOSE = 9 * 3600 + 30 * 60, 16 * 3600
"""Of a whole session, seconds after midnight in New York."""


def new_york_day(at: datetime) -> date:
    """Return the New York date of an instant: the day its session is named by."""
    return at.astimezone(NEW_YORK).date()


def seconds_of_days(start: date, end: date) -> tuple[int, int]:
    """Return when the first of some New York days begins and when the last has ended, Unix seconds."""
    first = datetime.combine(start, time.min, NEW_YORK)
    past = datetime.combine(end + timedelta(days=1), time.min, NEW_YORK)
    return int(first.timestamp()), int(past.timestamp())


@dataclass(frozen=True, slots=True)
class _Schedule:
    """Sessions in order: days since 1970, Unix seconds; lists to look scalars up, and all as one array."""

    days: list[int]
    opens: list[int]
    closes: list[int]
    count: list[int]
    """Sessions on or before each calendar day from ``first`` on."""
    first: int
    last: int
    columns: NDArray[np.int64]
    """Days, opens and closes, one a row."""


@lru_cache(maxsize=4)
def _schedule(start: date, end: date) -> _Schedule:
    if start < FIRST_DAY or end > LAST_DAY:
        raise MissingDataError(
            f"A session calendar from {start.isoformat()} to {end.isoformat()} was asked for, but closures "
            f"are known from {FIRST_DAY.isoformat()} to {LAST_DAY.isoformat()} only: choose bounds within."
        )
    first, last = days_of(start), days_of(end)
    every = np.arange(first, last + 1)
    closed, early = _closures()
    days = every[(_weekday(every) < WEEKEND) & ~np.isin(every, closed)]
    closing = np.full(len(days), CLOSE)
    shortened = np.isin(days, list(early))
    closing[shortened] = [early[day] for day in days[shortened].tolist()]
    midnight = days * 86400 - _utc_offsets(days)
    opens, closes = midnight + OPEN, midnight + closing
    count = np.searchsorted(days, every, side="right")
    lists = (days.tolist(), opens.tolist(), closes.tolist(), count.tolist())
    return _Schedule(*lists, first, last, np.stack([days, opens, closes]))


def _closures() -> tuple[list[int], dict[int, int]]:
    """Return the weekdays without a session, and the closing second of each session that ends early."""
    closed: list[int] = []
    early: dict[int, int] = {}
    for line in CLOSURES.read_text(encoding="ascii").splitlines()[1:]:
        day, closes = line.split(",")
        number = days_of(date.fromisoformat(day))
        if closes:
            early[number] = 3600 * int(closes[:2]) + 60 * int(closes[3:])
        else:
            closed.append(number)
    return closed, early


def _weekday(days: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return 0 for Mondays to 6 for Sundays; 1970-01-01 was a Thursday."""
    return (days + 3) % 7


def _utc_offsets(days: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return what New York's clocks are ahead of UTC, seconds; they are set on Sundays, so once a week."""
    mondays, week = np.unique(days - _weekday(days), return_inverse=True)
    noons = (datetime.fromtimestamp(monday * 86400 + 17 * 3600, NEW_YORK) for monday in mondays.tolist())
    offsets = (noon.utcoffset() or timedelta() for noon in noons)
    return np.array([offset // timedelta(seconds=1) for offset in offsets], dtype=np.int64)[week]


class SessionCalendar:
    """Sessions of the New York Stock Exchange (``XNYS``), which US options share.

    The schedule is built on the first question, from a table of closures that `exchange_calendars` gave, and
    shared by all calendars with the same bounds. Days are New York dates; instants are UTC.

    Parameters
    ----------
    start, end : date
        Bounds, both included, from `FIRST_DAY` to `LAST_DAY`. A question beyond them raises
        `MissingDataError`.
    extended : collection of str
        Underlyings whose options are traded outside the regular hours too, where exchanges allow it
        (`strikewise.market.trading_hours`).
    """

    def __init__(
        self, start: date = FIRST_DAY, end: date = LAST_DAY, *, extended: Collection[str] = ()
    ) -> None:
        self._start, self._end, self.extended = start, end, frozenset(extended)

    def extended_to(self, underlyings: Collection[str]) -> SessionCalendar:
        """Return the same sessions, with the extended hours of some underlyings."""
        return SessionCalendar(self._start, self._end, extended=underlyings)

    @cached_property
    def _table(self) -> _Schedule:
        return _schedule(self._start, self._end)

    def _count(self, day: date) -> int:
        """Return how many sessions lie on or before a day."""
        table = self._table
        number = (day - EPOCH).days
        if not table.first <= number <= table.last:
            raise MissingDataError(
                f"The session calendar was asked about {day.isoformat()} but holds "
                f"{self._start.isoformat()} to {self._end.isoformat()}: name days and expirations between."
            )
        return table.count[number - table.first]

    def _session(self, day: date) -> int:
        position = self._count(day) - 1
        if position < 0 or self._table.days[position] != (day - EPOCH).days:
            raise MissingDataError(
                f"{day.isoformat()} is no trading session: ask `is_session` first, or for the session before."
            )
        return position

    def is_session(self, day: date) -> bool:
        """Return whether the market trades on a day."""
        position = self._count(day) - 1
        return position >= 0 and self._table.days[position] == (day - EPOCH).days

    def session_open(self, day: date) -> datetime:
        """Return when a session opens.

        Raises
        ------
        MissingDataError
            If the day is no session.
        """
        return datetime.fromtimestamp(self._table.opens[self._session(day)], UTC)

    def session_close(self, day: date) -> datetime:
        """Return when a session closes; 13:00 New York on half days.

        Raises
        ------
        MissingDataError
            If the day is no session.
        """
        return datetime.fromtimestamp(self._table.closes[self._session(day)], UTC)

    def sessions(self, start: date, end: date) -> list[date]:
        """Return the sessions from ``start`` to ``end``, both included."""
        if end < start:
            return []
        last = self._count(end)
        first = self._count(start) - self.is_session(start)
        return [date_of(day) for day in self._table.days[first:last]]

    def next_session(self, day: date) -> date:
        """Return the first session after a day."""
        position = self._count(day)
        if position >= len(self._table.days):
            raise MissingDataError(f"The session calendar ends before the session after {day.isoformat()}.")
        return date_of(self._table.days[position])

    def previous_session(self, day: date) -> date:
        """Return the last session before a day."""
        position = self._count(day) - 1 - self.is_session(day)
        if position < 0:
            raise MissingDataError(f"The session calendar begins after the session before {day.isoformat()}.")
        return date_of(self._table.days[position])

    def session_at_or_before(self, day: date) -> date:
        """Return the day itself where it is a session, else the last session before it."""
        return day if self.is_session(day) else self.previous_session(day)

    def is_open(self, at: datetime) -> bool:
        """Return whether the regular session runs at an instant, from its open to its close.

        Both bounds count: closing prices are struck and traded at the closing instant.
        """
        seconds = at.timestamp()
        table = self._table
        position = bisect_right(table.opens, seconds) - 1
        return position >= 0 and seconds <= table.closes[position]

    def sessions_between(self, a: date, b: date) -> int:
        """Return how many sessions lie after ``a`` and up to ``b``; negative where ``b`` is earlier."""
        return self._count(b) - self._count(a)

    def day_of(self, at: datetime) -> date:
        """Return the New York date of an instant."""
        return new_york_day(at)

    def close_seconds(self, days: NDArray[np.integer]) -> NDArray[np.int64]:
        """Return the closes of many sessions at once, Unix seconds: when their bars are known.

        Parameters
        ----------
        days : (n,) int
            Days since 1970-01-01. A day that is no session takes the close of the session before it.

        Raises
        ------
        MissingDataError
            If a day lies outside the calendar.
        """
        return np.asarray(self._table.columns[2][self._sessions_before(days)])

    def settlement_seconds(self, underlying: str, keys: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return when many contracts settle, Unix seconds: `settlement_at` of each.

        Parameters
        ----------
        underlying : str
            Whose contracts they are.
        keys : (n,) int64
            The contracts, packed.

        Raises
        ------
        MissingDataError
            If an expiration lies outside the calendar.
        """
        _, opens, closes = self._table.columns
        position = self._sessions_before(keys >> EXPIRATION_SHIFT)
        morning = [root.settlement is Settlement.AM for root in option_roots(underlying)]
        if not any(morning):
            return np.asarray(closes[position])
        opening = np.array(morning)[(keys >> ROOT_SHIFT) & ROOT_MASK]
        return np.asarray(np.where(opening, opens[position], closes[position]))

    def _sessions_before(self, days: NDArray[np.integer]) -> NDArray[np.intp]:
        """Return the number of each day's session, of the one before where the day is none."""
        table = self._table
        if len(days) and (int(days.min()) < table.days[0] or int(days.max()) > table.last):
            raise MissingDataError(
                f"The session calendar was asked about {date_of(int(days.min()))} to "
                f"{date_of(int(days.max()))} but holds {self._start.isoformat()} to {self._end.isoformat()}."
            )
        return np.asarray(table.columns[0].searchsorted(days, side="right") - 1)

    def settlement_session(self, contract: OptionContract) -> date:
        """Return the session in which a contract settles: its expiration, or the session before a holiday."""
        return self.session_at_or_before(contract.expiration)

    def settlement_at(self, contract: OptionContract) -> datetime:
        """Return when a contract's settlement value is struck.

        AM roots settle on the opening prices of their settlement session, all others at its close. An
        expiration on a holiday (or, before 2015, a Saturday) settles in the session before.
        """
        session = self.settlement_session(contract)
        if contract.root.settlement is Settlement.AM:
            return self.session_open(session)
        return self.session_close(session)

    def trades_at(self, contract: OptionContract, at: datetime) -> bool:
        """Return whether a contract is not settled and its last session not past at an instant.

        The hours after a close belong to its session: end-of-day snapshots are taken then.
        """
        if self.settlement_at(contract) <= at:
            return False
        return self.day_of(at) <= self.day_of(self.last_trade_at(contract))

    def last_trade_at(self, contract: OptionContract) -> datetime:
        """Return the last instant at which a contract trades; AM roots stop at the close before."""
        session = self.settlement_session(contract)
        if contract.root.settlement is Settlement.AM:
            return self.session_close(self.previous_session(session))
        return self.session_close(session)
