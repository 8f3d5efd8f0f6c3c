"""The Numba kernel of implied volatility.

The start is a fitted guess so near that two free steps reach the last digit; what they do not reach (none
on the stated domain) is solved again inside a bracket.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from strikewise.pricing.compiled_math import (
    BLOCK,
    FAR,
    SMALL_T,
    exp,
    log_ratio,
    mills,
    part,
    repeated,
    series,
)
from strikewise.pricing.compiler import compiled, fma, inlined

__all__ = ["implied_volatility"]

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]

LEAST = 2.3e-308  # the smallest normal number: below it the exponent cannot be read from the bits
UNSOLVED = -1.0
ROOT_TWO_PI = 2.5066282746310002


@inlined
def _first_guess(x: float, kappa: float, ratio: float, upper: bool) -> float:
    """Return total volatility within 1.2 % (12 % where `upper`) of the true one.

    Fitted over 7 standard deviations and total volatilities up to 7.
    """
    b = kappa * math.sqrt(ratio)
    x1 = fma(1e-9, b, x)
    u = 1.0 - kappa
    v = log_ratio(u if upper else b + x1, 1.0 if upper else b)
    # Normal (Bachelier) standard deviations of the strike from its price, then the lognormal correction.
    p = v * fma(
        fma(fma(2.8919287263418912e-05, v, 0.0056479238317577235), v, 0.038397765862064955), v, 0.3989369919
    )
    p = p / fma(fma(fma(0.00046532301016447616, v, 0.017961346616653356), v, 0.0961211656800664), v, 1.0)
    s = x1 / p
    w = s * s
    top = fma(w, fma(-0.0005585514201269065, w, fma(0.0014849433326060554, p, 0.03905125459306268)), 0.0)
    base = fma(p, fma(p, 0.33914300533716324, 0.2607181309755683), 1.0)
    base = fma(w, fma(0.00012668257968229392, w, fma(-0.024224136916750044, p, -0.13058223450154283)), base)
    lower_guess = s * (1.0 + top / base)
    # Near the upper bound: the tail 1 - kappa is shared by two normal tails; Abramowitz and Stegun 26.2.22
    # inverts it.
    g = math.sqrt(max(-2.0 * v, 0.0))
    y = max(g - 0.75, 0.1)
    a = fma(0.77, y, 0.8)
    h = a / (a + fma(0.77, math.sqrt(fma(y, y, 2.0 * x)), 0.8))
    g = math.sqrt(fma(g, g, 2.0 * h * fma(h, fma(0.4, h, 0.5), 1.0)))
    y = g - fma(0.27061, g, 2.30753) / fma(g, fma(g, 0.04481, 0.99229), 1.0)
    return y + math.sqrt(fma(y, y, 2.0 * x)) if upper else lower_guess


@inlined
def _residual(x: float, s: float, target: float, upper: bool) -> tuple[float, float, float, float]:
    """Return the logarithmic misfit at ``s``, its inverse slope, and p and t."""
    p = min(x / s, FAR)
    t = min(0.5 * s, FAR)
    z = p - t
    small = (t < SMALL_T) and not upper
    m = mills(p if small else max(-z if upper else z, -0.6))
    _, odd = series(p, t, m)
    reach = 2.0 * odd if small else (-m if upper else m) - mills(p + t)
    return fma(-0.5 * z, z, log_ratio(abs(reach), target)), reach, p, t


@inlined
def _step(s: float, f: float, reach: float, p: float, t: float) -> float:
    """Return the Householder step of fourth order."""
    slope = 1.0 / reach
    newton = -f * reach
    each = 1.0 / s
    curve = (p - t) * (p + t) * each
    h2 = curve - slope
    h3 = curve * curve - fma(3.0 * p, p, t * t) * each * each + slope * (2.0 * slope - 3.0 * curve)
    return newton * fma(0.5 * h2, newton, 1.0) / fma(newton, fma(h3 * newton, 1.0 / 6.0, h2), 1.0)


@inlined
def _is_upper(x: float, kappa: float) -> bool:
    """Say whether the price is nearer its upper bound: where ``t - p`` is above about one third."""
    return kappa > 0.637 - 0.375 / fma(0.75, math.sqrt(fma(2.0, x, 0.1225)), 0.8)


@inlined
def _solve_one(x: float, kappa: float) -> float:
    """Solve for total volatility with the steps held in a bracket, for what two free steps do not reach."""
    upper = bool(_is_upper(x, kappa))
    target = (1.0 - kappa if upper else kappa) * ROOT_TWO_PI
    s = _first_guess(x, kappa, exp(-x), upper)
    below, above = 0.0, 2.0 * FAR
    if not 1e-12 < s < above:
        s = 0.5
    for _ in range(100):
        f, reach, p, t = _residual(x, s, target, upper)
        if (f < 0.0) if upper else (f > 0.0):
            above = s
        else:
            below = s
        following = s + _step(s, f, reach, p, t)
        if abs(following - s) <= 1e-6 * s:
            return following
        if not below < following < above:
            following = math.sqrt(max(below, 1e-6 * above) * above)
        s = following
    return s


@inlined
def _standardised(
    is_call: bool, price: float, forward: float, strike: float, discount: float
) -> tuple[float, float]:
    """Return moneyness |ln(F/K)| and out-of-the-money value over min(F, K), -1 if there is none."""
    gap = forward - strike if is_call else strike - forward
    lo = min(forward, strike)
    kappa = (price / discount - max(gap, 0.0)) / lo
    fine = (kappa >= LEAST) and (kappa < 1.0) and (lo > 0.0) and (discount > 0.0)
    fine = fine and (forward < math.inf) and (strike < math.inf)
    return abs(log_ratio(forward if fine else 1.0, strike if fine else 1.0)), kappa if fine else -1.0


@inlined
def _solve_two(x: float, kappa: float, ratio: float) -> tuple[float, bool]:
    """Return total volatility after two free steps from the guess, and whether the second was small."""
    upper = _is_upper(x, kappa)
    target = (1.0 - kappa if upper else kappa) * ROOT_TWO_PI
    s = _first_guess(x, kappa, ratio, upper)
    f, reach, p, t = _residual(x, s, target, upper)
    s += _step(s, f, reach, p, t)
    f, reach, p, t = _residual(x, s, target, upper)
    last = _step(s, f, reach, p, t)
    return s + last, abs(last) < 1e-4 * s


@compiled
def implied_volatility(
    out: Array, is_call: Flags, price: Array, forward: Array, strike: Array, years: Array, discount: Array
) -> None:
    """Write implied volatilities, NaN where there is none."""
    n = out.size
    is_call, price, forward = repeated(is_call, n), repeated(price, n), repeated(forward, n)
    strike, years, discount = repeated(strike, n), repeated(years, n), repeated(discount, n)
    for start in range(0, n, BLOCK):
        C, V, F = part(is_call, start, n), part(price, start, n), part(forward, start, n)
        K, T, D = part(strike, start, n), part(years, start, n), part(discount, start, n)
        found = out[start : start + BLOCK]
        for i in range(found.size):
            x, kappa = _standardised(C[i], V[i], F[i], K[i], D[i])
            fine = (kappa > 0.0) and (0.0 < T[i] < math.inf)
            s, near = _solve_two(x, kappa if fine else 0.5, min(F[i], K[i]) / max(F[i], K[i]))
            s = s / math.sqrt(T[i] if fine else 1.0)
            found[i] = (s if near else UNSOLVED) if fine else math.nan
        for i in range(found.size):
            if found[i] == UNSOLVED:
                x, kappa = _standardised(C[i], V[i], F[i], K[i], D[i])
                found[i] = _solve_one(x, kappa) / math.sqrt(T[i])
