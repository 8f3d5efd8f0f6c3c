"""What early exercise is worth on a grid of prices and times, in NumPy.

The escrowed model: spot is a random part, which pays a yield at most, and the present value of the cash
dividends to come, which is certain. With ``x`` the logarithm of the random part, ``tau`` the time to expiry
and ``D`` the value of the dividends still to come, the price solves

    V_tau = sigma^2/2 V_xx + (r - q - sigma^2/2) V_x - r V,    V >= w (e^x + D(tau) - K)

by Crank and Nicolson's steps, dense after expiry and after each ex-date, projected while the equations are
solved (M. Brennan and E. Schwartz, The Valuation of American Put Options, 1977). The European price is
carried along the same grid: only the difference is read, and most of the grid's error goes with it.

Grids run towards exercise: prices rise along them for calls and fall for puts.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["early_exercise"]

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]

WIDTH = 5.0
"""Standard deviations from the middle of a grid to its ends."""

SAME_MOMENT = 1e-9


class _Bands(NamedTuple):
    """The three diagonals of the operator, each ``(m,)``."""

    before: Array
    at: Array
    after: Array


def early_exercise(
    out: Array,
    is_call: Flags,
    bare: Array,
    strike: Array,
    years: Array,
    volatility: Array,
    rate: Array,
    dividend_yield: Array,
    amounts: Array,
    due: Array,
    half: int,
    steps: int,
) -> None:
    """Write premiums of early exercise and their derivatives as rows, ``(3, n)``; all columns whole.

    Where exercise is best at once the premium is minus infinity.
    """
    out[:] = np.nan
    moving = (bare > 0.0) & (strike > 0.0) & (volatility * np.sqrt(years) > 0.0) & (years < np.inf)
    counts = np.searchsorted(due, years, side="right")
    w = np.where(is_call, 1.0, -1.0)
    for counted in np.unique(counts[moving]).tolist():
        rows = np.flatnonzero(moving & (counts == counted))
        out[:, rows] = _premiums(
            w[rows],
            strike[rows],
            years[rows],
            volatility[rows],
            rate[rows],
            dividend_yield[rows],
            bare[rows],
            amounts[:counted],
            due[:counted],
            half,
            steps,
        )


def _premiums(
    w: Array,
    K: Array,
    T: Array,
    sigma: Array,
    r: Array,
    q: Array,
    bare: Array,
    amounts: Array,
    due: Array,
    half: int,
    steps: int,
) -> Array:
    """Return the premiums and their derivatives in the logarithm of the bare spot, ``(3, m)``."""
    drift = w * (r - q - 0.5 * sigma * sigma)
    dx = (WIDTH * sigma * np.sqrt(T) + 0.5 * np.abs(drift) * T) / half
    spread, slope = 0.5 * sigma * sigma / (dx * dx), 0.5 * drift / dx
    bands = _Bands(slope - spread, 2.0 * spread + r, -slope - spread)
    C = bare * np.exp(w * dx * np.arange(-half, half + 1)[:, np.newaxis])
    V = np.maximum(w * (C - K), 0.0)
    E = V.copy()
    count = max(int(np.ceil(steps / np.sqrt(due.size + 1.0))), 6)
    start, owed, pay = np.zeros_like(T), np.zeros_like(T), V
    for k in range(due.size + 1):
        end = T - due[-1 - k] if k < due.size else T
        last = start
        for j in range(1, count + 1):
            since = start + (end - start) * (j / count) * (j / count)
            moves = since - last > SAME_MOMENT * T
            since = np.where(moves, since, last)
            pay = w * (C + owed * np.exp(-r * (since - start)) - K)
            ends = w * (C[[0, -1]] * np.exp(-q * since) - K * np.exp(-r * since))
            stepped = _step(V, E, pay, np.maximum(ends, 0.0), 0.5 * (since - last), bands)
            V, E = np.where(moves, stepped[0], V), np.where(moves, stepped[1], E)
            last = since
        owed = owed * np.exp(-r * (end - start))
        start = end
        if k < due.size:
            owed = owed + amounts[-1 - k]
            V = np.maximum(V, w * (C + owed - K))
    down, here, up = (V - E)[half - 1 : half + 2]
    now = V[half] <= pay[half]
    first = np.where(now, 0.0, w * (up - down) / (2.0 * dx))
    second = np.where(now, 0.0, (up - 2.0 * here + down) / (dx * dx))
    return np.array([np.where(now, -np.inf, here), first, second])


def _step(V: Array, E: Array, pay: Array, ends: Array, h: Array, bands: _Bands) -> tuple[Array, Array]:
    """Take one step of Crank and Nicolson, projected while substituting from the side of exercise."""
    a, b, c = h * bands.before, 1.0 + h * bands.at, h * bands.after
    middle = 1.0 - h * bands.at
    both = np.stack([V, E])
    right = middle * both[:, 1:-1] - a * both[:, :-2] - c * both[:, 2:]
    both[:, [0, -1]] = ends
    both[0, [0, -1]] = np.maximum(ends, pay[[0, -1]])
    right[:, 0] -= a * both[:, 0]
    inner = right.shape[1]
    factor = np.empty((inner, h.size))
    factor[0] = 1.0 / b
    for i in range(1, inner):
        f = a * factor[i - 1]
        factor[i] = 1.0 / (b - c * f)
        right[:, i] -= f * right[:, i - 1]
    for i in range(inner - 1, -1, -1):
        both[:, i + 1] = (right[:, i] - c * both[:, i + 2]) * factor[i]
        both[0, i + 1] = np.maximum(both[0, i + 1], pay[i + 1])
    return both[0], both[1]
