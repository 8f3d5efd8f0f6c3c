"""Replay the Cboe S&P 500 BuyWrite index on a surface, compactly: a level tested by money really earned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from strikewise.backtest.reconstruct.conditions import conditions_of
from strikewise.backtest.reconstruct.evidence import FINANCING, clock_for, observed_from
from strikewise.backtest.reconstruct.sessions import bill_rates, values_on
from strikewise.backtest.reconstruct.surface import SurfaceBook, SurfaceParameters
from strikewise.domain.errors import MissingDataError
from strikewise.domain.instruments import date_of, days_of
from strikewise.domain.quotes import DailyBars, Dividend
from strikewise.market.calendar import SessionCalendar
from strikewise.market.source import MarketSource
from strikewise.pricing.black_scholes import price

__all__ = ["Agreement", "BuyWrite", "buywrite"]

Array = NDArray[np.float64]

STRIKE_STEP = 5.0
NOON = 0.35
"""Variance left at half past twelve, in sessions: 3.5 hours of 6.5, of the 0.65 that pass while the market
is open (a contract settled on the opening lives through the other 0.35)."""
NOON_BODY, NOON_RANGE = -0.16, 0.60
"""``ln(noon / open)`` by ``ln(close / open)`` and ``ln(high / open) + ln(low / open)``: least squares."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """How near a replay comes to the published index.

    Attributes
    ----------
    correlation, tracking_error : float
        Of monthly returns; a fraction a year.
    growth, drawdown : float
        The replay's yearly growth and greatest monthly drawdown less the index's, fractions.
    worst_year : float
        The greatest absolute difference of a calendar year.
    years : dict
        The difference of each year.
    """

    correlation: float
    tracking_error: float
    growth: float
    drawdown: float
    worst_year: float
    years: dict[int, float]


@dataclass(frozen=True, slots=True)
class BuyWrite:
    """Month-end levels, by ``YYYY-MM``."""

    levels: dict[str, float]

    def against(self, published: dict[str, float]) -> Agreement:
        """Return how near it comes to published levels over the months both have."""
        months = sorted(self.levels.keys() & published.keys())
        own, index = (np.array([levels[month] for month in months]) for levels in (self.levels, published))
        mine, theirs = own[1:] / own[:-1] - 1.0, index[1:] / index[:-1] - 1.0
        span = (len(months) - 1) / 12.0
        years = {}
        for year in sorted({int(month[:4]) for month in months[1:]}):
            inside = np.array([int(month[:4]) == year for month in months[1:]])
            years[year] = float(np.prod(1.0 + mine[inside]) - np.prod(1.0 + theirs[inside]))
        return Agreement(
            float(np.corrcoef(mine, theirs)[0, 1]),
            float(np.std(mine - theirs, ddof=1) * np.sqrt(12.0)),
            float((own[-1] / own[0]) ** (1 / span) - (index[-1] / index[0]) ** (1 / span)),
            _drawdown(own) - _drawdown(index),
            max(abs(one) for one in years.values()),
            years,
        )


def _drawdown(levels: Array) -> float:
    return float(np.min(levels / np.maximum.accumulate(levels)) - 1.0)


def buywrite(
    source: MarketSource,
    surface: SurfaceParameters | None,
    calendar: SessionCalendar,
    start: date,
    end: date,
) -> BuyWrite:
    """Replay the index: each third Friday a call settles on the opening and another is sold at noon.

    The new call is of the next third Friday, its strike the first above the index. Levels begin at 100.

    Parameters
    ----------
    source : MarketSource
        Where the bars of SPX and SPY, indices and rates are.
    surface : SurfaceParameters, optional
        What calls are worth; without one, Black's price at VIX for every strike.
    calendar : SessionCalendar
        The sessions.
    start, end : date
        The first and the last month.

    Notes
    -----
    Daily bars of the index open at the close before; the settlement value is the close before moved by SPY's
    opening, its dividend added. Dividends accrue evenly.
    """
    market = _Market.of(source, surface, calendar, start, end)
    days = market.days.tolist()
    rolls = {day for day in days if _is_third_friday(day, calendar)}
    ends = {
        day
        for day, later in zip(days, [*days[1:], 0], strict=True)
        if date_of(day).month != date_of(later).month
    }
    levels: dict[str, float] = {}
    value, held = 100.0, None
    for day in sorted(rolls | ends):
        if day in rolls:
            value = value if held is None else held.settled(market, day)
            held = _Held.sold(market, day, value)
        if day in ends and held is not None:
            levels[_month(day)] = held.worth(market, day)
    return BuyWrite(levels)


@dataclass(frozen=True, slots=True)
class _Held:
    """Units of the index with a call sold on each, since the noon of a day."""

    units: float
    strike: float
    expiration: int
    since: int

    @classmethod
    def sold(cls, market: _Market, day: int, value: float) -> _Held:
        """Return what a value buys at noon, the call's price put in too."""
        noon, expiration = market.noon(day), market.next_roll(day)
        strike = STRIKE_STEP * float(np.ceil(noon / STRIKE_STEP + 1e-9))
        call = market.call(day, noon, strike, expiration, extra=NOON)
        return cls(value / (noon - call), strike, expiration, day)

    def settled(self, market: _Market, day: int) -> float:
        """Return the value at noon of the day on whose opening the call settles."""
        opening = market.opening(day)
        grown = opening * np.exp(market.carried(self.since, day))
        return float(self.units * (grown - max(opening - self.strike, 0.0)) * market.noon(day) / opening)

    def worth(self, market: _Market, day: int) -> float:
        """Return the value at a day's close."""
        spot = market.close(day)
        grown = spot * np.exp(market.carried(self.since, day))
        return float(self.units * (grown - market.call(day, spot, self.strike, self.expiration, extra=0.0)))


