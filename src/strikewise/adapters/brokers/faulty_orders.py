"""What becomes of orders on the way to a broker and of its answers on the way back."""

from __future__ import annotations

from datetime import datetime

from strikewise.adapters.brokers.fault_plan import FaultKind, FaultTimer
from strikewise.adapters.brokers.faulty_stream import FaultyStream
from strikewise.adapters.brokers.faulty_world import FaultyWorld
from strikewise.domain.brokerage import BrokerStatus, OrderReport
from strikewise.domain.orders import (
    Accepted,
    Known,
    Order,
    OrderEnded,
    Purpose,
    Rejected,
    SubmitAnswer,
    Unresolved,
)
from strikewise.execution.broker import Broker
from strikewise.execution.refusals import Refusal, refused
from strikewise.market.clock import Clock

__all__ = ["FaultyOrders"]


class FaultyOrders:
    """Hand orders over, or not, and answer as a broker that is hard to understand.

    Parameters
    ----------
    inner : Broker
        Who fills orders.
    timer : FaultTimer
        Says what goes wrong when.
    stream : FaultyStream
        Tells, and holds back.
    world : FaultyWorld
        Where persons are.
    clock : Clock
        Says when what is invented happened.
    """

    def __init__(
        self, inner: Broker, timer: FaultTimer, stream: FaultyStream, world: FaultyWorld, clock: Clock
    ) -> None:
        self._inner, self._timer, self._stream, self._world = inner, timer, stream, world
        self._clock = clock
        self._hidden: dict[str, int] = {}
        self._refused: dict[str, OrderReport] = {}

    def submit(self, order: Order) -> SubmitAnswer:
        """Hand an order over; one that the broker has already goes through as it is."""
        if order.order_id in self._refused:
            return Accepted(order.order_id)
        before = self._inner.order(order.order_id)
        if isinstance(before, Known) and before.value is not None:
            return self._inner.submit(order)
        if answer := self._on_the_way(order):
            return answer
        if order.purpose is Purpose.CLOSE and self._due(FaultKind.QUANTITY_HELD):
            self._world.hold_back(order)
        return self._back(order.order_id, self._inner.submit(order))

    def replace(self, order_id: str, replacement: Order) -> SubmitAnswer:
        """Ask to put an order in the place of another."""
        return self._back(replacement.order_id, self._inner.replace(order_id, replacement))

    def cancel(self, order_id: str) -> SubmitAnswer:
        """Ask to cancel an order; it may be filled, or not be found, before that arrives."""
        answer = self._inner.order(order_id)
        report = answer.value if isinstance(answer, Known) else None
        if report is not None and self.hidden(report):
            return refused(Refusal.NOT_OPEN, f"Order {order_id} was not found.")
        works = report is not None and report.status is BrokerStatus.WORKING
        if report is not None and works and self._due(FaultKind.FILL_BEATS_CANCEL):
            self._world.fill_first(report)
            return Accepted(order_id)
        return self.asked(self._inner.cancel(order_id))

    def asked(self, answer: SubmitAnswer) -> SubmitAnswer:
        """Return what is heard of an answer to a request that was carried out."""
        return Unresolved("The broker answered 503.") if self._due(FaultKind.SERVER_ERROR) else answer

    def report(self, order_id: str) -> OrderReport | None:
        """Return an order that was taken and then refused, of which the broker behind knows nothing."""
        return self._refused.get(order_id)

    def reports(self, since: datetime) -> tuple[OrderReport, ...]:
        """Return those submitted at or after an instant."""
        return tuple(one for one in self._refused.values() if one.submitted_at >= since)

    def hidden(self, report: OrderReport) -> bool:
        """Return whether an order is not found, though it is there."""
        left = self._hidden.get(report.order_id, 0)
        if left:
            self._hidden[report.order_id] = left - 1
            return True
        if report.order_id not in self._hidden and (fault := self._timer.due(FaultKind.ORDER_NOT_FOUND)):
            self._hidden[report.order_id] = fault.lasts - 1
            return True
        return False

    def _due(self, kind: FaultKind) -> bool:
        return self._timer.due(kind) is not None

    def _on_the_way(self, order: Order) -> SubmitAnswer | None:
        """Return the answer to an order that does not arrive; None where it does."""
        if fault := self._timer.due(FaultKind.RATE_LIMITED):
            return refused(Refusal.RATE_LIMITED, f"Too many requests: try again after {fault.lasts} s.")
        if self._due(FaultKind.REJECTED):
            return refused(Refusal.BUYING_POWER, "insufficient options buying power")
        if self._due(FaultKind.LOST_BEFORE_ACCEPTANCE):
            return Unresolved("No answer came within 10 s.")
        if self._due(FaultKind.REJECTED_AS_CANCELLED):
            self._refuse_late(order)
            return Accepted(order.order_id)
        if self._due(FaultKind.SERVER_ERROR):
            if self._timer.chance(FaultKind.SERVER_ERROR).random() < 0.5:
                self._inner.submit(order)
            return Unresolved("The broker answered 503.")
        return None

    def _back(self, order_id: str, answer: SubmitAnswer) -> SubmitAnswer:
        """Return what is heard of a broker's answer."""
        if isinstance(answer, Rejected):
            return answer
        if fault := self._timer.due(FaultKind.TIMEOUT_AFTER_ACCEPTANCE):
            self._stream.hold(order_id, fault.lasts)
            return Unresolved("No answer came within 10 s.")
        if self._due(FaultKind.FILL_BEFORE_ANSWER):
            return Unresolved("No answer came within 10 s.")
        if self._due(FaultKind.BROKEN_BODY):
            return Unresolved("The broker's answer was no JSON: <html>.")
        if self._due(FaultKind.DUPLICATE_ID):
            return refused(Refusal.DUPLICATE_ID, "client_order_id must be unique")
        return answer

    def _refuse_late(self, order: Order) -> None:
        now, reason = self._clock.now(), "rejected: margin rules"
        self._refused[order.order_id] = OrderReport(
            order_id=order.order_id,
            broker_order_id=order.order_id,
            status=BrokerStatus.CANCELLED,
            structure=order.structure,
            quantity=order.quantity,
            filled=0,
            limit_cents=order.limit_cents,
            submitted_at=now,
            reason=reason,
        )
        self._stream.say(OrderEnded(order.order_id, "cancelled", reason, now))
