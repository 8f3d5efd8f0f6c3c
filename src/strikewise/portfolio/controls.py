"""Who may trade, as a fold over the ledger: state, requests, frozen symbols, breakers and faults.

Beside `strikewise.portfolio.projection.AccountState`, which is the money. What runs out with time is dropped
by `ControlState.at`, for a fold asks no clock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from strikewise.domain.control import (
    REQUESTS,
    BreakerReset,
    BreakerTripped,
    FaultNoted,
    ProcessStarted,
    ProcessStopped,
    Request,
    RequestMet,
    SymbolFrozen,
    SymbolReleased,
    TradingState,
    TradingStateChanged,
)
from strikewise.domain.errors import InvariantError
from strikewise.domain.events import Event, OrderUnresolved
from strikewise.domain.reconciled import ReconciliationFailed, ReconciliationFinished
from strikewise.portfolio.ledger import Fact, Record

__all__ = [
    "FAULT_LIFE",
    "Asked",
    "ControlState",
    "NotedFault",
    "TrippedBreaker",
    "is_person",
    "person",
    "stricter",
]

Changes = dict[str, Any]

FAULT_LIFE = timedelta(hours=24)
"""How long a fault is remembered."""

MOST_FAULTS = 1_000
"""Of more faults within their life only the latest are kept, so that a storm of them costs no memory."""

_PERSON = "person:"
_STRICTNESS = {TradingState.ACTIVE: 0, TradingState.REDUCING: 1, TradingState.HALTED: 2}


class Asked(NamedTuple):
    """A request that was not met yet: what, who asked, when."""

    request: Request
    actor: str
    known_at: datetime


class NotedFault(NamedTuple):
    """Something that went wrong: when, where and what, as in `strikewise.domain.control.FaultNoted`."""

    at: datetime
    source: str
    code: str


class TrippedBreaker(NamedTuple):
    """A breaker that holds, as in `strikewise.domain.control.BreakerTripped`, and since when."""

    breaker: str
    scope: str
    until: datetime | None
    detail: str
    at: datetime


def person(name: str) -> str:
    """Return the actor under which a person's facts are written: ``person:`` and the name."""
    return _PERSON + name


def is_person(actor: str) -> bool:
    """Return whether an actor is a person, and may take back what only a person may."""
    return actor.startswith(_PERSON)


def stricter(one: TradingState, other: TradingState) -> TradingState:
    """Return which of two states lets less be sent."""
    return max(one, other, key=_STRICTNESS.__getitem__)


@dataclass(frozen=True, slots=True)
class ControlState:
    """What may be sent, and what people and breakers want of the loop.

    Attributes
    ----------
    seq : int
        The last fact that changed anything here.
    state : TradingState
        What may be sent to a broker.
    reason, detail : str
        Why, as the change said that the state goes back to.
    flatten, force : bool
        Whether all that may be traded is to be closed, and that without fresh quotes too.
    by_person : bool
        Whether only a person may take this back. Until then changes of others can make it stricter for a
        while, and never less strict than `standing`.
    changed_at : datetime or None
        When the state last changed; None where it never did.
    changed_by : str
        The actor of that change.
    standing : TradingStateChanged or None
        What only a person may take back.
    requests : mapping of int to Asked
        Requests that are not met yet, by the number of their fact, oldest first.
    frozen : mapping of str to str
        Underlyings on which nothing new is traded, and why.
    breakers : tuple of TrippedBreaker
        Those that hold, oldest first; one of each code and scope.
    faults : tuple of NotedFault
        Those of the last 24 hours, oldest first, since a person last resumed; an order that the broker did
        not answer is one.
    reconciled_at : datetime or None
        When ours and the broker's last agreed.
    reconciliation_open : int
        Differences that were left then.
    reconciliation_failures : int
        Attempts since then that had no complete picture.
    fills_cursor, activities_cursor : str
        How far the broker's fills and activities are booked.
    holder : str
        The process that writes the ledger; empty where the last one stopped on purpose.
    """

    seq: int = 0
    state: TradingState = TradingState.ACTIVE
    reason: str = ""
    detail: str = ""
    flatten: bool = False
    force: bool = False
    by_person: bool = False
    changed_at: datetime | None = None
    changed_by: str = ""
    standing: TradingStateChanged | None = None
    requests: Mapping[int, Asked] = field(default_factory=dict)
    frozen: Mapping[str, str] = field(default_factory=dict)
    breakers: tuple[TrippedBreaker, ...] = ()
    faults: tuple[NotedFault, ...] = ()
    reconciled_at: datetime | None = None
    reconciliation_open: int = 0
    reconciliation_failures: int = 0
    fills_cursor: str = ""
    activities_cursor: str = ""
    holder: str = ""

    def apply(self, seq: int, event: Event, known_at: datetime, actor: str) -> ControlState:
        """Return the state after one more fact.

        Parameters
        ----------
        seq, event, known_at, actor
            The fact, as in `strikewise.portfolio.ledger.Record`.

        Raises
        ------
        InvariantError
            If the fact matters and is not behind the last one that did.
        """
        changes = _CHANGES.get(event.__class__)
        if changes is None:
            return self
        if seq <= self.seq:
            raise InvariantError(f"Fact {seq} cannot follow fact {self.seq}: fold facts in order, each once.")
        return replace(self, seq=seq, **changes(self, _Told(seq, event, known_at, actor)))

    def follow(self, facts: Iterable[Fact | Record]) -> ControlState:
        """Return the state after further facts."""
        state = self
        for fact in facts:
            state = state.apply(fact.seq, fact.event, fact.known_at, fact.actor)
        return state

    @staticmethod
    def kinds() -> frozenset[str]:
        """Return the kinds of facts that change anything."""
        return frozenset(kind.__name__ for kind in _CHANGES)

    @classmethod
    def fold(cls, records: Iterable[Fact | Record]) -> ControlState:
        """Return the state after facts, from the first on."""
        return cls().follow(records)

    def at(self, now: datetime) -> ControlState:
        """Return the state without what has run out: breakers past their time, and faults of a day before."""
        breakers = tuple(one for one in self.breakers if one.until is None or one.until > now)
        faults = _recent(self.faults, now)
        if len(breakers) == len(self.breakers) and len(faults) == len(self.faults):
            return self
        return replace(self, breakers=breakers, faults=faults)


