"""The NumPy kernels of American prices, Greeks and implied volatilities: the fallback without Numba.

They solve the boundary of each option by itself, whether or not options share their expiry.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from strikewise.pricing.array_boundary import Terms, boundary, european, is_stiff, premium
from strikewise.pricing.array_kernels import log_ratio
from strikewise.pricing.collocation import Collocation

__all__ = ["certain", "greeks", "implied_volatility", "price"]

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]

LEAST_RATE = 1e-10
"""Interest that is not worth an exercise."""

LEAST_TOTAL = 1e-5
"""Total volatility below which nothing is random."""

BUMP = 1e-5
RATE_BUMP = 1e-4
"""Wide: near the yield the boundary's error changes fast with the rate."""
"""Step of the one-sided differences: relative in volatility, absolute in rates."""

TRIALS = 100
PATIENCE = 12
"""Secants before every other step halves the bracket."""

MOST_TOTAL = 60.0
CHUNK = 512
"""Options worked on at a time, so that their points stay in the processor's cache."""


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
    _together: bool,
) -> None:
    """Write American prices."""
    columns = (is_call, spot, strike, years, volatility, rate, dividend_yield)
    for part, (C, S, K, *rest) in _chunks(out.size, columns):
        x, scale, terms = _as_puts(C, S, K, *rest)
        fine = _solvable(x, scale, terms)
        values = np.full(x.size, np.nan)
        some = _rows(terms, fine)
        values[fine] = scale[fine] * _puts(x[fine], some, is_stiff(some), scheme)[0]
        out[part] = np.maximum(values, np.where(C, S - K, K - S))


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
    _together: bool,
) -> None:
    """Write price, delta, gamma, theta, vega, rho as rows."""
    columns = (is_call, spot, strike, years, volatility, rate, dividend_yield)
    for part, (C, S, K, T, sigma, r, q) in _chunks(out.shape[1], columns):
        x, scale, terms = _as_puts(C, S, K, T, sigma, r, q)
        fine = _solvable(x, scale, terms) & (S > 0.0)
        rows = np.full((6, x.size), np.nan)
        chosen = (C[fine], S[fine], K[fine], T[fine], sigma[fine], r[fine], q[fine])
        rows[:, fine] = _sensitivities(x[fine], scale[fine], _rows(terms, fine), chosen, scheme)
        out[:, part] = rows


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
    _together: bool,
) -> None:
    """Write implied volatilities, NaN where there is none; ``start`` are the European ones."""
    columns = (is_call, value, spot, strike, years, rate, dividend_yield, start)
    for part, (C, V, S, K, T, r, q, first) in _chunks(out.size, columns):
        x, scale, terms = _as_puts(C, S, K, T, np.ones_like(T), r, q)
        fine = _solvable(x, scale, terms) & (T > 0.0) & np.isfinite(V)
        found = np.full(x.size, np.nan)
        wanted = (V[fine] / scale[fine], x[fine], _rows(terms, fine), first[fine])
        found[fine] = _solve(*wanted, scheme)
        out[part] = found


def _chunks(n: int, columns: tuple[NDArray[np.generic], ...]) -> Iterator[tuple[slice, list[Array]]]:
    whole = [np.broadcast_to(column, n) for column in columns]
    for start in range(0, n, CHUNK):
        part = slice(start, start + CHUNK)
        yield part, [column[part] for column in whole]


def _as_puts(
    is_call: Array, spot: Array, strike: Array, years: Array, volatility: Array, rate: Array, yields: Array
) -> tuple[Array, Array, Terms]:
    """Return each option as so many puts struck at one: a call is a put with the two sides exchanged."""
    given, wanted = np.where(is_call, strike, spot), np.where(is_call, spot, strike)
    near, far = np.where(is_call, yields, rate), np.where(is_call, rate, yields)
    return given / wanted, wanted, Terms(years, volatility, near, far)


def _rows(terms: Terms, chosen: Flags | NDArray[np.intp]) -> Terms:
    return Terms(*(column[chosen] for column in terms))


def _solvable(x: Array, scale: Array, terms: Terms) -> Flags:
    """Say whether the numbers make sense, and exercise has one boundary at most."""
    years, volatility, rate, yields = terms
    fine = (scale > 0.0) & (x > 0.0) & (x < np.inf)
    fine &= (years >= 0.0) & (years < np.inf) & (volatility >= 0.0) & (volatility < np.inf)
    fine &= np.isfinite(rate) & np.isfinite(yields) & ~((yields < rate) & (rate < 0.0))
    return np.asarray(fine)


def certain(x: Array, years: Array, rate: Array, yields: Array) -> Array:
    """Return what puts struck at one are worth where nothing is random: exercise at the best time."""
    last = np.exp(-rate * years) - x * np.exp(-yields * years)
    best = np.maximum(np.maximum(1.0 - x, last), 0.0)
    turns = (rate * yields > 0.0) & (rate != yields)
    t = np.log(np.where(turns, rate / (yields * x), 1.0)) / np.where(turns, rate - yields, 1.0)
    turns &= (t > 0.0) & (t < years)
    t = np.where(turns, t, 0.0)
    inside = np.exp(-rate * t) - x * np.exp(-yields * t)
    return np.where(turns, np.maximum(best, inside), best)


