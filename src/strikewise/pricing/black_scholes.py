"""Price European options and their Greeks (Black, Scholes and Merton 1973; Black 1976)."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from strikewise.pricing.kernels import DEFAULT, Kernels, columns

__all__ = ["GreekArrays", "forward_greeks", "greeks", "price"]

Array = NDArray[np.float64]


class GreekArrays(NamedTuple):
    """Price and sensitivities per share of a long option, in the broadcast shape of the inputs."""

    price: Array
    """Dollars."""
    delta: Array
    """Dollars per $1 of spot."""
    gamma: Array
    """Delta per $1 of spot."""
    theta: Array
    """Dollars per calendar day that passes (usually negative)."""
    vega: Array
    """Dollars per volatility point (0.01)."""
    rho: Array
    """Dollars per percentage point of the rate."""


def price(
    is_call: ArrayLike,
    forward: ArrayLike,
    strike: ArrayLike,
    years: ArrayLike,
    volatility: ArrayLike,
    discount: ArrayLike,
    *,
    kernels: Kernels = DEFAULT,
) -> Array:
    """Return the Black-76 price of European options.

    Parameters
    ----------
    is_call
        True for a call, False for a put.
    forward, strike
        Dollars; greater than zero.
    years
        Time to expiry, calendar days over 365; zero gives the discounted intrinsic value.
    volatility
        Annual, as a fraction (0.20 is 20 %); zero gives the discounted intrinsic value.
    discount
        Value today of one dollar paid at expiry; greater than zero.
    kernels
        The implementation; compiled where Numba is installed.

    Returns
    -------
    Dollars per share, in the broadcast shape of the inputs. NaN where an input is NaN or outside its range:
    missing never becomes zero.

    Notes
    -----
    Computed on the out-of-the-money side with a Mills-ratio difference, the other side by parity, so that
    small prices keep their relative accuracy (about 1e-13).
    """
    shape, flags, flat = columns(is_call, forward, strike, years, volatility, discount)
    out = np.empty(math.prod(shape))
    with np.errstate(all="ignore"):
        kernels.price(out, flags, *flat)
    return out.reshape(shape)


def greeks(
    is_call: ArrayLike,
    spot: ArrayLike,
    strike: ArrayLike,
    years: ArrayLike,
    volatility: ArrayLike,
    rate: ArrayLike,
    dividend_yield: ArrayLike,
    *,
    kernels: Kernels = DEFAULT,
) -> GreekArrays:
    """Return price and Greeks of European options on a stock with a continuous dividend yield.

    Parameters
    ----------
    is_call
        True for a call, False for a put.
    spot, strike
        Dollars; greater than zero.
    years
        Time to expiry, calendar days over 365.
    volatility
        Annual, as a fraction.
    rate, dividend_yield
        Annual, continuously compounded, as fractions.
    kernels
        The implementation; compiled where Numba is installed.

    Returns
    -------
    Price and five Greeks in the units of `GreekArrays`. NaN where an input is NaN or outside its range. At
    expiry, or at zero volatility, gamma and vega are zero and delta is a step (one half exactly at the
    strike).

    Notes
    -----
    Formulas: E. G. Haug, The Complete Guide to Option Pricing Formulas (2007), chapter 2, with b = rate -
    dividend_yield.
    """
    shape, flags, flat = columns(is_call, spot, strike, years, volatility, rate, dividend_yield)
    out = np.empty((6, math.prod(shape)))
    with np.errstate(all="ignore"):
        kernels.greeks(out, flags, *flat)
    return GreekArrays(*(row.reshape(shape) for row in out))


def forward_greeks(
    is_call: ArrayLike,
    spot: ArrayLike,
    forward: ArrayLike,
    strike: ArrayLike,
    years: ArrayLike,
    volatility: ArrayLike,
    discount: ArrayLike,
    *,
    kernels: Kernels = DEFAULT,
) -> GreekArrays:
    """Return price and Greeks of European options from a forward, however the forward was found.

    Parameters
    ----------
    is_call
        True for a call, False for a put.
    spot, forward, strike
        Dollars; greater than zero.
    years
        Time to expiry, calendar days over 365.
    volatility
        Annual, as a fraction.
    discount
        Value today of one dollar paid at expiry; greater than zero.
    kernels
        The implementation; compiled where Numba is installed.

    Returns
    -------
    As `greeks`. The carry is read from ``forward / spot`` as a continuous yield: spot delta is
    ``discount * forward / spot * N(d1)``, theta and rho follow from the implied rate and yield.
    """
    shape, flags, flat = columns(is_call, spot, forward, strike, years, volatility, discount)
    out = np.empty((6, math.prod(shape)))
    with np.errstate(all="ignore"):
        kernels.forward_greeks(out, flags, *flat)
    return GreekArrays(*(row.reshape(shape) for row in out))
