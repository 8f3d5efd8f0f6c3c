"""How much a Sharpe ratio says: the published worked numbers, and the laws behind them."""

from __future__ import annotations

from math import sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from strikewise.backtest.evidence.moments import Moments, annual_sharpe, moments_of
from strikewise.backtest.evidence.significance import (
    benjamini_yekutieli,
    deflated_sharpe,
    expected_maximum,
    haircut_sharpe,
    holm,
    minimum_track_record,
    probabilistic_sharpe,
    sharpe_p_value,
    shortest_sample_years,
)
from strikewise.domain.errors import DomainError

PUBLISHED = Moments(2.5 / sqrt(250), 1250, skew=-3.0, kurtosis=10.0)
"""The example of "The Deflated Sharpe Ratio" (2014): five years of 250 days, an annual ratio of 2.5."""
DEVIATION = sqrt(0.5 / 250)

possible = st.builds(
    Moments,
    st.floats(-0.3, 0.3),
    st.integers(30, 5000),
    st.floats(-2.0, 2.0),
    st.floats(5.5, 30.0),
)


def test_the_deflated_ratio_of_the_paper_is_found_again() -> None:
    assert DEVIATION * expected_maximum(100) == pytest.approx(0.1132, abs=5e-5)
    assert deflated_sharpe(PUBLISHED, 100, DEVIATION) == pytest.approx(0.9004, abs=5e-5)
    assert deflated_sharpe(PUBLISHED, 46, DEVIATION) == pytest.approx(0.9505, abs=5e-5)


def test_normal_returns_would_have_stood_more_trials() -> None:
    normal = Moments(PUBLISHED.sharpe, PUBLISHED.observations)
    assert deflated_sharpe(normal, 88, DEVIATION) == pytest.approx(0.9505, abs=5e-5)


@pytest.mark.parametrize(("trials", "years"), [(45, 4.998), (7, 1.923)])
def test_the_shortest_backtest_that_says_anything_is_the_published_one(trials: int, years: float) -> None:
    assert shortest_sample_years(trials, 1.0) == pytest.approx(years, abs=5e-4)


def test_the_probabilistic_ratio_of_the_paper_is_found_again() -> None:
    assert probabilistic_sharpe(Moments(0.458, 24)) == pytest.approx(0.982, abs=5e-4)
    assert probabilistic_sharpe(Moments(0.458, 24, -2.448, 10.164)) == pytest.approx(0.913, abs=5e-4)


@pytest.mark.parametrize(
    ("a_year", "skew", "kurtosis", "years"),
    [(250, 0.0, 3.0, 2.73), (52, 0.0, 3.0, 2.83), (12, 0.0, 3.0, 3.24), (12, -0.72, 5.78, 4.99)],
)
def test_the_shortest_track_record_is_the_published_one(
    a_year: int, skew: float, kurtosis: float, years: float
) -> None:
    found = Moments(2.0 / sqrt(a_year), 100, skew, kurtosis)
    assert minimum_track_record(found, 1.0 / sqrt(a_year)) / a_year == pytest.approx(years, abs=5e-3)


def test_the_haircut_of_harvey_and_liu_is_found_again() -> None:
    p = sharpe_p_value(1.0 / sqrt(12), 120, autocorrelation=0.1, a_year=12)
    bonferroni = min(1.0, 100 * p)
    assert bonferroni == pytest.approx(0.465, abs=5e-4)
    assert haircut_sharpe(bonferroni, 120) * sqrt(12) == pytest.approx(0.232, abs=5e-4)


@given(possible)
def test_one_trial_deflates_nothing(found: Moments) -> None:
    assert deflated_sharpe(found, 1, 0.1) == probabilistic_sharpe(found)


@given(possible, st.floats(1.0, 1e6), st.floats(1.0, 1e6), st.floats(0.0, 0.1))
def test_more_trials_never_make_a_result_better(found: Moments, one: float, other: float, sd: float) -> None:
    few, many = sorted((one, other))
    assert deflated_sharpe(found, many, sd) <= deflated_sharpe(found, few, sd)


