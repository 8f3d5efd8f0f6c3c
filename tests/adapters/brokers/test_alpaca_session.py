"""The adapter through the vendor's kit against the local server: orders, the stream and its faults."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from adapters.brokers.alpaca_rehearsal import CASH, EXPIRY, SECOND, Rehearsal, in_session, rehearsal
from adapters.brokers.alpaca_schema import AlpacaSchema
from execution.tapes import close_of, order, put
from strikewise.adapters.brokers.alpaca import AlpacaBroker, Patience
from strikewise.adapters.brokers.fault_plan import Fault, FaultKind, FaultPlan
from strikewise.domain.brokerage import AccountReport, BrokerStatus
from strikewise.domain.instruments import Instrument, Stock
from strikewise.domain.orders import (
    Accepted,
    CashFlow,
    Execution,
    FlowKind,
    Known,
    OrderEnded,
    Purpose,
    Rejected,
    SettlementReport,
    StreamGap,
)

SPREAD = {put(480): -1, put(475): 1}
BACK = {put(480): 1, put(475): -1}
BEYOND = -5_000


@pytest.fixture
def made() -> Iterator[Rehearsal]:
    with rehearsal() as one:
        assert one.broker.connect().connected
        yield one


def account(broker: AlpacaBroker) -> AccountReport:
    answer = broker.account()
    assert isinstance(answer, Known)
    return answer.value


def held(broker: AlpacaBroker) -> dict[Instrument, int]:
    answer = broker.positions()
    assert isinstance(answer, Known)
    return {one.instrument: one.quantity for one in answer.value}


def fills(made: Rehearsal, legs: int) -> list[Execution]:
    told = made.until(lambda events: sum(isinstance(one, Execution) for one in events) >= legs)
    return [one for one in told if isinstance(one, Execution)]


def test_what_fills_say_is_what_the_account_shows(made: Rehearsal) -> None:
    assert isinstance(made.broker.submit(order(SPREAD, quantity=2)), Accepted)
    told = fills(made, 2)
    assert account(made.broker).cash_cents == CASH - sum(one.legs[0].cost_cents for one in told)
    assert held(made.broker) == {put(480): -2, put(475): 2}
    assert {(one.order_id, one.quantity) for one in told} == {("o-1", 0)}


def test_the_stream_and_the_activities_tell_the_same_fills(made: Rehearsal) -> None:
    for name, legs in (("o-1", SPREAD), ("o-2", {put(480): 1}), ("o-3", {Stock("SPY"): 10})):
        assert isinstance(made.broker.submit(order(legs, order_id=name, limit_cents=None)), Accepted)
    told = {one.execution_id: one for one in fills(made, 4)}
    listed = made.broker.fills_since("")
    assert isinstance(listed, Known)
    assert {one.execution_id: (one.order_id, one.legs) for one in listed.value.items} == {
        name: (one.order_id, one.legs) for name, one in told.items()
    }
    again = made.broker.fills_since(listed.value.cursor)
    assert isinstance(again, Known)
    assert again.value.items == ()


def test_a_broker_that_began_anew_finds_the_same_fills_and_orders(made: Rehearsal) -> None:
    made.broker.submit(order(SPREAD, quantity=2))
    told = {one.execution_id: one.legs for one in fills(made, 2)}
    other = AlpacaBroker(
        made.server.key,
        made.server.secret,
        url=made.server.url,
        stream_url=made.server.stream_url,
        clock=made.clock,
        prefix="o-",
    )
    listed, known = other.fills_since(""), other.order("o-1")
    assert isinstance(listed, Known)
    assert {one.execution_id: one.legs for one in listed.value.items} == told
    assert isinstance(known, Known)
    assert known.value is not None
    assert (known.value.status, known.value.filled) == (BrokerStatus.FILLED, 2)
    other.close()


def test_the_same_id_again_is_the_same_order(made: Rehearsal) -> None:
    first = made.broker.submit(order(SPREAD))
    assert made.broker.submit(order(SPREAD)) == first
    assert len(fills(made, 2)) == 2
    assert held(made.broker) == {put(480): -1, put(475): 1}


def test_an_order_beyond_the_market_rests_is_replaced_and_cancelled(made: Rehearsal) -> None:
    assert isinstance(made.broker.submit(order(SPREAD, limit_cents=BEYOND)), Accepted)
    replaced = made.broker.replace("o-1", order(SPREAD, limit_cents=BEYOND + 300, order_id="o-2"))
    assert isinstance(replaced, Accepted)
    (ended,) = made.told(1)
    assert isinstance(ended, OrderEnded)
    assert (ended.order_id, ended.outcome) == ("o-1", "cancelled")
    working = made.broker.open_orders()
    assert isinstance(working, Known)
    (report,) = working.value
    assert (report.order_id, report.limit_cents) == ("o-2", BEYOND + 300)
    assert isinstance(made.broker.cancel("o-2"), Accepted)
    (ended,) = made.told(1)
    assert isinstance(ended, OrderEnded)
    assert (ended.order_id, ended.outcome) == ("o-2", "cancelled")
    assert isinstance(made.broker.cancel("o-2"), Rejected)


def test_what_is_not_held_is_not_closed(made: Rehearsal) -> None:
    answer = made.broker.submit(order(BACK, purpose=Purpose.CLOSE))
    assert isinstance(answer, Rejected)
    assert answer.code
    assert held(made.broker) == {}


def test_opening_and_closing_leaves_nothing_held(made: Rehearsal) -> None:
    made.broker.submit(order(SPREAD, quantity=2))
    fills(made, 2)
    made.broker.submit(order(BACK, quantity=2, purpose=Purpose.CLOSE, order_id="o-2"))
    fills(made, 2)
    assert held(made.broker) == {}


def test_a_day_order_ends_with_its_day(made: Rehearsal) -> None:
    made.broker.submit(order(SPREAD, limit_cents=BEYOND))
    made.move(in_session(SECOND))
    (ended,) = made.told(1)
    assert isinstance(ended, OrderEnded)
    assert (ended.order_id, ended.outcome) == ("o-1", "expired")


def test_a_deposit_is_no_profit_and_is_told_once(made: Rehearsal) -> None:
    at = made.clock.now()
    made.venue.befall(CashFlow("d-1", FlowKind.TRANSFER, "", "", -50_000, at))
    told = made.broker.activities_since("")
    assert isinstance(told, Known)
    (flow,) = told.value.items
    assert isinstance(flow, CashFlow)
    assert (flow.kind, flow.cash_cents) == (FlowKind.TRANSFER, -50_000)
    again = made.broker.activities_since(told.value.cursor)
    assert isinstance(again, Known)
    assert again.value.items == ()


def test_an_assignment_is_told_the_day_after_with_the_shares_it_brought() -> None:
    quotes = ((put(490), 500, 520), (put(475), 30, 35))
    with rehearsal(quotes=quotes, spots=(485.0, 485.0, 478.0)) as made:
        made.broker.submit(order({put(490): -1, put(475): 1}))
        made.move(close_of(EXPIRY))
        made.move(close_of(EXPIRY) + timedelta(days=3))
        told = made.broker.activities_since("")
        assert isinstance(told, Known)
        ends = {one.contract: one for one in told.value.items if isinstance(one, SettlementReport)}
        assert (ends[put(490)].outcome, ends[put(490)].quantity) == ("assigned", -1)
        assert (ends[put(490)].shares, ends[put(490)].cash_cents) == (100, 4_900_000)
        assert (ends[put(475)].outcome, ends[put(475)].quantity) == ("expired", 1)
        assert held(made.broker) == {Stock("SPY"): 100}
        shares = made.broker.submit(order({Stock("SPY"): -100}, purpose=Purpose.CLOSE, order_id="o-9"))
        assert isinstance(shares, Accepted)


# --- the stream --------------------------------------------------------------------------------------------


def test_a_cut_is_a_gap_and_so_is_the_new_beginning(made: Rehearsal) -> None:
    made.server.hub.cut()
    told = made.told(2)
    assert [type(one) for one in told] == [StreamGap, StreamGap]
    assert made.broker.health().connected
    made.broker.submit(order(SPREAD))
    assert len(fills(made, 2)) == 2


SILENT = FaultPlan(1, (Fault(FaultKind.SILENT_STREAM, nth=1, lasts=3),))


def test_what_a_silent_stream_does_not_tell_is_found_by_asking() -> None:
    with rehearsal(faults=SILENT) as made:
        made.broker.connect()
        made.broker.submit(order(SPREAD))
        listed = made.broker.fills_since("")
        assert isinstance(listed, Known)
        assert len(listed.value.items) == 2
        assert list(made.broker.events()) == []


def test_a_stream_that_stands_and_says_nothing_of_an_order_is_a_gap_and_is_opened_again() -> None:
    with rehearsal(faults=SILENT) as made:
        made.broker.connect()
        made.broker.submit(order(SPREAD))
        assert list(made.broker.events()) == []
        made.timer.now += 15.0
        told = made.told(3)
        assert {type(one) for one in told} == {StreamGap}
        assert "o-1" in getattr(told[0], "reason", "")
        made.broker.submit(order({put(475): 1}, order_id="o-2"))
        made.broker.submit(order({put(475): 1}, order_id="o-3"))
        assert fills(made, 1)


def test_a_stream_that_forgot_what_to_listen_to_is_asked_again() -> None:
    plan = FaultPlan(1, (Fault(FaultKind.RESTART, nth=4),))
    with rehearsal(faults=plan) as made:
        assert made.broker.connect().connected
        made.broker.account()
        made.broker.positions()
        made.until(lambda told: sum(isinstance(one, StreamGap) for one in told) >= 2)
        assert made.broker.health().connected
        made.broker.submit(order(SPREAD))
        assert len(fills(made, 2)) == 2


def test_a_stream_that_tells_of_an_order_in_time_is_not_silent(made: Rehearsal) -> None:
    made.broker.submit(order(SPREAD))
    fills(made, 2)
    made.timer.now += 60.0
    assert list(made.broker.events()) == []


def test_a_wrong_key_is_no_connection() -> None:
    with rehearsal() as made:
        wrong = AlpacaBroker(
            "key",
            "wrong",
            url=made.server.url,
            stream_url=made.server.stream_url,
            clock=made.clock,
            patience=Patience(stream=0.2),
        )
        assert not wrong.connect().connected
        wrong.close()


def test_closing_is_quick_and_opening_again_works(made: Rehearsal) -> None:
    made.broker.close()
    assert not made.broker.health().connected
    assert made.broker.connect().connected
    made.broker.submit(order(SPREAD))
    assert len(fills(made, 2)) == 2


# --- the vendor's schema -----------------------------------------------------------------------------------


@pytest.mark.shared
def test_every_request_of_a_session_is_one_that_the_vendor_knows(made: Rehearsal) -> None:
    broker = made.broker
    broker.submit(order(SPREAD, quantity=2))
    fills(made, 2)
    broker.submit(order({put(475): 1}, order_id="o-2", limit_cents=1_000))
    broker.replace("o-2", order({put(475): 1}, order_id="o-3", limit_cents=1_100))
    broker.submit(order({Stock("SPY"): 1}, order_id="o-4"))
    broker.submit(order({put(480): 1, put(475): -1}, order_id="o-5", purpose=Purpose.ADJUST))
    for name in ("o-1", "o-3", "unheard-of"):
        broker.order(name)
        broker.cancel(name)
    broker.orders_since(made.clock.now())
    fills_page, lines = broker.fills_since(""), broker.activities_since("")
    assert isinstance(fills_page, Known)
    assert isinstance(lines, Known)
    broker.fills_since(fills_page.value.cursor)
    broker.activities_since(lines.value.cursor)
    broker.do_not_exercise(put(475))
    broker.exercise(put(475), 3)
    broker.cancel_all()
    assert AlpacaSchema().check_all(made.exchanges) > 20
