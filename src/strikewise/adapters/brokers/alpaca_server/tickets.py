"""Orders as Alpaca keeps them: a parent, its legs, where each stands, and how that is written."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime

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
        return all(leg.filled >= self.quantity * abs(leg.ratio) for leg in self.legs)

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

    def order(self, legs: tuple[TicketLeg, ...], at: datetime, units: int, *, any_price: bool) -> Order:
        """Return the order that the market is given; some legs by themselves take any price."""
        priced = len(legs) == len(self.legs) and not any_price
        return Order(
            order_id=f"{self.order_id}/{len(self.sent) + 1}",
            position_id=self.order_id,
            strategy="",
            underlying=self.underlying,
            purpose=self.purpose,
            structure=self.structure(legs),
            quantity=units,
            limit_cents=self.unit_limit_cents() if priced else None,
            created_at=at,
        )

    def fill(self, at: datetime) -> None:
        """Take note that legs were filled; an order that ended stays ended."""
        self.updated_at = at
        if self.whole and self.filled_at is None:
            self.filled_at = at
        if self.open:
            self.status = "filled" if self.whole else "partially_filled"

    def end(self, status: str, at: datetime) -> None:
        """End it without further fills."""
        self.status = status
        self.updated_at = at
        match status:
            case "canceled":
                self.canceled_at = at
            case "expired":
                self.expired_at = at
            case "replaced":
                self.replaced_at = at
            case _:
                self.failed_at = at

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
        return side * max(0, self.quantity * abs(leg.ratio) - leg.filled)

    def option_legs(self) -> list[tuple[OptionContract, TicketLeg]]:
        """Return the legs that are options."""
        return [(leg.instrument, leg) for leg in self.legs if isinstance(leg.instrument, OptionContract)]
