"""The lognormal law in its leanest form, for screening many candidates many times.

The same formulas as `strikewise.pricing.probability` and `strikewise.pricing.black_scholes` without their
checks: for clean columns only. Total volatility is the annual one times the root of the years, above zero.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

__all__ = ["chance", "expected_intrinsic"]

Array = NDArray[np.float64]


def chance(side: Array, level: Array, forward: Array, total_volatility: Array) -> Array:
    """Return the probability of ending above a level (where ``side`` is 1) or below it (-1).

    Parameters
    ----------
    side : (n,)
        1 or -1.
    level, forward : (n,)
        Dollars, above zero.
    total_volatility : (n,)
        As a fraction, above zero; NaN gives NaN.
    """
    d2 = np.log(forward / level) / total_volatility - 0.5 * total_volatility
    return np.asarray(ndtr(side * d2))


def expected_intrinsic(side: Array, strike: Array, forward: Array, total_volatility: Array) -> Array:
    """Return the expected value at expiry of a call (``side`` 1) or put (-1).

    Dollars per share, not discounted: Black (1976) with a discount of one. Parameters as `chance`, with
    ``strike`` for the level.
    """
    d2 = np.log(forward / strike) / total_volatility - 0.5 * total_volatility
    value = side * (forward * ndtr(side * (d2 + total_volatility)) - strike * ndtr(side * d2))
    return np.asarray(np.maximum(value, 0.0))