def _month(day: int) -> str:
    return date_of(day).strftime("%Y-%m")


def _is_third_friday(day: int, calendar: SessionCalendar) -> bool:
    return any(
        calendar.session_at_or_before(date_of(friday)) == date_of(day)
        for friday in (day, day + 1)
        if date_of(friday).weekday() == 4 and 15 <= date_of(friday).day <= 21
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Market:
    """What a replay asks for, by day."""

    calendar: SessionCalendar
    days: NDArray[np.int64]
    index: DailyBars
    fund: DailyBars
    paid: dict[int, float]
    rates: Array
    yields: Array
    volatility: Array
    book: SurfaceBook | None

    @classmethod
    def of(
        cls,
        source: MarketSource,
        surface: SurfaceParameters | None,
        calendar: SessionCalendar,
        start: date,
        end: date,
    ) -> _Market:
        observed = observed_from(source, "SPX")
        fund = source.bars("SPY")
        if fund is None or observed.dividend_yield is None:
            raise MissingDataError("A replay needs bars and dividends of SPY: import them.")
        early = date(start.year - 1, 12, 1)
        sessions = calendar.sessions(early, end)
        wanted = [
            day
            for day, later in pairwise([*sessions, date(end.year + 1, 1, 1)])
            if day.month != later.month or _is_third_friday(days_of(day), calendar)
        ]
        asked = np.array([days_of(day) for day in wanted], dtype=np.int64)
        asked = asked[np.isfinite(values_on(asked, observed.bars.days, observed.bars.close))]
        conditions = conditions_of(observed.series(), asked)
        known = observed.dividend_yield
        yields = known.values[np.maximum(np.searchsorted(known.days, conditions.days) - 1, 0)] / 100.0
        book = None
        if surface is not None:
            book = SurfaceBook(surface, conditions, clock_for(source, calendar, early, end), calendar)
        return cls(
            calendar,
            conditions.days,
            observed.bars,
            fund,
            _by_day(source.dividends("SPY")),
            bill_rates(observed.rate, conditions.days) + FINANCING,
            yields,
            conditions.indices[:, 1],
            book,
        )

    def close(self, day: int) -> float:
        return float(values_on(np.array([day]), self.index.days, self.index.close)[0])

    def opening(self, day: int) -> float:
        row = int(np.searchsorted(self.fund.days, day))
        before = int(self.fund.days[row - 1])
        opened = self.fund.open[row] + self.paid.get(day, 0.0)
        return self.close(before) * float(opened / self.fund.close[row - 1])

    def noon(self, day: int) -> float:
        row = int(np.searchsorted(self.fund.days, day))
        open_, high, low, close = (
            float(np.log(one[row]))
            for one in (self.fund.open, self.fund.high, self.fund.low, self.fund.close)
        )
        moved = NOON_BODY * (close - open_) + NOON_RANGE * (high + low - 2.0 * open_)
        return self.opening(day) * float(np.exp(moved))

    def carried(self, since: int, day: int) -> float:
        row = int(np.searchsorted(self.days, day))
        return float(self.yields[row]) * (day - since) / 365.0

    def next_roll(self, day: int) -> int:
        later = day + 21
        while not (date_of(later).weekday() == 4 and 15 <= date_of(later).day <= 21):
            later += 1
        return days_of(self.calendar.session_at_or_before(date_of(later)))

    def call(self, day: int, spot: float, strike: float, expiration: int, *, extra: float) -> float:
        row = int(np.searchsorted(self.days, day))
        years = (expiration - day - 6.5 / 24.0 + (0.17 if extra else 0.0)) / 365.0
        rate = float(self.rates[row])
        forward = spot * np.exp((rate - float(self.yields[row])) * years)
        deviation = float(self.volatility[row]) * np.sqrt(years)
        if self.book is not None:
            surface = self.book.day(row, np.array([expiration]), morning=True, extra=extra)
            k = np.array([np.log(strike / forward)])
            deviation = float(np.sqrt(surface.variance(k, np.zeros(1, dtype=np.int64))[0]))
        return float(price(True, forward, strike, 1.0, deviation, np.exp(-rate * years)))


def _by_day(dividends: Sequence[Dividend]) -> dict[int, float]:
    return {days_of(one.ex_date): one.amount for one in dividends}
