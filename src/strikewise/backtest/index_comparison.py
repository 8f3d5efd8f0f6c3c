"""A run beside a published index, month by month: whether the machinery reproduces what is known outside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from strikewise.domain.errors import MissingDataError

__all__ = ["IndexComparison", "YearBeside", "compare_with_index"]

Array = NDArray[np.float64]
Month = tuple[int, int]

FEWEST_MONTHS = 6
"""Fewer monthly returns than this say nothing of correlation."""
MOST_DAYS_APART = 4
"""A calendar month may end in a weekend and a holiday after its last session."""


@dataclass(frozen=True, slots=True)
class YearBeside:
    """A calendar year, whole or as much of it as both have: the two returns, as fractions."""

    year: int
    months: int
    replay: float
    index: float

    @property
    def difference(self) -> float:
        """What the replay earned more."""
        return self.replay - self.index


@dataclass(frozen=True, slots=True)
class IndexComparison:
    """A replayed index beside the published one.

    Attributes
    ----------
    name : str
        The index.
    months : tuple of (int, int)
        Year and month of each month-end, the first being the common start.
    replay, index : (n,) float64
        Levels at the month-ends; both begin at 100.
    correlation : float or None
        Of monthly returns; None below six of them.
    tracking_error : float or None
        Standard deviation of the difference of monthly returns, times √12.
    replay_cagr, index_cagr : float
        Returns a year.
    replay_drawdown, index_drawdown : float
        Deepest fall of the month-ends, a negative fraction.
    years : tuple of YearBeside
        By calendar year.
    """

    name: str
    months: tuple[Month, ...]
    replay: Array
    index: Array
    correlation: float | None
    tracking_error: float | None
    replay_cagr: float
    index_cagr: float
    replay_drawdown: float
    index_drawdown: float
    years: tuple[YearBeside, ...]

    def as_dict(self) -> dict[str, object]:
        """Return the JSON form."""
        return {
            "index": self.name,
            "months": [
                {"month": f"{year}-{month:02d}", "replay": round(one, 6), "index": round(other, 6)}
                for (year, month), one, other in zip(
                    self.months, self.replay.tolist(), self.index.tolist(), strict=True
                )
            ],
            "correlation": self.correlation,
            "tracking_error": self.tracking_error,
            "replay_cagr": self.replay_cagr,
            "index_cagr": self.index_cagr,
            "replay_max_drawdown": self.replay_drawdown,
            "index_max_drawdown": self.index_drawdown,
            "years": [
                {
                    "year": one.year,
                    "months": one.months,
                    "replay": one.replay,
                    "index": one.index,
                    "difference": one.difference,
                }
                for one in self.years
            ],
        }


def compare_with_index(
    name: str, equity: Sequence[tuple[date, float]], levels: Mapping[date, float]
) -> IndexComparison:
    """Compare an equity curve with an index at the ends of the months that both have.

    A month of which one of them ends earlier than the other is no month-end in common and left out.

    Parameters
    ----------
    name : str
        The index.
    equity : sequence of (date, float)
        The curve, a value a session, from its first full investment on.
    levels : mapping of date to float
        The index, daily or at month-ends; of a month, the last level counts.

    Raises
    ------
    MissingDataError
        If there are not two month-ends in common.
    """
    ours, theirs = _month_ends(equity), _month_ends(sorted(levels.items()))
    months = sorted(month for month in ours.keys() & theirs.keys() if _same_end(ours[month], theirs[month]))
    if len(months) < 2:
        raise MissingDataError(
            f"The replay of {name} and the index have {len(months)} month-ends in common; two are needed: "
            f"the replay has {len(ours)} months, the index {_span(theirs)}."
        )
    _without_gaps(name, months)
    replay, index = (np.array([curve[month][1] for month in months]) for curve in (ours, theirs))
    replay, index = 100.0 * replay / replay[0], 100.0 * index / index[0]
    one, other = replay[1:] / replay[:-1] - 1.0, index[1:] / index[:-1] - 1.0
    enough = len(one) >= FEWEST_MONTHS
    span = len(one) / 12.0
    return IndexComparison(
        name=name,
        months=tuple(months),
        replay=replay,
        index=index,
        correlation=float(np.corrcoef(one, other)[0, 1]) if enough else None,
        tracking_error=float((one - other).std(ddof=1) * sqrt(12.0)) if enough else None,
        replay_cagr=float((replay[-1] / 100.0) ** (1.0 / span) - 1.0),
        index_cagr=float((index[-1] / 100.0) ** (1.0 / span) - 1.0),
        replay_drawdown=_drawdown(replay),
        index_drawdown=_drawdown(index),
        years=_years(months, replay, index),
    )


def _without_gaps(name: str, months: Sequence[Month]) -> None:
    for before, after in pairwise(months):
        if (after[0] - before[0]) * 12 + after[1] - before[1] != 1:
            year, month = after
            raise MissingDataError(
                f"A month before {year}-{month:02d} is missing of {name} or of its replay."
            )


def _month_ends(curve: Sequence[tuple[date, float]]) -> dict[Month, tuple[date, float]]:
    return {(day.year, day.month): (day, value) for day, value in curve}


def _same_end(one: tuple[date, float], other: tuple[date, float]) -> bool:
    return abs((one[0] - other[0]).days) <= MOST_DAYS_APART


def _span(months: Mapping[Month, object]) -> str:
    if not months:
        return "none"
    first, last = min(months), max(months)
    return f"{len(months)}, {first[0]}-{first[1]:02d} to {last[0]}-{last[1]:02d}"


def _drawdown(levels: Array) -> float:
    return float((levels / np.maximum.accumulate(levels) - 1.0).min())


def _years(months: Sequence[Month], replay: Array, index: Array) -> tuple[YearBeside, ...]:
    found = []
    for year in sorted({year for year, _ in months[1:]}):
        rows = [row for row in range(1, len(months)) if months[row][0] == year]
        start, end = rows[0] - 1, rows[-1]
        gains = (float(curve[end] / curve[start] - 1.0) for curve in (replay, index))
        found.append(YearBeside(year, len(rows), *gains))
    return tuple(found)
