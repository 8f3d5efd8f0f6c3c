"""What a series of returns is reduced to before anything is said of it."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

__all__ = ["SESSIONS_A_YEAR", "Moments", "annual_sharpe", "moments_of"]

Array = NDArray[np.float64]

SESSIONS_A_YEAR = 252
LEAST_RETURNS = 20
"""Fewer returns than this carry no statement."""


@dataclass(frozen=True, slots=True)
class Moments:
    """What a series of returns is reduced to.

    Attributes
    ----------
    sharpe : float
        Mean over standard deviation (``ddof=1``), per period.
    observations : int
        How many returns.
    skew, kurtosis : float
        Standardised third and fourth moment; the fourth is raw, 3 for a normal law.
    """

    sharpe: float
    observations: int
    skew: float = 0.0
    kurtosis: float = 3.0


def moments_of(returns: Array) -> Moments | None:
    """Return the moments of returns; None where there are too few, or none of them differs.

    Parameters
    ----------
    returns : (n,) float64
        Simple returns per period, as fractions.
    """
    if len(returns) < LEAST_RETURNS:
        return None
    mean, spread = float(returns.mean()), float(returns.std(ddof=1))
    if spread <= 1e-12:
        return None
    standard = (returns - mean) / float(returns.std(ddof=0))
    skew, kurtosis = float(np.mean(standard**3)), float(np.mean(standard**4))
    return Moments(mean / spread, len(returns), skew, kurtosis)


def annual_sharpe(sharpe: float, periods_a_year: float = SESSIONS_A_YEAR) -> float:
    """Return a Sharpe ratio per year, as if returns did not depend on each other."""
    return sharpe * sqrt(periods_a_year)
