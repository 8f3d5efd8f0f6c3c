"""Fills leg by leg, attempts that replace each other, and fills that a broker takes back."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from portfolio.event_strategies import LONG, SHORT, START, closing, fill, opening, signal
from strikewise.domain.control import OrderCancelAsked
from strikewise.domain.errors import InvariantError
from strikewise.domain.events import (
    AccountOpened,
    Event,
    OrderAccepted,
    OrderClosed,
    OrderFilled,
    OrderPlaced,
    RunStarted,
    SignalGenerated,
)
from strikewise.domain.instruments import OptionContract, Right
from strikewise.domain.orders import Execution, LegFill, Order, OrderEnded
from strikewise.domain.quotes import Grade
from strikewise.domain.reconciled import ExecutionReversed
from strikewise.portfolio.journal import journal_of
from strikewise.portfolio.ledger import Entry, MemoryLedger
from strikewise.portfolio.order_state import OrderStatus
from strikewise.portfolio.projection import AccountState

O1 = opening("o1", "s1", quantity=2)
O2 = replace(O1, order_id="o2", replaces="o1", quantity=1)
C1 = closing("c1", "o1", quantity=2)
ORDERED: tuple[Event, ...] = (
    AccountOpened("test", 10_000_000),
    RunStarted({}, {}, None),
    SignalGenerated(signal("s1")),
    OrderPlaced(O1),
)
CANCELLED = OrderClosed(OrderEnded("o1", "cancelled", "by us", START))


def after(*events: Event, start: AccountState | None = None) -> AccountState:
    state = AccountState() if start is None else start
    for event in events:
        state = state.apply(state.seq + 1, event, START)
    return state


def leg(name: str, order: Order, contract: OptionContract, quantity: int, price: int) -> OrderFilled:
    done = LegFill(contract, quantity, price, price, price)
    return OrderFilled(Execution(name, order.order_id, 0, (done,), 65, START, Grade.QUOTES))


def held(state: AccountState, name: str = "o1") -> dict[object, int]:
    return {one.instrument: one.quantity for one in state.positions[name].holdings}


def busted(name: str, order: str = "o1") -> ExecutionReversed:
    return ExecutionReversed(name, order, "clearly erroneous")


def test_a_position_is_there_from_its_first_leg_on_with_the_risk_of_that_leg() -> None:
    first = after(*ORDERED, leg("e1", O1, SHORT, -2, 145))
    position = first.positions["o1"]
    assert (held(first), position.quantity) == ({SHORT: -2}, 2)
    assert (position.cash_cents, position.fees_cents) == (-29_000, 65)
    assert position.max_loss_cents == 2 * 6_000_000 - 29_000
    assert (first.open_orders["o1"].filled, first.open_orders["o1"].begun) == (0, 2)
    assert first.opened_today(START.date()) == {"credit_spread": 1}

    half = after(leg("e2", O1, LONG, 1, 100), start=first)
    assert (half.open_orders["o1"].filled, half.open_orders["o1"].remaining) == (1, 1)
    whole = after(leg("e3", O1, LONG, 1, 100), start=half)
    assert whole.ended_orders["o1"].status is OrderStatus.FILLED
    assert whole.positions["o1"].max_loss_cents == 2 * 50_000 - 9_000
    assert whole.positions["o1"].margin_cents == 2 * 45_500


def test_a_leg_that_was_filled_at_two_prices_at_once_counts_once_and_costs_both() -> None:
    parts = tuple(LegFill(SHORT, -1, price, -1, -1) for price in (145, 146))
    both = after(*ORDERED, OrderFilled(Execution("e1", "o1", 0, parts, 0, START, Grade.QUOTES)))
    assert (held(both), both.positions["o1"].cash_cents) == ({SHORT: -2}, -29_100)
    whole = after(leg("e2", O1, LONG, 2, 100), start=both)
    assert (whole.ended_orders["o1"].filled, whole.ended_orders["o1"].status) == (2, OrderStatus.FILLED)
    assert after(busted("e1"), start=whole).positions["o1"].cash_cents == 20_000


def test_legs_and_whole_units_add_up_to_what_one_fill_of_all_would_be() -> None:
    pieces = after(
        *ORDERED,
        leg("e1", O1, LONG, 1, 100),
        OrderFilled(fill("e2", O1, 1)),
        leg("e3", O1, SHORT, -1, 145),
    ).positions["o1"]
    whole = after(*ORDERED, OrderFilled(fill("e1", O1, 2))).positions["o1"]
    assert set(pieces.holdings) == set(whole.holdings)
    for name in ("quantity", "entry_cents", "cash_cents", "fees_cents", "max_loss_cents", "margin_cents"):
        assert getattr(pieces, name) == getattr(whole, name), name


def test_a_leg_that_is_all_that_ever_fills_is_held_when_its_order_ends() -> None:
    state = after(*ORDERED, leg("e1", O1, SHORT, -1, 145), CANCELLED)
    assert held(state) == {SHORT: -1}
    assert state.positions["o1"].quantity == 1
    assert state.opened_today(START.date()) == {"credit_spread": 1}


def test_a_position_is_closed_leg_by_leg() -> None:
    state = after(*ORDERED, OrderFilled(fill("e1", O1, 2)), OrderPlaced(C1), leg("e2", C1, SHORT, 2, 45))
    assert (held(state), state.open_orders["c1"].filled) == ({LONG: 2}, 0)
    assert state.positions["o1"].closing_order_id == "c1"
    state = after(leg("e3", C1, LONG, -2, 10), start=state)
    assert state.positions == {}
    assert state.realised_cents == 9_000 - 2 * 3_500 - 260 - 130
    assert state.ended_orders["c1"].status is OrderStatus.FILLED


def test_two_attempts_make_one_position_that_was_opened_once() -> None:
    state = after(*ORDERED, OrderFilled(fill("e1", O1, 1)), CANCELLED, OrderPlaced(O2))
    assert [one.position_id for one in state.pending] == ["o1"]
    assert state.opened_today(START.date()) == {"credit_spread": 1}
    state = after(OrderFilled(fill("e2", O2, 1)), start=state)
    position = state.positions["o1"]
    assert (list(state.positions), position.quantity, position.signal_id) == (["o1"], 2, "s1")
    assert position.margin_cents == 2 * 45_500
    assert position.max_loss_cents == 2 * 45_500
    assert (state.fact_of("o1"), state.fact_of("o2")) == (4, 7)


def test_an_attempt_after_nothing_was_filled_opens_the_position_of_the_first() -> None:
    state = after(*ORDERED, CANCELLED)
    assert state.opened_today(START.date()) == {}
    state = after(OrderPlaced(O2), OrderFilled(fill("e1", O2, 1)), start=state)
    assert list(state.positions) == ["o1"]
    assert state.opened_today(START.date()) == {"credit_spread": 1}


def test_a_second_attempt_that_fails_leaves_what_the_first_one_filled_counted() -> None:
    ended = OrderClosed(OrderEnded("o2", "expired", "", START))
    state = after(*ORDERED, OrderFilled(fill("e1", O1, 1)), CANCELLED, OrderPlaced(O2), ended)
    assert state.opened_today(START.date()) == {"credit_spread": 1}


def test_a_fill_of_the_first_attempt_that_comes_after_the_second_is_held_too() -> None:
    state = after(*ORDERED, CANCELLED, OrderPlaced(O2), OrderFilled(fill("e1", O2, 1)))
    state = after(OrderFilled(fill("e2", O1, 2)), start=state)
    assert held(state) == {SHORT: -3, LONG: 3}
    assert state.positions["o1"].margin_cents == 3 * 45_500


def test_more_than_was_ordered_is_held() -> None:
    state = after(*ORDERED, OrderFilled(fill("e1", O1, 3)))
    assert held(state) == {SHORT: -3, LONG: 3}
    assert state.ended_orders["o1"].filled == 3
    assert state.ended_orders["o1"].remaining == 0
    assert state.positions["o1"].max_loss_cents == 3 * 45_500


def test_an_attempt_replaces_an_order_that_was_written_down() -> None:
    with pytest.raises(InvariantError, match="replaces 'o9', which opened no position"):
        after(*ORDERED, OrderPlaced(replace(O2, replaces="o9")))


def test_an_attempt_to_close_takes_the_place_of_the_first() -> None:
    again = replace(C1, order_id="c2", replaces="c1", quantity=1)
    ended = OrderClosed(OrderEnded("c1", "cancelled", "by us", START))
    state = after(*ORDERED, OrderFilled(fill("e1", O1, 2)), OrderPlaced(C1))
    state = after(OrderFilled(fill("e2", C1, 1, 45, 10)), ended, OrderPlaced(again), start=state)
    assert state.positions["o1"].closing_order_id == "c2"
    assert after(OrderFilled(fill("e3", again, 1, 45, 10)), start=state).positions == {}


def test_an_order_that_was_never_sent_frees_its_place_of_the_day() -> None:
    state = after(*ORDERED, OrderClosed(OrderEnded("o1", "never_sent", "not found, 3 reads", START)))
    assert state.ended_orders["o1"].status is OrderStatus.NEVER_SENT
    assert state.opened_today(START.date()) == {}
    assert state.pending == ()


def test_a_cancel_that_was_asked_for_is_remembered_until_the_order_ends() -> None:
    state = after(*ORDERED, OrderAccepted("o1", "b1"), OrderCancelAsked("o1", "ladder"))
    found = state.open_orders["o1"]
    assert (found.cancelling, found.status, found.broker_order_id) == (True, OrderStatus.ACCEPTED, "b1")
    assert after(CANCELLED, OrderCancelAsked("o1", "again"), start=state).ended_orders["o1"].cancelling
    assert after(OrderCancelAsked("o9", "not ours"), start=state).open_orders == state.open_orders


@pytest.mark.parametrize("closed", [False, True], ids=["open", "closed since"])
def test_a_bust_undoes_a_fill_and_its_correction_is_a_fill_of_its_own(closed: bool) -> None:
    done = [OrderPlaced(C1), OrderFilled(fill("e9", C1, 2, 45, 10))] if closed else []
    state = after(*ORDERED, OrderFilled(fill("e1", O1, 2)), *done)
    right = after(*ORDERED, OrderFilled(fill("e2", O1, 2, short=140)), *done)
    corrected = after(busted("e1"), OrderFilled(fill("e2", O1, 2, short=140)), start=state)
    assert corrected.cash_cents == right.cash_cents
    assert corrected.realised_cents == right.realised_cents
    assert corrected.outcomes.records.get("credit_spread") == right.outcomes.records.get("credit_spread")
    (found,) = (*corrected.positions.values(), *corrected.closed.values())
    (wanted,) = (*right.positions.values(), *right.closed.values())
    # What a closed position could have lost in between nobody asks any more.
    assert found == (replace(wanted, max_loss_cents=found.max_loss_cents) if closed else wanted)
    assert corrected.ended_orders["o1"].filled == 2


def test_a_bust_of_the_only_fill_leaves_no_position_at_all() -> None:
    state = after(*ORDERED, OrderFilled(fill("e1", O1, 2)), busted("e1"))
    assert (state.positions, state.closed, state.realised_cents) == ({}, {}, 0)
    assert state.cash_cents == state.deposited_cents
    assert state.outcomes.records == {}
    assert state.ended_orders["o1"].booked == ()


def test_a_bust_of_a_close_opens_the_position_again() -> None:
    state = after(*ORDERED, OrderFilled(fill("e1", O1, 2)), OrderPlaced(C1))
    before = state.positions["o1"]
    state = after(OrderFilled(fill("e2", C1, 2, 45, 10)), busted("e2", "c1"), start=state)
    assert state.positions["o1"] == replace(before, closing_order_id="")
    assert (state.realised_cents, state.closed) == (0, {})


def test_a_bust_told_before_its_fill_keeps_it_from_being_booked() -> None:
    state = after(*ORDERED, busted("e1"), OrderFilled(fill("e1", O1, 2)))
    assert state.positions == {}
    assert state.open_orders["o1"].remaining == 2


def test_a_fill_that_was_taken_back_is_not_booked_when_it_is_told_again() -> None:
    state = after(*ORDERED, OrderFilled(fill("e1", O1, 2)), busted("e1"))
    again = after(OrderFilled(fill("e1", O1, 2)), busted("e1"), start=state)
    assert replace(again, seq=state.seq) == state


def test_a_bust_of_a_leg_leaves_the_others() -> None:
    state = after(*ORDERED, leg("e1", O1, SHORT, -2, 145), leg("e2", O1, LONG, 2, 100), busted("e1"))
    assert held(state) == {LONG: 2}
    assert (state.ended_orders["o1"].filled, state.ended_orders["o1"].begun) == (0, 2)


def test_the_end_of_an_order_nobody_placed_is_no_news_of_ours() -> None:
    state = after(*ORDERED)
    later = after(OrderClosed(OrderEnded("by hand", "cancelled", "", START)), start=state)
    assert replace(later, seq=state.seq) == state


def journal(*events: Event) -> list[tuple[object, ...]]:
    ledger = MemoryLedger()
    ledger.append([Entry(event, START, "engine") for event in events], recorded_at=START)
    rows = journal_of(ledger.records()).orders
    return [(one.order_id, one.status, one.filled, one.filled_cents, one.replaces, one.note) for one in rows]


def test_the_journal_shows_attempts_and_what_was_taken_back() -> None:
    told = (OrderFilled(fill("e1", O1, 1)), CANCELLED, OrderPlaced(O2), OrderFilled(fill("e2", O2, 1)))
    assert journal(*ORDERED, *told, busted("e1")) == [
        ("o1", "cancelled", 0, 0, "", "clearly erroneous"),
        ("o2", "filled", 1, -4_500, "o1", ""),
    ]


def test_a_trade_whose_fills_were_all_taken_back_is_no_row() -> None:
    ledger = MemoryLedger()
    events = (*ORDERED, OrderFilled(fill("e1", O1, 2)), busted("e1"))
    ledger.append([Entry(event, START, "engine") for event in events], recorded_at=START)
    assert journal_of(ledger.records()).trades == ()


def test_a_leg_of_the_wrong_side_is_held_and_makes_no_unit() -> None:
    other = replace(SHORT, right=Right.CALL, expiration=SHORT.expiration + timedelta(days=7))
    state = after(*ORDERED, leg("e1", O1, SHORT, 2, 145), leg("e2", O1, other, 1, 10))
    assert held(state) == {SHORT: 2, other: 1}
    assert (state.open_orders["o1"].filled, state.open_orders["o1"].begun) == (0, 0)
