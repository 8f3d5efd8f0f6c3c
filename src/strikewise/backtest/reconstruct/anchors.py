"""At-the-money variance by maturity, solved so that the model's own strips are the indices."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from strikewise.backtest.reconstruct.smile import Shape, SmileModel, features, strip
from strikewise.backtest.reconstruct.variance_time import DayWeights, VarianceClock, variance_years
from strikewise.domain.instruments import date_of, days_of
from strikewise.market.calendar import SessionCalendar

__all__ = ["ANCHOR_DAYS", "Brackets", "FrontSlope", "Levels", "brackets_of", "solve_levels"]

Array = NDArray[np.float64]
Days = NDArray[np.int64]

ANCHOR_DAYS = (9, 30, 93, 184)
"""Horizons of VIX9D, VIX, VIX3M and VIX6M in calendar days: anchors of the term structure."""
LEAST_FORWARD = 0.2
"""No forward variance between anchors lies below this fraction of the mean variance before it."""
ROUNDS = 4
Strips = Callable[[Shape, Array], tuple[Array, Array]]


@dataclass(frozen=True, slots=True)
class FrontSlope:
    """How forward variance leans below nine days: ``s = level + term * ln(forward after / mean before)``."""

    level: float = 0.0
    term: float = -0.3


@dataclass(frozen=True, slots=True, eq=False)
class Brackets:
    """The expirations that each index of each day is interpolated between.

    Attributes
    ----------
    counts : (5, d, 4, 2) float64
        `VarianceClock.counts` of the near and the far expiration of each index.
    share : (d, 4, 2) float64
        What the strip of each, as total variance, counts in the index squared times its own years.
    morning : (d, 4, 2) bool
        Whether it settles on the opening.
    horizon : (5, d, 4) float64
        Counts of the whole calendar days of `ANCHOR_DAYS`, for the anchors themselves.
    """

    counts: Array
    share: Array
    morning: NDArray[np.bool_]
    horizon: Array


def brackets_of(
    clock: VarianceClock, calendar: SessionCalendar, days: Days, *, morning: bool = True
) -> Brackets:
    """Return the brackets of Cboe's indices: Fridays about 9 and 30 days, third Fridays about 93 and 184.

    Parameters
    ----------
    clock, calendar
        Variance time and sessions.
    days : (d,) int64
        The days.
    morning : bool
        Whether third Fridays settle on the opening, as those of the S&P 500 do; not those of a fund.
    """
    span = range(int(days.min()) - 7, int(days.max()) + 260)
    fridays = [date_of(number) for number in span if (number + 3) % 7 == 4]
    third = {days_of(calendar.session_at_or_before(day)) for day in fridays if 15 <= day.day <= 21}
    weekly = np.array(sorted(days_of(calendar.session_at_or_before(day)) for day in fridays))
    monthly = np.array(sorted(third))
    expiration = np.empty((len(days), len(ANCHOR_DAYS), 2), dtype=np.int64)
    for column, horizon in enumerate(ANCHOR_DAYS):
        listed = weekly if horizon < 60 else monthly
        far = np.searchsorted(listed, days + horizon, side="right")
        expiration[:, column, 0], expiration[:, column, 1] = listed[far - 1], listed[far]
    is_morning = np.isin(expiration, monthly) & morning
    left = expiration - days[:, np.newaxis, np.newaxis] - np.where(is_morning, 6.5 / 24.0, 0.0)
    wanted = np.array(ANCHOR_DAYS, dtype=np.float64)
    near, far_left = left[..., 0], left[..., 1]
    weight = (wanted - near) / (far_left - near)
    share = np.stack([1.0 - weight, weight], axis=-1)
    counts = clock.counts(days[:, np.newaxis, np.newaxis], expiration)
    whole = days[:, np.newaxis] + np.array(ANCHOR_DAYS)
    return Brackets(counts, share, is_morning, clock.counts(days[:, np.newaxis], whole))


@dataclass(frozen=True, slots=True, eq=False)
class Levels:
    """At-the-money total variance of many days.

    Attributes
    ----------
    tau : (d, 4) float64
        Anchors in years of variance time.
    theta : (d, 4) float64
        Total variance there.
    front : (d,) float64
        Lean of forward variance below the first anchor, within (-0.9, 0.9).
    """

    tau: Array
    theta: Array
    front: Array

    def at(self, rows: NDArray[np.intp], tau: Array) -> Array:
        """Return total variance of some days at some times.

        Parameters
        ----------
        rows : (n,) int
            Which day.
        tau : (n,) float64
            Years of variance time.
        """
        basis = _basis(self.tau[rows], self.front[rows], tau)
        return np.asarray(np.einsum("na,na->n", basis, self.theta[rows]))


def _basis(anchor: Array, front: Array, tau: Array) -> Array:
    """Return what each anchor's variance counts at a time, ``(n, 4)``: linear between and beyond."""
    segment = np.clip((tau[:, np.newaxis] >= anchor[:, 1:3]).sum(axis=1), 0, 2)
    row = np.arange(len(tau))
    low, high = anchor[row, segment], anchor[row, segment + 1]
    share = (tau - low) / (high - low)
    basis = np.zeros((len(tau), 4))
    basis[row, segment], basis[row, segment + 1] = 1.0 - share, share
    early = tau < anchor[:, 0]
    part = tau[early] / anchor[early, 0]
    basis[early] = 0.0
    basis[early, 0] = part * (1.0 + front[early] * (1.0 - part))
    return basis


