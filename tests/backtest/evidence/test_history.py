"""A run as arrays: the same numbers that the report prints."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.runs import CALENDAR, reconstructed, spec
from strikewise.backtest.evidence.history import (
    History,
    history_of_result,
    returns_of,
    run,
    years_of,
)
from strikewise.backtest.evidence.moments import annual_sharpe
from strikewise.backtest.result import ReplayResult, result_of
from strikewise.backtest.runner import replay
from strikewise.domain.quotes import Grade
from strikewise.portfolio.ledger import MemoryLedger, fingerprint


@cache
def finished() -> ReplayResult:
    ledger = MemoryLedger()
    replay(spec(), reconstructed(), CALENDAR, ledger, data={})
    facts = list(ledger.facts())
    return result_of(spec(), ledger.records(), fingerprint(facts), reconstructed(), Grade.RECONSTRUCTED)


@cache
def read() -> History:
    return history_of_result(finished())


def test_a_run_and_its_result_read_alike() -> None:
    ran = run(spec(), reconstructed(), CALENDAR)
    for name in ("days", "returns", "at_risk", "opened", "closed", "outcome", "shares", "open_trades"):
        assert np.array_equal(getattr(ran, name), getattr(read(), name)), name
    assert (ran.regime, ran.longest_days) == (read().regime, read().longest_days)


def test_figures_are_those_of_the_report() -> None:
    summary, found = finished().performance.summary, read()
    assert found.total_return == pytest.approx(summary.total_return, rel=1e-12)
    assert found.drawdown == pytest.approx(summary.max_drawdown, rel=1e-9)
    assert annual_sharpe(found.sharpe()) == pytest.approx(summary.sharpe, rel=1e-9)
    assert found.trades == summary.trades > 10
    years = finished().performance.years
    assert [(one.year, one.total_return) for one in years_of(found)] == [
        (one.year, pytest.approx(one.total_return, rel=1e-9)) for one in years
    ]


def test_trades_are_fractions_of_the_equity_they_were_opened_on() -> None:
    trades = [trade for trade in finished().trades if trade.closed_at is not None]
    found = read()
    assert np.sign(found.outcome).tolist() == [np.sign(trade.profit_cents) for trade in trades]
    first = next(trade for trade in trades if trade.structure == "call_credit_spread")
    row = trades.index(first)
    assert found.outcome[row] == pytest.approx(first.profit_cents / 100_000_000, rel=0.2)
    assert np.all(found.closed >= found.opened)
    before = dict(zip(found.days.tolist(), [1.0, *np.cumprod(1.0 + found.returns)[:-1]], strict=True))
    equity = np.array([100_000_000 * before[day] for day in found.opened.tolist()])
    assert found.outcome * equity == pytest.approx([trade.profit_cents for trade in trades], abs=1.0)
    # Two legs, in and out, a hundred shares each, on a million dollars or so.
    assert found.shares[row] == pytest.approx(4 * 100 * first.quantity / 1_000_000, rel=0.2)


def test_no_option_lived_longer_than_the_longest() -> None:
    assert 30 <= read().longest_days <= 60
    assert int((read().closed - read().opened).max()) <= read().longest_days


@given(st.lists(st.floats(1.0, 1e4), min_size=2, max_size=40))
def test_returns_multiply_to_the_whole(curve: list[float]) -> None:
    returns = returns_of(curve)
    assert np.prod(1 + returns) == pytest.approx(curve[-1] / curve[0], rel=1e-8)


def test_after_nothing_is_left_nothing_is_lost() -> None:
    assert returns_of([100.0, 50.0, -20.0, 30.0]).tolist() == [-0.5, -1.0, 0.0]
