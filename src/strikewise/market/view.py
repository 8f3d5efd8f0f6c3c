"""The market as it was known at an instant: all that a strategy may see."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import partial
from math import isfinite, log, log1p, nan
from typing import NamedTuple

import numpy as np

from strikewise.domain.chain import OptionChain
from strikewise.domain.errors import DataError, FutureDataError
from strikewise.domain.instruments import INDEX_ROOTS, days_of
from strikewise.domain.quotes import CalendarEvent, DailyBars, Dividend, Series, Split
from strikewise.market.calendar import SessionCalendar
from strikewise.market.chain_features import ChainStatistics
from strikewise.market.computed import ComputedMarket
from strikewise.market.events_calendar import Blackout
from strikewise.market.features import (
    MAX_GAP_DAYS,
    RANK_DAYS,
    RANK_SESSIONS,
    VOLATILITY_INDEXES,
    Features,
    VolatilityPast,
)
from strikewise.market.regime import Regime, RegimeRules
from strikewise.market.regime_confidence import confidence_of
from strikewise.market.source import MarketSource

__all__ = ["Market", "MarketView", "known_series", "regime_confidence"]

RATES = ("rate_3m", "DTB3", "IRX")
"""Series that give the rate, the first that is known: 3-month Treasury bills, percent on a discount basis."""
RATE_GAP_DAYS = 30
DIVIDEND_PROXIES = {"SPX": "SPY", "XSP": "SPY", "NDX": "QQQ", "RUT": "IWM"}
"""The fund whose dividend yield stands for that of an index."""
BILL_DAYS = 91
FRESH_FOR = timedelta(minutes=20)
"""How old a chain may be to be traded on: more than the quarter of an hour by which free quotes are delayed,
and by which some end-of-day snapshots precede the close."""
DIVIDENDS_STAND_DAYS = 3 * 365
ANNOUNCED = timedelta(days=7)
"""How long before its ex-date a split is known at least; exchanges ask for ten days."""


class Market:
    """Where views come from, of any instant: a source, a calendar, and what was computed of them.

    Parameters
    ----------
    source : MarketSource
        Where data come from; data may arrive at it while it is used.
    calendar : SessionCalendar
        The sessions.
    rules : RegimeRules, optional
        The thresholds of the regime.
    """

    def __init__(
        self, source: MarketSource, calendar: SessionCalendar, rules: RegimeRules | None = None
    ) -> None:
        self.source, self.calendar = source, calendar
        self._computed = ComputedMarket(source, rules)

    def view(self, as_of: datetime) -> MarketView:
        """Return the market as it was known at an instant; costs microseconds.

        Raises
        ------
        DataError
            If the instant carries no time zone.
        """
        if as_of.tzinfo is None:
            raise DataError(
                f"A market view was asked for at {as_of.isoformat()} without a time zone: give it one."
            )
        return MarketView(self._computed, self.calendar, as_of.astimezone(UTC))


class MarketView:
    """All that may be seen at an instant: what lies after it is not there, whoever the source is.

    Take it from `Market.view`. Answers are kept for as long as the view is.

    Attributes
    ----------
    as_of : datetime
        The instant, UTC.
    calendar : SessionCalendar
        The sessions.
    """

    __slots__ = (
        *("_chains", "_day", "_features", "_fresh", "_market", "_regime", "_seconds", "_spots", "_yields"),
        *("as_of", "calendar"),
    )

    def __init__(self, market: ComputedMarket, calendar: SessionCalendar, as_of: datetime) -> None:
        self.as_of, self.calendar = as_of, calendar
        self._market = market
        self._seconds = int(as_of.timestamp() // 1)
        self._day: date | None = None
        self._chains: dict[str, ChainStatistics | None] = {}
        self._fresh: dict[str, OptionChain | None] = {}
        self._spots: dict[str, float | None] = {}
        self._features: dict[str, Features] = {}
        self._yields: dict[str, float] = {}
        self._regime: Regime | None = None

    @property
    def day(self) -> date:
        """The New York date of the instant."""
        if self._day is None:
            self._day = self.calendar.day_of(self.as_of)
        return self._day

    def at(self, instant: datetime) -> MarketView:
        """Return the view of an earlier instant.

        Raises
        ------
        FutureDataError
            If the instant lies after this view's.
        """
        if instant > self.as_of:
            raise FutureDataError("The market", instant, self.as_of)
        return MarketView(self._market, self.calendar, instant.astimezone(UTC))

    def underlyings(self) -> tuple[str, ...]:
        """Return the symbols that have a chain by now, sorted."""
        source, now = self._market.source, self._seconds
        taken = ((symbol, source.snapshots(symbol)) for symbol in source.underlyings())
        return tuple(symbol for symbol, instants in taken if len(instants) and instants[0] <= now)

    def chain(self, underlying: str) -> OptionChain | None:
        """Return the latest chain known, however old, or None where there is none.

        Raises
        ------
        FutureDataError
            If the source hands out a chain that was not known yet.
        """
        found = self._statistics(underlying)
        return None if found is None else found.chain

    def fresh_chain(self, underlying: str) -> OptionChain | None:
        """Return the latest chain if it may be traded on, or None.

        One taken at this very instant may. Any other must be of this session and at most `FRESH_FOR` old: now
        while the session runs, at its close in the hours after, for which its last quotes stand.
        """
        if underlying not in self._fresh:
            chain = self.chain(underlying)
            self._fresh[underlying] = None if chain is None or not _is_fresh(chain, self) else chain
        return self._fresh[underlying]

    def stocks(self) -> tuple[str, ...]:
        """Return the symbols whose shares may be traded and have a price by now, sorted; no indexes."""
        named = {*self._market.source.underlyings(), *self._market.source.symbols()} - INDEX_ROOTS.keys()
        return tuple(sorted(one for one in named if self.spot(one) is not None))

    def fresh_spot(self, symbol: str) -> float | None:
        """Return the price at which shares trade now: of a fresh chain or of today's bar; None without."""
        chain = self.fresh_chain(symbol)
        if chain is not None and chain.spot_cents > 0:
            return self.spot(symbol)
        bar = _last_close(self._market, symbol, self._seconds)
        return bar.price if isfinite(bar.price) and bar.day == days_of(self.day) else None

    def spot(self, underlying: str) -> float | None:
        """Return the last known price in dollars, of chain or bar, whichever is later; None after 7 days."""
        if underlying not in self._spots:
            bar = _last_close(self._market, underlying, self._seconds)
            self._spots[underlying] = _latest_price(self.chain(underlying), bar, self._seconds)
        return self._spots[underlying]

    def bars(self, symbol: str) -> DailyBars | None:
        """Return the daily bars known by now, or None where the source has none."""
        found = self._market.bars(symbol)
        return None if found is None else found.head(self._market.count_bars(found, self._seconds))

    def value(self, name: str, *, max_gap_days: int = MAX_GAP_DAYS) -> float | None:
        """Return the last known value of a series (or close of a symbol), in the series' own unit.

        None where there is none, or none of the last ``max_gap_days`` calendar days.
        """
        found = self._market.series(name)
        if found is None:
            return None
        oldest = days_of(self.day) - max_gap_days
        for row in range(self._market.count_series(found, self._seconds) - 1, -1, -1):
            if found.days[row] < oldest:
                return None
            if isfinite(value := float(found.values[row])):
                return value
        return None

    def rate(self) -> float | None:
        """Return the 3-month rate, continuously compounded, a fraction; None where none is known.

        From a Treasury bill's discount ``d``: ``-ln(1 - d 91 / 360) 365 / 91``.
        """
        for name in RATES:
            discount = self.value(name, max_gap_days=RATE_GAP_DAYS)
            if discount is not None:
                return -log(1.0 - discount / 100.0 * BILL_DAYS / 360.0) * 365.0 / BILL_DAYS
        return None

    def dividends(self, symbol: str) -> list[Dividend]:
        """Return the cash dividends that had been declared by now, those to come included, by ex-date."""
        return [one for one in self._market.source.dividends(symbol) if one.known_at <= self._seconds]

    def splits(self, symbol: str) -> list[Split]:
        """Return the splits of a symbol by ex-date: those of the past, and what is announced."""
        found = self._market.source.splits(symbol)
        return [one for one in found if one.ex_date <= self.day + ANNOUNCED] if found else []

    def dividend_yield(self, symbol: str) -> float:
        """Return the dividends of a year over the price, continuously compounded, a fraction.

        The year ends at the last ex-date, so that records which stop do not read as dividends that stop;
        after three years they do. An index takes the yield of its fund (`DIVIDEND_PROXIES`). Zero where no
        dividend is recorded: a source that holds none cannot be told from a symbol that pays none.
        """
        held = self._yields.get(symbol)
        if held is None:
            payer = DIVIDEND_PROXIES.get(symbol, symbol)
            held = self._yields[symbol] = _yield_of(self.dividends(payer), self.spot(payer), self.day)
        return held

    def events(
        self, kinds: Collection[str] | None = None, within_days: int = 0, *, symbol: str | None = None
    ) -> Sequence[CalendarEvent]:
        """Return announced events from today to ``within_days`` calendar days ahead, soonest first.

        With a symbol, those of the whole market and its own; without one, those of every symbol too.
        """
        last = self.day + timedelta(days=within_days)
        return self._market.events.between(self.day, last, self._seconds, kinds=kinds, symbol=symbol)

    def days_to(self, kind: str, symbol: str | None = None) -> int | None:
        """Return calendar days to the next announced event of a kind (0 today), or None."""
        return self._market.events.days_to(kind, self.day, self._seconds, symbol=symbol)

    def blackout(self, rule: Blackout, symbol: str | None = None) -> CalendarEvent | None:
        """Return the event that blacks this day out, or None."""
        return self._market.events.blackout(rule, self.day, self._seconds, symbol=symbol)

    def features(self, symbol: str) -> Features:
        """Return the features of a symbol; each is NaN where it cannot be known."""
        held = self._features.get(symbol)
        if held is None:
            statistics = self._statistics(symbol)
            if statistics is not None and statistics.chain.as_of != self.as_of:
                age = self.day - self.calendar.day_of(statistics.chain.as_of)
                statistics = statistics if age.days <= MAX_GAP_DAYS else None
            today = days_of(self.day)
            held = self._features[symbol] = Features(
                self._market.frame(symbol),
                day=today,
                known_by=self._seconds,
                statistics=statistics,
                # Not a method: features that know their view would keep it, and its chain, alive.
                past=partial(_volatility_past, self._market, symbol, today, self._seconds),
            )
        return held

    def regime(self) -> Regime:
        """Return the regime that acts today: the label of the session before."""
        if self._regime is None:
            acting = (one.acting_on(days_of(self.day), self._seconds) for one in self._market.regimes)
            self._regime = next((one for one in acting if one is not Regime.UNKNOWN), Regime.UNKNOWN)
        return self._regime

    def _statistics(self, underlying: str) -> ChainStatistics | None:
        if underlying not in self._chains:
            self._chains[underlying] = self._market.chain(underlying, self.as_of)
        return self._chains[underlying]


