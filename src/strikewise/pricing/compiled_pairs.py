"""The Numba kernel of `array_pairs`: one row at a time, its levels in loops of vector instructions."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from strikewise.pricing.compiled_math import exp, normalised
from strikewise.pricing.compiler import called, compiled

__all__ = ["pair_profits"]

Array = NDArray[np.float64]


@compiled
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
    """Write lower breakeven, upper breakeven and greatest profit of pairs, ``(3, n)``."""
    count = len(grid) + 2
    level, profit = np.empty(count), np.empty(count)
    for row in range(out.shape[1]):
        for n in range(len(grid)):
            level[n] = forward[row] * exp(grid[n] * near_total[row])
        _insert(level, len(grid), near_strike[row])
        _insert(level, len(grid) + 1, far_strike[row])
        sign, near, far = side[row], near_strike[row], far_strike[row]
        total, carried, factor, paid = far_total[row], growth[row], discount[row], cost[row]
        for n in range(count):
            at = level[n] * carried
            otm, _, _, _ = normalised(at, far, total)
            value = factor * (max(sign * (at - far), 0.0) + otm)
            exercised = max(value, sign * (level[n] - far))
            value = exercised if american else value
            profit[n] = value - paid - max(sign * (level[n] - near), 0.0)
        out[0, row], out[1, row], out[2, row] = _profitable(level, profit)


@called
def _insert(level: Array, used: int, strike: float) -> None:
    """Put a strike among the levels in use, which ascend."""
    while used > 0 and level[used - 1] > strike:
        level[used] = level[used - 1]
        used -= 1
    level[used] = strike


@called
def _profitable(level: Array, profit: Array) -> tuple[float, float, float]:
    """Return where the profit begins, where it ends, and the most that it is."""
    first, last, top = len(profit), -1, -math.inf
    for n in range(len(profit)):
        top = max(top, profit[n])
        if profit[n] > 0.0:
            first, last = min(first, n), n
    low, high = math.nan, math.nan
    if 0 < first <= last:
        low = _crossing(level, profit, first, first - 1)
    if 0 <= last < len(profit) - 1:
        high = _crossing(level, profit, last, last + 1)
    return low, high, top


@called
def _crossing(level: Array, profit: Array, inside: int, outside: int) -> float:
    """Return where the profit is zero between two levels."""
    here, there = level[inside], level[outside]
    share = profit[inside] / (profit[inside] - profit[outside])
    crossing: float = here + share * (there - here)
    return crossing
