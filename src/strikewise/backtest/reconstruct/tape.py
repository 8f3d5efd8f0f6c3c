"""Make option chains from an underlying's closes and Cboe's volatility indices, one snapshot a session.

What these chains are good for: showing and timing the machinery, and studies of premium and hedging at more
than a week to expiry that a volatility point either way does not decide. What they are not: quotes. Every
chain says `Grade.RECONSTRUCTED` and its source, and `LIMITS` what it cannot show.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from strikewise.backtest.reconstruct.forwards import expected_dividends, forwards
from strikewise.backtest.reconstruct.listings import ListedContracts, ListingBook
from strikewise.backtest.reconstruct.quoting import spread_features
from strikewise.backtest.reconstruct.recipe import Observed, Recipe
from strikewise.backtest.reconstruct.sessions import Session, sessions_of, values_on, volatility_ratios
from strikewise.domain.chain import GRADES, ChainColumns, ChainTape
from strikewise.domain.instruments import Settlement, date_of, days_of, option_roots, pack_keys
from strikewise.domain.quotes import Grade
from strikewise.market.calendar import SessionCalendar
from strikewise.market.quality import Flaw, quote_flaws
from strikewise.market.recompute import SECONDS_PER_YEAR
from strikewise.pricing.black_scholes import forward_greeks

__all__ = ["Progress", "reconstruct"]

Array = NDArray[np.float64]
Progress = Callable[[int, int], None]
"""Called with the sessions done and the sessions in all."""

_COLUMNS = tuple(ChainColumns.__dataclass_fields__)


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
        Graded reconstructed, the same bytes for the same inputs; the source names the calibration and the
        spread multiplier. IV and Greeks are the model's own; NaN on the expiration's own session.

    Raises
    ------
    MissingDataError
        If no session of the period has both a close and a volatility index, a session has no rate, or the
        index is missing that an underlying is measured against.

    Notes
    -----
    Prices are European at volatilities that European prices of out-of-the-money quotes imply, for funds and
    stocks too: an in-the-money put lacks its early-exercise premium.
    """
    maker = _Maker(observed, recipe, calendar, start, end)
    total = len(maker.sessions)
    done = 0
    for _, year in groupby(maker.sessions, key=lambda session: date_of(session.day).year):
        made: list[tuple[Session, ChainColumns]] = []
        for session in year:
            made.append((session, maker.columns(session)))
            done += 1
            if progress is not None:
                progress(done, total)
        yield _tape(observed.bars.symbol, recipe.source, made)


