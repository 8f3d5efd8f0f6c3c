"""Alpaca's option snapshots, contracts, stock snapshots and daily bars, translated.

The vendor leaves greeks and volatilities out where a contract trades little; here they are always recomputed.
A side that nobody quotes comes as 0: a bid of 0 beside an ask is a known one, anything else is missing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from strikewise.adapters.brokers.alpaca_answers import instant
from strikewise.adapters.brokers.alpaca_symbols import Symbols
from strikewise.adapters.feeds.chain_rows import SCHEMA
from strikewise.adapters.feeds.tables import ROW
from strikewise.domain.errors import InstrumentError
from strikewise.domain.instruments import OptionContract, Right, days_of
from strikewise.domain.quotes import DailyBars
from strikewise.market.calendar import NEW_YORK, SessionCalendar

__all__ = ["bars_after", "joined", "open_interest_of", "option_rows", "spot_of"]

COLUMNS = (
    *(ROW, "expiration", "root", "is_put", "strike", "bid", "ask"),
    *("volume", "open_interest", "vendor_iv", "vendor_delta"),
)
WIDEST = 0.005
"""Of its middle; a stock's quote that is wider tells less than its last trade."""


def option_rows(
    snapshots: Mapping[str, Any], underlying: str, symbols: Symbols, interest: Mapping[str, int]
) -> tuple[pl.DataFrame, datetime | None]:
    """Translate snapshots into the columns of a chain, without instants, and say when the newest quote was.

    Parameters
    ----------
    snapshots : mapping
        The vendor's, by option symbol. What is no contract of the underlying is left out.
    underlying : str
        Whose they are.
    symbols : Symbols
        How instruments are written.
    interest : mapping of str to int
        Open interest by option symbol, where it is known.
    """
    found = {name: one for name, one in snapshots.items() if isinstance(one, Mapping)}
    times = [
        at for one in found.values() if (at := instant(str(_part(one, "latestQuote").get("t")))) is not None
    ]
    newest = max(times, default=None)
    rows = []
    for number, (name, said) in enumerate(sorted(found.items()), 1):
        contract = _contract(name, symbols)
        if contract is None or contract.underlying != underlying:
            continue
        quote, greeks = _part(said, "latestQuote"), _part(said, "greeks")
        bid, ask = _price(quote.get("bp")), _price(quote.get("ap"))
        volatility = _price(said.get("impliedVolatility")) or None
        rows.append(
            (
                number,
                contract.expiration,
                contract.root_code,
                contract.right is Right.PUT,
                contract.strike,
                bid if ask else bid or None,
                ask or None,
                _volume(_part(said, "dailyBar"), newest),
                interest.get(name),
                volatility,
                _number(greeks.get("delta")) if volatility else None,
            )
        )
    return pl.DataFrame(rows, schema={name: SCHEMA[name] for name in COLUMNS}, orient="row"), newest


def open_interest_of(contracts: Iterable[Any]) -> dict[str, int]:
    """Return open interest by option symbol; a contract that has none told is left out."""
    found = {}
    for one in contracts:
        if isinstance(one, Mapping) and str(one.get("open_interest", "")).isdigit():
            found[str(one.get("symbol"))] = int(one["open_interest"])
    return found


def spot_of(snapshot: Any) -> float | None:
    """Return the price of a stock: the middle of its quote, of a wide or one-sided quote the last trade."""
    if not isinstance(snapshot, Mapping):
        return None
    quote = _part(snapshot, "latestQuote")
    bid, ask = _price(quote.get("bp")), _price(quote.get("ap"))
    if bid and ask and bid <= ask <= bid * (1 + WIDEST):
        return (bid + ask) / 2
    return _price(_part(snapshot, "latestTrade").get("p")) or None


def bars_after(rows: Iterable[Any], symbol: str, calendar: SessionCalendar, until: datetime) -> DailyBars:
    """Return the daily bars of sessions that had ended at an instant, oldest first.

    Parameters
    ----------
    rows : iterable
        The vendor's bars; what is none is left out.
    symbol : str
        Whose they are.
    calendar : SessionCalendar
        The sessions.
    until : datetime
        The instant.
    """
    found: dict[int, tuple[list[float], int]] = {}
    for one in rows:
        at = instant(str(one.get("t"))) if isinstance(one, Mapping) else None
        if at is None or not calendar.is_session(day := at.astimezone(NEW_YORK).date()):
            continue
        close = calendar.session_close(day)
        values = [_number(one.get(name)) for name in "ohlcv"]
        if close <= until and (values[3] or 0) > 0:
            numbers = [np.nan if value is None else value for value in values]
            found[days_of(day)] = (numbers, int(close.timestamp()))
    days = sorted(found)
    prices = np.array([found[day][0] for day in days], dtype=np.float64).reshape(-1, 5).T
    opened, high, low, closed, volume = prices
    known = np.array([found[day][1] for day in days], dtype=np.int64)
    return DailyBars(symbol, np.array(days, dtype=np.int32), opened, high, low, closed, volume, known)


def joined(before: DailyBars | None, after: DailyBars) -> DailyBars:
    """Return bars with those of later sessions behind them."""
    if before is None or not len(before):
        return after
    new = after.days > before.days[-1]

    def column(name: str) -> NDArray[Any]:
        return np.concatenate([getattr(before, name), getattr(after, name)[new]])

    prices = {name: column(name) for name in ("open", "high", "low", "close", "volume")}
    return DailyBars(before.symbol, days=column("days"), known_at=column("known_at"), **prices)


def _contract(name: str, symbols: Symbols) -> OptionContract | None:
    try:
        found = symbols.read(name)
    except InstrumentError:
        return None
    return found if isinstance(found, OptionContract) else None


def _volume(bar: Mapping[str, Any], newest: datetime | None) -> int | None:
    """Return the day's volume; a bar of another day says nothing of this one."""
    at = instant(str(bar.get("t")))
    traded = _number(bar.get("v"))
    if at is None or newest is None or traded is None:
        return None
    return int(traded) if at.astimezone(NEW_YORK).date() == newest.astimezone(NEW_YORK).date() else None


def _part(said: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = said.get(name)
    return part if isinstance(part, Mapping) else {}


def _price(value: Any) -> float | None:
    number = _number(value)
    return number if number is not None and number >= 0 else None


def _number(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if np.isfinite(number) else None
