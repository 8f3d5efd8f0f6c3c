"""Find the volatility that a European option's price implies."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from strikewise.pricing.kernels import DEFAULT, Kernels, columns

__all__ = ["implied_volatility"]


def implied_volatility(
    is_call: ArrayLike,
    price: ArrayLike,
    forward: ArrayLike,
    strike: ArrayLike,
    years: ArrayLike,
    discount: ArrayLike,
    *,
    kernels: Kernels = DEFAULT,
) -> NDArray[np.float64]:
    """Return Black-76 implied volatilities.

    Parameters
    ----------
    is_call
        True for a call, False for a put.
    price
        Dollars per share today (discounted).
    forward, strike
        Dollars; greater than zero.
    years
        Time to expiry, calendar days over 365; greater than zero.
    discount
        Value today of one dollar paid at expiry; greater than zero.
    kernels
        The implementation; compiled where Numba is installed.

    Returns
    -------
    Annual volatilities as fractions, in the broadcast shape of the inputs. NaN where an input is missing or
    outside its range, and where no volatility gives the price: at or below intrinsic value, at or above the
    forward (call) or the strike (put), both discounted. A caller that reads NaN as zero will think a
    worthless quote safe.

    Notes
    -----
    The time value is solved as an out-of-the-money price over ``min(forward, strike)``. An in-the-money price
    given in float64 has lost the digits that its intrinsic value swallowed; hand in the other side of the
    pair where it is quoted. Householder steps of fourth order on the logarithm of the price, or of its
    distance from the upper bound (the two objectives of P. Jäckel, Let's Be Rational, 2015), with Mills
    ratios in place of both exponentials.
    """
    shape, flags, flat = columns(is_call, price, forward, strike, years, discount)
    out = np.empty(math.prod(shape))
    with np.errstate(all="ignore"):
        kernels.implied_volatility(out, flags, *flat)
    return out.reshape(shape)
