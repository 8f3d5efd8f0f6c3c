"""Indicators of daily prices: causal, vectorised over a whole series once.

Every function takes arrays of one length, oldest first, and returns arrays of that length. Row ``t`` depends
on rows up to ``t`` only, and bit for bit: hiding later rows changes nothing (sums run in a fixed order, so no
row sees how long the series is). Rows without enough past are NaN; a NaN in a window makes its result NaN.
"""

from __future__ import annotations

from math import isnan

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "SESSIONS_PER_YEAR",
    "change",
    "exponential_average",
    "parkinson_volatility",
    "realised_volatility",
    "relative_strength",
    "rolling_max",
    "rolling_mean",
    "rolling_min",
    "rolling_standard_deviation",
    "true_range",
    "wilder_average",
]

Array = NDArray[np.float64]

SESSIONS_PER_YEAR = 252.0


def rolling_mean(values: Array, window: int) -> Array:
    """Return the mean of the last ``window`` values, the present one included."""
    if len(values) < window:
        return np.full(len(values), np.nan)
    total = values[window - 1 :].copy()
    for back in range(1, window):
        total += values[window - 1 - back : len(values) - back]
    return _aligned(total / window, len(values))


def rolling_standard_deviation(values: Array, window: int, *, sample: bool) -> Array:
    """Return the standard deviation of the last ``window`` values, by ``window - 1`` where ``sample``."""
    mean = rolling_mean(values, window)[window - 1 :]
    if mean.size == 0:
        return np.full(len(values), np.nan)
    total = np.zeros(len(mean))
    for back in range(window):
        gap = values[window - 1 - back : len(values) - back] - mean
        total += gap * gap
    return _aligned(np.sqrt(total / (window - 1 if sample else window)), len(values))


def rolling_min(values: Array, window: int) -> Array:
    """Return the least of the last ``window`` values."""
    return -rolling_max(-values, window)


def rolling_max(values: Array, window: int) -> Array:
    """Return the greatest of the last ``window`` values."""
    if len(values) < window:
        return np.full(len(values), np.nan)
    best = values[window - 1 :].copy()
    for back in range(1, window):
        np.maximum(best, values[window - 1 - back : len(values) - back], out=best)
    return _aligned(best, len(values))


def change(values: Array, sessions: int) -> Array:
    """Return the simple return over some sessions, a fraction."""
    found = np.full(len(values), np.nan)
    found[sessions:] = values[sessions:] / values[: max(0, len(values) - sessions)] - 1.0
    return found


def exponential_average(values: Array, span: int, *, wait: int | None = None) -> Array:
    """Return the exponential average with weight ``2 / (span + 1)``, begun at the first value.

    The first ``wait`` rows (``span - 1`` unless told otherwise) are NaN. The same as pandas'
    ``ewm(span=span, adjust=False, min_periods=wait + 1)``.
    """
    weight, average = 2.0 / (span + 1.0), float("nan")
    found = [average] * len(values)
    for row, value in enumerate(values.tolist()):
        average = value if row == 0 else average + weight * (value - average)
        found[row] = average
    result = np.array(found, dtype=np.float64)
    result[: span - 1 if wait is None else wait] = np.nan
    return result


def wilder_average(values: Array, window: int) -> Array:
    """Return Wilder's average: the mean of ``window`` values, then ``(a (window - 1) + v) / window``.

    Where a value is NaN the average is too, and begins anew with the next ``window`` values.
    Source: Wilder, New Concepts in Technical Trading Systems (1978).
    """
    found = [float("nan")] * len(values)
    average, seed, seen = float("nan"), 0.0, 0
    for row, value in enumerate(values.tolist()):
        if isnan(value):
            seed, seen = 0.0, 0
            continue
        seen += 1
        if seen < window:
            seed += value
            continue
        average = (seed + value) / window if seen == window else (average * (window - 1) + value) / window
        found[row] = average
    return np.array(found, dtype=np.float64)


def relative_strength(close: Array, window: int) -> Array:
    """Return Wilder's relative strength index, 0 to 100; 50 where prices never moved.

    Source: Wilder (1978), ``100 - 100 / (1 + average gain / average loss)``.
    """
    moves = np.full(len(close), np.nan)
    moves[1:] = close[1:] - close[:-1]
    gain = wilder_average(np.where(moves < 0.0, 0.0, moves), window)
    loss = wilder_average(np.where(moves > 0.0, 0.0, -moves), window)
    both = gain + loss
    still = both == 0.0
    # The share first: of a hundredfold gain, rounding can make more than 100.
    return np.where(still, 50.0, 100.0 * (gain / np.where(still, 1.0, both)))


def true_range(high: Array, low: Array, close: Array) -> Array:
    """Return Wilder's true range: the session's range, stretched to the close before; first high − low."""
    found = high - low
    before = close[:-1]
    found[1:] = np.maximum(found[1:], np.maximum(np.abs(high[1:] - before), np.abs(low[1:] - before)))
    return found


def realised_volatility(close: Array, window: int) -> Array:
    """Return the annualised sample deviation of the last ``window`` log returns, a fraction.

    Source: Hull, Options, Futures, and Other Derivatives, "Estimating volatility from historical data".
    """
    returns = np.full(len(close), np.nan)
    returns[1:] = np.log(close[1:] / close[:-1])
    return np.asarray(rolling_standard_deviation(returns, window, sample=True) * np.sqrt(SESSIONS_PER_YEAR))


def parkinson_volatility(high: Array, low: Array, window: int) -> Array:
    """Return the annualised volatility of the last ``window`` ranges, a fraction.

    Blind to the gap between sessions. Source: Parkinson (1980), ``sqrt(mean(ln(H / L)^2) / (4 ln 2))``.
    """
    ranges = np.log(high / low)
    scale = SESSIONS_PER_YEAR / (4.0 * np.log(2.0))
    return np.asarray(np.sqrt(rolling_mean(ranges * ranges, window) * scale))


def _aligned(tail: Array, length: int) -> Array:
    found = np.full(length, np.nan)
    found[length - len(tail) :] = tail
    return found
