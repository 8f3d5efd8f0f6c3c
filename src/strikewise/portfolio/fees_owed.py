"""Fees between the trade that causes them and the broker's word about them: owed, or paid and not told yet.

Some brokers charge what trading costs a day later, in lines that name no order. A fee counts from the trade
on all the same: it is expected by the schedule that is known, paid in these books, and owed to the broker
until a charge settles it. What a charge differs by is booked with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from strikewise.domain.orders import CashFlow, FlowKind
from strikewise.market.calendar import new_york_day

__all__ = ["FEES", "FeesOwed"]

FEES = frozenset({FlowKind.FEE, FlowKind.FEE_DUE, FlowKind.FEE_UNTOLD})
TOLD_WITHIN = timedelta(days=7)
"""After so long a fee that was paid and not told is no more looked for among those that are."""

Amounts = tuple[tuple[date, int], ...]


@dataclass(frozen=True, slots=True)
class FeesOwed:
    """Fees that are booked and not told by the broker yet, by New York day, oldest first; cents.

    Attributes
    ----------
    due : tuple of (date, int)
        Not charged yet: the broker's cash is higher by them than that of these books.
    untold : tuple of (date, int)
        Charged, as the broker's cash shows, in the last days: where a charge that is told is one of these,
        the broker's cash is higher by it than that of these books, until it is taken back.
    """

    due: Amounts = ()
    untold: Amounts = ()

    @property
    def untold_cents(self) -> int:
        """What the broker charged and has not told, as far as anybody knows."""
        return sum(cents for _, cents in self.untold)

    @property
    def due_cents(self) -> int:
        """What the broker will still charge (positive) or give back."""
        return sum(cents for _, cents in self.due)

    def after(self, flow: CashFlow) -> tuple[FeesOwed, int]:
        """Return what is owed after a fee, and what of it is to be booked now: paid positive."""
        day = new_york_day(flow.at)
        untold = tuple(one for one in self.untold if day - one[0] <= TOLD_WITHIN)
        if flow.kind is FlowKind.FEE_DUE:
            return FeesOwed(_added(self.due, day, flow.cash_cents), untold), flow.cash_cents
        if flow.kind is FlowKind.FEE_UNTOLD:
            return FeesOwed(self.due, _untold(untold, day, flow.cash_cents)), flow.cash_cents
        due, left = _taken(self.due, day, flow.cash_cents)
        return FeesOwed(due, untold), left


def _added(amounts: Amounts, day: date, cents: int) -> Amounts:
    by_day = dict(amounts)
    by_day[day] = by_day.get(day, 0) + cents
    return tuple(sorted((each, sum_) for each, sum_ in by_day.items() if sum_))


def _untold(amounts: Amounts, day: date, cents: int) -> Amounts:
    """Add a fee that nobody told, or take those back that were told after all, the oldest first."""
    return _added(amounts, day, cents) if cents > 0 else _taken(amounts, day, -cents)[0]


def _taken(amounts: Amounts, until: date, cents: int) -> tuple[Amounts, int]:
    """Take cents of amounts of the same sign, oldest first; return what is left of both."""
    kept, left = [], cents
    for day, has in amounts:
        part = min(has, left, key=abs) if day <= until and has * left > 0 else 0
        left -= part
        if has != part:
            kept.append((day, has - part))
    return tuple(kept), left
