"""What was known of index volatility at each close; what is missing is estimated from what is not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from strikewise.domain.quotes import DailyBars, Series

__all__ = ["Conditions", "IndexSeries", "conditions_of"]

Array = NDArray[np.float64]
Days = NDArray[np.int64]

USUAL_INDEX, USUAL_SKEW, USUAL_BETA = 18.0, 135.0, 130.0
BETA_SPAN = 250
SLOW = 60
QUARTER = (0.113, -0.053, -0.279)
"""``ln(VIX3M / VIX)``: level, per ``ln(VIX / 18)``, per ``ln VIX`` above its 60-session average."""
NEAR = (0.040, -0.853)
"""``ln(VIX9D / VIX)``: level, per ``ln(VIX3M / VIX)``."""
HALF = (0.019, 0.523)
"""``ln(VIX6M / VIX3M)``: level, per ``ln(VIX3M / VIX)``. All three: least squares over 2011 to 2026."""
KEPT = (0.82, 0.95, 0.94)
"""What is left after a session of a last known error of `NEAR`, `QUARTER` and `HALF`."""


@dataclass(frozen=True, slots=True)
class IndexSeries:
    """Cboe's series about the S&P 500; only the 30-day index is needed.

    Attributes
    ----------
    month : Series
        VIX, points.
    near, quarter, half : Series, optional
        VIX9D, VIX3M, VIX6M, points.
    skew : Series, optional
        SKEW.
    index : DailyBars, optional
        The S&P 500, or SPY: how hard VIX moved against it shapes the smile.
    """

    month: Series
    near: Series | None = None
    quarter: Series | None = None
    half: Series | None = None
    skew: Series | None = None
    index: DailyBars | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Conditions:
    """The conditions of many days.

    Attributes
    ----------
    days : (d,) int64
        Days since 1970-01-01, ascending.
    indices : (d, 4) float64
        VIX9D, VIX, VIX3M, VIX6M as fractions; none missing.
    skew, beta : (d,) float64
        Cboe's SKEW; points by which VIX moved against a whole fall of the index.
    measured : (d, 4) bool
        Which indices were published and not estimated.
    """

    days: Days
    indices: Array
    skew: Array
    beta: Array
    measured: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.days)


def conditions_of(series: IndexSeries, days: Days) -> Conditions:
    """Return the conditions of days on which the 30-day index is known.

    Each is made of that day and the past alone.

    Parameters
    ----------
    series : IndexSeries
        What was published.
    days : (d,) int64
        Which days, ascending; those without the 30-day index are left out.
    """
    history = series.month.days.astype(np.int64)
    level = np.log(series.month.values)
    rows = np.searchsorted(history, days)
    rows = rows[(rows < len(history)) & np.isin(days, history)]
    slow = pl.Series(level).ewm_mean(alpha=1.0 / SLOW, adjust=False).to_numpy()
    quarter = _log_of(series.quarter, history) - level
    usual = QUARTER[0] + QUARTER[1] * (level - np.log(USUAL_INDEX)) + QUARTER[2] * (level - slow)
    quarter, has_quarter = _completed(quarter, usual, KEPT[1])
    near, has_near = _completed(_log_of(series.near, history) - level, NEAR[0] + NEAR[1] * quarter, KEPT[0])
    half = _log_of(series.half, history) - level - quarter
    half, has_half = _completed(half, HALF[0] + HALF[1] * quarter, KEPT[2])
    indices = np.exp(np.stack([level + near, level, level + quarter, level + quarter + half], axis=1)) / 100.0
    measured = np.stack([has_near, np.ones(len(history), dtype=np.bool_), has_quarter, has_half], axis=1)
    skew, _ = _completed(_on(series.skew, history), np.full(len(history), USUAL_SKEW), 0.97)
    beta = _beta(series, history)
    return Conditions(history[rows], indices[rows], skew[rows], beta[rows], measured[rows])


def _on(series: Series | None, days: Days) -> Array:
    """Return a series' values on exactly these days, NaN where it has none."""
    found = np.full(len(days), np.nan)
    if series is not None and len(series):
        row = np.minimum(np.searchsorted(series.days, days), len(series) - 1)
        same = series.days[row] == days
        found[same] = series.values[row[same]]
    return found


def _log_of(series: Series | None, days: Days) -> Array:
    values = _on(series, days)
    return np.asarray(np.log(np.where(values > 0.0, values, np.nan)))


def _completed(known: Array, usual: Array, kept: float) -> tuple[Array, NDArray[np.bool_]]:
    """Return values where they are known, else the usual plus what is left of the last known error."""
    there = np.isfinite(known)
    row = np.arange(len(known))
    last = np.maximum.accumulate(np.where(there, row, -1))
    error = np.where(there, known - usual, 0.0)
    fading = np.where(last >= 0, error[np.maximum(last, 0)] * kept ** (row - last), 0.0)
    return np.asarray(np.where(there, known, usual + fading)), there


def _beta(series: IndexSeries, history: Days) -> Array:
    """Return how many points VIX moved against the index, times 100, with weights that fade over a year."""
    if series.index is None or len(series.index) < 2:
        return np.full(len(history), USUAL_BETA)
    closes = _on(Series("close", series.index.days, series.index.close, series.index.known_at), history)
    move = np.diff(np.log(closes), prepend=np.nan)
    shift = np.diff(series.month.values, prepend=np.nan)
    known = np.isfinite(move) & np.isfinite(shift)
    move, shift = np.where(known, move, 0.0), np.where(known, shift, 0.0)
    # Half a year of usual days stands before the first: a short record leans on what is usual.
    weight = 2.0 / (BETA_SPAN + 1)
    usual = 1e-4
    faded = (1.0 - weight) ** np.cumsum(known)
    both = pl.Series(move * shift).ewm_mean(alpha=weight, adjust=False).to_numpy()
    own = pl.Series(move * move).ewm_mean(alpha=weight, adjust=False).to_numpy()
    return np.asarray((-both + faded * usual * USUAL_BETA) / (own + faded * usual))
