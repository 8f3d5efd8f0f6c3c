"""Every valuation of an account, kept small: a process that looks all day makes thousands a week."""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from strikewise.domain.events import AccountValued
from strikewise.market.calendar import new_york_day
from strikewise.portfolio.journal_rows import EquityRow
from strikewise.portfolio.row_making import equity_row

__all__ = ["EquityPoint", "Valuations"]

EPOCH, MICROSECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)
_Told = tuple[AccountValued, int, datetime, int]
"""A valuation, its fact, when it was known, and what was paid in until then."""


@dataclass(frozen=True, slots=True)
class EquityPoint:
    """Equity at an instant, with the fall from its highest so far as a fraction (0 or negative).

    What is paid in or out neither makes a fall nor mends one: the highest moves with it.
    """

    at: datetime
    equity_mid_cents: int
    equity_exit_cents: int
    cash_cents: int
    drawdown: float
    regime: str


class Valuations:
    """What an account was worth, valuation after valuation: 41 bytes of each, and the last of each day whole.

    Attributes
    ----------
    profits : mapping of str to int
        What each strategy had brought when it was last valued, cents.
    """

    def __init__(self) -> None:
        self.profits: dict[str, int] = {}
        self._at, self._mid, self._exit, self._cash = array("q"), array("q"), array("q"), array("q")
        self._fall, self._high = array("d"), 0.0
        self._regime, self._regimes = array("B"), {"": 0}
        self._days: dict[date, _Told] = {}
        self._first: _Told | None = None

    def add(self, valued: AccountValued, seq: int, at: datetime, deposited_cents: int) -> None:
        """Take in the next valuation.

        Parameters
        ----------
        valued : AccountValued
            What it says.
        seq, at : int, datetime
            Its fact, and when it was known.
        deposited_cents : int
            What was paid in until then.
        """
        self._high = max(self._moved(valued.equity_mid_cents, deposited_cents), valued.equity_mid_cents)
        self._fall.append(valued.equity_mid_cents / self._high - 1.0 if self._high > 0 else 0.0)
        self._at.append((at - EPOCH) // MICROSECOND)
        self._mid.append(valued.equity_mid_cents)
        self._exit.append(valued.equity_exit_cents)
        self._cash.append(valued.cash_cents)
        self._regime.append(self._regimes.setdefault(valued.regime, len(self._regimes)))
        day, told = new_york_day(at), (valued, seq, at, deposited_cents)
        self._days[day] = told
        self._first = self._first or told
        self.profits.update(valued.profits)

    def _moved(self, mid_cents: int, deposited_cents: int) -> float:
        """Return the highest equity so far, moved by the share of equity that was paid in or out since.

        Paid in at the beginning of the time since the last valuation, paid out at its end, as
        `strikewise.portfolio.performance` has it.
        """
        last = next(reversed(self._days.values()), None)
        paid = 0 if last is None else deposited_cents - last[3]
        if paid > 0:
            before = max(self._mid[-1], 1)
            return self._high * (before + paid) / before
        return self._high * max(mid_cents, 0) / (max(mid_cents, 0) - paid) if paid < 0 else self._high

    def __len__(self) -> int:
        return len(self._at)

    @property
    def last(self) -> EquityRow | None:
        """The last valuation; None where there is none."""
        return _row(next(reversed(self._days.values()))) if self._days else None

    @property
    def day_start(self) -> EquityRow | None:
        """The last valuation of the New York day before the last one's, else the first; None without any."""
        today = next(reversed(self._days), None)
        before = next((day for day in reversed(self._days) if today is not None and day < today), None)
        told = self._first if before is None else self._days[before]
        return None if told is None else _row(told)

    def days(self) -> Mapping[date, EquityRow]:
        """Return the last valuation of each New York day, in order."""
        return {day: _row(told) for day, told in self._days.items()}

    def curve(
        self, *, start: datetime | None = None, end: datetime | None = None, points: int = 1_000
    ) -> tuple[EquityPoint, ...]:
        """Return equity over time, thinned evenly; the first, the last and the extremes stay.

        Parameters
        ----------
        start, end : datetime, optional
            Bounds, both included.
        points : int
            Most points, at least 4.
        """
        at, mid = _ints(self._at), _ints(self._mid)
        if not len(at):
            return ()
        inside = np.ones(len(at), dtype=bool)
        if start is not None:
            inside &= at >= (start - EPOCH) // MICROSECOND
        if end is not None:
            inside &= at <= (end - EPOCH) // MICROSECOND
        chosen = _thinned(np.flatnonzero(inside), mid, max(4, points))
        names = list(self._regimes)
        return tuple(
            EquityPoint(
                EPOCH + timedelta(microseconds=self._at[n]),
                self._mid[n],
                self._exit[n],
                self._cash[n],
                self._fall[n],
                names[self._regime[n]],
            )
            for n in chosen.tolist()
        )


def _ints(values: array[int]) -> NDArray[np.int64]:
    """Return a copy: an array that others look into cannot grow."""
    return np.array(values, dtype=np.int64)


def _thinned(rows: NDArray[np.intp], mid: NDArray[np.int64], points: int) -> NDArray[np.intp]:
    if len(rows) <= points:
        return rows
    kept = {round(n * (len(rows) - 1) / (points - 3)) for n in range(points - 2)}
    kept |= {int(mid[rows].argmax()), int(mid[rows].argmin())}
    return rows[sorted(kept)]


def _row(told: _Told) -> EquityRow:
    valued, seq, at, deposited = told
    return equity_row(valued, seq, at, deposited)