class _Maker:
    """Makes chains session by session, oldest first."""

    def __init__(
        self, observed: Observed, recipe: Recipe, calendar: SessionCalendar, start: date, end: date
    ) -> None:
        self._calendar, self._recipe, self._observed = calendar, recipe, observed
        roots = option_roots(observed.bars.symbol)
        morning = [root.settlement is Settlement.AM for root in roots]
        self._roots = np.array([morning.index(False), morning.index(True) if True in morning else 0])
        first = start - timedelta(days=recipe.listings.horizon)
        self._book = ListingBook(recipe.listings, calendar, start, end)
        self._surfaces, self.sessions = sessions_of(observed, recipe, calendar, start, end)
        bars, series = observed.bars, observed.volatility_index
        earlier = (bars.close > 0) & (bars.days >= days_of(first)) & (bars.days < self.sessions[0].day)
        days, spots = bars.days[earlier].astype(np.int64), bars.close[earlier]
        # As on the days that are made, so that these are the same wherever a reconstruction begins.
        known = values_on(days, series.days, series.values) / 100.0
        known *= volatility_ratios(observed, days) * recipe.level
        for day, spot, value in zip(days.tolist(), spots.tolist(), known.tolist(), strict=True):
            if value > 0.0:
                self._book.advance(day, spot, value)

    def columns(self, session: Session) -> ChainColumns:
        """Return one session's chain."""
        index = float(self._surfaces.conditions.indices[session.number, 1]) * session.scaling.level
        self._book.advance(session.day, session.spot, index)
        listed = self._book.contracts()
        contracts = _Contracts.of(listed, self._roots)
        settles = self._calendar.settlement_seconds(
            self._observed.bars.symbol, contracts.key[contracts.first]
        )
        years = (settles - session.as_of) / SECONDS_PER_YEAR
        return self._priced(session, listed, contracts, years, index)

    def _priced(
        self,
        session: Session,
        listed: ListedContracts,
        contracts: _Contracts,
        term: Array,
        index: float,
    ) -> ChainColumns:
        recipe, spot, group = self._recipe, session.spot, contracts.group
        paid = None
        if self._observed.dividends:
            paid = expected_dividends(self._observed.dividends, session.day, session.as_of)
        forward = forwards(
            spot, session.rate, session.dividend_yield, paid, session.day, listed.expirations, term
        )[group]
        years, discount = term[group], np.exp(-session.rate * term)[group]
        strike, is_call = contracts.strike, ~contracts.is_put
        k = np.log(strike / forward)
        surface = self._surfaces.day(
            session.number, listed.expirations, morning=listed.morning, scaling=session.scaling
        )
        # Call and put of a strike share a volatility: it is found once.
        iv = surface.volatility(k[is_call], group[is_call], years[is_call])[contracts.pair]
        greeks = forward_greeks(is_call, spot, forward, strike, years, iv, discount)
        alive = years > 0.0
        sign = np.where(is_call, 1.0, -1.0)
        value = np.where(alive, greeks.price, np.maximum(sign * (spot - strike), 0.0))
        delta = np.where(alive, greeks.delta, np.where(sign * (spot - strike) > 0.0, sign, 0.0))
        intrinsic = np.where(alive, discount * np.maximum(sign * (forward - strike), 0.0), value)
        dte = (listed.expirations - session.day)[group].astype(np.float64)
        told = spread_features(value, intrinsic, spot, delta, dte, contracts.is_put, contracts.is_monthly)
        half = recipe.quoting.law.half_spread(told, spot)
        bid, ask = recipe.quoting.quotes(value, half, index)
        flaws = quote_flaws(bid, ask)
        flaws[~alive] |= Flaw.NO_VOLATILITY.bit
        distance = sign * k / np.sqrt(np.maximum(surface.theta, 1e-5))[group]
        interest = recipe.activity.open_interest(contracts.key, distance, years)
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
    """A session's contracts in the order of their keys.

    ``group`` numbers the expiration of each, ``first`` is the row each begins at, and ``pair`` the call of
    each among the calls.
    """

    key: NDArray[np.int64]
    group: NDArray[np.int64]
    first: NDArray[np.int64]
    pair: NDArray[np.int64]
    strike: Array
    is_put: NDArray[np.bool_]
    is_monthly: NDArray[np.bool_]

    @classmethod
    def of(cls, listed: ListedContracts, roots: NDArray[np.int64]) -> _Contracts:
        sizes = listed.sizes
        starts = np.cumsum(sizes) - sizes
        group = np.repeat(np.arange(len(sizes)), 2 * sizes)
        # Within an expiration all calls come first, then all puts, each over the same strikes.
        within = np.arange(2 * int(sizes.sum())) - 2 * starts[group]
        is_put = within >= sizes[group]
        pair = starts[group] + within - np.where(is_put, sizes[group], 0)
        milli = listed.strike_milli[pair]
        root = roots[listed.morning.astype(np.int64)][group]
        key = pack_keys(listed.expirations[group], is_put, milli, root)
        monthly = np.array([_is_third_friday(day) for day in listed.expirations.tolist()], dtype=np.bool_)
        return cls(key, group, 2 * starts, pair, milli / 1000.0, is_put, monthly[group])


def _is_third_friday(day: int) -> bool:
    when = date_of(day)
    return when.weekday() == 4 and 15 <= when.day <= 21


def _tape(underlying: str, source: str, made: list[tuple[Session, ChainColumns]]) -> ChainTape:
    as_of = np.array([session.as_of for session, _ in made], dtype=np.int64)
    sizes = [len(columns.key) for _, columns in made]
    return ChainTape(
        underlying=underlying,
        as_of=as_of,
        known_at=as_of.copy(),
        spot_cents=np.array([round(100 * session.spot) for session, _ in made], dtype=np.int64),
        grade=np.full(len(made), GRADES.index(Grade.RECONSTRUCTED), dtype=np.int8),
        source=np.zeros(len(made), dtype=np.int16),
        sources=(source,),
        offsets=np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
        columns=ChainColumns(
            **{name: np.concatenate([getattr(columns, name) for _, columns in made]) for name in _COLUMNS}
        ),
    )
