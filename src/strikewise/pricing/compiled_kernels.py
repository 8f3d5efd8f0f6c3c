"""The Numba kernels of price and Greeks: the formulas of `array_kernels` in loops of vector instructions."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from strikewise.pricing.compiled_math import (
    BLOCK,
    LEAST_TOTAL,
    exp,
    factor,
    log_ratio,
    normalised,
    part,
    repeated,
    root_and_total,
)
from strikewise.pricing.compiler import compiled, inlined

__all__ = ["forward_greeks", "greeks", "price"]

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]


@compiled
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
    n = out.size
    is_call, forward, strike = repeated(is_call, n), repeated(forward, n), repeated(strike, n)
    years, volatility, discount = repeated(years, n), repeated(volatility, n), repeated(discount, n)
    for start in range(0, n, BLOCK):
        C, F, K = part(is_call, start, n), part(forward, start, n), part(strike, start, n)
        T, sigma, D = part(years, start, n), part(volatility, start, n), part(discount, start, n)
        values = out[start : start + BLOCK]
        for i in range(values.size):
            _, total = root_and_total(sigma[i], T[i])
            otm, _, _, _ = normalised(F[i], K[i], total)
            gap = F[i] - K[i] if C[i] else K[i] - F[i]
            values[i] = factor(D[i]) * (otm + max(gap, 0.0))


@inlined
def _sensitivities(
    is_call: bool,
    spot: float,
    forward: float,
    strike: float,
    years: float,
    volatility: float,
    discount: float,
    rate: float,
    dividend_yield: float,
) -> tuple[float, float, float, float, float, float]:
    """Return price and Greeks in the house's units, as `array_kernels.greeks`."""
    root, total = root_and_total(volatility, years)
    otm, dense, near, far = normalised(forward, strike, total)
    below = forward <= strike
    n1 = near if below else far
    n2 = far if below else near
    flip = is_call != below
    n1 = 1.0 - n1 if flip else n1
    n2 = 1.0 - n2 if flip else n2
    sign = 1.0 if is_call else -1.0
    gap = sign * (forward - strike)
    density = discount * dense
    carried = sign * discount * forward * n1
    owed = sign * discount * strike * n2
    per_total = density * (1.0 / max(total, LEAST_TOTAL))
    per_spot = 1.0 / spot
    decay = -0.5 * per_total * volatility * volatility
    return (
        discount * (otm + max(gap, 0.0)),
        carried * per_spot,
        per_total * per_spot * per_spot,
        (decay + dividend_yield * carried - rate * owed) * (1.0 / 365.0),
        density * root * 0.01,
        owed * years * 0.01,
    )


@inlined
def _keep(scratch: Array, i: int, six: tuple[float, float, float, float, float, float]) -> None:
    # The vectoriser proves only a few arrays disjoint: one scratch block takes all six results.
    scratch[i] = six[0]
    scratch[BLOCK + i] = six[1]
    scratch[2 * BLOCK + i] = six[2]
    scratch[3 * BLOCK + i] = six[3]
    scratch[4 * BLOCK + i] = six[4]
    scratch[5 * BLOCK + i] = six[5]


@inlined
def _spread(scratch: Array, out: Array) -> None:
    for row in range(6):
        for i in range(out.shape[1]):
            out[row, i] = scratch[row * BLOCK + i]


@compiled
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
    n = out.shape[1]
    is_call, spot, strike, years = (
        repeated(is_call, n),
        repeated(spot, n),
        repeated(strike, n),
        repeated(years, n),
    )
    volatility, rate, dividend_yield = (
        repeated(volatility, n),
        repeated(rate, n),
        repeated(dividend_yield, n),
    )
    scratch = np.empty(6 * BLOCK)
    for start in range(0, n, BLOCK):
        C, S, K, Ts = (
            part(is_call, start, n),
            part(spot, start, n),
            part(strike, start, n),
            part(years, start, n),
        )
        sigma, rs, qs = part(volatility, start, n), part(rate, start, n), part(dividend_yield, start, n)
        for i in range(min(BLOCK, n - start)):
            T, r, q = Ts[i], rs[i], qs[i]
            F, D = S[i] * exp((r - q) * T), exp(-r * T)
            _keep(scratch, i, _sensitivities(C[i], S[i], F, K[i], T, sigma[i], D, r, q))
        _spread(scratch, out[:, start : start + BLOCK])


@compiled
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
    n = out.shape[1]
    is_call, spot, forward, strike = (
        repeated(is_call, n),
        repeated(spot, n),
        repeated(forward, n),
        repeated(strike, n),
    )
    years, volatility, discount = repeated(years, n), repeated(volatility, n), repeated(discount, n)
    scratch = np.empty(6 * BLOCK)
    for start in range(0, n, BLOCK):
        C, S, F, K = (
            part(is_call, start, n),
            part(spot, start, n),
            part(forward, start, n),
            part(strike, start, n),
        )
        Ts, sigma, D = part(years, start, n), part(volatility, start, n), part(discount, start, n)
        for i in range(min(BLOCK, n - start)):
            T = Ts[i]
            span = T if T > 0.0 else math.inf
            d = factor(D[i])
            r = -log_ratio(d, 1.0) / span
            q = r - log_ratio(F[i], S[i]) / span
            _keep(scratch, i, _sensitivities(C[i], S[i], F[i], K[i], T, sigma[i], d, r, q))
        _spread(scratch, out[:, start : start + BLOCK])
