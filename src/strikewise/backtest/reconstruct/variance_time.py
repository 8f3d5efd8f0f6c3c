"""Time as variance passes: sessions count, idle days hardly, days of scheduled news more."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import ArrayLike, NDArray

from strikewise.domain.instruments import days_of
from strikewise.domain.quotes import CalendarEvent
from strikewise.market.calendar import SessionCalendar

__all__ = ["NEWS", "DayWeights", "VarianceClock"]

Array = NDArray[np.float64]

NEWS = ("FOMC", "NFP", "CPI")
"""Kinds of scheduled events that add variance to their day."""
YEAR_UNITS = 271.0
"""Session-days of variance in a year: 252 sessions, 113 idle days and the news, at the usual weights."""


@dataclass(frozen=True, slots=True)
class DayWeights:
    """Variance of a day, in units of a plain session's.

    Attributes
    ----------
    idle : float
        Of a weekend or holiday day.
    fomc, nfp, cpi : float
        What a decision of the Federal Reserve, the employment report and the consumer prices add to theirs.
    morning : float
        The share of its last session that a contract settled on the opening lives through.
    """

    idle: float = 0.05
    fomc: float = 1.2
    nfp: float = 0.3
    cpi: float = 0.3
    morning: float = 0.35


class VarianceClock:
    """Counts of sessions, idle days and news between days, for any weights.

    Parameters
    ----------
    calendar : SessionCalendar
        The sessions.
    events : iterable of CalendarEvent
        Scheduled events; kinds other than `NEWS` and unscheduled ones count nothing.
    start, end : date
        The days it is asked about lie between these.
    """

    def __init__(
        self, calendar: SessionCalendar, events: Iterable[CalendarEvent], start: date, end: date
    ) -> None:
        self._first = days_of(start)
        span = days_of(end) - self._first + 1
        session = np.zeros(span)
        listed = [days_of(day) - self._first for day in calendar.sessions(start, end)]
        session[listed] = 1.0
        columns = [session, 1.0 - session]
        held = list(events)
        for kind in NEWS:
            column = np.zeros(span)
            for event in held:
                place = days_of(event.day) - self._first
                known = event.known_at < (days_of(event.day) - 1) * 86_400
                if event.kind == kind and known and 0 <= place < span and session[place]:
                    column[place] = 1.0
            columns.append(column)
        self._passed = np.cumsum(np.stack(columns), axis=1)

    def counts(self, day: ArrayLike, expiration: ArrayLike) -> Array:
        """Return sessions, idle days and days of each kind of news after a day, up to an expiration.

        Parameters
        ----------
        day, expiration : (n,) int
            Days since 1970-01-01, broadcast against each other.

        Returns
        -------
        (2 + len(NEWS), n) float64
        """
        days = np.broadcast_arrays(np.asarray(day, dtype=np.int64), np.asarray(expiration, dtype=np.int64))
        first, last = (one - self._first for one in days)
        return np.asarray(self._passed[:, last] - self._passed[:, first])

    def years(
        self,
        day: ArrayLike,
        expiration: ArrayLike,
        weights: DayWeights,
        *,
        morning: ArrayLike = False,
        extra: float = 0.0,
    ) -> Array:
        """Return the time in which variance passes from a session's close to an expiration's settlement.

        Parameters
        ----------
        day, expiration : (n,) int
            Days since 1970-01-01.
        weights : DayWeights
            What each day counts.
        morning : (n,) bool
            Whether the contract settles on the opening.
        extra : float
            Sessions that are left of the day itself (0.04 a quarter of an hour before the close).

        Returns
        -------
        Years of `YEAR_UNITS` sessions; zero on the session itself.
        """
        return variance_years(self.counts(day, expiration), weights, morning=morning, extra=extra)


def variance_years(
    counts: Array, weights: DayWeights, *, morning: ArrayLike = False, extra: float = 0.0
) -> Array:
    """Return years of variance from `VarianceClock.counts`."""
    units = np.array([1.0, weights.idle, weights.fomc, weights.nfp, weights.cpi])
    passed = np.tensordot(units, counts, axes=1) + extra
    passed = passed - np.where(morning, np.minimum(1.0 - weights.morning, passed), 0.0)
    return np.asarray(passed / YEAR_UNITS)
