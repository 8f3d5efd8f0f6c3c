"""The exercise boundary of American puts struck at one, and the premium of early exercise, in NumPy.

With ``v = sigma sqrt(s)``, ``d(s, z) = (ln z + (r - q) s) / v -+ v/2`` and ``B`` the boundary, the premium is

    int_0^T [r e^(-r s) N(-d_-(s, x/B(T-s))) - q x e^(-q s) N(-d_+(s, x/B(T-s)))] ds

(I. J. Kim, The Analytic Valuation of American Options, 1990), and ``B(T) = N/D`` with

    N = e^(-r T) n(d_-(T, B)) / (sigma sqrt T) + r int_0^T e^(-r s) n(d_-(s, B/B(T-s))) / v ds,
    D = e^(-q T) [N(d_+(T, B)) + n(d_+(T, B)) / (sigma sqrt T)]
        + q int_0^T e^(-q s) [N(d_+(s, B/B(T-s))) + n(d_+(s, B/B(T-s))) / v] ds

(Andersen, Lake and Offengenden, 2016, their fixed point A, each step the Jacobi-Newton one). Where interest
moves the strike by many deviations A overshoots, and their fixed point B is iterated instead:

    N = e^(-r T) N(d_-(T, B)) + r int_0^T e^(-r s) N(d_-(s, B/B(T-s))) ds,
    D = e^(-q T) N(d_+(T, B)) + q int_0^T e^(-q s) N(d_+(s, B/B(T-s))) ds.

The start is the quadratic approximation of G. Barone-Adesi and R. Whaley (1987). The boundary is kept as
``h = ln(B/X)^2`` with ``X = min(1, r/q)``, which is smooth in the square root of time.

Arrays of options have shape ``(m,)``; those of points stand in front, ``(points, m)``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import scipy
from numpy.typing import NDArray

from strikewise.pricing.array_kernels import FAR, normalised
from strikewise.pricing.collocation import Collocation

__all__ = ["Terms", "boundary", "european", "is_stiff", "premium"]

Array = NDArray[np.float64]

GUESSES = 3
STIFF = 0.5
"""Deviations by which interest may move the strike before fixed point B takes over."""

LEAST_GAP = 1e-10
"""Logarithm by which the boundary lies below its limit at least."""

_ROOT_TWO_PI = float(np.sqrt(2.0 * np.pi))


class Terms(NamedTuple):
    """What the boundary depends on, each of shape ``(m,)``."""

    years: Array
    volatility: Array
    rate: Array
    yields: Array

    @property
    def highest(self) -> Array:
        """Return the exercise boundary at expiry, as a share of the strike."""
        pays = self.yields > 0.0
        return np.where(pays, np.minimum(1.0, self.rate / np.where(pays, self.yields, 1.0)), 1.0)


def _bell(d: Array) -> Array:
    near = np.minimum(np.abs(d), FAR)
    return np.asarray(np.exp(-0.5 * near * near) / _ROOT_TWO_PI)


def european(x: Array, terms: Terms) -> tuple[Array, Array, Array]:
    """Return price, delta and gamma of European puts struck at one."""
    years, volatility, rate, yields = terms
    forward, discount = x * np.exp((rate - yields) * years), np.exp(-rate * years)
    total = volatility * np.sqrt(years)
    side = normalised(forward, np.ones_like(forward), total)
    value = discount * (side.price + np.maximum(1.0 - forward, 0.0))
    carried = discount * forward / x
    delta = -carried * np.where(forward <= 1.0, 1.0 - side.near, side.far)
    return value, delta, discount * side.density / (total * x * x)


def _guess(scheme: Collocation, terms: Terms) -> Array:
    """Return a first boundary, ``(n, m)``, from the shortest time to the longest."""
    years, volatility, rate, yields = terms
    log_top = np.log(terms.highest)
    variance = volatility * volatility
    omega = 2.0 * (rate - yields) / variance - 1.0
    endless = -0.5 * (omega + np.sqrt(omega * omega + 8.0 * rate / variance))
    sinks = endless < 0.0
    floor = np.where(sinks, np.log(endless / (endless - 1.0)) - log_top, -FAR)
    steepness = -3.0 * volatility
    whole = np.sqrt(years)
    h = np.empty((scheme.root.size, years.size))
    for k in range(scheme.root.size - 1, -1, -1):
        span = scheme.root[k] * whole
        t, s = span * span, volatility * span
        discount, carried = np.exp(-rate * t), np.exp(-yields * t)
        steady = np.abs(rate * t) > 1e-12
        interest = np.where(steady, rate / np.where(steady, -np.expm1(-rate * t), 1.0), 1.0 / t)
        power = -0.5 * (omega + np.sqrt(omega * omega + 8.0 * interest / variance))
        g = np.maximum(steepness * span, floor)
        for _ in range(GUESSES):
            x = np.exp(log_top + g)
            d = (log_top + g + (rate - yields) * t) / s + 0.5 * s
            held = carried * scipy.special.ndtr(-d)
            gain = 1.0 - x - (discount * scipy.special.ndtr(s - d) - x * held)
            misfit = (1.0 - held) * x + power * gain
            slope = (1.0 - held) + carried * _bell(d) / s + power * (held - 1.0)
            g = np.minimum(np.log(np.maximum(x - misfit / slope, 0.2 * x)) - log_top, -LEAST_GAP)
        h[k] = g * g
        steepness = g / span
    return h


class _Inner(NamedTuple):
    """What does not depend on the boundary, at points of time since, ``(points, m)``."""

    s: Array
    drift: Array
    discount: Array
    carried: Array
    owed: Array
    forgone: Array

    @classmethod
    def of(cls, elapsed: Array, weight: Array, terms: Terms) -> _Inner:
        years, volatility, rate, yields = terms
        span = elapsed[:, np.newaxis] * np.sqrt(years)
        since, share = span * span, years * weight[:, np.newaxis]
        discount, carried = np.exp(-rate * since), np.exp(-yields * since)
        return cls(
            volatility * span,
            (rate - yields) * since,
            discount,
            carried,
            share * rate * discount,
            share * yields * carried,
        )


def _joined(join: Array, h: Array) -> Array:
    return np.asarray(np.sqrt(np.maximum(join.T @ h, 0.0)))


def is_stiff(terms: Terms) -> NDArray[np.bool_]:
    """Say where interest moves the strike by so many deviations that Newton steps would overshoot."""
    return np.asarray(terms.rate * np.sqrt(terms.years) > STIFF * terms.volatility)


def boundary(scheme: Collocation, terms: Terms, stiff: NDArray[np.bool_]) -> Array:
    """Return the squared logarithm by which the boundary lies below its limit, ``(n, m)``."""
    h = np.empty((scheme.root.size, terms.years.size))
    for chosen, rounds, step in (
        (~stiff, scheme.rounds, _improved),
        (stiff, 2 * scheme.rounds - 1, _replaced),
    ):
        if chosen.any():
            some = Terms(*(column[chosen] for column in terms))
            h[:, chosen] = _iterated(scheme, some, rounds, step)
    return h


def _iterated(
    scheme: Collocation, terms: Terms, rounds: int, step: Callable[[Array, Array, _Inner, _Inner], Array]
) -> Array:
    h = _guess(scheme, terms)
    inner = _Inner.of(scheme.elapsed, scheme.weight, terms)
    whole = _Inner.of(scheme.root, np.ones_like(scheme.root), terms)
    log_top = np.log(terms.highest)
    for _ in range(rounds):
        g = np.sqrt(h)
        gap = _joined(scheme.join, h).reshape(scheme.root.size, -1, g.shape[1]) - g[:, np.newaxis]
        better = step(g - log_top, gap.reshape(inner.s.shape), inner, whole) + log_top
        # Where rate and yield meet, steps near expiry overshoot each other by more each round.
        bounded = np.clip(better, 0.5 * g, np.maximum(2.0 * g, whole.s))
        h = np.where(np.isfinite(better), bounded, g) ** 2
    return h


def _summed(values: Array, points: int) -> Array:
    return np.asarray(values.reshape(points, -1, values.shape[-1]).sum(axis=1))


def _improved(depth: Array, gap: Array, inner: _Inner, whole: _Inner) -> Array:
    """Return ``-ln B`` after one Newton step of fixed point A whose slope leaves the integrals out."""
    low = (gap + inner.drift) / inner.s - 0.5 * inner.s
    up = low + inner.s
    above = _summed(inner.owed * _bell(low) / inner.s, len(depth))
    below = _summed(inner.forgone * (scipy.special.ndtr(up) + _bell(up) / inner.s), len(depth))
    s = whole.s
    low = (whole.drift - depth) / s - 0.5 * s
    up = low + s
    owed, dense = whole.discount * _bell(low) / s, whole.carried * _bell(up) / s
    top, base = owed + above, dense + whole.carried * scipy.special.ndtr(up) + below
    slope = -owed * low / (s * top) - dense * (1.0 - up / s) / base
    return np.asarray(depth - (np.log(top / base) + depth) / (1.0 - slope))


def _replaced(depth: Array, gap: Array, inner: _Inner, whole: _Inner) -> Array:
    """Return ``-ln B`` after one step of fixed point B."""
    low = (gap + inner.drift) / inner.s - 0.5 * inner.s
    above = _summed(inner.owed * scipy.special.ndtr(low), len(depth))
    below = _summed(inner.forgone * scipy.special.ndtr(low + inner.s), len(depth))
    low = (whole.drift - depth) / whole.s - 0.5 * whole.s
    top = whole.discount * scipy.special.ndtr(low) + above
    base = whole.carried * scipy.special.ndtr(low + whole.s) + below
    return np.asarray(-np.log(top / base))


def premium(x: Array, h: Array, scheme: Collocation, terms: Terms) -> tuple[Array, Array, Array]:
    """Return what early exercise is worth, with its first and second derivative, each ``(m,)``."""
    inner = _Inner.of(scheme.outer_elapsed, scheme.outer_weight, terms)
    s = inner.s
    low = (np.log(x / terms.highest) + _joined(scheme.outer_join, h) + inner.drift) / s - 0.5 * s
    up = low + s
    near, far, held = _bell(low), _bell(up), scipy.special.ndtr(-up)
    value = inner.owed * scipy.special.ndtr(-low) - x * inner.forgone * held
    first = -inner.owed * near / (x * s) - inner.forgone * (held - far / s)
    second = (inner.owed * near * up / x - inner.forgone * far * low) / (x * s * s)
    return value.sum(axis=0), first.sum(axis=0), second.sum(axis=0)
