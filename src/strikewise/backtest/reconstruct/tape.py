"""Make option chains from an underlying's closes and the 30-day volatility index, one snapshot a session.

What these chains are good for: showing and timing the machinery, and studies of premium and hedging at more
than a week to expiry that a volatility point either way does not decide. What they are not: quotes. Every
chain says `Grade.RECONSTRUCTED` and its source.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from strikewise.backtest.reconstruct.activity import ActivityModel
from strikewise.backtest.reconstruct.listings import (
    Density,
    ListedContracts,
    ListingBook,
    ListingRules,
    etf_listings,
    index_listings,
)
from strikewise.backtest.reconstruct.quoting import INDEX_QUOTING, PENNY_QUOTING, QuoteModel
from strikewise.backtest.reconstruct.surface import SimpleSurface, variance_years
from strikewise.domain.chain import GRADES, ChainColumns, ChainTape
from strikewise.domain.errors import MissingDataError
from strikewise.domain.instruments import Settlement, date_of, days_of, option_roots, pack_keys
from strikewise.domain.quotes import DailyBars, Grade, Series
from strikewise.market.calendar import SessionCalendar
from strikewise.market.quality import Flaw, quote_flaws
from strikewise.market.recompute import SECONDS_PER_YEAR
from strikewise.pricing.black_scholes import forward_greeks

__all__ = ["SOURCE", "Observed", "Progress", "Recipe", "recipe_for", "reconstruct"]

SOURCE = "reconstructed:simple-1"
"""The source that chains of this model state; another model, or other constants, take another number."""

Array = NDArray[np.float64]
Progress = Callable[[int, int], None]
"""Called with the sessions done and the sessions in all."""

BILL_DAYS = 91
_COLUMNS = tuple(ChainColumns.__dataclass_fields__)


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a reconstruction assumes of an underlying.

    Attributes
    ----------
    listings, surface, quoting, activity
        Which contracts, at what volatility, how wide, how busy.
    dividend_yield : float
        Annual, continuously compounded, a fraction, taken as constant.
    financing : float
        What the rate in option prices lies above the Treasury bill's, a fraction a year.
    """

    listings: ListingRules
    surface: SimpleSurface
    quoting: QuoteModel
    activity: ActivityModel
    dividend_yield: float
    financing: float = 0.0055


