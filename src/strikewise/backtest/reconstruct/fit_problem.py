"""The least-squares problem of a calibration: what is misfitted, what each part counts, how it changes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from strikewise.backtest.reconstruct.anchors import (
    Brackets,
    FrontSlope,
    Levels,
    Strips,
    brackets_of,
    solve_levels,
)
from strikewise.backtest.reconstruct.conditions import Conditions
from strikewise.backtest.reconstruct.observations import Quotes
from strikewise.backtest.reconstruct.smile import FEATURES, SHAPES, Shape, SmileModel, strip
from strikewise.backtest.reconstruct.straddles import Straddles
from strikewise.backtest.reconstruct.surface import SurfaceParameters, smiles
from strikewise.backtest.reconstruct.variance_time import DayWeights, VarianceClock, variance_years
from strikewise.market.calendar import SessionCalendar

__all__ = ["START", "FitProblem", "parameters_of"]

Array = NDArray[np.float64]

COEFFICIENTS = len(SHAPES) * len(FEATURES)
MOST_A_SIDE = 14
"""Quotes of one expiration that are looked at: neighbours say the same."""
POINTS, STRADDLE, SKEW = 0.4, 0.0375, 26.7
"""What counts as an error of one: volatility points, share of a straddle, points of SKEW."""
STRADDLE_WEIGHT, SKEW_WEIGHT = 3.0, 0.3
TESTED_DAYS = 70
TESTED_DTE = np.array([1, 2, 4, 7, 10, 14, 21, 30, 45, 60, 93, 130, 184, 270, 366])
TESTED_Z = np.concatenate([np.linspace(-15.0, -8.0, 5), np.linspace(-7.0, 6.0, 53)])
TESTED_C = np.linspace(-6.0, 4.0, 26)
DENSITY_WEIGHT, CALENDAR_WEIGHT = 15.0, 1.0
STEP = 1e-5


def _start() -> tuple[Array, Array]:
    """Return where a fit starts, and how far each number may stray from there without cost."""
    smile = np.zeros((len(SHAPES), len(FEATURES)))
    smile[:, 0] = (0.28, 0.12, 1.0, 1.3, 0.0, 0.0)
    stray = np.array([0.2, 0.15, 0.8, 0.8, 0.15, 0.15])[:, np.newaxis] * np.array(
        [1.5, 1.0, 0.2, 1.0, 0.5, 1.0, 0.2, 0.2, 0.4, 0.2, 0.5]
    )
    rest = np.array([0.05, 1.2, 0.3, 0.3, 0.0, -0.3])
    rest_stray = np.array([0.05, 1.0, 0.5, 0.5, 0.5, 0.5])
    return np.concatenate([smile.ravel(), rest]), np.concatenate([stray.ravel(), rest_stray])


START, STRAY = _start()


def parameters_of(numbers: Array) -> SurfaceParameters:
    """Return a surface from the raw numbers of a fit."""
    rest = [float(one) for one in numbers[COEFFICIENTS:]]
    model = SmileModel(numbers[:COEFFICIENTS].reshape(len(SHAPES), len(FEATURES)))
    weights = DayWeights(idle=rest[0], fomc=rest[1], nfp=rest[2], cpi=rest[3])
    return SurfaceParameters(model, weights, FrontSlope(rest[4], rest[5]))


class FitProblem:
    """Residuals of a surface against recorded volatilities, straddles and SKEW, and against arbitrage.

    Parameters
    ----------
    quotes : Quotes
        Recorded quotes; those in the money, or of little delta, are left out of a fit.
    conditions : Conditions
        Of all days.
    own : (d,) bool
        Which days' indices are those of a fund's recorded chain, whose third Fridays settle at the close.
    straddles : Straddles, optional
        Normalised straddles.
    clock, calendar
        Variance time and sessions.
    thinned : bool
        Whether to look at a few quotes of each expiration only, as a fit does.
    """

    def __init__(
        self,
        quotes: Quotes,
        conditions: Conditions,
        own: NDArray[np.bool_],
        straddles: Straddles | None,
        clock: VarianceClock,
        calendar: SessionCalendar,
        *,
        thinned: bool = True,
    ) -> None:
        self._quotes = _thin(quotes) if thinned else quotes
        self._conditions, self._own, self._clock = conditions, own, clock
        self._straddles = straddles if straddles is not None and len(straddles.days) else None
        self._brackets = _brackets(conditions, own, clock, calendar)
        self._row = np.searchsorted(conditions.days, self._quotes.day)
        self._counts = clock.counts(self._quotes.day, self._quotes.expiration)
        self._weight = _weights(self._quotes)
        chosen = np.random.default_rng(1).permutation(len(conditions))[:TESTED_DAYS]
        self._tested = np.repeat(np.sort(chosen), len(TESTED_DTE))
        first = conditions.days[self._tested]
        self._tested_counts = clock.counts(first, first + np.tile(TESTED_DTE, len(chosen)))
        self.scale = np.maximum(STRAY, 0.05)

    def levels(self, surface: SurfaceParameters, strips: Strips = strip) -> tuple[Levels, Array]:
        """Return the levels of all days and the SKEW that the model has."""
        conditions = self._conditions
        return solve_levels(
            surface.model,
            self._brackets,
            surface.weights,
            surface.front,
            conditions.indices,
            conditions.skew,
            conditions.beta,
            strips=strips,
        )

    def volatilities(self, surface: SurfaceParameters, levels: Levels | None = None) -> Array:
        """Return the model's volatility of each quote."""
        solved = self.levels(surface)[0] if levels is None else levels
        tau = variance_years(self._counts, surface.weights)
        theta, shape = smiles(surface, self._conditions, solved, self._row, tau)
        level = shape.y(self._quotes.k / np.sqrt(theta))
        return np.asarray(np.sqrt(theta / self._quotes.years) * level)

    def residuals(self, numbers: Array, strips: Strips = strip) -> Array:
        """Return all misfits, in units of what counts as one."""
        surface = parameters_of(numbers)
        levels, skew = self.levels(surface, strips)
        error = 100.0 * (self.volatilities(surface, levels) - self._quotes.iv) / POINTS
        parts = [self._weight * _softened(error, 6.0)]
        if self._straddles is not None:
            made = self._straddles.modelled(surface, self._conditions, levels, self._clock)
            share = np.log(made / self._straddles.values) / STRADDLE
            parts.append(STRADDLE_WEIGHT * _softened(share, 4.0))
        published = ~self._own
        parts.append(SKEW_WEIGHT * _softened((skew - self._conditions.skew)[published] / SKEW * 3.3, 3.0))
        parts.append(self._arbitrage(surface, levels))
        parts.append((numbers - START) / STRAY)
        return np.concatenate(parts)

    def jacobian(self, numbers: Array) -> Array:
        """Return how the residuals change with each number.

        Strips are the dear part: their derivatives by the six numbers of a smile and by the level are found
        once, and stand in for them in the differences.
        """
        quick = self._linear_strips(parameters_of(numbers))
        base = self.residuals(numbers, quick)
        columns = []
        for one in range(len(numbers)):
            moved = numbers.copy()
            moved[one] += STEP
            columns.append((self.residuals(moved, quick) - base) / STEP)
        return np.stack(columns, axis=1)

    def _linear_strips(self, surface: SurfaceParameters) -> Strips:
        last: list[tuple[Shape, Array]] = []

        def recording(shape: Shape, theta: Array) -> tuple[Array, Array]:
            last[:] = [(shape, theta.copy())]
            return strip(shape, theta)

        self.levels(surface, recording)
        shape, theta = last[0]
        variance, skewness = strip(shape, theta)
        ratio = np.log(variance / theta)
        width = 1e-4
        by: list[tuple[Array, Array]] = []
        for name in SHAPES:
            moved, skewed = strip(replace(shape, **{name: getattr(shape, name) + width}), theta)
            by.append(((np.log(moved / theta) - ratio) / width, (skewed - skewness) / width))
        moved, skewed = strip(shape, theta * np.exp(width))
        by.append(((np.log(moved / theta) - width - ratio) / width, (skewed - skewness) / width))

        def quick(now: Shape, level: Array) -> tuple[Array, Array]:
            steps = [getattr(now, name) - getattr(shape, name) for name in SHAPES]
            steps.append(np.log(level / theta))
            grown = sum((slope * step for (slope, _), step in zip(by, steps, strict=True)), ratio)
            leaned = sum((slope * step for (_, slope), step in zip(by, steps, strict=True)), skewness)
            return np.asarray(level * np.exp(grown)), np.asarray(leaned)

        return quick

    def _arbitrage(self, surface: SurfaceParameters, levels: Levels) -> Array:
        """Return how far smiles of some days lie beyond what has no price below nothing."""
        tau = variance_years(self._tested_counts, surface.weights)
        theta, shape = smiles(surface, self._conditions, levels, self._tested, np.maximum(tau, 1e-4))
        density = shape.columns().density(TESTED_Z, theta[:, np.newaxis])
        below = np.sqrt((np.minimum(density - 0.02, 0.0) ** 2).sum(axis=1))
        early = np.arange(len(theta) - 1)[np.diff(self._tested) == 0]
        k = np.sqrt(theta[early])[:, np.newaxis] * TESTED_C
        near, far = (
            theta[rows, np.newaxis]
            * shape.take(rows).columns().y(k / np.sqrt(theta[rows])[:, np.newaxis]) ** 2
            for rows in (early, early + 1)
        )
        fallen = np.sqrt((np.minimum((far - near) / far, 0.0) ** 2).sum(axis=1))
        return np.concatenate([DENSITY_WEIGHT * below, CALENDAR_WEIGHT * fallen])


