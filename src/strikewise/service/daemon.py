"""What may be seen of an account that is traded: positions, orders, and both sides compared."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from strikewise.domain.events import AccountValued
from strikewise.domain.instruments import Instrument, instrument_symbol
from strikewise.domain.portfolio import Position
from strikewise.domain.reconciled import DifferenceFound, ReconciliationFailed, ReconciliationFinished
from strikewise.portfolio.controls import ControlState
from strikewise.portfolio.ledger import Ledger, Record
from strikewise.portfolio.order_state import OrderState, OrderStatus
from strikewise.portfolio.projection import AccountState
from strikewise.service.system import System
from strikewise.service.views.desk import Desk
from strikewise.service.views.status import StatusView, status_view

__all__ = [
    "AccountReading",
    "Comparison",
    "StatusView",
    "comparison_after",
    "comparison_of",
    "current_status",
    "orders_of",
    "positions_of",
    "read_account",
]


WORKING = (OrderStatus.PLACED, OrderStatus.ACCEPTED, OrderStatus.UNRESOLVED)


@dataclass(frozen=True, slots=True)
class AccountReading:
    """A ledger read to its end: the account, who may trade it, and what it was last worth."""

    state: AccountState
    control: ControlState
    valued: AccountValued | None
    valued_at: datetime | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """Ours beside the broker's, line by line.

    Attributes
    ----------
    lines : tuple of dict
        ``what``, ``ours``, ``theirs``, ``action`` and ``reason`` of each holding, order and cash.
    agreed : bool
        Whether both sides agree now.
    problem : str
        Why the broker's side could not be seen; empty where it could.
    written : bool
        Whether what differed was put right in the ledger.
    """

    lines: tuple[dict[str, str], ...]
    agreed: bool
    problem: str
    written: bool

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "agreed": self.agreed,
            "written": self.written,
            "problem": self.problem or None,
            "lines": list(self.lines),
        }


def read_account(ledger: Ledger) -> AccountReading:
    """Read a ledger to its end."""
    state, control = AccountState(), ControlState()
    valued: AccountValued | None = None
    at: datetime | None = None
    for record in ledger.records():
        state = state.apply(record.seq, record.event, record.known_at)
        control = control.apply(record.seq, record.event, record.known_at, record.actor)
        if isinstance(record.event, AccountValued):
            valued, at = record.event, record.known_at
    return AccountReading(state, control, valued, at)


def current_status(system: System) -> StatusView:
    """Return how the account's process is, whether it runs or not."""
    desk = Desk()
    with system.ledger() as ledger:
        desk.read_on(ledger, system.picture())
    return status_view(desk, system.heartbeat(), system.halt.read(), system.now(), system.account)


def comparison_after(system: System, request: int) -> Comparison:
    """Return both sides as the reconciliation left them that met a request."""
    with system.ledger() as ledger:
        state = read_account(ledger).state
        return comparison_of(state, ledger.records(after=request), written=True)


def positions_of(system: System) -> list[dict[str, Any]]:
    """Return what is held and what is on its way, as the ledger has it."""
    with system.ledger() as ledger:
        state = read_account(ledger).state
    return [_position(one) for one in (*state.positions.values(), *state.pending)]


def orders_of(system: System, *, ended: int = 0) -> list[dict[str, Any]]:
    """Return the orders at work, and the last of those that ended."""
    with system.ledger() as ledger:
        state = read_account(ledger).state
    over = sorted(state.ended_orders.values(), key=lambda one: one.seq)[-ended:] if ended else []
    return [_order(one) for one in (*over, *state.open_orders.values())]


def comparison_of(state: AccountState, records: Iterable[Record], *, written: bool) -> Comparison:
    """Return both sides as a reconciliation left them.

    Parameters
    ----------
    state : AccountState
        Ours, after it.
    records : iterable of Record
        What it wrote.
    written : bool
        Whether it did so in the ledger.
    """
    found: list[DifferenceFound] = []
    problem, open_ = "the broker was not asked", 0
    for record in records:
        match record.event:
            case DifferenceFound() as one:
                found.append(one)
            case ReconciliationFailed(reason=reason):
                problem = reason
            case ReconciliationFinished(open=left):
                problem, open_ = "", left
            case _:
                pass
    lines = [_line(one) for one in _latest(found)]
    named = {one["what"] for one in lines}
    if not problem:
        held: dict[Instrument, int] = {}
        for position in state.positions.values():
            for holding in position.holdings:
                held[holding.instrument] = held.get(holding.instrument, 0) + holding.quantity
        for instrument, quantity in held.items():
            what = instrument_symbol(instrument)
            if what not in named and quantity:
                both = f"{quantity:+d}"
                lines.append({"what": what, "ours": both, "theirs": both, "action": "", "reason": ""})
    return Comparison(tuple(lines), not problem and not open_, problem, written)


def _latest(found: Sequence[DifferenceFound]) -> list[DifferenceFound]:
    """Return differences without those that a later word about the same thing replaces."""
    return list({(one.kind, one.what): one for one in found}.values())


def _line(one: DifferenceFound) -> dict[str, str]:
    return {
        "what": one.what,
        "ours": one.ours,
        "theirs": one.theirs,
        "action": one.action,
        "reason": one.reason,
    }


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
