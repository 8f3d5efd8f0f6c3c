"""What persons and brokers do to a simulated account beside our orders, and what our orders make of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import TypeVar

import pytest

from execution.tapes import close_of, market, order, put, tape
from strikewise.domain.brokerage import BrokerStatus
from strikewise.domain.instruments import Instrument, Stock
from strikewise.domain.orders import (
    Accepted,
    CashFlow,
    Execution,
    FlowKind,
    Known,
    LegFill,
    Order,
    Purpose,
    Rejected,
    SettlementReport,
    Unknown,
)
from strikewise.domain.portfolio import Holding
from strikewise.execution.fees import FeeSchedule
from strikewise.execution.refusals import Refusal
from strikewise.execution.simulated import Habits, SimulatedBroker
from strikewise.execution.world import (
    Assigned,
    CashMoved,
    Filled,
    FillTakenBack,
    LegsFilled,
    OrderCancelledOutside,
    OrderEditedOutside,
    OrderedOutside,
    TradedOutside,
    Transferred,
)

T = TypeVar("T")
FREE = FeeSchedule(commission_cents=0, assignment_cents=0, pass_through=False)
CASH = 1_000_000
NOW, EXPIRY, MONDAY = datetime.fromisoformat("2024-03-12T19:00+00:00"), date(2024, 3, 15), date(2024, 3, 18)
QUOTES = [(put(480), 45, 50), (put(475), 30, 35)]
SPREAD: dict[Instrument, int] = {put(480): -1, put(475): 1}
BACK: dict[Instrument, int] = {put(480): 1, put(475): -1}
MARKET = market(
    tape(
        {
            NOW: (485.0, QUOTES),
            NOW + timedelta(minutes=15): (485.0, QUOTES),
            close_of(EXPIRY): (470.0, []),
            close_of(MONDAY): (470.0, []),
        }
    )
)


def trading(*, netted: bool = False) -> SimulatedBroker:
    broker = SimulatedBroker(CASH, fees=FREE, habits=Habits(netted=netted))
    broker.advance(MARKET.view(NOW))
    return broker


def value(answer: Known[T] | Unknown) -> T:
    assert isinstance(answer, Known)
    return answer.value


def held(broker: SimulatedBroker) -> dict[Instrument, int]:
    return {one.instrument: one.quantity for one in value(broker.positions())}


def cash(broker: SimulatedBroker) -> int:
    return value(broker.account()).cash_cents


def closing(name: str, of: str, legs: dict[Instrument, int] = BACK, quantity: int = 1) -> Order:
    return order(legs, order_id=name, position_id=of, purpose=Purpose.CLOSE, quantity=quantity)


def bought(quantity: int, price: int = 40) -> tuple[LegFill, ...]:
    return (LegFill(put(480), quantity, price, -1, -1),)


def test_a_person_who_buys_back_takes_from_the_oldest_position_first() -> None:
    broker = trading()
    for name in ("a", "b"):
        broker.submit(order({put(480): -1}, order_id=name))
    assert broker.happened(TradedOutside("p-1", bought(1))) == ""
    assert held(broker) == {put(480): -1}
    answer = broker.submit(closing("c-a", "a", {put(480): 1}))
    assert isinstance(answer, Rejected), "position a is what the person closed"
    assert isinstance(broker.submit(closing("c-b", "b", {put(480): 1})), Accepted)
    assert cash(broker) == CASH + 2 * 4_500 - 4_000 - 5_000


@pytest.mark.parametrize("netted", [True, False])
def test_what_a_person_bought_can_be_closed_by_whoever_claims_it(netted: bool) -> None:
    broker = trading(netted=netted)
    broker.happened(TradedOutside("p-1", bought(3)))
    assert isinstance(broker.submit(closing("c-1", "claimed", {put(480): -1}, quantity=4)), Rejected)
    assert isinstance(broker.submit(closing("c-2", "claimed", {put(480): -1}, quantity=3)), Accepted)
    assert held(broker) == {}
    assert cash(broker) == CASH - 3 * 4_000 + 3 * 4_500


@pytest.mark.parametrize("netted", [True, False])
def test_what_a_person_bought_settles_without_a_position_of_ours(netted: bool) -> None:
    broker = trading(netted=netted)
    broker.happened(TradedOutside("p-1", bought(2)))
    broker.advance(MARKET.view(close_of(EXPIRY)))
    (settled,) = broker.events()
    assert isinstance(settled, SettlementReport)
    assert (settled.position_id, settled.quantity, settled.shares) == ("", 2, -200)


def test_what_is_netted_settles_once_for_all_positions() -> None:
    broker = trading(netted=True)
    for name in ("a", "b"):
        broker.submit(order(SPREAD, order_id=name))
    broker.submit(order({put(475): -1}, order_id="c"))
    broker.events()
    broker.advance(MARKET.view(close_of(EXPIRY)))
    settled = [one for one in broker.events() if isinstance(one, SettlementReport)]
    assert {(one.contract, one.quantity, one.position_id) for one in settled} == {
        (put(480), -2, ""),
        (put(475), 1, ""),
    }


def test_an_account_that_nets_resumes_with_what_its_positions_make_together() -> None:
    broker = SimulatedBroker(
        CASH,
        habits=Habits(netted=True),
        holdings={"a": [Holding(put(480), -2)], "b": [Holding(put(480), 1), Holding(Stock("SPY"), 5)]},
    )
    broker.advance(MARKET.view(NOW))
    assert held(broker) == {put(480): -1, Stock("SPY"): 5}


def test_an_order_of_a_person_works_and_is_listed_but_its_fills_are_not_ours() -> None:
    broker = trading()
    theirs = order({put(475): 1}, order_id="p-1", position_id="SPY", limit_cents=100)
    assert broker.happened(OrderedOutside(theirs)) == ""
    assert [one.order_id for one in value(broker.open_orders())] == ["p-1"]
    assert broker.happened(Filled("p-1", 1)) == ""
    assert (broker.events(), value(broker.fills_since("")).items) == ([], ())
    report = value(broker.order("p-1"))
    assert report is not None
    assert (report.status, report.filled) == (BrokerStatus.FILLED, 1)
    assert held(broker) == {put(475): 1}
    assert broker.happened(OrderedOutside(theirs)), "an id is one order's"


def test_a_person_who_edits_an_order_leaves_an_order_of_another_id() -> None:
    broker = trading()
    broker.submit(order(SPREAD, quantity=2, limit_cents=-5_000))
    assert broker.happened(OrderEditedOutside("o-1", "p-1", -1_000)) == ""
    assert [one.order_id for one in broker.events() if not isinstance(one, Execution)] == ["o-1"]  # type: ignore[union-attr]
    assert value(broker.fills_since("")).items == ()
    old, new = value(broker.order("o-1")), value(broker.order("p-1"))
    assert old is not None
    assert new is not None
    assert (old.status, old.replaced_by) == (BrokerStatus.CANCELLED, "p-1")
    assert (new.status, new.filled) == (BrokerStatus.FILLED, 2)


def test_shares_and_cash_come_and_go_without_a_trade() -> None:
    broker = trading()
    broker.happened(Transferred(Stock("SPY"), 7))
    broker.happened(Transferred(Stock("SPY"), -10))
    flow = CashFlow("t-1", FlowKind.TRANSFER, "", "", -5_000, NOW)
    broker.happened(CashMoved(flow))
    broker.happened(CashMoved(flow, told=False))
    assert held(broker) == {Stock("SPY"): -3}
    assert cash(broker) == CASH + 10_000
    assert broker.events() == [flow]
    assert value(broker.activities_since("")).items == (flow,)


def test_a_part_of_what_was_sold_is_assigned_and_the_rest_settles_later_under_another_id() -> None:
    broker = trading()
    broker.submit(order({put(480): -1}, quantity=3))
    broker.events()
    assert broker.happened(Assigned(put(480), 1)) == ""
    assert held(broker) == {put(480): -2, Stock("SPY"): 100}
    assert broker.happened(Assigned(put(480), 3)), "no more than is sold"
    broker.advance(MARKET.view(close_of(EXPIRY)))
    reports = [one for one in broker.events() if isinstance(one, SettlementReport)]
    assert [one.quantity for one in reports] == [-1, -2]
    assert len({one.settlement_id for one in reports}) == 2
    assert held(broker) == {Stock("SPY"): 300}


def test_a_fill_is_not_taken_back_twice_nor_when_what_it_brought_is_gone() -> None:
    broker = trading()
    broker.submit(order(SPREAD))
    (fill,) = value(broker.fills_since("")).items
    cursor = value(broker.fills_since("")).cursor
    assert broker.happened(FillTakenBack(fill.execution_id, "erroneous", worse_cents=1)) == ""
    assert broker.happened(FillTakenBack(fill.execution_id, "erroneous"))
    (corrected,) = value(broker.fills_since(cursor)).items
    assert sum(leg.cost_cents for leg in corrected.legs) == sum(leg.cost_cents for leg in fill.legs) + 200
    broker.submit(closing("c-1", "o-1"))
    assert broker.happened(FillTakenBack(corrected.execution_id, "erroneous"))
    assert held(broker) == {}


def test_what_cannot_happen_says_why_and_changes_nothing() -> None:
    broker = trading()
    for event in (
        Filled("never", 1),
        LegsFilled("never", (put(480),)),
        OrderCancelledOutside("never"),
        OrderEditedOutside("never", "p-1", None),
        FillTakenBack("never", "erroneous"),
        Assigned(put(480), 1),
    ):
        assert broker.happened(event)
    assert (held(broker), cash(broker), broker.events()) == ({}, CASH, [])
    assert SimulatedBroker(CASH).happened(Transferred(Stock("SPY"), 1)), "there is no account yet"


def test_a_replacement_is_for_no_more_than_is_left_and_holds_nothing_back_from_itself() -> None:
    broker = trading()
    broker.submit(order(SPREAD, quantity=3))
    broker.submit(replace(closing("c-1", "o-1", quantity=3), limit_cents=100))
    too_much = broker.replace("c-1", closing("c-2", "o-1", quantity=4))
    assert isinstance(too_much, Rejected)
    assert too_much.code == Refusal.BAD_QUANTITY
    assert isinstance(broker.replace("c-1", closing("c-3", "o-1", quantity=3)), Accepted)
    assert held(broker) == {}
