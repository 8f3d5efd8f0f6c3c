"""Alpaca's side of an account: orders, what is held and the diary, over a simulated broker.

Everything happens under one lock, so that requests, the stream and whoever moves the clock may come from any
thread. Time moves by `Venue.advance`; nothing here asks for it.
"""

from __future__ import annotations

from datetime import UTC, datetime
from enum import Enum
from threading import RLock

from strikewise.adapters.brokers.alpaca_server.book import Book
from strikewise.adapters.brokers.alpaca_server.diary import Diary
from strikewise.adapters.brokers.alpaca_server.marks import Marks
from strikewise.adapters.brokers.alpaca_server.overnight import Overnight
from strikewise.adapters.brokers.alpaca_server.pit import Pit
from strikewise.adapters.brokers.alpaca_server.tickets import Ticket, TicketLeg
from strikewise.adapters.brokers.alpaca_server.updates import Updates
from strikewise.adapters.brokers.alpaca_server.wire import identifier
from strikewise.domain.orders import CashFlow, SettlementReport
from strikewise.execution.fills import FillRule
from strikewise.execution.simulated import SimulatedBroker
from strikewise.market.view import Market

__all__ = ["CancelFate", "OrderFate", "Venue"]


class OrderFate(Enum):
    """What becomes of an order that was taken."""

    PLAIN = "plain"
    """What the market makes of it."""
    APART = "apart"
    """The first leg fills now, the others when time moves on."""
    REFUSED = "refused"
    """The market refuses it, which is told as a cancellation."""
    PART = "part"
    """Half of it fills, the rest is cancelled."""
    OVER = "over"
    """One unit more than was asked for fills."""


class CancelFate(Enum):
    """What becomes of a request to cancel that was taken."""

    PLAIN = "plain"
    """The order is cancelled."""
    FILLED = "filled"
    """A fill wins."""
    FILLED_AFTER = "filled after"
    """A fill is told after the cancellation."""


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
        self._apart: list[tuple[Ticket, tuple[TicketLeg, ...]]] = []
        self.view = market.view(start)
        self._pit = Pit(broker, self.book, self.diary, self.overnight, self.updates, start)
        self._step(start)

    # --- time -------------------------------------------------------------------------------------------

    @property
    def now(self) -> datetime:
        """The time here."""
        return self._pit.now

    @property
    def is_open(self) -> bool:
        """Whether the session runs."""
        return self.calendar.is_open(self.now)

    def advance(self, to: datetime) -> None:
        """Move on to an instant, through every snapshot in between; what lies in the past changes nothing."""
        with self.lock:
            for instant in _instants(self.market, self.now, to):
                self._step(instant)

    def _step(self, instant: datetime) -> None:
        for ticket in self.working():
            if ticket.expires_at < instant:
                self.end(ticket, "expired")
        self._pit.now, self.view = instant, self.market.view(instant)
        self.marks.move(self.view, self.book.lots)
        self.overnight.show(instant)
        self.broker.advance(self.view)
        self._pit.hear()
        waiting, self._apart = self._apart, []
        for ticket, legs in waiting:
            if ticket.open:
                self._pit.hand_over(ticket, legs)
        if self.is_open:
            for ticket in self.working():
                if not ticket.sent:
                    self.send(ticket)

    # --- orders -----------------------------------------------------------------------------------------

    def working(self) -> list[Ticket]:
        """Return the orders that may still fill, oldest first."""
        return [ticket for ticket in self.tickets.values() if ticket.open]

    def send(self, ticket: Ticket, fate: OrderFate = OrderFate.PLAIN) -> None:
        """Hand an order to the market."""
        ticket.status, ticket.updated_at = "new", self.now
        self.updates.tell("new", ticket, self.now)
        if fate is OrderFate.REFUSED or (fate is OrderFate.PART and ticket.quantity == 1):
            self._pit.finish(ticket, "canceled")
        elif fate is OrderFate.PART:
            self._pit.hand_over(ticket, units=ticket.quantity // 2)
            self.end(ticket, "canceled")
        elif fate is OrderFate.APART and ticket.several:
            self._apart.append((ticket, tuple(ticket.legs[1:])))
            self._pit.hand_over(ticket, tuple(ticket.legs[:1]))
        else:
            self._pit.hand_over(ticket)
            if fate is OrderFate.OVER and ticket.status == "filled":
                self._pit.hand_over(ticket, units=1, any_price=True)

    def end(self, ticket: Ticket, status: str, fate: CancelFate = CancelFate.PLAIN) -> None:
        """End an order, unless a fill wins."""
        self._pit.withdraw(ticket)
        rest = ticket.quantity - ticket.filled
        if fate is CancelFate.FILLED:
            self._pit.hand_over(ticket, units=rest, any_price=True)
        if ticket.open:
            self._pit.withdraw(ticket)
            self._pit.finish(ticket, status)
        if fate is CancelFate.FILLED_AFTER and rest:
            self._pit.hand_over(ticket, units=rest, any_price=True)

    def befall(self, event: SettlementReport | CashFlow) -> None:
        """Let something happen to the account that no order asked for; cash is shown at once."""
        with self.lock:
            self.broker.book(event)
            self._pit.hear()

    def hear(self) -> None:
        """Take in what the market told since the last time."""
        self._pit.hear()


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
