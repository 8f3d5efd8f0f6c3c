"""Laws of when things are told: nothing critical waits or is lost, quiet hours delay, the rate holds."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.alerts.stage import START, alert
from strikewise.adapters.alerts.alert import Level
from strikewise.adapters.alerts.policy import MINUTE, Plan, Policy, Quiet, Waiting

NEW_YORK = ZoneInfo("America/New_York")
NIGHT = Quiet(time(22), time(7), NEW_YORK)
LEVELS = st.sampled_from(Level)
WAITING = st.lists(st.tuples(LEVELS, st.integers(-300, 300)), max_size=60)


def waiting(drawn: list[tuple[Level, int]], now: datetime) -> list[Waiting]:
    return [
        Waiting(number, alert(number, level), now + timedelta(seconds=later))
        for number, (level, later) in enumerate(drawn, 1)
    ]


def told(plan: Plan) -> list[int]:
    return [one.delivery for message in plan.messages for one in message.waiting]


@given(WAITING, st.integers(1, 60), st.lists(st.integers(0, 90), max_size=80))
def test_no_more_messages_than_the_rate_go_within_a_minute(
    drawn: list[tuple[Level, int]], rate: int, ago: list[int]
) -> None:
    sent = [START - timedelta(seconds=one) for one in ago]
    plan = Policy(rate).plan(waiting(drawn, START), sent, START)
    recent = sum(one > START - MINUTE for one in sent)
    assert not plan.messages or recent + len(plan.messages) <= rate


@given(WAITING, st.integers(1, 60), st.times(), st.times(), st.integers(0, 48 * 60))
def test_everything_is_told_once_if_one_looks_when_one_is_told_to(
    drawn: list[tuple[Level, int]], rate: int, start: time, end: time, minutes: int
) -> None:
    now = START + timedelta(minutes=minutes)
    policy, left = Policy(rate, Quiet(start, end, NEW_YORK)), waiting(drawn, now)
    sent: list[datetime] = []
    heard: list[int] = []
    for _ in range(400):
        plan = policy.plan(left, sent, now)
        heard += told(plan)
        sent += [now] * len(plan.messages)
        left = [one for one in left if one.delivery not in heard]
        if not left:
            break
        assert plan.again_at is not None
        assert plan.again_at > now
        now = plan.again_at
    assert sorted(heard) == list(range(1, len(drawn) + 1))


@given(WAITING, st.integers(1, 10), st.integers(0, 24 * 60))
def test_what_is_critical_is_told_at_once_whatever_the_hour_and_before_all_else(
    drawn: list[tuple[Level, int]], rate: int, muted: int
) -> None:
    midnight = datetime(2024, 2, 7, 5, tzinfo=UTC)
    due = waiting([(level, -abs(later)) for level, later in drawn], midnight)
    plan = Policy(rate, NIGHT).plan(due, [], midnight, midnight + timedelta(minutes=muted))
    critical = {one.delivery for one in due if one.alert.level is Level.CRITICAL}
    assert set(told(plan)) == critical
    for message in plan.messages:
        for one in message.waiting:
            assert one.alert.title in message.text
            assert one.alert.text in message.text


@given(st.integers(1, 200), st.integers(2, 60))
def test_whatever_was_told_before_leaves_room_for_what_is_critical(many: int, rate: int) -> None:
    policy, due = Policy(rate), waiting([(Level.WARNING, 0)] * many, START)
    sent = [START] * len(policy.plan(due, [], START).messages)
    now = START + timedelta(seconds=1)
    (first, *_) = policy.plan([Waiting(0, alert(1_000, Level.CRITICAL), now)], sent, now).messages
    assert first.title == "‼ alert 1000"


@given(st.integers(0, 366 * 24 * 60), st.times(), st.times())
def test_quiet_hours_end_after_now_within_a_day_and_at_their_end(
    minutes: int, start: time, end: time
) -> None:
    now = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    quiet = Quiet(start, end, NEW_YORK)
    ends = quiet.ends(now)
    if ends is None:
        return
    assert now < ends <= now + timedelta(hours=25)
    assert quiet.ends(ends + timedelta(hours=1)) is None or ends + timedelta(hours=1) > ends


@pytest.mark.parametrize(
    ("hour", "until"),
    [
        ("2024-02-07T22:00-05:00", "2024-02-08T07:00-05:00"),
        ("2024-02-08T06:59-05:00", "2024-02-08T07:00-05:00"),
        ("2024-02-08T07:00-05:00", None),
        ("2024-02-07T21:59-05:00", None),
        ("2024-03-09T23:00-05:00", "2024-03-10T07:00-04:00"),
    ],
)
def test_a_night_ends_in_the_morning_over_a_change_of_the_clock_too(hour: str, until: str | None) -> None:
    ends = NIGHT.ends(datetime.fromisoformat(hour).astimezone(UTC))
    assert ends == (None if until is None else datetime.fromisoformat(until))


def test_what_is_too_much_for_a_minute_is_told_together_the_critical_whole() -> None:
    due = waiting([(Level.INFO, 0)] * 8 + [(Level.CRITICAL, 0)] * 2, START)
    first, second, rest = Policy(3).plan(due, [], START).messages
    assert (first.title, second.title) == ("‼ alert 9", "‼ alert 10")
    assert rest.title == "8 alerts together"
    assert rest.body.splitlines() == [f"alert {number}" for number in range(1, 9)]
    crowd = waiting([(Level.CRITICAL, 0)] * 3, START)
    (together,) = Policy(1).plan(crowd, [], START).messages
    assert "text 3" in together.body
