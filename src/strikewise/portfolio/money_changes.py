"""What settlements, cash flows, splits and reconciliation change in an account.

Always: deposits + realised + unrealised = cash + marks. What comes or goes without a trade is paid in or
taken out, so that it is neither profit nor loss.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from strikewise.domain.errors import InvariantError
from strikewise.domain.events import AccountOpened, CashFlowed, OptionSettled, PositionSplit
from strikewise.domain.orders import CashFlow, FlowKind
from strikewise.domain.portfolio import Holding, Position
from strikewise.domain.reconciled import (
    CashAdjusted,
    HoldingAdjusted,
    PositionAdopted,
    PositionClaimed,
    PositionWrittenOff,
)
from strikewise.portfolio import adopting, booking
from strikewise.portfolio.account_books import AccountBooks, Changes, held, told, unbooked
from strikewise.portfolio.fees_owed import FEES

__all__ = ["MONEY_CHANGES"]


def _account_opened(books: AccountBooks, _: int, event: AccountOpened, __: datetime) -> Changes:
    if books.account:
        raise InvariantError(
            f"Account {event.account} cannot be opened in the ledger of {books.account}: "
            "each account has a ledger of its own."
        )
    return {"account": event.account, **_paid_in(books, event.cash_cents, event.cash_cents)}


def _paid_in(books: AccountBooks, deposited_cents: int, cash_cents: int) -> Changes:
    return {
        "deposited_cents": books.deposited_cents + deposited_cents,
        "cash_cents": books.cash_cents + cash_cents,
    }


def _option_settled(books: AccountBooks, seq: int, event: OptionSettled, _: datetime) -> Changes:
    report = event.report
    if report.settlement_id in books.settlements:
        return {}
    parts = booking.share_out(report, books.positions)
    after = [booking.book_settlement(books.positions[part.position_id], part) for part in parts]
    paid = sum(part.cash_cents + part.fees_cents for part in parts)
    changes = told(books, seq, report.settlement_id, paid, after)
    if sum(part.quantity for part in parts) != report.quantity or not parts:
        changes |= unbooked(books, seq, report.settlement_id)
    return changes


def _cash_flowed(books: AccountBooks, seq: int, event: CashFlowed, _: datetime) -> Changes:
    flow = event.flow
    if flow.flow_id in books.settlements:
        return {}
    if flow.kind is FlowKind.TRANSFER:
        paid_in = {"deposited_cents": books.deposited_cents - flow.cash_cents}
        return {**told(books, seq, flow.flow_id, flow.cash_cents, ()), **paid_in}
    if flow.kind not in FEES:
        return _flowed(books, seq, flow, books.positions.get(flow.position_id))
    owed, cents = books.fees_owed.after(flow)
    fee = replace(flow, cash_cents=cents)
    return {**_flowed(books, seq, fee, books.position(flow.position_id)), "fees_owed": owed}


def _flowed(books: AccountBooks, seq: int, flow: CashFlow, position: Position | None) -> Changes:
    if position is not None:
        return told(books, seq, flow.flow_id, flow.cash_cents, [booking.book_flow(position, flow)])
    # The account's own, or of a position that is closed by now.
    changes = told(books, seq, flow.flow_id, flow.cash_cents, ())
    return {**changes, "realised_cents": books.realised_cents - flow.cash_cents}


def _position_split(books: AccountBooks, seq: int, event: PositionSplit, _: datetime) -> Changes:
    report = event.report
    if report.split_id in books.settlements:
        return {}
    position = books.positions.get(report.position_id)
    if position is None:
        return unbooked(books, seq, report.split_id)
    return told(books, seq, report.split_id, report.cash_cents, [booking.book_split(position, report)])


def _cash_adjusted(books: AccountBooks, _: int, event: CashAdjusted, __: datetime) -> Changes:
    return _paid_in(books, event.cash_cents, event.cash_cents)


def _position_adopted(books: AccountBooks, seq: int, event: PositionAdopted, known_at: datetime) -> Changes:
    name = event.position_id
    if name in books.positions or not event.holdings:
        return {}
    before = books.closed.get(name)
    if before is None:
        after = adopting.adopted(event, known_at)
    else:  # the same name once more: what it came to before stays in it
        after = adopting.changed(before, event.holdings, event.cost_cents)
    corrections = replace(books.corrections, adopted={**books.corrections.adopted, name: seq})
    return _corrected(replace(books, corrections=corrections), seq, after, event.cost_cents)


def _holding_adjusted(books: AccountBooks, seq: int, event: HoldingAdjusted, known_at: datetime) -> Changes:
    before = books.position(event.position_id)
    moves = (Holding(event.instrument, event.quantity),)
    if before is None:
        adopt = PositionAdopted(
            event.position_id, event.instrument.underlying, moves, event.cost_cents, event.reason
        )
        return _position_adopted(books, seq, adopt, known_at)
    return _corrected(books, seq, adopting.changed(before, moves, event.cost_cents), event.cost_cents)


def _position_written_off(books: AccountBooks, seq: int, event: PositionWrittenOff, _: datetime) -> Changes:
    before = books.positions.get(event.position_id)
    if before is None:
        return {}
    written_off = {**books.corrections.written_off, before.position_id: seq}
    corrections = replace(books.corrections, written_off=written_off)
    after = replace(before, holdings=(), cash_cents=0, closing_order_id="")
    return _corrected(replace(books, corrections=corrections), seq, after, -before.cash_cents)


def _corrected(books: AccountBooks, seq: int, after: Position, paid_in_cents: int) -> Changes:
    """Put a position where it belongs after what was paid in for it, and note that it was touched."""
    touched = {**books.corrections.touched, after.position_id: seq}
    return {
        "deposited_cents": books.deposited_cents + paid_in_cents,
        "corrections": replace(books.corrections, touched=touched),
        **held(books, [after]),
    }


def _position_claimed(books: AccountBooks, _: int, event: PositionClaimed, __: datetime) -> Changes:
    before = books.positions.get(event.position_id)
    if before is None:
        return {}
    claimed = replace(before, strategy=event.strategy)
    return {"positions": {**books.positions, event.position_id: claimed}}


MONEY_CHANGES: Mapping[type, Callable[[Any, int, Any, datetime], Changes]] = {
    AccountOpened: _account_opened,
    CashAdjusted: _cash_adjusted,
    CashFlowed: _cash_flowed,
    HoldingAdjusted: _holding_adjusted,
    OptionSettled: _option_settled,
    PositionAdopted: _position_adopted,
    PositionClaimed: _position_claimed,
    PositionSplit: _position_split,
    PositionWrittenOff: _position_written_off,
}
"""What each kind of fact about money and holdings changes."""
