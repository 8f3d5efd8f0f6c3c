"""Alpaca's option and stock data as a market source that arrives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from strikewise.adapters.brokers.alpaca_pace import A_MINUTE, Pace, RealTime, Timer
from strikewise.adapters.brokers.alpaca_symbols import Symbols
from strikewise.adapters.brokers.alpaca_wire import AlpacaWire, Answered, words_of
from strikewise.adapters.feeds.alpaca_rows import bars_after, joined, open_interest_of, option_rows, spot_of
from strikewise.adapters.feeds.chain_build import chains_of
from strikewise.adapters.feeds.chain_rows import VendorRows, sound_rows
from strikewise.adapters.feeds.conditions import Conditions
from strikewise.adapters.feeds.report import Tally
from strikewise.domain.chain import OptionChain
from strikewise.domain.errors import DataError
from strikewise.domain.instruments import date_of
from strikewise.domain.quotes import CalendarEvent, DailyBars, Dividend, Grade, Series, Split
from strikewise.market.calendar import SessionCalendar
from strikewise.market.clock import Clock
from strikewise.market.memory_source import MemorySource
from strikewise.market.source import MarketSource

__all__ = ["AlpacaData", "AlpacaFeed", "OptionFeed", "StockFeed"]

OptionFeed = Literal["opra", "indicative"]
StockFeed = Literal["sip", "iex", "delayed_sip"]
GRADES: dict[OptionFeed, Grade] = {"opra": Grade.QUOTES, "indicative": Grade.INDICATIVE}
MOST_PAGES = 100
CHAINS_HELD = 64
"""Chains of an underlying that stay held; the oldest go first."""
BARS_LATE = timedelta(minutes=16)
"""How long after a close all exchanges' bars may be asked for without a subscription."""


