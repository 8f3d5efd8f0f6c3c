"""Rule 8: two equity curves, to mid and to exit; drawdowns and decisions use the second."""

from __future__ import annotations

import pytest

from engine.runs import reconstructed, spec, through_history
from execution.tapes import put
from realism.nights import of, week
from strikewise.backtest.result import performance_of
from strikewise.domain.instruments import Stock
from strikewise.portfolio.journal import journal_of
from strikewise.portfolio.ledger import read


def test_what_is_short_is_marked_at_the_ask_and_what_is_long_at_the_bid() -> None:
    short, wing = put(480), put(470)
    journal, _ = week(of((short, -1), (wing, 1)), [(short, 300, 340), (wing, 100, 120)])
    credit = 300 - 120
    for row in journal.equity:
        assert row.equity_mid_cents == 10_000_000 + 100 * (credit - 320 + 110)
        assert row.equity_exit_cents == 10_000_000 + 100 * (credit - 340 + 100)


def test_shares_are_worth_the_same_by_both() -> None:
    journal, _ = week(of((Stock("SPY"), 10)), [(put(480), 300, 340)])
    assert all(row.equity_mid_cents == row.equity_exit_cents for row in journal.equity)


def test_drawdowns_are_those_of_the_exit_curve() -> None:
    chosen = spec()
    facts = through_history(chosen, reconstructed())
    journal = journal_of(read(facts))
    peak, deepest = float("-inf"), 0.0
    by_day = {row.at.date(): row for row in journal.equity}
    for row in by_day.values():
        peak = max(peak, row.equity_exit_cents, chosen.run.capital_cents)
        deepest = max(deepest, 1 - row.equity_exit_cents / peak)
        assert row.equity_exit_cents <= row.equity_mid_cents
    told = performance_of(chosen, read(facts)).summary.max_drawdown
    assert abs(told) == pytest.approx(deepest, abs=1e-9)
    assert deepest > 0.001
