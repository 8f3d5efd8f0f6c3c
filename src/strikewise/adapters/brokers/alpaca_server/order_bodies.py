"""How an order is written: as an answer, and as the stream tells it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from strikewise.adapters.brokers.alpaca_server.tickets import Ticket, TicketLeg
from strikewise.adapters.brokers.alpaca_server.wire import (
    asset_class,
    asset_id,
    dollars,
    price,
    stamp,
    symbol_of,
)

__all__ = ["order_body"]


def _average(ticket: Ticket) -> str | None:
    """Return the mean price of the units filled, per share; of a multi-leg order the sum over legs."""
    if not ticket.filled:
        return None
    if not ticket.several:
        return price(ticket.legs[0].paid, ticket.legs[0].filled)
    total = sum((Decimal(leg.paid) / leg.filled * leg.ratio for leg in ticket.legs if leg.filled), Decimal(0))
    return price(round(total * 10_000), 10_000)


def order_body(ticket: Ticket, *, nested: bool = True) -> dict[str, Any]:
    """Return it as the server writes it."""
    leg = ticket.legs[0]
    single = not ticket.several
    return {
        **_shared(ticket, ticket.order_id, ticket.client_order_id),
        "asset_id": asset_id(leg.instrument) if single else "",
        "symbol": symbol_of(leg.instrument) if single else "",
        "asset_class": asset_class(leg.instrument) if single else "",
        "qty": str(ticket.quantity),
        "filled_qty": str(ticket.filled),
        "filled_avg_price": _average(ticket),
        "order_class": "simple" if single else "mleg",
        "order_type": ticket.kind,
        "type": ticket.kind,
        "side": leg.side if single else "",
        "position_intent": leg.intent if single else "",
        "limit_price": None if ticket.limit_cents is None else dollars(ticket.limit_cents),
        "legs": [_leg_body(ticket, one) for one in ticket.legs] if ticket.several and nested else None,
    }


def _leg_body(ticket: Ticket, leg: TicketLeg) -> dict[str, Any]:
    status = ticket.status
    if leg.filled >= ticket.quantity * abs(leg.ratio):
        status = "filled"
    elif leg.filled and ticket.open:
        status = "partially_filled"
    return {
        **_shared(ticket, leg.leg_id, leg.client_order_id),
        "asset_id": asset_id(leg.instrument),
        "symbol": symbol_of(leg.instrument),
        "asset_class": asset_class(leg.instrument),
        "qty": str(ticket.quantity * abs(leg.ratio)),
        "filled_qty": str(leg.filled),
        "filled_avg_price": price(leg.paid, leg.filled) if leg.filled else None,
        "order_class": "mleg",
        "order_type": "",
        "type": "",
        "side": leg.side,
        "position_intent": leg.intent,
        "limit_price": None,
        "ratio_qty": str(abs(leg.ratio)),
        "status": status,
        "legs": None,
    }


def _shared(ticket: Ticket, order_id: str, client_order_id: str) -> dict[str, Any]:
    return {
        "id": order_id,
        "client_order_id": client_order_id,
        "created_at": stamp(ticket.created_at),
        "updated_at": stamp(ticket.updated_at or ticket.created_at),
        "submitted_at": stamp(ticket.created_at),
        "filled_at": stamp(ticket.filled_at),
        "expired_at": stamp(ticket.expired_at),
        "expires_at": stamp(ticket.expires_at),
        "canceled_at": stamp(ticket.canceled_at),
        "failed_at": stamp(ticket.failed_at),
        "replaced_at": stamp(ticket.replaced_at),
        "replaced_by": ticket.replaced_by,
        "replaces": ticket.replaces,
        "notional": None,
        "time_in_force": ticket.time_in_force,
        "stop_price": None,
        "status": ticket.status,
        "extended_hours": False,
        "trail_percent": None,
        "trail_price": None,
        "hwm": None,
        "source": None,
        "subtag": None,
    }
