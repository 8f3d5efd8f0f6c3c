"""Say how likely prices are under the lognormal law that an implied volatility describes.

These are risk-neutral probabilities when the forward and the volatility come from quotes; they are forecasts
only as far as the quotes are.
"""

from __future__ import annotations

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray

__all__ = ["above", "below", "between", "of_profit", "touch"]

Array = NDArray[np.float64]


def above(level: ArrayLike, forward: ArrayLike, volatility: ArrayLike, years: ArrayLike) -> Array:
    """Return the probability that the underlying ends above a level, ``N(d2)``.

    Parameters
    ----------
    level
        Dollars; zero or less is always exceeded, infinity never.
    forward
        Dollars, the mean of the price at expiry.
    volatility, years
        Annual volatility as a fraction; years to expiry. Where their product is zero the price is the forward
        itself.

    Returns
    -------
    Probabilities in the broadcast shape of the inputs; NaN where an input is missing or negative.
    """
    return np.asarray(scipy.special.ndtr(_standardised(level, forward, volatility, years)))


def below(level: ArrayLike, forward: ArrayLike, volatility: ArrayLike, years: ArrayLike) -> Array:
    """Return the probability that the underlying ends at or below a level; parameters as `above`."""
    return np.asarray(scipy.special.ndtr(-_standardised(level, forward, volatility, years)))


def between(
    lower: ArrayLike, upper: ArrayLike, forward: ArrayLike, volatility: ArrayLike, years: ArrayLike
) -> Array:
    """Return the probability that the underlying ends between two levels, zero if they are out of order."""
    low = _standardised(lower, forward, volatility, years)
    high = _standardised(upper, forward, volatility, years)
    mirrored = low < 0.0
    # The difference of the two smaller tails keeps its digits far from the centre.
    a = np.where(mirrored, low, -high)
    b = np.where(mirrored, high, -low)
    return np.asarray(np.maximum(scipy.special.ndtr(a) - scipy.special.ndtr(b), 0.0))


def touch(
    level: ArrayLike, spot: ArrayLike, forward: ArrayLike, volatility: ArrayLike, years: ArrayLike
) -> Array:
    """Return the probability that the underlying trades at a level at any time before expiry.

    Parameters
    ----------
    level, spot, forward
        Dollars, greater than zero. The drift is the one that leads from spot to forward.
    volatility, years
        Annual volatility as a fraction; years to expiry.

    Returns
    -------
    Probabilities in the broadcast shape of the inputs. The path is watched continuously: daily closes touch
    less often.

    Notes
    -----
    Reflection with drift, with ``b = ln(level/spot)``, ``m = ln(forward/spot) - s*s/2`` and ``s`` the total
    volatility: ``N((m - b)/s) + exp(2 m b / s^2) N((-m - b)/s)`` for a level above, mirrored for one below
    (Karatzas and Shreve, Brownian Motion and Stochastic Calculus, section 3.5.C).
    """
    level, spot, forward, volatility, years = np.broadcast_arrays(
        *(np.asarray(v, dtype=np.float64) for v in (level, spot, forward, volatility, years))
    )
    total = _total(volatility, years)
    valid = (level > 0.0) & (spot > 0.0) & (forward > 0.0) & (total >= 0.0)
    moving = valid & (total > 0.0)
    s = np.where(moving, total, 1.0)
    b = np.log(np.where(valid, level / np.where(valid, spot, 1.0), 1.0))
    m = np.log(np.where(valid, forward / np.where(valid, spot, 1.0), 1.0)) - 0.5 * s * s
    side = np.where(b >= 0.0, 1.0, -1.0)
    b, m = side * b, side * m
    reflected = np.exp(np.minimum(2.0 * m * b / (s * s) + scipy.special.log_ndtr(-(m + b) / s), 0.0))
    chance = np.minimum(scipy.special.ndtr((m - b) / s) + reflected, 1.0)
    still = np.where(side * (forward - level) >= 0.0, 1.0, 0.0)
    result = np.where(b == 0.0, 1.0, np.where(moving, chance, still))
    return np.where(valid, result, np.nan)


def of_profit(
    breakevens: ArrayLike,
    profitable_below: bool,
    forward: ArrayLike,
    volatility: ArrayLike,
    years: ArrayLike,
) -> Array:
    """Return the probability that a payoff at expiry ends with a profit.

    Parameters
    ----------
    breakevens
        Prices at which the profit changes its sign, ascending along the last axis, shape ``(...,
        n_breakevens)``. Pad with infinity where a structure has fewer than its neighbours; no breakeven at
        all is an empty last axis.
    profitable_below
        Whether the payoff makes money below the first breakeven (everywhere, where there is none).
    forward, volatility, years
        As `above`; they broadcast against the leading axes of ``breakevens``, and the volatility also against
        its last (one volatility a breakeven, for a smile) when it has the same number of dimensions.

    Returns
    -------
    Probabilities, without the last axis.
    """
    edges = np.asarray(breakevens, dtype=np.float64)
    sigma = np.asarray(volatility, dtype=np.float64)
    if sigma.ndim < edges.ndim or edges.ndim == 0:
        sigma = sigma[..., np.newaxis]
    lead = (np.asarray(value, dtype=np.float64)[..., np.newaxis] for value in (forward, years))
    mean, span = lead
    exceed = above(edges, mean, sigma, span)
    # Below the first edge + alternate signs: P(profit) telescopes over the crossings.
    signs = np.where(np.arange(edges.shape[-1]) % 2 == 0, 1.0, -1.0)
    crossed = np.sum(signs * exceed, axis=-1)
    return np.asarray(np.clip(1.0 - crossed if profitable_below else crossed, 0.0, 1.0))


def _total(volatility: Array, years: Array) -> Array:
    valid = (volatility >= 0.0) & (years >= 0.0)
    return np.where(valid, volatility * np.sqrt(np.where(valid, years, 0.0)), np.nan)


def _standardised(level: ArrayLike, forward: ArrayLike, volatility: ArrayLike, years: ArrayLike) -> Array:
    """Return ``d2`` for a strike at each level, infinite where the answer is certain."""
    edge, mean, sigma, span = np.broadcast_arrays(
        *(np.asarray(v, dtype=np.float64) for v in (level, forward, volatility, years))
    )
    total = _total(sigma, span)
    valid = (mean > 0.0) & (total >= 0.0) & ~np.isnan(edge)
    inside = valid & (edge > 0.0) & np.isfinite(edge)
    gap = np.log(np.where(inside, mean, 1.0) / np.where(inside, edge, 1.0))
    certain = np.where(gap > 0.0, np.inf, -np.inf)
    moving = total > 0.0
    d2 = np.where(moving, gap / np.where(moving, total, 1.0) - 0.5 * total, certain)
    d2 = np.where(inside, d2, np.where(edge <= 0.0, np.inf, -np.inf))
    return np.where(valid, d2, np.nan)
