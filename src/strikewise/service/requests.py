"""What people tell a trading account: requests into its ledger, and the flag that stops it at once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from strikewise.domain.control import (
    CancelRequested,
    ClaimRequested,
    CloseRequested,
    DismissRequested,
    FlattenRequested,
    HaltRequested,
    ReconcileRequested,
    ReleaseRequested,
    Request,
    ResumeRequested,
    SettingsRequested,
    TakeRequested,
)
from strikewise.domain.errors import LedgerError
from strikewise.execution.halt_flag import Raised
from strikewise.portfolio.controls import person
from strikewise.portfolio.ledger import Entry
from strikewise.service.system import System
from strikewise.service.views.desk import Desk

__all__ = [
    "CancelRequested",
    "ClaimRequested",
    "CloseRequested",
    "DismissRequested",
    "FlattenRequested",
    "ReconcileRequested",
    "ReleaseRequested",
    "Request",
    "SettingsRequested",
    "TakeRequested",
    "Told",
    "ask",
    "flatten",
    "halt",
    "instant_of",
    "outcome_of",
    "resume",
]


@dataclass(frozen=True, slots=True)
class Told:
    """What became of something that was asked for.

    Attributes
    ----------
    request : int or None
        Number of the request's fact; None where the ledger did not take it and only the flag is up.
    state : str
        ``waiting``, ``met``, ``refused``, or ``flagged`` where only the flag could be raised.
    outcome : str
        What came of it, in a sentence; empty while it waits.
    """

    request: int | None
    state: str
    outcome: str = ""


def ask(system: System, request: Request, name: str, cause: int | None = None) -> Told:
    """Append what a person wants of the loop, which meets it at its next look.

    Parameters
    ----------
    system : System
        The installation.
    request : Request
        What is wanted.
    name : str
        Who wants it.
    cause : int, optional
        The fact that it is an answer to.

    Raises
    ------
    LedgerError
        If the ledger does not take it.
    """
    now = system.now()
    entry = Entry(request, instant_of(system), person(name), cause)
    with system.ledger() as ledger:
        return Told(ledger.append([entry], recorded_at=now).seq, "waiting")


def halt(system: System, name: str, reason: str, *, exits: bool = False) -> Told:
    """Stop an account: the flag goes up first, so that it works when the ledger, or its writer, does not.

    Parameters
    ----------
    system : System
        The installation.
    name : str
        Who stops it.
    reason : str
        Why.
    exits : bool
        Whether what closes or reduces may still be sent.
    """
    system.halt.hoist(Raised(name, system.now(), reason, exits))
    try:
        return ask(system, HaltRequested(reason, exits), name)
    except LedgerError as error:
        return Told(None, "flagged", f"The halt flag is up; the ledger did not take the request: {error}")


def flatten(system: System, name: str, reason: str, underlying: str = "", *, force: bool = False) -> Told:
    """Ask that everything is closed, or all on one underlying.

    Whoever wants out of everything wants exits to be sent: a flag that stops them too is lowered to one that
    stops new risk only.

    Parameters
    ----------
    system : System
        The installation.
    name : str
        Who wants it.
    reason : str
        Why.
    underlying : str
        What is to be closed; everything if empty.
    force : bool
        Whether it is closed without fresh quotes too.

    Raises
    ------
    LedgerError
        If the ledger does not take the request; the flag is as it was then.
    """
    raised = None if underlying else system.halt.read()
    if raised is not None and not raised.exits:
        system.halt.hoist(Raised(name, system.now(), reason, exits=True))
    try:
        return ask(system, FlattenRequested(reason, underlying, force), name)
    except LedgerError:
        if raised is not None:
            system.halt.hoist(raised)
        raise


def resume(system: System, name: str, reason: str) -> Told:
    """Take the flag down and let trading go on.

    Raises
    ------
    LedgerError
        If the ledger does not take the request; the flag is up again then.
    """
    raised = system.halt.read()
    system.halt.clear()
    try:
        return ask(system, ResumeRequested(reason), name)
    except LedgerError:
        if raised is not None:
            system.halt.hoist(raised)
        raise


def outcome_of(desk: Desk, request: int) -> Told | None:
    """Return what became of a request so far; None where no fact of that number waits or was met."""
    met = desk.requests.get(request)
    if met is not None:
        return Told(request, "met" if met.done else "refused", met.outcome)
    return Told(request, "waiting") if request in desk.control.requests else None


def instant_of(system: System) -> datetime:
    """Return the instant of the account's own clock: where its process replays the past, that of the past."""
    now, beat = system.now(), system.heartbeat()
    return beat.market_at if beat is not None and beat.replays else now
