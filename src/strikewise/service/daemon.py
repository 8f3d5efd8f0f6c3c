"""What may be seen of an account that is traded: positions, orders, and both sides compared."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

from strikewise.domain.instruments import instrument_symbol
from strikewise.domain.portfolio import Position
from strikewise.portfolio.ledger import Ledger
from strikewise.portfolio.order_state import OrderState, OrderStatus
from strikewise.portfolio.reading import AccountReading, latest_ended, read_account
from strikewise.service.comparison import Comparison, comparison_of
from strikewise.service.system import System
from strikewise.service.views.status import StatusView, status_of

__all__ = [
    "Comparison",
    "StatusView",
    "comparison_after",
    "comparison_of",
    "current_status",
    "orders_of",
    "positions_of",
]


WORKING = (OrderStatus.PLACED, OrderStatus.ACCEPTED, OrderStatus.UNRESOLVED)


def current_status(system: System) -> StatusView:
    """Return how the account's process is, whether it runs or not."""
    with _account(system) as (_, found):
        pass
    return status_of(
        found.state,
        found.control,
        system.picture(),
        found.end.seq,
        system.heartbeat(),
        system.halt.read(),
        system.now(),
        system.account,
    )


def comparison_after(system: System, request: int) -> Comparison:
    """Return both sides as the reconciliation left them that met a request."""
    with _account(system) as (ledger, found):
        return comparison_of(found.state, ledger.records(after=request), written=True)


def positions_of(system: System) -> list[dict[str, Any]]:
    """Return what is held and what is on its way, as the ledger has it."""
    with _account(system) as (_, found):
        return [_position(one) for one in (*found.state.positions.values(), *found.state.pending)]


def orders_of(system: System, *, ended: int = 0) -> list[dict[str, Any]]:
    """Return the orders at work, and the last of those that ended."""
    with _account(system) as (ledger, found):
        over = latest_ended(ledger, found.state, ended)
        return [_order(one) for one in (*over, *found.state.open_orders.values())]


@contextmanager
def _account(system: System) -> Iterator[tuple[Ledger, AccountReading]]:
    """Give an account read to its end, from where somebody last read it, and its ledger."""
    with system.ledger() as ledger, closing(system.checkpoint()) as checkpoint:
        yield ledger, read_account(ledger, checkpoint)


def _position(position: Position) -> dict[str, Any]:
    return {
        "position_id": position.position_id,
        "strategy": position.strategy,
        "underlying": position.underlying,
        "structure": position.structure.describe(),
        "quantity": position.quantity,
        "holdings": [
            {"instrument": instrument_symbol(one.instrument), "quantity": one.quantity}
            for one in position.holdings
        ],
        "opened_at": position.opened_at.isoformat(),
        "entry": position.entry_cents / 100,
        "max_loss": None if position.max_loss_cents is None else position.max_loss_cents / 100,
        "margin": position.margin_cents / 100,
        "state": _state_of(position),
        "closing_order": position.closing_order_id or None,
    }


def _state_of(position: Position) -> str:
    if position.closing_order_id:
        return "closing"
    return "open" if position.holdings else "opening"


def _order(known: OrderState) -> dict[str, Any]:
    order = known.order
    return {
        "order_id": order.order_id,
        "position_id": order.position_id,
        "strategy": order.strategy,
        "purpose": order.purpose.value,
        "structure": order.structure.describe(),
        "quantity": order.quantity,
        "filled": known.filled,
        "limit": None if order.limit_cents is None else order.limit_cents / 100,
        "working": known.status in WORKING,
        "status": "cancelling" if known.cancelling else known.status.value,
        "created_at": order.created_at.isoformat(),
        "reason": order.reason,
        "replaces": order.replaces or None,
        "broker_order_id": known.broker_order_id or None,
    }
