"""Orders and trades, newest first, and why a trade was made."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import TypeVar

from strikewise.domain.events import EVENT_TYPES
from strikewise.portfolio.journal_rows import OrderRow, TradeRow
from strikewise.portfolio.ledger import Fact, Ledger, Wanted
from strikewise.service.explain import explain_trade
from strikewise.service.views.desk import Desk
from strikewise.service.views.facts import fact_at

__all__ = [
    "OrderRow",
    "StepView",
    "TradeRow",
    "TradeStory",
    "orders_before",
    "telling_facts",
    "trade_story",
    "trade_view",
    "trades_before",
]

T = TypeVar("T")

UNTOLD = frozenset(
    {"AccountValued", "AlertRaised", "MarkEstimated", "ReconciliationFinished", "SignalDenied"}
)
"""Kinds that no trade comes from, and that change none: most of what a ledger has."""


@dataclass(frozen=True, slots=True)
class StepView:
    """One link of a trade's lineage: a fact, and what it says in words."""

    seq: int
    cause: int | None
    kind: str
    at: datetime
    words: str


@dataclass(frozen=True, slots=True)
class TradeStory:
    """Why a trade was made, and how it ended.

    Attributes
    ----------
    trade_id : str
        The position.
    text : str
        The story, a line a step.
    steps : tuple of StepView
        Its facts in order.
    because : mapping
        The features at entry.
    """

    trade_id: str
    text: str
    steps: tuple[StepView, ...]
    because: Mapping[str, float | str]


def orders_before(
    desk: Desk, *, before: int | None = None, limit: int = 50, status: str = "", position: str = ""
) -> tuple[OrderRow, ...]:
    """Return the latest orders, newest first.

    Parameters
    ----------
    desk : Desk
        The account.
    before : int, optional
        Only those placed by a fact numbered below.
    limit : int
        Most of them.
    status, position : str
        Only those of a status (``open`` for all that have not ended), or of a position; empty for all.
    """
    open_ones = desk.keeper.state.open_orders
    found = (
        row
        for row in reversed(desk.keeper.orders.values())
        if (before is None or row.seq < before)
        and (not position or row.position_id == position)
        and (not status or row.status == status or (status == "open" and row.order_id in open_ones))
    )
    return _first(found, limit)


def trades_before(
    desk: Desk,
    *,
    before: int | None = None,
    limit: int = 50,
    strategy: str = "",
    underlying: str = "",
    state: str = "",
) -> tuple[TradeRow, ...]:
    """Return the latest trades, newest first.

    Parameters
    ----------
    desk : Desk
        The account.
    before : int, optional
        Only those opened by a fact numbered below.
    limit : int
        Most of them.
    strategy, underlying : str
        Only those; empty for all.
    state : str
        ``open``, ``closed``, or empty for both.
    """
    found = (
        desk.keeper.trade(name)  # a row is made of those alone that are shown
        for name, notes in reversed(desk.keeper.trades.items())
        if (before is None or notes.opened_seq < before)
        and (not state or (notes.closed_at is None) == (state == "open"))
        and _is_of(desk, name, strategy, underlying)
    )
    return _first(found, limit)


def _is_of(desk: Desk, name: str, strategy: str, underlying: str) -> bool:
    position = desk.keeper.state.position(name)
    return position is not None and (
        (not strategy or position.strategy == strategy)
        and (not underlying or position.underlying == underlying)
    )


def trade_view(desk: Desk, trade_id: str) -> TradeRow | None:
    """Return a trade, or None where there is none of that id."""
    return desk.keeper.trade(trade_id) if trade_id in desk.keeper.trades else None


def telling_facts(ledger: Ledger) -> list[Fact]:
    """Return the facts that can be part of a trade's story: not the many that value, mark and compare."""
    kinds = tuple(sorted(EVENT_TYPES.keys() - UNTOLD))
    found = {fact.seq: fact for fact in ledger.find(Wanted(kinds=kinds), sys.maxsize)}
    missing = {fact.cause for fact in found.values() if fact.cause is not None} - found.keys()
    while missing:  # one of those kinds after all brought something about
        fact = fact_at(ledger, missing.pop())
        found[fact.seq] = fact
        if fact.cause is not None and fact.cause not in found:
            missing.add(fact.cause)
    return [found[seq] for seq in sorted(found)]


def trade_story(ledger: Ledger, trade_id: str) -> TradeStory:
    """Return why a trade was made, and how it ended.

    Raises
    ------
    MissingDataError
        If there is no such trade.
    """
    told = explain_trade(telling_facts(ledger), trade_id)
    steps = tuple(StepView(one.seq, one.cause, one.kind, one.at, one.words) for one in told.steps)
    return TradeStory(told.trade, told.text, steps, dict(told.because))


def _first(found: Iterable[T], limit: int) -> tuple[T, ...]:
    return tuple(islice(found, limit))
