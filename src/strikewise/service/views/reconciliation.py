"""Ours against the broker's: when both were last compared, what differed, and what each side holds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from strikewise.service.views.desk import ComparisonView, Desk, DifferenceView

__all__ = ["ComparisonView", "DifferenceView", "LineView", "ReconciliationView", "reconciliation_view"]

HOLDINGS = ("holding", "external")


@dataclass(frozen=True, slots=True)
class LineView:
    """What both sides hold of an instrument.

    The broker's is what the last comparison found: None where there was none, and where ours changed since.
    """

    instrument: str
    ours: str
    theirs: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class ReconciliationView:
    """Where both sides stand.

    Attributes
    ----------
    reconciled_at : datetime or None
        When they last agreed, save what is open.
    open : int
        Differences left then.
    failures : int
        Attempts since then without a complete picture.
    comparisons : tuple of ComparisonView
        The latest, newest first.
    differences : tuple of DifferenceView
        The latest, newest first.
    lines : tuple of LineView
        Every instrument held, with what the last comparison found.
    """

    reconciled_at: datetime | None
    open: int
    failures: int
    comparisons: tuple[ComparisonView, ...]
    differences: tuple[DifferenceView, ...]
    lines: tuple[LineView, ...]


def reconciliation_view(desk: Desk) -> ReconciliationView:
    """Return where ours and the broker's stand."""
    control = desk.control
    comparisons = tuple(reversed(desk.comparisons))
    return ReconciliationView(
        control.reconciled_at,
        control.reconciliation_open,
        control.reconciliation_failures,
        comparisons,
        tuple(reversed(desk.differences)),
        tuple(_lines(desk, comparisons)),
    )


def _lines(desk: Desk, comparisons: tuple[ComparisonView, ...]) -> Iterator[LineView]:
    ours, then = desk.holdings(), desk.compared
    finished = [one for one in comparisons if not one.failure]
    since = finished[1].seq if len(finished) > 1 else 0
    last = finished[0].seq if finished else 0
    found = {
        one.what: one
        for one in desk.differences
        if one.kind in HOLDINGS and since < one.seq <= last and finished[0].open
    }
    for name in sorted({*ours, *found}):
        held, before = ours.get(name, 0), None if then is None else then.get(name, 0)
        if name in found:
            yield LineView(name, found[name].ours, found[name].theirs, found[name].reason or "not explained")
        elif before is None:
            yield LineView(name, str(held), None, "")
        elif before != held:
            yield LineView(name, str(held), None, f"changed since the last comparison: {before} then")
        else:
            yield LineView(name, str(held), str(held), "")
