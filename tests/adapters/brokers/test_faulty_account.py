"""Faults of accounts and lines at a broker's edge, and what whole plans do to a day."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.brokers.faulty_edges import (
    SPREAD,
    TOO_DEAR,
    Edge,
    closing,
    edge,
    first_time,
    held,
    of,
    report,
    resting,
    value,
)
from contracts.broker_stages import CASH, FIRST, in_session
from execution.tapes import call, order
from strikewise.adapters.brokers.fault_plan import Fault, FaultKind, FaultPlan
from strikewise.adapters.brokers.faulty import FaultyBroker
from strikewise.domain.brokerage import BrokerStatus
from strikewise.domain.errors import SettingsError
from strikewise.domain.orders import (
    Accepted,
    CashFlow,
    Execution,
    FlowKind,
    Known,
    OrderEnded,
    Rejected,
    SettlementReport,
    StreamGap,
    Unknown,
)
from strikewise.execution.refusals import Refusal
from strikewise.execution.simulated import SimulatedBroker
from strikewise.market.clock import SimulatedClock

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
