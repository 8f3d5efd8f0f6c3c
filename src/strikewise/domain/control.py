"""Facts about who may trade: requests of people and programs, states, breakers and faults.

A *request* is what somebody wants of the loop. Anybody may append one; the loop meets it at its next tick and
writes `RequestMet`. All else here only the loop writes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

__all__ = [
    "REQUESTS",
    "AlertRaised",
    "BreakerReset",
    "BreakerTripped",
    "CancelRequested",
    "ClaimRequested",
    "CloseRequested",
    "DismissRequested",
    "FaultNoted",
    "FlattenRequested",
    "HaltRequested",
    "OrderCancelAsked",
    "ProcessStarted",
    "ProcessStopped",
    "ReconcileRequested",
    "ReleaseRequested",
    "Request",
    "RequestMet",
    "ResumeRequested",
    "SettingsApplied",
    "SettingsRequested",
    "SymbolFrozen",
    "SymbolReleased",
    "TakeRequested",
    "TradingState",
    "TradingStateChanged",
]


class TradingState(StrEnum):
    """What may be sent to a broker."""

    ACTIVE = "active"
    """Everything the gate lets pass."""
    REDUCING = "reducing"
    """Only what closes or reduces: no new risk."""
    HALTED = "halted"
    """Nothing but cancels."""


@dataclass(frozen=True, slots=True)
class TradingStateChanged:
    """What may be sent changed.

    Attributes
    ----------
    state : TradingState
        From now on.
    reason : str
        Why: a code of a breaker, or a person's words.
    detail : str
        The numbers, as ``key=value`` pairs.
    flatten : bool
        Whether all that may be traded is to be closed; stands until a change without it.
    by_person : bool
        Whether only a person may take it back.
    force : bool
        Whether it is closed without fresh quotes too, where ``flatten``.
    """

    state: TradingState
    reason: str
    detail: str = ""
    flatten: bool = False
    by_person: bool = False
    force: bool = False


@dataclass(frozen=True, slots=True)
class HaltRequested:
    """Somebody wants that nothing new is sent; with ``exits``, that only exits are."""

    reason: str
    exits: bool = False


@dataclass(frozen=True, slots=True)
class ResumeRequested:
    """Somebody wants trading to go on."""

    reason: str


@dataclass(frozen=True, slots=True)
class FlattenRequested:
    """Somebody wants everything closed, or all on one underlying; nothing new is opened meanwhile.

    With ``force`` what has no fresh quotes too.
    """

    reason: str
    underlying: str = ""
    force: bool = False


@dataclass(frozen=True, slots=True)
class CloseRequested:
    """Somebody wants a position closed; with ``force`` without fresh quotes too."""

    position_id: str
    reason: str
    force: bool = False


@dataclass(frozen=True, slots=True)
class CancelRequested:
    """Somebody wants a working order cancelled."""

    order_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class ClaimRequested:
    """Somebody wants an external position to be managed by a strategy of the run."""

    position_id: str
    strategy: str


@dataclass(frozen=True, slots=True)
class ReleaseRequested:
    """Somebody looked at a frozen symbol and wants it traded again."""

    symbol: str
    reason: str


@dataclass(frozen=True, slots=True)
class ReconcileRequested:
    """Somebody wants ours compared with the broker's now."""

    reason: str


@dataclass(frozen=True, slots=True)
class TakeRequested:
    """Somebody wants a signal ordered: priced anew, and through the whole gate."""

    signal_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class DismissRequested:
    """Somebody does not want a signal, nor its structure again that day."""

    signal_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class SettingsRequested:
    """Somebody saved settings and wants them in force.

    Attributes
    ----------
    digest : str
        Of the settings' file as it was saved.
    """

    digest: str


Request = (
    HaltRequested
    | ResumeRequested
    | FlattenRequested
    | CloseRequested
    | CancelRequested
    | ClaimRequested
    | ReleaseRequested
    | ReconcileRequested
    | TakeRequested
    | DismissRequested
    | SettingsRequested
)

REQUESTS = (
    HaltRequested,
    ResumeRequested,
    FlattenRequested,
    CloseRequested,
    CancelRequested,
    ClaimRequested,
    ReleaseRequested,
    ReconcileRequested,
    TakeRequested,
    DismissRequested,
    SettingsRequested,
)
"""Every kind of request: what others than the loop may append."""


@dataclass(frozen=True, slots=True)
class RequestMet:
    """The loop did what a request wanted, or says why not.

    Attributes
    ----------
    request : int
        Number of the request's fact.
    outcome : str
        What came of it, in a sentence.
    done : bool
        Whether it was what was wanted.
    """

    request: int
    outcome: str
    done: bool = True


@dataclass(frozen=True, slots=True)
class SettingsApplied:
    """Other settings are in force from now on, while the process goes on.

    Attributes
    ----------
    digest : str
        Of the settings' file.
    changes : mapping
        What changed, by the setting's name: a list of what it was and what it is, JSON values.
    restart : tuple of str
        Settings that differ too, and are taken up at the next start only.
    """

    digest: str
    changes: Mapping[str, object]
    restart: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BreakerTripped:
    """A breaker stops new risk of a kind.

    Attributes
    ----------
    breaker : str
        Its code, ``BREAKER_CONDITION``.
    scope : str
        What it stops: ``account``, ``strategy=…``, ``underlying=… direction=…``, ``structure=…``.
    until : datetime or None
        When it ends by itself; None until a person resumes.
    detail : str
        The numbers, as ``key=value`` pairs.
    """

    breaker: str
    scope: str
    until: datetime | None
    detail: str


@dataclass(frozen=True, slots=True)
class BreakerReset:
    """A breaker was taken back before its time."""

    breaker: str
    scope: str
    reason: str


@dataclass(frozen=True, slots=True)
class FaultNoted:
    """Something around the loop went wrong.

    Attributes
    ----------
    source : str
        ``broker``, ``data``, ``strategy``, ``store`` or ``clock``.
    code : str
        What, in capitals.
    detail : str
        A sentence, or ``key=value`` pairs.
    symbol : str
        The underlying it is about; empty for all.
    """

    source: str
    code: str
    detail: str
    symbol: str = ""


@dataclass(frozen=True, slots=True)
class AlertRaised:
    """A person should know.

    Attributes
    ----------
    level : str
        ``info``, ``warning`` or ``critical``.
    code : str
        What about, in capitals.
    text : str
        A sentence for a person.
    """

    level: str
    code: str
    text: str


@dataclass(frozen=True, slots=True)
class OrderCancelAsked:
    """The loop decided to take back an order; written before a broker hears of it."""

    order_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class SymbolFrozen:
    """Nothing new is traded on an underlying until a person has looked."""

    symbol: str
    reason: str


@dataclass(frozen=True, slots=True)
class SymbolReleased:
    """An underlying may be traded again."""

    symbol: str
    reason: str


@dataclass(frozen=True, slots=True)
class ProcessStarted:
    """A process became the writer of this ledger.

    Attributes
    ----------
    holder : str
        The lease's holder: host, process and a random part.
    version : str
        Of strikewise.
    broker, feed : str
        What it is wired to.
    """

    holder: str
    version: str
    broker: str
    feed: str


@dataclass(frozen=True, slots=True)
class ProcessStopped:
    """The writer stopped on purpose."""

    holder: str
    reason: str
