"""Price American options on a stock with a continuous dividend yield, with Greeks and implied volatility.

An American option may be exercised at any time. A put is, to collect interest on its strike; a call is, to
collect what the stock pays. The price is the European one and the integral, along the boundary where exercise
becomes best, of what exercise earns (Kim 1990); the boundary is found as L. Andersen, M. Lake and
D. Offengenden do (High Performance American Option Pricing, 2016).

Dividends in cash, known by date and amount, are priced by `american_dividends`.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from strikewise.pricing import american_dividends
from strikewise.pricing.black_scholes import GreekArrays
from strikewise.pricing.collocation import FAST, Collocation
from strikewise.pricing.kernels import DEFAULT, Kernels, columns

__all__ = ["greeks", "implied_volatility", "price"]

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]


def price(
    is_call: ArrayLike,
    spot: ArrayLike,
    strike: ArrayLike,
    years: ArrayLike,
    volatility: ArrayLike,
    rate: ArrayLike,
    dividend_yield: ArrayLike,
    *,
    scheme: Collocation = FAST,
    together: bool = False,
    kernels: Kernels = DEFAULT,
) -> Array:
    """Return the price of American options.

    Parameters
    ----------
    is_call
        True for a call, False for a put.
    spot, strike
        Dollars; greater than zero.
    years
        Time to expiry, calendar days over 365; zero gives the intrinsic value.
    volatility
        Annual, as a fraction; zero gives the value of exercise at the best time.
    rate, dividend_yield
        Annual, continuously compounded, as fractions; either sign.
    scheme
        `FAST`, or `PRECISE` for two more digits at ten times the time.
    together
        Whether neighbours of one right, expiry, rate and yield share a boundary interpolated in volatility:
        many times as fast for a chain in the order of its keys, and as exact; last digits differ.
    kernels
        The implementation; compiled where Numba is installed.

    Returns
    -------
    Dollars per share, in the broadcast shape of the inputs: at least the intrinsic and the European value.
    NaN where an input is NaN or outside its range. Where exercise is best between two boundaries (a put whose
    yield is below a rate below zero; its mirror, a call) the price comes from a grid, in milliseconds.
    """
    shape, flags, flat = columns(is_call, spot, strike, years, volatility, rate, dividend_yield)
    S, K, T, sigma, r, q = flat
    out = np.empty(math.prod(shape))
    with np.errstate(all="ignore"):
        kernels.american.price(out, flags, S, K, T, sigma, r, q, scheme, together)
    if (rows := _between_boundaries(flags, r, q, out.size)).size:
        C, S, K, T, sigma, r, q = _some(rows, out.size, flags, S, K, T, sigma, r, q)
        out[rows] = american_dividends.price(C, S, K, T, sigma, r, (), (), dividend_yield=q, kernels=kernels)
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
    scheme: Collocation = FAST,
    together: bool = False,
    kernels: Kernels = DEFAULT,
) -> GreekArrays:
    """Return price and Greeks of American options.

    Parameters as `price`.

    Returns
    -------
    Price and five Greeks in the units of `GreekArrays`. Where exercise is best at once delta is one or minus
    one and all else zero. NaN where an input is NaN or outside its range.

    Notes
    -----
    Delta and gamma are derivatives of the premium's integral, theta follows from the Black-Scholes equation,
    vega and rho are differences between two prices.
    """
    shape, flags, flat = columns(is_call, spot, strike, years, volatility, rate, dividend_yield)
    S, K, T, sigma, r, q = flat
    out = np.empty((6, math.prod(shape)))
    with np.errstate(all="ignore"):
        kernels.american.greeks(out, flags, S, K, T, sigma, r, q, scheme, together)
    if (rows := _between_boundaries(flags, r, q, out.shape[1])).size:
        C, S, K, T, sigma, r, q = _some(rows, out.shape[1], flags, S, K, T, sigma, r, q)
        out[:, rows] = american_dividends.greeks(
            C, S, K, T, sigma, r, (), (), dividend_yield=q, kernels=kernels
        )
    return GreekArrays(*(row.reshape(shape) for row in out))


def implied_volatility(
    is_call: ArrayLike,
    value: ArrayLike,
    spot: ArrayLike,
    strike: ArrayLike,
    years: ArrayLike,
    rate: ArrayLike,
    dividend_yield: ArrayLike,
    *,
    scheme: Collocation = FAST,
    together: bool = False,
    kernels: Kernels = DEFAULT,
) -> Array:
    """Return the volatilities that prices of American options imply.

    Parameters
    ----------
    value
        Dollars per share today.
    is_call, spot, strike, years, rate, dividend_yield, scheme, together, kernels
        As `price`; years greater than zero.

    Returns
    -------
    Annual volatilities as fractions, in the broadcast shape of the inputs. NaN where an input is missing or
    outside its range, and where no volatility gives the price or many do: at or below the intrinsic value,
    which every low volatility gives where exercise is best at once, and at or above what the option is worth
    at any volatility.
    """
    shape, flags, flat = columns(is_call, value, spot, strike, years, rate, dividend_yield)
    out = np.empty(math.prod(shape))
    start = np.empty(out.size)
    V, S, K, T, r, q = flat
    with np.errstate(all="ignore"):
        kernels.implied_volatility(start, flags, V, S * np.exp((r - q) * T), K, T, np.exp(-r * T))
        kernels.american.implied_volatility(out, flags, V, S, K, T, r, q, start, scheme, together)
    if (rows := _between_boundaries(flags, r, q, out.size)).size:
        C, V, S, K, T, r, q = _some(rows, out.size, flags, V, S, K, T, r, q)
        out[rows] = american_dividends.implied_volatility(
            C, V, S, K, T, r, (), (), dividend_yield=q, kernels=kernels
        )
    return out.reshape(shape)


def _between_boundaries(flags: Flags, rate: Array, yields: Array, n: int) -> NDArray[np.intp]:
    """Return the rows whose exercise is best between two boundaries, none where no rate is below zero."""
    if not (rate < 0.0).any() or not (yields < 0.0).any():
        return np.zeros(0, dtype=np.intp)
    near, far = np.where(flags, yields, rate), np.where(flags, rate, yields)
    return np.flatnonzero(np.broadcast_to((far < near) & (near < 0.0), n))


def _some(rows: NDArray[np.intp], n: int, *columns: Array | Flags) -> list[Any]:
    return [np.broadcast_to(column, n)[rows] for column in columns]
