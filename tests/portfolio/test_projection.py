from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from portfolio.event_strategies import LONG, SHORT, SPREAD, START, closing, fill, opening, settled, signal
from strikewise.domain.errors import InvariantError
from strikewise.domain.events import (
    AccountOpened,
    Event,
    OptionSettled,
    OrderAccepted,
    OrderClosed,
    OrderFilled,
    OrderPlaced,
    OrderRejected,
    OrderUnresolved,
    RunStarted,
    SignalGenerated,
)
from strikewise.domain.instruments import OptionContract, Stock
from strikewise.domain.orders import Execution, LegFill, Order, OrderEnded, Purpose
from strikewise.domain.portfolio import Holding
from strikewise.domain.quotes import Grade
from strikewise.domain.structures import Leg, Structure
from strikewise.portfolio.order_state import OrderStatus
from strikewise.portfolio.projection import AccountState

OPENED = (AccountOpened("test", 10_000_000), RunStarted({}, {}, None))
O1 = opening("o1", "s1", quantity=2)
C1 = closing("c1", "o1", quantity=2)


def after(*events: Event, start: AccountState | None = None) -> AccountState:
    state = AccountState() if start is None else start
    for event in events:
        state = state.apply(state.seq + 1, event, START)
    return state


def ordered(*more: Event, order: Order = O1) -> AccountState:
    return after(*OPENED, SignalGenerated(signal(order.signal_id)), OrderPlaced(order), *more)


def test_a_spread_is_opened_in_two_fills_and_closed_with_its_profit() -> None:
    held = ordered(OrderFilled(fill("e1", O1, 1)), OrderFilled(fill("e2", O1, 1, short=147)))
    position = held.positions["o1"]
    assert position.quantity == 2
    assert {h.instrument: h.quantity for h in position.holdings} == {SHORT: -2, LONG: 2}
    assert position.entry_cents == position.cash_cents == -4500 - 4700
    assert position.fees_cents == 260
    assert position.max_loss_cents == 2 * 50_000 - 9200
    assert position.margin_cents == 2 * 45_500
    assert position.because == signal("s1").because
    assert position.campaign_id == "o1"
    assert held.cash_cents == 10_000_000 + 9200 - 260
    assert held.open_orders == {}
    assert held.ended_orders["o1"].status is OrderStatus.FILLED

    closing_now = after(OrderPlaced(C1), start=held)
    assert closing_now.positions["o1"].closing_order_id == "c1"
    done = after(OrderFilled(fill("e3", C1, 2, short=45, long=10)), start=closing_now)
    assert done.positions == {}
    assert done.closed["o1"].closing_order_id == ""
    assert done.realised_cents == 9200 - 2 * 3500 - 260 - 260
    assert done.cash_cents == 10_000_000 + done.realised_cents


def test_a_better_fill_than_the_signal_saw_lowers_the_loss_at_risk() -> None:
    state = ordered(OrderFilled(fill("e1", O1, 2, short=150)))
    assert state.positions["o1"].max_loss_cents == 2 * (50_000 - 5000)


def test_a_credit_wider_than_the_spread_can_lose_nothing() -> None:
    assert ordered(OrderFilled(fill("e1", O1, 2, short=700))).positions["o1"].max_loss_cents == 0


def test_half_a_close_leaves_the_position_open_and_on_its_way_out() -> None:
    state = ordered(OrderFilled(fill("e1", O1, 2)), OrderPlaced(C1), OrderFilled(fill("e2", C1, 1, 45, 10)))
    position = state.positions["o1"]
    assert position.closing_order_id == "c1"
    assert {h.instrument: h.quantity for h in position.holdings} == {SHORT: -1, LONG: 1}
    assert position.max_loss_cents == 50_000 - 9000 + 3500
    assert state.open_orders["c1"].remaining == 1


def test_a_cancelled_close_sets_the_position_free() -> None:
    ended = OrderClosed(OrderEnded("c1", "cancelled", "by us", START))
    state = ordered(OrderFilled(fill("e1", O1, 2)), OrderPlaced(C1), ended)
    assert state.positions["o1"].closing_order_id == ""
    assert state.ended_orders["c1"].status is OrderStatus.CANCELLED


