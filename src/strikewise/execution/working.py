"""Orders that rest at a simulated broker, and what one that resumes remembers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from strikewise.domain.brokerage import OrderReport
from strikewise.domain.instruments import OptionContract
from strikewise.domain.orders import Order
from strikewise.market.estimate import LastQuote
from strikewise.market.view import MarketView

__all__ = ["Past", "WorkingOrder"]


@dataclass(frozen=True, slots=True)
class Past:
    """What cash, holdings and open orders do not say of a broker that goes on where another stopped.

    Attributes
    ----------
    snapshots : mapping of datetime to date
        Instants of the views it was moved to, oldest first, and the New York date of each: how long open
        orders have waited.
    shares_since : mapping of str to date
        Session in which a position was assigned shares: they trade from the next on.
    last_quotes : mapping of OptionContract to LastQuote
        The last usable quote of what is held.
    ended : frozenset of str
        Ids of orders that ended: the same one again is no second one.
    seen : MarketView or None
        The last view it was moved to: what happens on the night after is judged by it.
    reports : mapping of str to OrderReport
        How earlier orders stood: those that ended, and what those that rest had filled.
    fills, activities : int
        How many were told before: cursors go on from there.
    """

    snapshots: Mapping[datetime, date] = field(default_factory=dict)
    shares_since: Mapping[str, date] = field(default_factory=dict)
    last_quotes: Mapping[OptionContract, LastQuote] = field(default_factory=dict)
    ended: frozenset[str] = frozenset()
    seen: MarketView | None = None
    reports: Mapping[str, OrderReport] = field(default_factory=dict)
    fills: int = 0
    activities: int = 0


@dataclass(slots=True)
class WorkingOrder:
    """An order that may still fill.

    Attributes
    ----------
    order : Order
        What is left of it to trade, leg by leg, in units.
    remaining : int
        Units left.
    waits : int
        Snapshots to let pass before it may fill.
    tried_on : date or None
        Session in which it was first tried: it is good until that session ends.
    problem : str
        Why it did not fill when it was last tried.
    session : date or None
        Where orders trade in the session's hours only: the session it is good for.
    in_legs : bool
        Whether some of its legs filled by themselves: the others follow by themselves.
    """

    order: Order
    remaining: int
    waits: int
    tried_on: date | None = None
    problem: str = ""
    session: date | None = None
    in_legs: bool = False

    @classmethod
    def resumed(cls, order: Order, lag: int, past: Past) -> WorkingOrder:
        """Return an order that rests, as it would stand had nothing stopped."""
        seen = [day for at, day in past.snapshots.items() if at >= order.created_at]
        assigned = past.shares_since.get(order.position_id) if order.structure.shares else None
        tried_on = next((day for day in seen[lag:] if day != assigned), None)
        return cls(order, order.quantity, max(0, lag - max(0, len(seen) - 1)), tried_on)
