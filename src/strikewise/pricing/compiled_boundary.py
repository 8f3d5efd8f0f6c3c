"""The Numba functions behind American prices: the exercise boundary of a put, and the premium it is worth.

Formulas, and names, as in `array_boundary`.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from strikewise.pricing.collocation import Collocation
from strikewise.pricing.compiled_math import FAR, exp, mills, normalised
from strikewise.pricing.compiler import called, inlined

__all__ = [
    "boundary",
    "european",
    "highest",
    "is_never_early",
    "is_stiff",
    "memory",
    "premium",
    "premium_slopes",
    "recall",
    "workspace",
]

Array = NDArray[np.float64]

INVERSE_ROOT_TWO_PI = 0.3989422804014327
GUESSES = 3
STIFF = 0.5
LEAST_VOLATILITY = 0.02
OCTAVE_POINTS = 8
LEAST_RATE = 1e-10  # interest that is not worth an exercise
LEAST_GAP = 1e-10  # logarithm by which the boundary lies below its limit at least


@called
def workspace(scheme: Collocation) -> Array:
    """Return the scratch of one kernel call."""
    return np.empty((7, max(scheme.elapsed.size, scheme.outer_elapsed.size)))


@inlined
def is_never_early(rate: float, yields: float) -> bool:
    """Say whether a put is never exercised early: interest on the strike never exceeds the yield forgone."""
    return rate <= LEAST_RATE and yields >= min(rate, 0.0)


@inlined
def highest(rate: float, yields: float) -> float:
    """Return the exercise boundary at expiry, as a share of the strike."""
    return min(1.0, rate / yields) if yields > 0.0 else 1.0


@inlined
def _bell(d: float) -> float:
    return exp(-0.5 * d * d) * INVERSE_ROOT_TWO_PI


@inlined
def _bell_and_tail(d: float) -> tuple[float, float]:
    """Return n(d) and N(-|d|)."""
    a = min(abs(d), FAR)
    bell = _bell(a)
    return bell, bell * mills(a)


@inlined
def _below(d: float) -> float:
    """Return N(d)."""
    _, tail = _bell_and_tail(d)
    return 1.0 - tail if d > 0.0 else tail


class Memory(NamedTuple):
    """Boundaries of the expiry, rate and yield last met, at the Chebyshev points of octaves of volatility."""

    of: Array
    """Years, rate and yield, ``(3,)``."""
    known: NDArray[np.bool_]
    """Which octaves have been solved, ``(octaves,)``; of no length where nothing is to be remembered."""
    values: Array
    """As `boundary` writes them, ``(octaves, points, n)``."""


@called
def memory(scheme: Collocation, octaves: int) -> Memory:
    """Return an empty memory of so many octaves; zero where each boundary is to be solved by itself."""
    of, known = np.full(3, math.nan), np.zeros(octaves, np.bool_)
    return Memory(of, known, np.empty((octaves, OCTAVE_POINTS, scheme.root.size)))


@called
def recall(
    h: Array,
    kept: Memory,
    work: Array,
    scheme: Collocation,
    years: float,
    volatility: float,
    rate: float,
    yields: float,
    stiff: bool,
) -> None:
    """Write the boundary as `boundary`, from the octaves of volatility that are remembered, if any are."""
    height = math.log2(volatility / LEAST_VOLATILITY)
    if not 0.0 <= height < kept.known.size:
        boundary(h, work, scheme, years, volatility, rate, yields, stiff)
        return
    if kept.of[0] != years or kept.of[1] != rate or kept.of[2] != yields:
        kept.of[0], kept.of[1], kept.of[2] = years, rate, yields
        kept.known[:] = False
    octave = int(height)
    if not kept.known[octave]:
        kept.known[octave] = True
        for k in range(OCTAVE_POINTS):
            point = 0.5 - 0.5 * math.cos(math.pi * k / (OCTAVE_POINTS - 1))
            sigma = LEAST_VOLATILITY * 2.0 ** (octave + point)
            hard = is_stiff(years, sigma, rate)
            boundary(kept.values[octave, k], work, scheme, years, sigma, rate, yields, hard)
    h[:] = 0.0
    total = 0.0
    for k in range(OCTAVE_POINTS):
        gap = height - octave - (0.5 - 0.5 * math.cos(math.pi * k / (OCTAVE_POINTS - 1)))
        if abs(gap) < 1e-14:
            h[:] = kept.values[octave, k]
            return
        share = (0.5 if k in (0, OCTAVE_POINTS - 1) else 1.0) * (1.0 - 2.0 * (k % 2)) / gap
        total += share
        for j in range(h.size):
            h[j] += share * kept.values[octave, k, j]
    for j in range(h.size):
        h[j] = max(h[j] / total, 0.0)


@called
def european(
    x: float, years: float, volatility: float, rate: float, yields: float
) -> tuple[float, float, float]:
    """Return price, delta and gamma of a European put struck at one."""
    forward, discount = x * exp((rate - yields) * years), exp(-rate * years)
    total = volatility * math.sqrt(years)
    otm, density, near, far = normalised(forward, 1.0, total)
    value = discount * (otm + max(1.0 - forward, 0.0))
    carried = discount * forward / x
    delta = -carried * (1.0 - near if forward <= 1.0 else far)
    return value, delta, discount * density / (total * x * x)


@called
def _guess(
    h: Array, root: Array, years: float, volatility: float, rate: float, yields: float, top: float
) -> None:
    """Write a first boundary by the quadratic approximation, from the shortest time to the longest."""
    log_top = math.log(top)
    variance = volatility * volatility
    omega = 2.0 * (rate - yields) / variance - 1.0
    endless = -0.5 * (omega + math.sqrt(omega * omega + 8.0 * rate / variance))
    floor = math.log(endless / (endless - 1.0)) - log_top if endless < 0.0 else -FAR
    steepness = -3.0 * volatility
    whole = math.sqrt(years)
    for k in range(h.size - 1, -1, -1):
        span = root[k] * whole
        t = span * span
        s = volatility * span
        discount, carried = math.exp(-rate * t), math.exp(-yields * t)
        interest = rate / -math.expm1(-rate * t) if abs(rate * t) > 1e-12 else 1.0 / t
        power = -0.5 * (omega + math.sqrt(omega * omega + 8.0 * interest / variance))
        g = max(steepness * span, floor)
        for _ in range(GUESSES):
            x = math.exp(log_top + g)
            d = (log_top + g + (rate - yields) * t) / s + 0.5 * s
            held = carried * _below(-d)
            gain = 1.0 - x - (discount * _below(s - d) - x * held)
            misfit = (1.0 - held) * x + power * gain
            slope = (1.0 - held) + carried * _bell(min(abs(d), FAR)) / s + power * (held - 1.0)
            g = min(math.log(max(x - misfit / slope, 0.2 * x)) - log_top, -LEAST_GAP)
        h[k] = g * g
        steepness = g / span


@called
def _prepare(
    work: Array, elapsed: Array, weight: Array, years: float, volatility: float, rate: float, yields: float
) -> None:
    """Write what does not depend on the boundary: deviations, drifts and discounts at the inner points."""
    whole = math.sqrt(years)
    for j in range(elapsed.size):
        span = elapsed[j] * whole
        since = span * span
        s = volatility * span
        work[0, j] = s
        work[1, j] = (rate - yields) * since
        work[2, j] = years * weight[j] * rate * exp(-rate * since)
        work[3, j] = years * weight[j] * yields * exp(-yields * since)


@inlined
def _join(work: Array, join: Array, h: Array) -> None:
    """Interpolate the boundary: write the logarithm by which it lies below its limit."""
    size = join.shape[1]
    for j in range(size):
        work[4, j] = h[0] * join[0, j]
    for k in range(1, h.size):
        for j in range(size):
            work[4, j] += h[k] * join[k, j]
    for j in range(size):
        work[4, j] = math.sqrt(max(work[4, j], 0.0))


@inlined
def is_stiff(years: float, volatility: float, rate: float) -> bool:
    """Say whether interest moves the strike by so many deviations that Newton steps would overshoot."""
    return rate * math.sqrt(years) > STIFF * volatility


@inlined
def _sums_of_bells(work: Array, g: float, start: int, end: int) -> tuple[float, float]:
    """Return the integrals of numerator and denominator in fixed point A."""
    for j in range(start, end):
        s = work[0, j]
        per = 1.0 / s
        low = (work[4, j] - g + work[1, j]) * per - 0.5 * s
        bell, tail = _bell_and_tail(low + s)
        work[5, j] = work[2, j] * _bell(min(abs(low), FAR)) * per
        work[6, j] = work[3, j] * ((1.0 - tail if low + s > 0.0 else tail) + bell * per)
    return _sum(work[5], start, end), _sum(work[6], start, end)


@inlined
def _sums_of_tails(work: Array, g: float, start: int, end: int) -> tuple[float, float]:
    """Return the integrals of numerator and denominator in fixed point B."""
    for j in range(start, end):
        s = work[0, j]
        low = (work[4, j] - g + work[1, j]) / s - 0.5 * s
        work[5, j] = work[2, j] * _below(low)
        work[6, j] = work[3, j] * _below(low + s)
    return _sum(work[5], start, end), _sum(work[6], start, end)


@inlined
def _sum(row: Array, start: int, end: int) -> float:
    total = 0.0
    for j in range(start, end):
        total += row[j]
    return total


@called
def boundary(
    h: Array,
    work: Array,
    scheme: Collocation,
    years: float,
    volatility: float,
    rate: float,
    yields: float,
    stiff: bool,
) -> None:
    """Write the squared logarithm by which the boundary lies below its limit, at each point."""
    top = highest(rate, yields)
    _guess(h, scheme.root, years, volatility, rate, yields, top)
    _prepare(work, scheme.elapsed, scheme.weight, years, volatility, rate, yields)
    inner = scheme.elapsed.size // h.size
    log_top, whole = math.log(top), math.sqrt(years)
    for _ in range(2 * scheme.rounds - 1 if stiff else scheme.rounds):
        _join(work, scheme.join, h)
        for i in range(h.size):
            g, start = math.sqrt(h[i]), i * inner
            span = scheme.root[i] * whole
            t, s = span * span, volatility * span
            if stiff:
                above, below = _sums_of_tails(work, g, start, start + inner)
                better = _replaced(g, above, below, t, s, rate, yields, log_top)
            else:
                above, below = _sums_of_bells(work, g, start, start + inner)
                better = _improved(g, above, below, t, s, rate, yields, log_top)
            # Where rate and yield meet, steps near expiry overshoot each other by more each round.
            better = min(max(better, 0.5 * g), max(2.0 * g, s)) if better < math.inf else g
            h[i] = better * better


@inlined
def _improved(
    g: float, above: float, below: float, t: float, s: float, rate: float, yields: float, log_top: float
) -> float:
    """Return a point after one Newton step whose slope leaves the integrals out."""
    low = (log_top - g + (rate - yields) * t) / s - 0.5 * s
    up = low + s
    owed = math.exp(-rate * t) * _bell(min(abs(low), FAR)) / s
    dense = math.exp(-yields * t) * _bell(min(abs(up), FAR)) / s
    top = owed + above
    base = dense + math.exp(-yields * t) * _below(up) + below
    misfit = math.log(top / base) - log_top + g
    slope = -owed * low / (s * top) - dense * (1.0 - up / s) / base
    return g - misfit / (1.0 - slope)


@inlined
def _replaced(
    g: float, above: float, below: float, t: float, s: float, rate: float, yields: float, log_top: float
) -> float:
    """Return a point after one step of fixed point B."""
    low = (log_top - g + (rate - yields) * t) / s - 0.5 * s
    top = math.exp(-rate * t) * _below(low) + above
    base = math.exp(-yields * t) * _below(low + s) + below
    return log_top - math.log(top / base)


@called
def premium(
    x: float,
    h: Array,
    work: Array,
    scheme: Collocation,
    years: float,
    volatility: float,
    rate: float,
    yields: float,
) -> float:
    """Return what the right to exercise a put struck at one early is worth."""
    elapsed = scheme.outer_elapsed
    _prepare(work, elapsed, scheme.outer_weight, years, volatility, rate, yields)
    _join(work, scheme.outer_join, h)
    log_x = math.log(x / highest(rate, yields))
    total = 0.0
    for j in range(elapsed.size):
        s = work[0, j]
        low = (log_x + work[4, j] + work[1, j]) / s - 0.5 * s
        work[5, j] = work[2, j] * _below(-low) - x * work[3, j] * _below(-low - s)
    for j in range(elapsed.size):
        total += work[5, j]
    return total


@called
def premium_slopes(
    x: float,
    h: Array,
    work: Array,
    scheme: Collocation,
    years: float,
    volatility: float,
    rate: float,
    yields: float,
) -> tuple[float, float, float]:
    """Return the premium of `premium` with its first and second derivative."""
    elapsed = scheme.outer_elapsed
    _prepare(work, elapsed, scheme.outer_weight, years, volatility, rate, yields)
    _join(work, scheme.outer_join, h)
    log_x = math.log(x / highest(rate, yields))
    value, first, second = 0.0, 0.0, 0.0
    for j in range(elapsed.size):
        s = work[0, j]
        low = (log_x + work[4, j] + work[1, j]) / s - 0.5 * s
        up = low + s
        near, far = _bell(min(abs(low), FAR)), _bell(min(abs(up), FAR))
        held = _below(-up)
        value += work[2, j] * _below(-low) - x * work[3, j] * held
        first -= work[2, j] * near / (x * s) + work[3, j] * (held - far / s)
        second += (work[2, j] * near * up / x - work[3, j] * far * low) / (x * s * s)
    return value, first, second
