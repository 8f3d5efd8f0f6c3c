"""Where a near option sold against a later one gains at the near expiration, and how much at most, in NumPy.

Each pair is valued at prices of the underlying: those of a grid in standard deviations about the forward, and
both strikes. The near option is worth its intrinsic value there, the later one what its volatility makes of
the time that is left (Black 1976), or what exercise pays at once where it is American and that is more.
Between levels the profit counts as linear.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from strikewise.pricing.lognormal import expected_intrinsic

__all__ = ["pair_profits"]

Array = NDArray[np.float64]
Rows = NDArray[np.intp]


def pair_profits(
    out: Array,
    side: Array,
    near_strike: Array,
    far_strike: Array,
    forward: Array,
    near_total: Array,
    growth: Array,
    discount: Array,
    far_total: Array,
    cost: Array,
    grid: Array,
    american: bool,
) -> None:
    """Write lower breakeven, upper breakeven and greatest profit of pairs, ``(3, n)``.

    A breakeven is NaN where the profit begins or ends beyond the grid, or where there is none.

    Parameters
    ----------
    out : (3, n)
        Dollars a share.
    side : (n,)
        1 for calls, -1 for puts.
    near_strike, far_strike, cost : (n,)
        Dollars a share.
    forward, near_total : (n,)
        To the near expiration: forward price, and total volatility of the near option.
    growth, discount, far_total : (n,)
        From the near to the later expiration: forward over spot, discount, and total volatility.
    grid : (m,)
        Standard deviations, ascending.
    american : bool
        Whether the later option may be exercised early.
    """
    levels = np.concatenate([forward * np.exp(grid[:, np.newaxis] * near_total),
                             near_strike[np.newaxis], far_strike[np.newaxis]])  # fmt: skip
    levels.sort(axis=0)
    value = discount * expected_intrinsic(side, far_strike, levels * growth, far_total)
    if american:
        value = np.maximum(value, side * (levels - far_strike))
    profit = value - cost - np.maximum(side * (levels - near_strike), 0.0)
    out[0], out[1] = _breakevens(levels, profit)
    out[2] = profit.max(axis=0)


def _breakevens(levels: Array, profit: Array) -> tuple[Array, Array]:
    """Return where the profit begins and where it ends; NaN where it does so beyond the grid, or never."""
    above = profit > 0.0
    first = above.argmax(axis=0)
    last = len(above) - 1 - above[::-1].argmax(axis=0)
    column, ever = np.arange(levels.shape[1]), above.any(axis=0)
    low = _crossing(levels, profit, column, first, np.maximum(first - 1, 0))
    high = _crossing(levels, profit, column, last, np.minimum(last + 1, len(above) - 1))
    return np.where(ever & (first > 0), low, np.nan), np.where(ever & (last < len(above) - 1), high, np.nan)


def _crossing(levels: Array, profit: Array, column: Rows, inside: Rows, outside: Rows) -> Array:
    here, there = profit[inside, column], profit[outside, column]
    share = here / np.where(here == there, 1.0, here - there)
    edge = levels[inside, column]
    return np.asarray(edge + share * (levels[outside, column] - edge))
