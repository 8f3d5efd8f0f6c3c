"""Fills that a broker took back without a word: its order has less than was told, and it holds less."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations

from strikewise.domain.brokerage import OrderReport
from strikewise.domain.control import AlertRaised
from strikewise.domain.events import Event
from strikewise.domain.instruments import Instrument
from strikewise.domain.orders import Execution, Order
from strikewise.domain.reconciled import DifferenceFound, ExecutionReversed
from strikewise.execution.differing_holdings import Holdings
from strikewise.execution.odd_fills import traded

__all__ = ["TakenBack", "taken_back_in_silence"]

MOST_FILLS = 12
"""An order of more fills has too many readings: what is held is set right without knowing which it was."""


@dataclass(frozen=True, slots=True)
class TakenBack:
    """Fills of an order that the broker seems to have taken back.

    Attributes
    ----------
    order : Order
        The order.
    ours, theirs : int
        Units filled, as either side says.
    fills : tuple of Execution
        Those that are missing there.
    """

    order: Order
    ours: int
    theirs: int
    fills: tuple[Execution, ...]

    def difference(self, action: str, reason: str) -> DifferenceFound:
        """Return it as a difference."""
        ours, theirs = f"{self.ours} filled", f"{self.theirs} filled"
        return DifferenceFound("fill", self.order.order_id, ours, theirs, action, reason)

    def facts(self) -> Iterator[Event]:
        """Yield what undoes them."""
        reason = "the broker's order and holdings do not have it, two looks"
        yield self.difference("taken back", reason)
        for one in self.fills:
            yield ExecutionReversed(one.execution_id, one.order_id, reason)
        text = (
            f"Of order {self.order.order_id} the broker has {self.theirs} of {self.ours} units filled, "
            "and holds no more: the rest was taken back and nobody told it."
        )
        yield AlertRaised("warning", "FILL_TAKEN_BACK", text)


def taken_back_in_silence(
    orders: Iterable[tuple[Order, int, tuple[Execution, ...]]],
    reports: Mapping[str, OrderReport | None],
    held: Holdings,
    confirmed: Collection[str],
) -> Iterator[TakenBack]:
    """Find orders of which both the broker's report and its holdings have less than was told.

    Only fills that the broker once had count: an answer that is older than a fill does not take it back.

    Parameters
    ----------
    orders : iterable of (Order, int, tuple of Execution)
        Ours, with the units filled, and the fills that stand.
    reports : mapping of str to OrderReport
        The broker's, by our ids.
    held : Holdings
        Both sides of what is held.
    confirmed : collection of str
        Fills that were booked when both sides agreed, by id.
    """
    for order, filled, told in orders:
        booked = tuple(one for one in told if one.execution_id in confirmed)
        report = reports.get(order.order_id)
        if report is None or report.filled >= filled or len(booked) > MOST_FILLS:
            continue
        surplus = {
            leg.instrument: held.ours.get(leg.instrument, 0) - held.theirs.get(leg.instrument, 0)
            for leg in order.structure.legs
        }
        fills = _explaining(booked, surplus, filled - report.filled)
        if fills:
            yield TakenBack(order, filled, report.filled, fills)


def _explaining(
    booked: tuple[Execution, ...], surplus: Mapping[Instrument, int], units: int
) -> tuple[Execution, ...]:
    """Return the fewest and latest fills that are just what is held too much of here."""
    for number in range(1, len(booked) + 1):
        for fills in combinations(reversed(booked), number):
            told = sum(one.quantity for one in fills)
            if traded(fills) == Counter(surplus) and told in (0, units):
                return fills
    return ()
