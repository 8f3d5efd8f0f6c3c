"""Scheduled events: what is announced to come, and whether a day lies too near to it."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from strikewise.domain.errors import ParameterError
from strikewise.domain.quotes import CalendarEvent

__all__ = ["Blackout", "EventCalendar"]


@dataclass(frozen=True, slots=True)
class Blackout:
    """Days around events of some kinds on which nothing is to be opened.

    Attributes
    ----------
    kinds : frozenset of str
        Kinds of `CalendarEvent`, such as ``FOMC``, ``CPI``, ``NFP``, ``EARNINGS``.
    days_before, days_after : int
        Calendar days before and after the event's day that are blacked out as well; the day itself always is.
    """

    kinds: frozenset[str]
    days_before: int = 1
    days_after: int = 0

    def __post_init__(self) -> None:
        if self.days_before < 0 or self.days_after < 0:
            raise ParameterError(
                "The days of a blackout must be 0 or more; were "
                f"{self.days_before} before and {self.days_after} after."
            )


class EventCalendar:
    """Events by day; each answer holds only what had been announced by the instant it is asked for.

    Parameters
    ----------
    events : iterable of CalendarEvent
        In any order.
    """

    def __init__(self, events: Iterable[CalendarEvent]) -> None:
        self._events = sorted(events, key=lambda event: event.day)
        self._days = [event.day for event in self._events]

    def between(
        self,
        first: date,
        last: date,
        known_by: int,
        *,
        kinds: Collection[str] | None = None,
        symbol: str | None = None,
    ) -> Sequence[CalendarEvent]:
        """Return the events of some days, both included, soonest first.

        Parameters
        ----------
        first, last : date
            The days.
        known_by : int
            Unix seconds; events announced later are not there.
        kinds : collection of str, optional
            Only these kinds; all where None.
        symbol : str, optional
            Events of the whole market and of this symbol only; those of every symbol where None.
        """
        start = bisect_left(self._days, first)
        stop = bisect_left(self._days, last + timedelta(days=1), lo=start)
        return [
            event
            for event in self._events[start:stop]
            if event.known_at <= known_by
            and (kinds is None or event.kind in kinds)
            and (symbol is None or event.symbol is None or event.symbol == symbol)
        ]

    def next(self, kind: str, day: date, known_by: int, *, symbol: str | None = None) -> CalendarEvent | None:
        """Return the first announced event of a kind on or after a day, or None where none is announced.

        With a symbol its own events count and those of the whole market; without one, only the market's.
        """
        for event in self._events[bisect_left(self._days, day) :]:
            if event.kind == kind and event.known_at <= known_by and event.symbol in {None, symbol}:
                return event
        return None

    def days_to(self, kind: str, day: date, known_by: int, *, symbol: str | None = None) -> int | None:
        """Return the calendar days from a day to the next event of a kind (0 on its day), or None."""
        event = self.next(kind, day, known_by, symbol=symbol)
        return None if event is None else (event.day - day).days

    def blackout(
        self, rule: Blackout, day: date, known_by: int, *, symbol: str | None = None
    ) -> CalendarEvent | None:
        """Return the first event that blacks a day out, or None where it is free."""
        first = day - timedelta(days=rule.days_after)
        last = day + timedelta(days=rule.days_before)
        for event in self.between(first, last, known_by, kinds=rule.kinds):
            if event.symbol in {None, symbol}:
                return event
        return None