def known_series(view: MarketView, name: str) -> Series | None:
    """Return what a view knows of a series (or of a symbol's closes), or None where there is none."""
    market, seconds = view._market, view._seconds  # noqa: SLF001 - beside the class, whose wall it keeps
    found = market.series(name)
    return None if found is None else found.head(market.count_series(found, seconds))


def regime_confidence(view: MarketView) -> float | None:
    """Return how sure it is that the regime stands (`confidence_of`), 0 to 1; None where nothing tells."""
    day, seconds = days_of(view.day), view._seconds  # noqa: SLF001 - beside the class, whose wall it keeps
    for series in view._market.regimes:  # noqa: SLF001
        if series.acting_on(day, seconds) is not Regime.UNKNOWN:
            return confidence_of(series, day, seconds)
    return None


class _Close(NamedTuple):
    """A close in dollars, its day since 1970-01-01 and when it was known; NaN, -1, -1 where there is none."""

    price: float
    day: int
    known_at: int


def _last_close(market: ComputedMarket, symbol: str, known_by: int) -> _Close:
    bars = market.bars(symbol)
    last = -1 if bars is None else market.count_bars(bars, known_by) - 1
    if bars is None or last < 0:
        return _Close(nan, -1, -1)
    return _Close(float(bars.close[last]), int(bars.days[last]), int(bars.known_at[last]))


