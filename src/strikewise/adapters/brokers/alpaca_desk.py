"""What is sent to Alpaca: once, and told as accepted, refused, or not known."""

from __future__ import annotations

from strikewise.adapters.brokers.alpaca_answers import OrderAnswer, read_one
from strikewise.adapters.brokers.alpaca_fills import KnownOrders
from strikewise.adapters.brokers.alpaca_orders import is_same, limit_text, order_request, units_of
from strikewise.adapters.brokers.alpaca_pace import Urgency
from strikewise.adapters.brokers.alpaca_reads import AlpacaReads
from strikewise.adapters.brokers.alpaca_refusals import is_taken, refusal_of
from strikewise.adapters.brokers.alpaca_states import reason_of, status_of
from strikewise.adapters.brokers.alpaca_symbols import Symbols
from strikewise.adapters.brokers.alpaca_wire import AlpacaWire, Answered, Failed, Limited, words_of
from strikewise.domain.brokerage import BrokerStatus, OrderReport
from strikewise.domain.instruments import Instrument, OptionContract
from strikewise.domain.orders import Accepted, Order, Purpose, Rejected, SubmitAnswer, Unknown, Unresolved
from strikewise.execution.refusals import Refusal, refused

__all__ = ["AlpacaDesk"]

_NOBODY_KNOWS = frozenset({408, 409, 425})
"""Refusals behind which the order may still have arrived."""


