"""Each fault at a broker's edge, seen from this side of it and beside the truth behind it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.broker_stages import CASH, FIRST, QUOTES, SimulatedStage, in_session
from execution.tapes import call, order, put
from strikewise.adapters.brokers.fault_plan import Fault, FaultKind, FaultPlan
from strikewise.adapters.brokers.faulty import FaultyBroker
from strikewise.adapters.brokers.paper import PaperBroker
from strikewise.domain.brokerage import BrokerStatus, OrderReport
from strikewise.domain.errors import SettingsError
from strikewise.domain.instruments import Instrument, Stock
from strikewise.domain.orders import (
    Accepted,
    BrokerEvent,
    Bust,
    CashFlow,
    Execution,
    FlowKind,
    Known,
    Order,
    OrderEnded,
    Purpose,
    Rejected,
    SettlementReport,
    StreamGap,
    Unknown,
    Unresolved,
)
from strikewise.execution.broker import Broker
from strikewise.execution.refusals import Refusal
from strikewise.execution.simulated import Habits, SimulatedBroker
from strikewise.market.clock import SimulatedClock

T = TypeVar("T")
SPREAD: dict[Instrument, int] = {put(480): -1, put(475): 1}
BACK: dict[Instrument, int] = {put(480): 1, put(475): -1}
TOO_DEAR = -5_000


@dataclass
class Edge:
    """A faulty broker, the truth behind it, and the time."""

    broker: FaultyBroker
    truth: PaperBroker
    stage: SimulatedStage
    minutes: int = 0

    def later(self, minutes: int = 15) -> None:
        self.minutes += minutes
        self.stage.tick(in_session(FIRST) - timedelta(hours=4) + timedelta(minutes=self.minutes), QUOTES)

    def told(self) -> list[BrokerEvent]:
        return list(self.broker.events())


def edge(*faults: Fault, seed: int = 1, netted: bool = True) -> Edge:
    clock = SimulatedClock(in_session(FIRST) - timedelta(days=1))
    truth = PaperBroker(CASH, habits=Habits(netted=netted))
    broker = FaultyBroker(truth, FaultPlan(seed, faults), clock, world=truth)
    made = Edge(broker, truth, SimulatedStage(truth, broker, clock))
    made.later()
    return made


def first_time(kind: FaultKind, *, lasts: int = 1) -> Fault:
    return Fault(kind, nth=1, lasts=lasts)


def value(answer: Known[T] | Unknown) -> T:
    assert isinstance(answer, Known)
    return answer.value


def held(broker: Broker) -> dict[Instrument, int]:
    return {one.instrument: one.quantity for one in value(broker.positions())}


def report(broker: Broker, order_id: str = "o-1") -> OrderReport:
    found = value(broker.order(order_id))
    assert found is not None
    return found


def of(kind: type[T], events: Sequence[object]) -> list[T]:
    return [event for event in events if isinstance(event, kind)]


def resting(quantity: int = 1) -> Order:
    return order(SPREAD, quantity=quantity, limit_cents=TOO_DEAR)


def closing(quantity: int = 1) -> Order:
    return order(BACK, quantity=quantity, purpose=Purpose.CLOSE, order_id="c-1", position_id="o-1")


# --- submission -------------------------------------------------------------------------------------------


def test_1_an_accepted_order_whose_answer_never_came_works_and_is_found_by_its_id() -> None:
    on = edge(first_time(FaultKind.TIMEOUT_AFTER_ACCEPTANCE, lasts=2))
    assert isinstance(on.broker.submit(order(SPREAD)), Unresolved)
    assert report(on.broker).status is BrokerStatus.FILLED
    told = [on.told() for _ in range(4)]
    assert [len(of(Execution, events)) for events in told] == [0, 0, 1, 0], "its fill is told late"
    assert isinstance(on.broker.submit(order(SPREAD)), Accepted), "sent again it is the same order"
    assert held(on.truth) == SPREAD


def test_2_an_order_that_was_lost_never_was() -> None:
    on = edge(first_time(FaultKind.LOST_BEFORE_ACCEPTANCE))
    assert isinstance(on.broker.submit(order(SPREAD)), Unresolved)
    assert value(on.broker.order("o-1")) is None
    assert (held(on.truth), on.told()) == ({}, [])


def test_5_an_id_that_is_said_to_be_taken_is_that_of_our_order() -> None:
    on = edge(first_time(FaultKind.DUPLICATE_ID))
    answer = on.broker.submit(order(SPREAD))
    assert isinstance(answer, Rejected)
    assert answer.code == Refusal.DUPLICATE_ID
    assert report(on.broker).structure == order(SPREAD).structure


def test_6_a_definite_refusal_has_a_reason_and_nothing_follows() -> None:
    on = edge(first_time(FaultKind.REJECTED))
    answer = on.broker.submit(order(SPREAD))
    assert isinstance(answer, Rejected)
    assert (answer.code, bool(answer.text)) == (Refusal.BUYING_POWER, True)
    assert value(on.broker.order("o-1")) is None
    assert isinstance(on.broker.submit(order(SPREAD)), Accepted), "the next one goes through"


def test_7_a_refusal_may_be_told_as_a_cancellation() -> None:
    on = edge(first_time(FaultKind.REJECTED_AS_CANCELLED))
    assert isinstance(on.broker.submit(order(SPREAD)), Accepted)
    (ended,) = of(OrderEnded, on.told())
    assert (ended.outcome, "rejected" in ended.reason) == ("cancelled", True)
    assert report(on.broker).status is BrokerStatus.CANCELLED
    assert [one.order_id for one in value(on.broker.orders_since(in_session(FIRST) - timedelta(days=1)))] == [
        "o-1"
    ]
    assert held(on.truth) == {}


def test_8_too_many_requests_are_refused_for_now() -> None:
    on = edge(Fault(FaultKind.RATE_LIMITED, nth=1, times=2, lasts=3))
    answers = [on.broker.submit(order(SPREAD)) for _ in range(3)]
    assert [isinstance(one, Rejected) and one.code for one in answers] == [
        Refusal.RATE_LIMITED, Refusal.RATE_LIMITED, False,
    ]  # fmt: skip
    assert "3 s" in answers[0].text  # type: ignore[union-attr]


def test_9_what_a_broken_answer_was_about_is_not_known() -> None:
    arrived = set()
    for seed in range(20):
        on = edge(first_time(FaultKind.SERVER_ERROR), seed=seed)
        assert isinstance(on.broker.submit(order(SPREAD)), Unresolved)
        arrived.add(value(on.broker.order("o-1")) is not None)
    assert arrived == {True, False}, "503 may come before and after the order arrived"
    broken = edge(first_time(FaultKind.BROKEN_BODY))
    assert isinstance(broken.broker.submit(order(SPREAD)), Unresolved)
    assert report(broken.broker).status is BrokerStatus.FILLED


# --- fills ------------------------------------------------------------------------------------------------


def test_11_the_rest_of_a_partly_filled_order_is_cancelled() -> None:
    on = edge(first_time(FaultKind.PARTIAL_THEN_CANCELLED))
    on.broker.submit(resting(quantity=5))
    fill, ended = on.told()
    assert isinstance(fill, Execution)
    assert isinstance(ended, OrderEnded)
    assert 0 < fill.quantity < 5
    assert sum(leg.cost_cents for leg in fill.legs) <= fill.quantity * TOO_DEAR, "at its limit, or better"
    assert (report(on.broker).status, report(on.broker).filled) == (BrokerStatus.CANCELLED, fill.quantity)
    assert held(on.truth) == {one: ratio * fill.quantity for one, ratio in SPREAD.items()}


def test_12_an_order_fills_while_its_cancellation_is_under_way() -> None:
    on = edge(first_time(FaultKind.FILL_BEATS_CANCEL))
    on.broker.submit(resting(quantity=2))
    assert isinstance(on.broker.cancel("o-1"), Accepted)
    (fill,) = on.told()
    assert isinstance(fill, Execution)
    assert report(on.broker).status is BrokerStatus.FILLED
    assert held(on.truth) == {put(480): -2, put(475): 2}


def test_13_a_fill_may_be_told_twice_with_the_same_id() -> None:
    on = edge(first_time(FaultKind.DUPLICATE_FILL))
    on.broker.submit(order(SPREAD))
    one, again = on.told()
    assert one == again
    assert held(on.truth) == SPREAD


def test_14_a_fill_may_be_told_of_an_order_that_nobody_acknowledged() -> None:
    on = edge(first_time(FaultKind.FILL_BEFORE_ANSWER))
    assert isinstance(on.broker.submit(order(SPREAD)), Unresolved)
    assert len(of(Execution, on.told())) == 1


def test_15_an_order_that_ended_fills_after_all() -> None:
    on = edge(first_time(FaultKind.FILL_AFTER_END))
    on.broker.submit(resting(quantity=2))
    on.broker.cancel("o-1")
    told = on.told()
    assert [type(event) for event in told] == [OrderEnded, Execution]
    assert (report(on.broker).status, report(on.broker).filled) == (BrokerStatus.CANCELLED, 1)
    assert held(on.truth) == SPREAD


def test_16_more_fills_than_was_asked_for() -> None:
    on = edge(first_time(FaultKind.OVERFILL))
    on.broker.submit(order(SPREAD, quantity=2))
    fills = of(Execution, on.told())
    assert [one.quantity for one in fills] == [2, 1]
    assert len({one.execution_id for one in fills}) == 2
    assert report(on.broker).filled == 3
    assert held(on.truth) == {put(480): -3, put(475): 3}


@pytest.mark.parametrize(
    ("kind", "charged", "left"),
    [(FaultKind.LATE_FEE, (137, 187), (137, 187)), (FaultKind.ABSURD_FEE, (400_000, 400_050), (100, 150))],
)
def test_18_a_fee_comes_late_or_absurd_and_is_put_right(
    kind: FaultKind, charged: tuple[int, int], left: tuple[int, int]
) -> None:
    on = edge(first_time(kind))
    on.broker.submit(order(SPREAD))
    before = value(on.truth.account()).cash_cents
    flows = of(CashFlow, on.told())
    assert [flow.kind for flow in flows] == [FlowKind.FEE]
    assert charged[0] <= before - value(on.truth.account()).cash_cents < charged[1]
    flows += of(CashFlow, on.told())
    paid = before - value(on.truth.account()).cash_cents
    assert left[0] <= paid < left[1]
    assert paid == sum(flow.cash_cents for flow in flows)
    assert list(value(on.broker.activities_since("")).items) == flows


def test_19_a_fill_that_is_taken_back_leaves_nothing() -> None:
    on = edge(first_time(FaultKind.BUST))
    on.broker.submit(order(SPREAD, quantity=2))
    fill, bust = on.told()
    assert isinstance(fill, Execution)
    assert isinstance(bust, Bust)
    assert bust.execution_id == fill.execution_id
    assert (held(on.truth), value(on.truth.account()).cash_cents) == ({}, CASH)
    assert value(on.broker.fills_since("")).items == ()
    assert report(on.broker).filled == 0


def test_19_a_corrected_fill_follows_with_another_price_and_id() -> None:
    on = edge(first_time(FaultKind.CORRECTION))
    on.broker.submit(order(SPREAD, quantity=2))
    fill, bust, corrected = on.told()
    assert isinstance(fill, Execution)
    assert isinstance(bust, Bust)
    assert isinstance(corrected, Execution)
    assert corrected.execution_id != fill.execution_id
    paid = sum(leg.cost_cents for leg in corrected.legs) + corrected.fees_cents
    assert value(on.truth.account()).cash_cents == CASH - paid
    assert value(on.broker.fills_since("")).items == (corrected,)
    assert held(on.truth) == {put(480): -2, put(475): 2}


def test_20_some_legs_fill_first_and_the_others_follow() -> None:
    on = edge(first_time(FaultKind.PARTIAL_LEGS))
    on.broker.submit(resting(quantity=2))
    (legs,) = of(Execution, on.told())
    assert (legs.quantity, len(legs.legs)) == (0, 1)
    assert (report(on.broker).status, report(on.broker).filled) == (BrokerStatus.WORKING, 0)
    assert len(held(on.truth)) == 1
    on.later()
    (others,) = of(Execution, on.told())
    assert others.quantity == 0
    assert (report(on.broker).status, report(on.broker).filled) == (BrokerStatus.FILLED, 2)
    assert held(on.truth) == {put(480): -2, put(475): 2}


@pytest.mark.parametrize("netted", [True, False])
def test_22_an_option_is_assigned_early_and_shares_appear(netted: bool) -> None:
    on = edge(first_time(FaultKind.EARLY_ASSIGNMENT), netted=netted)
    on.broker.submit(order(SPREAD))
    (settled,) = of(SettlementReport, on.told())
    assert (settled.contract, settled.quantity, settled.outcome) == (put(480), -1, "assigned")
    assert settled.position_id == ("" if netted else "o-1")
    assert held(on.truth) == {put(475): 1, Stock("SPY"): 100}
    assert value(on.broker.activities_since("")).items == (settled,)


def test_23_an_assignment_is_told_before_its_shares_show() -> None:
    on = edge(first_time(FaultKind.ASSIGNMENT_BEFORE_SHARES, lasts=2))
    on.broker.submit(order(SPREAD))
    assert of(SettlementReport, on.told())
    shown = [held(on.broker) for _ in range(3)]
    assert shown == [SPREAD, SPREAD, {put(475): 1, Stock("SPY"): 100}]


# --- the account ------------------------------------------------------------------------------------------


def after_a_fill(kind: FaultKind, *, quantity: int = 2) -> Edge:
    on = edge(first_time(kind))
    on.broker.submit(order(SPREAD, quantity=quantity))
    on.told()
    return on


def test_28_what_nobody_here_bought_is_there() -> None:
    on = after_a_fill(FaultKind.UNKNOWN_POSITION)
    extra = {one: number for one, number in held(on.broker).items() if one not in SPREAD}
    assert len(extra) == 1
    assert len(value(on.broker.fills_since("")).items) == 1, "no fill of ours explains it"


def test_29_what_was_bought_here_is_gone() -> None:
    on = after_a_fill(FaultKind.VANISHED_POSITION)
    assert len(held(on.broker)) == 1


@pytest.mark.parametrize(("quantity", "left"), [(3, 2), (1, 2)])
def test_30_there_is_more_or_less_than_was_traded(quantity: int, left: int) -> None:
    on = after_a_fill(FaultKind.QUANTITY_CHANGED, quantity=quantity)
    assert sorted(abs(number) for number in held(on.broker).values()) == sorted([quantity, left])


def test_31_what_was_sold_is_held_long_or_the_other_way_round() -> None:
    on = after_a_fill(FaultKind.SIGN_CHANGED)
    signs = [held(on.broker)[one] * ratio > 0 for one, ratio in SPREAD.items()]
    assert sorted(signs) == [False, True]


def test_32_a_failed_read_is_unknown_and_never_flat() -> None:
    on = edge(Fault(FaultKind.UNKNOWN_READ, nth=2, lasts=2))
    on.broker.submit(order(SPREAD))
    answers = [on.broker.positions() for _ in range(4)]
    assert [isinstance(one, Unknown) for one in answers] == [False, True, True, False]


def test_32_an_answer_that_was_cut_off_says_that_it_is_not_complete() -> None:
    on = edge(first_time(FaultKind.INCOMPLETE_READ))
    on.broker.submit(order(SPREAD))
    cut, whole = on.broker.positions(), on.broker.positions()
    assert isinstance(cut, Known)
    assert isinstance(whole, Known)
    assert (cut.complete, len(cut.value)) == (False, 1)
    assert (whole.complete, len(whole.value)) == (True, 2)


def test_33_a_person_closes_what_we_hold() -> None:
    on = after_a_fill(FaultKind.PERSON_CLOSES)
    assert len(held(on.broker)) == 1
    orders = value(on.broker.orders_since(in_session(FIRST) - timedelta(days=1)))
    assert [(one.order_id, one.status) for one in orders][1:] == [("person-1", BrokerStatus.FILLED)]
    assert of(Execution, on.told()) == []
    assert {one.order_id for one in value(on.broker.fills_since("")).items} == {"o-1"}


def test_33_a_person_cancels_our_order() -> None:
    on = edge(first_time(FaultKind.PERSON_CANCELS))
    on.broker.submit(resting())
    (ended,) = of(OrderEnded, on.told())
    assert (ended.order_id, ended.outcome, "person" in ended.reason) == ("o-1", "cancelled", True)


def test_33_a_person_gives_our_order_another_limit_and_id() -> None:
    on = edge(first_time(FaultKind.PERSON_EDITS))
    on.broker.submit(resting())
    (ended,) = of(OrderEnded, on.told())
    assert ended.order_id == "o-1"
    (works,) = value(on.broker.open_orders())
    assert works.order_id == report(on.broker).replaced_by != "o-1"
    assert works.limit_cents != TOO_DEAR


def test_35_what_is_to_be_closed_is_held_by_another_order_until_that_is_cancelled() -> None:
    on = edge(first_time(FaultKind.QUANTITY_HELD))
    on.broker.submit(order(SPREAD, quantity=4))
    answer = on.broker.submit(closing(quantity=4))
    assert isinstance(answer, Rejected)
    assert answer.code == Refusal.HELD_BY_ORDER
    assert "requested 4, available 0" in answer.text
    (other,) = value(on.broker.open_orders())
    assert isinstance(on.broker.cancel(other.order_id), Accepted)
    assert isinstance(on.broker.submit(closing(quantity=4)), Accepted)
    assert held(on.truth) == {}


def test_36_a_recent_order_is_not_found_for_a_while() -> None:
    on = edge(first_time(FaultKind.ORDER_NOT_FOUND, lasts=2))
    on.broker.submit(resting())
    answers = [value(on.broker.order("o-1")) is None for _ in range(3)]
    assert answers == [True, True, False]
    other = edge(first_time(FaultKind.ORDER_NOT_FOUND))
    other.broker.submit(resting())
    assert isinstance(other.broker.cancel("o-1"), Rejected)
    assert isinstance(other.broker.cancel("o-1"), Accepted)


@pytest.mark.parametrize(("kind", "told"), [(FaultKind.DEPOSIT, 1), (FaultKind.SILENT_DEPOSIT, 0)])
def test_38_cash_comes_or_goes_told_or_not(kind: FaultKind, told: int) -> None:
    on = edge(first_time(kind))
    flows = of(CashFlow, on.told())
    assert len(flows) == told
    moved = value(on.truth.account()).cash_cents - CASH
    assert moved != 0
    assert all((flow.kind, flow.cash_cents) == (FlowKind.TRANSFER, -moved) for flow in flows)


# --- the line ---------------------------------------------------------------------------------------------


def test_41_a_silent_stream_tells_everything_later() -> None:
    on = edge(first_time(FaultKind.SILENT_STREAM, lasts=2))
    on.broker.submit(order(SPREAD))
    told = [len(on.told()) for _ in range(3)]
    assert told == [0, 0, 1]
    assert on.broker.health().connected


def test_42_a_stream_without_its_subscriptions_loses_what_it_should_tell() -> None:
    on = edge(first_time(FaultKind.LOST_EVENTS))
    on.broker.submit(order(SPREAD))
    assert [len(on.told()) for _ in range(2)] == [0, 0]
    assert len(value(on.broker.fills_since("")).items) == 1, "the pages still have it"


def test_43_the_clocks_differ_by_seconds() -> None:
    on = edge(first_time(FaultKind.CLOCK_SKEW, lasts=2))
    skews = [on.broker.health().skew_seconds for _ in range(3)]
    assert skews[0] == skews[1]
    assert skews[0] in (5.0, 45.0)
    assert skews[2] == 0.0


@pytest.mark.parametrize("kind", [FaultKind.RESTART, FaultKind.DISCONNECTED])
def test_44_a_cut_line_sends_nothing_knows_nothing_and_says_after_it_that_it_may_have_missed_something(
    kind: FaultKind,
) -> None:
    on = edge(first_time(kind))
    on.broker.submit(resting())
    assert of(StreamGap, on.told())
    assert not on.broker.health().connected
    answer = on.broker.submit(order(SPREAD, order_id="o-2"))
    assert isinstance(answer, Rejected)
    assert answer.code == Refusal.NOT_CONNECTED
    assert isinstance(on.broker.positions(), Unknown)
    on.truth.cancel("o-1")
    attempts = 1
    while not on.broker.connect().connected:
        attempts += 1
        assert attempts < 50
    assert [type(event) for event in on.told()] == [StreamGap], "what happened meanwhile is not told again"
    assert report(on.broker).status is BrokerStatus.CANCELLED
    assert value(on.broker.order("o-2")) is None


# --- plans ------------------------------------------------------------------------------------------------


def test_a_plan_that_changes_the_world_needs_one() -> None:
    clock = SimulatedClock(in_session(FIRST))
    with pytest.raises(SettingsError, match="29-vanished-position"):
        FaultyBroker(SimulatedBroker(CASH), FaultPlan(1, (first_time(FaultKind.VANISHED_POSITION),)), clock)
    FaultyBroker(SimulatedBroker(CASH), FaultPlan(1, (first_time(FaultKind.UNKNOWN_READ),)), clock)


def test_every_kind_of_fault_can_happen_here() -> None:
    """Over many drawn plans and a day of trading, every kind is seen."""
    seen = set()
    for seed in range(150):
        kinds = [kind for number, kind in enumerate(FaultKind) if number % 6 == seed % 6]
        on = a_day(FaultPlan.drawn(seed, kinds, size=6, within=2))
        seen |= {kind for kind, _ in on.broker.happened}
    assert set(FaultKind) - seen == set()


def a_day(plan: FaultPlan) -> Edge:
    """Trade a day through a faulty edge as somebody would who only ever tries again."""
    on = edge(*plan.faults, seed=plan.seed)
    for number in range(8):
        opening = order(
            SPREAD if number % 2 else {call(490): -1, call(495): 1},
            quantity=1 + number % 4,
            order_id=f"o-{number}",
            limit_cents=TOO_DEAR if number % 3 == 0 else None,
        )
        for _ in range(2):
            on.broker.submit(opening)
            on.told()
        on.broker.order(opening.order_id)
        on.broker.positions()
        on.broker.cancel(opening.order_id)
        on.broker.submit(closing())
        on.told()
        on.later()
        if not on.broker.health().connected:
            on.broker.connect()
    return on


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 1 << 32), st.integers(0, 12))
def test_the_same_plan_does_the_same_to_the_same_day(seed: int, size: int) -> None:
    plan = FaultPlan.drawn(seed, size=size, within=6)
    one, other = a_day(plan), a_day(plan)
    assert one.broker.happened == other.broker.happened
    assert held(one.truth) == held(other.truth)
    assert value(one.truth.account()) == value(other.truth.account())


UNLISTED = {
    FaultKind.SILENT_DEPOSIT,
    FaultKind.UNKNOWN_POSITION,
    FaultKind.PERSON_CLOSES,
    FaultKind.PERSON_EDITS,
    FaultKind.PARTIAL_LEGS,
}
"""What moves cash that neither our fills nor activities show, and what fills legs rather than units."""


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 1 << 32), st.integers(0, 12))
def test_the_truth_behind_the_edge_adds_up_whatever_happens(seed: int, size: int) -> None:
    kinds = [kind for kind in FaultKind if kind not in UNLISTED]
    truth = a_day(FaultPlan.drawn(seed, kinds, size=size, within=6)).truth
    fills, flows = value(truth.fills_since("")).items, value(truth.activities_since("")).items
    paid = sum(leg.cost_cents for one in fills for leg in one.legs) + sum(one.fees_cents for one in fills)
    paid += sum(one.cash_cents for one in flows)
    paid += sum(one.fees_cents for one in flows if isinstance(one, SettlementReport))
    assert value(truth.account()).cash_cents == CASH - paid
    assert len({one.execution_id for one in fills}) == len(fills)
    reports = value(truth.orders_since(in_session(FIRST) - timedelta(days=9)))
    assert len({one.order_id for one in reports}) == len(reports), "no order stands there twice"
    for one in reports:
        assert one.filled == sum(fill.quantity for fill in fills if fill.order_id == one.order_id)
    assert all(one.quantity for one in value(truth.positions()))