class AlpacaData:
    """The vendor's interfaces for data; what does not come whole does not come at all.

    Parameters
    ----------
    key, secret : str
        The key.
    url : str
        Address of the interfaces for data, without the version.
    clock : Clock
        The time.
    options, stocks : str
        The vendor's feeds.
    trading_url : str
        Address of the trading interface, which alone knows open interest; empty leaves it unknown.
    timer : Timer, optional
        Durations; those of the real world if None.
    """

    def __init__(
        self,
        key: str,
        secret: str,
        url: str,
        *,
        clock: Clock,
        options: OptionFeed,
        stocks: StockFeed,
        trading_url: str = "",
        timer: Timer | None = None,
    ) -> None:
        timer = timer or RealTime()
        pace = Pace(timer, A_MINUTE)
        self._feed, self._stocks_feed = options, stocks
        self._options = AlpacaWire("options", key, secret, url, clock=clock, timer=timer, pace=pace)
        self._stocks = AlpacaWire("stocks", key, secret, url, clock=clock, timer=timer, pace=pace)
        self._trading = (
            AlpacaWire(
                "trading", key, secret, trading_url, clock=clock, timer=timer, pace=Pace(timer, A_MINUTE // 2)
            )
            if trading_url
            else None
        )

    def close(self) -> None:
        """Let go of connections."""
        for wire in (self._options, self._stocks, self._trading):
            if wire is not None:
                wire.close()

    def snapshots(self, underlying: str, last: date) -> dict[str, Any]:
        """Return the snapshots of all options that expire up to a day, by symbol.

        Raises
        ------
        DataError
            If a page cannot be had.
        """
        asked = {"feed": self._feed, "limit": 1000, "expiration_date_lte": last.isoformat()}
        found: dict[str, Any] = {}
        for page in _pages(self._options, f"/options/snapshots/{underlying}", asked):
            found |= _named(page, "snapshots")
        return found

    def spots(self, symbols: Sequence[str]) -> dict[str, float]:
        """Return the prices of stocks; those that have none are left out.

        Raises
        ------
        DataError
            If they cannot be had.
        """
        asked = {"symbols": ",".join(symbols), "feed": self._stocks_feed}
        said = _got(self._stocks, "/stocks/snapshots", asked)
        found = _named(said, "snapshots") if "snapshots" in said else said
        return {name: spot for name in symbols if (spot := spot_of(found.get(name))) is not None}

    def daily_bars(self, symbol: str, first: date, until: datetime) -> list[Any]:
        """Return the daily bars of a stock that began by an instant, as traded on all exchanges.

        Raises
        ------
        DataError
            If a page cannot be had.
        """
        asked = {
            "symbols": symbol,
            "timeframe": "1Day",
            "adjustment": "raw",
            "feed": "sip",
            "limit": 10_000,
            "start": f"{first.isoformat()}T00:00:00Z",
            "end": until.isoformat().replace("+00:00", "Z"),
        }
        rows: list[Any] = []
        for page in _pages(self._stocks, "/stocks/bars", asked):
            rows += _named(page, "bars").get(symbol) or []
        return rows

    def open_interest(self, underlying: str, last: date) -> dict[str, int]:
        """Return the open interest of options that expire up to a day, by symbol; empty if never asked.

        Raises
        ------
        DataError
            If a page cannot be had.
        """
        if self._trading is None:
            return {}
        asked = {
            "underlying_symbols": underlying,
            "limit": 10_000,
            "expiration_date_lte": last.isoformat(),
        }
        found: dict[str, int] = {}
        for page in _pages(self._trading, "/options/contracts", asked):
            found |= open_interest_of(page.get("option_contracts") or [])
        return found


@dataclass(slots=True)
class _Held:
    """What is held of an underlying."""

    chains: list[OptionChain]
    asked_at: datetime | None = None
    newest: datetime | None = None
    interest: dict[str, int] = field(default_factory=dict)
    interest_day: date | None = None


class AlpacaFeed:
    """Alpaca's data as a market source: chains and new daily bars from the vendor, the rest from a base.

    `refresh` asks; every other method only shows what has arrived. A chain that arrived stays held, so that
    a view of an earlier instant sees what was known then.

    Parameters
    ----------
    data : AlpacaData
        The vendor.
    underlyings : sequence of str
        What is asked for.
    options : {"opra", "indicative"}
        The vendor's feed of options, as `data` asks for it; that of quotes it made itself is graded so.
    clock : Clock
        The time.
    calendar : SessionCalendar
        The sessions.
    base : MarketSource, optional
        Where bars, series, dividends and events come from; nowhere if None.
    seconds : int
        Seconds between two requests for a chain.
    horizon_days : int
        How far off the options asked for expire.
    """

    def __init__(
        self,
        data: AlpacaData,
        underlyings: Sequence[str],
        *,
        options: OptionFeed,
        clock: Clock,
        calendar: SessionCalendar,
        base: MarketSource | None = None,
        seconds: int = 60,
        horizon_days: int = 120,
    ) -> None:
        self._data, self._clock, self._calendar = data, clock, calendar
        self._underlyings, self._grade = tuple(sorted(underlyings)), GRADES[options]
        self._base: MarketSource = MemorySource() if base is None else base
        self._conditions = Conditions(self._base, calendar)
        self._interval, self._horizon = timedelta(seconds=seconds), timedelta(days=horizon_days)
        self._symbols = Symbols(self._underlyings)
        self._held = {name: _Held([]) for name in self._underlyings}
        self._bars: dict[str, DailyBars | None] = {}
        self._bars_day: dict[str, date] = {}
        self._problems: dict[str, str] = {}

    def refresh(self) -> None:
        """Ask for what is due; what cannot be had is named by `problems`, and what is held stays."""
        now = self._clock.now()
        due = [name for name in self._underlyings if self._is_due(self._held[name], now)]
        if not due:
            return
        try:
            spots = self._data.spots(due)
        except DataError as error:
            self._problems |= dict.fromkeys(due, str(error))
            return
        for name in due:
            try:
                self._fetch_bars(name, now)
                self._fetch_chain(name, now, spots.get(name))
            except DataError as error:
                self._problems[name] = str(error)
            else:
                self._problems.pop(name, None)

    def problems(self) -> Mapping[str, str]:
        """Return why an underlying's last request failed; what is not named arrived."""
        return dict(self._problems)

    def age(self, underlying: str) -> timedelta | None:
        """Return how old the newest quote of an underlying's options is; None where none arrived."""
        held = self._held.get(underlying)
        return None if held is None or held.newest is None else self._clock.now() - held.newest

    def underlyings(self) -> Sequence[str]:
        """Return the symbols that are asked for, sorted."""
        return self._underlyings

    def snapshots(self, underlying: str) -> NDArray[np.int64]:
        """Return the instants of the chains that arrived."""
        return np.array([int(one.as_of.timestamp()) for one in self._chains(underlying)], dtype=np.int64)

    def chain(self, underlying: str, as_of: datetime) -> OptionChain | None:
        """Return the latest chain taken and known at or before an instant, or None where there is none."""
        held = self._chains(underlying)
        return next((one for one in reversed(held) if max(one.as_of, one.known_at) <= as_of), None)

    def symbols(self) -> Sequence[str]:
        """Return the symbols that have daily bars, sorted."""
        arrived = {name for name, bars in self._bars.items() if bars is not None}
        return sorted(arrived | set(self._base.symbols()))

    def bars(self, symbol: str) -> DailyBars | None:
        """Return the base's daily bars of a symbol, and those of sessions since."""
        held = self._bars.get(symbol)
        return self._base.bars(symbol) if held is None else held

    def series(self, name: str) -> Series | None:
        """Return the base's series."""
        return self._base.series(name)

    def dividends(self, symbol: str) -> Sequence[Dividend]:
        """Return the base's dividends of a symbol."""
        return self._base.dividends(symbol)

    def splits(self, symbol: str) -> Sequence[Split]:
        """Return the base's splits of a symbol."""
        return self._base.splits(symbol)

    def calendar_events(self) -> Sequence[CalendarEvent]:
        """Return the base's scheduled events."""
        return self._base.calendar_events()

    def _chains(self, underlying: str) -> list[OptionChain]:
        held = self._held.get(underlying)
        return [] if held is None else held.chains

    def _is_due(self, held: _Held, now: datetime) -> bool:
        return held.asked_at is None or now - held.asked_at >= self._interval

    def _fetch_chain(self, name: str, now: datetime, spot: float | None) -> None:
        held, today = self._held[name], self._calendar.day_of(now)
        held.asked_at, last = now, today + self._horizon
        if held.interest_day != today:
            held.interest, held.interest_day = self._data.open_interest(name, last), today
        frame, newest = option_rows(self._data.snapshots(name, last), name, self._symbols, held.interest)
        if newest is None:
            raise DataError(f"Alpaca sent {len(frame)} options of {name} and no quote of any.")
        held.newest = max(newest, held.newest or newest)
        rows = VendorRows(name, self._placed(frame, min(newest, now), now, spot), "alpaca", self._grade)
        tally = Tally()
        sound = sound_rows(Path(f"{name}.json"), rows, self._calendar, tally)
        for chain in chains_of(rows, sound, self._conditions, tally):
            if not held.chains or chain.as_of > held.chains[-1].as_of:
                held.chains.append(chain)
        del held.chains[:-CHAINS_HELD]

    def _placed(
        self, frame: pl.DataFrame, newest: datetime, now: datetime, spot: float | None
    ) -> pl.DataFrame:
        """Put quotes at the instant of the newest; those of a session that is over at its close."""
        day = self._calendar.day_of(newest)
        over = self._calendar.is_session(day) and newest >= self._calendar.session_close(day)
        return frame.with_columns(
            day=pl.lit(day, dtype=pl.Date),
            as_of=pl.lit(None if over else int(newest.timestamp()), dtype=pl.Int64),
            known_at=pl.lit(int(now.timestamp()), dtype=pl.Int64),
            spot=pl.lit(spot, dtype=pl.Float64),
        )

    def _fetch_bars(self, name: str, now: datetime) -> None:
        """Ask for the sessions since the base's last bar, once after each close."""
        ended = self._calendar.session_at_or_before(self._calendar.day_of(now))
        if self._calendar.session_close(ended) + BARS_LATE > now:
            ended = self._calendar.previous_session(ended)
        base = self._base.bars(name)
        if self._bars_day.get(name) == ended:
            return
        first = ended - timedelta(days=400)
        if base is not None and len(base):
            first = date_of(int(base.days[-1]) + 1)
        if first <= ended:
            rows = self._data.daily_bars(name, first, self._calendar.session_close(ended))
            new = bars_after(rows, name, self._calendar, now)
            self._bars[name] = joined(base, new) if len(new) else base
        self._bars_day[name] = ended


def _pages(wire: AlpacaWire, path: str, asked: dict[str, Any]) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = []
    token: Any = None
    for _ in range(MOST_PAGES):
        page = _got(wire, path, asked if token is None else asked | {"page_token": token})
        found.append(page)
        token = page.get("next_page_token")
        if not token:
            return found
    raise DataError(f"Alpaca's {path} does not end after {MOST_PAGES} pages.")


def _got(wire: AlpacaWire, path: str, asked: dict[str, Any]) -> Mapping[str, Any]:
    said = wire.call("GET", path, asked)
    if not isinstance(said, Answered):
        raise DataError(f"Alpaca's data could not be had: {said.reason}.")
    if said.status != 200 or not isinstance(said.body, Mapping):
        raise DataError(f"Alpaca answered {path} with {said.status}: {words_of(said.body)}.")
    return said.body


def _named(page: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = page.get(name)
    if not isinstance(part, Mapping):
        raise DataError(f"Alpaca's answer has no {name!r}.")
    return part
