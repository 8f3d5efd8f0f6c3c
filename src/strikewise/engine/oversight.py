"""What the loop must remember of an account that others watch over: who may trade, and what went wrong."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import NamedTuple

from strikewise.domain.control import FaultNoted, OrderCancelAsked, TradingState, TradingStateChanged
from strikewise.domain.events import OrderClosed, OrderFilled
from strikewise.portfolio.controls import ControlState, is_person
from strikewise.portfolio.ledger import Record

__all__ = ["FAILURE_LIFE", "STRATEGY", "STRATEGY_FAILED", "CancelAsked", "Oversight"]

STRATEGY, STRATEGY_FAILED = "strategy", "STRATEGY_FAILED"
"""Source and code of the fault that a strategy's exception is; its actor is the strategy's label."""

FAILURE_LIFE = timedelta(hours=1)
"""How long a strategy's exception counts against it."""


class CancelAsked(NamedTuple):
    """A cancel that was asked for: why, and when."""

    reason: str
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
    """

    control: ControlState = field(default_factory=ControlState)
    failures: Mapping[str, tuple[datetime, ...]] = field(default_factory=dict)
    cancels: Mapping[str, CancelAsked] = field(default_factory=dict)

    def apply(self, record: Record) -> Oversight:
        """Return it after one more fact."""
        event = record.event
        control = self.control.apply(record.seq, event, record.known_at, record.actor)
        failures, cancels = self.failures, self.cancels
        match event:
            case FaultNoted(source=source, code=code) if (source, code) == (STRATEGY, STRATEGY_FAILED):
                recent = tuple(
                    at for at in failures.get(record.actor, ()) if at > record.known_at - FAILURE_LIFE
                )
                failures = {**failures, record.actor: (*recent, record.known_at)}
            case TradingStateChanged(state=TradingState.ACTIVE) if is_person(record.actor):
                failures = {}
            case OrderCancelAsked(order_id=name, reason=reason):
                cancels = {**cancels, name: CancelAsked(reason, record.known_at)}
            case OrderClosed(ended=ended) if ended.order_id in cancels:
                cancels = {name: one for name, one in cancels.items() if name != ended.order_id}
            case OrderFilled():
                pass  # a fill may come before the end of what is being cancelled: both are told
            case _:
                if control is self.control:
                    return self
        return replace(self, control=control, failures=failures, cancels=cancels)

    @classmethod
    def fold(cls, records: Iterable[Record]) -> Oversight:
        """Return it after facts, from the first on."""
        state = cls()
        for record in records:
            state = state.apply(record)
        return state