class AlpacaDesk:
    """Orders and instructions.

    Parameters
    ----------
    wire : AlpacaWire
        The trading interface.
    reads : AlpacaReads
        The account.
    symbols : Symbols
        How instruments are written.
    orders : KnownOrders
        Whose orders are whose.
    """

    def __init__(
        self, wire: AlpacaWire, *, reads: AlpacaReads, symbols: Symbols, orders: KnownOrders
    ) -> None:
        self._wire, self._reads, self._symbols, self._orders = wire, reads, symbols, orders

    def submit(self, order: Order) -> SubmitAnswer:
        """Hand over an order; one the vendor has already is adopted."""
        urgency = Urgency.EXIT if order.purpose is Purpose.CLOSE else Urgency.ENTRY
        problem = self._reads.problem(urgency)
        if problem:
            return _not_sent(problem)
        asks = order.purpose is not Purpose.CLOSE and order.structure.options
        held = self._held(urgency) if asks else None
        request = order_request(order, self._symbols, held)
        if isinstance(request, Rejected):
            return request
        self._orders.sent(order)
        return self._placed(order, self._wire.call("POST", "/orders", request, urgency=urgency))

    def replace(self, order_id: str, replacement: Order) -> SubmitAnswer:
        """Ask for another limit; the vendor makes a new order, and a fill of the old one may win the race."""
        old = self._working(order_id)
        if not isinstance(old, OrderReport):
            return old
        limit = limit_text(replacement)
        if limit is None:
            return refused(Refusal.BAD_PRICE, "a replacement needs a limit")
        units = 1 if self._orders.asked(order_id) is None else units_of(replacement)
        filled, wanted = old.filled * units, replacement.quantity * units_of(replacement)
        if not 0 < wanted <= old.quantity * units - filled:
            left = f"requested={wanted} left={old.quantity * units - filled}"
            return refused(Refusal.BAD_QUANTITY, f"a replacement is for what is left; {left}")
        asked = {
            "client_order_id": replacement.order_id,
            "limit_price": limit,
            "qty": str(
                filled + wanted
            ),  # of both orders together, so that no fill in between is one too many
            "time_in_force": "day",
        }
        self._orders.sent(replacement)
        said = self._wire.call("PATCH", f"/orders/{old.broker_order_id}", asked, urgency=Urgency.EXIT)
        return self._placed(replacement, said)

    def cancel(self, order_id: str) -> SubmitAnswer:
        """Ask to cancel an order; the stream tells what became of it."""
        broker_id = self._broker_id(order_id)
        return self._cancelled(broker_id) if isinstance(broker_id, str) else broker_id

    def cancel_all(self) -> SubmitAnswer:
        """Ask to cancel every open order of ours, and of nobody else."""
        listed = self._reads.open_orders(Urgency.EXIT)
        if isinstance(listed, Unknown):
            return Unresolved(listed.reason)
        mine = [one for one in listed.value if self._orders.ours(one.order_id)]
        answers = [self._cancelled(one.broker_order_id) for one in mine]
        unresolved = [one.reason for one in answers if isinstance(one, Unresolved)]
        return Unresolved("; ".join(unresolved)) if unresolved else Accepted("")

    def exercise(self, contract: OptionContract, quantity: int) -> SubmitAnswer:
        """Ask to exercise; the vendor exercises all that is held, so it must be all that is asked for."""
        held = self._held(Urgency.EXIT)
        if held is None:
            return _not_sent("what is held is not known")
        if held.get(contract, 0) != quantity:
            code = Refusal.NOT_SUPPORTED if held.get(contract, 0) > quantity else Refusal.NOT_HELD
            text = f"Alpaca exercises all that is held; requested={quantity} held={held.get(contract, 0)}"
            return refused(code, text)
        return self._instructed(contract, "exercise")

    def do_not_exercise(self, contract: OptionContract) -> SubmitAnswer:
        """Ask that a contract is not exercised at expiration."""
        problem = self._reads.problem(Urgency.EXIT)
        return _not_sent(problem) if problem else self._instructed(contract, "do-not-exercise")

    def _instructed(self, contract: OptionContract, what: str) -> SubmitAnswer:
        path = f"/positions/{self._symbols.write(contract)}/{what}"
        said = self._wire.call("POST", path, urgency=Urgency.EXIT)
        if isinstance(said, Answered) and said.status < 300:
            return Accepted("")
        return _refused(said)

    def _cancelled(self, broker_id: str) -> SubmitAnswer:
        said = self._wire.call("DELETE", f"/orders/{broker_id}", urgency=Urgency.EXIT)
        if isinstance(said, Answered) and said.status < 300:
            return Accepted(broker_id)
        if isinstance(said, Failed) and said.status in {404, 422}:  # documented without a body
            return refused(Refusal.NOT_OPEN, said.reason)
        return _refused(said)

    def _broker_id(self, order_id: str) -> str | Rejected | Unresolved:
        """Return the vendor's id of an order, or why there is none."""
        problem = self._reads.problem(Urgency.EXIT)
        if problem:
            return _not_sent(problem)
        known = self._orders.broker_id(order_id)
        if known is not None:
            return known
        found = self._report(order_id)
        return found.broker_order_id if isinstance(found, OrderReport) else found

    def _working(self, order_id: str) -> OrderReport | Rejected | Unresolved:
        """Return an order that may still fill, or why there is none."""
        found = self._report(order_id)
        if isinstance(found, OrderReport) and found.status is not BrokerStatus.WORKING:
            return refused(Refusal.NOT_OPEN, f"{order_id} cannot be replaced: it is {found.status.value}")
        return found

    def _report(self, order_id: str) -> OrderReport | Rejected | Unresolved:
        problem = self._reads.problem(Urgency.EXIT)
        if problem:
            return _not_sent(problem)
        found = self._reads.order(order_id, Urgency.EXIT)
        if isinstance(found, Unknown):
            return Unresolved(found.reason)
        return found.value or refused(Refusal.NOT_OPEN, f"Alpaca has no order {order_id}")

    def _placed(self, order: Order, said: Answered | Failed | Limited) -> SubmitAnswer:
        if not isinstance(said, Answered) or said.status >= 300:
            taken = isinstance(said, Answered) and is_taken(said)
            return self._adopted(order) if taken else _refused(said)
        answer = read_one(OrderAnswer, said.body)
        if answer is None or not answer.id:
            return Unresolved("Alpaca answered with success and no order")
        self._orders.learn(answer)
        if status_of(answer) is BrokerStatus.REJECTED:
            return refused(Refusal.REFUSED, reason_of(answer))
        return Accepted(answer.id)

    def _adopted(self, order: Order) -> SubmitAnswer:
        """Return the answer for an order the vendor has one of the same id of: the same, or another."""
        found = self._reads.order(order.order_id, Urgency.EXIT)
        if isinstance(found, Unknown) or found.value is None:
            return Unresolved("Alpaca has an order of this id and does not show it")
        if not is_same(order, found.value):
            return refused(Refusal.DUPLICATE_ID, f"{order.order_id} is the id of another order")
        if found.value.status is BrokerStatus.REJECTED:
            return refused(Refusal.REFUSED, found.value.reason)
        return Accepted(found.value.broker_order_id)

    def _held(self, urgency: Urgency) -> dict[Instrument, int] | None:
        said = self._reads.positions(urgency)
        return None if isinstance(said, Unknown) else {one.instrument: one.quantity for one in said.value}


def _not_sent(problem: str) -> Rejected:
    return refused(Refusal.NOT_CONNECTED, problem)


def _refused(said: Answered | Failed | Limited) -> SubmitAnswer:
    """Return what an answer that is no success means: refused for good, or not known."""
    if isinstance(said, Limited):
        return refused(Refusal.RATE_LIMITED, said.reason)
    if isinstance(said, Failed) or said.status in _NOBODY_KNOWS:
        return Unresolved(said.reason if isinstance(said, Failed) else words_of(said.body))
    return refusal_of(said)
