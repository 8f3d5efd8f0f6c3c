"""The NumPy/SciPy kernels: the plain statement of the formulas, and the fallback without Numba.

All kernels see flat float64 arrays of one length. With ``x = |ln(F/K)|``, total volatility ``s``, ``p =
x/s``, ``t = s/2``, ``lo = min(F, K)`` and the Mills ratio ``M(z) = N(-z)/n(z)``, the undiscounted
out-of-the-money price is

    c = lo * n(p - t) * (M(p - t) - M(p + t)),        dc/ds = lo * n(p - t),

which never subtracts two large numbers; the in-the-money price adds the intrinsic value (parity).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import scipy
from numpy.typing import NDArray

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]

SMALL_T = 0.03
"""Below this half total volatility ``M(p-t) - M(p+t)`` is summed as a series in ``t``."""

LEAST = 2.3e-308
"""The smallest normal number; an option worth less of its strike has no volatility."""

FAR = 37.6
"""Standard deviations beyond which nothing is left: ``n(37.6)`` is the smallest normal number of float64."""

_ROOT_HALF_PI = float(np.sqrt(np.pi / 2.0))
_ROOT_TWO_PI = float(np.sqrt(2.0 * np.pi))


class Normalised(NamedTuple):
    """What price and Greeks share, out-of-the-money side: each of shape ``(n,)``."""

    price: Array
    """Undiscounted out-of-the-money price."""
    density: Array
    """``lo * n(p - t)``: equals ``F n(d1)`` and ``K n(d2)``; zero where total volatility is zero."""
    near: Array
    """``N(t - p)``: for a call below its strike ``N(d1)``, for a put above its strike ``N(-d2)``."""
    far: Array
    """``N(-p - t)``: for a call below its strike ``N(d2)``, for a put above its strike ``N(-d1)``."""


def mills(z: Array) -> Array:
    """Return ``N(-z)/n(z)``."""
    return np.asarray(_ROOT_HALF_PI * scipy.special.erfcx(z / np.sqrt(2.0)))


def log_ratio(a: Array, b: Array) -> Array:
    """Return ``ln(a/b)`` with full relative precision where ``a`` is near ``b``."""
    gap = (a - b) / (a + b)
    return np.where(np.abs(gap) < 0.2, 2.0 * np.arctanh(gap), np.log(a / b))


def series(p: Array, t: Array) -> tuple[Array, Array]:
    """Return the even and odd parts in ``t`` of ``M(p - t) = sum t^k/k! int u^k exp(-u^2/2 - p u) du``."""
    moment, following = mills(p), 1.0 - p * mills(p)
    even, odd = np.zeros_like(p), np.zeros_like(p)
    power = np.ones_like(p)
    for k in range(8):
        if k % 2 == 0:
            even = even + power * moment
        else:
            odd = odd + power * moment
        power = power * t / (k + 1)
        moment, following = following, (k + 1) * moment - p * following
    return even, odd


def normalised(forward: Array, strike: Array, total: Array) -> Normalised:
    """Evaluate the out-of-the-money side for total volatility ``sigma * sqrt(T)``."""
    lo, hi = np.minimum(forward, strike), np.maximum(forward, strike)
    x = np.abs(log_ratio(forward, strike))
    valid = (forward > 0.0) & (strike > 0.0) & (total >= 0.0) & np.isfinite(forward) & np.isfinite(strike)
    positive = total > 0.0
    p = np.minimum(np.where(positive, x / np.where(positive, total, 1.0), np.where(x > 0.0, FAR, 0.0)), FAR)
    t = np.minimum(0.5 * total, FAR)
    z = p - t
    bell = np.where(p == FAR, 0.0, np.exp(-0.5 * z * z) / _ROOT_TWO_PI)
    even, odd = series(p, np.minimum(t, SMALL_T))
    small = t < SMALL_T
    upper = np.where(small, even - odd, mills(p + t))
    tail = bell * mills(np.abs(z))
    near = np.where(small, bell * (even + odd), np.where(z >= 0.0, tail, 1.0 - tail))
    value = np.where(small, 2.0 * bell * odd, near - bell * upper)
    blank = np.where(valid, 0.0, np.nan)
    return Normalised(
        price=lo * np.maximum(value, 0.0) + blank,
        density=np.where(positive, lo * bell, 0.0) + blank,
        near=near + blank,
        far=bell * upper * (lo / hi) + blank,
    )


def price(
    out: Array,
    is_call: Flags,
    forward: Array,
    strike: Array,
    years: Array,
    volatility: Array,
    discount: Array,
) -> None:
    """Write Black-76 prices."""
    side = normalised(forward, strike, _total_volatility(volatility, years))
    intrinsic = np.maximum(np.where(is_call, forward - strike, strike - forward), 0.0)
    out[:] = _factor(discount) * (intrinsic + side.price)


def greeks(
    out: Array,
    is_call: Flags,
    spot: Array,
    strike: Array,
    years: Array,
    volatility: Array,
    rate: Array,
    dividend_yield: Array,
) -> None:
    """Write price, delta, gamma, theta, vega, rho as rows, from a rate and a dividend yield."""
    forward = spot * np.exp((rate - dividend_yield) * years)
    discount = np.exp(-rate * years)
    row = (is_call, spot, forward, strike, years, volatility, discount, rate, dividend_yield)
    for line, values in enumerate(_sensitivities(*row)):
        out[line] = values


def forward_greeks(
    out: Array,
    is_call: Flags,
    spot: Array,
    forward: Array,
    strike: Array,
    years: Array,
    volatility: Array,
    discount: Array,
) -> None:
    """Write price, delta, gamma, theta, vega, rho as rows, from a forward and a discount."""
    span, discount = np.where(years > 0.0, years, np.inf), _factor(discount)
    rate = -log_ratio(discount, np.ones_like(discount)) / span
    dividend_yield = rate - log_ratio(forward, spot) / span
    row = (is_call, spot, forward, strike, years, volatility, discount, rate, dividend_yield)
    for line, values in enumerate(_sensitivities(*row)):
        out[line] = values


def _sensitivities(
    is_call: Flags,
    spot: Array,
    forward: Array,
    strike: Array,
    years: Array,
    volatility: Array,
    discount: Array,
    rate: Array,
    dividend_yield: Array,
) -> tuple[Array, ...]:
    total = _total_volatility(volatility, years)
    side = normalised(forward, strike, total)
    sign = np.where(is_call, 1.0, -1.0)
    below = forward <= strike
    n1 = np.where(below, side.near, side.far)
    n2 = np.where(below, side.far, side.near)
    flip = is_call != below
    n1 = np.where(flip, 1.0 - n1, n1)
    n2 = np.where(flip, 1.0 - n2, n2)
    intrinsic = np.maximum(sign * (forward - strike), 0.0)
    density = discount * side.density
    carried = sign * discount * forward * n1
    owed = sign * discount * strike * n2
    moving = total > 0.0
    root = np.sqrt(np.where(moving, years, 1.0))
    decay = -0.5 * density * volatility / root
    return (
        discount * (intrinsic + side.price),
        carried / spot,
        density / (spot * spot * np.where(moving, total, 1.0)),
        (decay + dividend_yield * carried - rate * owed) / 365.0,
        density * root * 0.01,
        owed * years * 0.01,
    )


def implied_volatility(
    out: Array, is_call: Flags, price: Array, forward: Array, strike: Array, years: Array, discount: Array
) -> None:
    """Write implied volatilities, NaN where there is none."""
    lo = np.minimum(forward, strike)
    intrinsic = np.maximum(np.where(is_call, forward - strike, strike - forward), 0.0)
    kappa = (price / discount - intrinsic) / lo
    valid = (kappa >= LEAST) & (kappa < 1.0) & (years > 0.0) & (lo > 0.0) & (discount > 0.0)
    valid &= np.isfinite(forward) & np.isfinite(strike) & np.isfinite(years)
    valid = np.broadcast_to(valid, out.shape)
    x, kappa, root = (
        np.broadcast_to(column, out.shape)[valid]
        for column in (np.abs(log_ratio(forward, strike)), kappa, np.sqrt(years))
    )
    out[:] = np.nan
    out[valid] = _total_from_value(x, kappa) / root


def first_guess(x: Array, kappa: Array) -> Array:
    """Return a start for the total volatility whose out-of-the-money price over ``lo`` is ``kappa``."""
    y = np.asarray(scipy.special.ndtri(kappa))
    root = np.sqrt(y * y + 2.0 * x)
    guess: Array = np.where(y > 0.0, y + root, (2.0 * x + 2.5 * kappa) / (root + np.abs(y) + 1e-300))
    return guess


def _total_from_value(x: Array, kappa: Array) -> Array:
    """Solve by Householder steps of fourth order on the logarithm, kept inside a bracket."""
    s = first_guess(x, kappa)
    z = x / s - 0.5 * s
    upper = (z < -0.2) & (kappa > 0.1)
    target = np.where(upper, 1.0 - kappa, kappa) * _ROOT_TWO_PI
    below, above = np.zeros_like(s), np.full_like(s, 2.0 * FAR)
    for _ in range(64):
        p, t = x / s, 0.5 * s
        z = p - t
        _, odd = series(np.minimum(p, FAR), np.minimum(t, SMALL_T))
        reach = np.where(upper, -mills(-z), mills(np.maximum(z, -30.0))) - mills(p + t)
        reach = np.where((t < SMALL_T) & ~upper, 2.0 * odd, reach)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            f = np.log(np.abs(reach) / target) - 0.5 * z * z
            too_high = np.where(upper, f < 0.0, f > 0.0)
            above, below = (
                np.where(too_high, np.minimum(above, s), above),
                np.where(too_high, below, np.maximum(below, s)),
            )
            slope = 1.0 / reach
            newton = -f * reach
            curve = z * (p + t) / s
            h2 = curve - slope
            h3 = curve * curve - (3.0 * p * p + t * t) / (s * s) - 3.0 * curve * slope + 2.0 * slope * slope
            step = newton * (1.0 + 0.5 * h2 * newton) / (1.0 + newton * (h2 + h3 * newton / 6.0))
            following = s + step
        inside = (following > below) & (following < above)
        close = np.abs(following - s) <= 1e-15 * s
        following = np.where(inside | close, following, np.sqrt(np.maximum(below, 1e-8 * above) * above))
        moved = np.abs(following - s) > 1e-5 * s
        s = following
        if not bool(np.any(moved)):
            break
    return s


def _total_volatility(volatility: Array, years: Array) -> Array:
    valid = (volatility >= 0.0) & (years >= 0.0)
    return np.where(valid, volatility * np.sqrt(np.where(valid, years, 0.0)), np.nan)


def _factor(discount: Array) -> Array:
    """Return discounts, NaN where one is none: not greater than zero, or infinite."""
    return np.where((discount > 0.0) & (discount < np.inf), discount, np.nan)
