"""How much a Sharpe ratio says: after its own error, after its trials, and for how long it must be watched.

Every Sharpe ratio in here is per period (per day for daily returns), never annualised, unless a name says
otherwise; kurtosis is the raw fourth moment, 3 for a normal law. The error of a Sharpe ratio is the one of
Bailey and López de Prado, "The Sharpe Ratio Efficient Frontier" (2012), with the *estimated* ratio inside the
variance: (1 - g3 SR + (g4 - 1) / 4 SR²) / (T - 1).
"""

from __future__ import annotations

from collections.abc import Sequence
from math import e, isfinite, sqrt
from statistics import NormalDist

import numpy as np
import scipy
from numpy.typing import NDArray

from strikewise.backtest.evidence.moments import Moments
from strikewise.domain.errors import DomainError

__all__ = [
    "benjamini_yekutieli",
    "deflated_sharpe",
    "expected_maximum",
    "haircut_sharpe",
    "holm",
    "minimum_track_record",
    "probabilistic_sharpe",
    "sharpe_p_value",
    "shortest_sample_years",
]

Array = NDArray[np.float64]

EULER_GAMMA = 0.5772156649015329
NORMAL = NormalDist()


def probabilistic_sharpe(found: Moments, against: float = 0.0) -> float:
    """Return the probability that the true Sharpe ratio lies above a bar (PSR), in [0, 1].

    Parameters
    ----------
    found : Moments
        The returns.
    against : float
        The bar, per period.
    """
    return NORMAL.cdf((found.sharpe - against) * sqrt(found.observations - 1) / _error(found))


def deflated_sharpe(found: Moments, trials: float, deviation: float) -> float:
    """Return the probability that a ratio is above what the best of many worthless trials shows (DSR).

    Bailey and López de Prado, "The Deflated Sharpe Ratio" (2014).

    Parameters
    ----------
    found : Moments
        The returns of the chosen one.
    trials : float
        How many were tried; at least 1, which is no deflation.
    deviation : float
        Standard deviation of the trials' Sharpe ratios, per period.
    """
    return probabilistic_sharpe(found, deviation * expected_maximum(trials))


def expected_maximum(trials: float) -> float:
    """Return what the best of some standard normal draws is expected to be; 0 for one.

    The approximation of extreme value theory, (1 - γ) Z⁻¹(1 - 1/N) + γ Z⁻¹(1 - 1/(N e)).

    Raises
    ------
    DomainError
        If there is less than one trial.
    """
    if not trials >= 1.0:
        raise DomainError(f"A result comes from one trial at least; was {trials}.")
    if trials == 1.0:
        return 0.0
    first = NORMAL.inv_cdf(1.0 - 1.0 / trials)
    second = NORMAL.inv_cdf(1.0 - 1.0 / (trials * e))
    return max(0.0, (1.0 - EULER_GAMMA) * first + EULER_GAMMA * second)


def minimum_track_record(found: Moments, against: float = 0.0, confidence: float = 0.95) -> float:
    """Return the observations it takes to say with confidence that a ratio lies above a bar (MinTRL).

    Infinite where the ratio does not lie above it.
    """
    excess = found.sharpe - against
    if excess <= 0.0:
        return float("inf")
    return 1.0 + (_error(found) * NORMAL.inv_cdf(confidence) / excess) ** 2


def shortest_sample_years(trials: float, annual_target: float) -> float:
    """Return the years below which the best of worthless trials is expected to reach a ratio (MinBTL).

    Bailey, Borwein, López de Prado and Zhu, "Pseudo-Mathematics and Financial Charlatanism" (2014).

    Parameters
    ----------
    trials : float
        How many were tried.
    annual_target : float
        The annual Sharpe ratio that was found; infinite years where it is not above zero.
    """
    if annual_target <= 0.0:
        return float("inf")
    return (expected_maximum(trials) / annual_target) ** 2


def sharpe_p_value(
    sharpe: float, observations: int, *, autocorrelation: float = 0.0, a_year: int = 1
) -> float:
    """Return the two-sided p-value of a Sharpe ratio by its t-statistic.

    Parameters
    ----------
    sharpe : float
        Per period.
    observations : int
        How many returns.
    autocorrelation : float
        First-order autocorrelation of the returns, in (-1, 1).
    a_year : int
        Periods in a year, over which Lo's correction for autocorrelation (2002) is made.
    """
    t = sharpe * _lo(autocorrelation, a_year) * sqrt(observations)
    return float(2.0 * scipy.special.stdtr(observations - 1, -abs(t)))


def haircut_sharpe(p_value: float, observations: int) -> float:
    """Return the Sharpe ratio, per period, whose single test has an adjusted p-value.

    Harvey and Liu, "Backtesting" (2015).
    """
    bounded = min(1.0, max(p_value, 1e-300))
    return abs(float(scipy.special.stdtrit(observations - 1, bounded / 2.0))) / sqrt(observations)


def holm(p_values: Sequence[float]) -> Array:
    """Return p-values adjusted so that one false discovery among all is as unlikely as stated (Holm)."""
    order = np.argsort(p_values)
    count = len(order)
    grown = np.asarray(p_values, dtype=np.float64)[order] * np.arange(count, 0, -1)
    adjusted = np.empty(count)
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(grown))
    return adjusted


def benjamini_yekutieli(p_values: Sequence[float]) -> Array:
    """Return p-values adjusted for the share of false discoveries, however the tests depend (BHY)."""
    order = np.argsort(p_values)
    count = len(order)
    harmonic = float(np.sum(1.0 / np.arange(1, count + 1)))
    grown = np.asarray(p_values, dtype=np.float64)[order] * count * harmonic / np.arange(1, count + 1)
    adjusted = np.empty(count)
    adjusted[order] = np.minimum(1.0, np.minimum.accumulate(grown[::-1])[::-1])
    return adjusted


def _error(found: Moments) -> float:
    """Return the standard error of a ratio times √(T - 1)."""
    ratio = found.sharpe
    variance = 1.0 - found.skew * ratio + (found.kurtosis - 1.0) / 4.0 * ratio * ratio
    if not (isfinite(variance) and variance > 0.0):
        raise DomainError(
            f"A Sharpe ratio of {ratio:.4g} with skew {found.skew:.4g} and kurtosis {found.kurtosis:.4g} has "
            "no error: no returns have these moments."
        )
    return sqrt(variance)


def _lo(autocorrelation: float, a_year: int) -> float:
    if autocorrelation == 0.0 or a_year == 1:
        return 1.0
    rho, q = autocorrelation, a_year
    growth = 1.0 + 2.0 * rho / (1.0 - rho) * (1.0 - (1.0 - rho**q) / (q * (1.0 - rho)))
    return 1.0 / sqrt(growth)