@pytest.mark.parametrize(
    "before",
    [
        [],
        [OrderAccepted("o1", "b1")],
        [OrderUnresolved("o1", "timeout")],
        [OrderRejected("o1", "X", "no")],
        [OrderClosed(OrderEnded("o1", "cancelled", "", START))],
        [OrderClosed(OrderEnded("o1", "expired", "", START)), OrderAccepted("o1", "b1")],
    ],
    ids=lambda events: "-".join(type(event).__name__ for event in events) or "placed",
)
def test_a_fill_is_booked_from_whatever_state_the_order_was_in(before: list[Event]) -> None:
    state = ordered(*before, OrderFilled(fill("e1", O1, 2)))
    assert state.positions["o1"].quantity == 2
    assert state.ended_orders["o1"].status is OrderStatus.FILLED
    assert state.fact_of("o1") == 4


def test_an_unresolved_order_waits_until_somebody_knows() -> None:
    state = ordered(OrderUnresolved("o1", "timeout"))
    assert [found.order.order_id for found in state.unresolved] == ["o1"]
    assert after(OrderAccepted("o1", "b1"), start=state).unresolved == ()
    assert after(OrderRejected("o1", "X", ""), start=state).unresolved == ()


def test_a_late_acceptance_keeps_the_brokers_id_and_does_not_reopen_the_order() -> None:
    state = ordered(OrderFilled(fill("e1", O1, 2)), OrderAccepted("o1", "b1"))
    assert state.open_orders == {}
    assert state.ended_orders["o1"].broker_order_id == "b1"
    assert state.ended_orders["o1"].status is OrderStatus.FILLED


def test_what_is_only_ordered_is_pending_with_what_it_would_risk() -> None:
    (pending,) = ordered(OrderFilled(fill("e1", O1, 1))).pending
    assert pending.quantity == 1
    assert pending.holdings == ()
    assert (pending.max_loss_cents, pending.margin_cents) == (45_500, 45_500)
    assert ordered(OrderFilled(fill("e1", O1, 2))).pending == ()


def test_positions_of_the_day_count_orders_and_fills_and_forget_what_came_to_nothing() -> None:
    state = ordered()
    today, tomorrow = START.date(), START.date() + timedelta(days=1)
    assert state.opened_today(today) == {"credit_spread": 1}
    assert state.opened_today(tomorrow) == {}
    assert after(OrderRejected("o1", "X", ""), start=state).opened_today(today) == {}
    late = state.apply(state.seq + 1, OrderFilled(fill("e1", O1, 1)), START + timedelta(days=1))
    assert late.opened_today(tomorrow) == {"credit_spread": 1}


def test_both_legs_expire_worthless_and_the_credit_is_kept() -> None:
    state = ordered(
        OrderFilled(fill("e1", O1, 2)),
        OptionSettled(settled("x1", "o1", SHORT, -2, 61_000)),
        OptionSettled(settled("x2", "o1", LONG, 2, 61_000)),
    )
    assert state.positions == {}
    assert state.realised_cents == 9000 - 260


def test_an_assignment_turns_the_short_put_into_shares_until_they_are_sold() -> None:
    state = ordered(
        OrderFilled(fill("e1", O1, 2)),
        OptionSettled(settled("x1", "o1", SHORT, -2, 59_800)),
        OptionSettled(settled("x2", "o1", LONG, 2, 59_800)),
    )
    position = state.positions["o1"]
    assert position.holdings == (Holding(Stock("SPY"), 200),)
    assert position.cash_cents == -9000 + 200 * 60_000
    assert position.max_loss_cents == 200 * 60_000 - 9000
    shares = Structure((Leg(Stock("SPY"), -200),))
    sale = Order("c2", "o1", "credit_spread", "SPY", Purpose.CLOSE, shares, 1, None, START, "", "ASSIGNED")
    sold = Execution(
        "e9", "c2", 1, (LegFill(Stock("SPY"), -200, 59_700, 59_700, 59_705),), 4, START, Grade.QUOTES
    )
    done = after(OrderPlaced(sale), OrderFilled(sold), start=state)
    assert done.positions == {}
    assert done.realised_cents == 9000 - 260 - 4 - 200 * 300


