"""The Numba kernels of American prices, Greeks and implied volatilities with a continuous yield.

Every option is a put struck at one: a call on spot S struck at K is worth S puts on K/S whose rate is the
yield and whose yield is the rate (R. McDonald and M. Schroder, A Parity Result for American Options, 1998).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from strikewise.pricing.collocation import Collocation
from strikewise.pricing.compiled_boundary import (
    Memory,
    european,
    highest,
    is_never_early,
    is_stiff,
    memory,
    premium,
    premium_slopes,
    recall,
    workspace,
)
from strikewise.pricing.compiled_math import log_ratio
from strikewise.pricing.compiler import called, compiled, inlined

__all__ = ["greeks", "implied_volatility", "price"]

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]

LEAST_TOTAL = 1e-5  # total volatility below which nothing is random
BUMP = 1e-5
RATE_BUMP = 1e-4  # wide: near the yield the boundary's error changes fast with the rate
TRIALS = 100
PATIENCE = 12  # secants before every other step halves the bracket
MOST_TOTAL = 60.0
OCTAVES = 8  # of volatility, in which boundaries are remembered


@inlined
def _at(column: Array, i: int) -> float:
    return float(column[i if column.size > 1 else 0])


@inlined
def _solvable(x: float, years: float, volatility: float, rate: float, yields: float) -> bool:
    """Say whether the numbers make sense, and exercise has one boundary at most."""
    fine = (0.0 < x < math.inf) and (0.0 <= years < math.inf) and (0.0 <= volatility < math.inf)
    return fine and abs(rate) < math.inf and abs(yields) < math.inf and not yields < rate < 0.0


@called
def certain(x: float, years: float, rate: float, yields: float) -> float:
    """Return what a put struck at one is worth where nothing is random: exercise at the best time."""
    best = max(1.0 - x, math.exp(-rate * years) - x * math.exp(-yields * years), 0.0)
    if rate * yields > 0.0 and rate != yields:
        t = math.log(rate / (yields * x)) / (rate - yields)
        if 0.0 < t < years:
            best = max(best, math.exp(-rate * t) - x * math.exp(-yields * t))
    return best


@called
def _put(
    x: float,
    years: float,
    volatility: float,
    rate: float,
    yields: float,
    stiff: bool,
    h: Array,
    kept: Memory,
    work: Array,
    scheme: Collocation,
) -> float:
    """Return the price of an American put struck at one."""
    if volatility * math.sqrt(years) < LEAST_TOTAL:
        return certain(x, years, rate, yields)
    value, _, _ = european(x, years, volatility, rate, yields)
    if is_never_early(rate, yields):
        return value
    recall(h, kept, work, scheme, years, volatility, rate, yields, stiff)
    if log_ratio(highest(rate, yields), x) >= math.sqrt(h[0]):
        return 1.0 - x
    value += max(premium(x, h, work, scheme, years, volatility, rate, yields), 0.0)
    return max(value, 1.0 - x)


@compiled
def price(
    out: Array,
    is_call: Flags,
    spot: Array,
    strike: Array,
    years: Array,
    volatility: Array,
    rate: Array,
    dividend_yield: Array,
    scheme: Collocation,
    together: bool,
) -> None:
    """Write American prices."""
    h, work = np.empty(scheme.root.size), workspace(scheme)
    kept = memory(scheme, OCTAVES if together else 0)
    for i in range(out.size):
        call = is_call[i if is_call.size > 1 else 0]
        S, K = _at(spot, i), _at(strike, i)
        T, sigma, r, q = _at(years, i), _at(volatility, i), _at(rate, i), _at(dividend_yield, i)
        if call:
            S, K, r, q = K, S, q, r
        out[i] = math.nan
        if K > 0.0 and _solvable(S / K, T, sigma, r, q):
            value = _put(S / K, T, sigma, r, q, is_stiff(T, sigma, r), h, kept, work, scheme)
            out[i] = max(K * value, K - S)


@called
def _sensitivities(
    x: float,
    years: float,
    volatility: float,
    rate: float,
    yields: float,
    bump_yield: bool,
    h: Array,
    kept: Memory,
    up_kept: Memory,
    down_kept: Memory,
    work: Array,
    scheme: Collocation,
) -> tuple[float, float, float, float, float, bool]:
    """Return price, delta, gamma, the slopes in volatility and in rate or yield, and if exercise is best."""
    if volatility * math.sqrt(years) < LEAST_TOTAL:
        value = certain(x, years, rate, yields)
        up = certain(x * (1.0 + BUMP), years, rate, yields)
        down = certain(x * (1.0 - BUMP), years, rate, yields)
        moved = certain(
            x, years, rate + (0.0 if bump_yield else BUMP), yields + (BUMP if bump_yield else 0.0)
        )
        now = value <= max(1.0 - x, 0.0)
        return value, (up - down) / (2.0 * BUMP * x), 0.0, 0.0, (moved - value) / BUMP, now
    value, delta, gamma = european(x, years, volatility, rate, yields)
    stiff = is_stiff(years, volatility, rate)
    if not is_never_early(rate, yields):
        recall(h, kept, work, scheme, years, volatility, rate, yields, stiff)
        if log_ratio(highest(rate, yields), x) >= math.sqrt(h[0]):
            return 1.0 - x, -1.0, 0.0, 0.0, 0.0, True
        more, first, second = premium_slopes(x, h, work, scheme, years, volatility, rate, yields)
        value = max(value + max(more, 0.0), 1.0 - x)
        delta, gamma = delta + first, gamma + second
    step = BUMP * volatility
    vega = (_put(x, years, volatility + step, rate, yields, stiff, h, kept, work, scheme) - value) / step
    by_rate, by_yield = (0.0, RATE_BUMP) if bump_yield else (RATE_BUMP, 0.0)
    up = _put(x, years, volatility, rate + by_rate, yields + by_yield, stiff, h, up_kept, work, scheme)
    low, under = rate - by_rate, yields - by_yield
    if under < low < 0.0 or low < 0.0 <= rate:
        return value, delta, gamma, vega, (up - value) / RATE_BUMP, False
    down = _put(x, years, volatility, low, under, stiff, h, down_kept, work, scheme)
    return value, delta, gamma, vega, (up - down) / (2.0 * RATE_BUMP), False


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
    scheme: Collocation,
    together: bool,
) -> None:
    """Write price, delta, gamma, theta, vega, rho as rows."""
    h, work = np.empty(scheme.root.size), workspace(scheme)
    octaves = OCTAVES if together else 0
    kept, up, down = memory(scheme, octaves), memory(scheme, octaves), memory(scheme, octaves)
    for i in range(out.shape[1]):
        call = is_call[i if is_call.size > 1 else 0]
        S, K = _at(spot, i), _at(strike, i)
        T, sigma, r, q = _at(years, i), _at(volatility, i), _at(rate, i), _at(dividend_yield, i)
        out[:, i] = math.nan
        if not (S > 0.0 and K > 0.0):
            continue
        x, near, far = (K / S, q, r) if call else (S / K, r, q)
        if not _solvable(x, T, sigma, near, far):
            continue
        value, first, second, vega, rho, now = _sensitivities(
            x, T, sigma, near, far, call, h, kept, up, down, work, scheme
        )
        scale = S if call else K
        delta = value - x * first if call else first
        gamma = second * x * x / S if call else second / K
        out[0, i], out[1, i], out[2, i] = max(scale * value, S - K if call else K - S), delta, gamma
        decay = r * scale * value - (r - q) * S * delta - 0.5 * sigma * sigma * S * S * gamma
        out[3, i] = 0.0 if now or T == 0.0 else decay / 365.0
        out[4, i] = 0.01 * scale * vega
        out[5, i] = 0.01 * scale * rho


@called
def _solve(
    value: float,
    x: float,
    years: float,
    rate: float,
    yields: float,
    start: float,
    h: Array,
    kept: Memory,
    work: Array,
    scheme: Collocation,
) -> float:
    """Return the volatility of a put struck at one, by secants held in a bracket; NaN where there is none."""
    root = math.sqrt(years)
    least = certain(x, years, rate, yields)
    if not value > least:
        return math.nan
    below, above = 0.0, math.inf
    here = start if 0.0 < start < MOST_TOTAL / root else 1.0 / root
    last, misfit_last = 0.0, least - value
    for trial in range(TRIALS):
        stiff = is_stiff(years, here, rate)
        misfit = _put(x, years, here, rate, yields, stiff, h, kept, work, scheme) - value
        if misfit > 0.0:
            above = here
        else:
            below = here
        if trial == 0:
            s = here * root
            _, _, gamma = european(x, years, here, rate, yields)
            slope = gamma * x * x * s * root
        else:
            slope = (misfit - misfit_last) / (here - last)
        following = here - misfit / slope
        if abs(following - here) <= 1e-9 * here:
            return following
        last, misfit_last = here, misfit
        if above == math.inf and following > 2.0 * here:
            following = 2.0 * here
        if not below < following < above or (trial > PATIENCE and trial % 2):
            following = 0.5 * (below + above) if above < math.inf else 2.0 * here
        shut = above < math.inf and above - below <= 1e-12 * above
        if shut or following * root > MOST_TOTAL:
            break
        here = following
    return here if above < math.inf and above - below <= 1e-9 * above else math.nan


@compiled
def implied_volatility(
    out: Array,
    is_call: Flags,
    value: Array,
    spot: Array,
    strike: Array,
    years: Array,
    rate: Array,
    dividend_yield: Array,
    start: Array,
    scheme: Collocation,
    together: bool,
) -> None:
    """Write implied volatilities, NaN where there is none; ``start`` are the European ones."""
    h, work = np.empty(scheme.root.size), workspace(scheme)
    kept = memory(scheme, OCTAVES if together else 0)
    for i in range(out.size):
        call = is_call[i if is_call.size > 1 else 0]
        S, K, V = _at(spot, i), _at(strike, i), _at(value, i)
        T, r, q = _at(years, i), _at(rate, i), _at(dividend_yield, i)
        if call:
            S, K, r, q = K, S, q, r
        out[i] = math.nan
        if K > 0.0 and T > 0.0 and abs(V) < math.inf and _solvable(S / K, T, 1.0, r, q):
            out[i] = _solve(V / K, S / K, T, r, q, _at(start, i), h, kept, work, scheme)
