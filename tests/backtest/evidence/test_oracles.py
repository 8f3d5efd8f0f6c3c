"""The same statistics by other people's packages.

These need `purgedcv` and `empyrical-reloaded` in the environment of development.
"""

from __future__ import annotations

import empyrical
import numpy as np
import purgedcv
import pytest

from strikewise.backtest.evidence.moments import annual_sharpe, moments_of
from strikewise.backtest.evidence.overfitting import probability_of_overfitting
from strikewise.backtest.evidence.resampling import bands_of
from strikewise.backtest.evidence.significance import (
    deflated_sharpe,
    minimum_track_record,
    probabilistic_sharpe,
    shortest_sample_years,
)

SEEDS = range(6)


def returns_of(seed: int, shape: tuple[int, ...] = (1000,)) -> np.ndarray:
    return np.random.default_rng(seed).standard_t(4, shape) * 0.008 + 0.0004


@pytest.mark.parametrize("seed", SEEDS)
def test_sharpe_return_and_drawdown_are_those_of_empyrical(seed: int) -> None:
    returns = returns_of(seed)
    found = moments_of(returns)
    assert found is not None
    assert annual_sharpe(found.sharpe) == pytest.approx(empyrical.sharpe_ratio(returns), rel=1e-12)
    bands = bands_of(returns, paths=50, random=np.random.default_rng(0))
    assert bands is not None
    assert bands.annual_return.observed == pytest.approx(empyrical.annual_return(returns), rel=1e-9)
    assert bands.drawdown.observed == pytest.approx(empyrical.max_drawdown(returns), rel=1e-9)
    assert bands.sharpe.observed == pytest.approx(empyrical.sharpe_ratio(returns), rel=1e-9)


@pytest.mark.parametrize("seed", SEEDS)
def test_probabilistic_and_deflated_ratios_are_those_of_purgedcv(seed: int) -> None:
    returns = returns_of(seed)
    found = moments_of(returns)
    assert found is not None
    for bar in (0.0, 0.03):
        theirs = purgedcv.probabilistic_sharpe_ratio(returns, bar)
        assert probabilistic_sharpe(found, bar) == pytest.approx(theirs, abs=1e-3)
    for trials in (1, 7, 250):
        theirs = purgedcv.deflated_sharpe_ratio(returns, trials, 0.02**2)
        assert deflated_sharpe(found, trials, 0.02) == pytest.approx(theirs, abs=1e-3)


@pytest.mark.parametrize("seed", SEEDS)
def test_shortest_records_are_those_of_purgedcv(seed: int) -> None:
    found = moments_of(returns_of(seed))
    assert found is not None
    theirs = purgedcv.min_track_record_length(found.sharpe, 0.0, 0.05, found.skew, found.kurtosis)
    ours = minimum_track_record(found)
    assert ours == theirs or 0.0 <= theirs - ours <= 1.0
    assert shortest_sample_years(7 + seed, 1.2) == pytest.approx(
        purgedcv.minimum_backtest_length(7 + seed, 1.2), rel=1e-6
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_overfitting_of_a_choice_is_that_of_purgedcv(seed: int) -> None:
    # An even number: of an odd one, some choice ranks in the very middle, which they do not count and we do.
    returns = returns_of(seed, (600, 16))
    theirs = purgedcv.probability_of_backtest_overfitting(returns.T, n_splits=10)
    found = probability_of_overfitting(returns, blocks=10)
    assert found.probability == pytest.approx(theirs.pbo, abs=1e-12)
    assert np.sort(found.logits) == pytest.approx(np.sort(theirs.logits), abs=1e-9)
    assert found.slope == pytest.approx(theirs.slope, rel=1e-9)
