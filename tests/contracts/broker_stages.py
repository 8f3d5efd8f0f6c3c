"""Stages on which brokers are asked the questions of the contract: each a broker, its market and its time.

A stage for a further broker is a context manager of no arguments that yields a `Stage`; add it to `STAGES`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import date, datetime, timedelta
from typing import Protocol

from execution.tapes import Row, call, close_of, market, put, tape
from strikewise.adapters.brokers.fault_plan import FaultPlan
from strikewise.adapters.brokers.faulty import FaultyBroker
from strikewise.adapters.brokers.paper import PaperBroker
from strikewise.domain.orders import BrokerEvent
from strikewise.execution.broker import Broker
from strikewise.execution.simulated import Habits, SimulatedBroker
from strikewise.market.clock import SimulatedClock
from strikewise.market.view import Market

__all__ = ["EXPIRY", "FIRST", "MONDAY", "QUOTES", "SECOND", "SPOT", "STAGES", "Stage", "in_session"]

FIRST, SECOND, EXPIRY, MONDAY = date(2024, 3, 12), date(2024, 3, 13), date(2024, 3, 15), date(2024, 3, 18)
SPOT = 485.0
QUOTES: tuple[Row, ...] = (
    (put(475), 30, 35),
    (put(480), 45, 50),
    (put(490), 520, 540),
    (call(490), 60, 65),
    (call(495), 20, 25),
)
"""SPY options of the 15th; ten contracts of each may be opened a day."""
CASH, VOLUME = 10_000_000, 100


class Stage(Protocol):
    """A broker with 100,000 dollars, approved for spreads, on SPY options that expire on the 15th.

    Attributes
    ----------
    broker : Broker
        Connected; it has seen no session yet.
    """

    broker: Broker

    def session(self, day: date) -> None:
        """Go on to an hour before a session's close, with `QUOTES` at `SPOT`."""

    def tick(self, at: datetime, quotes: Sequence[Row], *, spot: float = SPOT, volume: int = VOLUME) -> None:
        """Go on to an instant at which the market shows other quotes, and so much was traded of each."""

    def told(self, count: int = 0) -> list[BrokerEvent]:
        """Return the events since the last call, once there are so many; all there are for none."""


def in_session(day: date) -> datetime:
    """Return an hour before a session's close."""
    return close_of(day) - timedelta(hours=1)


class Tapes:
    """A market that grows with each tick."""

    def __init__(self) -> None:
        self._snapshots: dict[datetime, tuple[float, Sequence[Row], int]] = {}

    def show(self, at: datetime, spot: float, quotes: Sequence[Row], volume: int) -> Market:
        self._snapshots[at] = spot, quotes, volume
        shown = {moment: (price, rows) for moment, (price, rows, _) in self._snapshots.items()}
        return market(tape(shown, volume=volume))


class SimulatedStage:
    """The simulated broker, fed by hand."""

    def __init__(self, core: SimulatedBroker, front: Broker, clock: SimulatedClock) -> None:
        self.broker, self._core, self._clock, self._tapes = front, core, clock, Tapes()

    def session(self, day: date) -> None:
        self.tick(in_session(day), QUOTES)

    def tick(self, at: datetime, quotes: Sequence[Row], *, spot: float = SPOT, volume: int = VOLUME) -> None:
        self._clock.advance_to(at)
        self._core.advance(self._tapes.show(at, spot, quotes, volume).view(at))

    def told(self, count: int = 0) -> list[BrokerEvent]:
        events = list(self.broker.events())
        assert len(events) >= count, f"{count} events were to be told; told were {events}"
        return events


MakeStage = Callable[[], AbstractContextManager[Stage]]


def _on_stage(name: str, core: Callable[[], SimulatedBroker], *, faulty: bool = False) -> MakeStage:
    @contextmanager
    def made() -> Iterator[Stage]:
        clock, inner = SimulatedClock(in_session(FIRST) - timedelta(days=1)), core()
        front = FaultyBroker(inner, FaultPlan(), clock, world=inner) if faulty else inner
        yield SimulatedStage(inner, front, clock)

    made.__name__ = name
    return made


STAGES: list[MakeStage] = [
    _on_stage("simulated", lambda: SimulatedBroker(CASH)),
    _on_stage("netted", lambda: SimulatedBroker(CASH, habits=Habits(netted=True))),
    _on_stage("in_hours", lambda: PaperBroker(CASH)),
    _on_stage("faultless_edge", lambda: PaperBroker(CASH), faulty=True),
]
