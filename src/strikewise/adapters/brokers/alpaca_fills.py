"""Fills and ends of orders, as the stream tells them and as the activities list them.

A fill is told leg by leg and booked leg by leg; the parent of several legs is information. Both ways name
the same fill by the same execution id; where they should not, the quantity filled so far tells that it is the
same.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TypeVar

from strikewise.adapters.brokers.alpaca_answers import (
    ActivityAnswer,
    LegExecution,
    OrderAnswer,
    Update,
    instant,
)
from strikewise.adapters.brokers.alpaca_money import count_of, priced_in_cents
from strikewise.adapters.brokers.alpaca_states import EVENTS, OUTCOMES, Told, reason_of, status_of
from strikewise.adapters.brokers.alpaca_symbols import Symbols
from strikewise.domain.errors import InstrumentError
from strikewise.domain.orders import BrokerEvent, Bust, Execution, LegFill, Order, OrderEnded, StreamGap
from strikewise.domain.quotes import Grade

__all__ = ["Fills", "KnownOrders"]

K = TypeVar("K")
V = TypeVar("V")

REMEMBERED = 20_000
"""Orders and fills that are remembered; the oldest go first."""


class KnownOrders:
    """Which of our orders the vendor's ids belong to, those of legs too.

    Parameters
    ----------
    prefix : str
        What the ids of our orders begin with.
    """

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._owners: OrderedDict[str, str] = OrderedDict()
        self._brokers: OrderedDict[str, str] = OrderedDict()
        self._sent: OrderedDict[str, Order] = OrderedDict()

    def sent(self, order: Order) -> None:
        """Remember an order as it was first asked for, so that it is told in its own units."""
        if order.order_id not in self._sent:
            _remember(self._sent, order.order_id, order)

    def asked(self, order_id: str) -> Order | None:
        """Return an order as it was asked for; None where it was sent before this program began."""
        return self._sent.get(order_id)

    def ours(self, order_id: str) -> bool:
        """Return whether an order was sent by us."""
        return order_id.startswith(self._prefix)

    def learn(self, answer: OrderAnswer) -> None:
        """Remember an order that stands by itself, and its legs."""
        if answer.order_class == "mleg" and not answer.legs:
            return
        for one in (answer, *answer.legs):
            _remember(self._owners, one.id, answer.client_order_id)
        _remember(self._brokers, answer.client_order_id, answer.id)

    def owner(self, broker_id: str) -> str | None:
        """Return the id its sender gave an order, found by the vendor's id of it or of one of its legs."""
        return self._owners.get(broker_id)

    def broker_id(self, order_id: str) -> str | None:
        """Return the vendor's id of an order."""
        return self._brokers.get(order_id)


