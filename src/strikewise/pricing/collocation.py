"""Where an American option's exercise boundary is known, and the weights that join those points.

The boundary is found at Chebyshev points of the square root of time, where it is smooth (L. Andersen, M. Lake
and D. Offengenden, High Performance American Option Pricing, 2016). Its integrals over time run here over an
angle: with time since ``s = T sin^2`` and time left ``u = T cos^2`` both square roots are smooth, so that a
few Gauss-Legendre points do what the original does with many.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["FAST", "PRECISE", "Collocation", "collocation"]

Array = NDArray[np.float64]


class Collocation(NamedTuple):
    """Points, weights and interpolation matrices; one object serves every option."""

    root: Array
    """Square root of the share of time left at each point of the boundary, ``(n,)``, the longest first."""
    elapsed: Array
    """Square root of the time since each point, as a share of the whole, ``(n * n_inner,)``."""
    weight: Array
    """Weights of the integrals over a point's time, ``(n * n_inner,)``."""
    join: Array
    """From the boundary's points to those of its integrals, ``(n, n * n_inner)``."""
    outer_elapsed: Array
    """As `elapsed`, for the integral that gives the premium, ``(n_outer,)``."""
    outer_weight: Array
    """As `weight`, ``(n_outer,)``."""
    outer_join: Array
    """As `join`, ``(n, n_outer)``."""
    rounds: int
    """How often the boundary is improved."""


def collocation(points: int, inner: int, outer: int, rounds: int) -> Collocation:
    """Return the points and weights of a scheme.

    Parameters
    ----------
    points
        Points of the boundary, expiry not counted: there it is known.
    inner, outer
        Points of the integrals in the boundary's equation and in the premium.
    rounds
        How often the boundary is improved.
    """
    node = np.cos(np.pi * np.arange(points + 1) / points)
    root = 0.5 * (1.0 + node[:-1])
    sine, cosine, weight = _quarter_circle(inner)
    outer_sine, outer_cosine, outer_weight = _quarter_circle(outer)
    inner_at = 2.0 * np.outer(root, cosine).reshape(-1) - 1.0
    return Collocation(
        root=root,
        elapsed=np.outer(root, sine).reshape(-1),
        weight=np.outer(root * root, weight).reshape(-1),
        join=_interpolation(node, inner_at),
        outer_elapsed=outer_sine,
        outer_weight=outer_weight,
        outer_join=_interpolation(node, 2.0 * outer_cosine - 1.0),
        rounds=rounds,
    )


def _quarter_circle(points: int) -> tuple[Array, Array, Array]:
    """Return sine, cosine and weights of an integral over time, as one over an angle."""
    node, weight = np.polynomial.legendre.leggauss(points)
    angle = 0.25 * np.pi * (node + 1.0)
    sine, cosine = np.sin(angle), np.cos(angle)
    return sine, cosine, 0.5 * np.pi * weight * sine * cosine


def _interpolation(node: Array, at: Array) -> Array:
    """Return the barycentric weights of Chebyshev points but the last, where the interpolated is zero."""
    sign = (-1.0) ** np.arange(node.size)
    sign[[0, -1]] *= 0.5
    gap = at[:, np.newaxis] - node
    weights = sign / gap
    return np.ascontiguousarray((weights / np.sum(weights, axis=1, keepdims=True))[:, :-1].T)


FAST = collocation(7, 8, 24, 3)
"""Dollars wrong by less than 3e-4 in 99 of 100 options struck at 100."""

PRECISE = collocation(12, 32, 64, 8)
"""By less than 3e-6, at fifteen times the time."""