def recipe_for(underlying: str, density: Density = Density.FULL, *, spread_multiplier: float = 1.0) -> Recipe:
    """Return the recipe of the S&P 500 index (``SPX``), or of SPY for any other symbol.

    Parameters
    ----------
    underlying : str
        The symbol. The surface is that of the S&P 500 whatever the symbol is: other underlyings need another
        index.
    density : Density
        How many expirations to make.
    spread_multiplier : float
        Widens every spread; 1 is what liquid quotes showed on calm days.
    """
    if underlying == "SPX":
        listings, quoting, activity = index_listings(density), INDEX_QUOTING, ActivityModel(6_000, 25_000)
        dividend_yield = 0.020
    else:
        listings, quoting, activity = etf_listings(density), PENNY_QUOTING, ActivityModel(20_000, 5_000)
        dividend_yield = 0.017
    quoting = replace(quoting, multiplier=spread_multiplier)
    return Recipe(listings, SimpleSurface(), quoting, activity, dividend_yield)


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
    """

    bars: DailyBars
    volatility_index: Series
    rate: Series


def reconstruct(
    observed: Observed,
    recipe: Recipe,
    calendar: SessionCalendar,
    *,
    start: date,
    end: date,
    progress: Progress | None = None,
) -> Iterator[ChainTape]:
    """Make the chains of an underlying, a tape a calendar year, at the close of each session.

    Parameters
    ----------
    observed, recipe
        What was observed, and what is assumed.
    calendar : SessionCalendar
        The sessions, to beyond the last expiration.
    start, end : date
        Bounds, both included. Sessions without a close or a volatility index have no chain.
    progress : callable, optional
        Told after each session.

    Yields
    ------
    ChainTape
        Graded reconstructed. Contracts are those settled at the close. IV and Greeks are the model's own, not
        implied back from the rounded quotes; NaN on the expiration's own session. The same inputs give the
        same bytes.

    Raises
    ------
    MissingDataError
        If no session of the period has both a close and a volatility index, or a session has no rate.
    """
    maker = _Maker(observed, recipe, calendar, start, end)
    total = len(maker.sessions)
    done = 0
    for _, year in groupby(maker.sessions, key=lambda session: date_of(session.day).year):
        made: list[tuple[_Session, ChainColumns]] = []
        for session in year:
            made.append((session, maker.columns(session)))
            done += 1
            if progress is not None:
                progress(done, total)
        yield _tape(observed.bars.symbol, made)


@dataclass(frozen=True, slots=True)
class _Session:
    """What was known at one close: days since 1970-01-01, Unix seconds, dollars, fractions."""

    day: int
    as_of: int
    spot: float
    volatility_index: float
    rate: float


class _Maker:
    """Makes chains session by session, oldest first."""

    def __init__(
        self, observed: Observed, recipe: Recipe, calendar: SessionCalendar, start: date, end: date
    ) -> None:
        self._calendar, self._recipe = calendar, recipe
        bars, index = observed.bars, observed.volatility_index
        roots = option_roots(bars.symbol)
        self._root_code = next(n for n, root in enumerate(roots) if root.settlement is Settlement.PM)
        self.sessions = _sessions(observed, calendar, start, end, recipe.financing)
        first = start - timedelta(days=recipe.listings.horizon)
        self._book = ListingBook(recipe.listings, calendar, start, end)
        earlier = (bars.close > 0) & (bars.days >= days_of(first)) & (bars.days < self.sessions[0].day)
        days, spots = bars.days[earlier].astype(np.int64), bars.close[earlier]
        known = np.nan_to_num(_on(days, index.days, index.values) / 100.0)
        for day, spot, value in zip(days.tolist(), spots.tolist(), known.tolist(), strict=True):
            self._book.advance(day, spot, value)

    def columns(self, session: _Session) -> ChainColumns:
        """Return one session's chain."""
        self._book.advance(session.day, session.spot, session.volatility_index)
        listed = self._book.contracts()
        contracts = _Contracts.of(listed, self._root_code)
        tau = variance_years(self._calendar, session.day, listed.expirations)
        settles = self._calendar.close_seconds(listed.expirations)
        years = (settles - session.as_of) / SECONDS_PER_YEAR
        return self._priced(session, contracts, years[contracts.group], tau[contracts.group])

    def _priced(self, session: _Session, contracts: _Contracts, years: Array, tau: Array) -> ChainColumns:
        recipe, spot = self._recipe, session.spot
        strike, is_call = contracts.strike, ~contracts.is_put
        discount = np.exp(-session.rate * years)
        forward = spot * np.exp((session.rate - recipe.dividend_yield) * years)
        smile = recipe.surface.day(session.volatility_index)
        k = np.log(strike / forward)
        alive = years > 0.0
        iv = np.full(len(strike), np.nan)
        iv[alive] = smile.volatility(k[alive], tau[alive], years[alive])
        greeks = forward_greeks(is_call, spot, forward, strike, years, iv, discount)
        sign = np.where(is_call, 1.0, -1.0)
        intrinsic = discount * np.maximum(sign * (forward - strike), 0.0)
        value = np.where(alive, greeks.price, intrinsic)
        bid, ask = recipe.quoting.quotes(value, intrinsic, years, session.volatility_index)
        flaws = quote_flaws(bid, ask)
        flaws[~alive] |= Flaw.NO_VOLATILITY.bit
        deviation = smile.level * np.sqrt(np.maximum(tau, 1 / 365))
        interest = recipe.activity.open_interest(contracts.key, sign * k / deviation, years)
        return ChainColumns(
            key=contracts.key,
            bid=bid,
            ask=ask,
            volume=recipe.activity.volume(contracts.key, interest, years, session.day),
            open_interest=interest,
            iv=iv.astype(np.float32),
            delta=greeks.delta.astype(np.float32),
            gamma=greeks.gamma.astype(np.float32),
            theta=greeks.theta.astype(np.float32),
            vega=greeks.vega.astype(np.float32),
            flaws=flaws,
        )


