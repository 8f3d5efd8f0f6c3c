"""Forwards of an underlying: financed at the bill and a spread, less the dividends that could be expected."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from strikewise.domain.instruments import days_of
from strikewise.domain.quotes import Dividend

__all__ = ["expected_dividends", "forwards"]

Array = NDArray[np.float64]

YEAR = 364
"""Days after which a dividend is expected again: weeks are whole, so that Fridays stay Fridays."""
YEARS_AHEAD = 3


def expected_dividends(dividends: Sequence[Dividend], day: int, as_of: int) -> tuple[Array, Array]:
    """Return ex-dates (days since 1970-01-01) and amounts that could be expected after a day.

    Those declared by then, and beyond the last of them those of the year before again.

    Parameters
    ----------
    dividends : sequence of Dividend
        By ex-date; what was declared after ``as_of`` is not looked at.
    day : int
        Days since 1970-01-01.
    as_of : int
        Unix seconds.
    """
    known = [(days_of(one.ex_date), one.amount) for one in dividends if one.known_at <= as_of]
    if not known:
        return np.zeros(0), np.zeros(0)
    last = known[-1][0]
    year = [(ex, amount) for ex, amount in known if ex > last - timedelta(days=YEAR).days + 7]
    coming = [(ex, amount) for ex, amount in known if ex > day]
    if day - last < YEAR:
        coming += [(ex + turn * YEAR, amount) for turn in range(1, YEARS_AHEAD) for ex, amount in year]
    after = [(ex, amount) for ex, amount in coming if ex > day]
    return np.array([ex for ex, _ in after], dtype=np.float64), np.array([amount for _, amount in after])


def forwards(
    spot: float,
    rate: float,
    dividend_yield: float,
    paid: tuple[Array, Array] | None,
    day: int,
    expirations: NDArray[np.int64],
    years: Array,
) -> Array:
    """Return the forward of each expiration, dollars.

    Parameters
    ----------
    spot, rate, dividend_yield
        Dollars; continuously compounded fractions a year. The yield is taken where ``paid`` is None.
    paid : (ex-dates, amounts), optional
        Cash dividends to come; those with an ex-date on or before an expiration are not in its forward.
    day : int
        Days since 1970-01-01.
    expirations : (e,) int64
        Days since 1970-01-01.
    years : (e,) float64
        Calendar years to settlement.
    """
    if paid is None:
        return np.asarray(spot * np.exp((rate - dividend_yield) * years))
    dates, amounts = paid
    worth = amounts * np.exp(-rate * (dates - day) / 365.0)
    lost = ((dates[np.newaxis, :] <= expirations[:, np.newaxis]) * worth).sum(axis=1)
    return np.asarray((spot - lost) * np.exp(rate * years))
