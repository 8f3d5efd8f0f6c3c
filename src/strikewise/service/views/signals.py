"""Signals as a feed: what was seen, what was decided, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from strikewise.portfolio.journal_rows import SignalRow
from strikewise.portfolio.offers import Offer, Stand
from strikewise.portfolio.row_making import DISMISSED, EXPIRED, OFFERED, ORDERED, TAKEN
from strikewise.service.views.desk import Desk
from strikewise.strategy.exit_plan import exit_plan

__all__ = ["SignalOutcome", "SignalView", "Standing", "signal_view", "signals_before"]

ANSWERED: Mapping[str, str] = {
    ORDERED: "ordered",
    OFFERED: "offered",
    TAKEN: "taken",
    DISMISSED: "dismissed",
    EXPIRED: "expired",
    "": "pending",
}
"""What outcomes of the journal are called here; every other one is a denial's code."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What signals are looked at by.

    Attributes
    ----------
    now : datetime
        The account's instant.
    life : timedelta
        How long a signal that the gate denied may be taken.
    parameters : mapping of str to mapping
        Parameters of each strategy by its label, for the plan of its exits.
    """

    now: datetime
    life: timedelta
    parameters: Mapping[str, Mapping[str, object]] = field(default_factory=dict)


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
        ``ordered``, ``denied``, ``offered`` while a person is asked, ``taken``, ``dismissed``, ``expired``
        where nobody answered in time, or ``pending`` where nobody has decided.
    code, detail : str
        Why it was denied, with the numbers.
    answerable : bool
        Whether it may be taken now.
    until : datetime or None
        When nobody may take it any more; None where that was never possible, or is not known.
    quantity : int or None
        Units that are offered, or were ordered; None where nobody sized it.
    exit : str
        When what is opened would be left, in words; empty where its strategy is not known.
    answered_by : str
        The actor who took or dismissed it; empty where nobody did.
    taken_as, taken_from : str
        The signal that it was priced anew as when it was taken, and the one that it is the repricing of.
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
    answerable: bool = False
    until: datetime | None = None
    quantity: int | None = None
    exit: str = ""
    answered_by: str = ""
    taken_as: str = ""
    taken_from: str = ""


def signal_view(desk: Desk, signal_id: str, standing: Standing | None = None) -> SignalView | None:
    """Return a signal with what became of it, or None where there is none of that id.

    Parameters
    ----------
    desk : Desk
        The account.
    signal_id : str
        The signal.
    standing : Standing, optional
        What it is looked at by; without it nothing is answerable, and exits are not told.
    """
    row, signal = desk.keeper.signals.get(signal_id), desk.signals.get(signal_id)
    if row is None or signal is None:
        return None
    decision = _decision(row, desk.offers.signals.get(signal_id), standing)
    ordered = decision in ("ordered", "taken")
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
        code=row.outcome if decision == "denied" else "",
        detail=row.detail,
        outcome=_outcome(desk, row.order_id) if ordered else None,
        **_answered(desk, row, decision, standing),
    )


def _answered(desk: Desk, row: SignalRow, decision: str, standing: Standing | None) -> dict[str, Any]:
    """Return what a person may answer, what would be ordered then, and what was answered."""
    offer, ordered = desk.offers.signals.get(row.signal_id), decision in ("ordered", "taken")
    order = desk.keeper.orders.get(row.order_id) if ordered else None
    answered: dict[str, Any] = {
        "quantity": _quantity(offer, None if order is None else order.quantity),
        "answered_by": _who(row.detail) if row.outcome in (TAKEN, DISMISSED) else "",
        "taken_as": order.signal_id if order is not None and decision == "taken" else "",
        "taken_from": desk.keeper.taken.get(row.signal_id, ""),
    }
    if standing is None:
        return answered
    known = standing.parameters.get(row.strategy)
    answered["exit"] = "" if known is None else exit_plan(known)
    if offer is not None and not offer.taken_from and decision in ("denied", "offered", "expired"):
        answered["answerable"] = not offer.refusal(standing.now, standing.life)
        answered["until"] = offer.ends(standing.life)
    return answered


def _decision(row: SignalRow, offer: Offer | None, standing: Standing | None) -> str:
    """Return what was decided; an offer whose time is over is none, though nobody wrote that down yet."""
    if offer is not None and row.outcome == TAKEN and offer.stand in (Stand.OFFERED, Stand.DENIED):
        return offer.stand.value  # no broker ever heard of its order
    if row.outcome == OFFERED and standing is not None and offer is not None:
        return "expired" if standing.now >= offer.ends(standing.life) else "offered"
    return ANSWERED.get(row.outcome, "denied")


def _quantity(offer: Offer | None, ordered: int | None) -> int | None:
    if ordered is not None:
        return ordered
    return offer.quantity if offer is not None and offer.quantity else None


def _who(detail: str) -> str:
    """Return the actor of ``by=… reason=…``."""
    return detail.partition(" reason=")[0].removeprefix("by=")


def _outcome(desk: Desk, order_id: str) -> SignalOutcome | None:
    order = desk.keeper.orders.get(order_id)
    if order is None or order.position_id not in desk.keeper.trades:
        return None
    trade = desk.keeper.trade(order.position_id)
    return SignalOutcome(trade.trade_id, trade.profit_cents, trade.closed_at, trade.exit_reason)


def signals_before(
    desk: Desk,
    *,
    before: int | None = None,
    limit: int = 50,
    strategy: str = "",
    underlying: str = "",
    answerable: bool = False,
    standing: Standing | None = None,
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
    answerable : bool
        Only those that may be taken now.
    standing : Standing, optional
        As for `signal_view`.
    """
    found: list[SignalView] = []
    for row in reversed(desk.keeper.signals.values()):
        if before is not None and row.seq >= before:
            continue
        if (strategy and row.strategy != strategy) or (underlying and row.underlying != underlying):
            continue
        if answerable and row.signal_id not in desk.offers.signals:
            continue
        view = signal_view(desk, row.signal_id, standing)
        if view is not None and (view.answerable or not answerable):
            found.append(view)
        if len(found) == limit:
            break
    return tuple(found)
