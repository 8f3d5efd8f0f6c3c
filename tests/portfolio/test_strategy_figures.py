"""An account's result in parts: by strategy, month, regime and campaign; the parts add up to the whole."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import groupby

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from portfolio.event_strategies import START, opening, signal
from strikewise.domain.events import AccountOpened, OrderPlaced, SignalGenerated
from strikewise.domain.track_record import NO_TRADES
from strikewise.portfolio.campaigns import campaigns_of
from strikewise.portfolio.journal_rows import EquityRow, StrategyRow, TradeRow
from strikewise.portfolio.projection import AccountState
from strikewise.portfolio.regime_figures import regime_figures
from strikewise.portfolio.strategy_curves import (
    StrategyCurves,
    correlations,
    curves_of,
    months_of,
    strategy_figures,
)

CAPITAL = 10_000_000
CLOSE = datetime(2024, 1, 2, 21, tzinfo=UTC)


def equity(changes: list[int], regimes: list[str] | None = None) -> list[EquityRow]:
    levels = CAPITAL + np.cumsum(changes, dtype=np.int64)
    names = regimes or [""] * len(changes)
    return [
        EquityRow(n + 1, CLOSE + timedelta(days=n), 0, int(level), int(level), 0, 0, 0, 0, 0, 0, 0, 0, name)
        for n, (level, name) in enumerate(zip(levels, names, strict=True))
    ]


def rows(label: str, changes: list[int], start: int = 0) -> list[StrategyRow]:
    """Return a strategy's rows from a day on; before that nobody told of it."""
    return [
        StrategyRow(f"{n + 1}/{label}", n + 1, CLOSE + timedelta(days=n), label, int(sum(changes[: n + 1])))
        for n in range(start, len(changes))
    ]


def trade(name: str, profit: int | None, **changes: object) -> TradeRow:
    made = TradeRow(
        trade_id=name,
        campaign_id=name,
        signal_id="",
        strategy="a",
        underlying="SPY",
        structure="put_credit_spread",
        legs="",
        quantity=1,
        opened_at=CLOSE,
        closed_at=None if profit is None else CLOSE + timedelta(days=3),
        entry_cents=-100,
        exit_cents=0,
        fees_cents=10,
        profit_cents=profit,
        return_on_risk=None,
        return_on_margin=None if profit is None else profit / 1000,
        days_held=None if profit is None else 3,
        exit_reason="",
        grade="quotes",
        max_loss_cents=1000,
        margin_cents=1000,
        probability_of_profit=0.8,
        score=1.0,
        edge_cents=1,
        regime="bull",
        estimated_marks=0,
        policy_fills=0,
        opened_seq=1,
        closed_seq=None,
    )
    return replace(made, **changes)


steps = st.lists(
    st.tuples(*[st.integers(-50_000, 50_000)] * 3), min_size=1, max_size=90
)  # of two strategies, and of the account itself


@given(steps)
def test_the_months_of_strategies_and_the_account_itself_add_up(moves: list[tuple[int, int, int]]) -> None:
    a, b, own = (list(column) for column in zip(*moves, strict=True))
    curves = curves_of(
        CAPITAL, ["a", "b"], equity([sum(move) for move in moves]), [*rows("a", a), *rows("b", b)]
    )
    assert curves.own == tuple(np.cumsum(own).tolist())
    months = months_of(curves)
    assert [(one.year, one.month) for one in months] == sorted({(day.year, day.month) for day in curves.days})
    for one in months:
        assert one.combined == pytest.approx(sum(one.by_strategy.values()) + one.own)
    assert sum(one.combined for one in months) == pytest.approx(sum(sum(move) for move in moves) / 100)
    figures = {one.strategy: one for one in strategy_figures(curves, [], [])}
    assert figures["a"].profit == sum(a) / 100
    assert figures["b"].max_drawdown <= min(0, sum(b)) / 100
    assert figures["b"].by_regime == {"unknown": sum(b) / 100}


def test_a_strategy_that_trades_late_or_never_has_a_curve_of_nothing_before() -> None:
    moves = [0, 0, 700, -200]
    curves = curves_of(CAPITAL, ["never", "late"], equity(moves), rows("late", moves, start=2))
    assert curves.by_strategy == {"never": (0, 0, 0, 0), "late": (0, 0, 700, 500)}
    never, late = strategy_figures(curves, [], [])
    assert (never.sharpe, never.win_rate, never.days) == (None, None, 0)
    assert (late.days, late.max_drawdown) == (2, -2.0)


@given(st.integers(0, 2**32 - 1))
def test_correlations_are_those_of_numpy_and_a_strategy_without_a_past_has_none(seed: int) -> None:
    random = np.random.default_rng(seed)
    a, b = random.integers(-1000, 1000, (2, 60)).tolist()
    curves = StrategyCurves(
        tuple(date(2024, 1, 1) + timedelta(days=n) for n in range(60)),
        ("bull",) * 60,
        {"a": tuple(np.cumsum(a).tolist()), "b": tuple(np.cumsum(b).tolist()), "flat": (0,) * 60},
        (0,) * 60,
        (0,) * 60,
    )
    found = correlations(curves)
    assert found[0][1] == pytest.approx(np.corrcoef(a, b)[0, 1])
    assert (found[0][0], found[0][2], found[2][2]) == (1.0, None, None)
    few = replace(curves, by_strategy={name: curve[:19] for name, curve in curves.by_strategy.items()})
    assert {value for row in correlations(few) for value in row} == {None}


