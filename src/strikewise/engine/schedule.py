"""What is due when: sessions and cadences into instants, by the calendar alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum

from strikewise.domain.errors import SettingsError
from strikewise.market.calendar import NEW_YORK, SessionCalendar

__all__ = ["Cadence", "Task", "came_due", "next_due"]


class Task(StrEnum):
    """What a schedule asks for, in the order it is done."""

    RECONCILE = "reconcile"
    """Compare ours with the broker's."""
    LOOK = "look"
    """Outside of sessions: listen to the broker, and value nothing."""
    MANAGE = "manage"
    """Manage what is held and ordered."""
    SCAN = "scan"
    """Manage, then seek what to open."""
    REPORT = "report"
    """Say what the day came to."""


@dataclass(frozen=True, slots=True)
class Cadence:
    """How often what is done; all in seconds.

    Attributes
    ----------
    scan : int
        Between two scans of a session; the first is that long after the open.
    manage : int
        Between two looks at what is held, in a session.
    outside : int
        Between two looks outside of sessions.
    reconcile : int
        Between two reconciliations, from ``before_open`` to ``after_close``.
    before_open : int
        How long before the open ours and the broker's are compared.
    after_close : int
        How long after the close they are compared for the day, and the day's report is made.
    cutoff : int
        How long before an expiry cut-off they are compared.
    no_entries : int
        The end of a session in which nothing is sought any more.
    at_close : bool
        Whether the closing instant itself is a scan: for recorded markets, whose last quotes are of then.

    Raises
    ------
    SettingsError
        If one is too short to be kept, or negative.
    """

    scan: int = 15 * 60
    manage: int = 60
    outside: int = 60 * 60
    reconcile: int = 60
    before_open: int = 15 * 60
    after_close: int = 5 * 60
    cutoff: int = 60 * 60
    no_entries: int = 15 * 60
    at_close: bool = False

    def __post_init__(self) -> None:
        for name, least in (("scan", 60), ("manage", 1), ("outside", 60), ("reconcile", 10)):
            if getattr(self, name) < least:
                raise SettingsError(
                    f"The schedule's {name} must be at least {least} seconds; was {getattr(self, name)}."
                )
        # Before the open and after the close: within the New York day of the session.
        for name, most in (("before_open", 9), ("after_close", 7), ("cutoff", 12), ("no_entries", 12)):
            if not 0 <= getattr(self, name) <= most * 3600:
                raise SettingsError(
                    f"The schedule's {name} must be 0 to {most * 3600} seconds; was {getattr(self, name)}."
                )


def came_due(
    calendar: SessionCalendar,
    cadence: Cadence,
    after: datetime,
    until: datetime,
    cutoffs: Iterable[datetime] = (),
) -> Mapping[Task, datetime]:
    """Return what came due after an instant and up to another, each task with the last instant it was due at.

    What was missed is not made up for: a task that was due many times is named once.

    Parameters
    ----------
    calendar : SessionCalendar
        The sessions.
    cadence : Cadence
        How often.
    after, until : datetime
        The first is left out, the last is not.
    cutoffs : iterable of datetime
        When contracts that are held trade for the last time.
    """
    found: dict[Task, datetime] = {}
    for day in _days(calendar, after, until):
        for task, instant in _last_of_day(calendar, cadence, day, after, until):
            found[task] = max(instant, found.get(task, instant))
    for instant in _before(cutoffs, cadence):
        if after < instant <= until:
            found[Task.RECONCILE] = max(instant, found.get(Task.RECONCILE, instant))
    return found


def next_due(
    calendar: SessionCalendar, cadence: Cadence, after: datetime, cutoffs: Iterable[datetime] = ()
) -> datetime:
    """Return the first instant after another at which anything is due."""
    day = calendar.day_of(after)
    # Something is due every hour of every day: two days hold one for certain.
    found = [
        instant
        for each in (day, day + timedelta(days=1))
        for grid in _grids(calendar, cadence, each)
        if (instant := grid.first_after(after)) is not None
    ]
    found += [instant for instant in _before(cutoffs, cadence) if instant > after]
    return min(found)


@dataclass(frozen=True, slots=True)
class _Grid:
    """Instants of a task: from ``start`` every ``step`` seconds while not past ``end``."""

    task: Task
    start: datetime
    end: datetime
    step: int

    def first_after(self, instant: datetime) -> datetime | None:
        if instant < self.start:
            return self.start if self.start <= self.end else None
        steps = (instant - self.start) // timedelta(seconds=self.step) + 1
        following = self.start + steps * timedelta(seconds=self.step)
        return following if following <= self.end else None

    def last_until(self, instant: datetime) -> datetime | None:
        until = min(instant, self.end)
        if until < self.start:
            return None
        steps = (until - self.start) // timedelta(seconds=self.step)
        return self.start + steps * timedelta(seconds=self.step)


def _grids(calendar: SessionCalendar, cadence: Cadence, day: date) -> Iterator[_Grid]:
    """Yield what a New York day asks for."""
    midnight, following = _midnight(day), _midnight(day + timedelta(days=1))
    hourly, tick = timedelta(seconds=cadence.outside), timedelta(microseconds=1)
    if not calendar.is_session(day):
        yield _Grid(Task.LOOK, midnight, following - tick, cadence.outside)
        return
    opens, closes = calendar.session_open(day), calendar.session_close(day)
    yield _Grid(Task.LOOK, midnight, opens - tick, cadence.outside)
    yield _Grid(Task.LOOK, closes + hourly, following - tick, cadence.outside)
    scan, manage = timedelta(seconds=cadence.scan), timedelta(seconds=cadence.manage)
    quiet = closes - timedelta(seconds=cadence.no_entries)
    yield _Grid(Task.SCAN, opens + scan, min(quiet, closes - tick), cadence.scan)
    yield _Grid(Task.MANAGE, opens + manage, closes - tick, cadence.manage)
    if cadence.at_close:
        yield _Grid(Task.SCAN, closes, closes, cadence.scan)
    early = opens - timedelta(seconds=cadence.before_open)
    late = closes + timedelta(seconds=cadence.after_close)
    yield _Grid(Task.RECONCILE, early, late, cadence.reconcile)
    yield _Grid(Task.RECONCILE, late, late, cadence.reconcile)
    yield _Grid(Task.REPORT, late, late, cadence.reconcile)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), NEW_YORK).astimezone(UTC)


def _last_of_day(
    calendar: SessionCalendar, cadence: Cadence, day: date, after: datetime, until: datetime
) -> Iterator[tuple[Task, datetime]]:
    for grid in _grids(calendar, cadence, day):
        instant = grid.last_until(until)
        if instant is not None and instant > after:
            yield grid.task, instant


def _days(calendar: SessionCalendar, after: datetime, until: datetime) -> Iterator[date]:
    """Yield the New York days between two instants, the latest first; a week is enough for every task."""
    last = calendar.day_of(until)
    first = max(calendar.day_of(after), last - timedelta(days=7))
    while last >= first:
        yield last
        last -= timedelta(days=1)


def _before(cutoffs: Iterable[datetime], cadence: Cadence) -> list[datetime]:
    return [at.astimezone(UTC) - timedelta(seconds=cadence.cutoff) for at in cutoffs]
