"""The Numba kernel of early exercise on a grid; formulas and names as in `array_grid`."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from strikewise.pricing.compiler import called, compiled

__all__ = ["early_exercise"]

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]

WIDTH = 5.0
SAME_MOMENT = 1e-9


@called
def _step(V: Array, E: Array, work: Array, pay: Array, ends: Array, h: float, bands: Array) -> None:
    """Take one step of Crank and Nicolson, projected while substituting from the side of exercise."""
    n = V.size
    a, b, c = h * bands[0], 1.0 + h * bands[1], h * bands[2]
    middle = 1.0 - h * bands[1]
    for i in range(1, n - 1):
        work[0, i] = middle * V[i] - a * V[i - 1] - c * V[i + 1]
        work[1, i] = middle * E[i] - a * E[i - 1] - c * E[i + 1]
    V[0], V[n - 1], E[0], E[n - 1] = max(ends[0], pay[0]), max(ends[1], pay[n - 1]), ends[0], ends[1]
    work[0, 1] -= a * V[0]
    work[1, 1] -= a * E[0]
    work[2, 1] = 1.0 / b
    for i in range(2, n - 1):
        f = a * work[2, i - 1]
        work[2, i] = 1.0 / (b - c * f)
        work[0, i] -= f * work[0, i - 1]
        work[1, i] -= f * work[1, i - 1]
    for i in range(n - 2, 0, -1):
        V[i] = max((work[0, i] - c * V[i + 1]) * work[2, i], pay[i])
        E[i] = (work[1, i] - c * E[i + 1]) * work[2, i]


@called
def _premium(
    w: float,
    K: float,
    T: float,
    sigma: float,
    r: float,
    q: float,
    bare: float,
    amounts: Array,
    due: Array,
    half: int,
    steps: int,
) -> tuple[float, float, float]:
    """Return the premium of early exercise and its derivatives in the logarithm of the bare spot."""
    drift = w * (r - q - 0.5 * sigma * sigma)
    dx = (WIDTH * sigma * math.sqrt(T) + 0.5 * abs(drift) * T) / half
    n = 2 * half + 1
    C, pay, V, E = np.empty(n), np.empty(n), np.empty(n), np.empty(n)
    work, bands, ends = np.empty((3, n)), np.empty(3), np.empty(2)
    spread, slope = 0.5 * sigma * sigma / (dx * dx), 0.5 * drift / dx
    bands[0], bands[1], bands[2] = slope - spread, 2.0 * spread + r, -slope - spread
    for i in range(n):
        C[i] = bare * math.exp(w * dx * (i - half))
        V[i] = max(w * (C[i] - K), 0.0)
        E[i] = V[i]
    count = max(math.ceil(steps / math.sqrt(due.size + 1.0)), 6)
    start, owed = 0.0, 0.0
    for k in range(due.size + 1):
        end = T - due[due.size - 1 - k] if k < due.size else T
        last = start
        for j in range(1, count + 1):
            since = start + (end - start) * (j / count) * (j / count)
            if since - last > SAME_MOMENT * T:
                held = owed * math.exp(-r * (since - start))
                for i in range(n):
                    pay[i] = w * (C[i] + held - K)
                ends[0] = max(w * (C[0] * math.exp(-q * since) - K * math.exp(-r * since)), 0.0)
                ends[1] = max(w * (C[n - 1] * math.exp(-q * since) - K * math.exp(-r * since)), 0.0)
                _step(V, E, work, pay, ends, 0.5 * (since - last), bands)
                last = since
        owed *= math.exp(-r * (end - start))
        start = end
        if k < due.size:
            owed += amounts[due.size - 1 - k]
            for i in range(n):
                V[i] = max(V[i], w * (C[i] + owed - K))
    if V[half] <= pay[half]:
        return -math.inf, 0.0, 0.0
    up, here, down = V[half + 1] - E[half + 1], V[half] - E[half], V[half - 1] - E[half - 1]
    return here, w * (up - down) / (2.0 * dx), (up - 2.0 * here + down) / (dx * dx)


@compiled
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
    for i in range(out.shape[1]):
        out[:, i] = math.nan
        T, sigma = years[i], volatility[i]
        if bare[i] > 0.0 and strike[i] > 0.0 and sigma * math.sqrt(T) > 0.0 and abs(T) < math.inf:
            counted = 0
            while counted < due.size and due[counted] <= T:
                counted += 1
            out[0, i], out[1, i], out[2, i] = _premium(
                1.0 if is_call[i] else -1.0,
                strike[i],
                T,
                sigma,
                rate[i],
                dividend_yield[i],
                bare[i],
                amounts[:counted],
                due[:counted],
                half,
                steps,
            )
