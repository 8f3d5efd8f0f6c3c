"""Alpaca's side of an account: orders, what is held and the diary, over a simulated broker.

Everything happens under one lock, so that requests, the stream and whoever moves the clock may come from any
thread. Time moves by `Venue.advance`; nothing here asks for it.
"""

from __future__ import annotations

from datetime import UTC, datetime
from threading import RLock

from strikewise.adapters.brokers.alpaca_server.book import Book
from strikewise.adapters.brokers.alpaca_server.diary import Diary, fill_entry
from strikewise.adapters.brokers.alpaca_server.marks import Marks
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
from strikewise.execution.fills import FillRule
from strikewise.execution.simulated import SimulatedBroker
from strikewise.market.view import Market

__all__ = ["Venue"]

HELD_LEGS = 1
"""Legs of a multi-leg order that fill first, where a fault lets them fill apart."""
ENDS = {"cancelled": "canceled", "expired": "expired", "rejected": "rejected"}


class Venue:
    """An account at Alpaca.

    Parameters
    ----------
    market : Market
        The market it trades in.
    broker : SimulatedBroker
        Who fills; it must net what is held.
    cash_cents : int
        Cash at the beginning, as the broker has it.
    start : datetime
        The first instant.
    rule : FillRule, optional
        How wide shares are quoted; the broker's own.
    level : int
        Approval level for options, 0 to 3.
    account_number : str
        Its name.

    Attributes
    ----------
    lock : RLock
        Held while anything is read or changed.
    now : datetime
        The time here.
    view : MarketView
        The market now.
    tickets, by_client : dict of str to Ticket
        All orders ever, by the server's id and by their senders', oldest first.
    """

    def __init__(
        self,
        market: Market,
        broker: SimulatedBroker,
        cash_cents: int,
        start: datetime,
        *,
        rule: FillRule | None = None,
        level: int = 3,
        account_number: str = "REHEARSAL1",
    ) -> None:
        self.lock = RLock()
        self.market, self.calendar, self.broker = market, market.calendar, broker
        self.level, self.account_number = level, account_number
        self.account_id, self.created_at = identifier("account", account_number), start
        self.book, self.marks = Book(cash_cents), Marks(rule or FillRule())
        self.diary, self.updates = Diary(self.account_id), Updates()
        self.overnight = Overnight(self.book, self.diary)
        self.tickets: dict[str, Ticket] = {}
        self.by_client: dict[str, Ticket] = {}
        self._sent: dict[str, Ticket] = {}
        self._apart: list[tuple[Ticket, tuple[TicketLeg, ...]]] = []
        self._meant: dict[str, str] = {}
        self.now, self.view = start, market.view(start)
        self._step(start)

    # --- time -------------------------------------------------------------------------------------------

    def advance(self, to: datetime) -> None:
        """Move on to an instant, through every snapshot in between; what lies in the past changes nothing."""
        with self.lock:
            for instant in _instants(self.market, self.now, to):
                self._step(instant)

    @property
    def is_open(self) -> bool:
        """Whether the session runs."""
        return self.calendar.is_open(self.now)

    def _step(self, instant: datetime) -> None:
        self._expire(instant)
        self.now, self.view = instant, self.market.view(instant)
        self.marks.move(self.view, self.book.lots)
        self.overnight.show(instant)
        self.broker.advance(self.view)
        self.hear()
        waiting, self._apart = self._apart, []
        for ticket, legs in waiting:
            if ticket.open:
                self._hand_over(ticket, legs)
        if self.is_open:
            for ticket in self.working():
                if not ticket.sent:
                    self.send(ticket)

    def _expire(self, instant: datetime) -> None:
        for ticket in self.working():
            if ticket.expires_at < instant:
                self.end(ticket, "expired")

    # --- orders -----------------------------------------------------------------------------------------

    def working(self) -> list[Ticket]:
        """Return the orders that may still fill, oldest first."""
        return [ticket for ticket in self.tickets.values() if ticket.open]

    def send(self, ticket: Ticket, *, apart: bool = False) -> None:
        """Hand an order to the market; apart, its first leg now and the others when time moves on."""
        ticket.status, ticket.updated_at = "new", self.now
        self.updates.tell("new", ticket, self.now)
        if apart and ticket.several:
            first, rest = tuple(ticket.legs[:HELD_LEGS]), tuple(ticket.legs[HELD_LEGS:])
            self._apart.append((ticket, rest))
            self._hand_over(ticket, first)
        else:
            self._hand_over(ticket, tuple(ticket.legs))

    def _hand_over(self, ticket: Ticket, legs: tuple[TicketLeg, ...]) -> None:
        order = ticket.order(legs, self.now)
        ticket.sent.append(order.order_id)
        self._sent[order.order_id] = ticket
        answer = self.broker.submit(order)
        self.hear()
        if isinstance(answer, Rejected) and ticket.open:
            self._ended(ticket, "rejected")

    def end(self, ticket: Ticket, status: str) -> None:
        """End an order, unless what the market tells meanwhile ends it otherwise."""
        self._meant[ticket.order_id] = status
        for order_id in ticket.sent:
            self.broker.cancel(order_id)
        self.hear()
        if ticket.open:
            self._ended(ticket, status)

    # --- what the broker tells --------------------------------------------------------------------------

    def befall(self, event: SettlementReport | CashFlow) -> None:
        """Let something happen to the account that no order asked for; cash is shown at once."""
        with self.lock:
            self.broker.book(event)
            self.hear()

    def hear(self) -> None:
        """Take in what the market told since the last time."""
        for event in self.broker.events():
            self._told(event)
        self.overnight.show(self.now)

    def _told(self, event: BrokerEvent) -> None:
        if isinstance(event, Execution):
            self._filled(event)
        elif isinstance(event, OrderEnded):
            ticket = self._sent[event.order_id]
            if ticket.open:
                self._ended(ticket, self._meant.get(ticket.order_id, ENDS[event.outcome]))
        elif isinstance(event, CashFlow) and event.kind is FlowKind.TRANSFER:
            self.overnight.book(event)
        elif isinstance(event, SettlementReport | CashFlow | SplitReport):
            self.overnight.defer(event)

    def _ended(self, ticket: Ticket, status: str) -> None:
        ticket.status, ticket.updated_at = status, self.now
        moment = {"rejected": "failed_at"}.get(status, f"{status}_at")
        setattr(ticket, moment, self.now)
        self.updates.tell(status, ticket, self.now)

    def _filled(self, execution: Execution) -> None:
        ticket = self._sent[execution.order_id]
        before = ticket.filled
        told = [self._booked(ticket, execution, leg) for leg in execution.legs]
        self.overnight.charge(execution.fees_cents, execution.at)
        ticket.updated_at = self.now
        ticket.status = "filled" if ticket.whole else "partially_filled"
        if ticket.whole:
            ticket.filled_at = self.now
        position = self.book.quantity(ticket.legs[0].instrument)
        self.updates.tell_fill(ticket, self.now, ticket.filled - before, told, position)

    def _booked(self, ticket: Ticket, execution: Execution, fill: LegFill) -> LegExecution:
        leg = next(one for one in ticket.legs if one.instrument == fill.instrument)
        leg.filled += abs(fill.quantity)
        leg.paid += abs(fill.quantity) * fill.price_cents
        self.book.trade(fill.instrument, fill.quantity, fill.price_cents)
        execution_id = identifier("execution", execution.execution_id, leg.leg_id)
        self.diary.write(
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


def _instants(market: Market, after: datetime, to: datetime) -> list[datetime]:
    """Return the instants at which the market changes on the way to one, and that one."""
    if to <= after:
        return []
    first, last = after.timestamp(), to.timestamp()
    seconds = {
        int(taken)
        for underlying in market.source.underlyings()
        for taken in market.source.snapshots(underlying)
        if first < taken < last
    }
    return [*(datetime.fromtimestamp(one, UTC) for one in sorted(seconds)), to]
