"""What reconciliation writes: counted from then on, neither won nor lost, and shown with its reason."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from portfolio.event_strategies import LONG, SHORT, START, closing, fill, opening, settled, signal
from strikewise.domain.errors import StructureError
from strikewise.domain.events import (
    AccountOpened,
    CashFlowed,
    Event,
    OptionSettled,
    OrderFilled,
    OrderPlaced,
    PositionSplit,
    RunStarted,
    SignalGenerated,
)
from strikewise.domain.instruments import Right, Stock
from strikewise.domain.orders import CashFlow, FlowKind, SplitReport
from strikewise.domain.portfolio import Holding
from strikewise.domain.reconciled import (
    EXTERNAL,
    CashAdjusted,
    HoldingAdjusted,
    PositionAdopted,
    PositionClaimed,
    PositionWrittenOff,
)
from strikewise.portfolio.journal import Journal, journal_of
from strikewise.portfolio.ledger import Entry, MemoryLedger
from strikewise.portfolio.lineage import lineage
from strikewise.portfolio.projection import AccountState

O1 = opening("o1", "s1", quantity=2)
HELD: tuple[Event, ...] = (
    AccountOpened("test", 10_000_000),
    RunStarted({}, {}, None),
    SignalGenerated(signal("s1")),
    OrderPlaced(O1),
    OrderFilled(fill("e1", O1, 2)),
)
SPREADS = (Holding(SHORT, -3), Holding(LONG, 3))
ADOPTED = PositionAdopted("x1", "SPY", SPREADS, -12_000, "found at the broker")
CALL = replace(SHORT, right=Right.CALL)
LATER = replace(SHORT, expiration=SHORT.expiration + timedelta(days=30))


def after(*events: Event, start: AccountState | None = None) -> AccountState:
    state = AccountState() if start is None else start
    for event in events:
        state = state.apply(state.seq + 1, event, START)
    return state


def journal(*events: Event) -> Journal:
    ledger = MemoryLedger()
    ledger.append([Entry(event, START, "engine") for event in events], recorded_at=START)
    return journal_of(ledger.records())


def flow(kind: FlowKind, cents: int, position: str = "", name: str = "f1") -> CashFlowed:
    return CashFlowed(CashFlow(name, kind, position, "SPY", cents, START))


def test_an_adopted_spread_is_counted_with_what_it_can_lose_and_makes_no_profit() -> None:
    state = after(*HELD, ADOPTED)
    position = state.positions["x1"]
    assert (position.strategy, position.signal_id, position.quantity) == (EXTERNAL, "", 3)
    assert position.structure.name == "put_credit_spread"
    assert position.entry_cents == position.cash_cents == -12_000
    assert position.max_loss_cents == position.margin_cents == position.stake_cents == 3 * 50_000 - 12_000
    before = after(*HELD)
    assert (state.cash_cents, state.realised_cents) == (before.cash_cents, before.realised_cents)
    assert state.deposited_cents == before.deposited_cents - 12_000
    assert state.fact_of("x1") == 6
    assert state.opened == before.opened


@pytest.mark.parametrize(
    ("holdings", "cost", "most"),
    [
        ((Holding(CALL, -1),), -300, None),
        ((Holding(LONG, 2),), 5_000, 5_000),
        ((Holding(Stock("SPY"), 100),), 6_000_000, 6_000_000),
        ((Holding(Stock("SPY"), -100),), -6_000_000, None),
        ((Holding(SHORT, -1), Holding(LATER, 1)), 9_000, 9_000),
        ((Holding(SHORT, -1), Holding(replace(LATER, strike_milli=595_000), 1)), 1_000, 51_000),
        ((Holding(LATER, -1), Holding(SHORT, 1)), -9_000, 6_000_000 - 9_000),
        ((Holding(replace(CALL, expiration=LATER.expiration), -1), Holding(CALL, 1)), -9_000, None),
        ((Holding(CALL, -1), Holding(Stock("SPY"), 100)), 5_900_000, 5_900_000),
    ],
    ids=["call", "put", "shares", "short", "calendar", "diagonal", "reverse", "reverse-call", "covered"],
)
def test_what_an_adopted_position_can_lose_shows_from_its_holdings(
    holdings: tuple[Holding, ...], cost: int, most: int | None
) -> None:
    position = after(*HELD, PositionAdopted("x1", "SPY", holdings, cost, "")).positions["x1"]
    assert position.max_loss_cents == most
    assert position.margin_cents == (6_000_000 if most is None else most)


def test_a_position_on_two_underlyings_is_not_one() -> None:
    holdings = (Holding(SHORT, 1), Holding(Stock("QQQ"), 1))
    with pytest.raises(StructureError, match="share one underlying"):
        after(*HELD, PositionAdopted("x1", "SPY", holdings, 0, ""))


def test_adopting_what_is_there_or_nothing_changes_nothing() -> None:
    state = after(*HELD, ADOPTED)
    again = after(ADOPTED, PositionAdopted("x2", "SPY", (), 5, ""), start=state)
    assert replace(again, seq=state.seq) == state


def test_a_position_adopted_again_keeps_what_it_came_to_before() -> None:
    gone = HoldingAdjusted("x1", SHORT, 3, 0, ""), HoldingAdjusted("x1", LONG, -3, 0, "")
    state = after(*HELD, ADOPTED, *gone, PositionAdopted("x1", "SPY", (Holding(LONG, 1),), 900, "back"))
    assert state.closed == {}
    assert state.positions["x1"].cash_cents == -12_000 + 900
    assert state.positions["x1"].structure.name == "long_put"
    assert state.realised_cents == 0


def test_a_claimed_position_is_its_strategys_and_its_profit_too() -> None:
    close = closing("c1", "x1", 3)
    state = after(*HELD, ADOPTED, PositionClaimed("x1", "credit_spread"))
    assert state.positions["x1"].strategy == "credit_spread"
    done = after(OrderPlaced(close), OrderFilled(fill("e2", close, 3, 45, 25)), start=state)
    assert done.realised_cents == 12_000 - 3 * 2_000 - 390
    assert done.outcomes.records["credit_spread"].trades == 1
    assert after(PositionClaimed("nobody", "x"), start=state).positions == state.positions


def test_a_phantom_is_written_off_with_neither_profit_nor_loss_but_its_fees() -> None:
    before, state = after(*HELD), after(*HELD, PositionWrittenOff("o1", "not there, twice"))
    assert state.positions == {}
    assert state.closed["o1"].holdings == ()
    assert state.realised_cents == -260
    assert state.deposited_cents - before.deposited_cents == 9_000
    assert state.cash_cents == before.cash_cents == state.deposited_cents + state.realised_cents
    assert state.outcomes.records == {}
    assert after(PositionWrittenOff("o1", "again"), start=state).deposited_cents == state.deposited_cents


def test_a_late_fill_reopens_what_was_written_off_and_it_still_is_no_trade() -> None:
    state = after(*HELD, PositionWrittenOff("o1", "not there"), OrderFilled(fill("e2", O1, 1)))
    assert state.positions["o1"].cash_cents == -4_500
    state = after(PositionWrittenOff("o1", "again"), start=state)
    assert state.outcomes.records == {}
    assert state.realised_cents == -390


def test_an_adjusted_holding_is_paid_for_from_outside() -> None:
    before = after(*HELD)
    state = after(HoldingAdjusted("o1", SHORT, 1, 4_000, "bought by hand"), start=before)
    position = state.positions["o1"]
    assert {one.instrument: one.quantity for one in position.holdings} == {SHORT: -1, LONG: 2}
    assert (position.quantity, position.structure) == (2, O1.structure)
    assert position.cash_cents == -9_000 + 4_000
    assert position.max_loss_cents == 50_000 - 5_000
    assert state.deposited_cents - before.deposited_cents == 4_000
    assert state.cash_cents == before.cash_cents
    assert state.corrections.touched == {"o1": 6}


def test_an_external_position_is_always_what_its_holdings_make() -> None:
    state = after(*HELD, ADOPTED, HoldingAdjusted("x1", LONG, -3, -900, "sold by hand"))
    position = state.positions["x1"]
    assert (position.structure.name, position.quantity) == ("short_put", 3)
    assert position.max_loss_cents == 3 * 6_000_000 - 12_900


def test_adjusting_what_is_unknown_adopts_it() -> None:
    state = after(*HELD, HoldingAdjusted("x9", Stock("QQQ"), 7, 350_000, "found"))
    assert (state.positions["x9"].strategy, state.positions["x9"].underlying) == (EXTERNAL, "QQQ")
    assert state.fact_of("x9") == 6


def test_cash_from_outside_is_a_deposit() -> None:
    before = after(*HELD)
    for event in (CashAdjusted(-5_000, "the broker's"), flow(FlowKind.TRANSFER, 5_000)):
        state = after(event, start=before)
        assert state.cash_cents - before.cash_cents == -5_000
        assert state.deposited_cents - before.deposited_cents == -5_000
        assert state.realised_cents == before.realised_cents


def test_a_late_fee_is_its_positions_open_or_closed_and_else_the_accounts() -> None:
    state = after(*HELD, flow(FlowKind.FEE, 65, "o1"))
    assert (state.positions["o1"].fees_cents, state.positions["o1"].cash_cents) == (325, -9_000)
    close = closing("c1", "o1", 2)
    done = after(OrderPlaced(close), OrderFilled(fill("e2", close, 2, 45, 25)), start=state)
    late = after(flow(FlowKind.FEE, 30, "o1", "f2"), start=done)
    assert late.closed["o1"].fees_cents == done.closed["o1"].fees_cents + 30
    assert late.realised_cents == done.realised_cents - 30
    assert late.outcomes.records["credit_spread"].trades == 1
    assert late.outcomes.records["credit_spread"].profit_cents == late.realised_cents
    own = after(flow(FlowKind.FEE, 10, "", "f3"), start=late)
    assert own.realised_cents == late.realised_cents - 10
    assert own.closed == late.closed


def test_what_settles_beyond_what_is_held_is_booked_as_far_as_it_is() -> None:
    report = replace(settled("x1", "", SHORT, -8, 59_000), fees_cents=80)
    before, state = after(*HELD), after(*HELD, OptionSettled(report))
    position = state.positions["o1"]
    assert {one.instrument: one.quantity for one in position.holdings} == {LONG: 2, Stock("SPY"): 200}
    assert before.cash_cents - state.cash_cents == 200 * 60_000 + 20
    assert state.corrections.unbooked == {"x1": 6}


@pytest.mark.parametrize(
    "event",
    [
        OptionSettled(settled("x1", "nobody", SHORT, -2, 59_000)),
        OptionSettled(settled("x1", "", CALL, -1, 59_000)),
        OptionSettled(settled("x1", "", SHORT, 2, 59_000)),
        OptionSettled(settled("x1", "", SHORT, 0, 59_000)),
        PositionSplit(SplitReport("x1", "nobody", "SPY", 2, 1, 0, START)),
        OrderFilled(fill("x1", opening("o9", "s9"), 1)),
    ],
    ids=["no position", "not held", "other sign", "none", "no split", "no order"],
)
def test_what_a_broker_tells_of_nothing_we_have_moves_nothing_and_is_noted(event: Event) -> None:
    before, state = after(*HELD), after(*HELD, event)
    assert state.corrections.unbooked == {"x1": 6}
    assert (state.cash_cents, state.positions) == (before.cash_cents, before.positions)


def test_the_journal_names_what_was_done_to_a_position_and_why() -> None:
    told = journal(
        *HELD,
        ADOPTED,
        PositionClaimed("x1", "credit_spread"),
        HoldingAdjusted("x1", LONG, -1, -300, "sold by hand"),
        PositionWrittenOff("o1", "not there, twice"),
    )
    ours, theirs = told.trades
    assert (ours.exit_reason, ours.note) == ("WRITTEN_OFF", "not there, twice")
    assert (ours.profit_cents, ours.exit_cents) == (-260, 9_000)
    assert theirs.note == (
        "found at the broker; claimed for credit_spread; -1 SPY 2026-09-18 595P: sold by hand"
    )
    assert (theirs.probability_of_profit, theirs.score, theirs.edge_cents) == (None, None, None)
    assert (theirs.closed_at, theirs.opened_seq) == (None, 6)
    assert [(row.position_id, row.strategy, row.note) for row in told.positions] == [
        ("x1", "credit_spread", theirs.note)
    ]


def test_the_line_of_an_adopted_trade_begins_where_it_was_found() -> None:
    ledger = MemoryLedger()
    events = (*HELD, ADOPTED, CashAdjusted(5, ""), PositionClaimed("x1", "credit_spread"))
    ledger.append([Entry(event, START, "engine") for event in events], recorded_at=START)
    assert [record.seq for record in lineage(ledger.records(), "x1")] == [6, 8]
