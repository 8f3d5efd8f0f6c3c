"""The market row by row: a snapshot is a dict of quotes, and what is known is looked for from the start.

Only the source of data, the calendar and the features (which have oracles of their own) are strikewise's.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from strikewise.domain.instruments import INDEX_ROOTS, OptionContract, date_of
from strikewise.domain.quotes import CalendarEvent
from strikewise.market.calendar import SessionCalendar
from strikewise.market.quality import Flaw
from strikewise.market.source import MarketSource
from strikewise.market.universe import Universe
from strikewise.market.view import Market, MarketView

YEAR_SECONDS = 365 * 24 * 60 * 60
FRESH_SECONDS = 20 * 60
PRICE_STANDS_DAYS = 8
VALUE_STANDS_DAYS = 7
RATE_STANDS_DAYS = 30
SHARE = str
"""Shares go by their symbol, options by their contract."""
Instrument = OptionContract | SHARE
PROXIES = {"SPX": "SPY", "XSP": "SPY", "NDX": "QQQ", "RUT": "IWM"}


@dataclass(frozen=True)
class Row:
    """One contract as it was quoted."""

    contract: OptionContract
    bid: int
    ask: int
    volume: int
    open_interest: int
    iv: float
    delta: float
    gamma: float
    theta: float
    vega: float
    flaws: int

    @property
    def usable(self) -> bool:
        """Both sides known, and not crossed."""
        return self.bid >= 0 and self.ask > 0 and self.ask >= self.bid


@dataclass(frozen=True)
class Snapshot:
    """All quotes of one underlying at one instant."""

    underlying: str
    at: datetime
    spot_cents: int
    grade: str
    rows: dict[OptionContract, Row]
    spot_doubted: bool


@dataclass(frozen=True)
class Bar:
    day: date
    open: float
    close: float
    volume: float
    known_at: int


class PlainMarket:
    """A source read into rows, once for each snapshot and symbol; shared by the runs over it."""

    def __init__(self, source: MarketSource, calendar: SessionCalendar) -> None:
        self.source, self.calendar = source, calendar
        self._snapshots: dict[tuple[str, datetime], Snapshot] = {}
        self._bars: dict[str, list[Bar]] = {}
        self._series: dict[str, list[tuple[date, float, int]]] = {}
        self.smiles: dict[object, Any] = {}
        """What was fitted to a snapshot, for whoever fits it again."""

    def snapshot(self, underlying: str, now: datetime) -> Snapshot | None:
        """The latest chain taken and known by an instant."""
        chain = self.source.chain(underlying, now)
        if chain is None:
            return None
        key = underlying, chain.as_of
        if key not in self._snapshots:
            columns = zip(
                chain.key.tolist(),
                chain.bid.tolist(),
                chain.ask.tolist(),
                chain.volume.tolist(),
                chain.open_interest.tolist(),
                chain.iv.tolist(),
                chain.delta.tolist(),
                chain.gamma.tolist(),
                chain.theta.tolist(),
                chain.vega.tolist(),
                chain.flaws.tolist(),
                strict=True,
            )
            rows = {}
            for packed, *values in columns:
                contract = OptionContract.from_key(underlying, packed)
                rows[contract] = Row(contract, *values)
            self._snapshots[key] = Snapshot(
                underlying,
                chain.as_of,
                chain.spot_cents,
                chain.grade.value,
                rows,
                spot_doubted=any(row.flaws & int(Flaw.SPOT) for row in rows.values()),
            )
        return self._snapshots[key]

    def bars(self, symbol: str) -> list[Bar]:
        """All bars of a symbol; a bar is known when all before it are."""
        if symbol not in self._bars:
            found, read = self.source.bars(symbol), []
            if found is not None:
                known = 0
                columns = (found.days, found.open, found.close, found.volume, found.known_at)
                for day, first, last, volume, at in zip(*(one.tolist() for one in columns), strict=True):
                    known = max(known, at)
                    read.append(Bar(date_of(day), first, last, volume, known))
            self._bars[symbol] = read
        return self._bars[symbol]

    def series(self, name: str) -> list[tuple[date, float, int]]:
        """Day, value and when it was known; the closes of a symbol where there is no series of the name."""
        if name not in self._series:
            found, read, known = self.source.series(name), [], 0
            if found is None:
                read = [(bar.day, bar.close, bar.known_at) for bar in self.bars(name)]
            else:
                columns = (found.days, found.values, found.known_at)
                for day, value, at in zip(*(one.tolist() for one in columns), strict=True):
                    known = max(known, at)
                    read.append((date_of(day), value, known))
            self._series[name] = read
        return self._series[name]


class Instants:
    """The ticks of a run, and the view of each."""

    def __init__(self, market: PlainMarket, underlyings: tuple[str, ...]) -> None:
        self.market = market
        universe = Universe(market.source, underlyings)
        self.with_chains = [one for one in market.source.underlyings() if one in underlyings]
        self.charted = [
            one for one in market.source.symbols() if one in underlyings and one not in INDEX_ROOTS
        ]
        self.features = Market(universe, market.calendar)

    def ticks(self, start: date, end: date) -> list[datetime]:
        """Every instant between two days (UTC) at which a chain was taken, or a bar without chains known."""
        seconds: set[int] = set()
        for underlying in self.with_chains:
            seconds.update(self.market.source.snapshots(underlying).tolist())
        for symbol in self.charted:
            if symbol not in self.with_chains:
                seconds.update(bar.known_at for bar in self.market.bars(symbol))
        instants = [datetime.fromtimestamp(one, UTC) for one in sorted(seconds)]
        return [one for one in instants if start <= one.date() <= end]

    def view(self, now: datetime) -> PlainView:
        return PlainView(self, now)


class PlainView:
    """What was known at an instant."""

    def __init__(self, instants: Instants, now: datetime) -> None:
        self._instants, self.now = instants, now
        self.market, self.calendar = instants.market, instants.market.calendar
        self.seconds = int(now.timestamp())
        self.day = self.calendar.day_of(now)
        self._spots: dict[str, float | None] = {}
        self._bars: dict[str, Bar | None] = {}
        self._rate: list[float | None] = []
        self._seen: MarketView | None = None

    @property
    def strikewise(self) -> MarketView:
        """The view of strikewise, for features and regime alone."""
        if self._seen is None:
            self._seen = self._instants.features.view(self.now)
        return self._seen

    @property
    def regime(self) -> str:
        return self.strikewise.regime().value

    def feature(self, symbol: str, name: str) -> float:
        return self.strikewise.features(symbol)[name]

    def rank_basis(self, symbol: str) -> str:
        return self.strikewise.features(symbol).iv_rank_basis

    def at(self, now: datetime) -> PlainView:
        assert now <= self.now
        return PlainView(self._instants, now)

    def underlyings(self) -> list[str]:
        """The symbols of the run that have a chain by now."""
        return [one for one in sorted(self._instants.with_chains) if self.snapshot(one) is not None]

    def stocks(self) -> list[str]:
        """The symbols of the run whose shares have a price by now."""
        named = {*self._instants.with_chains, *self._instants.charted}
        return [one for one in sorted(named) if one not in INDEX_ROOTS and self.spot(one) is not None]

    def snapshot(self, underlying: str) -> Snapshot | None:
        if underlying not in self._instants.with_chains:
            return None
        return self.market.snapshot(underlying, self.now)

    def fresh(self, underlying: str) -> Snapshot | None:
        """The latest chain, if it may be traded on: of this instant, or of this session and recent."""
        found = self.snapshot(underlying)
        if found is None or found.at == self.now:
            return found
        if not self.calendar.is_session(self.day) or found.at < self.calendar.session_open(self.day):
            return None
        until = min(self.now, self.calendar.session_close(self.day))
        return found if (until - found.at).total_seconds() <= FRESH_SECONDS else None

    def bar(self, symbol: str) -> Bar | None:
        """The last bar known."""
        if symbol not in self._bars:
            known = [one for one in self.market.bars(symbol) if one.known_at <= self.seconds]
            self._bars[symbol] = known[-1] if known else None
        return self._bars[symbol]

    def bar_of(self, symbol: str, day: date) -> Bar | None:
        """The bar of a day, if it is known."""
        for one in self.market.bars(symbol):
            if one.day == day and one.known_at <= self.seconds:
                return one
        return None

    def spot(self, underlying: str) -> float | None:
        """The price of the latest chain or of a bar known later, in dollars; None when it is too old."""
        if underlying not in self._spots:
            self._spots[underlying] = self._price(underlying)
        return self._spots[underlying]

    def _price(self, underlying: str) -> float | None:
        price, at = None, 0
        chain, bar = self.snapshot(underlying), self.bar(underlying)
        if chain is not None and chain.spot_cents > 0:
            price, at = chain.spot_cents / 100, int(chain.at.timestamp())
        if bar is not None and bar.known_at > at and math.isfinite(bar.close):
            price, at = bar.close, bar.known_at
        return None if self.seconds - at > PRICE_STANDS_DAYS * 86400 else price

    def spot_cents(self, underlying: str) -> int | None:
        price = self.spot(underlying)
        return None if price is None else round(price * 100)

    def fresh_spot(self, symbol: str) -> float | None:
        """The price at which shares trade now."""
        chain = self.fresh(symbol)
        if chain is not None and chain.spot_cents > 0:
            return self.spot(symbol)
        bar = self.bar(symbol)
        return bar.close if bar is not None and bar.day == self.day and math.isfinite(bar.close) else None

    def value(self, name: str) -> float | None:
        """The last known value of a series, unless it is too old."""
        known = [
            value
            for day, value, at in self.market.series(name)
            if at <= self.seconds and (self.day - day).days <= VALUE_STANDS_DAYS and math.isfinite(value)
        ]
        return known[-1] if known else None

    def rate(self) -> float | None:
        """The 3-month bill, continuously compounded."""
        if not self._rate:
            self._rate.append(self._bill())
        return self._rate[0]

    def _bill(self) -> float | None:
        for name in ("rate_3m", "DTB3", "IRX"):
            known = [
                value
                for day, value, at in self.market.series(name)
                if at <= self.seconds and (self.day - day).days <= RATE_STANDS_DAYS and math.isfinite(value)
            ]
            if known:
                return -math.log(1 - known[-1] / 100 * 91 / 360) * 365 / 91
        return None

    def dividends(self, symbol: str) -> list[tuple[date, float]]:
        """Ex-dates and amounts, declared by now."""
        return [
            (one.ex_date, one.amount)
            for one in self.market.source.dividends(symbol)
            if one.known_at <= self.seconds
        ]

    def events(self, kinds: set[str], days: int, symbol: str) -> list[CalendarEvent]:
        """Of the market and of a symbol, announced by now, from today on for some days."""
        last = self.day + timedelta(days=days)
        return [
            one
            for one in self.market.source.calendar_events()
            if one.kind in kinds
            and self.day <= one.day <= last
            and one.known_at <= self.seconds
            and one.symbol in {None, symbol}
        ]

    def splits(self, symbol: str) -> list[tuple[date, float]]:
        """Ex-dates and ratios, of the past and announced a week ahead."""
        last = self.day + timedelta(days=7)
        return [(one.ex_date, one.ratio) for one in self.market.source.splits(symbol) if one.ex_date <= last]

    def dividend_yield(self, symbol: str) -> float:
        """What a year up to the last ex-date paid, over the price; nothing when that was three years ago."""
        payer = PROXIES.get(symbol, symbol)
        price, paid = self.spot(payer), [one for one in self.dividends(payer) if one[0] <= self.day]
        if price is None or not paid or (self.day - paid[-1][0]).days > 3 * 365:
            return 0.0
        year = [amount for day, amount in paid if (paid[-1][0] - day).days <= 364]
        return math.log1p(sum(year) / price)

    def years_to(self, contract: OptionContract, since: datetime | None = None) -> float:
        """From an instant (now) to a contract's settlement."""
        left = self.calendar.settlement_at(contract) - (since or self.now)
        return left.total_seconds() / YEAR_SECONDS


def symbol_of(instrument: Instrument) -> str:
    """An instrument as the ledger writes it."""
    return instrument if isinstance(instrument, str) else f"{instrument.underlying}:{instrument.symbol}"


def short_symbol(instrument: Instrument) -> str:
    return instrument if isinstance(instrument, str) else instrument.symbol


def size_of(instrument: Instrument) -> int:
    """Shares in one of it."""
    return 1 if isinstance(instrument, str) else instrument.multiplier


def place_of(instrument: Instrument) -> tuple[object, ...]:
    """Where a leg stands in a structure: shares, then by expiration, root, right (calls first), strike."""
    if isinstance(instrument, str):
        return (0,)
    return (
        1,
        instrument.expiration,
        instrument.root_code,
        instrument.right.value,
        instrument.strike_milli,
    )
