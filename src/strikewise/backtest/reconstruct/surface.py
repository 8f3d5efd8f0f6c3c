"""A first simple surface: level from the volatility index, skew of an equity index, a reverting term."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from strikewise.domain.instruments import date_of
from strikewise.market.calendar import SessionCalendar
from strikewise.pricing.surface import INDEX_YEARS, SmileShape, level_from_index, simple_equity_smile

__all__ = ["FITTED_SHAPE", "DaySmile", "SimpleSurface", "variance_years"]

Array = NDArray[np.float64]

IDLE_DAY = 0.05
"""Variance of a weekend or holiday day, in units of a session's: prices barely move while nobody trades."""

INDEX_DAYS = 30
LEAST_PRICE = 2e-5
"""Of the forward: what is cheaper has no bid (five cents of an index at 2,500) and is not in the strip."""


@dataclass(frozen=True, slots=True)
class DaySmile:
    """The smile of one day.

    Attributes
    ----------
    level : float
        At-the-money volatility at 30 days, a fraction.
    shape : SmileShape
        Skew, curvature and where the term tends to.
    """

    level: float
    shape: SmileShape

    def volatility(self, k: Array, tau: Array, years: Array) -> Array:
        """Return implied volatilities in calendar time.

        Parameters
        ----------
        k : (n,) float64
            ``ln(strike / forward)``.
        tau : (n,) float64
            Time in which variance passes, see `variance_years`; positive.
        years : (n,) float64
            Calendar years to expiry; positive.

        Returns
        -------
        Fractions; their square times ``years`` is the total variance of ``tau``.
        """
        return simple_equity_smile(k, tau, self.level, self.shape) * np.sqrt(tau / years)


FITTED_SHAPE = SmileShape(skew=-0.66, curvature=1.2, flattening=0.5, reversion=6.0)
"""Fitted once, jointly, to recorded SPY quotes (252 days of 2021, 4 of 2026) and to the three- and
six-month volatility indices of 2010 to 2026, and rounded."""


@dataclass(frozen=True, slots=True)
class SimpleSurface:
    """A volatility surface that knows one number a day, the 30-day volatility index.

    It carries no event, no change of skew, and no level of the longer term of its own.
    Against recorded SPY quotes between 5 and 50 delta it misses by 0.8 volatility points at 22 to 120 days
    (median, in the sample it was fitted to), by 1.2 to 1.5 at 8 to 21 days and by 2.1 within a week; at 22 to
    120 days it is 0.6 points too dear on average, which flatters whoever sells.

    Attributes
    ----------
    shape : SmileShape
        The shape of every day but for its ``long_level``.
    anchor : float
        A usual value of the index, a fraction. Far expirations tend to the geometric mean of today's index
        and this.
    """

    shape: SmileShape = FITTED_SHAPE
    anchor: float = 0.18

    def day(self, volatility_index: float) -> DaySmile:
        """Return the smile whose own 30-day strip is the volatility index.

        Parameters
        ----------
        volatility_index : float
            As a fraction: 0.18 for 18 points; positive.

        Notes
        -----
        The index taken as the at-the-money volatility would make every option too dear by several points: the
        strip holds the dear puts too.
        """
        shape = replace(self.shape, long_level=float(np.sqrt(volatility_index * self.anchor)))
        level = level_from_index(volatility_index, shape, least_price=LEAST_PRICE)
        return DaySmile(float(level), shape)


def variance_years(calendar: SessionCalendar, day: int, expirations: NDArray[np.int64]) -> Array:
    """Return the time in which variance passes from a session's close to the close of each expiration.

    Parameters
    ----------
    calendar : SessionCalendar
        The sessions.
    day : int
        The session, days since 1970-01-01.
    expirations : (n,) int64
        Days since 1970-01-01.

    Returns
    -------
    Years, growing with the expiration; zero on the session itself. A session counts one and any other day
    `IDLE_DAY`, in such a unit that the next 30 calendar days are 30/365 of a year: the index then sets the
    level of those 30 days.
    """
    today = date_of(day)

    def passed(days: int) -> float:
        sessions = calendar.sessions_between(today, today + timedelta(days=days))
        return sessions + IDLE_DAY * (days - sessions)

    unit = INDEX_YEARS / passed(INDEX_DAYS)
    return np.array([passed(int(expiration) - day) * unit for expiration in expirations], dtype=np.float64)