def _lean(tau: Array, theta: Array, front: FrontSlope) -> Array:
    before = theta[:, 0] / tau[:, 0]
    after = np.maximum((theta[:, 1] - theta[:, 0]) / (tau[:, 1] - tau[:, 0]), LEAST_FORWARD * before)
    return np.asarray(np.clip(front.level + front.term * np.log(after / before), -0.7, 0.7))


def solve_levels(
    model: SmileModel,
    brackets: Brackets,
    weights: DayWeights,
    front: FrontSlope,
    indices: Array,
    skew: Array,
    beta: Array,
    *,
    strips: Strips = strip,
) -> tuple[Levels, Array]:
    """Return the levels at which the model's own strips are the indices, and the skewness it then has.

    Parameters
    ----------
    model, weights, front
        The surface.
    brackets : Brackets
        Between which expirations each index is interpolated.
    indices : (d, 4) float64
        VIX9D, VIX, VIX3M, VIX6M as fractions, none missing.
    skew, beta : (d,) float64
        See `smile.features`.
    strips : callable
        `smile.strip`, or something near it that is quicker.

    Returns
    -------
    levels : Levels
    skewness : (d,) float64
        The model's own SKEW at 30 days.
    """
    count = len(indices)
    tau = variance_years(brackets.counts, weights, morning=brackets.morning).reshape(-1)
    anchor = variance_years(brackets.horizon, weights)
    slope = np.log(indices[:, 0] / indices[:, 2])
    day = np.repeat(np.arange(count), 2 * len(ANCHOR_DAYS))
    shape = model.shape(features(tau, indices[day, 1], skew[day], slope[day], beta[day]))
    target = indices**2 * (np.array(ANCHOR_DAYS) / 365.0)
    levels, skewness = Levels(anchor, 0.85 * target, _lean(anchor, target, front)), np.zeros(len(tau))
    for _ in range(ROUNDS):
        basis = _basis(anchor[day], levels.front[day], tau)
        at_money = np.maximum(np.einsum("na,na->n", basis, levels.theta[day]), 1e-7)
        variance, skewness = strips(shape, at_money)
        ratio = (variance / at_money).reshape(brackets.share.shape)
        matrix = np.einsum("dib,diba->dia", brackets.share * ratio, basis.reshape(*ratio.shape, -1))
        theta = _rising(anchor, np.linalg.solve(matrix, target[..., np.newaxis])[..., 0])
        levels = Levels(anchor, theta, _lean(anchor, theta, front))
    own = (brackets.share * skewness.reshape(brackets.share.shape))[:, 1].sum(axis=1)
    return levels, 100.0 - 10.0 * own


def _rising(tau: Array, theta: Array) -> Array:
    """Return variances that rise with time: a day's indices may contradict each other."""
    held = theta.copy()
    held[:, 0] = np.maximum(held[:, 0], 1e-6)
    for column in range(1, theta.shape[1]):
        before = held[:, column - 1] / tau[:, column - 1]
        least = held[:, column - 1] + LEAST_FORWARD * before * (tau[:, column] - tau[:, column - 1])
        held[:, column] = np.maximum(held[:, column], least)
    return held
