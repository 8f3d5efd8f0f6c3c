"""Work orders along a ladder: take back what rested long enough, and send what is left at the next limit."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from strikewise.domain.control import TradingState
from strikewise.domain.events import OrderPlaced
from strikewise.domain.orders import Order
from strikewise.engine.courier import Courier
from strikewise.engine.writer import Writer
from strikewise.execution.fills import FillRule
from strikewise.execution.ladder import FORCED, Ladder, unit_quote
from strikewise.execution.matching import worth_at_most
from strikewise.execution.planner import next_attempt
from strikewise.market.calendar import new_york_day
from strikewise.market.view import MarketView
from strikewise.portfolio.ledger import Entry
from strikewise.portfolio.order_state import OrderState, OrderStatus
from strikewise.portfolio.projection import AccountState
from strikewise.risk.adjustment import goes_on

__all__ = ["NEXT_STEP", "OrderWork", "Prices"]

NEXT_STEP = "its next limit is due"
"""Why the ladder takes an order back."""


@dataclass(frozen=True, slots=True)
class Prices:
    """How orders are priced on their way: a ladder, and the quote of shares."""

    ladder: Ladder
    rule: FillRule

    def first(self, order: Order, view: MarketView) -> Order:
        """Return an order that is decided upon, at its first limit; as it is where a leg has no quote.

        A forced exit that nothing was ever known of pays at most what keeping it could cost.
        """
        unpriced = replace(order, limit_cents=worth_at_most(order)) if order.reason == FORCED else order
        return self.at_step(order, order, 0, view) or unpriced

    def at_step(self, order: Order, decided: Order, step: int, view: MarketView) -> Order | None:
        """Return an order at the limit of a step; None where a leg has no quote.

        Parameters
        ----------
        order : Order
            The order.
        decided : Order
            The same with the limit it was decided upon with, beyond which an entry never goes.
        step : int
            Counted from 0.
        view : MarketView
            The market.
        """
        quote = unit_quote(order.structure, view, self.rule, old=order.reason == FORCED)
        if quote is None:
            return None
        return replace(order, limit_cents=self.ladder.next_limit(decided, quote, step))


class OrderWork:
    """Work the orders that rest.

    Parameters
    ----------
    prices : Prices
        The ladder.
    writer : Writer
        Who writes facts.
    courier : Courier
        Who speaks with the broker.
    """

    def __init__(self, prices: Prices, writer: Writer, courier: Courier) -> None:
        self._prices, self._writer, self._courier = prices, writer, courier
        self._climbing: dict[str, int] = {}
        """Orders that were taken back for their next limit, and which step that is."""

    def due(self) -> datetime | None:
        """Return when orders must next be looked at; None where none rests that could move.

        What was taken back and has ended meanwhile is due at once: its rest waits for the next limit.
        """
        state, ladder = self._writer.state, self._prices.ladder
        ended = (state.ended_orders.get(name) for name in self._climbing)
        found = [one.order.created_at for one in ended if one is not None]
        for known in state.open_orders.values():
            began, step = _began(known.order, state), _step(known.order, state, ladder)
            if known.status is OrderStatus.ACCEPTED and step < ladder.last_step(known.order):
                found.append(began + timedelta(seconds=(step + 1) * ladder.seconds))
        return min(found, default=None)

    def step(self, view: MarketView, allowed: TradingState) -> int:
        """Take back what is due for its next limit, send what was taken back; return the orders sent.

        Parameters
        ----------
        view : MarketView
            The market.
        allowed : TradingState
            What may be sent.
        """
        now, sent = view.as_of, self._go_on(view, allowed)
        for name, known in list(self._writer.state.open_orders.items()):
            step = self._next_step(known, now)
            if step is None:
                continue
            wanted = self._prices.at_step(known.order, self._decided(known), step, view)
            if wanted is None or wanted.limit_cents == known.order.limit_cents:
                continue
            if self._courier.take_back([name], NEXT_STEP, now):
                self._climbing[name] = step
        if self._climbing:
            self._courier.listen(now)
            sent += self._go_on(view, allowed)
        if sent:
            self._courier.listen(now)
        return sent

    def _next_step(self, known: OrderState, now: datetime) -> int | None:
        """Return the step at which an order should be, where that is not the one it rests at."""
        if known.status is not OrderStatus.ACCEPTED or self._is_taken_back(known):
            return None
        state, ladder = self._writer.state, self._prices.ladder
        passed = (now - _began(known.order, state)).total_seconds()
        step = ladder.step_after(known.order, passed)
        return step if step > _step(known.order, state, ladder) else None

    def _is_taken_back(self, known: OrderState) -> bool:
        """Return whether somebody wants an order gone; what the ladder asked for in vain it may ask again."""
        oversight = self._writer.oversight
        asked = None if oversight is None else oversight.cancels.get(known.order.order_id)
        return known.cancelling and (asked is None or asked.reason != NEXT_STEP)

    def _go_on(self, view: MarketView, allowed: TradingState) -> int:
        """Send the next attempt of what was taken back and has ended with a remainder."""
        sent, state = 0, self._writer.state
        for name, step in list(self._climbing.items()):
            if name in state.open_orders:
                continue
            del self._climbing[name]
            known = state.ended_orders[name]
            if known.status is not OrderStatus.CANCELLED or not known.remaining:
                continue
            if new_york_day(known.order.created_at) != view.day:
                continue  # what was decided in an earlier session is decided upon anew
            sent += self._send(known, step, view, allowed)
        return sent

    def _send(self, known: OrderState, step: int, view: MarketView, allowed: TradingState) -> bool:
        order = known.order
        if allowed is TradingState.HALTED:
            return False
        if allowed is TradingState.REDUCING and not self._goes_on(known):
            return False
        priced = self._prices.at_step(order, self._decided(known), step, view)
        if priced is None:
            return False  # without a quote nobody knows what a fair limit is: it is decided upon anew
        following = next_attempt(order, known.remaining, priced.limit_cents, view.as_of)
        self._writer.write([Entry(OrderPlaced(following), view.as_of, order.strategy, known.seq)])
        return self._courier.send(following, view.as_of, allowed)

    def _goes_on(self, known: OrderState) -> bool:
        rest = replace(known.order, quantity=known.remaining)
        return goes_on(rest, self._writer.state.positions.get(rest.position_id))

    def _decided(self, known: OrderState) -> Order:
        """Return an order with the limit it was decided upon with."""
        limit = known.signal.price_cents if known.signal is not None else None
        shares_only = not known.order.structure.options
        return replace(known.order, limit_cents=None if shares_only else limit)


def _began(order: Order, state: AccountState) -> datetime:
    """Return when the first attempt of an order's intent was decided upon."""
    while order.replaces and (before := state.order(order.replaces)) is not None:
        order = before.order
    return order.created_at


def _step(order: Order, state: AccountState, ladder: Ladder) -> int:
    """Return the step at which an order was sent."""
    return ladder.step_after(order, (order.created_at - _began(order, state)).total_seconds())
