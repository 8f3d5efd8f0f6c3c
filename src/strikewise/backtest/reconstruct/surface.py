"""The volatility surface of each day: levels solved on the indices, fitted smiles, no arbitrage."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from strikewise.backtest.reconstruct.anchors import FrontSlope, Levels, brackets_of, solve_levels
from strikewise.backtest.reconstruct.conditions import Conditions
from strikewise.backtest.reconstruct.smile import HIGHEST, LOWEST, SHAPES, Shape, SmileModel, features, strip
from strikewise.backtest.reconstruct.variance_time import DayWeights, VarianceClock
from strikewise.market.calendar import SessionCalendar

__all__ = ["DaySurface", "Scaling", "SurfaceBook", "SurfaceParameters"]

Array = NDArray[np.float64]
Rows = NDArray[np.intp]

LEAST_DENSITY = 0.004
BISECTIONS = 8
EDGE = 1e-6
TESTED_Z = np.sort(
    np.concatenate(
        [
            np.arange(-30.0, -8.0, 1.0),
            np.arange(-8.0, -3.0, 0.15),
            np.arange(-3.0, 3.0, 0.05),
            np.arange(3.0, 6.01, 0.15),
            np.arange(7.0, 15.0, 1.0),
            [LOWEST - EDGE, LOWEST + EDGE, HIGHEST - EDGE, HIGHEST + EDGE],
        ]
    )
)
"""Where smiles are tested; they bend at once where the straight wings begin."""
FARTHEST = 2.6
"""No strike lies further from the forward than this, in logarithms."""


@dataclass(frozen=True, slots=True)
class SurfaceParameters:
    """All fitted numbers of the surface.

    Attributes
    ----------
    model, weights, front
        Smiles, variance time, and the lean of the first days.
    """

    model: SmileModel
    weights: DayWeights
    front: FrontSlope


@dataclass(frozen=True, slots=True)
class Scaling:
    """How another underlying's surface follows from the index's.

    Attributes
    ----------
    level : float
        Its at-the-money volatility over the index's.
    skew : float
        Its skew and curvature, in at-the-money deviations, over the index's.
    """

    level: float = 1.0
    skew: float = 1.0

    def shape(self, index: Shape) -> Shape:
        """Return an index's smiles with this skew."""
        if self.skew == 1.0:
            return index
        scaled = ("put_slope", "call_slope", "bump_near", "bump_far")
        return replace(index, **{name: getattr(index, name) * self.skew for name in scaled})


class SurfaceBook:
    """Surfaces of many days, their levels solved at once.

    Parameters
    ----------
    parameters : SurfaceParameters
        The fitted numbers.
    conditions : Conditions
        The days.
    clock : VarianceClock
        Variance time, to beyond the last expiration.
    calendar : SessionCalendar
        The sessions.
    """

    def __init__(
        self,
        parameters: SurfaceParameters,
        conditions: Conditions,
        clock: VarianceClock,
        calendar: SessionCalendar,
    ) -> None:
        self.parameters, self.conditions, self.clock = parameters, conditions, clock
        self.levels, self.own_skew = solve_levels(
            parameters.model,
            brackets_of(clock, calendar, conditions.days),
            parameters.weights,
            parameters.front,
            conditions.indices,
            conditions.skew,
            conditions.beta,
            strips=_sound_strips,
        )

    def day(
        self,
        row: int,
        expirations: NDArray[np.int64],
        *,
        morning: ArrayLike = False,
        extra: float = 0.0,
        scaling: Scaling | None = None,
    ) -> DaySurface:
        """Return the surface of a day at its expirations.

        Parameters
        ----------
        row : int
            Which of the days.
        expirations : (e,) int64
            Days since 1970-01-01, in the order in which they settle.
        morning : (e,) bool
            Whether each settles on the opening.
        extra : float
            Sessions that are left of the day itself.
        scaling : Scaling, optional
            Makes it that of another underlying.
        """
        parameters, conditions = self.parameters, self.conditions
        day = np.full(len(expirations), conditions.days[row])
        tau = self.clock.years(day, expirations, parameters.weights, morning=morning, extra=extra)
        theta, shape = smiles(parameters, conditions, self.levels, np.full(len(tau), row), tau)
        scale = scaling or Scaling()
        theta = theta * scale.level**2
        return DaySurface(tau, theta, without_butterflies(scale.shape(shape), theta))


