"""Cboe's delayed quotes: whole chains as JSON, from a saved file or, where the user opted in, over HTTP.

The vendor's traps: a body of yesterday can come under a fresh ``timestamp``, so time is told by the
underlying's ``last_trade_time`` (New York); roots SPX and SPXW share expirations; a volatility of 0 means
there is none.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import numpy as np
import polars as pl
from numpy.typing import NDArray

from strikewise.adapters.feeds.addresses import CBOE_URL
from strikewise.adapters.feeds.chain_build import chains_of, load_rows
from strikewise.adapters.feeds.chain_rows import SCHEMA, VendorRows, sound_rows
from strikewise.adapters.feeds.conditions import Conditions
from strikewise.adapters.feeds.context import Format, ImportContext
from strikewise.adapters.feeds.report import Tally
from strikewise.adapters.feeds.tables import ROW, Sample, read_json
from strikewise.domain.chain import OptionChain
from strikewise.domain.errors import DataError, ImportRefusedError
from strikewise.domain.instruments import INDEX_ROOTS, option_roots
from strikewise.domain.quotes import CalendarEvent, DailyBars, Dividend, Series, Split
from strikewise.market.calendar import SessionCalendar
from strikewise.market.clock import Clock
from strikewise.market.memory_source import MemorySource
from strikewise.market.source import MarketSource

__all__ = ["FORMAT", "MIN_INTERVAL", "CboeClient", "CboeFeed", "CboeQuotes", "read_quotes"]

NEW_YORK = ZoneInfo("America/New_York")
OPTION = re.compile(r"([A-Z.]+\d?)(\d{6})([CP])(\d{8})")
"""Root, expiration, side, strike; the root of an adjusted contract ends in a digit."""
DELAY = timedelta(minutes=15)
"""How long after the fact the vendor shows a quote."""
MIN_INTERVAL = timedelta(seconds=60)
"""No symbol is asked for more often."""
MOST_PATIENCE = 10
"""After failures in a row a symbol is asked for up to so many times less often."""
CHAINS_HELD = 64
"""Chains of an underlying that stay held; the oldest go first."""
_FIELDS: dict[str, tuple[type, ...]] = {
    "bid": (int, float),
    "ask": (int, float),
    "iv": (int, float),
    "open_interest": (int, float),
    "volume": (int, float),
    "delta": (int, float),
}


@dataclass(frozen=True, slots=True, eq=False)
class CboeQuotes:
    """A chain as the vendor sent it.

    Attributes
    ----------
    underlying : str
        The underlying's symbol, without the vendor's underscore.
    last_trade : datetime
        When the underlying last traded, UTC: the instant the quotes belong to.
    rows : polars.DataFrame
        Options in the columns of `strikewise.adapters.feeds.chain_rows.SCHEMA`, without instants.
    """

    underlying: str
    last_trade: datetime
    rows: pl.DataFrame

    def placed(self, calendar: SessionCalendar) -> VendorRows:
        """Return the rows with their instants.

        Quotes of a session that is over belong to its close, as all end-of-day chains do. Those of a
        running session belong to the instant at which they are shown, `DELAY` after the last trade:
        nobody could have acted on them before. Before the session opens options do not trade: what is
        shown then belongs to the last trade, and is no quote of the session whenever it is looked at.
        """
        day = self.last_trade.astimezone(NEW_YORK).date()
        frame = self.rows.with_columns(pl.lit(day, dtype=pl.Date).alias("day"))
        shown = self.last_trade + DELAY
        if calendar.is_session(day) and shown < calendar.session_close(day):
            taken = shown if self.last_trade >= calendar.session_open(day) else self.last_trade
            frame = frame.with_columns(
                as_of=pl.lit(int(taken.timestamp()), dtype=pl.Int64),
                known_at=pl.lit(int(shown.timestamp()), dtype=pl.Int64),
            )
        return VendorRows(self.underlying, frame, "cboe")


def read_quotes(said: Any, path: Path) -> CboeQuotes:
    """Read the vendor's JSON.

    Parameters
    ----------
    said : object
        The parsed JSON.
    path : Path
        Where it came from, for errors.

    Raises
    ------
    ImportRefusedError
        If it is not of the vendor's form; rows are the positions in ``options``, from 1.
    """
    data = said.get("data") if isinstance(said, dict) else None
    if not isinstance(data, dict) or not isinstance(data.get("options"), list):
        raise ImportRefusedError(path, "there is no 'data' with 'options'.")
    underlying = str(data.get("symbol") or said.get("symbol") or "").lstrip("_^")
    if not underlying:
        raise ImportRefusedError(path, "the chain does not say whose it is.", column="symbol")
    # No option symbol has the dot that a stock's may have.
    codes = {one.root.replace(".", ""): code for code, one in enumerate(option_roots(underlying))}
    rows = [_option(path, number, one, codes) for number, one in enumerate(data["options"], 1)]
    spot = data.get("current_price")
    frame = pl.DataFrame(rows, schema={name: SCHEMA[name] for name in _COLUMNS}, orient="row").with_columns(
        spot=pl.lit(float(spot) if isinstance(spot, int | float) and spot > 0 else None, dtype=pl.Float64)
    )
    return CboeQuotes(underlying, _last_trade(path, data.get("last_trade_time")), frame)


_COLUMNS = (
    *(ROW, "expiration", "root", "is_put", "strike", "bid", "ask"),
    *("volume", "open_interest", "vendor_iv", "vendor_delta"),
)


def _option(path: Path, number: int, said: Any, codes: dict[str, int]) -> tuple[Any, ...]:
    if not isinstance(said, dict):
        raise ImportRefusedError(path, f"an option must be an object, was {said!r}.", row=number)
    symbol = OPTION.fullmatch(str(said.get("option")))
    if symbol is None:
        raise ImportRefusedError(
            path, f"{said.get('option')!r} is no option symbol.", row=number, column="option"
        )
    for name, kinds in _FIELDS.items():
        value = said.get(name)
        if value is not None and (not isinstance(value, kinds) or isinstance(value, bool)):
            raise ImportRefusedError(path, f"{value!r} is no number.", row=number, column=name)
    try:
        expiration = datetime.strptime(symbol[2], "%y%m%d").replace(tzinfo=UTC).date()
    except ValueError as error:
        raise ImportRefusedError(path, f"{symbol[0]!r} has no date.", row=number, column="option") from error
    iv, delta = said.get("iv"), said.get("delta")
    # A root that is not one of the underlying's is an adjusted contract: it has no code, and is rejected.
    return (
        number,
        expiration,
        codes.get(symbol[1].replace(".", ""), -1),
        symbol[3] == "P",
        int(symbol[4]) / 1000,
        said.get("bid"),
        said.get("ask"),
        _count(said.get("volume")),
        _count(said.get("open_interest")),
        iv or None,
        delta if iv else None,
    )


def _count(value: float | None) -> int | None:
    return None if value is None else int(value)


def _last_trade(path: Path, said: Any) -> datetime:
    try:
        return datetime.fromisoformat(str(said)).replace(tzinfo=NEW_YORK).astimezone(UTC)
    except ValueError as error:
        raise ImportRefusedError(
            path, f"{said!r} is no time, so how old the quotes are cannot be told.", column="last_trade_time"
        ) from error


def load(path: Path, context: ImportContext) -> None:
    """Import one saved answer."""
    quotes = read_quotes(read_json(path), path)
    if context.underlying not in {None, quotes.underlying}:
        raise ImportRefusedError(
            path, f"the chain is of {quotes.underlying}, not of {context.underlying}.", column="symbol"
        )
    load_rows(path, quotes.placed(context.calendar), context)


class CboeClient:
    """The vendor's delayed quotes over HTTP, for a user who opted in.

    The vendor's terms forbid automated commercial use. A symbol is asked for at most once in `seconds`,
    whether it was answered or not; after failures in a row less and less often, and never before a vendor
    that says when to come again wants it.

    Parameters
    ----------
    clock : Clock
        The time.
    seconds : int
        Seconds between two requests for a symbol, at least 60.
    client : httpx.Client, optional
        The HTTP client; one of its own with a timeout of 10 s if None.
    url : str
        Address with ``{symbol}``.
    """

    def __init__(
        self, clock: Clock, *, seconds: int = 60, client: httpx.Client | None = None, url: str = CBOE_URL
    ) -> None:
        self._clock = clock
        self._interval = max(MIN_INTERVAL, timedelta(seconds=seconds))
        self._client = client or httpx.Client(timeout=10.0, headers={"User-Agent": "strikewise"})
        self._url = url
        self._due: dict[str, datetime] = {}
        self._failures: dict[str, int] = {}

    def is_due(self, underlying: str) -> bool:
        """Return whether a symbol may be asked for."""
        due = self._due.get(underlying)
        return due is None or self._clock.now() >= due

    def put_off(self, underlying: str) -> None:
        """Take a symbol for one that was asked for in vain: the vendor cannot be reached now."""
        before = self._failures.get(underlying, 0)
        self._failures[underlying] = before + 1
        self._due[underlying] = self._asked_at() + self._interval * min(1 << min(before, 8), MOST_PATIENCE)

    def quotes(self, underlying: str) -> CboeQuotes:
        """Ask for the newest chain of an underlying.

        Raises
        ------
        DataError
            If the vendor cannot be reached, or answers with an error or for another symbol.
        ImportRefusedError
            If the answer is not of the vendor's form.
        """
        symbol = f"_{underlying}" if underlying in INDEX_ROOTS else underlying
        address = self._url.format(symbol=symbol)
        due = self._asked_at() + self._interval
        self.put_off(underlying)  # until it is known to have gone well
        try:
            response = self._client.get(address)
            response.raise_for_status()
            quotes = read_quotes(json.loads(response.content), Path(f"{symbol}.json"))
        except httpx.HTTPStatusError as error:
            self._due[underlying] = max(self._due[underlying], self._clock.now() + _wanted(error.response))
            raise DataError(_vain(underlying, address, error)) from error
        except httpx.HTTPError as error:
            raise DataError(_vain(underlying, address, error)) from error
        except ValueError as error:
            raise DataError(f"Cboe's quotes of {underlying} came as no whole JSON: {error}") from error
        if quotes.underlying.replace(".", "") != underlying.replace(".", ""):
            raise DataError(f"Cboe was asked for {underlying} and sent {quotes.underlying}.")
        self._failures[underlying], self._due[underlying] = 0, due
        return quotes

    def _asked_at(self) -> datetime:
        """Return the whole second: whoever asks every minute is a little early now and then."""
        return self._clock.now().replace(microsecond=0)


def _wanted(response: httpx.Response) -> timedelta:
    """Return how long the vendor wants to be left alone; nothing where it does not say."""
    said = response.headers.get("Retry-After", "")
    return timedelta(seconds=min(int(said), 3600)) if said.isascii() and said.isdigit() else timedelta(0)


def _vain(underlying: str, address: str, error: httpx.HTTPError) -> str:
    said = str(error).partition("\n")[0] or type(error).__name__
    return f"Cboe's quotes of {underlying} could not be fetched from {address}: {said}"


class CboeFeed:
    """Delayed quotes as a market source that arrives: chains from the vendor, everything else from a base.

    `refresh` asks; every other method only shows what has arrived. A chain that arrived stays held, so that
    a view of an earlier instant sees what was known then.

    Parameters
    ----------
    underlyings : sequence of str
        What is asked for.
    clock : Clock
        The time.
    calendar : SessionCalendar
        The sessions.
    seconds : int
        Seconds between two requests for a symbol, at least 60.
    base : MarketSource, optional
        Where bars, series, dividends and events come from; nowhere if None.
    client : httpx.Client, optional
        The HTTP client.
    url : str
        Address with ``{symbol}``.
    """

    def __init__(
        self,
        underlyings: Sequence[str],
        *,
        clock: Clock,
        calendar: SessionCalendar,
        seconds: int = 60,
        base: MarketSource | None = None,
        client: httpx.Client | None = None,
        url: str = CBOE_URL,
    ) -> None:
        self._underlyings = tuple(sorted(set(underlyings)))
        self._calendar = calendar
        self._base: MarketSource = MemorySource() if base is None else base
        self._conditions = Conditions(self._base, calendar)
        self._client = CboeClient(clock, seconds=seconds, client=client, url=url)
        self._held: dict[str, list[OptionChain]] = {name: [] for name in self._underlyings}
        self._problems: dict[str, str] = {}

    def refresh(self) -> None:
        """Ask for what is due; what cannot be had is named by `problems`, and what is held stays."""
        cut_off = ""
        for name in self._underlyings:
            if not self._client.is_due(name):
                continue
            if cut_off:
                self._client.put_off(name)
                self._problems[name] = cut_off
                continue
            try:
                self._take(name, self._client.quotes(name))
            except DataError as error:
                self._problems[name] = str(error)
                # Whoever cannot be reached for one symbol need not be waited for with the next.
                cut_off = str(error) if isinstance(error.__cause__, httpx.TransportError) else ""
            else:
                self._problems.pop(name, None)

    def problems(self) -> Mapping[str, str]:
        """Return why an underlying's last request failed; what is not named arrived."""
        return dict(self._problems)

    def underlyings(self) -> Sequence[str]:
        """Return the symbols that are asked for, sorted."""
        return self._underlyings

    def snapshots(self, underlying: str) -> NDArray[np.int64]:
        """Return the instants of the chains that arrived."""
        held = self._held.get(underlying, [])
        return np.array([int(one.as_of.timestamp()) for one in held], dtype=np.int64)

    def chain(self, underlying: str, as_of: datetime) -> OptionChain | None:
        """Return the latest chain taken and known at or before an instant, or None where there is none."""
        held = self._held.get(underlying, [])
        return next((one for one in reversed(held) if max(one.as_of, one.known_at) <= as_of), None)

    def symbols(self) -> Sequence[str]:
        """Return the symbols of which the base has daily bars, sorted."""
        return self._base.symbols()

    def bars(self, symbol: str) -> DailyBars | None:
        """Return the base's daily bars of a symbol."""
        return self._base.bars(symbol)

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

    def _take(self, underlying: str, quotes: CboeQuotes) -> None:
        """Hold a chain that is newer than what is held: an old body under a fresh stamp is none."""
        held, rows, tally = self._held[underlying], quotes.placed(self._calendar), Tally()
        frame = sound_rows(Path(f"{underlying}.json"), rows, self._calendar, tally)
        for chain in chains_of(rows, frame, self._conditions, tally):
            if not held or chain.as_of > held[-1].as_of:
                held.append(chain)
        del held[:-CHAINS_HELD]


def _recognises(sample: Sample) -> bool:
    return sample.form == "json" and "data" in sample.columns and "timestamp" in sample.columns


FORMAT = Format("cboe", 10, _recognises, load)
