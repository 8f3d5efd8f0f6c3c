"""Fees of a broker that charges them the day after, at the trade that causes them."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from portfolio.event_strategies import LONG, SHORT, START, fill, opening, settled, signal
from strikewise.domain.events import (
    AccountOpened,
    CashFlowed,
    Event,
    OptionSettled,
    OrderFilled,
    OrderPlaced,
    SignalGenerated,
)
from strikewise.domain.reconciled import ExecutionReversed
from strikewise.engine.accruing import with_fees_due
from strikewise.execution.fees import FeeSchedule
from strikewise.market.calendar import NEW_YORK
from strikewise.portfolio.ledger import Entry
from strikewise.portfolio.projection import AccountState

FEES = FeeSchedule(commission_cents=65.0, assignment_cents=500)
O1 = opening("o1", "s1", quantity=2)
PLACED: tuple[Event, ...] = (
    AccountOpened("test", 10_000_000),
    SignalGenerated(signal("s1")),
    OrderPlaced(O1),
)
WHOLE = replace(fill("e1", O1, 2), fees_cents=0)
COST = FEES.order_cents(WHOLE.legs, WHOLE.at.astimezone(NEW_YORK).date())


def after(*events: Event, start: AccountState | None = None) -> AccountState:
    state = start or AccountState()
    for event in events:
        state = state.apply(state.seq + 1, event, START)
    return state


def written(state: AccountState, *events: Event) -> tuple[AccountState, int]:
    """Return the account after facts with the fees expected for them, and the sum of these."""
    entries = list(with_fees_due([Entry(event, START, "broker") for event in events], state, FEES))
    due = sum(one.event.flow.cash_cents for one in entries if isinstance(one.event, CashFlowed))
    return after(*(one.event for one in entries), start=state), due


def legs(*, at_once: bool = True) -> list[Event]:
    seconds = (0, 0) if at_once else (0, 1)
    return [
        OrderFilled(
            replace(WHOLE, execution_id=f"e{n}", quantity=0, legs=(leg,), at=WHOLE.at.replace(second=second))
        )
        for n, (leg, second) in enumerate(zip(WHOLE.legs, seconds, strict=True))
    ]


def test_a_fill_costs_its_fee_at_once_though_the_broker_has_not_charged_it() -> None:
    state, due = written(after(*PLACED), OrderFilled(WHOLE))
    plain = after(*PLACED, OrderFilled(replace(WHOLE, fees_cents=COST)))
    assert due == COST > 0
    assert state.positions == plain.positions
    assert state.cash_cents == plain.cash_cents
    assert state.fees_owed.due_cents == COST


@given(st.booleans(), st.integers(0, 2))
def test_legs_one_by_one_cost_what_the_order_does_however_they_are_written(at_once: bool, cut: int) -> None:
    told = legs(at_once=at_once)
    state, first = written(after(*PLACED), *told[:cut])
    state, second = written(state, *told[cut:])
    assert first + second - COST in ({0} if at_once else {0, 1})
    assert state.fees_owed.due_cents == first + second


def test_a_fill_that_is_told_again_costs_nothing_more() -> None:
    state, _ = written(after(*PLACED), OrderFilled(WHOLE))
    assert written(state, OrderFilled(WHOLE)) == (replace(state, seq=state.seq + 1), 0)
    _, due = written(after(*PLACED), OrderFilled(WHOLE), OrderFilled(WHOLE))
    assert due == COST


def test_a_fill_that_tells_its_fee_is_charged_already() -> None:
    _, due = written(after(*PLACED), OrderFilled(fill("e1", O1, 2)))
    assert due == 0


def test_a_fill_of_nobodys_order_waits_for_the_brokers_word() -> None:
    _, due = written(after(*PLACED), OrderFilled(replace(WHOLE, order_id="?")))
    assert due == 0


def test_a_fill_that_is_taken_back_costs_nothing_in_the_end() -> None:
    state, due = written(after(*PLACED), OrderFilled(WHOLE), ExecutionReversed("e1", "o1", "bust"))
    assert due == 0
    assert (state.cash_cents, state.fees_owed.due_cents) == (10_000_000, 0)
    held, _ = written(after(*PLACED), OrderFilled(WHOLE))
    state, due = written(held, ExecutionReversed("e1", "o1", "bust"))
    assert (state.cash_cents, due) == (10_000_000, -COST)


def test_an_assignment_costs_its_fee_and_an_expiry_none() -> None:
    state = after(*PLACED, OrderFilled(WHOLE))
    _, due = written(state, OptionSettled(replace(settled("x1", "", SHORT, -2, 59_000), fees_cents=0)))
    assert due == 500
    worthless = replace(settled("x2", "", LONG, 2, 70_000), fees_cents=0)
    assert worthless.outcome == "expired"
    assert written(state, OptionSettled(worthless))[1] == 0
