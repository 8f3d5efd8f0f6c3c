"""The master data a client asks for: the clock, sessions, shares and option contracts."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, TypeVar

from strikewise.adapters.brokers.alpaca_server.refusals import not_found, unprocessable
from strikewise.adapters.brokers.alpaca_server.venue import Venue
from strikewise.adapters.brokers.alpaca_server.wire import asset_id, instrument_of, stamp, symbol_of
from strikewise.domain.chain import OptionChain
from strikewise.domain.errors import InstrumentError
from strikewise.domain.instruments import OptionContract, Right, Stock
from strikewise.market.calendar import NEW_YORK

__all__ = [
    "ContractFilter",
    "asset_bodies",
    "asset_body",
    "calendar_bodies",
    "clock_body",
    "contract_body",
    "contract_page",
    "day_of_text",
    "page_of",
]

T = TypeVar("T")

WEEKEND = 5
LARGEST_PAGE = 10_000


@dataclass(frozen=True, slots=True)
class ContractFilter:
    """Which contracts are asked for; empty or None asks for all."""

    underlyings: tuple[str, ...] = ()
    first: date | None = None
    last: date | None = None
    right: str = ""
    root: str = ""
    style: str = ""
    low: float | None = None
    high: float | None = None

    def lets(self, one: OptionContract) -> bool:
        """Return whether a contract is asked for."""
        return (
            (self.first is None or one.expiration >= self.first)
            and (self.last is None or one.expiration <= self.last)
            and (not self.right or self.right == _right(one))
            and (not self.root or self.root == one.root.root)
            and (not self.style or self.style == one.root.style.value)
            and (self.low is None or one.strike >= self.low)
            and (self.high is None or one.strike <= self.high)
        )


def clock_body(venue: Venue) -> dict[str, Any]:
    """Return the time here, and when the session opens and closes next."""
    calendar, now = venue.calendar, venue.now
    day = calendar.day_of(now)
    opens = [calendar.session_open(one) for one in _sessions_from(venue, day)]
    closes = [calendar.session_close(one) for one in _sessions_from(venue, day)]
    return {
        "timestamp": stamp(now.astimezone(NEW_YORK)),
        "is_open": venue.is_open,
        "next_open": stamp(next(at for at in opens if at > now)),
        "next_close": stamp(next(at for at in closes if at > now)),
    }


def calendar_bodies(venue: Venue, start: date, end: date) -> list[dict[str, Any]]:
    """Return the sessions between two days, both included, in New York's hours."""
    calendar = venue.calendar
    return [
        {
            "date": day.isoformat(),
            "open": f"{calendar.session_open(day).astimezone(NEW_YORK):%H:%M}",
            "close": f"{calendar.session_close(day).astimezone(NEW_YORK):%H:%M}",
            "session_open": "0400",
            "session_close": "2000",
            "settlement_date": calendar.next_session(day).isoformat(),
        }
        for day in calendar.sessions(start, end)
    ]


def asset_bodies(venue: Venue) -> list[dict[str, Any]]:
    """Return all shares that can be traded."""
    return [_asset(venue, Stock(symbol)) for symbol in venue.view.stocks()]


def asset_body(venue: Venue, name: str) -> dict[str, Any]:
    """Return shares by symbol or identifier.

    Raises
    ------
    RefusedError
        If there are none.
    """
    for symbol in venue.view.stocks():
        if name in (symbol, asset_id(Stock(symbol))):
            return _asset(venue, Stock(symbol))
    raise not_found(f"asset not found for {name}")


def contract_body(venue: Venue, name: str) -> dict[str, Any]:
    """Return a contract by symbol or identifier.

    Raises
    ------
    RefusedError
        If there is none.
    """
    try:
        wanted = instrument_of(name)
    except InstrumentError:
        wanted = Stock(name)
    for chain in _chains(venue, ()):
        if isinstance(wanted, OptionContract):
            row = chain.find(wanted) if wanted.underlying == chain.underlying else None
            if row is not None:
                return _contract(chain, row)
            continue
        for row in range(len(chain)):
            if asset_id(chain.contract(row)) == name:
                return _contract(chain, row)
    raise not_found(f"contract {name} not found")