def _latest_price(chain: OptionChain | None, bar: _Close, now: int) -> float | None:
    """Return the price of a chain, or of a bar that was known later; None where it is too old."""
    price, at = nan, 0
    if chain is not None and chain.spot_cents > 0:
        price, at = chain.spot, int(chain.as_of.timestamp())
    if bar.known_at > at and isfinite(bar.price):
        price, at = bar.price, bar.known_at
    return price if isfinite(price) and now - at <= (MAX_GAP_DAYS + 1) * 86400 else None


def _volatility_past(
    market: ComputedMarket, symbol: str, today: int, known_by: int, statistics: ChainStatistics | None
) -> VolatilityPast:
    past, present = np.zeros(0), nan
    if statistics is not None:
        present = statistics.iv30
        past = market.volatility(symbol).past(
            market.source.snapshots(symbol),
            int(statistics.chain.as_of.timestamp()),
            known_by,
            today - RANK_DAYS + 1,
        )[-(RANK_SESSIONS - 1) :]
    index = partial(_volatility_index, market, symbol, known_by)
    return VolatilityPast.choose(present, past, index, today)


def _volatility_index(market: ComputedMarket, symbol: str, known_by: int) -> Series | None:
    name = VOLATILITY_INDEXES.get(symbol)
    index = None if name is None else market.series(name)
    return None if index is None else index.head(market.count_series(index, known_by))


def _is_fresh(chain: OptionChain, view: MarketView) -> bool:
    if chain.as_of == view.as_of:
        return True
    day, calendar = view.day, view.calendar
    if not calendar.is_session(day) or chain.as_of < calendar.session_open(day):
        return False
    return min(view.as_of, calendar.session_close(day)) - chain.as_of <= FRESH_FOR


def _yield_of(dividends: Sequence[Dividend], price: float | None, day: date) -> float:
    paid = [one for one in dividends if one.ex_date <= day]
    if not paid or price is None or (day - paid[-1].ex_date).days > DIVIDENDS_STAND_DAYS:
        return 0.0
    first = paid[-1].ex_date - timedelta(days=364)
    return log1p(sum(one.amount for one in paid if one.ex_date >= first) / price)
