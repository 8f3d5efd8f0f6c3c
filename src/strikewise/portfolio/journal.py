"""The journal: rows to read, made of facts and of nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from datetime import datetime

from strikewise.domain.events import (
    AccountValued,
    CashFlowed,
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
from strikewise.domain.instruments import Instrument
from strikewise.domain.orders import Purpose, SettlementReport
from strikewise.domain.portfolio import Position
from strikewise.domain.signals import Signal
from strikewise.domain.structures import Structure
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

ORDERED = "ORDERED"
"""The outcome of a signal that became an order."""

_VALUED = tuple(one.name for one in fields(AccountValued) if one.name != "profits")

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


@dataclass(slots=True)
class _Trade:
    """What a position does not say of itself."""

    signal: Signal
    opened_seq: int
    max_loss_cents: int | None
    margin_cents: int
    closed_at: datetime | None = None
    closed_seq: int | None = None
    exit_reason: str = ""
    settled: str = ""
    estimated_marks: int = 0
    policy_fills: int = 0


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
    changed : set of (str, str or int)
        Kind (``trades``, ``orders``, ``signals``, ``equity``) and key of rows made or changed since it was
        cleared; a change of ``trades`` is also one of positions.
    """

    def __init__(self) -> None:
        self.state = AccountState()
        self.trades: dict[str, _Trade] = {}
        self.orders: dict[str, OrderRow] = {}
        self.signals: dict[str, SignalRow] = {}
        self.equity: dict[int, EquityRow] = {}
        self.strategies: dict[str, StrategyRow] = {}
        self.changed: set[tuple[str, str | int]] = set()

    def add(self, record: Record) -> None:
        """Take in the next record."""
        before = self.state
        self.state = after = before.apply(record.seq, record.event, record.known_at)
        match record.event:
            case AccountValued() as valued:
                self._value(record, valued)
            case SignalGenerated(signal=signal) if signal.signal_id not in self.signals:
                self._put_signal(_signal_row(signal, record.seq))
            case SignalDenied(signal_id=name, code=code, detail=detail) if name in self.signals:
                self._put_signal(replace(self.signals[name], outcome=code, detail=detail))
            case MarkEstimated(position_id=name) if name in self.trades:
                self.trades[name].estimated_marks += 1
                self.changed.add(("trades", name))
            case OrderPlaced(order=order) if order.order_id not in self.orders:
                self._place(record)
            case OrderAccepted(order_id=name):
                self._order(name, note="")
            case OrderRejected(order_id=name, code=code, text=text):
                self._order(name, note=f"{code}: {text}" if text else code)
            case OrderUnresolved(order_id=name, reason=reason):
                self._order(name, note=reason)
            case OrderClosed(ended=ended):
                self._order(ended.order_id, note=ended.reason)
            case OrderFilled():
                self._fill(record, before, after)
            case OptionSettled() | CashFlowed() | PositionSplit():
                self._settle(record, before, after)

    def is_open(self, name: str) -> bool:
        """Return whether a position is open."""
        return name in self.state.positions

    def trade(self, name: str) -> TradeRow:
        """Return the row of a position, open or closed."""
        trade, position = self.trades[name], self._position(name)
        done = trade.closed_at is not None
        profit = -(position.cash_cents + position.fees_cents) if done else None
        return TradeRow(
            trade_id=name,
            campaign_id=position.campaign_id,
            signal_id=position.signal_id,
            strategy=position.strategy,
            underlying=position.underlying,
            structure=position.structure.name,
            legs=legs_text(position.structure),
            quantity=position.quantity,
            opened_at=position.opened_at,
            closed_at=trade.closed_at,
            entry_cents=position.entry_cents,
            exit_cents=position.cash_cents - position.entry_cents if done else None,
            fees_cents=position.fees_cents,
            profit_cents=profit,
            return_on_risk=_fraction(profit, trade.max_loss_cents),
            return_on_margin=_fraction(profit, trade.margin_cents),
            days_held=(trade.closed_at.date() - position.opened_at.date()).days if trade.closed_at else None,
            exit_reason=trade.exit_reason,
            grade=position.grade.value,
            max_loss_cents=trade.max_loss_cents,
            margin_cents=trade.margin_cents,
            probability_of_profit=trade.signal.probability_of_profit,
            score=trade.signal.score,
            edge_cents=trade.signal.edge_cents,
            regime=_regime(trade.signal),
            estimated_marks=trade.estimated_marks,
            policy_fills=trade.policy_fills,
            opened_seq=trade.opened_seq,
            closed_seq=trade.closed_seq,
        )

    def position(self, name: str) -> PositionRow:
        """Return the row of an open position."""
        return _position_row(self.state.positions[name], self.trades[name].opened_seq)

    def _position(self, name: str) -> Position:
        return self.state.positions.get(name) or self.state.closed[name]

    def _value(self, record: Record, valued: AccountValued) -> None:
        same = {name: getattr(valued, name) for name in _VALUED}
        self.equity[record.seq] = EquityRow(seq=record.seq, at=record.known_at, **same)
        for name, cents in sorted(valued.profits.items()):
            key = f"{record.seq}/{name}"
            self.strategies[key] = StrategyRow(key, record.seq, record.known_at, name, cents)
            self.changed.add(("strategies", key))
        self.changed.add(("equity", record.seq))

    def _put_signal(self, row: SignalRow) -> None:
        self.signals[row.signal_id] = row
        self.changed.add(("signals", row.signal_id))

    def _place(self, record: Record) -> None:
        assert isinstance(record.event, OrderPlaced)
        order = record.event.order
        same = {field.name for field in fields(order)} & {field.name for field in fields(OrderRow)}
        self.orders[order.order_id] = OrderRow(
            **{name: getattr(order, name) for name in same - {"purpose", "structure"}},
            purpose=order.purpose.value,
            structure=order.structure.name,
            legs=legs_text(order.structure),
            status="",
            filled=0,
            filled_cents=0,
            fees_cents=0,
            broker_order_id="",
            note="",
            seq=record.seq,
        )
        self._order(order.order_id)
        if order.purpose is Purpose.OPEN:
            self._put_signal(replace(self.signals[order.signal_id], outcome=ORDERED, order_id=order.order_id))
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
        assert told is not None
        assert known is not None
        if told.executions == known.executions:
            return
        order = known.order
        name, position = order.position_id, self._position(order.position_id)
        if order.purpose is Purpose.OPEN:
            trade = self.trades.get(name)
            if trade is None:
                assert told.signal is not None
                trade = self.trades[name] = _Trade(told.signal, record.seq, None, 0)
            trade.max_loss_cents, trade.margin_cents = position.max_loss_cents, position.margin_cents
        self.trades[name].policy_fills += bool(execution.policy)
        cost = sum(leg.cost_cents for leg in execution.legs)
        self._order(order.order_id, paid_cents=cost, fees_cents=execution.fees_cents)
        self._close(name, record.seq, execution.at, order.reason)

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

    def _close(self, name: str, seq: int, at: datetime, reason: str) -> None:
        trade = self.trades[name]
        told = (None, None, "") if self.is_open(name) else (at, seq, reason)
        trade.closed_at, trade.closed_seq, trade.exit_reason = told
        self.changed.add(("trades", name))


