"""Where tickets become orders of the simulated broker, and what it tells becomes fills, ends and updates."""

from __future__ import annotations

from datetime import datetime

from strikewise.adapters.brokers.alpaca_server.book import Book
from strikewise.adapters.brokers.alpaca_server.diary import Diary, fill_entry
from strikewise.adapters.brokers.alpaca_server.overnight import Overnight
from strikewise.adapters.brokers.alpaca_server.tickets import Ticket, TicketLeg
from strikewise.adapters.brokers.alpaca_server.updates import LegExecution, Updates
from strikewise.adapters.brokers.alpaca_server.wire import identifier, symbol_of
from strikewise.domain.orders import (
    BrokerEvent,
    CashFlow,
    Execution,
    FlowKind,
    LegFill,
    OrderEnded,
    Rejected,
    SettlementReport,
    SplitReport,
)
from strikewise.execution.simulated import SimulatedBroker

__all__ = ["Pit"]

ENDS = {"cancelled": "canceled", "expired": "expired", "rejected": "rejected"}


class Pit:
    """Trade tickets with a simulated broker.

    Parameters
    ----------
    broker : SimulatedBroker
        Who fills; it must net what is held.
    book, diary, overnight, updates
        Where what happens is shown.
    start : datetime
        The first instant.

    Attributes
    ----------
    now : datetime
        The time here; whoever moves it moves the broker too.
    """

    def __init__(
        self,
        broker: SimulatedBroker,
        book: Book,
        diary: Diary,
        overnight: Overnight,
        updates: Updates,
        start: datetime,
    ) -> None:
        self._broker, self._book, self._diary = broker, book, diary
        self._overnight, self._updates, self.now = overnight, updates, start
        self._tickets: dict[str, Ticket] = {}
        self._withdrawn: set[str] = set()

    def hand_over(
        self,
        ticket: Ticket,
        legs: tuple[TicketLeg, ...] = (),
        *,
        units: int | None = None,
        any_price: bool = False,
    ) -> None:
        """Send a ticket to the market: all of it, or some legs or units, or at any price."""
        order = ticket.order(
            legs or tuple(ticket.legs),
            self.now,
            ticket.quantity if units is None else units,
            any_price=any_price,
        )
        ticket.sent.append(order.order_id)
        self._tickets[order.order_id] = ticket
        answer = self._broker.submit(order)
        self.hear()
        if isinstance(answer, Rejected) and ticket.open:
            self.finish(ticket, "rejected")

    def withdraw(self, ticket: Ticket) -> None:
        """Take a ticket from the market, without telling."""
        self._withdrawn.update(ticket.sent)
        for order_id in ticket.sent:
            self._broker.cancel(order_id)
        self.hear()

    def finish(self, ticket: Ticket, status: str) -> None:
        """End a ticket that is in the market no more, and tell it."""
        ticket.end(status, self.now)
        self._updates.tell(status, ticket, self.now)

    def hear(self) -> None:
        """Take in what the market told since the last time."""
        for event in self._broker.events():
            self._told(event)
        self._overnight.show(self.now)

    def _told(self, event: BrokerEvent) -> None:
        if isinstance(event, Execution):
            self._filled(event)
        elif isinstance(event, OrderEnded):
            ticket = self._tickets[event.order_id]
            if ticket.open and event.order_id not in self._withdrawn:
                self.finish(ticket, ENDS[event.outcome])
        elif isinstance(event, CashFlow) and event.kind is FlowKind.TRANSFER:
            self._overnight.book(event)
        elif isinstance(event, SettlementReport | CashFlow | SplitReport):
            self._overnight.defer(event)

    def _filled(self, execution: Execution) -> None:
        ticket = self._tickets[execution.order_id]
        before = ticket.filled
        told = [self._booked(ticket, execution, leg) for leg in execution.legs]
        self._overnight.charge(execution.fees_cents, execution.at)
        ticket.fill(self.now)
        position = self._book.quantity(ticket.legs[0].instrument)
        self._updates.tell_fill(ticket, self.now, ticket.filled - before, told, position)

    def _booked(self, ticket: Ticket, execution: Execution, fill: LegFill) -> LegExecution:
        leg = next(one for one in ticket.legs if one.instrument == fill.instrument)
        leg.filled += abs(fill.quantity)
        leg.paid += abs(fill.quantity) * fill.price_cents
        self._book.trade(fill.instrument, fill.quantity, fill.price_cents)
        execution_id = identifier("execution", execution.execution_id, leg.leg_id)
        self._diary.write(
            fill_entry(
                at=execution.at,
                execution_id=execution_id,
                order_id=leg.leg_id,
                symbol=symbol_of(fill.instrument),
                quantity=fill.quantity,
                price_cents=fill.price_cents,
                filled=leg.filled,
                whole=ticket.quantity * abs(leg.ratio),
            )
        )
        return LegExecution(execution_id, leg, fill.quantity, fill.price_cents)
