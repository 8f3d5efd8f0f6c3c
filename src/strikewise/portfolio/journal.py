"""The journal: rows to read, made of facts and of nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from strikewise.domain.answered import SignalDismissed, SignalExpired, SignalOffered, SignalTaken
from strikewise.domain.control import OrderCancelAsked
from strikewise.domain.events import (
    AccountValued,
    CashFlowed,
    Event,
    MarkEstimated,
    OptionSettled,
    OrderAccepted,
    OrderClosed,
    OrderFilled,
    OrderPlaced,
    OrderRejected,
    OrderUnresolved,
    PositionSplit,
    SignalDenied,
    SignalGenerated,
)
from strikewise.domain.orders import Purpose, SettlementReport
from strikewise.domain.portfolio import Position
from strikewise.domain.reconciled import (
    ExecutionReversed,
    HoldingAdjusted,
    PositionAdopted,
    PositionClaimed,
    PositionWrittenOff,
)
from strikewise.portfolio.journal_rows import (
    EquityRow,
    OrderRow,
    PositionRow,
    SignalRow,
    StrategyRow,
    TradeRow,
)
from strikewise.portfolio.ledger import Record
from strikewise.portfolio.projection import AccountState
from strikewise.portfolio.row_making import (
    Correction,
    TradeNotes,
    decided_row,
    equity_row,
    order_row,
    ordered_rows,
    position_row,
    signal_row,
    trade_row,
)

_GRAVITY = {"expired": 0, "exercised": 1, "bought_out": 2, "assigned": 3}


@dataclass(frozen=True, slots=True)
class Journal:
    """All rows: trades by their opening, the others by the fact that made them.

    Attributes
    ----------
    trades : tuple of TradeRow
        Every position there ever was.
    positions : tuple of PositionRow
        Those that are open.
    orders, signals, equity : tuple of rows
        All of them.
    strategies : tuple of StrategyRow
        What each strategy had brought whenever the account was valued.
    """

    trades: tuple[TradeRow, ...]
    positions: tuple[PositionRow, ...]
    orders: tuple[OrderRow, ...]
    signals: tuple[SignalRow, ...]
    equity: tuple[EquityRow, ...]
    strategies: tuple[StrategyRow, ...] = ()


def journal_of(records: Iterable[Record]) -> Journal:
    """Return the journal of a whole ledger."""
    keeper = JournalKeeper()
    for record in records:
        keeper.add(record)
    return Journal(
        trades=tuple(keeper.trade(name) for name in keeper.trades),
        positions=tuple(keeper.position(name) for name in keeper.trades if keeper.is_open(name)),
        orders=tuple(keeper.orders.values()),
        signals=tuple(keeper.signals.values()),
        equity=tuple(keeper.equity.values()),
        strategies=tuple(keeper.strategies.values()),
    )


class JournalKeeper:
    """Makes rows of records, one after the other, and knows which rows the latest records changed.

    Attributes
    ----------
    state : AccountState
        The account after the last record.
    trades : dict of str
        Every position there ever was, in the order of their first fill; see `trade` and `position`.
    orders, signals : dict of str to row
        By id.
    equity : dict of int to EquityRow
        By fact.
    strategies : dict of str to StrategyRow
        By fact and label.
    taken : dict of str to str
        What taken signals were priced anew as: the new id to that of the signal a person saw.
    changed : set of (str, str or int)
        Kind (``trades``, ``orders``, ``signals``, ``equity``) and key of rows made or changed since it was
        cleared; a change of ``trades`` is also one of positions.
    """

    def __init__(self) -> None:
        self.state = AccountState()
        self.trades: dict[str, TradeNotes] = {}
        self.orders: dict[str, OrderRow] = {}
        self.signals: dict[str, SignalRow] = {}
        self.equity: dict[int, EquityRow] = {}
        self.strategies: dict[str, StrategyRow] = {}
        self.taken: dict[str, str] = {}
        self.changed: set[tuple[str, str | int]] = set()

    def add(self, record: Record) -> None:
        """Take in the next record."""
        before = self.state
        self.state = after = before.apply(record.seq, record.event, record.known_at)
        match record.event:
            case AccountValued() as valued:
                self._value(record, valued)
            case SignalGenerated(signal=signal) if signal.signal_id not in self.signals:
                self._put_signals(signal_row(signal, record.seq))
            case SignalTaken(signal_id=name, taken_as=anew):
                self.taken[anew] = name
            case SignalDenied() | SignalOffered() | SignalDismissed() | SignalExpired() as event:
                if (row := self.signals.get(event.signal_id)) is not None:
                    self._put_signals(decided_row(row, event, record.actor))
            case MarkEstimated(position_id=name) if name in self.trades:
                self.trades[name].estimated_marks += 1
                self.changed.add(("trades", name))
            case OrderPlaced(order=order) if order.order_id not in self.orders:
                self._place(record)
            case OrderFilled():
                self._fill(record, before, after)
            case ExecutionReversed():
                self._reverse(record, before, after)
            case OptionSettled() | CashFlowed() | PositionSplit():
                self._settle(record, before, after)
            case PositionAdopted() | PositionClaimed() | PositionWrittenOff() | HoldingAdjusted() as event:
                self._correct(record, event, before)
            case event:
                self._say(event)

    def is_open(self, name: str) -> bool:
        """Return whether a position is open."""
        return name in self.state.positions

    def trade(self, name: str) -> TradeRow:
        """Return the row of a position, open or closed."""
        return trade_row(self._position(name), self.trades[name])

    def position(self, name: str) -> PositionRow:
        """Return the row of an open position."""
        return position_row(self.state.positions[name], self.trades[name])

    def _position(self, name: str) -> Position:
        found = self.state.position(name)
        assert found is not None
        return found

    def _value(self, record: Record, valued: AccountValued) -> None:
        self.equity[record.seq] = equity_row(valued, record.seq, record.known_at, self.state.deposited_cents)
        for name, cents in sorted(valued.profits.items()):
            key = f"{record.seq}/{name}"
            self.strategies[key] = StrategyRow(key, record.seq, record.known_at, name, cents)
            self.changed.add(("strategies", key))
        self.changed.add(("equity", record.seq))

    def _say(self, event: Event) -> None:
        """Note what was said of an order."""
        match event:
            case OrderAccepted(order_id=name):
                self._order(name, note="")
            case OrderRejected(order_id=name, code=code, text=text):
                self._order(name, note=f"{code}: {text}" if text else code)
            case OrderUnresolved(order_id=name, reason=reason):
                self._order(name, note=reason)
            case OrderClosed(ended=ended) if ended.order_id in self.orders:
                self._order(ended.order_id, note=ended.reason)
            case OrderCancelAsked(order_id=name, reason=reason) if name in self.orders:
                self._order(name, note=f"to be cancelled: {reason}")

    def _put_signals(self, *rows: SignalRow) -> None:
        self.signals.update((row.signal_id, row) for row in rows)
        self.changed.update(("signals", row.signal_id) for row in rows)

    def _place(self, record: Record) -> None:
        assert isinstance(record.event, OrderPlaced)
        order = record.event.order
        self.orders[order.order_id] = order_row(order, record.seq)
        self._order(order.order_id)
        if order.purpose is Purpose.OPEN and order.signal_id in self.signals and not order.replaces:
            seen = self.signals.get(self.taken.get(order.signal_id, ""))
            self._put_signals(*ordered_rows(self.signals[order.signal_id], seen, order, record.actor))
        elif order.position_id in self.trades:
            self.changed.add(("trades", order.position_id))

    def _order(self, name: str, *, paid_cents: int = 0, fees_cents: int = 0, note: str | None = None) -> None:
        row, known = self.orders[name], self.state.order(name)
        assert known is not None
        self.orders[name] = replace(
            row,
            status=known.status.value,
            filled=known.filled,
            broker_order_id=known.broker_order_id,
            filled_cents=row.filled_cents + paid_cents,
            fees_cents=row.fees_cents + fees_cents,
            note=row.note if note is None else note,
        )
        self.changed.add(("orders", name))
        if row.position_id in self.trades:
            self.changed.add(("trades", row.position_id))

    def _fill(self, record: Record, before: AccountState, after: AccountState) -> None:
        assert isinstance(record.event, OrderFilled)
        execution = record.event.execution
        told, known = before.order(execution.order_id), after.order(execution.order_id)
        if told is None or known is None or told.executions == known.executions:
            return
        order = known.order
        name, position = order.position_id, self._position(order.position_id)
        if order.purpose is Purpose.OPEN:
            trade = self.trades.get(name)
            if trade is None:
                assert told.signal is not None
                trade = self.trades[name] = TradeNotes(told.signal, record.seq, None, 0)
            trade.max_loss_cents, trade.margin_cents = position.max_loss_cents, position.margin_cents
        self.trades[name].policy_fills += bool(execution.policy)
        cost = sum(leg.cost_cents for leg in execution.legs)
        self._order(order.order_id, paid_cents=cost, fees_cents=execution.fees_cents)
        self._close(name, record.seq, execution.at, order.reason)

    def _reverse(self, record: Record, before: AccountState, after: AccountState) -> None:
        assert isinstance(record.event, ExecutionReversed)
        event = record.event
        told, known = before.order(event.order_id), after.order(event.order_id)
        if told is None or known is None or told.booked == known.booked:
            return
        undone = next(one for one in told.booked if one.execution_id == event.execution_id)
        name, position = known.order.position_id, after.position(known.order.position_id)
        cost = sum(leg.cost_cents for leg in undone.legs)
        self._order(event.order_id, paid_cents=-cost, fees_cents=-undone.fees_cents, note=event.reason)
        self.changed.add(("trades", name))
        if position is None:
            del self.trades[name]
            return
        trade = self.trades[name]
        trade.add_note(f"fill {event.execution_id} taken back: {event.reason}")
        if known.order.purpose is Purpose.OPEN:
            trade.max_loss_cents, trade.margin_cents = position.max_loss_cents, position.margin_cents
        if self.is_open(name):
            self._close(name, record.seq, record.known_at, "")

    def _correct(self, record: Record, event: Correction, before: AccountState) -> None:
        name, position = event.position_id, self.state.position(event.position_id)
        if position is None or position is before.position(name):
            return
        if name not in self.trades:
            self.trades[name] = TradeNotes(None, record.seq, position.max_loss_cents, position.margin_cents)
        ended = self.trades[name].corrected(event)
        self._close(name, record.seq, record.known_at, ended)

    def _settle(self, record: Record, before: AccountState, after: AccountState) -> None:
        event = record.event
        assert isinstance(event, OptionSettled | CashFlowed | PositionSplit)
        told = event.flow if isinstance(event, CashFlowed) else event.report
        for name, held in before.positions.items():
            if after.positions.get(name) is not held:
                trade = self.trades[name]
                if isinstance(told, SettlementReport):
                    trade.policy_fills += bool(told.policy)
                    trade.settled = max(trade.settled, told.outcome, key=lambda said: _GRAVITY.get(said, -1))
                self._close(name, record.seq, told.at, trade.settled.upper() or "SPLIT")
        if told.position_id in self.trades:  # a fee may come once it is closed
            self.changed.add(("trades", told.position_id))

    def _close(self, name: str, seq: int, at: datetime, reason: str) -> None:
        trade = self.trades[name]
        told = (None, None, "") if self.is_open(name) else (at, seq, reason)
        trade.closed_at, trade.closed_seq, trade.exit_reason = told
        self.changed.add(("trades", name))