class _Told(NamedTuple):
    seq: int
    event: Any
    known_at: datetime
    actor: str


def _recent(faults: Iterable[NotedFault], now: datetime) -> tuple[NotedFault, ...]:
    return tuple(fault for fault in faults if fault.at > now - FAULT_LIFE)


# --- what each kind of fact changes; a kind that is not here changes nothing --------------------------------


def _state_changed(state: ControlState, told: _Told) -> Changes:
    event: TradingStateChanged = told.event
    by_person = is_person(told.actor)
    standing = _standing(state, event, by_person=by_person)
    kept = standing is not None and _covers(standing, event)
    said = standing if standing is not None and kept else event
    changes: Changes = {
        "state": event.state if standing is None else stricter(event.state, standing.state),
        "reason": said.reason,
        "detail": said.detail,
        "flatten": event.flatten or (standing is not None and standing.flatten),
        "force": event.force or (standing is not None and standing.force),
        "by_person": standing is not None,
        "standing": standing,
    }
    if any(getattr(state, name) != value for name, value in changes.items()):
        changes |= {"changed_at": told.known_at, "changed_by": told.actor}
    if by_person and event.state is TradingState.ACTIVE:
        # Somebody looked: what led to the halt must not bring it back at the next tick.
        held = tuple(one for one in state.breakers if one.until is not None)
        changes |= {"breakers": held, "faults": ()}
    return changes


def _standing(
    state: ControlState, event: TradingStateChanged, *, by_person: bool
) -> TradingStateChanged | None:
    """Return what only a person may take back after a change: a person's replaces it, others' add to it."""
    before = None if by_person else state.standing
    if not event.by_person:
        return before
    if before is None:
        return event
    least = stricter(before.state, event.state)
    said = before if least is before.state else event
    flatten, force = before.flatten or event.flatten, before.force or event.force
    return replace(said, state=least, flatten=flatten, force=force)


def _covers(standing: TradingStateChanged, event: TradingStateChanged) -> bool:
    """Return whether what stands is as strict as a change in every way, so that its reason still holds."""
    return stricter(standing.state, event.state) is standing.state and standing.flatten >= event.flatten


def _asked(state: ControlState, told: _Told) -> Changes:
    return {"requests": {**state.requests, told.seq: Asked(told.event, told.actor, told.known_at)}}


def _met(state: ControlState, told: _Told) -> Changes:
    return {"requests": {seq: asked for seq, asked in state.requests.items() if seq != told.event.request}}


def _frozen(state: ControlState, told: _Told) -> Changes:
    return {"frozen": {**state.frozen, told.event.symbol: told.event.reason}}


def _released(state: ControlState, told: _Told) -> Changes:
    return {"frozen": {name: why for name, why in state.frozen.items() if name != told.event.symbol}}


def _others(state: ControlState, event: BreakerTripped | BreakerReset) -> tuple[TrippedBreaker, ...]:
    same = event.breaker, event.scope
    return tuple(one for one in state.breakers if (one.breaker, one.scope) != same)


def _tripped(state: ControlState, told: _Told) -> Changes:
    event: BreakerTripped = told.event
    new = TrippedBreaker(event.breaker, event.scope, event.until, event.detail, told.known_at)
    return {"breakers": (*_others(state, event), new)}


def _reset(state: ControlState, told: _Told) -> Changes:
    return {"breakers": _others(state, told.event)}


def _fault(state: ControlState, told: _Told) -> Changes:
    event: FaultNoted = told.event
    return _noted(state, NotedFault(told.known_at, event.source, event.code))


def _unanswered(state: ControlState, told: _Told) -> Changes:
    """Count an order that the broker did not answer among its errors."""
    return _noted(state, NotedFault(told.known_at, "broker", "NO_ANSWER"))


def _noted(state: ControlState, fault: NotedFault) -> Changes:
    return {"faults": (*_recent(state.faults, fault.at), fault)[-MOST_FAULTS:]}


def _finished(_: ControlState, told: _Told) -> Changes:
    event: ReconciliationFinished = told.event
    return {
        "reconciled_at": told.known_at,
        "reconciliation_open": event.open,
        "reconciliation_failures": 0,
        "fills_cursor": event.fills_cursor,
        "activities_cursor": event.activities_cursor,
    }


def _failed(state: ControlState, _: _Told) -> Changes:
    return {"reconciliation_failures": state.reconciliation_failures + 1}


def _started(_: ControlState, told: _Told) -> Changes:
    return {"holder": told.event.holder}


def _stopped(state: ControlState, told: _Told) -> Changes:
    return {"holder": ""} if state.holder == told.event.holder else {}


_CHANGES: Mapping[type, Callable[[ControlState, _Told], Changes]] = {
    **dict.fromkeys(REQUESTS, _asked),
    BreakerReset: _reset,
    BreakerTripped: _tripped,
    FaultNoted: _fault,
    OrderUnresolved: _unanswered,
    ProcessStarted: _started,
    ProcessStopped: _stopped,
    ReconciliationFailed: _failed,
    ReconciliationFinished: _finished,
    RequestMet: _met,
    SymbolFrozen: _frozen,
    SymbolReleased: _released,
    TradingStateChanged: _state_changed,
}