@given(st.lists(st.tuples(st.sampled_from(["bull", "bear", ""]), st.integers(-9_000, 9_000)), min_size=1))
def test_regimes_divide_days_profit_and_stretches_among_them(days: list[tuple[str, int]]) -> None:
    labels, moves = [name for name, _ in days], [move for _, move in days]
    found = {one.regime: one for one in regime_figures(CAPITAL, equity(moves, labels), [])}
    assert set(found) == {name or "unknown" for name in labels}
    assert sum(one.days for one in found.values()) == len(days)
    assert sum(one.profit for one in found.values()) == pytest.approx(sum(moves) / 100)
    assert sum(one.episodes for one in found.values()) == len(list(groupby(labels)))
    assert sum(one.share for one in found.values()) == pytest.approx(1.0)


def test_a_small_sample_of_a_regime_is_said_to_be_one() -> None:
    alternating = ["bull", "neutral"] * 30
    trades = [trade(str(n), 100 if n % 3 else -100) for n in range(30)]
    enough = {one.regime: one for one in regime_figures(CAPITAL, equity([5] * 60, alternating), trades)}
    assert (enough["bull"].few, enough["neutral"].few) == (False, True)
    assert enough["bull"].win_rate == pytest.approx(2 / 3)
    once = {one.regime: one for one in regime_figures(CAPITAL, equity([5] * 60, ["bull"] * 60), trades)}
    assert once["bull"].few  # thirty trades of one stretch are one episode


def test_trades_of_a_regime_that_never_acted_on_a_valued_day_are_shown_too() -> None:
    found = {one.regime: one for one in regime_figures(CAPITAL, equity([1]), [trade("t", 5, regime="")])}
    assert (found["unknown"].trades, found["unknown"].days) == (1, 1)
    found = {one.regime: one for one in regime_figures(CAPITAL, equity([1]), [trade("t", 5, regime="crash")])}
    assert (found["crash"].trades, found["crash"].days, found["crash"].sharpe) == (1, 0, None)


def test_positions_that_were_never_rolled_are_no_campaign() -> None:
    assert campaigns_of([trade("a", 5), trade("b", 7)]) == ()
    (found,) = campaigns_of([trade("a", 500), trade("b", -700, campaign_id="a", opened_seq=9)])
    assert (found.rolls, found.profit_cents, found.fees_cents, found.days) == (1, -200, 20, 3)
    assert [step.running_cents for step in found.steps] == [500, -200]


# --- records of closed trades ---

outcomes = st.lists(st.tuples(st.integers(-(10**7), 10**7), st.integers(0, 10**7)), max_size=40)


@given(outcomes)
def test_a_record_is_what_its_trades_come_to(trades: list[tuple[int, int]]) -> None:
    record = NO_TRADES
    for profit, stake in trades:
        record = record.changed(profit, stake)
    returns = [profit / stake for profit, stake in trades if stake]
    assert (record.trades, record.won) == (len(trades), sum(profit > 0 for profit, _ in trades))
    assert record.profit_cents == sum(profit for profit, _ in trades)
    assert record.mean == (pytest.approx(np.mean(returns)) if returns else None)
    assert record.mean_square == (pytest.approx(np.mean(np.square(returns))) if returns else None)


@given(outcomes, st.integers(-(10**7), 10**7), st.integers(0, 10**7))
def test_a_trade_that_turns_out_open_leaves_the_record_as_if_it_had_not_been(
    trades: list[tuple[int, int]], profit: int, stake: int
) -> None:
    record = NO_TRADES
    for one in trades:
        record = record.changed(*one)
    again = record.changed(profit, stake).changed(profit, stake, times=-1)
    assert (again.trades, again.won, again.profit_cents, again.measured) == (
        record.trades,
        record.won,
        record.profit_cents,
        record.measured,
    )
    gain = profit / stake if stake else 0.0
    assert again.returns == pytest.approx(record.returns, abs=1e-9 * max(1.0, abs(gain)))


def test_the_day_of_an_order_is_that_of_new_york() -> None:
    evening = datetime(2026, 7, 23, 1, 30, tzinfo=UTC)  # the 22nd, half past nine in the evening
    state = AccountState().apply(1, AccountOpened("test", 100), START)
    state = state.apply(2, SignalGenerated(signal("s1")), evening)
    state = state.apply(3, OrderPlaced(opening("o1", "s1", at=evening)), evening)
    assert state.opened_today(date(2026, 7, 22)) == {"credit_spread": 1}
    assert state.opened_today(date(2026, 7, 23)) == {}


def test_what_is_paid_in_belongs_to_no_strategy_and_no_regime() -> None:
    changes, paid = [100, -50, 70], [0, 500_000, 500_000]
    still = equity(changes, ["calm", "wild", "calm"])
    moved = [
        replace(row, equity_exit_cents=row.equity_exit_cents + more, deposited_cents=CAPITAL + more)
        for row, more in zip(still, paid, strict=True)
    ]
    told = rows("a", changes)
    assert curves_of(CAPITAL, ["a"], moved, told) == curves_of(CAPITAL, ["a"], still, told)
    before, after = regime_figures(CAPITAL, still, ()), regime_figures(CAPITAL, moved, ())
    assert [(row.regime, row.profit) for row in after] == [(row.regime, row.profit) for row in before]
