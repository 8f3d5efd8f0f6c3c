"""What facts about signals, orders and their fills change in an account.

What we decide must fit what is written down, or it is a fault of ours and raises. What a broker tells is
taken as it comes: late, twice, in another order, or of an order that nobody placed; then it is noted as not
booked, for a fact that cannot be folded would keep an account from ever being read again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from strikewise.domain.answered import SignalDismissed, SignalExpired
from strikewise.domain.control import OrderCancelAsked
from strikewise.domain.errors import InvariantError
from strikewise.domain.events import (
    OrderAccepted,
    OrderClosed,
    OrderFilled,
    OrderPlaced,
    OrderRejected,
    OrderUnresolved,
    SignalDenied,
    SignalGenerated,
)
from strikewise.domain.orders import Execution, Order, Purpose
from strikewise.domain.reconciled import ExecutionReversed
from strikewise.domain.signals import Signal
from strikewise.market.calendar import new_york_day
from strikewise.portfolio import booking
from strikewise.portfolio.account_books import AccountBooks, Changes, held, unbooked, without
from strikewise.portfolio.order_state import OrderState, OrderStatus, PendingSignal, taken_back

__all__ = ["ORDER_CHANGES"]


def _signal_generated(books: AccountBooks, seq: int, event: SignalGenerated, _: datetime) -> Changes:
    signal = event.signal
    if signal.signal_id in books.signals:
        return {}
    return {"signals": {**books.signals, signal.signal_id: PendingSignal(signal, seq)}}


def _signal_ended(
    books: AccountBooks, _: int, event: SignalDenied | SignalDismissed | SignalExpired, __: datetime
) -> Changes:
    return {"signals": without(books.signals, event.signal_id)}


def _order_placed(books: AccountBooks, seq: int, event: OrderPlaced, known_at: datetime) -> Changes:
    order = event.order
    if books.order(order.order_id) is not None:
        return {}
    if order.purpose is not Purpose.OPEN:
        changes: Changes = {"open_orders": {**books.open_orders, order.order_id: OrderState(order, seq)}}
        position = books.positions.get(order.position_id)
        if position is not None and order.purpose is Purpose.CLOSE:
            closing = replace(position, closing_order_id=order.order_id)
            changes["positions"] = {**books.positions, order.position_id: closing}
        return changes
    signal = _signal_behind(books, order)
    return {
        "open_orders": {**books.open_orders, order.order_id: OrderState(order, seq, signal)},
        "signals": without(books.signals, order.signal_id),
        **_opened(books, order, known_at),
    }


def _signal_behind(books: AccountBooks, order: Order) -> Signal:
    """Return what an order opens a position on: a pending signal, or that of the order it replaces."""
    if order.replaces:
        earlier = books.order(order.replaces)
        if earlier is not None and earlier.signal is not None:
            return earlier.signal
        raise InvariantError(
            f"Order {order.order_id} replaces {order.replaces!r}, which opened no position: "
            "write the first order before the second."
        )
    pending = books.signals.get(order.signal_id)
    if pending is None:
        raise InvariantError(
            f"Order {order.order_id} opens a position on signal {order.signal_id!r}, which is not pending: "
            "write the signal first."
        )
    return pending.signal


def _opened(books: AccountBooks, order: Order, known_at: datetime) -> Changes:
    day = new_york_day(known_at)
    if books.opened_on != day:
        return {"opened_on": day, "opened": {order.position_id: order.strategy}}
    if order.position_id in books.opened:
        return {}
    return {"opened": {**books.opened, order.position_id: order.strategy}}


def _order_accepted(books: AccountBooks, _: int, event: OrderAccepted, __: datetime) -> Changes:
    found = _known(books, event.order_id)
    return _stored(books, found.noted(OrderStatus.ACCEPTED, broker_order_id=event.broker_order_id))


def _order_unresolved(books: AccountBooks, _: int, event: OrderUnresolved, __: datetime) -> Changes:
    return _stored(books, _known(books, event.order_id).noted(OrderStatus.UNRESOLVED))


def _order_rejected(books: AccountBooks, _: int, event: OrderRejected, __: datetime) -> Changes:
    return _ended(books, _known(books, event.order_id), OrderStatus.REJECTED)


def _order_closed(books: AccountBooks, _: int, event: OrderClosed, __: datetime) -> Changes:
    found = books.order(event.ended.order_id)
    return {} if found is None else _ended(books, found, OrderStatus(event.ended.outcome))


def _cancel_asked(books: AccountBooks, _: int, event: OrderCancelAsked, __: datetime) -> Changes:
    found = books.open_orders.get(event.order_id)
    return {} if found is None else _stored(books, found.noted(found.status, cancelling=True))


def _known(books: AccountBooks, order_id: str) -> OrderState:
    found = books.order(order_id)
    if found is None:
        raise InvariantError(
            f"A fact speaks of order {order_id!r}, which nobody placed: write the order first."
        )
    return found


def _stored(books: AccountBooks, order: OrderState) -> Changes:
    """Put an order back as it is now; an end that was told is not taken back."""
    name = order.order.order_id
    if name in books.open_orders:
        return {"open_orders": {**books.open_orders, name: order}}
    ended = books.ended_orders[name].status
    if order.status is not OrderStatus.FILLED and order.status is not ended:
        order = order.noted(ended)
    return {"ended_orders": books.ended_orders.put(name, order)}


def _ended(books: AccountBooks, order: OrderState, status: OrderStatus) -> Changes:
    name, position_id = order.order.order_id, order.order.position_id
    if name not in books.open_orders:
        return {}
    changes: Changes = {
        "open_orders": without(books.open_orders, name),
        "ended_orders": books.ended_orders.put(name, order.noted(status)),
    }
    position = books.positions.get(position_id)
    if position is not None and position.closing_order_id == name:
        changes["positions"] = {**books.positions, position_id: replace(position, closing_order_id="")}
    if order.order.purpose is Purpose.OPEN and position is None and position_id not in books.closed:
        changes["opened"] = without(books.opened, position_id)
    return changes


def _order_filled(books: AccountBooks, seq: int, event: OrderFilled, known_at: datetime) -> Changes:
    execution = event.execution
    found = books.order(execution.order_id)
    before = None if found is None else books.position(found.order.position_id)
    if found is None or (before is None and found.order.purpose is not Purpose.OPEN):
        return unbooked(books, seq, execution.execution_id)
    if execution.execution_id in found.executions:
        return {}
    order, after = found.order, found.with_fill(execution)
    complete = after.filled >= order.quantity
    changes: Changes = {"cash_cents": books.cash_cents - _paid(execution)}
    if order.purpose is Purpose.OPEN:
        changes.update(_opened(books, order, known_at))
    if complete and order.order_id in books.open_orders:
        changes["open_orders"] = without(books.open_orders, order.order_id)
        changes["ended_orders"] = books.ended_orders.put(order.order_id, after)
    else:
        changes.update(_stored(books, after))
    units = execution.quantity or after.begun - found.begun
    position = booking.book_fill(before, order, found.signal, execution, units=units, ends=complete)
    changes.update(held(books, [position]))
    return changes


def _execution_reversed(books: AccountBooks, seq: int, event: ExecutionReversed, _: datetime) -> Changes:
    found = books.order(event.order_id)
    if found is None:
        return unbooked(books, seq, event.execution_id)
    if event.execution_id not in found.executions:
        # Taken back before it was told: when it comes, it has been already.
        return _stored(books, found.refusing(event.execution_id))
    booked = next((one for one in found.booked if one.execution_id == event.execution_id), None)
    before = books.position(found.order.position_id)
    if booked is None or before is None:
        return {}
    after, undone = found.without_fill(booked), taken_back(booked)
    units = after.begun - found.begun
    position = booking.book_fill(before, found.order, found.signal, undone, units=units, ends=False)
    touched = {**books.corrections.touched, position.position_id: seq}
    return {
        "cash_cents": books.cash_cents - _paid(undone),
        "corrections": replace(books.corrections, touched=touched),
        **_stored(books, after),
        **held(books, [position]),
    }


def _paid(execution: Execution) -> int:
    return sum(leg.cost_cents for leg in execution.legs) + execution.fees_cents


ORDER_CHANGES: Mapping[type, Callable[[Any, int, Any, datetime], Changes]] = {
    ExecutionReversed: _execution_reversed,
    OrderAccepted: _order_accepted,
    OrderCancelAsked: _cancel_asked,
    OrderClosed: _order_closed,
    OrderFilled: _order_filled,
    OrderPlaced: _order_placed,
    OrderRejected: _order_rejected,
    OrderUnresolved: _order_unresolved,
    SignalDenied: _signal_ended,
    SignalDismissed: _signal_ended,
    SignalExpired: _signal_ended,
    SignalGenerated: _signal_generated,
}
"""What each kind of fact about signals and orders changes."""