@given(possible, st.floats(0.5, 0.999))
def test_the_shortest_record_is_the_one_at_which_the_probability_is_the_confidence(
    found: Moments, confidence: float
) -> None:
    length = minimum_track_record(found, found.sharpe - 0.05, confidence)
    whole = round(length)
    rounded = Moments(found.sharpe, whole, found.skew, found.kurtosis)
    reached = probabilistic_sharpe(rounded, found.sharpe - 0.05)
    assert reached == pytest.approx(confidence, abs=0.5 / max(length - 1.0, 1.0) ** 0.5)


@given(st.floats(1e-6, 1.0), st.integers(24, 5000))
def test_a_ratio_and_its_p_value_lead_to_each_other(p: float, observations: int) -> None:
    ratio = haircut_sharpe(p, observations)
    assert sharpe_p_value(ratio, observations) == pytest.approx(p, rel=1e-6)


@given(st.lists(st.floats(1e-9, 1.0), min_size=1, max_size=40))
def test_adjusted_p_values_are_never_smaller_and_keep_their_order(p_values: list[float]) -> None:
    for adjusted in (holm(p_values), benjamini_yekutieli(p_values)):
        assert np.all(adjusted >= np.asarray(p_values) - 1e-15)
        order = np.argsort(p_values, kind="stable")
        assert np.all(np.diff(adjusted[order]) >= -1e-15)
        assert adjusted.max() <= 1.0


def test_adjusted_p_values_are_those_of_the_textbook() -> None:
    p = [0.01, 0.04, 0.03, 0.005]
    assert holm(p) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    harmonic = 1 + 1 / 2 + 1 / 3 + 1 / 4
    assert benjamini_yekutieli(p) == pytest.approx(
        [0.02 * harmonic, 0.04 * harmonic, 0.04 * harmonic, 0.02 * harmonic]
    )


def test_the_best_of_many_null_ratios_is_what_theory_expects() -> None:
    random = np.random.default_rng(5)
    for count in (5, 50, 500):
        best = random.standard_normal((4000, count)).max(axis=1)
        assert expected_maximum(count) == pytest.approx(float(best.mean()), abs=0.05)


def test_of_worthless_results_that_were_chosen_few_pass_when_their_trials_are_counted() -> None:
    random = np.random.default_rng(11)
    passed_as_one = passed_as_many = 0
    for _ in range(200):
        tried = random.normal(0.0, 0.01, (500, 40))
        ratios = tried.mean(axis=0) / tried.std(axis=0, ddof=1)
        found = moments_of(tried[:, int(ratios.argmax())])
        assert found is not None
        passed_as_one += probabilistic_sharpe(found) > 0.95
        passed_as_many += deflated_sharpe(found, 40, float(ratios.std(ddof=1))) > 0.95
    assert passed_as_one > 150
    assert passed_as_many <= 10


def test_moments_are_per_period_and_raw() -> None:
    returns = np.random.default_rng(1).normal(0.001, 0.01, 200_000)
    found = moments_of(returns)
    assert found is not None
    assert annual_sharpe(found.sharpe) == pytest.approx(0.1 * sqrt(252), abs=0.05)
    assert found.skew == pytest.approx(0.0, abs=0.02)
    assert found.kurtosis == pytest.approx(3.0, abs=0.05)


@pytest.mark.parametrize("returns", [np.zeros(500), np.full(500, 0.001), np.arange(19) / 1000.0])
def test_what_never_moves_or_is_too_short_has_no_moments(returns: np.ndarray) -> None:
    assert moments_of(returns) is None


def test_a_ratio_below_its_bar_is_never_proved_by_waiting() -> None:
    assert minimum_track_record(Moments(0.05, 100), 0.06) == float("inf")
    assert shortest_sample_years(10, 0.0) == float("inf")


def test_moments_that_no_returns_have_are_refused() -> None:
    with pytest.raises(DomainError, match="no returns have these moments"):
        probabilistic_sharpe(Moments(2.0, 100, skew=3.0, kurtosis=1.0))
    with pytest.raises(DomainError, match="one trial at least; was 0"):
        expected_maximum(0)
