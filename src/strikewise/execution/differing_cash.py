"""Cash on which both sides disagree: fees that never came, fees that were not told, and transfers."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta

from strikewise.domain.control import AlertRaised
from strikewise.domain.events import CashFlowed, Event
from strikewise.domain.money import format_cents
from strikewise.domain.orders import CashFlow, FlowKind
from strikewise.domain.portfolio import Position
from strikewise.domain.reconciled import EXTERNAL, CashAdjusted, DifferenceFound
from strikewise.execution.snapshot import Snapshot
from strikewise.market.calendar import NEW_YORK, SessionCalendar

__all__ = ["cash_that_differs", "fees_not_charged"]

FEE_CENTS = 2_500
"""Cash missing up to this much is a fee that was not told; more, and all that is too much, is a transfer."""
ADOPTED_LATELY = timedelta(days=1)


def fees_not_charged(
    due: Iterable[tuple[date, int]], at: datetime, calendar: SessionCalendar
) -> tuple[Event, ...]:
    """Return what takes back fees that were expected and that two sessions have not brought.

    Parameters
    ----------
    due : iterable of (date, int)
        Fees that are expected, cents by the day of their trades.
    at : datetime
        The present instant.
    calendar : SessionCalendar
        The sessions.
    """
    facts: list[Event] = []
    for day, cents in due:
        last = calendar.next_session(calendar.next_session(day))
        if at < calendar.session_close(last):
            continue
        name = f"fee-not-charged/{day}/{at.isoformat()}"
        noon = datetime.combine(day, time(12), NEW_YORK).astimezone(UTC)
        told = f"{format_cents(cents)} expected"
        reason = "two sessions have not brought it"
        facts += [
            DifferenceFound("activity", f"fees of {day}", told, "not charged", "taken back", reason),
            CashFlowed(CashFlow(name, FlowKind.FEE_DUE, "", "", -cents, noon)),
        ]
    return tuple(facts)


def cash_that_differs(
    expected_cents: int,
    snapshot: Snapshot,
    before: Snapshot | None,
    positions: Iterable[Position],
    untold_cents: int = 0,
) -> tuple[tuple[Event, ...], tuple[DifferenceFound, ...]]:
    """Return what brings our cash to the broker's, and what waits for a second look.

    Parameters
    ----------
    expected_cents : int
        What the broker's cash is where both sides agree.
    snapshot : Snapshot
        The broker's side.
    before : Snapshot or None
        An earlier picture, far enough back.
    positions : iterable of Position
        Ours: what was adopted lately may have been paid for with it.
    untold_cents : int
        Fees that were read from the cash alone: those told since are counted twice.
    """
    missing = snapshot.account.cash_cents - expected_cents
    if missing == 0:
        return (), ()
    mine, theirs = format_cents(expected_cents), format_cents(snapshot.account.cash_cents)
    if _paid_for_adopted(positions, -missing, since=snapshot.taken_at - ADOPTED_LATELY):
        reason = "paid for what nobody here opened"
        found = DifferenceFound("cash", "account", mine, theirs, "taken over", reason)
        return (found, CashAdjusted(missing, reason)), ()
    if before is None or before.account.cash_cents != snapshot.account.cash_cents:
        return (), (DifferenceFound("cash", "account", mine, theirs, "looked at again", ""),)
    if -FEE_CENTS <= missing < 0 or 0 < missing <= untold_cents:
        name = f"untold-fee/{snapshot.taken_at.isoformat()}"
        flow = CashFlow(name, FlowKind.FEE_UNTOLD, "", "", -missing, snapshot.taken_at)
        told = missing > 0
        action = "a fee taken back" if told else "booked as a fee"
        reason = "it was told after all" if told else "nothing explains it"
        found = DifferenceFound("cash", "account", mine, theirs, action, reason)
        return (found, CashFlowed(flow)), ()
    found = DifferenceFound("cash", "account", mine, theirs, "taken over", "nothing explains it")
    alert = AlertRaised(
        "warning", "CASH_DIFFERS", f"The broker has {theirs} in cash and we had {mine}: taken as a transfer."
    )
    return (found, CashAdjusted(missing, "the broker's cash"), alert), ()


def _paid_for_adopted(positions: Iterable[Position], cents: int, since: datetime) -> bool:
    """Return whether the external positions adopted last, since an instant, cost just so much."""
    external = [one for one in positions if one.strategy == EXTERNAL and one.opened_at >= since]
    paid = 0
    for one in sorted(external, key=lambda each: each.opened_at, reverse=True):
        paid += one.cash_cents
        if paid == cents:
            return True
    return False
