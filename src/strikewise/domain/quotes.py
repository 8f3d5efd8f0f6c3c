"""Recorded prices: grades of data, quotes, and daily bars and series with the instant each was known."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from strikewise.domain.money import MISSING_CENTS


class Grade(StrEnum):
    """How far option prices can be believed; never mixed silently."""

    QUOTES = "quotes"
    """Recorded bid and ask."""
    INDICATIVE = "indicative"
    """Quotes modelled by a vendor."""
    RECONSTRUCTED = "reconstructed"
    """Made by strikewise from real underlying closes and volatility indices."""


_RANK = {Grade.QUOTES: 0, Grade.INDICATIVE: 1, Grade.RECONSTRUCTED: 2}


def worst_grade(grades: Iterable[Grade]) -> Grade:
    """Return the least believable of some grades: the grade of a result is that of its weakest datum."""
    return max(grades, key=_RANK.__getitem__)


@dataclass(frozen=True, slots=True)
class Quote:
    """Bid and ask of one instrument, in cents per share; `MISSING_CENTS` where unknown."""

    bid: int
    ask: int

    @property
    def two_sided(self) -> bool:
        """Whether both sides are known, the bid is positive and the ask is above it."""
        return self.bid > 0 and self.ask > self.bid

    @property
    def known(self) -> bool:
        """Whether both sides are known and not crossed (a zero bid is a known bid)."""
        return self.bid >= 0 and self.ask > 0 and self.ask >= self.bid

    @classmethod
    def missing(cls) -> Quote:
        """Return the quote of an instrument nobody quoted."""
        return cls(MISSING_CENTS, MISSING_CENTS)


@dataclass(frozen=True, slots=True, eq=False)
class DailyBars:
    """Daily bars of one symbol, oldest first, as they were printed (not adjusted unless the source says so).

    Attributes
    ----------
    symbol : str
        The symbol.
    days : (n,) int32
        Session dates, days since 1970-01-01, strictly increasing.
    open, high, low, close : (n,) float64
        Dollars (index points for an index); NaN where unknown.
    volume : (n,) float64
        Shares; NaN where unknown.
    known_at : (n,) int64
        Unix seconds at which each bar was known: the close of its session.
    """

    symbol: str
    days: NDArray[np.int32]
    open: NDArray[np.float64]
    high: NDArray[np.float64]
    low: NDArray[np.float64]
    close: NDArray[np.float64]
    volume: NDArray[np.float64]
    known_at: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.days)

    def head(self, count: int) -> DailyBars:
        """Return the first ``count`` bars, as views."""
        return DailyBars(
            self.symbol,
            self.days[:count],
            self.open[:count],
            self.high[:count],
            self.low[:count],
            self.close[:count],
            self.volume[:count],
            self.known_at[:count],
        )


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """A daily series such as a volatility index or an interest rate.

    Attributes
    ----------
    name : str
        The series, such as ``VIX`` or ``rate_3m``.
    days : (n,) int32
        Dates, days since 1970-01-01, strictly increasing.
    values : (n,) float64
        Values; rates in percent, indices in points.
    known_at : (n,) int64
        Unix seconds at which each value was known.
    """

    name: str
    days: NDArray[np.int32]
    values: NDArray[np.float64]
    known_at: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.days)

    def head(self, count: int) -> Series:
        """Return the first ``count`` values, as views."""
        return Series(self.name, self.days[:count], self.values[:count], self.known_at[:count])


@dataclass(frozen=True, slots=True)
class Dividend:
    """A cash dividend in dollars per share; ``known_at`` (Unix seconds) is when it had been declared."""

    symbol: str
    ex_date: date
    amount: float
    known_at: int


@dataclass(frozen=True, slots=True)
class Split:
    """A split: ``ratio`` new shares for one old, from ``ex_date`` on."""

    symbol: str
    ex_date: date
    ratio: float


@dataclass(frozen=True, slots=True)
class CalendarEvent:
    """A scheduled event: FOMC, CPI, NFP, earnings of a symbol.

    Attributes
    ----------
    kind : str
        ``FOMC``, ``CPI``, ``NFP``, ``PPI``, ``EARNINGS``…
    day : date
        The day it happens.
    symbol : str or None
        The company, for earnings; None for the whole market.
    known_at : int
        Unix seconds at which the date had been announced.
    """

    kind: str
    day: date
    symbol: str | None
    known_at: int
