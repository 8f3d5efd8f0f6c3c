"""An exit waits where the market asks more than what is closed can be worth: nobody pays to lose more."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest

from execution.tapes import CALENDAR, call, close_of, market, one_view, order, put, tape
from strikewise.domain.chain import GRADES, RECORDED_MARK
from strikewise.domain.instruments import OptionContract
from strikewise.domain.orders import Purpose
from strikewise.domain.quotes import Grade
from strikewise.execution.fills import FillRule
from strikewise.execution.matching import Match, Matcher
from strikewise.market.memory_source import MemorySource
from strikewise.market.view import Market

LATER = date(2024, 4, 19)


def closed(near: OptionContract, far: OptionContract, *, ask: int, bid: int) -> Match:
    """Buy a near option back at its ask and sell a later one at its bid."""
    view = one_view([(near, ask - 60, ask), (far, bid, bid + 60)], underlying=near.underlying)
    closing = order({near: 1, far: -1}, purpose=Purpose.CLOSE)
    return Matcher(FillRule()).match(closing, 1, view)


def test_a_calendar_is_not_paid_to_be_taken_away() -> None:
    waits = closed(call(500), call(500, LATER), ask=1392, bid=1336)
    assert waits.units == 0
    assert "closing a unit costs $56.00 at the touch, keeping it to expiry $0.00 at most" in waits.problem
    assert closed(call(500), call(500, LATER), ask=1392, bid=1392).units == 1
    assert closed(call(500), call(500, LATER), ask=1392, bid=1500).units == 1


@pytest.mark.parametrize(("near", "far"), [(call(500), call(505, LATER)), (put(505), put(500, LATER))])
def test_a_diagonal_costs_the_distance_of_its_strikes_at_most(
    near: OptionContract, far: OptionContract
) -> None:
    assert closed(near, far, ask=1500, bid=1000).units == 1
    assert closed(near, far, ask=1501, bid=1000).units == 0
    assert closed(far, near, ask=1000, bid=1000).units == 1  # bought back is the later one: it has no bound


def test_an_option_that_cannot_be_exercised_early_may_be_worth_less_than_exercise() -> None:
    near = call(5000, underlying="XSP")
    far = call(5000, LATER, underlying="XSP")
    assert closed(near, far, ask=1392, bid=1336).units == 1


def test_a_fill_is_graded_by_the_contracts_it_is_made_of() -> None:
    quoted, made = put(500), put(490)
    snapshots = tape({close_of(date(2024, 3, 1)): (505.0, [(quoted, 500, 520), (made, 300, 320)])})
    marks = np.where(snapshots.columns.key == quoted.key, RECORDED_MARK, 0).astype(np.uint16)
    mixed = replace(
        snapshots,
        grade=np.full(1, GRADES.index(Grade.RECONSTRUCTED), dtype=np.int8),
        columns=replace(snapshots.columns, flaws=marks),
    )
    view = Market(MemorySource([mixed]), CALENDAR).view(close_of(date(2024, 3, 1)))
    matcher = Matcher(FillRule())
    assert matcher.match(order({quoted: 1}), 1, view).grade is Grade.QUOTES
    assert matcher.match(order({made: 1}), 1, view).grade is Grade.RECONSTRUCTED
    assert matcher.match(order({quoted: 1, made: -1}), 1, view).grade is Grade.RECONSTRUCTED


def test_a_unit_of_several_contracts_takes_the_size_of_each() -> None:
    view = one_view([(put(480), 200, 210), (put(470), 100, 110)], volume=100)
    ratio = order({put(480): 1, put(470): -2}, quantity=20)
    assert Matcher(FillRule()).match(ratio, 20, view).units == 5  # a tenth of the volume is ten of each


def test_what_was_taken_of_a_sessions_size_is_back_in_the_next_and_not_before() -> None:
    noon = close_of(date(2024, 2, 1)) - timedelta(hours=4)
    instants = (noon, close_of(date(2024, 2, 1)), close_of(date(2024, 2, 2)))
    made = market(tape(dict.fromkeys(instants, (500.0, [(put(480), 200, 210)])), volume=100))
    matcher, asked, units = Matcher(FillRule()), order({put(480): 1}, quantity=8), []
    for at in instants:
        view = made.view(at)
        matcher.new_snapshot(view)
        units.append((match := matcher.match(asked, 8, view)).units)
        matcher.take(match.legs, view)
    assert units == [8, 2, 8]


def test_quotes_of_a_session_before_fill_nothing() -> None:
    made = market(tape({close_of(date(2024, 2, 1)): (500.0, [(put(480), 200, 210)])}))
    asked = order({put(480): 1})
    assert Matcher(FillRule()).match(asked, 1, made.view(close_of(date(2024, 2, 1)))).units == 1
    late = Matcher(FillRule()).match(asked, 1, made.view(close_of(date(2024, 2, 2))))
    assert (late.units, late.problem) == (0, f"no usable quote of {put(480)}")
