"""A normalised straddle of the S&P 500 by day: recorded, and as a surface would have it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from strikewise.backtest.reconstruct.anchors import Levels
from strikewise.backtest.reconstruct.conditions import Conditions
from strikewise.backtest.reconstruct.listings import index_listings, listed_between
from strikewise.backtest.reconstruct.smile import otm_price
from strikewise.backtest.reconstruct.surface import SurfaceParameters, smiles
from strikewise.backtest.reconstruct.variance_time import VarianceClock
from strikewise.domain.instruments import date_of
from strikewise.market.calendar import SessionCalendar

__all__ = ["Straddles"]

Array = NDArray[np.float64]

LONGEST = 63
STRIKE_STEP = 5.0
BEFORE_CLOSE = 0.04
"""Sessions left at a quarter to four."""


@dataclass(frozen=True, slots=True, eq=False)
class Straddles:
    """Mean over SPXW expirations of up to 63 days of ``(C + P) / (S * sqrt(T))`` at the strike nearest spot.

    Attributes
    ----------
    days : (s,) int64
        Days since 1970-01-01.
    values : (s,) float64
        As recorded a quarter of an hour before the close; T in calendar years.
    spot, carry, rate : (s,) float64
        The index, its forward's growth a year (rate less yield), and the rate.
    row : (n,) int64
        Which of the days each expiration belongs to, ascending.
    expiration : (n,) int64
        Days since 1970-01-01.
    """

    days: NDArray[np.int64]
    values: Array
    spot: Array
    carry: Array
    rate: Array
    row: NDArray[np.int64]
    expiration: NDArray[np.int64]

    @classmethod
    def of_series(
        cls,
        days: NDArray[np.int64],
        values: Array,
        spot: Array,
        carry: Array,
        rate: Array,
        calendar: SessionCalendar,
    ) -> Straddles:
        """Return the series with the expirations that were listed on each of its days."""
        first, last = date_of(int(days.min())), date_of(int(days.max()))
        listed = listed_between(
            index_listings(), calendar, first - timedelta(days=1), last + timedelta(days=LONGEST + 1)
        )
        expiration = np.array(sorted(listed), dtype=np.int64)
        since = np.array([listed[one] for one in expiration.tolist()], dtype=np.int64)
        left = expiration[np.newaxis, :] - days[:, np.newaxis]
        open_ = (left > 0) & (left <= LONGEST) & (since[np.newaxis, :] <= days[:, np.newaxis])
        row, column = np.nonzero(open_)
        return cls(days, values, spot, carry, rate, row.astype(np.int64), expiration[column])

    def of(self, chosen: NDArray[np.bool_]) -> Straddles:
        """Return some of the days."""
        number = np.cumsum(chosen) - 1
        inside = chosen[self.row]
        return Straddles(
            self.days[chosen],
            self.values[chosen],
            self.spot[chosen],
            self.carry[chosen],
            self.rate[chosen],
            number[self.row[inside]],
            self.expiration[inside],
        )

    def modelled(
        self,
        surface: SurfaceParameters,
        conditions: Conditions,
        levels: Levels,
        clock: VarianceClock,
    ) -> Array:
        """Return the series as a surface would have it, ``(s,)``; every day must be among the conditions."""
        day = np.searchsorted(conditions.days, self.days)[self.row]
        tau = clock.years(self.days[self.row], self.expiration, surface.weights, extra=BEFORE_CLOSE)
        theta, shape = smiles(surface, conditions, levels, day, tau)
        years = (self.expiration - self.days[self.row]) / 365.0
        spot = self.spot[self.row]
        forward = spot * np.exp(self.carry[self.row] * years)
        k = np.log(np.rint(spot / STRIKE_STEP) * STRIKE_STEP / forward)
        deviation = np.sqrt(theta) * shape.y(k / np.sqrt(theta))
        both = 2.0 * otm_price(k, deviation) + np.abs(np.expm1(k))
        one = both * forward * np.exp(-self.rate[self.row] * years) / (spot * np.sqrt(years))
        return np.asarray(
            np.bincount(self.row, one, len(self.days)) / np.bincount(self.row, minlength=len(self.days))
        )
