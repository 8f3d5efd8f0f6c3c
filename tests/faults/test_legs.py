"""What can go wrong with legs, assignments and contracts: faults 20 to 27 of the list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest

from execution.tapes import CALENDAR, Row, call, put
from faults.days import (
    CONDOR,
    DAY,
    LOWER,
    NEXT,
    PATIENT,
    ROWS,
    SPREAD,
    Day,
    Timed,
    at,
    by_five_minutes,
    first,
)
from strikewise.adapters.brokers.fault_plan import FaultKind
from strikewise.domain.brokerage import Page
from strikewise.domain.control import SymbolFrozen
from strikewise.domain.events import OptionSettled, OrderFilled, OrderPlaced, OrderRejected, SignalDenied
from strikewise.domain.instruments import OptionContract, Stock
from strikewise.domain.orders import Known, Purpose
from strikewise.domain.parameters import ParameterSet
from strikewise.domain.portfolio import Holding, Position
from strikewise.domain.quotes import Grade
from strikewise.domain.reconciled import HoldingAdjusted, PositionAdopted
from strikewise.domain.signals import Action, Close
from strikewise.domain.structures import Leg, Structure
from strikewise.execution.refusals import Refusal
from strikewise.execution.unexplained_ends import INFERRED
from strikewise.execution.world import Assigned, LegsFilled, OrderCancelledOutside, Transferred
from strikewise.market.view import MarketView
from strikewise.risk.limits import Limits

ONCE = Timed({}, at_minutes={15: [SPREAD]})
TODAY = Structure.of([Leg(put(480, DAY), -1), Leg(put(475, DAY), 1)])
TODAYS: Sequence[Row] = [*ROWS, (put(480, DAY), 100, 110), (put(475, DAY), 40, 50)]


def settlements(day: Day) -> list[tuple[str, int]]:
    return [(one.report.outcome, one.report.quantity) for one in day.told(OptionSettled)]


def test_20_an_order_whose_legs_fill_one_after_the_other_makes_one_whole_position() -> None:
    day = Day([first(FaultKind.PARTIAL_LEGS)], (Timed({}, at_minutes={15: [CONDOR]}),), ladder=PATIENT)
    day.run(60)
    assert day.happened() == {FaultKind.PARTIAL_LEGS}
    assert day.told(OrderFilled)[0].execution.quantity == 0, "legs and no whole unit"
    day.check()
    (position,) = day.ours_alone()
    assert len(position.holdings) == 4


@dataclass(frozen=True)
class Unwinding(Timed):
    """Leaves what it did not mean to hold."""

    def manage_position(self, position: Position, market_data: MarketView, params: ParameterSet) -> Action:
        if len(position.holdings) < len(SPREAD.legs):
            return Close("LEG_ALONE")
        return super().manage_position(position, market_data, params)


def test_20_a_leg_that_is_left_alone_is_a_position_within_the_minute_and_its_strategy_unwinds_it() -> None:
    day = Day([], (Unwinding({}, at_minutes={15: [SPREAD]}),), ladder=PATIENT)

    def break_up() -> None:
        (order,) = day.edge.heard
        assert day.truth.happened(LegsFilled(order.order_id, (put(480),))) == ""
        assert day.truth.happened(OrderCancelledOutside(order.order_id, "the other leg was refused")) == ""

    day.clock.plan(at(16), break_up)
    day.run(60)
    unwinding = [one.order for one in day.told(OrderPlaced) if one.order.purpose is Purpose.CLOSE]
    assert unwinding
    assert unwinding[0].created_at - at(16) <= timedelta(minutes=1)
    day.check()
    assert not day.ours_alone()


def test_21_more_than_the_position_holds_is_not_closed_and_a_refusal_leaves_it_as_it_is() -> None:
    """A person has bought half of it back: the exit for the whole is refused, and the rest is closed."""
    leaves = Timed({}, at_minutes={15: [SPREAD]}, units=4, leaves_after=30)
    day = Day([], (leaves,))
    for contract, back in ((put(480), 2), (put(475), -2)):
        day.clock.plan(at(44), lambda c=contract, n=back: day.truth.happened(Transferred(c, n)))
    day.run(90)
    assert {one.code for one in day.told(OrderRejected)} == {Refusal.NOT_HELD}
    day.check()
    assert day.held() == {}


def test_22_early_assignment_turns_the_option_into_shares_and_those_are_managed() -> None:
    day = Day([first(FaultKind.EARLY_ASSIGNMENT)], (ONCE,))
    day.run(20)
    assert settlements(day) == [("assigned", -1)]
    day.check()
    assert day.held()[Stock("SPY")] == 100
    placed = [one.order for one in day.told(OrderPlaced) if one.order.reason == "ASSIGNED_SHARES"]
    assert placed, "what it delivered is on its way out"


def test_22_an_assignment_overnight_is_booked_before_the_open() -> None:
    day = Day([], (ONCE,), quotes=by_five_minutes() | by_five_minutes(day=NEXT))
    day.clock.plan(at(-30, NEXT), lambda: day.truth.happened(Assigned(put(480), 1)))
    day.run(60, day=NEXT)
    (booked,) = (one.known_at for one in day.ledger.records() if isinstance(one.event, OptionSettled))
    assert at(-30, NEXT) <= booked < at(0, NEXT)
    placed = [one.order for one in day.told(OrderPlaced) if one.order.reason == "ASSIGNED_SHARES"]
    assert placed
    assert placed[0].created_at >= at(0, NEXT), "the shares go out in the session"
    day.check()


def test_22_shares_that_an_assignment_brought_count_against_the_limits() -> None:
    first_day = [row for row in ROWS if row[0] in (put(480), put(475))]
    quotes = by_five_minutes(first_day) | by_five_minutes(day=NEXT)
    wishes = Timed({}, at_minutes={15: [SPREAD], 45: [LOWER]}, leaves_after=100_000)

    def played(*, assigned: bool) -> Day:
        little = Limits(max_margin=0.2, max_margin_per_trade=0.1)
        day = Day([], (wishes,), quotes=quotes, ladder=PATIENT, limits=little)
        if assigned:
            day.clock.plan(at(45, NEXT), lambda: day.truth.happened(Assigned(put(480), 1)))
        day.run(60, day=NEXT)
        day.check()
        return day

    def opened(day: Day) -> set[datetime]:
        return {one.created_at for one in day.edge.heard if one.purpose is Purpose.OPEN and not one.replaces}

    assert opened(played(assigned=False)) == {at(15), at(45, NEXT)}
    held = played(assigned=True)
    assert opened(held) == {at(15)}
    assert "RISK_MARGIN" in {one.code for one in held.told(SignalDenied)}


def test_22_an_assignment_nobody_told_is_read_from_what_it_left_and_the_brokers_word_is_no_second() -> None:
    day = Day([first(FaultKind.LOST_EVENTS, nth=2)], (ONCE,))
    tells = day.edge.activities_since
    day.edge.activities_since = lambda cursor: Known(Page((), cursor), day.clock.now())  # type: ignore[method-assign]
    day.clock.plan(at(20), lambda: day.truth.happened(Assigned(put(480), 1)))

    def the_day_after() -> None:
        day.edge.activities_since = tells  # type: ignore[method-assign]

    day.clock.plan(at(35), the_day_after)
    day.run(40)
    assert settlements(day) == [("assigned", -1)]
    assert day.told(OptionSettled)[0].report.policy == INFERRED
    day.check()


@pytest.mark.parametrize("lasts", [1, 3])
def test_23_an_assignment_that_is_told_before_its_shares_show_is_booked_once(lasts: int) -> None:
    day = Day([first(FaultKind.ASSIGNMENT_BEFORE_SHARES, lasts=lasts)], (ONCE,))
    day.run(60)
    assert settlements(day) == [("assigned", -1)]
    assert not day.told(HoldingAdjusted)
    assert not day.told(PositionAdopted), "shares that are on their way are neither given up nor found"
    day.check()


@pytest.mark.parametrize(
    ("close", "outcomes"),
    [
        (490.0, [("expired", 1), ("expired", -1)]),
        (470.0, [("exercised", 1), ("assigned", -1)]),
        (478.0, [("expired", 1), ("assigned", -1)]),
    ],
)
def test_24_what_expires_is_settled_as_it_is_and_nothing_is_sent_into_it_afterwards(
    close: float, outcomes: list[tuple[str, int]]
) -> None:
    quotes = by_five_minutes(TODAYS) | {at(385): (close, TODAYS)} | by_five_minutes(day=NEXT, spot=close)
    wishes = Timed({}, at_minutes={15: [TODAY]}, leaves_after=100_000)
    day = Day([], (wishes,), quotes=quotes, closes=[close, close])
    day.run(60, day=NEXT)
    assert sorted(settlements(day)) == sorted(outcomes)
    late = [one for one in day.edge.heard if one.created_at > CALENDAR.session_close(DAY)]
    assert not any(contract.expiration == DAY for one in late for contract, _ in one.structure.options)
    day.check()
    assert not any(isinstance(one, OptionContract) for one in day.held())


def test_24_an_expiry_that_was_slept_through_is_found_at_the_next_start() -> None:
    quotes = by_five_minutes(TODAYS) | {at(385): (478.0, TODAYS)} | by_five_minutes(day=NEXT, spot=478.0)
    wishes = Timed({}, at_minutes={15: [TODAY]}, leaves_after=100_000)
    day = Day([], (wishes,), quotes=quotes, closes=[478.0, 478.0])
    day.die_once(60)

    def sleep() -> None:
        day.clock.go_to(at(10, NEXT))
        day.truth.advance(day.market.view(day.clock.now()))

    day.while_down = sleep
    day.run(60, day=NEXT)
    assert sorted(settlements(day)) == [("assigned", -1), ("expired", 1)]
    day.check()


def test_25_a_contract_that_became_another_freezes_its_symbol_until_a_person_has_looked() -> None:
    """An adjustment takes one contract away and brings another that nobody here opened."""
    wishes = {15: [SPREAD], 60: [CONDOR]}
    day = Day([], (Timed({}, at_minutes=wishes, units=2),))
    day.clock.plan(at(30), lambda: day.truth.happened(Transferred(put(480), 1)))
    day.run(90)
    assert [one.symbol for one in day.told(SymbolFrozen)] == ["SPY"]
    assert len(day.edge.heard) == 1, "nothing new on it"
    day.check()


MISSING: dict[str, Sequence[Row]] = {
    "no quote": [row for row in ROWS if row[0] != put(475)],
    "crossed": [(put(475), 60, 50), *(row for row in ROWS if row[0] != put(475))],
    "no bid for what is sold": [(put(480), 0, 110), *(row for row in ROWS if row[0] != put(480))],
    "no ask": [(put(475), 40, 0), *(row for row in ROWS if row[0] != put(475))],
}


@pytest.mark.parametrize("rows", MISSING.values(), ids=MISSING)
def test_26_on_a_quote_that_is_missing_zero_or_crossed_nothing_is_opened(rows: Sequence[Row]) -> None:
    day = Day([], (ONCE,), quotes=by_five_minutes(rows))
    day.run(60)
    assert day.edge.heard == []
    day.check()


def test_27_an_exit_never_pays_more_than_the_width_however_wide_the_quotes() -> None:
    wide = [
        (put(480), 100, 1_900),
        (put(475), 0, 50),
        *(row for row in ROWS if row[0].strike_milli < 475_000),
    ]
    quotes = by_five_minutes(minutes=20) | {at(minute): (490.0, wide) for minute in range(25, 121, 5)}
    leaves = Timed({}, at_minutes={15: [SPREAD]}, leaves_after=15)
    for ladder in (None, PATIENT):
        day = Day([], (leaves,), quotes=quotes, ladder=ladder)
        day.run(120)
        paid = [
            sum(leg.cost_cents for leg in one.execution.legs) / max(1, one.execution.quantity)
            for one in day.told(OrderFilled)
            if day.loop.state.order(one.execution.order_id).order.purpose is Purpose.CLOSE  # type: ignore[union-attr]
        ]
        assert all(cents <= 50_000 for cents in paid)
        assert all(
            one.limit_cents is None or one.limit_cents <= 50_000
            for one in day.edge.heard
            if one.purpose is Purpose.CLOSE
        )
        day.check()


def test_what_is_held_has_the_grade_and_size_it_was_traded_with() -> None:
    day = Day([], (Timed({}, at_minutes={15: [CONDOR]}, units=3),))
    day.run(30)
    day.check()
    (position,) = day.ours_alone()
    assert position.grade is Grade.QUOTES
    assert Holding(call(500), -3) in position.holdings