def smiles(
    parameters: SurfaceParameters, conditions: Conditions, levels: Levels, rows: Rows, tau: Array
) -> tuple[Array, Shape]:
    """Return at-the-money total variances and smiles of some days at some times.

    Parameters
    ----------
    parameters, conditions, levels
        The fitted numbers, and the days.
    rows : (n,) int
        Which day.
    tau : (n,) float64
        Years of variance time.
    """
    theta = np.maximum(levels.at(rows, np.maximum(tau, 1e-5)), 1e-9)
    indices = conditions.indices[rows]
    slope = np.log(indices[:, 0] / indices[:, 2])
    described = features(tau, indices[:, 1], conditions.skew[rows], slope, conditions.beta[rows])
    return theta, parameters.model.shape(described)


def _sound_strips(shape: Shape, theta: Array) -> tuple[Array, Array]:
    """Return strips of the smiles as they will be used: a damped smile has another."""
    return strip(without_butterflies(shape, theta), theta)


def without_butterflies(shape: Shape, theta: Array) -> Shape:
    """Return smiles damped, bumps first and then all of them, until no butterfly costs less than nothing.

    Each smile is damped as little as does it, so that neighbouring days stay neighbours.
    """
    for names in (("bump_near", "bump_far"), ("put_slope", "call_slope", "bump_near", "bump_far")):
        wrong = np.flatnonzero(_bad(shape, theta))
        if len(wrong) == 0:
            return shape
        part, level = shape.take(wrong), theta[wrong]
        low, high = np.zeros(len(wrong)), np.ones(len(wrong))
        for _ in range(BISECTIONS):
            share = 0.5 * (low + high)
            bad = _bad(_damped(part, names, share), level)
            low, high = np.where(bad, low, share), np.where(bad, share, high)
        damped = _damped(part, names, low)
        changed = {name: getattr(shape, name).copy() for name in names}
        for name in names:
            changed[name][wrong] = getattr(damped, name)
        shape = replace(shape, **changed)
    return shape


def _damped(shape: Shape, names: tuple[str, ...], share: Array) -> Shape:
    return replace(shape, **{name: getattr(shape, name) * share for name in names})


def _bad(shape: Shape, theta: Array) -> NDArray[np.bool_]:
    level = theta[:, np.newaxis]
    density = shape.columns().density(TESTED_Z, level)
    near = np.abs(TESTED_Z * np.sqrt(level)) <= FARTHEST
    return np.asarray(((density < LEAST_DENSITY) & near).any(axis=1))


@dataclass(frozen=True, slots=True, eq=False)
class DaySurface:
    """The surface of one day at its expirations.

    Free of butterflies by damping, and of calendar spreads for less than nothing because no total variance is
    let below that of an earlier expiration at the same moneyness. The greater of two variances is the greater
    of two prices, and the greater of two convex prices is convex: the second rule breaks no first.

    Attributes
    ----------
    tau, theta : (e,) float64
        Years of variance time, ascending, and at-the-money total variance.
    shape : Shape
        The smiles.
    """

    tau: Array
    theta: Array
    shape: Shape

    def variance(self, k: Array, group: NDArray[np.int64]) -> Array:
        """Return total variances.

        Parameters
        ----------
        k : (n,) float64
            ``ln(strike / forward)``.
        group : (n,) int64
            Number of each one's expiration, ascending.
        """
        found = np.zeros(len(k))
        starts = np.searchsorted(group, np.arange(len(self.tau)))
        for number, start in enumerate(starts.tolist()):
            if self.tau[number] <= 0.0 or start == len(k):
                continue
            one = Shape(*(getattr(self.shape, name)[number : number + 1] for name in SHAPES))
            level = one.y(k[start:] / np.sqrt(self.theta[number]))
            np.maximum(found[start:], self.theta[number] * level * level, out=found[start:])
        return found

    def volatility(self, k: Array, group: NDArray[np.int64], years: Array) -> Array:
        """Return implied volatilities in calendar time; NaN where no time is left.

        Parameters
        ----------
        k, group
            As for `variance`.
        years : (n,) float64
            Calendar years to settlement.
        """
        alive = years > 0.0
        variance = self.variance(k, group)
        return np.asarray(np.where(alive, np.sqrt(variance / np.where(alive, years, 1.0)), np.nan))
