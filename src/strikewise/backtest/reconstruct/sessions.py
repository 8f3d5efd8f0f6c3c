"""The sessions of a reconstruction: what was known of the underlying, rates and volatility at each close."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from strikewise.backtest.reconstruct.conditions import conditions_of
from strikewise.backtest.reconstruct.recipe import BROAD, Observed, Recipe
from strikewise.backtest.reconstruct.surface import Scaling, SurfaceBook
from strikewise.backtest.reconstruct.variance_time import VarianceClock
from strikewise.domain.errors import MissingDataError
from strikewise.domain.instruments import date_of, days_of
from strikewise.domain.quotes import DailyBars, Series
from strikewise.market.calendar import SessionCalendar

__all__ = ["Session", "bill_rates", "sessions_of", "values_on", "volatility_ratios"]

Array = NDArray[np.float64]

BILL_DAYS = 91
RATIO_DAYS = 120
LEAST_RATIO, MOST_RATIO = 0.4, 8.0


@dataclass(frozen=True, slots=True)
class Session:
    """What was known at one close: days since 1970-01-01, Unix seconds, dollars, fractions."""

    number: int
    day: int
    as_of: int
    spot: float
    rate: float
    dividend_yield: float
    scaling: Scaling


def sessions_of(
    observed: Observed, recipe: Recipe, calendar: SessionCalendar, start: date, end: date
) -> tuple[SurfaceBook, list[Session]]:
    """Return the surfaces and sessions of a period, oldest first.

    Raises
    ------
    MissingDataError
        If there is none, or a rate is missing.
    """
    bars, volatility_index = observed.bars, observed.volatility_index
    days = np.array([days_of(day) for day in calendar.sessions(start, end)], dtype=np.int64)
    scale = volatility_ratios(observed, days)
    spot = values_on(days, bars.days, bars.close)
    index = values_on(days, volatility_index.days, volatility_index.values)
    both = (spot > 0) & (index > 0) & np.isfinite(scale)
    days, spot, scale = days[both], spot[both], scale[both]
    if len(days) == 0:
        raise MissingDataError(
            f"Chains of {bars.symbol} were asked for {start.isoformat()} to {end.isoformat()}, but no day "
            f"there has its close, a value of {volatility_index.name} and, for what is not the index, the "
            f"{RATIO_DAYS} sessions before: give longer series."
        )
    horizon = date_of(int(days[-1])) + timedelta(days=recipe.listings.horizon + 30)
    clock = VarianceClock(calendar, observed.events, date_of(int(days[0])), horizon)
    book = SurfaceBook(recipe.fitted.surface, conditions_of(observed.series(), days), clock, calendar)
    annual = bill_rates(observed.rate, days) + recipe.financing
    yields = np.full(len(days), recipe.dividend_yield)
    if observed.dividend_yield is not None and len(observed.dividend_yield):
        known = observed.dividend_yield
        row = np.searchsorted(known.days, days, side="right") - 1
        yields = np.where(row >= 0, known.values[np.maximum(row, 0)] / 100.0, yields)
    as_of = calendar.close_seconds(days)
    rows = zip(
        range(len(days)),
        days.tolist(),
        as_of.tolist(),
        spot.tolist(),
        annual.tolist(),
        yields.tolist(),
        (Scaling(level * recipe.level, recipe.skew) for level in scale.tolist()),
        strict=True,
    )
    return book, [Session(*row) for row in rows]


def bill_rates(rate: Series, days: NDArray[np.int64]) -> Array:
    """Return three-month bills as market views state them, continuously compounded from a discount.

    Raises
    ------
    MissingDataError
        If a day comes before the first value.
    """
    latest = np.searchsorted(rate.days, days, side="right") - 1
    bill = np.where(latest >= 0, rate.values[np.maximum(latest, 0)], np.nan)
    if np.isnan(bill).any():
        missing = date_of(int(days[np.isnan(bill)][0]))
        raise MissingDataError(
            f"{rate.name} has no value on or before {missing.isoformat()}: give a longer series."
        )
    return np.asarray(-np.log(1.0 - bill / 100.0 * BILL_DAYS / 360.0) * 365.0 / BILL_DAYS)


def volatility_ratios(observed: Observed, days: NDArray[np.int64]) -> Array:
    """Return volatility over the index's on each day, NaN where it is not known.

    Of their volatility indices where both have one that day, else realised.

    Raises
    ------
    MissingDataError
        If the index is missing that an underlying is measured against.
    """
    if observed.bars.symbol in BROAD:
        return np.ones(len(days))
    if observed.index is None:
        raise MissingDataError(
            f"Chains of {observed.bars.symbol} follow from the S&P 500's: give its bars, or SPY's, too."
        )
    own, index = (_realised(bars, days) for bars in (observed.bars, observed.index))
    ratio = own / index
    if observed.own_index is not None:
        implied = [
            values_on(days, one.days, one.values) for one in (observed.own_index, observed.volatility_index)
        ]
        quoted = (implied[0] > 0) & (implied[1] > 0)
        ratio[quoted] = implied[0][quoted] / implied[1][quoted]
    return np.asarray(np.clip(ratio, LEAST_RATIO, MOST_RATIO))


def _realised(bars: DailyBars, days: NDArray[np.int64]) -> Array:
    """Return realised volatility of the sessions up to each day, NaN where there are not enough.

    By the mean absolute move: squared, one report or one crash would rule four months.
    """
    known = np.flatnonzero(bars.close > 0)
    move = np.diff(np.log(bars.close[known]))
    # A split shows as a move that no market makes; it is none.
    move = np.where(np.abs(move) > 0.35, 0.0, move)
    total = np.concatenate([[0.0, 0.0], np.cumsum(np.abs(move))])
    row = np.searchsorted(bars.days[known], days, side="right")
    enough = row > RATIO_DAYS
    past = np.maximum(row - RATIO_DAYS, 0)
    return np.asarray(np.where(enough, (total[row] - total[past]) / RATIO_DAYS, np.nan))


def values_on(days: NDArray[np.int64], known: NDArray[np.int32], values: Array) -> Array:
    """Return a series' values on exactly these days, NaN where it has none."""
    found = np.full(len(days), np.nan)
    if len(known):
        row = np.minimum(np.searchsorted(known, days), len(known) - 1)
        same = known[row] == days
        found[same] = values[row[same]]
    return found