class Fills:
    """Fills and ends, each fill under one id.

    Parameters
    ----------
    orders : KnownOrders
        Whose orders are whose.
    symbols : Symbols
        How instruments are written.
    """

    def __init__(self, orders: KnownOrders, symbols: Symbols) -> None:
        self._orders, self._symbols = orders, symbols
        self._ids: OrderedDict[tuple[str, str, int], str] = OrderedDict()
        self._told: OrderedDict[str, dict[str, tuple[str, int]]] = OrderedDict()
        """By order: which fills the stream told of it, each with its symbol and quantity, and still stand.

        What is listed may yet be thrown away by who asked, where the rest of a picture could not be had.
        """
        self._taken_back: OrderedDict[str, str] = OrderedDict()

    def told(self, update: Update, received_at: datetime) -> list[BrokerEvent]:
        """Return what an event of the stream means; what cannot be read is a gap, for the broker to be asked.

        Parameters
        ----------
        update : Update
            The event.
        received_at : datetime
            When it came.
        """
        order, what = update.order, EVENTS.get(update.event)
        self._orders.learn(order)
        owner = self._orders.owner(order.id)
        if owner is None:
            return [StreamGap(f"{update.event}: a leg of an order nobody knows", received_at)]
        if not self._orders.ours(owner):
            changed = what not in {Told.NOTHING, Told.END}
            return [StreamGap(f"{update.event}: an order of somebody else", received_at)] if changed else []
        at = instant(update.timestamp) or received_at
        match what:
            case Told.FILL:
                return self._fill(update, owner, at)
            case Told.END:
                return self._end(order, owner, at)
            case Told.BUST | Told.CORRECTION:
                return self._bust(update, owner, at, corrected=what is Told.CORRECTION)
            case Told.NOTHING:
                return []
            case None:
                return [StreamGap(f"{update.event}: an event nobody knows", received_at)]

    def listed(self, lines: Iterable[ActivityAnswer]) -> list[Execution]:
        """Return the fills of our orders among activities; those of others are left out.

        Raises
        ------
        ValueError
            If a fill of ours cannot be read: then nobody knows what is held.
        """
        found = []
        for line in lines:
            owner = self._orders.owner(line.order_id)
            if owner is None or not self._orders.ours(owner):
                continue
            at = instant(line.transaction_time)
            legs = self._legs(line.symbol, line.side, line.qty, line.price)
            if at is None or not legs:
                raise ValueError(f"the fill {line.id} of {owner} cannot be read")
            name = line.id.partition("::")[2] or line.id
            filled = count_of(line.cum_qty)
            if filled is not None and name not in self._taken_back:
                name = self._one_id(owner, line.symbol, filled, name)
            found.append(_execution(name, owner, legs, at))
        return found

    def _fill(self, update: Update, owner: str, at: datetime) -> list[BrokerEvent]:
        order = update.order
        if order.legs and not update.legs:
            return [StreamGap(f"{update.event}: {owner} was filled, its legs are not told", at)]
        told = update.legs or (
            LegExecution(
                execution_id=update.execution_id,
                order_id=order.id,
                symbol=order.symbol,
                qty=update.qty,
                price=update.price,
                timestamp=update.timestamp,
            ),
        )
        answers = {one.id: one for one in (*order.legs, order)}
        events: list[BrokerEvent] = []
        for one, filled in _with_filled(told, answers):
            answer = answers.get(one.order_id, order)
            symbol = one.symbol or answer.symbol
            legs = self._legs(symbol, answer.side or answer.position_intent, one.qty, one.price)
            if not legs:
                return [StreamGap(f"{update.event}: a fill of {owner} cannot be read", at)]
            name = self._one_id(owner, symbol, filled, one.execution_id or f"{one.order_id}:{filled}")
            self._tell(owner, name, symbol, legs)
            events.append(_execution(name, owner, legs, instant(one.timestamp) or at))
            if self._missed(owner, symbol, filled):
                events.append(StreamGap(f"{update.event}: {owner} had fills before that were not told", at))
        return events

    def _end(self, order: OrderAnswer, owner: str, at: datetime) -> list[BrokerEvent]:
        outcome = OUTCOMES.get(status_of(order))
        if outcome is None:  # of a replacement the new order may be shown, which works
            return []
        if any(self._missed(owner, one.symbol, count_of(one.filled_qty)) for one in order.legs or (order,)):
            # Whoever sends what is left of it would count what is filled already once more.
            return [StreamGap(f"{order.status}: {owner} ended with fills that were not told", at)]
        return [OrderEnded(owner, outcome, reason_of(order) or order.status, at)]

    def _bust(self, update: Update, owner: str, at: datetime, *, corrected: bool) -> list[BrokerEvent]:
        name = update.previous_execution_id or ("" if corrected else update.execution_id)
        if not name:
            return [StreamGap(f"{update.event}: which fill of {owner} it takes back is not told", at)]
        bust = Bust(name, owner, update.reason or update.event, at)
        self._take_back(owner, name)
        if not corrected:
            return [bust]
        return [bust, *self._fill(update, owner, at)]

    def _legs(self, symbol: str, side: str, qty: str, price: str) -> tuple[LegFill, ...]:
        """Return what was traded, at two prices where one lies between them; nothing if it cannot be read."""
        count = count_of(qty)
        if not count or not side.startswith(("buy", "sell")):
            return ()
        try:
            instrument = self._symbols.read(symbol)
        except InstrumentError:
            return ()
        sign = 1 if side.startswith("buy") else -1
        parts = priced_in_cents(abs(count), price)
        return tuple(LegFill(instrument, sign * number, cents, -1, -1) for number, cents in parts)

    def _one_id(self, owner: str, symbol: str, filled: int, name: str) -> str:
        """Return the first id a fill was told under: the one that brought its order to this quantity."""
        key = (owner, symbol, filled)
        if filled <= 0:
            return name
        if key not in self._ids:
            _remember(self._ids, key, name)
        return self._ids[key]

    def _tell(self, owner: str, name: str, symbol: str, legs: tuple[LegFill, ...]) -> None:
        """Remember that the stream told a fill; what was taken back does not count again."""
        if name not in self._taken_back:
            told = self._told.get(owner, {})
            told[name] = symbol, sum(abs(leg.quantity) for leg in legs)
            _remember(self._told, owner, told)

    def _take_back(self, owner: str, name: str) -> None:
        """Forget a fill: what is filled up to the same quantity later is another."""
        _remember(self._taken_back, name, owner)
        self._told.get(owner, {}).pop(name, None)
        for key in [key for key, known in self._ids.items() if known == name]:
            del self._ids[key]

    def _missed(self, owner: str, symbol: str, filled: int | None) -> bool:
        """Return whether more of an instrument was filled than was told; so it is where nobody says."""
        told = self._told.get(owner, {}).values()
        return filled is None or filled > sum(quantity for one, quantity in told if one == symbol)


def _with_filled(
    told: Sequence[LegExecution], answers: Mapping[str, OrderAnswer]
) -> list[tuple[LegExecution, int]]:
    """Return fills with what their order came to with each: its own number is that after the last."""
    left = {name: count_of(answer.filled_qty) or 0 for name, answer in answers.items()}
    found: list[tuple[LegExecution, int]] = []
    for one in reversed(told):
        filled = left.get(one.order_id, 0)
        left[one.order_id] = filled - (count_of(one.qty) or 0)
        found.append((one, filled))
    return found[::-1]


def _execution(name: str, owner: str, legs: tuple[LegFill, ...], at: datetime) -> Execution:
    return Execution(name, owner, 0, legs, 0, at, Grade.QUOTES)


def _remember(into: OrderedDict[K, V], key: K, value: V) -> None:
    into[key] = value
    into.move_to_end(key)
    while len(into) > REMEMBERED:
        into.popitem(last=False)
