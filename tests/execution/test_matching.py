"""An exit waits where the market asks more than what is closed can be worth: nobody pays to lose more."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from execution.tapes import CALENDAR, call, close_of, one_view, order, put, tape
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