def _puts(x: Array, terms: Terms, stiff: Flags, scheme: Collocation) -> tuple[Array, Array, Array, Flags]:
    """Return price, delta and gamma of American puts struck at one, and whether exercise is best now."""
    years, volatility, rate, yields = terms
    value = certain(x, years, rate, yields)
    up = certain(x * (1.0 + BUMP), years, rate, yields)
    down = certain(x * (1.0 - BUMP), years, rate, yields)
    delta, gamma = (up - down) / (2.0 * BUMP * x), np.zeros_like(x)
    moving = volatility * np.sqrt(years) >= LEAST_TOTAL
    value[moving], delta[moving], gamma[moving] = european(x[moving], _rows(terms, moving))
    early = moving & ~((rate <= LEAST_RATE) & (yields >= np.minimum(rate, 0.0)))
    exercised = ~moving & (value <= np.maximum(1.0 - x, 0.0))
    if early.any():
        x, some = x[early], _rows(terms, early)
        h = boundary(scheme, some, stiff[early])
        more, first, second = premium(x, h, scheme, some)
        now = log_ratio(some.highest, x) >= np.sqrt(h[0])
        held = np.maximum(value[early] + np.maximum(more, 0.0), 1.0 - x)
        value[early] = np.where(now, 1.0 - x, held)
        delta[early] = np.where(now, -1.0, delta[early] + first)
        gamma[early] = np.where(now, 0.0, gamma[early] + second)
        exercised[early] = now
    return value, delta, gamma, exercised


def _sensitivities(
    x: Array, scale: Array, terms: Terms, given: tuple[Array, ...], scheme: Collocation
) -> Array:
    """Return price, delta, gamma, theta, vega, rho in the house's units, shape ``(6, m)``."""
    C, S, K, T, sigma, r, q = given
    calls, stiff = C.astype(np.bool_), is_stiff(terms)
    value, first, second, exercised = _puts(x, terms, stiff, scheme)
    quiet = sigma * np.sqrt(T) < LEAST_TOTAL
    step = BUMP * sigma
    sharper = _puts(x, terms._replace(volatility=sigma + step), stiff, scheme)[0]
    still = exercised & ~quiet
    vega = np.where(quiet | still, 0.0, (sharper - value) / np.where(quiet, 1.0, step))
    rho = np.where(still, 0.0, _slope_in_rate(x, value, terms, calls, stiff, scheme))
    delta = np.where(calls, value - x * first, first)
    gamma = second * np.where(calls, x * x / S, 1.0 / K)
    decay = r * scale * value - (r - q) * S * delta - 0.5 * (sigma * S) ** 2 * gamma
    theta = np.where(exercised | (T == 0.0), 0.0, decay / 365.0)
    paid = np.maximum(scale * value, np.where(calls, S - K, K - S))
    return np.array([paid, delta, gamma, theta, 0.01 * scale * vega, 0.01 * scale * rho])


def _slope_in_rate(
    x: Array, value: Array, terms: Terms, calls: Flags, stiff: Flags, scheme: Collocation
) -> Array:
    """Return the slope in the rate, which is a call's yield once it is a put; one-sided at no interest."""
    by_rate, by_yield = np.where(calls, 0.0, RATE_BUMP), np.where(calls, RATE_BUMP, 0.0)
    higher = terms._replace(rate=terms.rate + by_rate, yields=terms.yields + by_yield)
    low, under = terms.rate - by_rate, terms.yields - by_yield
    bare = ((under < low) & (low < 0.0)) | ((low < 0.0) & (terms.rate >= 0.0))
    lower = terms._replace(rate=np.where(bare, terms.rate, low), yields=np.where(bare, terms.yields, under))
    up = _puts(x, higher, stiff, scheme)[0]
    down = np.where(bare, value, _puts(x, lower, stiff, scheme)[0])
    return (up - down) / np.where(bare, RATE_BUMP, 2.0 * RATE_BUMP)


def _solve(value: Array, x: Array, terms: Terms, start: Array, scheme: Collocation) -> Array:
    """Return volatilities of puts struck at one, by secants held in a bracket; NaN where there is none."""
    root = np.sqrt(terms.years)
    least = certain(x, terms.years, terms.rate, terms.yields)
    result = np.full(x.size, np.nan)
    here = np.where((start > 0.0) & (start < MOST_TOTAL / root), start, 1.0 / root)
    below, above = np.zeros(x.size), np.full(x.size, np.inf)
    last, misfit_last = np.zeros(x.size), least - value
    alive = np.flatnonzero(value > least)
    for trial in range(TRIALS):
        if alive.size == 0:
            break
        some, at = _rows(terms._replace(volatility=here), alive), here[alive]
        misfit = _puts(x[alive], some, is_stiff(some), scheme)[0] - value[alive]
        above[alive] = np.where(misfit > 0.0, at, above[alive])
        below[alive] = np.where(misfit > 0.0, below[alive], at)
        if trial == 0:
            slope = european(x[alive], some)[2] * x[alive] ** 2 * at * terms.years[alive]
        else:
            slope = (misfit - misfit_last[alive]) / (at - last[alive])
        following = at - misfit / slope
        following = np.where(above[alive] < np.inf, following, np.minimum(following, 2.0 * at))
        done = np.abs(following - at) <= 1e-9 * at
        result[alive[done]] = following[done]
        last[alive], misfit_last[alive] = at, misfit
        low, high = below[alive], above[alive]
        inside = (low < following) & (following < high) & (trial <= PATIENCE or trial % 2 == 0)
        middle = np.where(high < np.inf, 0.5 * (low + high), 2.0 * at)
        following = np.where(inside, following, middle)
        shut = (high < np.inf) & (high - low <= 1e-12 * high)
        stop = (following * root[alive] > MOST_TOTAL) | shut
        result[alive[stop & shut & ~done]] = at[stop & shut & ~done]
        here[alive] = following
        alive = alive[~(done | stop)]
    return result
