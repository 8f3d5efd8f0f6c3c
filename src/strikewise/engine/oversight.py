"""What the loop must remember of an account that others watch over: who may trade, and what went wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from strikewise.domain.control import (
    AlertRaised,
    FaultNoted,
    OrderCancelAsked,
    SymbolFrozen,
    SymbolReleased,
    TradingState,
    TradingStateChanged,
)
from strikewise.domain.events import (
    Event,
    OptionSettled,
    OrderClosed,
    OrderDenied,
    OrderFilled,
    OrderRejected,
)
from strikewise.domain.instruments import OptionContract
from strikewise.domain.orders import Purpose
from strikewise.domain.reconciled import ReconciliationFinished
from strikewise.engine.day_report import DAY_REPORT
from strikewise.execution.unexplained_ends import INFERRED
from strikewise.portfolio.controls import ControlState, is_person
from strikewise.portfolio.ledger import Record
from strikewise.portfolio.offers import Offers
from strikewise.portfolio.order_state import OrderStatus
from strikewise.portfolio.projection import AccountState
from strikewise.risk.track import Track

__all__ = [
    "DENIAL_LIFE",
    "FAILURE_LIFE",
    "STRATEGY",
    "STRATEGY_FAILED",
    "CancelAsked",
    "EndedOption",
    "Oversight",
]

Changes = dict[str, Any]

STRATEGY, STRATEGY_FAILED = "strategy", "STRATEGY_FAILED"
"""Source and code of the fault that a strategy's exception is; its actor is the strategy's label."""

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)

FAILURE_LIFE = timedelta(hours=1)
"""How long a strategy's exception counts against it."""

DENIAL_LIFE = timedelta(hours=1)
"""For how long the same refusal of an exit is not written down again."""

ENDED_LIFE = timedelta(days=14)
"""How long an option's end is remembered: brokers tell of one a day late, or after a long weekend."""


class CancelAsked(NamedTuple):
    """A cancel that was asked for: why, and when."""

    reason: str
    at: datetime


class EndedOption(NamedTuple):
    """An option that expired, was exercised or assigned: when it was booked, and from whose word."""

    contract: OptionContract
    shares: int
    inferred: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class Oversight:
    """A fold beside the account's.

    Attributes
    ----------
    control : ControlState
        Who may trade.
    failures : mapping of str to tuple of datetime
        Exceptions of each strategy, by label, of the last hour before its latest one.
    cancels : mapping of str to CancelAsked
        Cancels asked for of orders that have not ended since.
    ended : tuple of EndedOption
        Options that ended in the last days, oldest first.
    released : frozenset of str
        Symbols that a person released since ours and the broker's last agreed.
    denied : mapping of (str, str) to datetime
        When an exit of a position was last refused, by its id and the code, in the last hour.
    track : Track
        What breakers look back on.
    reported : int
        The fact that reported the last session; 0 where none was.
    reported_at : datetime
        When that was; long ago where none was.
    offers : Offers
        Signals that people may answer.
    leaving : mapping of str to str
        Positions of which a closing order filled and something is left, with that order: the rest follows.
    """

    control: ControlState = field(default_factory=ControlState)
    failures: Mapping[str, tuple[datetime, ...]] = field(default_factory=dict)
    cancels: Mapping[str, CancelAsked] = field(default_factory=dict)
    ended: tuple[EndedOption, ...] = ()
    released: frozenset[str] = frozenset()
    denied: Mapping[tuple[str, str], datetime] = field(default_factory=dict)
    track: Track = field(default_factory=Track)
    reported: int = 0
    reported_at: datetime = LONG_AGO
    offers: Offers = field(default_factory=Offers)
    leaving: Mapping[str, str] = field(default_factory=dict)

    def apply(self, record: Record, before: AccountState, after: AccountState) -> Oversight:
        """Return it after one more fact, with the account before and after it."""
        event = record.event
        control = self.control.apply(record.seq, event, record.known_at, record.actor)
        track = self.track.apply(record, before, after)
        offers = self.offers.apply(record)
        changes = _CHANGES.get(event.__class__)
        leaving = _leaving(self.leaving, event, after)
        same = control is self.control and track is self.track and offers is self.offers
        if changes is None and same and leaving is self.leaving:
            return self
        more = changes(self, event, record) if changes else {}
        return replace(self, control=control, track=track, offers=offers, leaving=leaving, **more)


