"""Exits that a broker does not take as one order: what is left goes out after what went first."""

from __future__ import annotations

from dataclasses import replace

from execution.tapes import put
from faults.days import NEXT, SPREAD, Day, KilledError, Timed, at, by_five_minutes
from strikewise.domain.events import OrderPlaced
from strikewise.domain.instruments import Stock
from strikewise.domain.orders import Order, Purpose
from strikewise.domain.structures import Leg
from strikewise.execution.world import Assigned


def assigned_overnight() -> Day:
    """Return a day on whose morning a sold put has become shares, at a broker that wants those apart."""
    day = Day(
        [], (Timed({}, at_minutes={15: [SPREAD]}),), quotes=by_five_minutes() | by_five_minutes(day=NEXT)
    )
    apart = replace(day.truth.capabilities(), mixes_shares=False)
    day.edge.capabilities = lambda: apart  # type: ignore[method-assign]
    day.clock.plan(at(-30, NEXT), lambda: day.truth.happened(Assigned(put(480), 1)))
    return day


def closing(day: Day) -> list[Order]:
    return [one.order for one in day.told(OrderPlaced) if one.order.purpose is Purpose.CLOSE]


def test_shares_and_the_options_that_are_left_go_out_one_after_the_other() -> None:
    day = assigned_overnight()
    day.run(10, day=NEXT)
    shares, options = closing(day)
    assert shares.structure.legs == (Leg(Stock("SPY"), -1),)
    assert options.structure.legs == (Leg(put(475), -1),)
    assert {shares.reason, options.reason} == {"ASSIGNED_SHARES"}
    day.check()
    assert day.held() == {}


def test_what_is_left_goes_out_though_the_process_dies_before_it_is_sent() -> None:
    day = assigned_overnight()
    died: list[str] = []

    def die_once(order: Order) -> None:
        if order.purpose is Purpose.CLOSE and order.structure.options and not died:
            died.append(order.order_id)
            raise KilledError

    day.edge.slow = die_once
    day.run(12, day=NEXT)
    assert len(died) == 1
    day.check()
    assert day.held() == {}
