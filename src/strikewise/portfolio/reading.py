"""An account's ledger read to its end at once, by the facts that change anything in it.

A program that is asked once, such as a command, cannot afford the many facts that only say what the account
was worth: they are most of a ledger, and the last of them says what they all said. Nor can it afford to begin
at the first fact each time: where somebody keeps a checkpoint, only what was written since is read.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol

from strikewise.domain.events import AccountValued
from strikewise.portfolio.controls import ControlState
from strikewise.portfolio.ledger import GENESIS, Fact, Head, Ledger, Wanted
from strikewise.portfolio.order_state import OrderState
from strikewise.portfolio.projection import SIGNAL_LIFE, AccountState

__all__ = ["AccountReading", "Checkpoint", "NoCheckpoint", "latest_ended", "read_account"]

VALUED = AccountValued.__name__
TELLING = tuple(sorted((AccountState.kinds() | ControlState.kinds()) - {VALUED}))
PENDING = 200
"""Undecided signals that may wait before old ones are dropped, as each valuation would have done."""
WORTH_KEEPING = 500
"""Facts to fold from which on it is worth keeping what they came to."""
PAGE = 100


@dataclass(frozen=True, slots=True)
class AccountReading:
    """A ledger read to its end: the account, who may trade it, and what it was last worth.

    Attributes
    ----------
    end : Head
        The last fact.
    state : AccountState
        The account; its own ``seq`` is that of the last fact that changed anything.
    control : ControlState
        Who may trade it.
    valued, valued_at : AccountValued or None, datetime or None
        What it was last worth, and when; None where it never was valued.
    """

    end: Head = field(default_factory=lambda: Head(0, GENESIS))
    state: AccountState = field(default_factory=AccountState)
    control: ControlState = field(default_factory=ControlState)
    valued: AccountValued | None = None
    valued_at: datetime | None = None


class Checkpoint(Protocol):
    """What a ledger came to when it was last read, kept beside it: derived, and thrown away when in doubt."""

    def load(self) -> AccountReading | None:
        """Return what was kept, as this program makes it; None where there is nothing to rely on."""
        ...

    def close(self) -> None:
        """Let go of what was read: maps of a reading that was loaded cannot be asked any more."""
        ...

    def keep(self, reading: AccountReading) -> None:
        """Keep a reading that went on from the one that was loaded; where that fails, nothing is kept."""
        ...


class NoCheckpoint:
    """Keeps nothing; implements `Checkpoint`."""

    def load(self) -> AccountReading | None:
        """Return nothing."""
        return None

    def close(self) -> None:
        """Let go of nothing."""

    def keep(self, reading: AccountReading) -> None:
        """Keep nothing."""


def read_account(ledger: Ledger, checkpoint: Checkpoint | None = None) -> AccountReading:
    """Read a ledger to its end, by the facts that change the account or who may trade it.

    Parameters
    ----------
    ledger : Ledger
        The account's.
    checkpoint : Checkpoint, optional
        Where to begin, if the ledger still has the fact that it ends with.
    """
    kept = NoCheckpoint() if checkpoint is None else checkpoint
    end, begun = ledger.head, kept.load()
    if begun is None or not _has(ledger, begun.end):
        begun = AccountReading()
    told = ledger.find(Wanted(kinds=TELLING, after=begun.end.seq, before=end.seq + 1), sys.maxsize)
    found = _followed(ledger, begun, told, end)
    if len(told) >= WORTH_KEEPING:
        kept.keep(found)
    return found


def latest_ended(ledger: Ledger, state: AccountState, most: int) -> list[OrderState]:
    """Return the orders that ended and were placed last, oldest first."""
    found: dict[str, OrderState] = {}
    before: int | None = None
    while len(found) < most:
        wanted = Wanted(kinds=("OrderPlaced",), before=before)
        page = ledger.find(wanted, PAGE, newest=True)
        for fact in page:
            name = fact.event.order.order_id  # type: ignore[union-attr]  # of that kind
            known = state.ended_orders.get(name)
            # One that was told twice was placed when it was told first.
            if known is not None and known.seq == fact.seq and len(found) < most:
                found[name] = known
        if len(page) < PAGE:
            break
        before = page[-1].seq
    return sorted(found.values(), key=lambda one: one.seq)


def _has(ledger: Ledger, head: Head) -> bool:
    """Return whether a ledger has a fact of that number and hash."""
    found = ledger.find(Wanted(after=head.seq - 1, before=head.seq + 1), 1)
    return bool(found) and found[0].hash == head.hash


def _followed(ledger: Ledger, begun: AccountReading, told: tuple[Fact, ...], end: Head) -> AccountReading:
    state, control = begun.state, begun.control
    for fact in told:
        event = fact.event
        state = state.apply(fact.seq, event, fact.known_at)
        control = control.apply(fact.seq, event, fact.known_at, fact.actor)
        if len(state.signals) > PENDING:
            state = _without_old(state, fact.known_at)
    wanted = Wanted(kinds=(VALUED,), after=begun.end.seq, before=end.seq + 1)
    valued, at = begun.valued, begun.valued_at
    for fact in ledger.find(wanted, 1, newest=True):
        event, at = fact.event, fact.known_at
        assert isinstance(event, AccountValued)
        valued = event
    if at is not None:
        state = _without_old(state, at)
    return AccountReading(end, state, control, valued, at)


def _without_old(state: AccountState, now: datetime) -> AccountState:
    oldest = now - SIGNAL_LIFE
    fresh = {name: one for name, one in state.signals.items() if one.signal.as_of >= oldest}
    return state if len(fresh) == len(state.signals) else replace(state, signals=fresh)
