"""The lognormal law in its leanest form, for screening many candidates many times.

The same formulas as `strikewise.pricing.probability` and `strikewise.pricing.black_scholes` without their
checks: for clean columns only. Total volatility is the annual one times the root of the years, above zero.
"""

from __future__ import annotations

import numpy as np
import scipy
from numpy.typing import NDArray

__all__ = ["chance", "expected_intrinsic"]

Array = NDArray[np.float64]

DENSITY_AT_ZERO = 0.3989422804014327
"""Of the standard normal law, ``1 / sqrt(2 pi)``."""


def chance(
    side: Array, level: Array, forward: Array, total_volatility: Array, slope: Array | float = 0.0
) -> Array:
    """Return the probability of ending above a level (where ``side`` is 1) or below it (-1).

    Parameters
    ----------
    side : (n,)
        1 or -1.
    level, forward : (n,)
        Dollars, above zero.
    total_volatility : (n,)
        As a fraction, above zero; NaN gives NaN.
    slope : (n,)
        How the total volatility changes with the strike at the level, per dollar: 0 where one volatility
        holds for all strikes.

    Notes
    -----
    ``N(d2) - F n(d1) slope`` above the level: the derivative by the strike of the call's value, along the
    smile (Breeden and Litzenberger 1978).
    """
    d2 = np.log(forward / level) / total_volatility - 0.5 * total_volatility
    d1 = d2 + total_volatility
    tilt = forward * slope * np.exp(-0.5 * d1 * d1) * DENSITY_AT_ZERO
    return np.asarray(np.minimum(np.maximum(scipy.special.ndtr(side * d2) - side * tilt, 0.0), 1.0))


def expected_intrinsic(side: Array, strike: Array, forward: Array, total_volatility: Array) -> Array:
    """Return the expected value at expiry of a call (``side`` 1) or put (-1).

    Dollars per share, not discounted: Black (1976) with a discount of one. Parameters as `chance`, with
    ``strike`` for the level.
    """
    d2 = np.log(forward / strike) / total_volatility - 0.5 * total_volatility
    value = side * (
        forward * scipy.special.ndtr(side * (d2 + total_volatility)) - strike * scipy.special.ndtr(side * d2)
    )
    return np.asarray(np.maximum(value, 0.0))
