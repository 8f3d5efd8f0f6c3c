"""What is wanted on a day of faults, and the small market it is wanted on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import TypeVar

from engine.hand_made import Told
from engine.watched import DAY, at
from execution.tapes import CALENDAR, Row, call, put
from strikewise.adapters.brokers.fault_plan import Fault, FaultKind
from strikewise.domain.orders import Known, Unknown
from strikewise.domain.parameters import ParameterSet
from strikewise.domain.portfolio import Position
from strikewise.domain.signals import Action, Close, Signal
from strikewise.domain.structures import Leg, Structure
from strikewise.execution.ladder import Ladder
from strikewise.market.view import MarketView

__all__ = ["CONDOR", "LOWER", "PATIENT", "ROWS", "SPREAD", "Timed", "by_five_minutes", "first", "known"]

T = TypeVar("T")

SPREAD = Structure.of([Leg(put(480), -1), Leg(put(475), 1)])
LOWER = Structure.of([Leg(put(470), -1), Leg(put(465), 1)])
CONDOR = Structure.of([Leg(put(475), 1), Leg(put(480), -1), Leg(call(500), -1), Leg(call(505), 1)])
ROWS: Sequence[Row] = [
    (put(465), 30, 40),
    (put(470), 90, 100),
    (put(475), 40, 50),
    (put(480), 100, 110),
    (call(500), 100, 110),
    (call(505), 40, 50),
]
PATIENT = Ladder(steps=3, seconds=120)
"""Orders begin at mid, where nothing fills at once, and reach the touch four minutes later."""


@dataclass(frozen=True)
class Timed(Told):
    """Opens structures at given minutes after the open, and leaves each so many minutes after that."""

    at_minutes: Mapping[int, Sequence[Structure]] = field(default_factory=dict)
    leaves_after: int = 10_000

    def generate_signals(self, market_data: MarketView, params: ParameterSet) -> list[Signal]:
        minute = int((market_data.as_of - CALENDAR.session_open(market_data.day)).total_seconds() // 60)
        wanted = self.at_minutes.get(minute, ())
        found = [self._signal(one, market_data) for one in wanted if market_data.fresh_spot(one.underlying)]
        return [replace(one, signal_id=f"{one.signal_id}-{minute}") for one in found]

    def manage_position(self, position: Position, market_data: MarketView, params: ParameterSet) -> Action:
        passed = (market_data.as_of - position.opened_at).total_seconds() / 60
        if passed >= self.leaves_after:
            return Close("TIME_EXIT", f"minutes={passed:.0f}")
        return super().manage_position(position, market_data, params)


def first(kind: FaultKind, *, nth: int = 1, lasts: int = 1, times: int = 1) -> Fault:
    """Return a fault at one of its first opportunities."""
    return Fault(kind, nth=nth, lasts=lasts, times=times)


def known(answer: Known[T] | Unknown) -> T:
    assert isinstance(answer, Known)
    assert answer.complete
    return answer.value


def by_five_minutes(
    rows: Sequence[Row] = ROWS, *, minutes: int = 120, day: date = DAY, spot: float = 490.0
) -> dict[datetime, tuple[float, Sequence[Row]]]:
    """Return the same quotes for every fifth minute of a session's beginning."""
    return {at(minute, day): (spot, rows) for minute in range(0, minutes + 1, 5)}
