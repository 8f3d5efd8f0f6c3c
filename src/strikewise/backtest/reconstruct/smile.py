"""The smile of an equity index by maturity, level, skew and slope of the term; its strip and its skewness.

Total variance is ``w(k, tau) = theta(tau) * y(z)^2`` with ``z = k / sqrt(theta)`` and ``y(0) = 1``: a
hyperbola with two bumps on the put side. Six numbers shape it; each is linear in eleven features of the day
and maturity.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray

__all__ = ["FEATURES", "HIGHEST", "LOWEST", "SHAPES", "Shape", "SmileModel", "features", "otm_price", "strip"]

Array = NDArray[np.float64]

FEATURES = ("1", "t", "t2", "L", "SK", "TS", "tL", "tTS", "L2", "tSK", "VB")
SHAPES = ("put_slope", "call_slope", "location", "smoothness", "bump_near", "bump_far")

INDEX_YEARS = 30.0 / 365.0
USUAL_INDEX, USUAL_SKEW, USUAL_BETA = 0.18, 137.0, 130.0
LEAST_LEVEL, MOST_LEVEL = -0.6, 0.4
"""Bounds of ``L``: fitted on calm days and let run on, the smile misses straddles by a tenth and more in a
panic."""
BUMPS = ((-2.0, 0.9), (-4.5, 1.4))
"""Centre and width of each bump, in at-the-money standard deviations."""
LEAST_PRICE = 1.3e-5
"""Of the forward: what is cheaper (five cents of an index at 3,800) has no bid and is not in the strip."""
LOWEST, HIGHEST = -5.5, 5.0
"""Beyond these ``z`` total variance goes on in a straight line: a smile straight in volatility has a mass at
nothing."""


@dataclass(frozen=True, slots=True)
class Shape:
    """The six numbers of many smiles; each attribute ``(n,)`` or ``(n, 1)`` to meet a grid of ``z``."""

    put_slope: Array
    call_slope: Array
    location: Array
    smoothness: Array
    bump_near: Array
    bump_far: Array

    def columns(self) -> Shape:
        """Return the same numbers as columns, one smile a row."""
        return Shape(*(getattr(self, name)[..., np.newaxis] for name in SHAPES))

    def take(self, rows: NDArray[np.intp]) -> Shape:
        """Return the smiles of some rows."""
        return Shape(*(getattr(self, name)[rows] for name in SHAPES))

    def y(self, z: Array) -> Array:
        """Return volatility over at-the-money volatility."""
        inner = np.clip(z, LOWEST, HIGHEST)
        level = self._level(inner)
        outside = inner != z
        if not outside.any():
            return level
        slope, _ = self._slopes(inner)
        variance = level * level + 2.0 * level * slope * (z - inner)
        return np.asarray(np.where(outside, np.sqrt(np.maximum(variance, 0.04)), level))

    def density(self, z: Array, theta: Array) -> Array:
        """Return what must not be negative for butterflies to cost something.

        Parameters
        ----------
        z, theta : (n, m) float64
            Moneyness and at-the-money total variance, broadcast against each other.

        Notes
        -----
        ``g`` of J. Gatheral and A. Jacquier, Arbitrage-free SVI volatility surfaces (2014), with
        ``w = theta * y(z)^2``: ``(1 - z y'/y)^2 - theta y^2 y'^2 / 4 + y y''``.
        """
        inner = np.clip(z, LOWEST, HIGHEST)
        edge, (slope, bend) = self._level(inner), self._slopes(inner)
        level = self.y(z)
        outside = inner != z
        slope = np.where(outside, edge * slope / level, slope)
        bend = np.where(outside, -slope * slope / level, bend)
        steep = 1.0 - z * slope / level
        return np.asarray(steep * steep - 0.25 * theta * (level * slope) ** 2 + level * bend)

    def _level(self, z: Array) -> Array:
        raised = self._plain(z) - self._plain(np.zeros(1))
        for (centre, width), size in zip(BUMPS, (self.bump_near, self.bump_far), strict=True):
            bump = np.exp(-0.5 * ((z - centre) / width) ** 2) - np.exp(-0.5 * (centre / width) ** 2)
            raised = raised + size * bump
        return np.asarray(np.maximum(1.0 + raised, 0.2))

    def _slopes(self, z: Array) -> tuple[Array, Array]:
        """Return first and second derivative of the level."""
        away = z - self.location
        arc = np.sqrt(away * away + self.smoothness**2)
        tilt, open_ = 0.5 * (self.call_slope - self.put_slope), 0.5 * (self.call_slope + self.put_slope)
        slope, bend = tilt + open_ * away / arc, open_ * self.smoothness**2 / arc**3
        for (centre, width), size in zip(BUMPS, (self.bump_near, self.bump_far), strict=True):
            step = (z - centre) / width
            bump = size * np.exp(-0.5 * step * step)
            slope, bend = slope - bump * step / width, bend + bump * (step * step - 1.0) / width**2
        return slope, bend

    def _plain(self, z: Array) -> Array:
        away = z - self.location
        tilt, open_ = 0.5 * (self.call_slope - self.put_slope), 0.5 * (self.call_slope + self.put_slope)
        return np.asarray(tilt * away + open_ * np.sqrt(away * away + self.smoothness**2))


@dataclass(frozen=True, slots=True)
class SmileModel:
    """Coefficients of the six numbers, ``(6, 11)`` in the orders of `SHAPES` and `FEATURES`."""

    coefficients: Array

    def shape(self, described: Array) -> Shape:
        """Return the smiles of some features.

        Parameters
        ----------
        described : (11, n) float64
            As `features` gives them.
        """
        raw = np.tensordot(self.coefficients, described, axes=1)
        return Shape(
            np.clip(raw[0], 0.02, 0.9),
            np.clip(raw[1], -0.05, 0.6),
            np.clip(raw[2], -2.0, 4.0),
            np.clip(raw[3], 0.25, 4.0),
            np.clip(raw[4], -0.35, 0.35),
            np.clip(raw[5], -0.5, 0.5),
        )


def features(tau: ArrayLike, index: ArrayLike, skew: ArrayLike, slope: ArrayLike, beta: ArrayLike) -> Array:
    """Return the features of days and maturities.

    Parameters
    ----------
    tau : (n,) float64
        Years in which variance passes.
    index : (n,) float64
        The 30-day volatility index, a fraction.
    skew : (n,) float64
        Cboe's SKEW.
    slope : (n,) float64
        ``ln(VIX9D / VIX3M)``.
    beta : (n,) float64
        Points by which VIX moved against a whole fall of the index, over the past year.

    Returns
    -------
    (11, n) float64
    """
    time, level, skewed, term, leverage = np.broadcast_arrays(
        np.clip(np.log(np.maximum(np.asarray(tau, dtype=np.float64), 1e-6) / INDEX_YEARS), -3.5, 2.8),
        np.clip(np.log(np.asarray(index, dtype=np.float64) / USUAL_INDEX), LEAST_LEVEL, MOST_LEVEL),
        np.clip((np.asarray(skew, dtype=np.float64) - USUAL_SKEW) / 10.0, -2.5, 2.5),
        np.clip(np.asarray(slope, dtype=np.float64), -0.5, 0.5),
        np.clip(np.log(np.asarray(beta, dtype=np.float64) / USUAL_BETA), -0.6, 0.6),
    )
    one = np.ones_like(time)
    return np.stack(
        [
            one,
            time,
            time * time,
            level,
            skewed,
            term,
            time * level,
            time * term,
            level * level,
            time * skewed,
            leverage,
        ]
    )


def otm_price(k: Array, deviation: Array) -> Array:
    """Return the undiscounted price of the out-of-the-money option, in forwards.

    Parameters
    ----------
    k, deviation : (n,) float64
        ``ln(strike / forward)`` and the root of total variance.
    """
    d1 = -k / deviation + 0.5 * deviation
    d2 = d1 - deviation
    sign = np.where(k > 0.0, 1.0, -1.0)
    return np.asarray(sign * (scipy.special.ndtr(sign * d1) - np.exp(k) * scipy.special.ndtr(sign * d2)))


def _simpson(start: float, stop: float, intervals: int) -> tuple[Array, Array]:
    nodes = np.linspace(start, stop, intervals + 1)
    weights = np.full(intervals + 1, 2.0)
    weights[1::2] = 4.0
    weights[[0, -1]] = 1.0
    return nodes, weights * (stop - start) / (3.0 * intervals)


_PUT, _CALL = _simpson(-14.0, 0.0, 56), _simpson(0.0, 7.0, 28)
STRIP_Z = np.concatenate([_PUT[0], _CALL[0]])
STRIP_STEP = np.concatenate([_PUT[1], _CALL[1]])


def strip(shape: Shape, theta: Array) -> tuple[Array, Array]:
    """Return total variance by Cboe's strip, and the skewness in it.

    Parameters
    ----------
    shape : Shape
        The smiles, each attribute ``(n,)``.
    theta : (n,) float64
        At-the-money total variance.

    Returns
    -------
    variance, skewness : (n,) float64
        The index squared times its years; Cboe's SKEW is ``100 - 10 * skewness``.

    Notes
    -----
    Cboe, Volatility Index Methodology (VIX white paper) and SKEW white paper: ``2 * sum(dK / K^2 * Q)``.
    """
    root = np.sqrt(theta)[:, np.newaxis]
    z = np.broadcast_to(STRIP_Z, (len(theta), len(STRIP_Z)))
    k = root * z
    price = otm_price(k, root * shape.columns().y(z))
    # The bound is soft, half a price to a price and a half, so that the strip has a derivative.
    inside = np.clip(price / LEAST_PRICE - 0.5, 0.0, 1.0)
    mass = STRIP_STEP * root * price * inside * np.exp(-k)
    variance = 2.0 * mass.sum(axis=1)
    first = -mass.sum(axis=1)
    second = (2.0 * (1.0 - k) * mass).sum(axis=1)
    third = (3.0 * (2.0 * k - k * k) * mass).sum(axis=1)
    spread = np.maximum(second - first**2, 1e-12)
    skewness = (third - 3.0 * first * second + 2.0 * first**3) / spread**1.5
    return np.asarray(variance), np.asarray(skewness)
