"""Fit the surface and the half-spreads to recorded chains, and say how wrong they are on days not seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import NDArray

from strikewise.backtest.reconstruct.conditions import Conditions
from strikewise.backtest.reconstruct.fit_problem import START, FitProblem, parameters_of
from strikewise.backtest.reconstruct.observations import Quotes
from strikewise.backtest.reconstruct.parameters import Fitted
from strikewise.backtest.reconstruct.quoting import SpreadLaw, spread_features
from strikewise.backtest.reconstruct.straddles import Straddles
from strikewise.backtest.reconstruct.surface import SurfaceParameters
from strikewise.backtest.reconstruct.variance_time import VarianceClock
from strikewise.domain.errors import MissingDataError
from strikewise.domain.instruments import date_of
from strikewise.market.calendar import SessionCalendar

__all__ = [
    "BANDS",
    "BandError",
    "Evidence",
    "calibrate",
    "fit_spreads",
    "fit_surface",
    "fold_of",
    "spread_agreement",
    "unseen_errors",
]

Array = NDArray[np.float64]

BANDS = ((1, 7), (8, 21), (22, 120))
FOLDS = 4
ROUNDS = 20
EVERY = 3
LEAST_DAYS = 8
LEAST_DELTA = 0.05


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """What a calibration is fitted to.

    Attributes
    ----------
    quotes : Quotes
        Recorded quotes of SPY, sorted by day.
    conditions : Conditions
        Of all days of quotes and straddles.
    own : (d,) bool
        Which days' indices are the recorded chain's own, for want of Cboe's.
    straddles : Straddles, optional
        A series of normalised straddles.
    """

    quotes: Quotes
    conditions: Conditions
    own: NDArray[np.bool_]
    straddles: Straddles | None = None

    def of(self, chosen: NDArray[np.bool_]) -> Evidence:
        """Return the evidence of some of the days."""
        conditions = self.conditions
        days = conditions.days[chosen]
        part = Conditions(
            days,
            conditions.indices[chosen],
            conditions.skew[chosen],
            conditions.beta[chosen],
            conditions.measured[chosen],
        )
        straddles = None if self.straddles is None else self.straddles.of(np.isin(self.straddles.days, days))
        return Evidence(self.quotes.take(np.isin(self.quotes.day, days)), part, self.own[chosen], straddles)


@dataclass(frozen=True, slots=True)
class BandError:
    """Errors of volatility, in points, of contracts from five-delta puts to five-delta calls.

    Attributes
    ----------
    low, high : int
        Days to expiry.
    contracts : int
        How many.
    median, ninetieth, mean : float
        Median and 90th percentile of the absolute error, and the mean error.
    mid_share, mid_basis : float
        Median absolute error of the mid, as a share of it and in basis points of the forward.
    """

    low: int
    high: int
    contracts: int
    median: float
    ninetieth: float
    mean: float
    mid_share: float
    mid_basis: float


def fit_surface(
    evidence: Evidence,
    clock: VarianceClock,
    calendar: SessionCalendar,
    *,
    start: Array = START,
    rounds: int = ROUNDS,
) -> tuple[SurfaceParameters, Array]:
    """Return the surface fitted to evidence, and its raw numbers to start another fit from."""
    days = evidence.conditions.days
    # Straddles of neighbouring days say the same: every third is looked at.
    seen = evidence.of(np.isin(days, evidence.quotes.day) | (np.arange(len(days)) % EVERY == 0))
    problem = FitProblem(seen.quotes, seen.conditions, seen.own, seen.straddles, clock, calendar)
    found = scipy.optimize.least_squares(
        problem.residuals, start, jac=problem.jacobian, x_scale=problem.scale, max_nfev=rounds
    )
    return parameters_of(found.x), found.x


def fit_spreads(quotes: Quotes) -> SpreadLaw:
    """Return the law of half-spreads of recorded quotes, by iterated least absolute deviations."""
    described, wanted = _spreads(quotes)
    matrix = described.T
    weight = np.ones(len(wanted))
    coefficients: Array = np.zeros(matrix.shape[1])
    for _ in range(12):
        coefficients = np.asarray(
            np.linalg.lstsq(matrix * weight[:, np.newaxis], wanted * weight, rcond=None)[0]
        )
        weight = 1.0 / np.sqrt(np.maximum(np.abs(wanted - matrix @ coefficients), 0.05))
    return SpreadLaw(coefficients)


def spread_agreement(law: SpreadLaw, quotes: Quotes, *, factor: float = 1.5) -> float:
    """Return the share of recorded half-spreads that a law meets within a factor, rounded to cents."""
    described, wanted = _spreads(quotes)
    chosen = _usable(quotes)
    half = law.half_spread(described, quotes.forward[chosen])
    made = np.maximum(np.rint(200.0 * half), 1.0) / 200.0
    ratio = np.abs(np.log(made) - np.log(np.exp(wanted) * quotes.forward[chosen] / 1e4))
    return float(np.mean(ratio <= np.log(factor) + 1e-4))


def _usable(quotes: Quotes) -> NDArray[np.bool_]:
    return np.asarray((quotes.mid > 0.05) & (np.abs(quotes.delta) > 0.02) & np.isfinite(quotes.delta))


def _spreads(quotes: Quotes) -> tuple[Array, Array]:
    used = quotes.take(_usable(quotes))
    when = [date_of(day) for day in used.expiration.tolist()]
    monthly = np.array([one.weekday() == 4 and 15 <= one.day <= 21 for one in when])
    side = np.where(used.is_put, -1.0, 1.0)
    described = spread_features(
        used.mid,
        used.discount * np.maximum(side * (used.forward - used.strike), 0.0),
        used.forward,
        used.delta,
        used.dte.astype(np.float64),
        used.is_put,
        monthly,
    )
    half = np.maximum(0.5 * (used.ask - used.bid), 0.005)
    return described, np.asarray(np.log(half / used.forward * 1e4))


def unseen_errors(
    parameters: Sequence[SurfaceParameters],
    folds: Sequence[Evidence],
    clock: VarianceClock,
    calendar: SessionCalendar,
    *,
    bands: Sequence[tuple[int, int]] = BANDS,
) -> list[BandError]:
    """Return errors by days to expiry, each fold judged by the parameters fitted without it."""
    errors: list[Array] = []
    shares: list[Array] = []
    basis: list[Array] = []
    dte: list[NDArray[np.int64]] = []
    for fitted, fold in zip(parameters, folds, strict=True):
        usual = fold.quotes.otm & (np.abs(fold.quotes.delta) >= LEAST_DELTA)
        quotes = fold.quotes.take(usual & np.isfinite(fold.quotes.iv))
        problem = FitProblem(quotes, fold.conditions, fold.own, None, clock, calendar, thinned=False)
        iv = problem.volatilities(fitted)
        error = 100.0 * (iv - quotes.iv)
        vega = quotes.forward * np.sqrt(quotes.years) * _bell(quotes) * quotes.discount
        errors.append(error)
        shares.append(np.abs(vega * error / 100.0) / quotes.mid)
        basis.append(np.abs(vega * error / 100.0) / quotes.forward * 1e4)
        dte.append(quotes.dte)
    error, share, points = (np.concatenate(one) for one in (errors, shares, basis))
    left = np.concatenate(dte)
    return [
        BandError(
            low,
            high,
            int(inside.sum()),
            float(np.median(np.abs(error[inside]))),
            float(np.quantile(np.abs(error[inside]), 0.9)),
            float(np.mean(error[inside])),
            float(np.median(share[inside])),
            float(np.median(points[inside])),
        )
        for low, high in bands
        if (inside := (left >= low) & (left <= high)).any()
    ]


def _bell(quotes: Quotes) -> Array:
    deviation = quotes.iv * np.sqrt(quotes.years)
    d1 = -quotes.k / deviation + 0.5 * deviation
    return np.asarray(np.exp(-0.5 * d1 * d1) / np.sqrt(2.0 * np.pi))


def fold_of(days: NDArray[np.int64], folds: int = FOLDS) -> NDArray[np.int64]:
    """Return the fold of each day: stretches of neighbouring days, so that no day is judged by the next."""
    return np.arange(len(days)) * folds // max(len(days), 1)


def calibrate(
    evidence: Evidence,
    clock: VarianceClock,
    calendar: SessionCalendar,
    *,
    name: str,
    folds: int = FOLDS,
    rounds: int = ROUNDS,
) -> tuple[Fitted, list[BandError]]:
    """Fit all numbers to the evidence, and judge the same fit on stretches of days that it did not see.

    Parameters
    ----------
    evidence : Evidence
        Recorded quotes, their conditions, and straddles where there are any.
    clock, calendar
        Variance time and sessions.
    name : str
        What the numbers are called.
    folds : int
        Stretches.
    rounds : int
        Steps of the fit on everything; those without a stretch begin where it ended and take half as many.

    Returns
    -------
    fitted : Fitted
    errors : list of BandError
        On days left out.

    Raises
    ------
    MissingDataError
        If there are too few recorded days.
    """
    days = evidence.conditions.days
    recorded = np.isin(days, evidence.quotes.day)
    if recorded.sum() < LEAST_DAYS:
        raise MissingDataError(
            f"A calibration needs recorded chains of at least {LEAST_DAYS} days on which the volatility "
            f"indices are known; there are {recorded.sum()}."
        )
    surface, raw = fit_surface(evidence, clock, calendar, rounds=rounds)
    fold = np.full(len(days), -1)
    fold[recorded] = fold_of(days[recorded], folds)
    steps = rounds // 2
    seen, unseen = ([evidence.of((fold == one) == out) for one in range(folds)] for out in (False, True))
    made = [fit_surface(one, clock, calendar, start=raw, rounds=steps)[0] for one in seen]
    errors = unseen_errors(made, unseen, clock, calendar)
    return Fitted(name, surface, fit_spreads(evidence.quotes)), errors
