"""How the account, what it holds and its orders are written."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from decimal import Decimal
from typing import Any

from strikewise.adapters.brokers.alpaca_server.book import Lot
from strikewise.adapters.brokers.alpaca_server.checks import Standing, held_back
from strikewise.adapters.brokers.alpaca_server.order_bodies import order_body
from strikewise.adapters.brokers.alpaca_server.refusals import not_found, unprocessable
from strikewise.adapters.brokers.alpaca_server.tickets import Ticket
from strikewise.adapters.brokers.alpaca_server.venue import Venue
from strikewise.adapters.brokers.alpaca_server.wire import (
    asset_class,
    asset_id,
    dollars,
    price,
    stamp,
    symbol_of,
    written,
)
from strikewise.domain.instruments import Instrument, Stock

__all__ = ["account_body", "order_bodies", "position_bodies", "position_body"]

MARGIN_MULTIPLIER = 2
MOST_ORDERS, USUAL_ORDERS = 500, 50
MILLIONTH = Decimal("0.000001")


def account_body(venue: Venue) -> dict[str, Any]:
    """Return the account."""
    values = {one: _value(venue, one, lot) for one, lot in venue.book.lots.items()}
    before = {one: _value(venue, one, lot, yesterday=True) for one, lot in venue.book.lots.items()}
    equity = venue.book.cash_cents + sum(values.values())
    symbols = {one.underlying for one in venue.book.lots}
    standing = Standing(venue.book, tuple(venue.working()), venue.level, venue.marks.spots(symbols))
    free = max(0, standing.spendable())
    held = max(0, equity - free)
    return {
        "id": venue.account_id,
        "account_number": venue.account_number,
        "status": "ACTIVE",
        "crypto_status": "INACTIVE",
        "currency": "USD",
        "cash": dollars(venue.book.cash_cents),
        "equity": dollars(equity),
        "last_equity": dollars(venue.book.cash_cents + sum(before.values())),
        "portfolio_value": dollars(equity),
        "position_market_value": dollars(sum(values.values())),
        "long_market_value": dollars(sum(value for value in values.values() if value > 0)),
        "short_market_value": dollars(sum(value for value in values.values() if value < 0)),
        "initial_margin": dollars(held),
        "maintenance_margin": dollars(held),
        "last_maintenance_margin": dollars(held),
        "buying_power": dollars(MARGIN_MULTIPLIER * free),
        "regt_buying_power": dollars(MARGIN_MULTIPLIER * free),
        "options_buying_power": dollars(free),
        "non_marginable_buying_power": dollars(min(free, max(0, venue.book.cash_cents))),
        "multiplier": str(MARGIN_MULTIPLIER),
        "sma": "0",
        "accrued_fees": dollars(venue.overnight.accrued_cents),
        "pending_transfer_in": "0",
        "pending_transfer_out": "0",
        "options_approved_level": venue.level,
        "options_trading_level": venue.level,
        "shorting_enabled": True,
        "trading_blocked": False,
        "transfers_blocked": False,
        "account_blocked": False,
        "trade_suspended_by_user": False,
        "created_at": stamp(venue.created_at),
        "balance_asof": venue.calendar.previous_session(venue.view.day).isoformat(),
    }


def position_bodies(venue: Venue) -> list[dict[str, Any]]:
    """Return all that is held."""
    return [_position(venue, one, lot) for one, lot in venue.book.lots.items()]


def position_body(venue: Venue, symbol: str) -> dict[str, Any]:
    """Return what is held of one instrument, by symbol or identifier.

    Raises
    ------
    RefusedError
        If nothing is.
    """
    for one, lot in venue.book.lots.items():
        if symbol in (symbol_of(one), asset_id(one)):
            return _position(venue, one, lot)
    raise not_found("position does not exist")


def order_bodies(
    venue: Venue,
    *,
    status: str = "open",
    limit: int = USUAL_ORDERS,
    after: datetime | None = None,
    until: datetime | None = None,
    ascending: bool = False,
    nested: bool = False,
    symbols: Collection[str] = (),
    side: str = "",
) -> list[dict[str, Any]]:
    """Return orders by when they were submitted; without nesting, multi-leg orders come without legs.

    Raises
    ------
    RefusedError
        If a bound is none.
    """
    if status not in ("open", "closed", "all"):
        raise unprocessable(f"invalid status: {status}")
    if not 1 <= limit <= MOST_ORDERS:
        raise unprocessable(f"limit must be between 1 and {MOST_ORDERS}")
    found = [
        ticket
        for ticket in venue.tickets.values()
        if (status == "all" or ticket.open == (status == "open"))
        and (after is None or ticket.created_at > after)
        and (until is None or ticket.created_at <= until)
        and _trades(ticket, symbols)
        and (not side or (not ticket.several and ticket.legs[0].side == side))
    ]
    if not ascending:
        found.reverse()
    return [order_body(ticket, nested=nested) for ticket in found[:limit]]


def _trades(ticket: Ticket, symbols: Collection[str]) -> bool:
    return not symbols or any(symbol_of(leg.instrument) in symbols for leg in ticket.legs)


def _value(venue: Venue, instrument: Instrument, lot: Lot, *, yesterday: bool = False) -> int:
    """Return what a lot is worth at mid, cents; what it cost where no price is known."""
    mid = venue.marks.yesterday(instrument) if yesterday else None
    mid = venue.marks.mid(instrument) if mid is None else mid
    return lot.cost_cents if mid is None else lot.quantity * mid * instrument.multiplier


def _position(venue: Venue, instrument: Instrument, lot: Lot) -> dict[str, Any]:
    value = _value(venue, instrument, lot)
    before = _value(venue, instrument, lot, yesterday=True)
    shares = lot.quantity * instrument.multiplier
    back, _ = held_back(instrument, venue.working())
    available = max(0, abs(lot.quantity) - back)
    gain, today = value - lot.cost_cents, value - before
    return {
        "asset_id": asset_id(instrument),
        "symbol": symbol_of(instrument),
        "exchange": "ARCA" if isinstance(instrument, Stock) else "",
        "asset_class": asset_class(instrument),
        "asset_marginable": isinstance(instrument, Stock),
        "qty": str(lot.quantity),
        "qty_available": str(available if lot.quantity > 0 else -available),
        "side": "long" if lot.quantity > 0 else "short",
        "avg_entry_price": price(lot.cost_cents, shares),
        "cost_basis": dollars(lot.cost_cents),
        "market_value": dollars(value),
        "current_price": price(value, shares),
        "lastday_price": price(before, shares),
        "change_today": _ratio(today, before),
        "unrealized_pl": dollars(gain),
        "unrealized_plpc": _ratio(gain, lot.cost_cents),
        "unrealized_intraday_pl": dollars(today),
        "unrealized_intraday_plpc": _ratio(today, before),
    }


def _ratio(part: int, whole: int) -> str:
    return written((Decimal(part) / abs(whole)).quantize(MILLIONTH)) if whole else "0"
