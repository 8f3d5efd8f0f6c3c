"""How many configurations were ever tried, how many were ideas, and what that leaves of a result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
import scipy
from numpy.typing import NDArray

from strikewise.backtest.evidence.moments import Moments
from strikewise.backtest.evidence.significance import deflated_sharpe, expected_maximum
from strikewise.domain.events import TrialCounted

__all__ = ["Deflation", "TrialCount", "count_of", "deflation_of"]

Array = NDArray[np.float64]

SAME_IDEA = 0.5
"""Trials whose weekly returns correlate by more than this on average are one idea."""
LEAST_WEEKS = 20
"""Trials that share fewer weeks cannot be compared and count as different."""
MOST_COMPARED = 1500
"""Of more trials, so many are compared, evenly chosen, and the share of different ones is taken for all."""


@dataclass(frozen=True, slots=True)
class TrialCount:
    """What has been tried.

    Attributes
    ----------
    raw : int
        Distinct configurations ever evaluated.
    measured : int
        Those of them whose result is known.
    effective : float
        Different ideas among them: clusters of weekly returns. What cannot be compared counts for itself, and
        what never traded not at all: it could not have been chosen.
    deviation : float
        Standard deviation of the trials' Sharpe ratios, per day, within their families: that short puts earn
        other ratios than long calls is no luck of a choice. Families of one are taken together; 0 where no
        two can be compared.
    by_family : mapping of str to int
        Distinct configurations of each family.
    """

    raw: int
    measured: int
    effective: float
    deviation: float
    by_family: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Deflation:
    """A Sharpe ratio against the best that worthless trials would have shown.

    Attributes
    ----------
    probability : float
        The lesser of the two that follow: the one to judge by.
    by_raw : float
        DSR with every configuration and the dispersion of their ratios.
    by_effective : float
        DSR with the different ideas, and the dispersion that pure chance gives over so many days, 1/√T.
    bar : float
        The ratio, per day, that the judged one had to beat.
    """

    probability: float
    by_raw: float
    by_effective: float
    bar: float


def count_of(trials: Sequence[TrialCounted]) -> TrialCount:
    """Return how many configurations, and how many ideas, some trials are."""
    known = [one for one in trials if one.sharpe is not None and len(one.weekly) >= LEAST_WEEKS]
    compared = known[:: -(-len(known) // MOST_COMPARED)] if known else []
    labels = _clusters(compared)
    flat = sum(one.sessions > 0 and one.sharpe is None for one in trials)
    clusters = len(set(labels.tolist()))
    share = clusters / len(compared) if compared else 1.0
    families: dict[str, int] = {}
    for one in trials:
        families[one.family] = families.get(one.family, 0) + 1
    return TrialCount(
        raw=len(trials),
        measured=sum(one.sharpe is not None for one in trials),
        effective=share * len(known) + len(trials) - flat - len(known),
        deviation=_deviation(trials),
        by_family=families,
    )


def deflation_of(found: Moments, count: TrialCount) -> Deflation:
    """Return the probability that a ratio is no gift of so many trials, by the stricter of two counts."""
    raw, effective = max(1, count.raw), max(1.0, count.effective)
    chance = 1.0 / sqrt(found.observations)
    by_raw = deflated_sharpe(found, raw, count.deviation)
    by_effective = deflated_sharpe(found, effective, chance)
    bar = max(count.deviation * expected_maximum(raw), chance * expected_maximum(effective))
    return Deflation(min(by_raw, by_effective), by_raw, by_effective, bar)


def _deviation(trials: Sequence[TrialCounted]) -> float:
    """Return the pooled standard deviation of ratios within families."""
    ratios: dict[str, list[float]] = {}
    for one in trials:
        if one.sharpe is not None:
            ratios.setdefault(one.family, []).append(one.sharpe)
    groups = [one for one in ratios.values() if len(one) > 1]
    groups.append([one[0] for one in ratios.values() if len(one) == 1])
    freedom = sum(max(0, len(one) - 1) for one in groups)
    squares = sum(float(np.var(one)) * len(one) for one in groups if one)
    return sqrt(squares / freedom) if freedom else 0.0


def _clusters(trials: Sequence[TrialCounted]) -> NDArray[np.int64]:
    """Return the cluster of each trial: average linkage over what separates their weekly returns."""
    if len(trials) < 2:
        return np.ones(len(trials), dtype=np.int64)
    distance = np.sqrt(np.clip((1.0 - _correlations(trials)) / 2.0, 0.0, 1.0))
    np.fill_diagonal(distance, 0.0)
    tree = scipy.cluster.hierarchy.linkage(
        scipy.spatial.distance.squareform(distance, checks=False), method="average"
    )
    return np.asarray(
        scipy.cluster.hierarchy.fcluster(tree, sqrt((1.0 - SAME_IDEA) / 2.0), criterion="distance"),
        dtype=np.int64,
    )


def _correlations(trials: Sequence[TrialCounted]) -> Array:
    """Return the correlation of each pair over the weeks they share; 0 where they share too few."""
    first = min(one.first_week for one in trials)
    last = max(one.first_week + len(one.weekly) for one in trials)
    values, there = np.zeros((2, len(trials), last - first))
    for row, one in enumerate(trials):
        begins = one.first_week - first
        values[row, begins : begins + len(one.weekly)] = one.weekly
        there[row, begins : begins + len(one.weekly)] = 1.0
    shared = there @ there.T
    weeks = np.maximum(shared, 1.0)
    mean = (values @ there.T) / weeks
    square = (values**2 @ there.T) / weeks - mean**2
    covariance = (values @ values.T) / weeks - mean * mean.T
    scale = np.sqrt(np.maximum(square * square.T, 0.0))
    usable = (shared >= LEAST_WEEKS) & (scale > 0.0)
    return np.where(usable, covariance / np.where(usable, scale, 1.0), 0.0)
