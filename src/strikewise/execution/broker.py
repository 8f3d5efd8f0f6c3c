"""The port behind which orders become fills."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from strikewise.domain.brokerage import (
    AccountReport,
    Activity,
    Capabilities,
    Health,
    HeldReport,
    OrderReport,
    Page,
    Preview,
)
from strikewise.domain.instruments import OptionContract
from strikewise.domain.orders import BrokerEvent, Execution, Known, Order, SubmitAnswer, Unknown

__all__ = ["Broker"]


class Broker(Protocol):
    """Whoever fills orders: simulated or real.

    A read answers `Known` or `Unknown`, never an empty account on an error. `submit` with an id the broker
    already has is the same order, not a second one. Times are UTC; no method raises for what the world does.
    """

    # --- the connection ---------------------------------------------------------------------------------

    def connect(self) -> Health:
        """Log in, listen to the stream, and say whether that succeeded; may be called again after a cut."""
        ...

    def close(self) -> None:
        """Let go of connections; what was sent stays sent."""
        ...

    def health(self) -> Health:
        """Say whether orders can be sent and events arrive."""
        ...

    def capabilities(self) -> Capabilities:
        """Return what this broker can do."""
        ...

    def events(self) -> Sequence[BrokerEvent]:
        """Return what happened since the last call, oldest first."""
        ...

    # --- reads ------------------------------------------------------------------------------------------

    def account(self) -> Known[AccountReport] | Unknown:
        """Return the account."""
        ...

    def positions(self) -> Known[tuple[HeldReport, ...]] | Unknown:
        """Return what is held, netted by instrument."""
        ...

    def open_orders(self) -> Known[tuple[OrderReport, ...]] | Unknown:
        """Return the orders that may still fill, others' too."""
        ...

    def order(self, order_id: str) -> Known[OrderReport | None] | Unknown:
        """Return an order by the id its sender gave it; ``Known(None)`` where the broker has none."""
        ...

    def orders_since(self, since: datetime) -> Known[tuple[OrderReport, ...]] | Unknown:
        """Return all orders submitted at or after an instant, whatever became of them."""
        ...

    def fills_since(self, cursor: str) -> Known[Page[Execution]] | Unknown:
        """Return the fills of our orders after a cursor; an empty one asks from the first on."""
        ...

    def activities_since(self, cursor: str) -> Known[Page[Activity]] | Unknown:
        """Return settlements, cash flows and splits after a cursor; an empty one asks from the first on."""
        ...

    def preview(self, order: Order) -> Known[Preview] | Unknown:
        """Say what an order would do, without sending it."""
        ...

    # --- orders -----------------------------------------------------------------------------------------

    def submit(self, order: Order) -> SubmitAnswer:
        """Hand over an order, good for the session."""
        ...

    def replace(self, order_id: str, replacement: Order) -> SubmitAnswer:
        """Ask to put an order of another limit in the place of a working one; a fill may win the race."""
        ...

    def cancel(self, order_id: str) -> SubmitAnswer:
        """Ask to cancel an order; a fill may win the race."""
        ...

    def cancel_all(self) -> SubmitAnswer:
        """Ask to cancel every order of ours that may still fill."""
        ...

    def exercise(self, contract: OptionContract, quantity: int) -> SubmitAnswer:
        """Ask to exercise contracts that are held long."""
        ...

    def do_not_exercise(self, contract: OptionContract) -> SubmitAnswer:
        """Ask that a contract held long is not exercised at expiration."""
        ...
