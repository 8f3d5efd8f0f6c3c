"""The port behind which orders become fills."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from strikewise.domain.orders import BrokerEvent, Known, Order, SubmitAnswer, Unknown
from strikewise.domain.portfolio import Holding


class Broker(Protocol):
    """Whoever fills orders: simulated or real.

    A read answers `Known` or `Unknown`, never an empty account on an error. `submit` with an id the broker
    already has is the same order, not a second one.
    """

    def submit(self, order: Order) -> SubmitAnswer:
        """Hand over an order."""
        ...

    def cancel(self, order_id: str) -> SubmitAnswer:
        """Ask to cancel an order; a fill may win the race."""
        ...

    def events(self) -> Sequence[BrokerEvent]:
        """Return what happened since the last call, oldest first."""
        ...

    def cash_cents(self) -> Known[int] | Unknown:
        """Return the cash balance."""
        ...

    def holdings(self) -> Known[tuple[Holding, ...]] | Unknown:
        """Return what is held, netted by instrument."""
        ...

    def open_orders(self) -> Known[tuple[Order, ...]] | Unknown:
        """Return the orders that may still fill."""
        ...
