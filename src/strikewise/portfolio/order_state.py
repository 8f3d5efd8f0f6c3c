"""What is known of an order and of a signal between the decision and its end."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from strikewise.domain.orders import Order
from strikewise.domain.signals import Signal


class OrderStatus(StrEnum):
    """Where an order stands; the last four are its ends."""

    PLACED = "placed"
    ACCEPTED = "accepted"
    UNRESOLVED = "unresolved"
    FILLED = "filled"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class PendingSignal:
    """A signal that is neither denied nor ordered yet, and the fact that made it."""

    signal: Signal
    seq: int


@dataclass(frozen=True, slots=True)
class OrderState:
    """An order and what became of it.

    Attributes
    ----------
    order : Order
        The order.
    seq : int
        The fact that placed it.
    signal : Signal or None
        The signal behind an opening order, for as long as it may fill.
    status : OrderStatus
        Where it stands.
    filled : int
        Units filled.
    broker_order_id : str
        The broker's id; empty while it has not said one.
    executions : tuple of str
        Ids of the fills booked, so that the same one again changes nothing.
    """

    order: Order
    seq: int
    signal: Signal | None = None
    status: OrderStatus = OrderStatus.PLACED
    filled: int = 0
    broker_order_id: str = ""
    executions: tuple[str, ...] = ()

    @property
    def remaining(self) -> int:
        """Units that may still fill."""
        return max(0, self.order.quantity - self.filled)
