"""Where a trade came from: this fill ← this order ← this signal ← this run, as a chain of facts."""

from __future__ import annotations

from collections.abc import Iterable

from strikewise.domain.control import OrderCancelAsked
from strikewise.domain.errors import LedgerError
from strikewise.domain.events import (
    Event,
    OrderAccepted,
    OrderClosed,
    OrderDenied,
    OrderFilled,
    OrderPlaced,
    OrderRejected,
    OrderUnresolved,
    RunStarted,
    SignalGenerated,
)
from strikewise.domain.reconciled import ExecutionReversed
from strikewise.portfolio.ledger import Record
from strikewise.portfolio.projection import AccountState


def lineage(records: Iterable[Record], trade_id: str) -> list[Record]:
    """Return every fact a trade came from or consists of, in order.

    These are its orders with the broker's answers and fills, refused attempts to close it, its settlements,
    what reconciliation changed in it, the signal it was opened on and the run that saw it; and whatever those
    name as their cause, back to the beginning. Marks by policy are left out: the trade's row counts them.

    Parameters
    ----------
    records : iterable of Record
        The whole ledger.
    trade_id : str
        The position's id.

    Raises
    ------
    LedgerError
        If there is no such trade.
    """
    told = list(records)
    chosen: set[int] = set()
    orders: set[str] = set()
    signals: dict[str, tuple[int, ...]] = {}
    run: tuple[int, ...] = ()
    state = AccountState()
    for record in told:
        before, state = state, state.apply(record.seq, record.event, record.known_at)
        match record.event:
            case RunStarted():
                run = (record.seq,)
            case SignalGenerated(signal=signal):
                signals.setdefault(signal.signal_id, (*run, record.seq))
            case OrderPlaced(order=order) if order.position_id == trade_id:
                orders.add(order.order_id)
                chosen.update(signals.get(order.signal_id, ()))
            case OrderDenied(position_id=name) if name == trade_id:
                chosen.add(record.seq)
        changed = before.positions.get(trade_id) is not state.positions.get(trade_id)
        if changed or _order_of(record.event) in orders:
            chosen.add(record.seq)
    if not chosen:
        raise LedgerError(f"There is no trade {trade_id!r} in this ledger: look for its id among the trades.")
    return _with_causes(told, chosen)


def _order_of(event: Event) -> str | None:
    match event:
        case OrderPlaced(order=order):
            return order.order_id
        case OrderFilled(execution=execution):
            return execution.order_id
        case OrderClosed(ended=ended):
            return ended.order_id
        case OrderAccepted() | OrderRejected() | OrderUnresolved() | OrderCancelAsked() | ExecutionReversed():
            return event.order_id
        case _:
            return None


def _with_causes(told: list[Record], chosen: set[int]) -> list[Record]:
    by_number = {record.seq: record for record in told}
    waiting = list(chosen)
    while waiting:
        cause = by_number[waiting.pop()].cause
        if cause is not None and cause not in chosen:
            chosen.add(cause)
            waiting.append(cause)
    return [by_number[seq] for seq in sorted(chosen)]
