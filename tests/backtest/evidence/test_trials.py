"""What was ever tried stays counted, once a configuration, and alike ideas are known for alike."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from backtest.evidence.made_up import history
from engine.runs import spec
from strikewise.backtest.evidence.deflation import TrialCount, count_of, deflation_of
from strikewise.backtest.evidence.moments import Moments
from strikewise.backtest.evidence.significance import expected_maximum, probabilistic_sharpe
from strikewise.backtest.evidence.trials import trial_of, trials_of
from strikewise.domain.events import TrialCounted
from strikewise.portfolio.ledger import Entry, MemoryLedger

NOW = datetime(2026, 1, 5, tzinfo=UTC)


def ledger_of(*events: TrialCounted) -> MemoryLedger:
    ledger = MemoryLedger()
    for event in events:
        ledger.append([Entry(event, NOW, "research")], recorded_at=NOW)
    return ledger


def returns(seed: int, common: float = 0.0, count: int = 500) -> np.ndarray:
    shared = np.random.default_rng(99).normal(0.0, 0.01, count)
    own = np.random.default_rng(seed).normal(0.0002, 0.01, count)
    return common**0.5 * shared + (1 - common) ** 0.5 * own


def trial(seed: int, common: float = 0.0, **changes: object) -> TrialCounted:
    made = trial_of(spec(capital=1_000_000 + seed), "test", history(returns(seed, common)))
    return replace(made, **changes)


def test_the_same_configuration_is_one_trial_however_often_it_runs() -> None:
    first, again = (trial_of(spec(name=name), "test", history(returns(1))) for name in ("a", "b"))
    found = trials_of(ledger_of(first, again, first).records())
    assert len(found) == 1
    assert count_of(found).raw == 1


def test_what_was_begun_and_dropped_counts_and_what_ended_is_not_forgotten() -> None:
    begun, ended = trial_of(spec(), "test"), trial_of(spec(), "test", history(returns(1)))
    dropped = trial_of(spec(capital=5), "test")
    found = trials_of(ledger_of(begun, ended, dropped, begun).records())
    assert [one.sessions for one in found] == [500, 0]
    count = count_of(found)
    assert (count.raw, count.measured, count.effective) == (2, 1, 2.0)


def test_a_family_is_what_is_traded_on_what() -> None:
    other = trial_of(spec(strategies=[{"strategy": "iron_condor"}], capital=7), "test")
    count = count_of(trials_of(ledger_of(trial(1), trial(2), other).records()))
    assert count.by_family == {"credit_spread+iron_condor+naked_put on SPX": 2, "iron_condor on SPX": 1}


def test_weekly_returns_are_those_of_the_days() -> None:
    daily = returns(4)
    made = trial_of(spec(), "test", history(daily))
    assert len(made.weekly) == 101  # five hundred sessions that begin within a week
    assert np.prod(1 + np.array(made.weekly) / 1e6) == pytest.approx(np.prod(1 + daily), rel=1e-4)
    assert made.sharpe == pytest.approx(daily.mean() / daily.std(ddof=1))


def test_trials_that_do_the_same_are_one_idea_and_others_are_their_own() -> None:
    alike = [trial(seed, common=0.95) for seed in range(10)]
    apart = [trial(seed) for seed in range(20, 26)]
    assert count_of(alike).effective == 1.0
    assert count_of(apart).effective == 6.0
    assert count_of([*alike, *apart]).effective == 7.0
    assert count_of([*alike, *apart]).raw == 16


def test_trials_of_other_years_cannot_be_compared_and_count_for_themselves() -> None:
    alike = [trial(seed, common=0.95) for seed in range(3)]
    shifted = [replace(one, first_week=one.first_week + 200 * n, trial=str(n)) for n, one in enumerate(alike)]
    assert count_of(shifted).effective == 3.0


def test_what_never_traded_was_tried_but_is_no_idea_that_could_win() -> None:
    idle = trial_of(spec(capital=9), "test", history(np.zeros(500)))
    count = count_of([trial(1), trial(30), idle])
    assert (count.raw, count.measured, count.effective) == (3, 2, 2.0)


def test_ratios_are_spread_within_their_families_and_families_of_one_among_each_other() -> None:
    ratios = [("a", 0.05), ("a", 0.07), ("b", -0.09), ("b", -0.11), ("c", 0.3), ("d", 0.1)]
    made = [
        replace(trial(n), trial=str(n), family=family, sharpe=ratio)
        for n, (family, ratio) in enumerate(ratios)
    ]
    pooled = (2 * 0.01**2 + 2 * 0.01**2 + 2 * 0.1**2) / 3
    assert count_of(made).deviation == pytest.approx(pooled**0.5)
    assert count_of(made[:1]).deviation == 0.0


def test_nothing_tried_is_nothing() -> None:
    assert count_of([]) == TrialCount(0, 0, 0.0, 0.0, {})


def test_deflation_judges_by_the_stricter_count() -> None:
    found = Moments(0.08, 1250)
    alone = deflation_of(found, count_of([trial(1)]))
    assert alone.probability == pytest.approx(probabilistic_sharpe(found))
    assert alone.bar == 0.0
    many = deflation_of(found, TrialCount(400, 400, 40.0, 0.01, {}))
    assert many.probability == min(many.by_raw, many.by_effective) < alone.probability
    # Forty ideas over 1,250 days: chance alone spreads their ratios by 1/√1250.
    assert many.bar >= expected_maximum(40) / 1250**0.5 - 1e-12


def test_very_many_trials_are_compared_in_part() -> None:
    few = [trial(seed, common=0.95 if seed % 2 else 0.0) for seed in range(12)]
    many = [replace(one, trial=f"{one.trial} {n}") for n in range(300) for one in few]
    found = count_of(many)
    assert found.raw == 3600
    assert found.effective < 60
