"""What outlives a process that is killed: the broker's edge and the ledger; and who kills it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from strikewise.adapters.brokers.fault_plan import FaultPlan
from strikewise.adapters.brokers.faulty import FaultyBroker
from strikewise.domain.orders import Order, SubmitAnswer
from strikewise.portfolio.ledger import Entry, Head, MemoryLedger

__all__ = ["Edge", "Fate", "FragileLedger", "KilledError"]


class KilledError(BaseException):
    """The process is gone: nothing that catches errors catches this."""


class Fate:
    """Counts what a process does that outlives it, and kills it before or after one of these things."""

    def __init__(self) -> None:
        self.done = 0
        self.deaths: set[int] = set()

    def touch(self) -> None:
        self.done += 1
        if self.done in self.deaths:
            raise KilledError(f"killed at {self.done}")


class Edge(FaultyBroker):
    """The edge of the broker, at which a test hears every order; it outlives processes that speak with it."""

    fate: Fate
    heard: list[Order]
    slow: Callable[[Order], None]

    def submit(self, order: Order) -> SubmitAnswer:
        self.fate.touch()
        self.slow(order)
        self.heard.append(order)
        answer = super().submit(order)
        self.fate.touch()
        return answer

    def cancel(self, order_id: str) -> SubmitAnswer:
        self.fate.touch()
        answer = super().cancel(order_id)
        self.fate.touch()
        return answer

    def forget(self) -> None:
        """Lose what a dead process was to be told: a stream begins anew."""
        self._inner.events()
        self._stream.cut("", self._clock.now())

    def calm_down(self) -> None:
        """Let nothing go wrong any more."""
        self._timer._plan = FaultPlan()
        self._unknown = 0


class FragileLedger(MemoryLedger):
    """A ledger whose writer may be killed before or after any batch."""

    fate: Fate

    def append(self, entries: Sequence[Entry], *, recorded_at: datetime, expected: int | None = None) -> Head:
        self.fate.touch()
        head = super().append(entries, recorded_at=recorded_at, expected=expected)
        self.fate.touch()
        return head
