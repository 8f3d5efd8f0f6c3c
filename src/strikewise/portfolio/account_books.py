"""What an account has, owes and waits for: the values that facts change, and how positions come and go."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, TypeVar

from strikewise.domain.orders import Purpose
from strikewise.domain.portfolio import Position
from strikewise.portfolio import booking
from strikewise.portfolio.fees_owed import FeesOwed
from strikewise.portfolio.growing_map import GrowingMap
from strikewise.portfolio.order_state import OrderState, OrderStatus, PendingSignal
from strikewise.portfolio.outcomes import Outcomes

__all__ = ["AccountBooks", "Changes", "Corrections", "held", "told", "unbooked", "without"]

V = TypeVar("V")

Changes = dict[str, Any]
"""New values of an account by field; what is not named stays."""


@dataclass(frozen=True, slots=True)
class Corrections:
    """What others than our orders did to the books, by the fact that said so; empty in most accounts.

    Attributes
    ----------
    adopted : mapping of str to int
        Positions that nobody here opened.
    touched : mapping of str to int
        Positions that did not only change by fills, settlements and flows: adopted, adjusted, written off, or
        with a fill taken back. What they were to lose at most is no promise of ours.
    written_off : mapping of str to int
        Positions that were closed for want of a counterpart: no trade, neither won nor lost.
    unbooked : mapping of str to int
        What a broker told and could not be booked, by its id: a fill of an order nobody placed, the
        settlement of what nobody holds. What it moved is found and put right by reconciliation.
    """

    adopted: Mapping[str, int] = field(default_factory=dict)
    touched: Mapping[str, int] = field(default_factory=dict)
    written_off: Mapping[str, int] = field(default_factory=dict)
    unbooked: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AccountBooks:
    """What an account has, owes and waits for, after the fact ``seq``.

    Attributes
    ----------
    seq : int
        The last fact folded; 0 before the first.
    account : str
        The account's name.
    deposited_cents, cash_cents : int
        What was paid in, and what is there, fees paid, those the broker is still to charge too.
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
    corrections : Corrections
        What others than our orders did.
    fees_owed : FeesOwed
        Fees that are paid in these books, and not told by the broker yet.
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
    corrections: Corrections = field(default_factory=Corrections)
    fees_owed: FeesOwed = field(default_factory=FeesOwed)

    def order(self, order_id: str) -> OrderState | None:
        """Return an order, open or ended, or None where nobody placed it."""
        return self.open_orders.get(order_id) or self.ended_orders.get(order_id)

    def position(self, position_id: str) -> Position | None:
        """Return a position, open or closed, or None where there never was one."""
        return self.positions.get(position_id) or self.closed.get(position_id)

    def fact_of(self, name: str) -> int | None:
        """Return the number of the fact that made an order, position or pending signal, by id.

        A position is made by the first order to open it, and has its id, or by being adopted.
        """
        made = self.order(name) or self.signals.get(name)
        return self.corrections.adopted.get(name) if made is None else made.seq

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
        return Counter(self.opened.values()) if self.opened_on == day else {}


def held(books: AccountBooks, positions: Iterable[Position]) -> Changes:
    """Put positions where they belong: among the open while anything is held, else among the closed.

    One of which nothing is left, not even a fee, since its fills were taken back, never was.
    """
    open_, closed, realised = dict(books.positions), books.closed, books.realised_cents
    outcomes, uncounted = books.outcomes, books.corrections.written_off
    for position in positions:
        name = position.position_id
        if name in closed:
            old = closed[name]
            realised += old.cash_cents + old.fees_cents
            outcomes = outcomes if name in uncounted else outcomes.counted(old, times=-1)
            closed = closed.without(name)
        if position.holdings:
            open_[name] = position
            continue
        open_.pop(name, None)
        if not (position.quantity or position.cash_cents or position.fees_cents):
            continue
        done = replace(position, closing_order_id="") if position.closing_order_id else position
        closed = closed.put(name, done)
        realised -= position.cash_cents + position.fees_cents
        outcomes = outcomes if name in uncounted else outcomes.counted(position)
    return {"positions": open_, "closed": closed, "realised_cents": realised, "outcomes": outcomes}


def told(books: AccountBooks, seq: int, name: str, cash_cents: int, after: Iterable[Position]) -> Changes:
    """Note what a broker told once: cash paid, and positions as they are after it."""
    settlements = books.settlements.put(name, seq)
    return {"cash_cents": books.cash_cents - cash_cents, "settlements": settlements, **held(books, after)}


def unbooked(books: AccountBooks, seq: int, name: str) -> Changes:
    """Note what a broker told and could not be booked."""
    if name in books.corrections.unbooked:
        return {}
    noted = {**books.corrections.unbooked, name: seq}
    return {"corrections": replace(books.corrections, unbooked=noted)}


def without(values: Mapping[str, V], key: str) -> Mapping[str, V]:
    """Return a mapping without a key; itself where it has none."""
    if key not in values:
        return values
    return {name: value for name, value in values.items() if name != key}
