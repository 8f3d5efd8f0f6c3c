"""Undo what vendors do to the past: prices and dividends as they were printed, not per share of today.

Options are listed, quoted and settled in the dollars of their day. Bars adjusted for a later split would put
every strike of the years before on the wrong side of the price, and know of a split that nobody did.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import log

import numpy as np
from numpy.typing import NDArray

from strikewise.domain.instruments import days_of
from strikewise.domain.quotes import DailyBars, Dividend, Split

__all__ = ["bars_as_printed", "dividends_as_printed"]

LEAST_RATIO = 1.25
"""A smaller split, such as a stock dividend, cannot be told from a day's move."""
NEIGHBOURS = 4
"""Dividends on either side of a split that say whether it is in the amounts: a year's."""


def bars_as_printed(bars: DailyBars, splits: Sequence[Split]) -> DailyBars:
    """Return bars per share as it was on each day.

    Parameters
    ----------
    bars : DailyBars
        As a vendor gave them, adjusted or not.
    splits : sequence of Split
        The symbol's splits. One is undone where the bars do not show it: where open against the close before
        is no nearer to the split than to no change. A split before the first bar or after the last is left.
    """
    factor = np.ones(len(bars))
    for split in splits:
        row = int(np.searchsorted(bars.days, days_of(split.ex_date)))
        if 0 < row < len(bars):
            opened = bars.open[row] if np.isfinite(bars.open[row]) else bars.close[row]
            if not _shows(split, float(bars.close[row - 1]), float(opened)):
                factor[:row] *= split.ratio
    if bool(np.all(factor == 1.0)):
        return bars

    def printed(prices: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(prices * factor)

    return replace(
        bars,
        open=printed(bars.open),
        high=printed(bars.high),
        low=printed(bars.low),
        close=printed(bars.close),
        volume=bars.volume / factor,
    )


def dividends_as_printed(dividends: Sequence[Dividend], splits: Sequence[Split]) -> tuple[Dividend, ...]:
    """Return dividends per share as it was on each day.

    Parameters
    ----------
    dividends : sequence of Dividend
        By ex-date, as a vendor gave them.
    splits : sequence of Split
        The symbol's splits. One is undone where the median amount after it is no nearer to the split than to
        the median before; where there are none on a side it is left.
    """
    amounts = np.array([one.amount for one in dividends])
    factor = np.ones(len(amounts))
    for split in splits:
        row = sum(one.ex_date < split.ex_date for one in dividends)
        before, after = amounts[max(0, row - NEIGHBOURS) : row], amounts[row : row + NEIGHBOURS]
        if (
            len(before)
            and len(after)
            and not _shows(split, float(np.median(before)), float(np.median(after)))
        ):
            factor[:row] *= split.ratio
    return tuple(
        replace(one, amount=float(one.amount * times))
        for one, times in zip(dividends, factor.tolist(), strict=True)
    )


def _shows(split: Split, before: float, after: float) -> bool:
    """Return whether a split is in two neighbouring numbers, or too small, or they too unknown, to tell."""
    if not (before > 0.0 and after > 0.0 and split.ratio > 0.0) or abs(log(split.ratio)) < log(LEAST_RATIO):
        return True
    jump = log(after / before)
    return abs(jump + log(split.ratio)) < abs(jump)