@dataclass(frozen=True, slots=True, eq=False)
class _Contracts:
    """A session's contracts in the order of their keys; ``group`` numbers the expiration of each."""

    key: NDArray[np.int64]
    group: NDArray[np.int64]
    strike: Array
    is_put: NDArray[np.bool_]

    @classmethod
    def of(cls, listed: ListedContracts, root_code: int) -> _Contracts:
        sizes = listed.sizes
        starts = np.cumsum(sizes) - sizes
        group = np.repeat(np.arange(len(sizes)), 2 * sizes)
        # Within an expiration all calls come first, then all puts, each over the same strikes.
        within = np.arange(2 * int(sizes.sum())) - 2 * starts[group]
        is_put = within >= sizes[group]
        milli = listed.strike_milli[starts[group] + within - np.where(is_put, sizes[group], 0)]
        key = pack_keys(listed.expirations[group], is_put, milli, root_code)
        return cls(key, group, milli / 1000.0, is_put)


def _sessions(
    observed: Observed, calendar: SessionCalendar, start: date, end: date, financing: float
) -> list[_Session]:
    bars, volatility_index, rate = observed.bars, observed.volatility_index, observed.rate
    days = np.array([days_of(day) for day in calendar.sessions(start, end)], dtype=np.int64)
    spot = _on(days, bars.days, bars.close)
    index = _on(days, volatility_index.days, volatility_index.values)
    both = (spot > 0) & (index > 0)
    days, spot, index = days[both], spot[both], index[both]
    if len(days) == 0:
        raise MissingDataError(
            f"Chains of {bars.symbol} were asked for {start.isoformat()} to {end.isoformat()}, but no day "
            f"there has both its close and a value of {volatility_index.name}: give longer series."
        )
    latest = np.searchsorted(rate.days, days, side="right") - 1
    bill = np.where(latest >= 0, rate.values[latest], np.nan)
    if np.isnan(bill).any():
        missing = date_of(int(days[np.isnan(bill)][0]))
        raise MissingDataError(
            f"{rate.name} has no value on or before {missing.isoformat()}: give a longer series."
        )
    # The continuously compounded rate of a bill quoted at a discount, as market views state it.
    annual = -np.log(1.0 - bill / 100.0 * BILL_DAYS / 360.0) * 365.0 / BILL_DAYS + financing
    as_of = calendar.close_seconds(days)
    rows = zip(
        days.tolist(), as_of.tolist(), spot.tolist(), (index / 100.0).tolist(), annual.tolist(), strict=True
    )
    return [_Session(*row) for row in rows]


def _on(days: NDArray[np.int64], known: NDArray[np.int32], values: Array) -> Array:
    """Return a series' values on exactly these days, NaN where it has none."""
    found = np.full(len(days), np.nan)
    if len(known):
        row = np.minimum(np.searchsorted(known, days), len(known) - 1)
        same = known[row] == days
        found[same] = values[row[same]]
    return found


def _tape(underlying: str, made: list[tuple[_Session, ChainColumns]]) -> ChainTape:
    as_of = np.array([session.as_of for session, _ in made], dtype=np.int64)
    sizes = [len(columns.key) for _, columns in made]
    return ChainTape(
        underlying=underlying,
        as_of=as_of,
        known_at=as_of.copy(),
        spot_cents=np.array([round(100 * session.spot) for session, _ in made], dtype=np.int64),
        grade=np.full(len(made), GRADES.index(Grade.RECONSTRUCTED), dtype=np.int8),
        source=np.zeros(len(made), dtype=np.int16),
        sources=(SOURCE,),
        offsets=np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
        columns=ChainColumns(
            **{name: np.concatenate([getattr(columns, name) for _, columns in made]) for name in _COLUMNS}
        ),
    )
