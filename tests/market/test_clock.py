from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strikewise.domain.errors import InvariantError
from strikewise.market.clock import Clock, PacedClock, ReplayClock, SimulatedClock, SystemClock

NOON = datetime(2025, 11, 28, 12, tzinfo=UTC)


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=20))
def test_a_simulated_clock_shows_the_instant_it_was_last_told(seconds: list[int]) -> None:
    clock = SimulatedClock(NOON)
    for second in sorted(seconds):
        clock.advance_to(NOON + timedelta(seconds=second))
        assert clock.now() == NOON + timedelta(seconds=second)


def test_a_simulated_clock_refuses_to_go_back_and_stays_where_it_was() -> None:
    clock = SimulatedClock(NOON)
    with pytest.raises(InvariantError, match="go back from 2025-11-28T12:00:00"):
        clock.advance_to(NOON - timedelta(microseconds=1))
    assert clock.now() == NOON


def test_a_simulated_clock_refuses_an_instant_without_a_zone() -> None:
    with pytest.raises(InvariantError, match="time zone"):
        SimulatedClock(NOON.replace(tzinfo=None))


def test_a_simulated_clock_speaks_utc_whatever_it_hears() -> None:
    clock = SimulatedClock(datetime(2025, 11, 28, 7, tzinfo=timezone(timedelta(hours=-5))))
    assert clock.now() == NOON
    assert clock.now().tzinfo is UTC


def test_the_system_clock_gives_an_instant_with_a_zone_between_two_others() -> None:
    clock: Clock = SystemClock()
    before, between, after = datetime.now(UTC), clock.now(), datetime.now(UTC)
    assert before <= between <= after


def test_sleeping_until_an_instant_ends_after_it_and_at_once_if_it_is_past() -> None:
    clock = SystemClock()
    start = clock.monotonic()
    clock.sleep_until(clock.now() - timedelta(hours=1))
    clock.sleep_until(clock.now() + timedelta(milliseconds=30))
    assert 0.02 < clock.monotonic() - start < 5


def test_a_replay_clock_stands_still_while_somebody_works_and_strikes_the_instants_waited_for() -> None:
    clock: PacedClock = ReplayClock(NOON)
    assert clock.now() == clock.now() == NOON
    clock.wait(NOON + timedelta(days=3), 1.0)
    assert clock.now() == NOON + timedelta(days=3)
    clock.wait(NOON, 1.0)
    assert clock.now() == NOON + timedelta(days=3)


def test_a_replay_with_a_speed_waits_that_much_less_and_wakes_who_waits_in_time() -> None:
    clock = ReplayClock(NOON, 1000.0)
    began = clock.monotonic()
    clock.wait(NOON + timedelta(seconds=60), 0.02)
    assert clock.now() == NOON + timedelta(seconds=20)
    clock.wait(NOON + timedelta(seconds=60), 5.0)
    assert clock.now() == NOON + timedelta(seconds=60)
    assert 0.05 < clock.monotonic() - began < 5


def test_a_replay_jumps_over_nights_whatever_its_speed() -> None:
    clock = ReplayClock(NOON, 1.0)
    clock.wait(NOON + timedelta(hours=12), 60.0)
    assert clock.now() == NOON + timedelta(hours=12)


def test_a_replay_cannot_run_backwards() -> None:
    with pytest.raises(InvariantError, match=r"negative; was -1"):
        ReplayClock(NOON, -1.0)