def legs_text(structure: Structure) -> str:
    """Return the legs as a person reads them: ``+1 SPY 2026-09-18 595P, -1 SPY 2026-09-18 600P``."""
    return _text((leg.instrument, leg.ratio) for leg in structure.legs)


def _text(legs: Iterable[tuple[Instrument, int]]) -> str:
    return ", ".join(f"{quantity:+d} {instrument}" for instrument, quantity in legs)


def _position_row(held: Position, opened_seq: int) -> PositionRow:
    told = {"structure", "holdings", "grade", "opened_seq"}
    same = {field.name for field in fields(PositionRow)} - told
    return PositionRow(
        structure=held.structure.name,
        holdings=_text((holding.instrument, holding.quantity) for holding in held.holdings),
        grade=held.grade.value,
        opened_seq=opened_seq,
        **{field: getattr(held, field) for field in same},
    )


def _signal_row(signal: Signal, seq: int) -> SignalRow:
    same = {field.name for field in fields(SignalRow)} & {field.name for field in fields(Signal)}
    return SignalRow(
        **{name: getattr(signal, name) for name in same - {"structure", "grade"}},
        structure=signal.structure.name,
        legs=legs_text(signal.structure),
        regime=_regime(signal),
        grade=signal.grade.value,
        outcome="",
        detail="",
        order_id="",
        seq=seq,
    )


def _regime(signal: Signal) -> str:
    return str(signal.because.get("regime", ""))


def _fraction(part: int | None, whole: int | None) -> float | None:
    return None if part is None or not whole else part / whole
