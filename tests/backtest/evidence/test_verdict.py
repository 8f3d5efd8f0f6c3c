"""The verdict: what must fail fails, what may pass passes, and each says by how much."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from scipy.stats import kurtosis, skew

from backtest.evidence.made_up import history
from strikewise.backtest.evidence.deflation import TrialCount, deflation_of
from strikewise.backtest.evidence.findings import Evidence
from strikewise.backtest.evidence.history import History
from strikewise.backtest.evidence.moments import moments_of
from strikewise.backtest.evidence.overfitting import probability_of_overfitting
from strikewise.backtest.evidence.resampling import bands_of, lives_of_days, lives_of_trades
from strikewise.backtest.evidence.robustness import (
    Disaster,
    RegimeFigures,
    consistency_of,
    market_share,
    sensitivity_of,
)
from strikewise.backtest.evidence.superiority import superior_ability
from strikewise.backtest.evidence.verdict import Verdict, judge
from strikewise.backtest.evidence.walk_forward import Fold, WalkForward, Windows
from strikewise.domain.instruments import date_of

DAYS = 1500


def evidence(daily: float, *, seed: int = 0, tries: TrialCount | None = None, trades: int = 450) -> Evidence:
    """Return the evidence on a run that earns so much a day, beside nine that earn nothing."""
    random = np.random.default_rng(seed)
    matrix = random.normal(0.0, 0.005, (DAYS, 10))
    matrix[:, 0] += daily
    made = [(n % (DAYS - 5), n % (DAYS - 5) + 4, float(random.normal(daily, 0.01))) for n in range(trades)]
    base = history(matrix[:, 0], trades=made)
    count = tries or TrialCount(10, 10, 3.0, 0.03, {"made up": 10})
    moments = base.moments
    assert moments is not None
    return Evidence(
        history=base,
        trials=count,
        deflation=deflation_of(moments, count),
        overfitting=probability_of_overfitting(matrix),
        superiority=superior_ability(matrix, seed=1, draws=300),
        bands=bands_of(base.returns, paths=300, random=random),
        rolling=walk(base),
        anchored=None,
        consistency=consistency_of(base),
        sensitivity=sensitivity_of(base, [base, base], 0.2),
        regimes=tuple(RegimeFigures(name, 300, daily * 300, 1.0, 50) for name in ("bull", "bear", "crash")),
        starts=(),
        disasters=(Disaster("gap", "A gap.", date_of(17_000), -0.2, -0.3, -0.1),),
        lives_of_days=lives_of_days(base.returns, paths=300, random=random),
        lives_of_trades=lives_of_trades(base.outcome, paths=300, random=random),
        market=market_share(base.returns, random.normal(0.0003, 0.01, DAYS)),
    )


def walk(base: History) -> WalkForward:
    """Return a walk whose tests are the second half of a run."""
    half = DAYS // 2
    sharpe = float(base.returns[half:].mean() / base.returns[half:].std(ddof=1)) * 252**0.5
    day = date_of(int(base.days[0]))
    fold = Fold(day, day, day, day, "made up", sharpe, sharpe, float(base.returns[half:].sum()), 10)
    return WalkForward(
        Windows(500, half, False, 30), (fold,), base.days[half:], base.returns[half:], abs(sharpe), sharpe
    )


@cache
def good() -> Evidence:
    return evidence(0.001)


def failed(verdict: Verdict) -> set[str]:
    return {check.name for check in verdict.checks if not check.passed}


def test_a_steady_edge_found_at_the_first_tries_passes() -> None:
    verdict = judge(good())
    assert verdict.passed
    assert failed(verdict) == set()
    assert verdict.words[0].startswith("Passed")
    assert "promises nothing" in verdict.words[0]


@pytest.mark.parametrize("seed", range(4))
def test_what_earns_nothing_does_not_pass(seed: int) -> None:
    verdict = judge(evidence(0.0, seed=seed))
    assert not verdict.passed
    assert verdict.words[0].startswith("Not shown to be an edge.")


def test_the_score_is_the_sum_of_its_weighted_parts_with_the_weights_of_the_mission() -> None:
    verdict = judge(good())
    assert {part.name: part.weight for part in verdict.parts} == {
        "consistency": 0.25,
        "walk-forward": 0.30,
        "sensitivity": 0.25,
        "trade count": 0.10,
        "regime spread": 0.10,
    }
    assert verdict.score == pytest.approx(sum(part.weight * part.value for part in verdict.parts))
    assert all(0.0 <= part.value <= 1.0 for part in verdict.parts)


def test_the_gate_is_the_geometric_mean_of_three_kinds_of_luck() -> None:
    found = judge(good()).gate
    three = [found.deflated, found.not_overfitted, found.superior]
    assert found.value == pytest.approx(float(np.prod(three)) ** (1 / 3))
    nothing = judge(replace(good(), overfitting=None))
    assert nothing.gate.value == 0.0
    assert {"overfitting"} <= failed(nothing)


def test_the_same_result_after_a_million_tries_does_not_pass() -> None:
    base = evidence(0.0004)
    many = TrialCount(1_000_000, 1_000_000, 1e6, 0.04, {})
    assert base.history.moments is not None
    deflated = replace(base, trials=many, deflation=deflation_of(base.history.moments, many))
    assert judge(deflated).gate.value < judge(base).gate.value
    assert {"sample", "luck"} <= failed(judge(deflated))


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"disasters": (Disaster("gap", "A gap.", date_of(17_000), -0.6, -0.7, -0.6),)}, "disasters"),
        ({"disasters": ()}, "disasters"),
        ({"rolling": None}, "walk-forward"),
        ({"overfitting": None}, "overfitting"),
    ],
)
def test_one_hard_check_ends_the_matter(changes: dict[str, object], name: str) -> None:
    verdict = judge(replace(good(), **changes))
    assert failed(verdict) == {name}
    assert not verdict.passed
    assert f"({name})" in verdict.words[0]


def test_few_trades_fail_and_count_for_little() -> None:
    verdict = judge(evidence(0.001, trades=20))
    assert "trades" in failed(verdict)
    part = next(one for one in verdict.parts if one.name == "trade count")
    assert part.value == pytest.approx((20 / 400) ** 0.5)


def test_a_result_too_good_to_be_true_is_no_edge_but_a_mistake_to_find() -> None:
    assert "too good" in failed(judge(evidence(0.005)))
    assert "too good" not in failed(judge(good()))


def test_a_run_that_never_moved_is_judged_without_an_error() -> None:
    flat = history(np.zeros(DAYS))
    base = good()
    still = replace(
        base,
        history=flat,
        deflation=None,
        overfitting=None,
        superiority=None,
        bands=None,
        rolling=None,
        consistency=consistency_of(flat),
        sensitivity=sensitivity_of(flat, [], 0.2),
        regimes=(),
        disasters=(),
        lives_of_days=lives_of_days(flat.returns, paths=10, random=np.random.default_rng(0)),
        lives_of_trades=None,
        market=None,
    )
    verdict = judge(still)
    assert not verdict.passed
    assert {"profit", "trades", "record", "luck", "walk-forward", "disasters"} <= failed(verdict)
    assert "nothing can be said about luck" in " ".join(verdict.words)


def test_the_json_form_holds_no_number_that_is_none() -> None:
    told = judge(evidence(0.0)).as_dict()
    assert set(told) == {"passed", "words", "checks", "score", "gate"}
    for check in told["checks"]:
        assert check["bar"] is None or np.isfinite(check["bar"])


def test_the_best_of_many_worthless_results_is_stopped_by_luck_though_the_gate_alone_would_not() -> None:
    gate = luck = 0
    for seed in range(20):
        matrix = np.random.default_rng(100 + seed).normal(0.0, 0.01, (750, 20))
        ratios = matrix.mean(axis=0) / matrix.std(axis=0, ddof=1)
        moments = history(matrix[:, int(ratios.argmax())]).moments
        assert moments is not None
        deflated = deflation_of(moments, TrialCount(20, 20, 20.0, float(ratios.std(ddof=1)), {})).probability
        kept = 1.0 - probability_of_overfitting(matrix).probability
        superior = 1.0 - superior_ability(matrix, seed=1, draws=100).p_value
        gate += (deflated * kept * superior) ** (1 / 3) >= 0.70
        luck += deflated >= 0.95
    assert gate >= 1
    assert luck <= 1


def test_the_worst_disaster_and_the_likeliest_ruin_decide() -> None:
    mild = good().disasters[0]
    hit = judge(replace(good(), disasters=(mild, replace(mild, worst=-0.6), mild)))
    assert failed(hit) == {"disasters"}
    for name in ("lives_of_days", "lives_of_trades"):
        lives = replace(getattr(good(), name), ruin=0.2)
        assert failed(judge(replace(good(), **{name: lives}))) == {"ruin"}


def test_moments_are_those_of_the_textbook() -> None:
    returns = np.random.default_rng(8).standard_t(5, 25) / 100
    found = moments_of(returns)
    assert found is not None
    assert found.sharpe == pytest.approx(returns.mean() / returns.std(ddof=1))
    assert (found.skew, found.kurtosis) == pytest.approx((skew(returns), kurtosis(returns, fisher=False)))