def _leaving(before: Mapping[str, str], event: Event, after: AccountState) -> Mapping[str, str]:
    """Return which positions are half closed after a fact."""
    if any(name not in after.positions for name in before):
        before = {name: one for name, one in before.items() if name in after.positions}
    known = after.order(event.execution.order_id) if isinstance(event, OrderFilled) else None
    if known is None or known.order.purpose is not Purpose.CLOSE or known.status is not OrderStatus.FILLED:
        return before
    name = known.order.position_id
    return {**before, name: known.order.order_id} if name in after.positions else before


# --- what each kind of fact changes; a kind that is not here changes nothing --------------------------------


def _fault(state: Oversight, event: FaultNoted, record: Record) -> Changes:
    if (event.source, event.code) != (STRATEGY, STRATEGY_FAILED):
        return {}
    since, before = record.known_at - FAILURE_LIFE, state.failures.get(record.actor, ())
    recent = (*(at for at in before if at > since), record.known_at)
    return {"failures": {**state.failures, record.actor: recent}}


def _changed(_: Oversight, event: TradingStateChanged, record: Record) -> Changes:
    resumed = event.state is TradingState.ACTIVE and is_person(record.actor)
    return {"failures": {}} if resumed else {}


def _alert(_: Oversight, event: AlertRaised, record: Record) -> Changes:
    told = event.code == DAY_REPORT
    return {"reported": record.seq, "reported_at": record.known_at} if told else {}


def _cancel(state: Oversight, event: OrderCancelAsked, record: Record) -> Changes:
    return {"cancels": {**state.cancels, event.order_id: CancelAsked(event.reason, record.known_at)}}


def _closed(state: Oversight, event: OrderClosed, _: Record) -> Changes:
    return _without_cancel(state, event.ended.order_id)


def _rejected(state: Oversight, event: OrderRejected, _: Record) -> Changes:
    return _without_cancel(state, event.order_id)


def _without_cancel(state: Oversight, order_id: str) -> Changes:
    if order_id not in state.cancels:
        return {}
    return {"cancels": {name: one for name, one in state.cancels.items() if name != order_id}}


def _settled(state: Oversight, event: OptionSettled, record: Record) -> Changes:
    report, since = event.report, record.known_at - ENDED_LIFE
    new = EndedOption(report.contract, report.shares, report.policy == INFERRED, record.known_at)
    return {"ended": (*(one for one in state.ended if one.at > since), new)}


def _released(state: Oversight, event: SymbolReleased, record: Record) -> Changes:
    return {"released": state.released | {event.symbol}} if is_person(record.actor) else {}


def _denied(state: Oversight, event: OrderDenied, record: Record) -> Changes:
    since = record.known_at - DENIAL_LIFE
    recent = {name: at for name, at in state.denied.items() if at > since}
    return {"denied": {**recent, (event.position_id, event.code): record.known_at}}


def _frozen(state: Oversight, event: SymbolFrozen, _: Record) -> Changes:
    return {"released": state.released - {event.symbol}}


def _agreed(_: Oversight, event: ReconciliationFinished, __: Record) -> Changes:
    return {} if event.open else {"released": frozenset()}


_CHANGES: Mapping[type, Callable[[Oversight, Any, Record], Changes]] = {
    AlertRaised: _alert,
    FaultNoted: _fault,
    OptionSettled: _settled,
    OrderCancelAsked: _cancel,
    OrderClosed: _closed,
    OrderDenied: _denied,
    OrderRejected: _rejected,
    ReconciliationFinished: _agreed,
    SymbolFrozen: _frozen,
    SymbolReleased: _released,
    TradingStateChanged: _changed,
}
