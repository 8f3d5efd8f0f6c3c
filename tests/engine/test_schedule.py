"""What is due when, on any day of the calendar: laws, and the days that are not like the others."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strikewise.domain.errors import SettingsError
from strikewise.engine.schedule import Cadence, Task, came_due, next_due
from strikewise.market.calendar import NEW_YORK, SessionCalendar

CALENDAR = SessionCalendar()
REAL, RECORDED = Cadence(), Cadence(at_close=True, no_entries=0)

instants = st.integers(0, 4 * 365 * 86_400).map(
    lambda s: datetime(2024, 1, 3, tzinfo=UTC) + timedelta(seconds=s)
)
cadences = st.builds(
    Cadence,
    scan=st.integers(60, 7200),
    manage=st.integers(30, 600),
    outside=st.integers(600, 3600),
    reconcile=st.integers(30, 600),
    before_open=st.integers(0, 3600),
    after_close=st.integers(0, 3600),
    no_entries=st.integers(0, 3600),
    at_close=st.booleans(),
)


def new_york(day: date, hour: int, minute: int, second: int = 0) -> datetime:
    return datetime.combine(day, time(hour, minute, second), NEW_YORK).astimezone(UTC)


def struck(cadence: Cadence, start: datetime, end: datetime) -> list[tuple[datetime, set[Task]]]:
    """Walk from one due instant to the next, as a daemon that is never late does."""
    found, at = [], start
    while (following := next_due(CALENDAR, cadence, at)) <= end:
        found.append((following, set(came_due(CALENDAR, cadence, at, following))))
        at = following
    return found


@given(cadences, instants)
def test_the_next_instant_lies_ahead_within_the_hour_or_so_and_something_is_due_then(
    cadence: Cadence, at: datetime
) -> None:
    following = next_due(CALENDAR, cadence, at)
    assert at < following <= at + timedelta(seconds=cadence.outside + 3600)
    assert came_due(CALENDAR, cadence, at, following)
    assert not came_due(CALENDAR, cadence, at, following - timedelta(microseconds=1))


@given(cadences, instants, st.integers(1, 3 * 86_400))
def test_whoever_wakes_late_learns_of_every_task_that_was_due_and_its_last_instant(
    cadence: Cadence, start: datetime, seconds: int
) -> None:
    cadence = Cadence(
        scan=max(cadence.scan, 900),
        manage=max(cadence.manage, 300),
        reconcile=300,
        at_close=cadence.at_close,
    )
    end = start + timedelta(seconds=seconds)
    walked: dict[Task, datetime] = {}
    for at, tasks in struck(cadence, start, end):
        walked.update(dict.fromkeys(tasks, at))
    assert dict(came_due(CALENDAR, cadence, start, end)) == walked


@given(cadences, instants)
def test_nothing_is_sought_or_managed_while_the_market_is_closed(cadence: Cadence, at: datetime) -> None:
    following = next_due(CALENDAR, cadence, at)
    tasks = came_due(CALENDAR, cadence, at, following)
    if {Task.SCAN, Task.MANAGE} & tasks.keys():
        assert CALENDAR.is_open(following)
    if Task.LOOK in tasks:
        assert not CALENDAR.is_open(following)


@given(cadences, instants)
def test_nothing_is_sought_in_the_last_minutes_save_at_the_close_of_a_recorded_market(
    cadence: Cadence, at: datetime
) -> None:
    following = next_due(CALENDAR, cadence, at)
    if Task.SCAN in came_due(CALENDAR, cadence, at, following):
        close = CALENDAR.session_close(CALENDAR.day_of(following))
        left = close - following
        assert left >= timedelta(seconds=cadence.no_entries) or (cadence.at_close and not left)


@pytest.mark.parametrize(
    ("day", "opens", "closes"),
    [
        (date(2026, 7, 22), (9, 30), (16, 0)),  # a summer Wednesday
        (date(2026, 11, 27), (9, 30), (13, 0)),  # the half day after Thanksgiving
        (date(2026, 3, 9), (9, 30), (16, 0)),  # the Monday after clocks went forward
        (date(2026, 11, 2), (9, 30), (16, 0)),  # the Monday after they went back
    ],
)
def test_a_session_is_scanned_by_quarters_and_managed_by_minutes_whatever_its_length(
    day: date, opens: tuple[int, int], closes: tuple[int, int]
) -> None:
    first, last = new_york(day, *opens), new_york(day, *closes)
    walked = struck(RECORDED, first - timedelta(hours=1), last + timedelta(hours=1))
    scans = [at for at, tasks in walked if Task.SCAN in tasks]
    quarters = int((last - first).total_seconds() // 900)
    assert scans == [first + timedelta(minutes=15 * n) for n in range(1, quarters + 1)]
    manages = [at for at, tasks in walked if Task.MANAGE in tasks]
    assert manages == [first + timedelta(minutes=n) for n in range(1, int((last - first).seconds / 60))]
    reports = [at for at, tasks in walked if Task.REPORT in tasks]
    assert reports == [last + timedelta(minutes=5)]


@pytest.mark.parametrize("day", [date(2026, 7, 3), date(2026, 11, 26), date(2026, 7, 25)])
def test_on_holidays_and_weekends_there_is_a_look_every_hour_and_nothing_else(day: date) -> None:
    walked = struck(REAL, new_york(day, 0, 0) - timedelta(seconds=1), new_york(day, 23, 59))
    assert [at for at, _ in walked] == [new_york(day, hour, 0) for hour in range(24)]
    assert all(tasks == {Task.LOOK} for _, tasks in walked)


def test_ours_and_the_brokers_are_compared_before_the_open_and_after_the_close() -> None:
    day = date(2026, 7, 22)
    walked = struck(REAL, new_york(day, 0, 0), new_york(day, 23, 59))
    compared = [at for at, tasks in walked if Task.RECONCILE in tasks]
    assert compared[0] == new_york(day, 9, 15)
    assert compared[-1] == new_york(day, 16, 5)
    steps = {later - earlier for earlier, later in pairwise(compared)}
    assert steps == {timedelta(minutes=1)}


def test_nothing_is_sought_in_the_last_minutes_of_a_session() -> None:
    day = date(2026, 7, 22)
    for minutes, last in ((15, (15, 45)), (16, (15, 30)), (0, (15, 45))):
        walked = struck(Cadence(no_entries=60 * minutes), new_york(day, 15, 0), new_york(day, 16, 30))
        assert [at for at, tasks in walked if Task.SCAN in tasks][-1] == new_york(day, *last)


def test_they_are_compared_an_hour_before_what_is_held_trades_for_the_last_time() -> None:
    saturday = date(2026, 7, 25)
    cutoff = new_york(saturday, 12, 20)
    at = next_due(CALENDAR, REAL, new_york(saturday, 11, 0), [cutoff])
    assert at == new_york(saturday, 11, 20)
    assert came_due(CALENDAR, REAL, new_york(saturday, 11, 0), at, [cutoff]) == {Task.RECONCILE: at}


@pytest.mark.parametrize("day", [date(2026, 7, 22), date(2026, 11, 27)])
def test_the_longest_times_around_a_session_that_are_allowed_are_kept(day: date) -> None:
    """They once reached into the days beside it, where nobody looked for them: no report was ever due."""
    cadence = Cadence(before_open=9 * 3600, after_close=7 * 3600)
    walked = struck(cadence, new_york(day, 0, 0), new_york(day, 23, 59))
    (reported,) = [at for at, tasks in walked if Task.REPORT in tasks]
    compared = [at for at, tasks in walked if Task.RECONCILE in tasks]
    opens, closes = CALENDAR.session_open(day), CALENDAR.session_close(day)
    assert (compared[0], compared[-1]) == (opens - timedelta(hours=9), reported)
    assert reported == closes + timedelta(hours=7)


@pytest.mark.parametrize(
    "wrong",
    [
        {"scan": 59},
        {"manage": 0},
        {"reconcile": 9},
        {"outside": 1},
        {"before_open": -1},
        {"before_open": 9 * 3600 + 1},
        {"after_close": 7 * 3600 + 1},
    ],
)
def test_a_cadence_that_cannot_be_kept_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(SettingsError, match=next(iter(wrong))):
        Cadence(**wrong)
