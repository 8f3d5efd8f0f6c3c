"""What a reconstruction assumes of an underlying, and what was really observed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from strikewise.backtest.reconstruct.activity import ActivityModel
from strikewise.backtest.reconstruct.conditions import IndexSeries
from strikewise.backtest.reconstruct.listings import (
    Density,
    ListingRules,
    etf_listings,
    index_listings,
    stock_listings,
)
from strikewise.backtest.reconstruct.parameters import Fitted, fitted
from strikewise.backtest.reconstruct.quoting import QuoteModel, Ticks
from strikewise.domain.errors import ParameterError
from strikewise.domain.quotes import CalendarEvent, DailyBars, Dividend, Series

__all__ = [
    "BROAD",
    "Observed",
    "Recipe",
    "recipe_for",
]

BROAD = ("SPX", "SPY", "XSP")
"""Underlyings whose surface is that of the S&P 500 itself."""
FUNDS = ("SPY", "QQQ", "IWM")
VOLATILITY = ("VIX", "VIX1D", "VIX9D", "VIX3M", "VIX6M", "VVIX", "SKEW", "VXN", "RVX")
"""Indices that no chains are made of: options on VIX follow its futures, and on the others there are none."""
MOST_MULTIPLIER = 100.0
"""Half-spreads that are wider say nothing and leave the range of a price."""
STOCK_LEVEL = 0.93
"""Six stocks, November 2025 to February 2026: within a tenth of what was quoted."""
OTHER_SKEW = 0.78
"""Skew of other underlyings in their own deviations, over the index's: QQQ and IWM as recorded in 2026."""
INDEX_SPREAD, STOCK_SPREAD = 2.3, 2.5
"""Half-spreads over SPY's, in basis points: SPXW as quoted in January 2021; those of stocks are a guess."""
PENNIES, NICKELS = Ticks(1, 1, 300), Ticks(5, 10, 300)


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a reconstruction assumes of an underlying.

    Attributes
    ----------
    listings, quoting, activity
        Which contracts, how wide, how busy.
    fitted : Fitted
        The numbers of the surface, and their name.
    dividend_yield : float
        Annual, continuously compounded, a fraction: taken where no dividends are given.
    financing : float
        What the rate in option prices lies above the Treasury bill's, a fraction a year.
    level : float
        Implied volatility over the index's, per realised volatility over the index's.
    skew : float
        Skew over the index's, for underlyings that are not the index.
    """

    listings: ListingRules
    quoting: QuoteModel
    activity: ActivityModel
    fitted: Fitted
    dividend_yield: float
    financing: float = 0.0055
    level: float = 1.0
    skew: float = 1.0

    @property
    def source(self) -> str:
        """What chains made by it state as their source: the numbers, and the spread multiplier in force."""
        return f"reconstructed:{self.fitted.name} spread x{self.quoting.multiplier:g}"


def _require_possible(underlying: str, spread_multiplier: float) -> None:
    if underlying in VOLATILITY:
        raise ParameterError(
            f"Options on {underlying} do not follow from its closes and cannot be reconstructed: ask for "
            "SPY, SPX, XSP, QQQ, IWM or a stock."
        )
    if not 0.0 < spread_multiplier <= MOST_MULTIPLIER:
        raise ParameterError(
            f"spread_multiplier must be above 0 and at most {MOST_MULTIPLIER:g}; was {spread_multiplier:g}."
        )


def recipe_for(
    underlying: str,
    density: Density = Density.FULL,
    *,
    spread_multiplier: float = 1.0,
    morning: bool = False,
    numbers: Fitted | None = None,
) -> Recipe:
    """Return the recipe of an underlying.

    Parameters
    ----------
    underlying : str
        ``SPX``, ``XSP``, a fund on an index, or a stock. All but SPX, XSP and SPY take the volatility of the
        index times the ratio of their own volatility to the index's, as `Observed` tells both.
    density : Density
        How many expirations to make.
    spread_multiplier : float
        Widens every spread; 1 is what liquid quotes showed on calm days.
    morning : bool
        For SPX: make third Fridays that settle on the opening too. They need true openings.
    numbers : Fitted, optional
        Another calibration than the package's.

    Raises
    ------
    ParameterError
        If no such options can be made, or the multiplier is not above 0 and at most `MOST_MULTIPLIER`.
    """
    _require_possible(underlying, spread_multiplier)
    chosen = numbers or fitted()
    if underlying == "SPX":
        quoting = QuoteModel(chosen.spread.scaled(INDEX_SPREAD), NICKELS, spread_multiplier)
        listings = index_listings(density, morning=morning)
        return Recipe(listings, quoting, ActivityModel(6_000, 25_000), chosen, 0.018)
    if underlying == "XSP":  # listed as SPY is; its half-spreads are taken to be those of SPX
        quoting = QuoteModel(chosen.spread.scaled(INDEX_SPREAD), PENNIES, spread_multiplier)
        return Recipe(etf_listings(density), quoting, ActivityModel(1_000, 5_000), chosen, 0.018)
    law = chosen.spread if underlying in FUNDS else chosen.spread.scaled(STOCK_SPREAD)
    quoting = QuoteModel(law, PENNIES, spread_multiplier)
    skew = 1.0 if underlying in BROAD else OTHER_SKEW
    if underlying in FUNDS:
        return Recipe(etf_listings(density), quoting, ActivityModel(20_000, 5_000), chosen, 0.017, skew=skew)
    listings, activity = stock_listings(density), ActivityModel(3_000, 10_000)
    return Recipe(listings, quoting, activity, chosen, 0.010, level=STOCK_LEVEL, skew=skew)


@dataclass(frozen=True, slots=True)
class Observed:
    """What was really observed, and chains are made from.

    Attributes
    ----------
    bars : DailyBars
        The underlying, unadjusted. Bars before the period tell which strikes had been listed by then.
    volatility_index : Series
        The 30-day volatility index in points (VIX). It closes a quarter of an hour after the session; a chain
        states the session's close all the same.
    rate : Series
        Three-month Treasury bill, percent; the last value on or before a session counts.
    near, quarter, half : Series, optional
        VIX9D, VIX3M and VIX6M; estimated from VIX where they are missing.
    skew : Series, optional
        SKEW.
    index : DailyBars, optional
        The S&P 500 or SPY, needed for all other underlyings.
    own_index : Series, optional
        The 30-day volatility index of such an underlying itself, in points.
    dividends : sequence of Dividend
        The underlying's, by ex-date; without any a yield is taken.
    dividend_yield : Series, optional
        Yield in percent a year, for an index; the recipe's where it is not given.
    events : sequence of CalendarEvent
        Scheduled news of the whole market.
    """

    bars: DailyBars
    volatility_index: Series
    rate: Series
    near: Series | None = None
    quarter: Series | None = None
    half: Series | None = None
    skew: Series | None = None
    index: DailyBars | None = None
    own_index: Series | None = None
    dividends: Sequence[Dividend] = ()
    dividend_yield: Series | None = None
    events: Sequence[CalendarEvent] = ()

    def series(self) -> IndexSeries:
        """Return the volatility indices."""
        index = self.bars if self.index is None and self.bars.symbol in BROAD else self.index
        return IndexSeries(self.volatility_index, self.near, self.quarter, self.half, self.skew, index)