def contract_page(
    venue: Venue, wanted: ContractFilter, limit: int, token: str
) -> tuple[list[dict[str, Any]], str | None]:
    """Return contracts by underlying and key, and the token of the next page.

    Without a last day, those up to the next weekend are returned, as Alpaca does.

    Raises
    ------
    RefusedError
        If the page is none.
    """
    if not 1 <= limit <= LARGEST_PAGE:
        raise unprocessable(f"limit must be between 1 and {LARGEST_PAGE}")
    day = venue.view.day
    last = wanted.last or day + timedelta(days=(WEEKEND - day.weekday()) % 7)
    bounded = ContractFilter(
        wanted.underlyings,
        wanted.first or day,
        last,
        wanted.right,
        wanted.root,
        wanted.style,
        wanted.low,
        wanted.high,
    )
    found = [
        (chain, row)
        for chain in _chains(venue, wanted.underlyings)
        for row in range(len(chain))
        if bounded.lets(chain.contract(row))
    ]
    page, following = page_of(found, limit, token)
    return [_contract(chain, row) for chain, row in page], following


def page_of(items: list[T], limit: int, token: str) -> tuple[list[T], str | None]:
    """Return the page of a list that a token asks for, and the token of the next one.

    Raises
    ------
    RefusedError
        If the token is none of ours.
    """
    start = 0
    if token:
        try:
            start = int(base64.urlsafe_b64decode(token.encode()).decode())
        except ValueError:
            raise unprocessable("invalid page_token") from None
    end = start + limit
    following = base64.urlsafe_b64encode(str(end).encode()).decode() if end < len(items) else None
    return items[start:end], following


def _chains(venue: Venue, underlyings: tuple[str, ...]) -> Iterator[OptionChain]:
    for underlying in underlyings or venue.view.underlyings():
        chain = venue.view.chain(underlying)
        if chain is not None:
            yield chain


def _sessions_from(venue: Venue, day: date) -> list[date]:
    return venue.calendar.sessions(day, day + timedelta(days=14))


def _right(one: OptionContract) -> str:
    return "call" if one.right is Right.CALL else "put"


def _asset(venue: Venue, one: Stock) -> dict[str, Any]:
    return {
        "id": asset_id(one),
        "class": "us_equity",
        "exchange": "ARCA",
        "symbol": one.symbol,
        "name": one.symbol,
        "status": "active",
        "tradable": True,
        "marginable": True,
        "shortable": True,
        "easy_to_borrow": True,
        "borrow_status": "easy_to_borrow",
        "fractionable": False,
        "attributes": ["has_options"] if one.symbol in venue.view.underlyings() else [],
    }


def _contract(chain: OptionChain, row: int) -> dict[str, Any]:
    one = chain.contract(row)
    words = f"{one.expiration:%b %d %Y} {one.strike:g} {_right(one).capitalize()}"
    body = {
        "id": asset_id(one),
        "symbol": symbol_of(one),
        "name": f"{one.underlying} {words}",
        "status": "active",
        "tradable": True,
        "expiration_date": one.expiration.isoformat(),
        "root_symbol": one.root.root,
        "underlying_symbol": one.underlying,
        "underlying_asset_id": asset_id(Stock(one.underlying)),
        "type": _right(one),
        "style": one.root.style.value,
        "strike_price": f"{one.strike:g}",
        "multiplier": str(one.multiplier),
        "size": str(one.multiplier),
    }
    open_interest = int(chain.open_interest[row])
    if open_interest >= 0:
        body["open_interest"] = str(open_interest)
        body["open_interest_date"] = chain.as_of.astimezone(NEW_YORK).date().isoformat()
    return body


def day_of_text(text: str) -> date:
    """Read a day, of an instant too.

    Raises
    ------
    RefusedError
        If it is none.
    """
    try:
        return datetime.fromisoformat(text).date()
    except ValueError:
        raise unprocessable(f"invalid date: {text}") from None
