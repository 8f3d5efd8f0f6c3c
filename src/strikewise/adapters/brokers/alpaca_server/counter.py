"""Where orders are taken: asked for, judged, replaced and cancelled."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, time
from typing import Any

from strikewise.adapters.brokers.alpaca_server.checks import Standing, check, inferred_intent
from strikewise.adapters.brokers.alpaca_server.order_bodies import order_body
from strikewise.adapters.brokers.alpaca_server.refusals import not_found, not_unique, unprocessable
from strikewise.adapters.brokers.alpaca_server.tickets import Ticket, TicketLeg
from strikewise.adapters.brokers.alpaca_server.venue import CancelFate, OrderFate, Venue
from strikewise.adapters.brokers.alpaca_server.wire import identifier, symbol_of
from strikewise.adapters.brokers.alpaca_server.wishes import Change, Wish, WishLeg
from strikewise.domain.instruments import Stock
from strikewise.market.calendar import NEW_YORK

__all__ = ["Counter"]

REPLACEABLE = ("new", "partially_filled")
SOON = time(15, 30)
"""From then on, New York, what expires that day is opened no more."""


class Counter:
    """Take orders for an account.

    Parameters
    ----------
    venue : Venue
        The account.
    """

    def __init__(self, venue: Venue) -> None:
        self.venue = venue

    def ticket(self, order_id: str) -> Ticket:
        """Return an order, or the one that a leg belongs to, by the server's id.

        Raises
        ------
        RefusedError
            If there is none.
        """
        found = self.venue.tickets.get(order_id)
        if found is None:
            raise not_found(f"order not found for {order_id}")
        return found

    def by_client(self, client_order_id: str) -> Ticket:
        """Return an order by its sender's id.

        Raises
        ------
        RefusedError
            If there is none.
        """
        found = self.venue.by_client.get(client_order_id)
        if found is None:
            raise not_found(f"order not found for {client_order_id}")
        return found

    def submit(self, wish: Wish, fate: OrderFate = OrderFate.PLAIN) -> dict[str, Any]:
        """Take an order and answer as it stood when it was taken; fills are told after.

        Parameters
        ----------
        wish : Wish
            The order.
        fate : OrderFate
            What becomes of it.

        Raises
        ------
        RefusedError
            If it is refused.
        """
        with self.venue.lock:
            ticket = self._new_ticket(wish)
            self._admit(ticket, self.venue.working())
            return self._take(ticket, fate)

    def cancel(self, order_id: str, fate: CancelFate = CancelFate.PLAIN) -> None:
        """Cancel an order.

        Raises
        ------
        RefusedError
            If there is none, or it has ended.
        """
        with self.venue.lock:
            ticket = self.ticket(order_id)
            if not ticket.open:
                raise unprocessable(f'order is already in "{ticket.status}" state')
            self.venue.end(ticket, "canceled", fate)

    def replace(self, order_id: str, change: Change) -> dict[str, Any]:
        """Put an order of other terms in the place of one, for what is left of it.

        Raises
        ------
        RefusedError
            If it has ended, or the new one is refused: the old one then stands.
        """
        with self.venue.lock:
            old = self.ticket(order_id)
            if old.status not in REPLACEABLE:
                raise unprocessable(f"cannot replace order in {old.status} status")
            new = self._new_ticket(_changed(old, change))
            new.replaces = old.order_id
            self._admit(new, [one for one in self.venue.working() if one is not old])
            old.replaced_by = new.order_id
            self.venue.end(old, "replaced")
            return self._take(new)

    def _new_ticket(self, wish: Wish) -> Ticket:
        number = len(self.venue.tickets) + 1
        order_id = identifier("order", self.venue.account_number, number)
        client = wish.client_order_id or identifier("client", order_id)
        if client in self.venue.by_client:
            raise not_unique()
        legs = []
        for place, leg in enumerate(wish.legs):
            intent = leg.intent or inferred_intent(leg.ratio, self.venue.book.quantity(leg.instrument))
            ids = (identifier("leg", order_id, place), identifier("leg client", order_id, place))
            legs.append(
                TicketLeg(*(ids if wish.several else (order_id, client)), leg.instrument, leg.ratio, intent)
            )
        session = self._session()
        return Ticket(
            order_id,
            client,
            legs,
            wish.several,
            wish.quantity,
            wish.kind,
            wish.limit_cents,
            wish.time_in_force,
            self.venue.now,
            session,
            self.venue.calendar.session_close(session),
        )

    def _session(self) -> date:
        """Return the session an order of now is good for."""
        day = self.venue.calendar.day_of(self.venue.now)
        if self.venue.calendar.is_session(day) and self.venue.now <= self.venue.calendar.session_close(day):
            return day
        return self.venue.calendar.next_session(day)

    def _admit(self, ticket: Ticket, working: Sequence[Ticket]) -> None:
        for leg in ticket.legs:
            self._check_listing(ticket, leg)
        if ticket.kind == "market" and ticket.option_legs() and not self.venue.is_open:
            raise unprocessable("options market orders are only allowed during market hours")
        touches = {
            one.instrument: self.venue.marks.touch(one.instrument, buying=one.ratio > 0)
            for one in ticket.legs
        }
        prices = {one: cents for one, cents in touches.items() if cents is not None}
        check(ticket, self.standing(working), prices)

    def standing(self, working: Sequence[Ticket]) -> Standing:
        """Return the account as an order meets it beside some that work."""
        symbols = {one.underlying for one in self.venue.book.lots}
        return Standing(self.venue.book, tuple(working), self.venue.level, self.venue.marks.spots(symbols))

    def _check_listing(self, ticket: Ticket, leg: TicketLeg) -> None:
        one, symbol = leg.instrument, symbol_of(leg.instrument)
        if isinstance(one, Stock):
            if one.symbol not in self.venue.view.stocks():
                raise unprocessable(f'asset "{symbol}" not found')
            return
        chain = self.venue.view.chain(one.underlying)
        listed = chain is not None and chain.find(one) is not None
        if not listed and not self.venue.book.quantity(one):
            raise unprocessable(
                f"asset not found for {symbol}" if ticket.several else f'contract "{symbol}" not found'
            )
        if self.venue.calendar.settlement_at(one) <= self.venue.now or not self.venue.calendar.trades_at(
            one, self.venue.now
        ):
            raise unprocessable(f'contract "{symbol}" is expired')
        last = self.venue.calendar.settlement_session(one)
        late = self.venue.now.astimezone(NEW_YORK)
        if not leg.closes and late.date() == last and late.time() >= SOON:
            raise unprocessable(f'contract "{symbol}" expires soon, unable to open new positions')

    def _take(self, ticket: Ticket, fate: OrderFate = OrderFate.PLAIN) -> dict[str, Any]:
        self.venue.tickets[ticket.order_id] = self.venue.by_client[ticket.client_order_id] = ticket
        if not self.venue.is_open:
            self.venue.updates.tell("accepted", ticket, self.venue.now)
            return order_body(ticket)
        ticket.status = "pending_new"
        body = order_body(ticket)
        self.venue.send(ticket, fate)
        return body


def _changed(old: Ticket, change: Change) -> Wish:
    """Return what is left of an order with other terms."""
    quantity = old.quantity if change.quantity is None else change.quantity
    if quantity <= old.filled:
        raise unprocessable("qty must be > filled_qty")
    if change.limit_cents is not None and old.limit_cents is None:
        raise unprocessable("limit price is only valid for limit orders")
    limit = old.limit_cents if change.limit_cents is None else change.limit_cents
    if (quantity, limit) == (old.quantity, old.limit_cents):
        raise unprocessable("order parameters are not changed")
    return Wish(
        change.client_order_id,
        tuple(WishLeg(leg.instrument, leg.ratio, leg.intent) for leg in old.legs),
        old.several,
        quantity - old.filled,
        old.kind,
        limit,
        change.time_in_force or old.time_in_force,
    )
