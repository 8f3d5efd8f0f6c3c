"""How sure it is that the market's regime is the one that acts: counted, not modelled.

A rule has no probability of its own. What can be counted is how often a label stood at the next close, in
past sessions that had the same label and lay about as deep inside its thresholds as this one: the 100 nearest
in depth (`strikewise.market.regime.RegimeSeries.depths`). The confidence is the lower end of the one-sided
95 % interval of that share (E. B. Wilson, 1927), so that a short past is no confidence.
"""

from __future__ import annotations

from math import isfinite, sqrt

import numpy as np

from strikewise.market.regime import Regime, RegimeSeries

__all__ = ["LEAST_SESSIONS", "NEAREST", "confidence_of", "lower_bound"]

NEAREST = 100
"""Past sessions that are counted."""
LEAST_SESSIONS = 30
"""Fewer say nothing."""
NORMAL_95 = 1.6448536269514722


def confidence_of(series: RegimeSeries, day: int, known_by: int) -> float | None:
    """Return the confidence in the label that acts on a day, counted over the sessions before it.

    Parameters
    ----------
    series : RegimeSeries
        Labels and depths.
    day : int
        Days since 1970-01-01.
    known_by : int
        Unix seconds.

    Returns
    -------
    float or None
        None where no label acts, it has no thresholds (`Regime.NEUTRAL`), or fewer than 30 sessions count.
    """
    row = series.row_acting_on(day, known_by)
    if row is None or not len(series.depths):
        return None
    label, depth = series.labels[row], float(series.depths[row])
    if label is Regime.UNKNOWN or not isfinite(depth):
        return None
    same = np.array([before is label for before in series.labels[:row]], dtype=np.bool_)
    past = np.flatnonzero(same & np.isfinite(series.depths[:row]))
    nearest = past[np.argsort(np.abs(series.depths[past] - depth), kind="stable")[:NEAREST]]
    if len(nearest) < LEAST_SESSIONS:
        return None
    stood = sum(series.labels[one + 1] is label for one in nearest.tolist())
    return lower_bound(stood, len(nearest))


def lower_bound(successes: int, trials: int) -> float:
    """Return the lower end of Wilson's one-sided 95 % interval of a share."""
    share, z2 = successes / trials, NORMAL_95**2
    middle = share + z2 / (2 * trials)
    reach = NORMAL_95 * sqrt(share * (1.0 - share) / trials + z2 / (4 * trials**2))
    # Where nothing succeeded both terms are equal, but for their last digit.
    return min(share, max(0.0, (middle - reach) / (1.0 + z2 / trials)))
