"""Rows of the journal, made of what the fold of an account and a few notes beside it say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import assert_never

from strikewise.domain.answered import SignalDismissed, SignalExpired, SignalOffered
from strikewise.domain.events import AccountValued, SignalDenied
from strikewise.domain.instruments import Instrument
from strikewise.domain.orders import Order
from strikewise.domain.portfolio import Position
from strikewise.domain.reconciled import (
    HoldingAdjusted,
    PositionAdopted,
    PositionClaimed,
    PositionWrittenOff,
)
from strikewise.domain.signals import Signal
from strikewise.domain.structures import Structure
from strikewise.market.calendar import new_york_day
from strikewise.portfolio.journal_rows import EquityRow, OrderRow, PositionRow, SignalRow, TradeRow

__all__ = [
    "DISMISSED",
    "EXPIRED",
    "OFFERED",
    "ORDERED",
    "TAKEN",
    "Correction",
    "TradeNotes",
    "decided_row",
    "equity_row",
    "legs_text",
    "order_row",
    "ordered_rows",
    "position_row",
    "signal_row",
    "trade_row",
]

Correction = PositionAdopted | PositionClaimed | PositionWrittenOff | HoldingAdjusted
"""What changes a position without an order of ours."""

ORDERED, TAKEN = "ORDERED", "TAKEN"
"""Outcomes of a signal that became an order: by itself, or at today's prices because a person took it."""
OFFERED, DISMISSED, EXPIRED = "OFFERED", "DISMISSED", "EXPIRED"
"""Outcomes of a signal that a person is asked about, did not want, or left unanswered."""

_VALUED = tuple(one.name for one in fields(AccountValued) if one.name != "profits")


@dataclass(slots=True)
class TradeNotes:
    """What a position does not say of itself."""

    signal: Signal | None
    opened_seq: int
    max_loss_cents: int | None
    margin_cents: int
    closed_at: datetime | None = None
    closed_seq: int | None = None
    exit_reason: str = ""
    settled: str = ""
    estimated_marks: int = 0
    policy_fills: int = 0
    note: str = ""

    def add_note(self, text: str) -> None:
        """Add to the note what is not its end already."""
        if not self.note.endswith(text):
            self.note = f"{self.note}; {text}" if self.note else text

    def corrected(self, event: Correction) -> str:
        """Note what was done to the position without an order, and return why it is closed if it is."""
        match event:
            case PositionClaimed(strategy=strategy):
                self.add_note(f"claimed for {strategy}")
            case HoldingAdjusted(instrument=instrument, quantity=quantity, reason=reason):
                self.add_note(f"{quantity:+d} {instrument}: {reason}")
            case PositionAdopted(reason=reason):
                self.add_note(reason)
            case PositionWrittenOff(reason=reason):
                self.add_note(reason)
                return "WRITTEN_OFF"
            case _:
                assert_never(event)
        return "ADJUSTED"


def trade_row(position: Position, trade: TradeNotes) -> TradeRow:
    """Return the row of a position, open or closed."""
    signal = trade.signal
    done = trade.closed_at is not None
    profit = -(position.cash_cents + position.fees_cents) if done else None
    return TradeRow(
        trade_id=position.position_id,
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
        days_held=_days(position.opened_at, trade.closed_at),
        exit_reason=trade.exit_reason,
        grade=position.grade.value,
        max_loss_cents=trade.max_loss_cents,
        margin_cents=trade.margin_cents,
        probability_of_profit=None if signal is None else signal.probability_of_profit,
        score=None if signal is None else signal.score,
        edge_cents=None if signal is None else signal.edge_cents,
        regime="" if signal is None else _regime(signal),
        estimated_marks=trade.estimated_marks,
        policy_fills=trade.policy_fills,
        opened_seq=trade.opened_seq,
        closed_seq=trade.closed_seq,
        note=trade.note,
    )


def equity_row(valued: AccountValued, seq: int, at: datetime, deposited_cents: int) -> EquityRow:
    """Return the row of an account that was valued."""
    same = {name: getattr(valued, name) for name in _VALUED}
    return EquityRow(seq=seq, at=at, deposited_cents=deposited_cents, **same)


def order_row(order: Order, seq: int) -> OrderRow:
    """Return the row of an order that was only placed."""
    same = {field.name for field in fields(order)} & {field.name for field in fields(OrderRow)}
    return OrderRow(
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
        seq=seq,
    )


def legs_text(structure: Structure) -> str:
    """Return the legs as a person reads them: ``+1 SPY 2026-09-18 595P, -1 SPY 2026-09-18 600P``."""
    return _text((leg.instrument, leg.ratio) for leg in structure.legs)


def _text(legs: Iterable[tuple[Instrument, int]]) -> str:
    return ", ".join(f"{quantity:+d} {instrument}" for instrument, quantity in legs)


def position_row(held: Position, trade: TradeNotes) -> PositionRow:
    """Return the row of an open position."""
    told = {"structure", "holdings", "grade", "opened_seq", "note"}
    same = {field.name for field in fields(PositionRow)} - told
    return PositionRow(
        structure=held.structure.name,
        holdings=_text((holding.instrument, holding.quantity) for holding in held.holdings),
        grade=held.grade.value,
        opened_seq=trade.opened_seq,
        note=trade.note,
        **{field: getattr(held, field) for field in same},
    )


def signal_row(signal: Signal, seq: int) -> SignalRow:
    """Return the row of a signal that nobody decided upon."""
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


def ordered_rows(row: SignalRow, seen: SignalRow | None, order: Order, actor: str) -> Iterator[SignalRow]:
    """Yield the row of a signal that became an order, and that of the one a person took to have it so."""
    yield replace(row, outcome=ORDERED, order_id=order.order_id)
    if seen is not None:
        yield replace(seen, outcome=TAKEN, detail=f"by={actor}", order_id=order.order_id)


def decided_row(
    row: SignalRow, event: SignalDenied | SignalOffered | SignalDismissed | SignalExpired, actor: str
) -> SignalRow:
    """Return a signal's row after the gate refused it, or a person was asked, said no, or said nothing.

    What was ordered or dismissed stays so: a refusal of it is that of the same quotes seen once more.
    """
    match event:
        case SignalDenied() if row.outcome in (ORDERED, TAKEN, DISMISSED):
            return row
        case SignalDenied(code=code, detail=detail):
            return replace(row, outcome=code, detail=detail)
        case SignalOffered(quantity=quantity, until=until):
            return replace(row, outcome=OFFERED, detail=f"quantity={quantity} until={until.isoformat()}")
        case SignalDismissed(reason=reason):
            said = f" reason={reason}" if reason else ""
            return replace(row, outcome=DISMISSED, detail=f"by={actor}{said}")
        case SignalExpired():
            return replace(row, outcome=EXPIRED)
        case _:
            assert_never(event)


def _regime(signal: Signal) -> str:
    return str(signal.because.get("regime", ""))


def _days(opened_at: datetime, closed_at: datetime | None) -> int | None:
    return None if closed_at is None else (new_york_day(closed_at) - new_york_day(opened_at)).days


def _fraction(part: int | None, whole: int | None) -> float | None:
    return None if part is None or not whole else part / whole