def _brackets(
    conditions: Conditions, own: NDArray[np.bool_], clock: VarianceClock, calendar: SessionCalendar
) -> Brackets:
    index = brackets_of(clock, calendar, conditions.days)
    fund = brackets_of(clock, calendar, conditions.days, morning=False)
    chosen = own[:, np.newaxis, np.newaxis]
    return Brackets(
        index.counts,
        np.where(chosen, fund.share, index.share),
        np.where(chosen, fund.morning, index.morning),
        index.horizon,
    )


def _softened(error: Array, bound: float) -> Array:
    """Return errors that grow like their root beyond a bound, so that a wrong quote does not rule."""
    return np.asarray(error / (1.0 + (error / bound) ** 2) ** 0.25)


def _group(quotes: Quotes) -> NDArray[np.int64]:
    return quotes.day * 100_000 + quotes.expiration


def _thin(quotes: Quotes) -> Quotes:
    size = np.abs(quotes.delta)
    wide = quotes.ask - quotes.bid > np.maximum(0.25 * quotes.mid, 0.03)
    few = np.bincount(np.unique(quotes.day, return_inverse=True)[1])[
        np.unique(quotes.day, return_inverse=True)[1]
    ]
    # Where a day has a handful of quotes, those just in the money are wanted too.
    side = quotes.otm | ((few < 100) & (size < 0.75))
    kept = quotes.take(np.isfinite(quotes.iv) & (size >= 0.015) & (size <= 0.75) & ~wide & side)
    order = np.lexsort((kept.strike, kept.expiration, kept.day))
    kept = kept.take(order)
    _, start, count = np.unique(_group(kept), return_index=True, return_counts=True)
    chosen = [
        first + np.unique(np.linspace(0, many - 1, min(many, MOST_A_SIDE)).round().astype(np.int64))
        for first, many in zip(start.tolist(), count.tolist(), strict=True)
        if many >= 3
    ]
    return kept.take(np.concatenate(chosen) if chosen else np.zeros(0, dtype=np.int64))


def _weights(quotes: Quotes) -> Array:
    """Return what each quote counts: an expiration of a day is one, however many quotes it has."""
    _, inverse, count = np.unique(_group(quotes), return_inverse=True, return_counts=True)
    dte = quotes.dte
    weight = 1.0 / np.sqrt(np.maximum(count, 8.0))[inverse]
    weight *= np.where(np.abs(quotes.delta) < 0.045, 0.4, 1.0)
    weight *= np.where(dte < 8, 1.6, np.where(dte > 125, 0.5, 1.0))
    return np.asarray(weight)
