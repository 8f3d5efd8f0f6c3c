"""Each fault of orders and fills at a broker's edge, seen from this side and beside the truth behind it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from adapters.brokers.faulty_edges import (
    SPREAD,
    TOO_DEAR,
    edge,
    first_time,
    held,
    of,
    report,
    resting,
    value,
)
from contracts.broker_stages import CASH, FIRST, in_session
from execution.tapes import order, put
from strikewise.adapters.brokers.fault_plan import Fault, FaultKind
from strikewise.domain.brokerage import BrokerStatus
from strikewise.domain.instruments import Stock
from strikewise.domain.orders import (
    Accepted,
    Bust,
    CashFlow,
    Execution,
    FlowKind,
    OrderEnded,
    Rejected,
    SettlementReport,
    Unresolved,
)
from strikewise.execution.refusals import Refusal

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
