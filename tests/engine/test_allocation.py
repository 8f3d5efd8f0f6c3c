"""Strategies share one account: each on its share, by regime, in order of priority."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.hand_made import Told, hand_spec, played
from engine.runs import CALENDAR, reconstructed, spec
from engine.watched import DAY, LENIENT, ROWS, SPREAD
from execution.tapes import bars, call, close_of
from strikewise.backtest.result import ReplayResult, result_of
from strikewise.backtest.runner import replay
from strikewise.domain.denials import DenialCode
from strikewise.domain.errors import SettingsError
from strikewise.domain.events import AccountValued, OrderPlaced, SignalDenied, SignalGenerated
from strikewise.domain.orders import Purpose
from strikewise.domain.parameters import Parameter, ParameterSpace
from strikewise.domain.quotes import Grade, Series
from strikewise.domain.structures import Leg, Structure
from strikewise.engine.allocation import Allocation, Priority
from strikewise.market.regime import Regime
from strikewise.portfolio.ledger import MemoryLedger, Record, fingerprint

BEARISH = Structure.of([Leg(call(500), -1), Leg(call(505), 1)])
LABELS = ("held", "iron_condor", "credit_spread", "naked_put")


@cache
def ran(**changes: Any) -> tuple[tuple[Record, ...], ReplayResult]:
    """Return records and result of the summer of 2015, with an allocation given as pairs."""
    allocation = {key: dict(value) if key != "priority" else value for key, value in changes.items()}
    if "by_regime" in allocation:
        allocation["by_regime"] = {name: dict(table) for name, table in allocation["by_regime"].items()}
    chosen, ledger = spec(allocation=allocation), MemoryLedger()
    replay(chosen, reconstructed(), CALENDAR, ledger)
    records = tuple(ledger.records())
    facts = tuple(ledger.facts())
    return records, result_of(chosen, records, fingerprint(facts), reconstructed(), Grade.RECONSTRUCTED)


def opened(records: Sequence[Record]) -> list[tuple[Record, str]]:
    return [
        (one, one.event.order.strategy)
        for one in records
        if isinstance(one.event, OrderPlaced) and one.event.order.purpose is Purpose.OPEN
    ]


def test_what_strategies_bring_adds_up_to_what_the_account_gains() -> None:
    records, result = ran()
    valued = [one.event for one in records if isinstance(one.event, AccountValued)]
    assert len(valued) > 50
    assert {sum(one.profits.values()) for one in valued} == {
        one.equity_exit_cents - 100_000_000 for one in valued
    }
    curves = result.portfolio.curves
    assert set(curves.by_strategy) == set(LABELS)
    assert set(curves.own) == {0}
    months = result.portfolio.months
    assert sum(one.combined for one in months) == pytest.approx(result.performance.summary.net_profit)
    assert [one.combined for one in months] == pytest.approx(
        [one.profit for one in result.performance.months]
    )


def test_every_day_and_trade_has_its_regime_and_the_regimes_add_up_to_the_run() -> None:
    records, result = ran()
    known = {one.value for one in Regime}
    assert {one.event.regime for one in records if isinstance(one.event, AccountValued)} <= known
    assert {trade.regime for trade in result.trades} <= known
    rows = result.portfolio.regimes
    assert sum(row.days for row in rows) == len(result.equity)
    assert sum(row.profit for row in rows) == pytest.approx(result.performance.summary.net_profit)
    assert sum(row.trades for row in rows) == result.performance.summary.trades
    assert all(row.few for row in rows)  # four months carry no conclusion about any regime
    assert any(row.regime == "high_volatility" for row in rows)  # after 2015-08-24


def test_a_strategy_opens_within_its_share_of_equity() -> None:
    share = 0.02
    records, result = ran(weights=tuple((label, share) for label in LABELS))
    assert 0 < len(opened(records)) < len(opened(ran()[0]))
    equity = {one.at: one.equity_exit_cents for one in result.equity}
    for trade in result.trades:
        held = [
            other.margin_cents
            for other in result.trades
            if other.strategy == trade.strategy
            and other.opened_seq <= trade.opened_seq
            and (other.closed_at is None or other.closed_at > trade.opened_at)
        ]
        # The equity of the day is told after the fills, whose costs it has paid.
        assert sum(held) <= share * equity[trade.opened_at] * 1.01


def test_a_share_of_one_for_everybody_changes_no_trade() -> None:
    free, full = ran()[0], ran(weights=tuple((label, 1.0) for label in LABELS))[0]
    orders = [[one.event for one in run if isinstance(one.event, OrderPlaced)] for run in (free, full)]
    assert orders[0] == orders[1]


def test_a_share_of_zero_in_a_regime_stops_entries_and_what_is_held_is_managed_on() -> None:
    names = [regime.value for regime in Regime]
    none = tuple((label, 0.0) for label in LABELS)
    records, result = ran(by_regime=tuple((name, none) for name in names if name != "neutral"))
    regimes = {one.at.date(): one.regime for one in result.equity}
    entries = {regimes[one.known_at.date()] for one, _ in opened(records)}
    assert entries == {"neutral"}
    closed = {
        regimes[trade.closed_at.date()] for trade in result.trades if trade.closed_at and trade.exit_reason
    }
    assert closed - {"neutral"}


@pytest.mark.parametrize("priority", [Priority.SCORE, Priority.EDGE])
def test_signals_of_a_tick_are_judged_by_what_was_set(priority: Priority) -> None:
    records, _ = ran(priority=priority.value)
    by_tick: dict[Any, list[float]] = {}
    for one in records:
        if isinstance(one.event, SignalGenerated):
            signal = one.event.signal
            rank = signal.score if priority is Priority.SCORE else signal.edge_cents / signal.margin_cents
            by_tick.setdefault(one.known_at, []).append(rank)
    assert any(len(set(ranks)) > 1 for ranks in by_tick.values())
    assert all(ranks == sorted(ranks, reverse=True) for ranks in by_tick.values())


def in_a_bull_market(told: Told, priority: Priority, penalty: float) -> list[Record]:
    """Return the records of a day on which the regime surely speaks against what is bearish."""
    sessions = CALENDAR.sessions(DAY - timedelta(days=700), DAY - timedelta(days=1))
    rise = (490.0 * 1.001 ** np.arange(1 - len(sessions), 1)).tolist()
    days = {day: (close, close) for day, close in zip(sessions, rise, strict=True)}
    closes = bars("SPY", days)
    calm = Series("VIX", closes.days, 17.0 + 0.001 * (closes.days % 7), closes.known_at)
    chosen = hand_spec(told, start=DAY, end=DAY)
    run = replace(chosen.run, allocation=Allocation(priority=priority))
    chosen = replace(chosen, run=run, governor=replace(LENIENT, regime_penalty=penalty))
    calls = [(one, price, price + 10) for one, price in ((call(500), 100), (call(505), 40))]
    _, ledger = played(chosen, {close_of(DAY): (490.5, [*ROWS, *calls])}, days, series=[calm])
    records = list(ledger.records())
    assert [one.event.regime for one in records if isinstance(one.event, AccountValued)] == ["bull"]
    return records


@pytest.mark.parametrize("priority", [Priority.SCORE, Priority.ORDER])
@pytest.mark.parametrize(("penalty", "first"), [(15.0, SPREAD), (0.0, BEARISH)])
def test_a_signal_that_the_regime_speaks_against_comes_later_by_the_points_it_costs(
    priority: Priority, penalty: float, first: Structure
) -> None:
    records = in_a_bull_market(Told({DAY: [BEARISH, SPREAD]}), priority, penalty)
    judged = [one.event.signal for one in records if isinstance(one.event, SignalGenerated)]
    assert {one.score for one in judged} == {50.0}  # what it costs changes no signal
    assert judged[0].structure == first
    assert len(judged) == 2


def test_a_signal_below_its_strategys_least_score_by_what_the_regime_costs_is_denied() -> None:
    least = Parameter("min_score", 40.0, "Least score.", "points", 0.0, 100.0)
    told = Told({DAY: [BEARISH, SPREAD]}, space=ParameterSpace((least,)))
    records = in_a_bull_market(told, Priority.ORDER, 15.0)
    denied = [one.event for one in records if isinstance(one.event, SignalDenied)]
    assert [(one.code, one.detail.partition(" score")[2]) for one in denied] == [
        (DenialCode.BREAKER_REGIME, "=50.0 penalty=15 least=40")
    ]
    placed = [one.event.order for one in records if isinstance(one.event, OrderPlaced)]
    assert [one.structure for one in placed] == [SPREAD]


# --- the table itself ---

shares = st.dictionaries(st.sampled_from(LABELS), st.floats(0, 1))


@settings(max_examples=50, deadline=None)
@given(st.fixed_dictionaries({label: st.floats(0, 1) for label in LABELS}), shares, st.sampled_from(Regime))
def test_a_regime_changes_the_shares_it_names_and_no_other(
    fixed: dict[str, float], special: dict[str, float], regime: Regime
) -> None:
    found = Allocation(fixed, {regime: special})
    assert found.shares(regime) == {**fixed, **special}
    others = [one for one in Regime if one is not regime]
    assert all(found.shares(one) == fixed for one in others)


@pytest.mark.parametrize(
    ("made", "says"),
    [
        (Allocation({"x": 0.5}), "names x, which no strategy of the run is called"),
        (Allocation({"held": 0.5}), "gives no share to credit_spread, iron_condor, naked_put"),
        (Allocation(by_regime={Regime.BEAR: {"hled": 0.0}}), "names hled"),
    ],
)
def test_an_allocation_that_does_not_fit_the_run_is_refused(made: Allocation, says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        replace(spec().run, allocation=made)


@pytest.mark.parametrize("share", [-0.1, 1.1, float("nan"), float("inf")])
def test_a_share_lies_between_nothing_and_everything(share: float) -> None:
    with pytest.raises(SettingsError, match="must lie between 0 and 1"):
        Allocation({"held": share})
