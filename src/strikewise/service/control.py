"""Ask a trading process for something, and wait a moment for what comes of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from strikewise.domain.control import RequestMet, TradingState
from strikewise.domain.errors import LedgerError
from strikewise.market.clock import PacedClock
from strikewise.service.answers import desk_of, dismiss, take, whole_name
from strikewise.service.requests import (
    CancelRequested,
    ClaimRequested,
    CloseRequested,
    ReconcileRequested,
    ReleaseRequested,
    Told,
    ask,
    flatten,
    halt,
    resume,
)
from strikewise.service.system import System

__all__ = [
    "Answer",
    "ask_to_cancel",
    "ask_to_claim",
    "ask_to_close",
    "ask_to_dismiss",
    "ask_to_flatten",
    "ask_to_halt",
    "ask_to_reconcile",
    "ask_to_release",
    "ask_to_resume",
    "ask_to_take",
    "is_running",
    "stands_still",
]

LOOK_SECONDS = 0.1
"""How often the ledger is looked at for an answer."""
SECONDS = 3.0
"""How long one is waited for."""
TAKING_SECONDS = 10.0
"""How long what needs a look at the market is waited for."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of something that was asked for.

    Attributes
    ----------
    told : Told
        The request, and its outcome so far.
    seconds : float
        How long was waited for it.
    running : bool
        Whether a process trades the account.
    flagged : bool
        Whether the halt flag is up.
    """

    told: Told
    seconds: float
    running: bool
    flagged: bool

    @property
    def refused(self) -> bool:
        """Whether it came to nothing."""
        return self.told.state == "refused"

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "request": self.told.request,
            "state": self.told.state,
            "outcome": self.told.outcome or None,
            "seconds": round(self.seconds, 3),
            "running": self.running,
            "halt_flag": self.flagged,
        }


def is_running(system: System) -> bool:
    """Return whether a process trades the account, as its heartbeat says."""
    beat = system.heartbeat()
    return beat is not None and beat.alive(system.now()) and beat.phase != "stopping"


def ask_to_halt(system: System, clock: PacedClock, who: str, reason: str, *, exits: bool = False) -> Answer:
    """Stop trading: nothing but cancels is sent, or with ``exits`` nothing but exits, until a person resumes.

    The flag goes up first, so that this works while the process is stuck, and when the ledger fails.
    """
    return _waited(system, clock, halt(system, who, reason, exits=exits))


def ask_to_resume(system: System, clock: PacedClock, who: str, reason: str) -> Answer:
    """Let trading go on: the flag comes down, and the loop is asked to be active."""
    return _waited(system, clock, resume(system, who, reason))


def stands_still(system: System) -> bool:
    """Return whether nothing at all is sent now, exits neither: by the flag, or as the process last said."""
    raised, beat = system.halt.read(), system.heartbeat()
    if raised is not None:
        return not raised.exits
    return beat is not None and beat.phase != "stopping" and beat.state == TradingState.HALTED


def ask_to_flatten(
    system: System, clock: PacedClock, who: str, reason: str, underlying: str = "", *, force: bool = False
) -> Answer:
    """Close everything, or all on one underlying; without one nothing is opened until a person resumes.

    With ``force`` what has no fresh quotes is closed too. Where the ledger cannot be written, new risk is
    stopped by the flag.
    """
    try:
        told = flatten(system, who, reason, underlying, force=force)
    except LedgerError as error:
        flagged = halt(system, who, reason, exits=not stands_still(system))
        told = replace(flagged, outcome=f"New risk is stopped, and nothing is closed: {error}")
    return _waited(system, clock, told)


def ask_to_close(
    system: System, clock: PacedClock, who: str, position_id: str, reason: str, *, force: bool = False
) -> Answer:
    """Close one position; with ``force`` without fresh quotes too."""
    return _waited(system, clock, ask(system, CloseRequested(position_id, reason, force), who))


def ask_to_cancel(system: System, clock: PacedClock, who: str, order_id: str, reason: str) -> Answer:
    """Take back one order."""
    return _waited(system, clock, ask(system, CancelRequested(order_id, reason), who))


def ask_to_claim(system: System, clock: PacedClock, who: str, position_id: str, strategy: str) -> Answer:
    """Let a strategy of the run manage an external position."""
    return _waited(system, clock, ask(system, ClaimRequested(position_id, strategy), who))


def ask_to_release(system: System, clock: PacedClock, who: str, symbol: str, reason: str) -> Answer:
    """Let a frozen symbol be traded again."""
    return _waited(system, clock, ask(system, ReleaseRequested(symbol, reason), who))


def ask_to_take(system: System, clock: PacedClock, who: str, signal: str, reason: str) -> Answer:
    """Have a signal ordered, priced anew and judged like any other; the beginning of its id is enough.

    Raises
    ------
    MissingDataError
        If no signal, or more than one, begins so.
    RefusedError
        If it cannot be taken.
    """
    desk = desk_of(system)
    return _waited(system, clock, take(system, desk, whole_name(desk, signal), reason, who), TAKING_SECONDS)


def ask_to_dismiss(system: System, clock: PacedClock, who: str, signal: str, reason: str) -> Answer:
    """Put a signal aside for the day. Errors as of `ask_to_take`."""
    desk = desk_of(system)
    return _waited(system, clock, dismiss(system, desk, whole_name(desk, signal), reason, who))


def ask_to_reconcile(
    system: System, clock: PacedClock, who: str, reason: str, *, seconds: float = 60.0
) -> Answer:
    """Compare ours with the broker's, by the process that trades."""
    return _waited(system, clock, ask(system, ReconcileRequested(reason), who), seconds)


def _waited(system: System, clock: PacedClock, told: Told, seconds: float = SECONDS) -> Answer:
    """Wait for what comes of a request, where a process runs that could meet it."""
    running, began = is_running(system), clock.monotonic()
    request = told.request
    if request is not None and running:
        told = _outcome(system, clock, replace(told), seconds)
    return Answer(told, clock.monotonic() - began, running, system.halt.read() is not None)


def _outcome(system: System, clock: PacedClock, told: Told, seconds: float) -> Told:
    seen, ends = told.request or 0, clock.monotonic() + seconds
    with system.ledger() as ledger:
        while True:
            for record in ledger.records(after=seen):
                seen = record.seq
                if isinstance(record.event, RequestMet) and record.event.request == told.request:
                    state = "met" if record.event.done else "refused"
                    return Told(told.request, state, record.event.outcome)
            left = ends - clock.monotonic()
            if left <= 0:
                return told
            now = clock.now()
            clock.wait(now.replace(year=now.year + 1), min(LOOK_SECONDS, left))
