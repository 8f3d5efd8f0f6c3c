"""A process whose computer sleeps, or that was not there: what it makes up for, and what it leaves out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

import pytest

from engine.hand_made import Told
from engine.watched import CALENDAR, DAY, NEXT, SPREAD, at
from recovery.small_world import CADENCE, END, World, quoted
from strikewise.domain.control import AlertRaised
from strikewise.domain.events import AccountValued, OrderPlaced
from strikewise.market.clock import PacedClock


def reports(world: World) -> list[str]:
    return [one.text for one in world.told(AlertRaised) if one.code == "DAY_REPORT"]


@pytest.mark.parametrize("dies_at", [CALENDAR.session_close(DAY) - timedelta(minutes=30), at(45)])
@pytest.mark.parametrize("asleep_until", [CALENDAR.session_close(DAY) + timedelta(minutes=9), at(2, NEXT)])
def test_a_day_whose_end_nobody_was_there_for_is_reported_as_it_was_last_valued(
    dies_at: Any, asleep_until: Any
) -> None:
    world, whole = World(), World()
    whole.process().run(until=END)
    world.process().run(until=dies_at)
    assert reports(world) == []
    world.clock.wait(asleep_until, 0.0)
    world.process().run(until=END)
    first, second = reports(world)
    assert first.startswith(f"{DAY}: At exit prices the account is worth $")
    assert "1 orders opened and 0 closed, with 1 fills" in first
    assert second.startswith(f"{NEXT}: ")
    assert "0 orders opened and 1 closed, with 1 fills" in second
    assert len(reports(whole)) == 2


def test_whoever_wakes_up_in_the_next_session_reports_the_last_one_and_this_one_at_its_end() -> None:
    """It reported the morning as the day, and said nothing in the evening."""
    world = World()
    wait, slept = world.clock.wait, []

    def sleeps(until: Any, seconds: float) -> None:
        if not slept and world.clock.now() >= at(60):
            slept.append(wait(at(1, NEXT), 0.0))
        wait(until, seconds)

    daemon = world.process()
    daemon._clock = cast(PacedClock, Sleeping(world.clock, sleeps))
    daemon.run(until=END)
    assert slept
    assert [one.partition(":")[0] for one in reports(world)] == [DAY.isoformat(), NEXT.isoformat()]
    told = [one for one in world.records() if getattr(one.event, "code", "") == "DAY_REPORT"]
    assert told[1].known_at >= CALENDAR.session_close(NEXT)


def test_a_scan_looks_though_nothing_is_new() -> None:
    cadence = replace(CADENCE, scan=180)
    world = World(trader=Told({}), cadence=cadence, source=quoted([1]))
    world.process().run(until=at(8))
    valued = [one.known_at for one in world.records() if isinstance(one.event, AccountValued)]
    assert valued == [at(3), at(6)]


@pytest.mark.parametrize(("late", "opens"), [(60, True), (61, False)])
def test_a_scan_that_comes_late_is_left_out(late: int, opens: bool) -> None:
    """What was due at an instant is not done on what is known long after it, but at the next one."""
    cadence = replace(CADENCE, scan=180, manage=3600)
    world = World(trader=Told({DAY: [SPREAD]}), cadence=cadence)
    wait, slept = world.clock.wait, []

    def sleeps(until: Any, seconds: float) -> None:
        if not slept and world.clock.now() >= at(2):
            slept.append(wait(at(3) + timedelta(seconds=late), 0.0))
        wait(until, seconds)

    daemon = world.process()
    daemon._clock = cast(PacedClock, Sleeping(world.clock, sleeps))
    daemon.run(until=at(5))
    assert slept
    assert bool(world.told(OrderPlaced)) is opens


class Sleeping:
    """A clock whose computer is put to sleep while somebody waits."""

    def __init__(self, clock: PacedClock, wait: Callable[[Any, float], None]) -> None:
        self._clock, self.wait = clock, wait

    def now(self) -> Any:
        return self._clock.now()
