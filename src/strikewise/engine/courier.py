"""The courier: hands orders to the broker, takes them back, and writes down every answer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from strikewise.domain.control import FaultNoted, OrderCancelAsked, TradingState
from strikewise.domain.events import OrderClosed
from strikewise.domain.instruments import Stock
from strikewise.domain.orders import (
    BrokerEvent,
    Bust,
    Execution,
    Known,
    Order,
    OrderEnded,
    Purpose,
    Rejected,
    StreamGap,
    Unresolved,
)
from strikewise.engine.requests import state_under
from strikewise.engine.told import BROKER, answered, cause_of, fact_of
from strikewise.engine.writer import Writer
from strikewise.execution.broker import Broker
from strikewise.execution.halt_flag import HaltFlag
from strikewise.execution.odd_fills import odd_fill
from strikewise.execution.refusals import Refusal
from strikewise.execution.spans import Spans, unseen
from strikewise.portfolio.ledger import Entry
from strikewise.portfolio.order_state import OrderState

__all__ = ["ASK_AGAIN", "Courier"]

ENGINE = "engine"

ASK_AGAIN = timedelta(seconds=30)
"""How long after a cancel was asked for, and did nothing, it is asked for again."""


class Courier:
    """Everything that passes between the loop and its broker.

    Parameters
    ----------
    broker : Broker
        Who fills orders.
    writer : Writer
        Who writes down what is told.
    flag : HaltFlag, optional
        Read before each order is sent; None where nobody can raise one.
    spans : Spans
        Who stands around what is sent.

    Attributes
    ----------
    doubtful : bool
        Whether something happened since it was last lowered after which ours and the broker's may differ: an
        order without an answer, or a gap in the stream.
    held_back : list of Order
        Exits that were refused because another order holds what they would close.
    heard : int
        What the broker had to tell when it was last listened to.
    """

    def __init__(
        self, broker: Broker, writer: Writer, flag: HaltFlag | None = None, spans: Spans = unseen
    ) -> None:
        self.broker, self._writer, self._flag, self._spans = broker, writer, flag, spans
        self.heard = 0
        self.doubtful = False
        self.held_back: list[Order] = []

    def listen(self, at: datetime) -> Sequence[BrokerEvent]:
        """Write down what the broker tells, and return it."""
        told = self.broker.events()
        self.heard = len(told)
        if told:
            state = self._writer.state
            facts = [Entry(fact_of(event), at, BROKER, cause_of(event, state)) for event in told]
            self._writer.write([*facts, *self._odd_fills(told, at)])
            self.doubtful |= any(isinstance(event, StreamGap) for event in told)
        return told

    def send(self, order: Order, at: datetime, decided_under: TradingState = TradingState.ACTIVE) -> bool:
        """Hand over an order that is written down; return whether the broker heard of it.

        Parameters
        ----------
        order : Order
            The order.
        at : datetime
            The present instant.
        decided_under : TradingState
            What could be sent when it was decided on: what has become stricter since is kept.
        """
        cause = self._writer.state.fact_of(order.order_id)
        if barred := self._barred(order, decided_under) or self._contradicted(order):
            ended = OrderEnded(order.order_id, "cancelled", barred, at)
            self._writer.write([Entry(OrderClosed(ended), at, ENGINE, cause)])
            return False
        with self._spans("submit", order=order.order_id, purpose=order.purpose.value):
            answer = self.broker.submit(order)
        self.doubtful |= isinstance(answer, Unresolved)
        if isinstance(answer, Rejected) and answer.code == Refusal.HELD_BY_ORDER:
            self.held_back.append(order)
            self.doubtful = True
        self._writer.write([Entry(answered(order, answer), at, BROKER, cause)])
        return True

    def take_back(
        self,
        names: Iterable[str],
        reason: str,
        at: datetime,
        *,
        actor: str = ENGINE,
        cause: int | None = None,
    ) -> int:
        """Ask the broker to cancel orders, each written down before; return how many were asked for."""
        asked = 0
        for name in names:
            if self._asked_lately(name, at):
                continue
            made = cause or self._writer.state.fact_of(name)
            self._writer.write([Entry(OrderCancelAsked(name, reason), at, actor, made)])
            answer = self.broker.cancel(name)
            asked += 1
            if isinstance(answer, Rejected):
                # It ended and nobody told us yet, or never arrived: reconciliation finds out which.
                said = f"order={name} {answer.code}: {answer.text}"
                self._writer.write([Entry(FaultNoted(BROKER, "CANCEL_REFUSED", said), at, BROKER, made)])
            self.doubtful |= isinstance(answer, Rejected | Unresolved)
        return asked

    def stop_opening(self, position_id: str) -> None:
        """Cancel what still rests of orders that open or adjust a position: what is closed must not grow."""
        for waiting in self._writer.state.open_orders.values():
            order = waiting.order
            if order.position_id == position_id and order.purpose is not Purpose.CLOSE:
                self.broker.cancel(order.order_id)

    def _odd_fills(self, told: Sequence[BrokerEvent], at: datetime) -> Iterator[Entry]:
        """Yield what fills that should not have been ask for; where nobody watches, they cannot be."""
        oversight, state = self._writer.oversight, self._writer.state
        if oversight is None:
            return
        over: set[str] = set()
        booked: dict[str, tuple[Execution, ...]] = {}
        for event in told:
            known = state.order(event.order_id) if isinstance(event, Bust | Execution | OrderEnded) else None
            if known is None:
                continue
            name = known.order.order_id
            before = booked.get(name, known.booked)
            match event:
                case OrderEnded():
                    over.add(name)
                case Bust(execution_id=taken):
                    booked[name] = tuple(one for one in before if one.execution_id != taken)
                case Execution(execution_id=new) if new not in _told(known, before):
                    ended = name in over or name not in state.open_orders
                    frozen = oversight.control.frozen
                    for fact in odd_fill(known.order, event, before, ended=ended, frozen=frozen):
                        yield Entry(fact, at, ENGINE, state.fact_of(name))
                    booked[name] = (*before, event)
                case _:
                    pass

    def _asked_lately(self, name: str, at: datetime) -> bool:
        oversight = self._writer.oversight
        asked = None if oversight is None else oversight.cancels.get(name)
        return asked is not None and at < asked.at + ASK_AGAIN

    def _contradicted(self, order: Order) -> str:
        """Return why shares are not closed now: the broker holds another number of them than we.

        Of options an order says that it closes; a broker that has no such shares sells them short.
        """
        if self._writer.oversight is None or order.purpose is not Purpose.CLOSE or not order.structure.shares:
            return ""
        stock, told = Stock(order.underlying), self.broker.positions()
        held = (one for position in self._writer.state.positions.values() for one in position.holdings)
        ours = sum(one.quantity for one in held if one.instrument == stock)
        if isinstance(told, Known):
            theirs = sum(one.quantity for one in told.value if one.instrument == stock)
            if ours == theirs:
                return ""
        self.doubtful = True
        shown = theirs if isinstance(told, Known) else told.reason
        return f"the broker's {stock} are not ours: ours={ours} theirs={shown}"

    def _barred(self, order: Order, decided_under: TradingState) -> str:
        """Return why an order is not sent any more; empty where it is."""
        oversight = self._writer.oversight
        if oversight is None or self._flag is None:
            return ""
        raised = self._flag.read()
        state = state_under(oversight.control, raised)
        if state is decided_under or state is TradingState.ACTIVE:
            return ""
        if state is TradingState.REDUCING and order.purpose is Purpose.CLOSE:
            return ""
        why = oversight.control.reason if raised is None else f"{raised.by}: {raised.reason}"
        return f"{state.name}: {why}" if why else state.name


def _told(known: OrderState, lately: Iterable[Execution]) -> set[str]:
    """Return the fills of an order that were told: those that are booked, and others before in this batch."""
    return {*known.executions, *(one.execution_id for one in lately)}
