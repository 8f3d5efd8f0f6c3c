"""What is known of an order and of a signal between the decision and its end."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from strikewise.domain.orders import Execution, Order
from strikewise.domain.portfolio import Holding
from strikewise.domain.signals import Signal
from strikewise.domain.structures import Structure
from strikewise.portfolio.booking import moved

__all__ = ["OrderState", "OrderStatus", "PendingSignal", "taken_back"]


class OrderStatus(StrEnum):
    """Where an order stands; the last five are its ends."""

    PLACED = "placed"
    ACCEPTED = "accepted"
    UNRESOLVED = "unresolved"
    FILLED = "filled"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    REJECTED = "rejected"
    NEVER_SENT = "never_sent"


@dataclass(frozen=True, slots=True)
class PendingSignal:
    """A signal that is neither denied nor ordered yet, and the fact that made it."""

    signal: Signal
    seq: int


@dataclass(frozen=True, slots=True)
class OrderState:
    """An order and what became of it.

    A fill is booked from whatever state, each once; one that a broker took back is not booked again. An order
    that was filled and lost fills thereafter stays ended: what replaces them comes as late fills do.

    Attributes
    ----------
    order : Order
        The order.
    seq : int
        The fact that placed it.
    signal : Signal or None
        The signal behind an opening order; that of the order it replaces, where it does.
    status : OrderStatus
        Where it stands.
    filled : int
        Units filled; of what was filled leg by leg, the units that are whole.
    broker_order_id : str
        The broker's id; empty while it has not said one.
    executions : tuple of str
        Ids of the fills that were told, so that the same one again changes nothing.
    booked : tuple of Execution
        Those of them that stand: not taken back.
    legs_filled : tuple of Holding
        What was filled leg by leg; bought positive, sold negative.
    cancelling : bool
        Whether the loop asked the broker to take it back.
    """

    order: Order
    seq: int
    signal: Signal | None = None
    status: OrderStatus = OrderStatus.PLACED
    filled: int = 0
    broker_order_id: str = ""
    executions: tuple[str, ...] = ()
    booked: tuple[Execution, ...] = ()
    legs_filled: tuple[Holding, ...] = ()
    cancelling: bool = False

    @property
    def remaining(self) -> int:
        """Units that may still fill."""
        return max(0, self.order.quantity - self.filled)

    @property
    def begun(self) -> int:
        """Units of which anything is filled: as many as are whole, unless legs are missing."""
        if not self.legs_filled:
            return self.filled
        whole, begun = _units(self.order.structure, self.legs_filled)
        return self.filled - whole + begun

    def noted(
        self, status: OrderStatus, *, broker_order_id: str | None = None, cancelling: bool | None = None
    ) -> OrderState:
        """Return the order with where it stands now, and what else a fact says of it."""
        # Not by `dataclasses.replace`, which takes several times as long: every order passes here.
        return OrderState(
            self.order,
            self.seq,
            self.signal,
            status,
            self.filled,
            self.broker_order_id if broker_order_id is None else broker_order_id,
            self.executions,
            self.booked,
            self.legs_filled,
            self.cancelling if cancelling is None else cancelling,
        )

    def with_fill(self, execution: Execution) -> OrderState:
        """Return the order after a fill that was not told before."""
        filled, legs = self._counted(execution)
        return OrderState(
            self.order,
            self.seq,
            self.signal,
            OrderStatus.FILLED if filled >= self.order.quantity else self.status,
            filled,
            self.broker_order_id,
            (*self.executions, execution.execution_id),
            (*self.booked, execution),
            legs,
            self.cancelling,
        )

    def without_fill(self, execution: Execution) -> OrderState:
        """Return the order after a booked fill was taken back."""
        filled, legs = self._counted(taken_back(execution))
        booked = tuple(one for one in self.booked if one.execution_id != execution.execution_id)
        return replace(self, filled=filled, legs_filled=legs, booked=booked)

    def refusing(self, execution_id: str) -> OrderState:
        """Return the order with a fill that was taken back before it was told: it will not be booked."""
        return replace(self, executions=(*self.executions, execution_id))

    def _counted(self, execution: Execution) -> tuple[int, tuple[Holding, ...]]:
        """Return units and legs filled after a fill."""
        if execution.quantity:
            return self.filled + execution.quantity, self.legs_filled
        legs = moved(self.legs_filled, [Holding(leg.instrument, leg.quantity) for leg in execution.legs])
        structure = self.order.structure
        before, after = _units(structure, self.legs_filled)[0], _units(structure, legs)[0]
        return self.filled + after - before, legs


def taken_back(execution: Execution) -> Execution:
    """Return the fill that undoes another: its quantities and fees, negated."""
    return replace(
        execution,
        quantity=-execution.quantity,
        legs=tuple(replace(leg, quantity=-leg.quantity) for leg in execution.legs),
        fees_cents=-execution.fees_cents,
    )


def _units(structure: Structure, legs: Iterable[Holding]) -> tuple[int, int]:
    """Return how many units legs make whole, and how many they begin; the wrong sign is left out."""
    filled = {one.instrument: one.quantity for one in legs}
    whole, begun = [], []
    for leg in structure.legs:
        ratio, count = abs(leg.ratio), filled.get(leg.instrument, 0)
        right = abs(count) if (count > 0) == (leg.ratio > 0) else 0
        whole.append(right // ratio)
        begun.append(-(-right // ratio))
    return min(whole), max(begun)
