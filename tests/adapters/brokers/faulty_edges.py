"""A broker with faults at its edge, the truth behind it, and what is asked of both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

from contracts.broker_stages import CASH, FIRST, QUOTES, SimulatedStage, in_session
from execution.tapes import order, put
from strikewise.adapters.brokers.fault_plan import Fault, FaultKind, FaultPlan
from strikewise.adapters.brokers.faulty import FaultyBroker
from strikewise.adapters.brokers.paper import PaperBroker
from strikewise.domain.brokerage import OrderReport
from strikewise.domain.instruments import Instrument
from strikewise.domain.orders import (
    BrokerEvent,
    Known,
    Order,
    Purpose,
    Unknown,
)
from strikewise.execution.broker import Broker
from strikewise.execution.simulated import Habits
from strikewise.market.clock import SimulatedClock

T = TypeVar("T")
SPREAD: dict[Instrument, int] = {put(480): -1, put(475): 1}
BACK: dict[Instrument, int] = {put(480): 1, put(475): -1}
TOO_DEAR = -5_000


@dataclass
class Edge:
    """A faulty broker, the truth behind it, and the time."""

    broker: FaultyBroker
    truth: PaperBroker
    stage: SimulatedStage
    minutes: int = 0

    def later(self, minutes: int = 15) -> None:
        self.minutes += minutes
        self.stage.tick(in_session(FIRST) - timedelta(hours=4) + timedelta(minutes=self.minutes), QUOTES)

    def told(self) -> list[BrokerEvent]:
        return list(self.broker.events())


def edge(*faults: Fault, seed: int = 1, netted: bool = True) -> Edge:
    clock = SimulatedClock(in_session(FIRST) - timedelta(days=1))
    truth = PaperBroker(CASH, habits=Habits(netted=netted))
    broker = FaultyBroker(truth, FaultPlan(seed, faults), clock, world=truth)
    made = Edge(broker, truth, SimulatedStage(truth, broker, clock))
    made.later()
    return made


def first_time(kind: FaultKind, *, lasts: int = 1) -> Fault:
    return Fault(kind, nth=1, lasts=lasts)


def value(answer: Known[T] | Unknown) -> T:
    assert isinstance(answer, Known)
    return answer.value


def held(broker: Broker) -> dict[Instrument, int]:
    return {one.instrument: one.quantity for one in value(broker.positions())}


def report(broker: Broker, order_id: str = "o-1") -> OrderReport:
    found = value(broker.order(order_id))
    assert found is not None
    return found


def of(kind: type[T], events: Sequence[object]) -> list[T]:
    return [event for event in events if isinstance(event, kind)]


def resting(quantity: int = 1) -> Order:
    return order(SPREAD, quantity=quantity, limit_cents=TOO_DEAR)


def closing(quantity: int = 1) -> Order:
    return order(BACK, quantity=quantity, purpose=Purpose.CLOSE, order_id="c-1", position_id="o-1")
