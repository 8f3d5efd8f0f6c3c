"""What the trade stream tells, in order, to whoever listens."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from strikewise.adapters.brokers.alpaca_server.order_bodies import order_body
from strikewise.adapters.brokers.alpaca_server.tickets import Ticket, TicketLeg
from strikewise.adapters.brokers.alpaca_server.wire import dollars, identifier, stamp, symbol_of

__all__ = ["LegExecution", "Updates"]

Listener = Callable[[dict[str, Any]], None]


@dataclass(frozen=True, slots=True)
class LegExecution:
    """A fill of one instrument: its id, the leg, the signed quantity and the price per share in cents."""

    execution_id: str
    leg: TicketLeg
    quantity: int
    price_cents: int


class Updates:
    """Tell every listener every update; what nobody listens to is lost, as with Alpaca."""

    def __init__(self) -> None:
        self._listeners: list[Listener] = []
        self._told = 0

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Tell a listener from now on; what is returned ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def tell(self, event: str, ticket: Ticket, at: datetime, **more: Any) -> None:
        """Tell what happened to an order."""
        self._told += 1
        data = {
            "event": event,
            "event_id": identifier("update", self._told),
            "at": stamp(at),
            "timestamp": stamp(at),
            "order": order_body(ticket),
            **more,
        }
        for listener in tuple(self._listeners):
            listener({"stream": "trade_updates", "data": data})

    def tell_fill(
        self,
        ticket: Ticket,
        at: datetime,
        units: int,
        legs: Sequence[LegExecution],
        position: int,
    ) -> None:
        """Tell a fill, of a multi-leg order with those of its legs."""
        event = "fill" if ticket.whole else "partial_fill"
        first = legs[0]
        if not ticket.several:
            self.tell(
                event,
                ticket,
                at,
                execution_id=first.execution_id,
                price=dollars(first.price_cents),
                qty=str(abs(first.quantity)),
                position_qty=str(position),
            )
            return
        net = sum(one.leg.ratio * one.price_cents for one in legs)
        self.tell(
            event,
            ticket,
            at,
            execution_id=identifier("parent", *(one.execution_id for one in legs)),
            price=dollars(net),
            qty=str(units),
            legs=[_leg(one, at) for one in legs],
        )


def _leg(one: LegExecution, at: datetime) -> dict[str, Any]:
    return {
        "execution_id": one.execution_id,
        "order_id": one.leg.leg_id,
        "symbol": symbol_of(one.leg.instrument),
        "side": one.leg.side,
        "qty": str(abs(one.quantity)),
        "price": dollars(one.price_cents),
        "timestamp": stamp(at),
    }
