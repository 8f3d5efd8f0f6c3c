"""A broker that is only looked at: everything that would change anything is refused here, and not sent."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

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
from strikewise.domain.orders import BrokerEvent, Execution, Known, Order, Rejected, SubmitAnswer, Unknown
from strikewise.execution.broker import Broker

__all__ = ["Onlooker"]

REFUSED = Rejected("ONLY_LOOKING", "Nothing is sent: this account is only looked at.")


class Onlooker:
    """Pass on every question to a broker, and no order; implements `strikewise.execution.broker.Broker`.

    Parameters
    ----------
    broker : Broker
        Who is asked.
    """

    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    def connect(self) -> Health:
        """Log in."""
        return self._broker.connect()

    def close(self) -> None:
        """Let go of connections."""
        self._broker.close()

    def health(self) -> Health:
        """Say whether it can be talked to."""
        return self._broker.health()

    def capabilities(self) -> Capabilities:
        """Return what it can do."""
        return self._broker.capabilities()

    def events(self) -> Sequence[BrokerEvent]:
        """Return what happened since the last call."""
        return self._broker.events()

    def account(self) -> Known[AccountReport] | Unknown:
        """Return the account."""
        return self._broker.account()

    def positions(self) -> Known[tuple[HeldReport, ...]] | Unknown:
        """Return what is held."""
        return self._broker.positions()

    def open_orders(self) -> Known[tuple[OrderReport, ...]] | Unknown:
        """Return the orders that may still fill."""
        return self._broker.open_orders()

    def order(self, order_id: str) -> Known[OrderReport | None] | Unknown:
        """Return an order by its id."""
        return self._broker.order(order_id)

    def orders_since(self, since: datetime) -> Known[tuple[OrderReport, ...]] | Unknown:
        """Return the orders submitted since an instant."""
        return self._broker.orders_since(since)

    def fills_since(self, cursor: str) -> Known[Page[Execution]] | Unknown:
        """Return the fills after a cursor."""
        return self._broker.fills_since(cursor)

    def activities_since(self, cursor: str) -> Known[Page[Activity]] | Unknown:
        """Return the activities after a cursor."""
        return self._broker.activities_since(cursor)

    def preview(self, order: Order) -> Known[Preview] | Unknown:
        """Say what an order would do."""
        return self._broker.preview(order)

    def submit(self, order: Order) -> SubmitAnswer:  # noqa: ARG002 - the signature is the port's
        """Refuse."""
        return REFUSED

    def replace(self, order_id: str, replacement: Order) -> SubmitAnswer:  # noqa: ARG002
        """Refuse."""
        return REFUSED

    def cancel(self, order_id: str) -> SubmitAnswer:  # noqa: ARG002
        """Refuse."""
        return REFUSED

    def cancel_all(self) -> SubmitAnswer:
        """Refuse."""
        return REFUSED

    def exercise(self, contract: OptionContract, quantity: int) -> SubmitAnswer:  # noqa: ARG002
        """Refuse."""
        return REFUSED

    def do_not_exercise(self, contract: OptionContract) -> SubmitAnswer:  # noqa: ARG002
        """Refuse."""
        return REFUSED
