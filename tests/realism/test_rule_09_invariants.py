"""Rule 9: what must hold on every day of every run."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from engine.runs import reconstructed, spec, through_history
from execution.tapes import put
from realism.nights import WEDNESDAY, of, week
from strikewise.domain.errors import InvariantError
from strikewise.domain.events import AccountValued
from strikewise.engine.invariants import check_closed
from strikewise.portfolio.journal import journal_of
from strikewise.portfolio.ledger import read
from strikewise.portfolio.projection import AccountState

LATER = date(2024, 4, 19)


def test_the_account_adds_up_on_every_day_and_holds_nothing_past_its_expiry() -> None:
    state, days = AccountState(), 0
    for record in read(through_history(spec(), reconstructed())):
        state = state.apply(record.seq, record.event, record.known_at)
        if isinstance(record.event, AccountValued):
            days += 1
            told = record.event
            assert told.cash_cents == state.cash_cents
            paid = sum(one.cash_cents + one.fees_cents for one in state.positions.values())
            marks = told.equity_mid_cents - state.cash_cents
            assert state.deposited_cents + state.realised_cents + marks - paid == told.equity_mid_cents
            held = [one.instrument for position in state.positions.values() for one in position.holdings]
            assert all(contract.expiration >= record.known_at.date() for contract in held)
    assert days > 80


def test_no_position_of_defined_risk_loses_more_than_its_width_less_the_credit_and_fees() -> None:
    trades = journal_of(read(through_history(spec(), reconstructed()))).trades
    bounded = [one for one in trades if one.strategy != "naked_put" and one.profit_cents is not None]
    for trade in bounded:
        assert trade.max_loss_cents is not None
        assert -(trade.profit_cents or 0) <= trade.max_loss_cents + trade.fees_cents
        assert (
            trade.max_loss_cents - trade.entry_cents
        ) % 50_000 == 0  # whole strikes wide, five points apart
    assert len(bounded) > 10


def test_a_position_that_lost_more_than_it_could_stops_the_run() -> None:
    spread = of((put(480, LATER), -1), (put(470, LATER), 1))
    _, ledger = week(spread, [(put(480, LATER), 300, 310), (put(470, LATER), 150, 160)])
    state = AccountState.fold(ledger.records())
    (name, held), *_ = state.positions.items()
    assert held.structure == spread
    before = {name: replace(held, max_loss_cents=86_000)}
    lost = replace(held, holdings=(), cash_cents=86_001)
    after = replace(state, positions={}, closed=state.closed.put(name, lost))
    with pytest.raises(InvariantError, match="could lose 86000 and lost 86001"):
        check_closed(before, after, ())
    check_closed(before, after, [name])  # one that was delivered shares may have met a gap
    check_closed({name: replace(held, max_loss_cents=None)}, after, ())
    check_closed(before, replace(after, closed=state.closed.put(name, replace(lost, cash_cents=86_000))), ())


def test_every_look_of_a_run_over_the_past_asks_what_was_closed_for_its_loss() -> None:
    spread = of((put(480, LATER), -1), (put(470, LATER), 1))
    rows = [(put(480, LATER), 300, 310), (put(470, LATER), 150, 160)]
    closing = {"max_loss_cents": 86_000, "closes": frozenset({WEDNESDAY})}
    week(spread, rows, told=closing)
    with pytest.raises(InvariantError, match="could lose 1000 and lost 2000"):
        week(spread, rows, told={**closing, "max_loss_cents": 1_000})
