"""Signals as a feed: what was seen, what was decided, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from strikewise.portfolio.journal import ORDERED
from strikewise.service.views.desk import Desk

__all__ = ["SignalOutcome", "SignalView", "signal_view", "signals_before"]


@dataclass(frozen=True, slots=True)
class SignalOutcome:
    """What the trade of a signal came to; profit None while it is open."""

    trade_id: str
    profit_cents: int | None
    closed_at: datetime | None
    exit_reason: str


@dataclass(frozen=True, slots=True)
class SignalView:
    """A signal, of one unit; amounts in cents, paid positive.

    Attributes
    ----------
    seq : int
        Its fact.
    decision : str
        ``ordered``, ``denied``, or ``pending`` where nobody has decided.
    code, detail : str
        Why it was denied, with the numbers.
    outcome : SignalOutcome or None
        Of its trade; None where there is none.
    signal_id, at, strategy, underlying, structure, describe, price_cents, max_loss_cents, max_profit_cents,
    probability, expected_cents, score, because, grade, regime, breakevens
        As in `strikewise.domain.signals.Signal`.
    """

    seq: int
    signal_id: str
    at: datetime
    strategy: str
    underlying: str
    structure: str
    describe: str
    price_cents: int
    max_loss_cents: int | None
    max_profit_cents: int | None
    breakevens: tuple[float, ...]
    probability: float
    expected_cents: int
    score: float
    because: Mapping[str, float | str]
    grade: str
    regime: str
    decision: str
    code: str
    detail: str
    outcome: SignalOutcome | None


def signal_view(desk: Desk, signal_id: str) -> SignalView | None:
    """Return a signal with what became of it, or None where there is none of that id."""
    row, signal = desk.keeper.signals.get(signal_id), desk.signals.get(signal_id)
    if row is None or signal is None:
        return None
    ordered = row.outcome == ORDERED
    decision = "ordered" if ordered else ("denied" if row.outcome else "pending")
    return SignalView(
        seq=row.seq,
        signal_id=signal_id,
        at=signal.as_of,
        strategy=signal.strategy,
        underlying=signal.underlying,
        structure=row.structure,
        describe=signal.structure.describe(),
        price_cents=signal.price_cents,
        max_loss_cents=signal.max_loss_cents,
        max_profit_cents=signal.max_profit_cents,
        breakevens=signal.breakevens,
        probability=signal.probability_of_profit,
        expected_cents=signal.edge_cents,
        score=signal.score,
        because=signal.because,
        grade=row.grade,
        regime=row.regime,
        decision=decision,
        code="" if ordered else row.outcome,
        detail=row.detail,
        outcome=_outcome(desk, row.order_id) if ordered else None,
    )


def _outcome(desk: Desk, order_id: str) -> SignalOutcome | None:
    order = desk.keeper.orders.get(order_id)
    if order is None or order.position_id not in desk.keeper.trades:
        return None
    trade = desk.keeper.trade(order.position_id)
    return SignalOutcome(trade.trade_id, trade.profit_cents, trade.closed_at, trade.exit_reason)


def signals_before(
    desk: Desk, *, before: int | None = None, limit: int = 50, strategy: str = "", underlying: str = ""
) -> tuple[SignalView, ...]:
    """Return the latest signals, newest first.

    Parameters
    ----------
    desk : Desk
        The account.
    before : int, optional
        Only those whose fact is numbered below.
    limit : int
        Most of them.
    strategy, underlying : str
        Only those; empty for all.
    """
    found: list[SignalView] = []
    for row in reversed(desk.keeper.signals.values()):
        if before is not None and row.seq >= before:
            continue
        if (strategy and row.strategy != strategy) or (underlying and row.underlying != underlying):
            continue
        view = signal_view(desk, row.signal_id)
        if view is not None:
            found.append(view)
        if len(found) == limit:
            break
    return tuple(found)
