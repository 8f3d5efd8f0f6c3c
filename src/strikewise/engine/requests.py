"""Meet what people and programs asked for: facts, cancels, and what has to wait."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import assert_never

from strikewise.domain.answered import SignalDismissed
from strikewise.domain.control import (
    CancelRequested,
    ClaimRequested,
    CloseRequested,
    DismissRequested,
    FlattenRequested,
    HaltRequested,
    ReconcileRequested,
    ReleaseRequested,
    RequestMet,
    ResumeRequested,
    SettingsRequested,
    SymbolReleased,
    TakeRequested,
    TradingState,
    TradingStateChanged,
)
from strikewise.domain.events import Event
from strikewise.domain.reconciled import EXTERNAL, PositionClaimed
from strikewise.engine.answering import Answering, no_dismissal, no_take
from strikewise.execution.halt_flag import Raised
from strikewise.portfolio.controls import Asked, ControlState, is_person, person, stricter
from strikewise.portfolio.ledger import Entry
from strikewise.portfolio.offers import Offers
from strikewise.portfolio.projection import AccountState

__all__ = ["Met", "flag_fact", "meet", "state_under"]

ENGINE = "engine"


@dataclass(frozen=True, slots=True)
class Met:
    """What the requests that wait come to now.

    Attributes
    ----------
    entries : tuple of Entry
        Facts to write.
    cancels : tuple of (int, CancelRequested)
        Orders that somebody wants taken back, with the request's number: to be met once that was tried.
    reconcile : tuple of int
        Requests that a reconciliation meets.
    """

    entries: tuple[Entry, ...] = ()
    cancels: tuple[tuple[int, CancelRequested], ...] = ()
    reconcile: tuple[int, ...] = ()


@dataclass(slots=True)
class _Meeting:
    now: datetime
    entries: list[Entry] = field(default_factory=list)
    cancels: list[tuple[int, CancelRequested]] = field(default_factory=list)
    reconcile: list[int] = field(default_factory=list)

    def write(self, event: Event, actor: str, cause: int) -> None:
        self.entries.append(Entry(event, self.now, actor, cause))

    def met(self, number: int, outcome: str, *, done: bool = True) -> None:
        self.write(RequestMet(number, outcome, done), ENGINE, number)


def state_under(control: ControlState, raised: Raised | None) -> TradingState:
    """Return what may be sent: as the ledger says, or stricter under a flag or a request to halt."""
    state = control.state
    if raised is not None:
        state = stricter(state, TradingState.REDUCING if raised.exits else TradingState.HALTED)
    for asked in control.requests.values():
        if isinstance(request := asked.request, HaltRequested):
            state = stricter(state, TradingState.REDUCING if request.exits else TradingState.HALTED)
        elif isinstance(request, FlattenRequested) and not request.underlying:
            state = stricter(state, TradingState.REDUCING)
    return state


def flag_fact(control: ControlState, raised: Raised | None, now: datetime) -> Entry | None:
    """Return the fact that writes down a flag which the ledger does not know of yet."""
    if raised is None:
        return None
    wanted = TradingState.REDUCING if raised.exits else TradingState.HALTED
    if control.standing is not None and stricter(control.standing.state, wanted) is control.standing.state:
        return None
    changed = TradingStateChanged(
        wanted, raised.reason, flatten=control.flatten, by_person=True, force=control.force
    )
    return Entry(changed, now, person(raised.by))


def meet(
    control: ControlState,
    state: AccountState,
    labels: Collection[str],
    raised: Raised | None,
    now: datetime,
    *,
    offers: Offers | None = None,
    answering: Answering | None = None,
) -> Met:
    """Return what is to be done about the requests that wait.

    Parameters
    ----------
    control : ControlState
        Who may trade, and what was asked.
    state : AccountState
        The account.
    labels : collection of str
        The strategies of the run.
    raised : Raised or None
        The halt flag.
    now : datetime
        The present instant.
    offers : Offers, optional
        Signals that may be answered.
    answering : Answering, optional
        How they are.
    """
    meeting = _Meeting(now)
    answers = _Answers(offers or Offers(), answering or Answering(), state_under(control, raised))
    for number, asked in control.requests.items():
        if isinstance(asked.request, TakeRequested | DismissRequested):
            _answer(meeting, number, asked.actor, asked.request, answers)
        else:
            _meet(meeting, number, asked, control, state, labels, raised)
    return Met(tuple(meeting.entries), tuple(meeting.cancels), tuple(meeting.reconcile))


def _meet(
    meeting: _Meeting,
    number: int,
    asked: Asked,
    control: ControlState,
    state: AccountState,
    labels: Collection[str],
    raised: Raised | None,
) -> None:
    request = asked.request
    match request:
        case HaltRequested():
            _halt(meeting, number, asked.actor, request)
        case ResumeRequested():
            _resume(meeting, number, asked.actor, request, control, raised)
        case FlattenRequested():
            _flatten(meeting, number, asked, request, state, raised)
        case CloseRequested():
            _close(meeting, number, request, state)
        case CancelRequested():
            _cancel(meeting, number, request, state)
        case ClaimRequested():
            _claim(meeting, number, asked.actor, request, state, labels)
        case ReleaseRequested():
            _release(meeting, number, asked.actor, request, control)
        case ReconcileRequested():
            meeting.reconcile.append(number)
        case SettingsRequested():
            pass  # whoever reads settings meets it (`strikewise.engine.reloading`)
        case TakeRequested() | DismissRequested():
            pass  # answered by themselves
        case _:
            assert_never(request)


@dataclass(frozen=True, slots=True)
class _Answers:
    """The signals that may be answered, how they are, and what may be sent."""

    offers: Offers
    answering: Answering
    allowed: TradingState


def _answer(
    meeting: _Meeting, number: int, actor: str, request: TakeRequested | DismissRequested, answers: _Answers
) -> None:
    """Dismiss a signal, or say why an answer comes to nothing; what is taken waits for the next look."""
    name = request.signal_id
    if isinstance(request, TakeRequested):
        if why := no_take(answers.offers, name, answers.allowed, meeting.now, answers.answering):
            meeting.met(number, why, done=False)
    elif why := no_dismissal(answers.offers, name):
        meeting.met(number, why, done=False)
    elif any(
        isinstance(one.event, SignalDismissed) and one.event.signal_id == name for one in meeting.entries
    ):
        meeting.met(number, f"Signal {name} is dismissed already.", done=False)
    else:
        meeting.write(SignalDismissed(name, request.reason), actor, number)
        meeting.met(number, f"Signal {name} is dismissed: its structure is not proposed again today.")


def _halt(meeting: _Meeting, number: int, actor: str, request: HaltRequested) -> None:
    state = TradingState.REDUCING if request.exits else TradingState.HALTED
    meeting.write(TradingStateChanged(state, request.reason, by_person=True), actor, number)
    left = "only what closes or reduces is sent" if request.exits else "nothing but cancels is sent"
    meeting.met(number, f"Trading is {state.value}: {left}, until a person resumes.")


def _resume(
    meeting: _Meeting,
    number: int,
    actor: str,
    request: ResumeRequested,
    control: ControlState,
    raised: Raised | None,
) -> None:
    if raised is not None:
        said = f"The halt flag is still up ({raised.by}: {raised.reason}): take it down first."
        meeting.met(number, said, done=False)
        return
    meeting.write(TradingStateChanged(TradingState.ACTIVE, request.reason), actor, number)
    if is_person(actor) or not control.by_person:
        meeting.met(number, "Trading is active.")
    else:
        meeting.met(number, "What a person stopped only a person resumes.", done=False)


def _flatten(
    meeting: _Meeting,
    number: int,
    asked: Asked,
    request: FlattenRequested,
    state: AccountState,
    raised: Raised | None,
) -> None:
    tradable = [one for one in state.positions.values() if one.strategy != EXTERNAL]
    if not request.underlying and raised is not None and not raised.exits:
        said = (
            f"Nothing is closed: the halt flag is up ({raised.by}: {raised.reason}) and stops exits too. "
            "Let exits go with `strikewise halt --exits`, then flatten again."
        )
        meeting.met(number, said, done=False)
    elif not request.underlying:
        changed = TradingStateChanged(
            TradingState.REDUCING, request.reason, flatten=True, by_person=True, force=request.force
        )
        meeting.write(changed, asked.actor, number)
        meeting.met(
            number, f"{len(tradable)} positions are being closed; nothing is opened until a person resumes."
        )
    elif not any(one.underlying == request.underlying for one in tradable) and not any(
        one.order.underlying == request.underlying for one in state.open_orders.values()
    ):
        meeting.met(number, f"Nothing is held on {request.underlying}.")
    # Else it waits, and what it asks for is done at every tick, until nothing is left.


def _close(meeting: _Meeting, number: int, request: CloseRequested, state: AccountState) -> None:
    name = request.position_id
    held = state.positions.get(name)
    if held is None:
        closed = state.closed.get(name) is not None
        said = f"Position {name} is closed." if closed else f"There is no position {name}."
        meeting.met(number, said, done=closed)
    elif held.strategy == EXTERNAL:
        meeting.met(number, f"Position {name} is nobody's here: claim it first.", done=False)


def _cancel(meeting: _Meeting, number: int, request: CancelRequested, state: AccountState) -> None:
    name = request.order_id
    if name in state.open_orders:
        meeting.cancels.append((number, request))
        return
    known = "has ended" if state.order(name) is not None else "is not known here"
    meeting.met(number, f"Order {name} cannot be cancelled: it {known}.", done=False)


def _release(
    meeting: _Meeting, number: int, actor: str, request: ReleaseRequested, control: ControlState
) -> None:
    if request.symbol in control.frozen:
        meeting.write(SymbolReleased(request.symbol, request.reason), actor, number)
        meeting.met(number, f"{request.symbol} may be traded again.")
    else:
        meeting.met(number, f"{request.symbol} was not frozen.", done=False)


def _claim(
    meeting: _Meeting,
    number: int,
    actor: str,
    request: ClaimRequested,
    state: AccountState,
    labels: Collection[str],
) -> None:
    held = state.positions.get(request.position_id)
    if held is None:
        meeting.met(number, f"There is no position {request.position_id}.", done=False)
    elif held.strategy != EXTERNAL:
        meeting.met(number, f"Position {request.position_id} is {held.strategy}'s already.", done=False)
    elif request.strategy not in labels:
        known = ", ".join(sorted(labels))
        said = f"No strategy of the run is called {request.strategy!r}; there are {known}."
        meeting.met(number, said, done=False)
    else:
        meeting.write(PositionClaimed(request.position_id, request.strategy), actor, number)
        meeting.met(number, f"{request.strategy} manages {request.position_id} from now on.")
