"""The account as a fold over the ledger: what the loop has to know, and nothing that facts do not say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import date, datetime, timedelta
from operator import attrgetter
from typing import Any

from strikewise.domain.errors import InvariantError
from strikewise.domain.events import (
    AccountOpened,
    AccountValued,
    CashFlowed,
    Event,
    OptionSettled,
    OrderAccepted,
    OrderClosed,
    OrderFilled,
    OrderPlaced,
    OrderRejected,
    OrderUnresolved,
    PositionSplit,
    RunStarted,
    SignalDenied,
    SignalGenerated,
)
from strikewise.domain.orders import Execution, Order, Purpose
from strikewise.domain.portfolio import Position
from strikewise.market.calendar import NEW_YORK
from strikewise.portfolio import booking
from strikewise.portfolio.growing_map import GrowingMap
from strikewise.portfolio.ledger import Fact, Record
from strikewise.portfolio.order_state import OrderState, OrderStatus, PendingSignal
from strikewise.portfolio.outcomes import Outcomes

Changes = dict[str, Any]

SIGNAL_LIFE = timedelta(days=5)
"""How long a signal that nobody decided upon is kept."""


@dataclass(frozen=True, slots=True)
class AccountState:
    """What an account has, owes and waits for, after the fact ``seq``.

    Attributes
    ----------
    seq : int
        The last fact folded; 0 before the first.
    account : str
        The account's name.
    deposited_cents, cash_cents : int
        What was paid in, and what is there, fees paid.
    realised_cents : int
        Profit of the closed positions, after fees, and interest of the account.
    outcomes : Outcomes
        What the closed positions came to, by strategy and campaign.
    run_seq : int or None
        The fact that began the present run: the cause of its signals.
    positions : mapping of str to Position
        Open positions by id, in the order of their first fill.
    open_orders : mapping of str to OrderState
        Orders that may still fill, by id, in the order they were placed.
    signals : mapping of str to PendingSignal
        Signals not decided upon yet, by id.
    ended_orders : mapping of str to OrderState
        Orders that ended; a fill may still come late.
    closed : mapping of str to Position
        Positions as they were closed.
    settlements : mapping of str to int
        The fact of each settlement, cash flow and split booked, by its id.
    opened_on : date or None
        The New York date (of ``known_at``) that ``opened`` is about.
    opened : mapping of str to str
        Positions ordered or opened on that day, by id: the strategy of each.
    """

    seq: int = 0
    account: str = ""
    deposited_cents: int = 0
    cash_cents: int = 0
    realised_cents: int = 0
    run_seq: int | None = None
    positions: Mapping[str, Position] = field(default_factory=dict)
    open_orders: Mapping[str, OrderState] = field(default_factory=dict)
    signals: Mapping[str, PendingSignal] = field(default_factory=dict)
    ended_orders: GrowingMap[OrderState] = field(default_factory=GrowingMap)
    closed: GrowingMap[Position] = field(default_factory=GrowingMap)
    settlements: GrowingMap[int] = field(default_factory=GrowingMap)
    opened_on: date | None = None
    opened: Mapping[str, str] = field(default_factory=dict)
    outcomes: Outcomes = field(default_factory=Outcomes)

    def apply(self, seq: int, event: Event, known_at: datetime) -> AccountState:
        """Return the state after one more fact.

        Raises
        ------
        InvariantError
            If the fact is not behind the last one, or is about an order, signal or holding nobody wrote down.
        """
        if seq <= self.seq:
            raise InvariantError(f"Fact {seq} cannot follow fact {self.seq}: fold facts in order, each once.")
        changes = _CHANGES.get(event.__class__)
        return _after(
            self, {"seq": seq} if changes is None else {"seq": seq, **changes(self, seq, event, known_at)}
        )

    def follow(self, facts: Iterable[Fact | Record]) -> AccountState:
        """Return the state after further facts."""
        state = self
        for fact in facts:
            state = state.apply(fact.seq, fact.event, fact.known_at)
        return state

    @classmethod
    def fold(cls, facts: Iterable[Fact | Record]) -> AccountState:
        """Return the state after facts, from the first on."""
        return cls().follow(facts)

    def order(self, order_id: str) -> OrderState | None:
        """Return an order, open or ended, or None where nobody placed it."""
        return self.open_orders.get(order_id) or self.ended_orders.get(order_id)

    def fact_of(self, name: str) -> int | None:
        """Return the number of the fact that made an order, position or pending signal, by id.

        A position is made by the order that opened it, and has its id.
        """
        made = self.order(name) or self.signals.get(name)
        return None if made is None else made.seq

    @property
    def unresolved(self) -> tuple[OrderState, ...]:
        """Orders of which nobody knows whether a broker has them."""
        return tuple(o for o in self.open_orders.values() if o.status is OrderStatus.UNRESOLVED)

    @property
    def pending(self) -> tuple[Position, ...]:
        """The unfilled part of each opening order, as the position it would become."""
        return tuple(
            booking.proposed(state.order, state.signal, state.remaining)
            for state in self.open_orders.values()
            if state.order.purpose is Purpose.OPEN and state.signal is not None and state.remaining
        )

    def opened_today(self, day: date) -> Mapping[str, int]:
        """Return how many positions were ordered or opened on a session day, by strategy."""
        return Counter(self.opened.values()) if self.opened_on == day else Counter()


_VALUES = attrgetter(*(column.name for column in fields(AccountState)))
_SETTERS = {column.name: getattr(AccountState, column.name).__set__ for column in fields(AccountState)}


def _after(state: AccountState, changes: Changes) -> AccountState:
    """Return what `dataclasses.replace` would, in a third of its time: every fact passes here."""
    after = object.__new__(AccountState)
    for put, value in zip(_SETTERS.values(), _VALUES(state), strict=True):
        put(after, value)
    for name, value in changes.items():
        _SETTERS[name](after, value)
    return after


# --- what each kind of fact changes; a kind that is not here changes nothing --------------------------------


def _account_opened(state: AccountState, _: int, event: AccountOpened, __: datetime) -> Changes:
    if state.account:
        raise InvariantError(
            f"Account {event.account} cannot be opened in the ledger of {state.account}: "
            "each account has a ledger of its own."
        )
    cash = event.cash_cents
    return {"account": event.account, "deposited_cents": cash, "cash_cents": state.cash_cents + cash}


def _run_started(_: AccountState, seq: int, __: RunStarted, ___: datetime) -> Changes:
    return {"run_seq": seq}


def _signal_generated(state: AccountState, seq: int, event: SignalGenerated, _: datetime) -> Changes:
    signal = event.signal
    if signal.signal_id in state.signals:
        return {}
    return {"signals": {**state.signals, signal.signal_id: PendingSignal(signal, seq)}}


def _signal_denied(state: AccountState, _: int, event: SignalDenied, __: datetime) -> Changes:
    return {"signals": _without(state.signals, event.signal_id)}


def _account_valued(state: AccountState, _: int, __: AccountValued, known_at: datetime) -> Changes:
    if not state.signals:
        return {}
    oldest = known_at - SIGNAL_LIFE
    return {"signals": {k: v for k, v in state.signals.items() if v.signal.as_of >= oldest}}


def _order_placed(state: AccountState, seq: int, event: OrderPlaced, known_at: datetime) -> Changes:
    order = event.order
    if state.order(order.order_id) is not None:
        return {}
    if order.purpose is not Purpose.OPEN:
        changes: Changes = {"open_orders": {**state.open_orders, order.order_id: OrderState(order, seq)}}
        held = state.positions.get(order.position_id)
        if held is not None and order.purpose is Purpose.CLOSE:
            closing = replace(held, closing_order_id=order.order_id)
            changes["positions"] = {**state.positions, order.position_id: closing}
        return changes
    pending = state.signals.get(order.signal_id)
    if pending is None:
        raise InvariantError(
            f"Order {order.order_id} opens a position on signal {order.signal_id!r}, which is not pending: "
            "write the signal first."
        )
    return {
        "open_orders": {**state.open_orders, order.order_id: OrderState(order, seq, pending.signal)},
        "signals": _without(state.signals, order.signal_id),
        **_opened(state, order, known_at),
    }


def _opened(state: AccountState, order: Order, known_at: datetime) -> Changes:
    day = known_at.astimezone(NEW_YORK).date()
    if state.opened_on != day:
        return {"opened_on": day, "opened": {order.position_id: order.strategy}}
    if order.position_id in state.opened:
        return {}
    return {"opened": {**state.opened, order.position_id: order.strategy}}


def _order_accepted(state: AccountState, _: int, event: OrderAccepted, __: datetime) -> Changes:
    found = _known(state, event.order_id)
    return _store(state, found, OrderStatus.ACCEPTED, broker_order_id=event.broker_order_id)


def _order_unresolved(state: AccountState, _: int, event: OrderUnresolved, __: datetime) -> Changes:
    return _store(state, _known(state, event.order_id), OrderStatus.UNRESOLVED)


def _order_rejected(state: AccountState, _: int, event: OrderRejected, __: datetime) -> Changes:
    return _ended(state, _known(state, event.order_id), OrderStatus.REJECTED)


def _order_closed(state: AccountState, _: int, event: OrderClosed, __: datetime) -> Changes:
    return _ended(state, _known(state, event.ended.order_id), OrderStatus(event.ended.outcome))


def _known(state: AccountState, order_id: str) -> OrderState:
    found = state.order(order_id)
    if found is None:
        raise InvariantError(
            f"A fact speaks of order {order_id!r}, which nobody placed: write the order first."
        )
    return found


def _store(state: AccountState, order: OrderState, status: OrderStatus, **more: Any) -> Changes:
    """Note a status; the end of an order is not taken back."""
    name = order.order.order_id
    if name in state.open_orders:
        return {"open_orders": {**state.open_orders, name: replace(order, status=status, **more)}}
    return {"ended_orders": state.ended_orders.put(name, replace(order, **more) if more else order)}


def _ended(state: AccountState, order: OrderState, status: OrderStatus) -> Changes:
    name, position_id = order.order.order_id, order.order.position_id
    if name not in state.open_orders:
        return {}
    changes: Changes = {
        "open_orders": _without(state.open_orders, name),
        "ended_orders": state.ended_orders.put(name, replace(order, status=status)),
    }
    held = state.positions.get(position_id)
    if held is not None and held.closing_order_id == name:
        changes["positions"] = {**state.positions, position_id: replace(held, closing_order_id="")}
    if order.order.purpose is Purpose.OPEN and not order.filled:
        changes["opened"] = _without(state.opened, position_id)
    return changes


def _order_filled(state: AccountState, _: int, event: OrderFilled, known_at: datetime) -> Changes:
    execution = event.execution
    found = _known(state, execution.order_id)
    if execution.execution_id in found.executions:
        return {}
    order = found.order
    filled = found.filled + execution.quantity
    complete = filled >= order.quantity
    booked = replace(
        found,
        filled=filled,
        executions=(*found.executions, execution.execution_id),
        status=OrderStatus.FILLED if complete else found.status,
        signal=None if complete else found.signal,
    )
    changes: Changes = {"cash_cents": state.cash_cents - _paid(execution)}
    if order.purpose is Purpose.OPEN:
        changes.update(_opened(state, order, known_at))
    if complete and order.order_id in state.open_orders:
        changes["open_orders"] = _without(state.open_orders, order.order_id)
        changes["ended_orders"] = state.ended_orders.put(order.order_id, booked)
    else:
        changes.update(_store(state, booked, booked.status))
    before = state.positions.get(order.position_id) or state.closed.get(order.position_id)
    changes.update(_held(state, [booking.book_fill(before, order, found.signal, execution, ends=complete)]))
    return changes


def _paid(execution: Execution) -> int:
    return sum(leg.cost_cents for leg in execution.legs) + execution.fees_cents


def _held(state: AccountState, positions: Iterable[Position]) -> Changes:
    """Put positions where they belong: among the open while anything is held, else among the closed."""
    held, closed, realised = dict(state.positions), state.closed, state.realised_cents
    outcomes = state.outcomes
    for position in positions:
        name = position.position_id
        if name in closed:
            old = closed[name]
            realised += old.cash_cents + old.fees_cents
            outcomes = outcomes.counted(old, times=-1)
            closed = closed.without(name)
        if position.holdings:
            held[name] = position
        else:
            held.pop(name, None)
            done = replace(position, closing_order_id="") if position.closing_order_id else position
            closed = closed.put(name, done)
            realised -= position.cash_cents + position.fees_cents
            outcomes = outcomes.counted(position)
    return {"positions": held, "closed": closed, "realised_cents": realised, "outcomes": outcomes}


def _option_settled(state: AccountState, seq: int, event: OptionSettled, _: datetime) -> Changes:
    report = event.report
    if report.settlement_id in state.settlements:
        return {}
    held = state.positions
    parts = booking.share_out(report, held)
    after = [booking.book_settlement(held[part.position_id], part) for part in parts]
    return _told(state, seq, report.settlement_id, report.cash_cents + report.fees_cents, after)


def _cash_flowed(state: AccountState, seq: int, event: CashFlowed, _: datetime) -> Changes:
    flow = event.flow
    if flow.flow_id in state.settlements:
        return {}
    held = state.positions.get(flow.position_id)
    if held is not None:
        return _told(state, seq, flow.flow_id, flow.cash_cents, [booking.book_flow(held, flow)])
    # The account's own, or of a position that is closed by now.
    changes = _told(state, seq, flow.flow_id, flow.cash_cents, [])
    return {**changes, "realised_cents": state.realised_cents - flow.cash_cents}


def _position_split(state: AccountState, seq: int, event: PositionSplit, _: datetime) -> Changes:
    report = event.report
    if report.split_id in state.settlements:
        return {}
    after = booking.book_split(state.positions[report.position_id], report)
    return _told(state, seq, report.split_id, report.cash_cents, [after])


def _told(state: AccountState, seq: int, name: str, cash_cents: int, after: list[Position]) -> Changes:
    """Note what a broker told once: cash paid, and positions as they are after it."""
    settlements = state.settlements.put(name, seq)
    return {"cash_cents": state.cash_cents - cash_cents, "settlements": settlements, **_held(state, after)}


def _without(values: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    if key not in values:
        return values
    return {name: value for name, value in values.items() if name != key}


_CHANGES: Mapping[type, Callable[[AccountState, int, Any, datetime], Changes]] = {
    AccountOpened: _account_opened,
    AccountValued: _account_valued,
    CashFlowed: _cash_flowed,
    OptionSettled: _option_settled,
    OrderAccepted: _order_accepted,
    OrderClosed: _order_closed,
    OrderFilled: _order_filled,
    OrderPlaced: _order_placed,
    OrderRejected: _order_rejected,
    OrderUnresolved: _order_unresolved,
    PositionSplit: _position_split,
    RunStarted: _run_started,
    SignalDenied: _signal_denied,
    SignalGenerated: _signal_generated,
}