def two_positions(first: int, second: int) -> AccountState:
    """Hold the short put in one position and ``second`` of it, of either sign, in another."""
    one, other = opening("o1", "s1", first), opening("o2", "s2", abs(second))
    if second > 0:
        other = replace(other, structure=SPREAD.reversed())
    return after(
        *OPENED,
        SignalGenerated(signal("s1")),
        OrderPlaced(one),
        OrderFilled(fill("e1", one, first)),
        SignalGenerated(signal("s2")),
        OrderPlaced(other),
        OrderFilled(fill("e2", other, abs(second))),
    )


def held(state: AccountState, contract: OptionContract) -> dict[str, int]:
    return {
        name: holding.quantity
        for name, position in state.positions.items()
        for holding in position.holdings
        if holding.instrument == contract
    }


def test_an_early_assignment_without_a_position_takes_the_oldest_first() -> None:
    start = two_positions(2, -3)
    state = after(OptionSettled(settled("x1", "", SHORT, -3, 59_000)), start=start)
    assert held(state, SHORT) == {"o2": -2}
    assert {
        n: q for n, p in state.positions.items() for q in [p.cash_cents - start.positions[n].cash_cents]
    } == {
        "o1": 200 * 60_000,
        "o2": 100 * 60_000,
    }


def test_a_netted_expiry_settles_the_long_and_the_short_of_two_positions() -> None:
    start = two_positions(3, 1)
    report = replace(settled("x1", "", SHORT, -2, 59_000), fees_cents=5)
    state = after(OptionSettled(report), start=start)
    assert held(state, SHORT) == {}
    cash = {n: p.cash_cents - start.positions[n].cash_cents for n, p in state.positions.items()}
    assert cash == {"o1": 300 * 60_000, "o2": -100 * 60_000}
    assert {h.instrument: h.quantity for h in state.positions["o2"].holdings}[Stock("SPY")] == -100
    fees = sum(p.fees_cents - start.positions[n].fees_cents for n, p in state.positions.items())
    assert fees == 5
    assert start.cash_cents - state.cash_cents == report.cash_cents + 5


@pytest.mark.parametrize(
    ("event", "why"),
    [
        (OrderAccepted("o9", "b"), "order 'o9', which nobody placed"),
        (OrderPlaced(opening("o9", "s9")), "signal 's9', which is not pending"),
        (AccountOpened("second", 1), "cannot be opened in the ledger of test"),
    ],
)
def test_a_fact_about_what_nobody_wrote_down_is_a_fault_of_ours(event: Event, why: str) -> None:
    state = ordered(OrderFilled(fill("e1", O1, 2)))
    with pytest.raises(InvariantError, match=why):
        after(event, start=state)


def test_facts_are_folded_in_order() -> None:
    state = after(*OPENED)
    with pytest.raises(InvariantError, match="Fact 2 cannot follow fact 2"):
        state.apply(2, RunStarted({}, {}, None), START)


def test_a_roll_keeps_the_campaign() -> None:
    rolled = replace(opening("o2", "s2"), campaign_id="o1")
    state = ordered(
        OrderFilled(fill("e1", O1, 2)),
        SignalGenerated(signal("s2")),
        OrderPlaced(rolled),
        OrderFilled(fill("e2", rolled, 1)),
    )
    assert state.positions["o2"].campaign_id == "o1"


def test_the_run_of_a_signal_is_the_last_one_begun() -> None:
    assert after(*OPENED).run_seq == 2
    assert ordered(RunStarted({"again": True}, {}, None)).run_seq == 5


def test_a_closed_position_that_fills_late_is_open_again_and_no_longer_realised() -> None:
    two = opening("o1", "s1", 2)
    close = closing("c1", "o1", 1)
    state = ordered(
        OrderFilled(fill("e1", two, 1)),
        OrderPlaced(close),
        OrderFilled(fill("e2", close, 1, 45, 10)),
        order=two,
    )
    assert state.realised_cents == 4500 - 3500 - 260
    again = after(OrderFilled(fill("e3", two, 1)), start=state)
    assert again.realised_cents == 0
    assert again.closed == {}
    assert held(again, SHORT) == {"o1": -1}
    assert again.positions["o1"].max_loss_cents == 50_000 - 4500 - 1000
