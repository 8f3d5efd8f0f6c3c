"""Orders as Alpaca keeps them: a parent, its legs, where each stands, and how that is written."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from strikewise.adapters.brokers.alpaca_server.wire import (
    asset_class,
    asset_id,
    dollars,
    price,
    stamp,
    symbol_of,
)
from strikewise.domain.instruments import Instrument, OptionContract
from strikewise.domain.orders import Order, Purpose
from strikewise.domain.structures import Leg, Structure

__all__ = ["OPEN", "Ticket", "TicketLeg"]

OPEN = frozenset({"accepted", "pending_new", "new", "partially_filled", "pending_cancel", "pending_replace"})
"""Statuses in which an order may still fill."""


@dataclass(slots=True)
class TicketLeg:
    """One instrument of an order.

    Attributes
    ----------
    leg_id, client_order_id : str
        Of its own, in an order of several legs; those of the order else.
    instrument : Instrument
        What is traded.
    ratio : int
        Contracts or shares in one unit: bought positive, sold negative.
    intent : str
        ``buy_to_open`` and so on; empty for shares where the sender did not say.
    filled : int
        Contracts or shares filled so far, positive.
    paid : int
        Their prices per share, each times its quantity, cents, positive.
    """

    leg_id: str
    client_order_id: str
    instrument: Instrument
    ratio: int
    intent: str
    filled: int = 0
    paid: int = 0

    @property
    def side(self) -> str:
        """``buy`` or ``sell``."""
        return "buy" if self.ratio > 0 else "sell"

    @property
    def closes(self) -> bool:
        """Whether it trades against what is held."""
        return self.intent.endswith("_to_close")


@dataclass(slots=True)
class Ticket:
    """An order, from the request to its end.

    Attributes
    ----------
    order_id, client_order_id : str
        The server's id, and its sender's.
    legs : list of TicketLeg
        One, or those of a multi-leg order.
    several : bool
        Whether it was sent as a multi-leg order.
    quantity : int
        Units.
    kind : str
        ``limit`` or ``market``.
    limit_cents : int or None
        Price per share as it was sent: what is paid for a multi-leg order (received: negative), the price
        of a single instrument whatever the side.
    session : date
        The session it is good for.
    expires_at : datetime
        When that ends.
    """

    order_id: str
    client_order_id: str
    legs: list[TicketLeg]
    several: bool
    quantity: int
    kind: str
    limit_cents: int | None
    time_in_force: str
    created_at: datetime
    session: date
    expires_at: datetime
    status: str = "accepted"
    updated_at: datetime | None = None
    filled_at: datetime | None = None
    canceled_at: datetime | None = None
    expired_at: datetime | None = None
    failed_at: datetime | None = None
    replaced_at: datetime | None = None
    replaces: str | None = None
    replaced_by: str | None = None
    sent: list[str] = field(default_factory=list)
    """Ids under which the simulated broker knows it."""

    @property
    def open(self) -> bool:
        """Whether it may still fill."""
        return self.status in OPEN

    @property
    def filled(self) -> int:
        """Whole units filled."""
        return min(leg.filled // abs(leg.ratio) for leg in self.legs)

    @property
    def whole(self) -> bool:
        """Whether every leg is filled."""
        return all(leg.filled == self.quantity * abs(leg.ratio) for leg in self.legs)

    @property
    def underlying(self) -> str:
        """The symbol all legs share."""
        return self.legs[0].instrument.underlying

    @property
    def purpose(self) -> Purpose:
        """What it is for, by the intents of its legs."""
        closing = [leg.closes for leg in self.legs]
        if all(closing):
            return Purpose.CLOSE
        return Purpose.ADJUST if any(closing) else Purpose.OPEN

    def structure(self, legs: Iterable[TicketLeg] | None = None) -> Structure:
        """Return what one unit trades, of all legs or of some."""
        return Structure(tuple(Leg(leg.instrument, leg.ratio) for leg in legs or self.legs))

    def order(self, legs: tuple[TicketLeg, ...], at: datetime) -> Order:
        """Return the order that the market is given for all legs, or for some at any price."""
        return Order(
            order_id=f"{self.order_id}/{len(self.sent) + 1}",
            position_id=self.order_id,
            strategy="",
            underlying=self.underlying,
            purpose=self.purpose,
            structure=self.structure(legs),
            quantity=self.quantity,
            limit_cents=self.unit_limit_cents() if len(legs) == len(self.legs) else None,
            created_at=at,
        )

    def unit_limit_cents(self) -> int | None:
        """Return the most to pay for a unit, multiplier included (negative: the least to receive)."""
        if self.limit_cents is None:
            return None
        first = self.legs[0]
        side = 1 if self.several or first.ratio > 0 else -1
        return side * self.limit_cents * first.instrument.multiplier

    def left(self, leg: TicketLeg) -> int:
        """Return how much of a leg may still fill: bought positive, sold negative."""
        side = 1 if leg.ratio > 0 else -1
        return side * (self.quantity * abs(leg.ratio) - leg.filled)

    def average(self) -> str | None:
        """Return the mean price of the units filled, per share; of a multi-leg order the sum over legs."""
        if not self.filled:
            return None
        if not self.several:
            return price(self.legs[0].paid, self.legs[0].filled)
        total = sum(
            (Decimal(leg.paid) / leg.filled * leg.ratio for leg in self.legs if leg.filled), Decimal(0)
        )
        return price(round(total * 10_000), 10_000)

    def body(self, *, nested: bool = True) -> dict[str, Any]:
        """Return it as the server writes it."""
        leg = self.legs[0]
        single = not self.several
        return {
            **self._shared(self.order_id, self.client_order_id),
            "asset_id": asset_id(leg.instrument) if single else "",
            "symbol": symbol_of(leg.instrument) if single else "",
            "asset_class": asset_class(leg.instrument) if single else "",
            "qty": str(self.quantity),
            "filled_qty": str(self.filled),
            "filled_avg_price": self.average(),
            "order_class": "simple" if single else "mleg",
            "order_type": self.kind,
            "type": self.kind,
            "side": leg.side if single else "",
            "position_intent": leg.intent if single else "",
            "limit_price": None if self.limit_cents is None else dollars(self.limit_cents),
            "legs": [self._leg_body(one) for one in self.legs] if self.several and nested else None,
        }

    def leg_bodies(self) -> list[dict[str, Any]]:
        """Return the legs of a multi-leg order as orders of their own."""
        return [self._leg_body(leg) for leg in self.legs] if self.several else []

    def _leg_body(self, leg: TicketLeg) -> dict[str, Any]:
        status = self.status
        if leg.filled == self.quantity * abs(leg.ratio):
            status = "filled"
        elif leg.filled and self.open:
            status = "partially_filled"
        return {
            **self._shared(leg.leg_id, leg.client_order_id),
            "asset_id": asset_id(leg.instrument),
            "symbol": symbol_of(leg.instrument),
            "asset_class": asset_class(leg.instrument),
            "qty": str(self.quantity * abs(leg.ratio)),
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

    def _shared(self, order_id: str, client_order_id: str) -> dict[str, Any]:
        return {
            "id": order_id,
            "client_order_id": client_order_id,
            "created_at": stamp(self.created_at),
            "updated_at": stamp(self.updated_at or self.created_at),
            "submitted_at": stamp(self.created_at),
            "filled_at": stamp(self.filled_at),
            "expired_at": stamp(self.expired_at),
            "expires_at": stamp(self.expires_at),
            "canceled_at": stamp(self.canceled_at),
            "failed_at": stamp(self.failed_at),
            "replaced_at": stamp(self.replaced_at),
            "replaced_by": self.replaced_by,
            "replaces": self.replaces,
            "notional": None,
            "time_in_force": self.time_in_force,
            "stop_price": None,
            "status": self.status,
            "extended_hours": False,
            "trail_percent": None,
            "trail_price": None,
            "hwm": None,
            "source": None,
            "subtag": None,
        }

    def option_legs(self) -> list[tuple[OptionContract, TicketLeg]]:
        """Return the legs that are options."""
        return [(leg.instrument, leg) for leg in self.legs if isinstance(leg.instrument, OptionContract)]
