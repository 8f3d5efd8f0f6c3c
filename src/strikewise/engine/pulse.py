"""The pulse of a process: its lease is kept, and others see that it lives."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from strikewise.engine.duties import Duties
from strikewise.engine.failures import Ended
from strikewise.engine.tenure import Tenure
from strikewise.execution.heartbeat import Heartbeat
from strikewise.market.clock import PacedClock

__all__ = ["Identity", "Pulse"]


@dataclass(frozen=True, slots=True)
class Identity:
    """What a process is.

    Attributes
    ----------
    version, account, mode, broker, feed : str
        Of the program, and what it is wired to.
    """

    version: str
    account: str
    mode: str
    broker: str
    feed: str


class Pulse:
    """Keep the lease, and beat.

    Parameters
    ----------
    duties : Duties
        What is done.
    identity : Identity
        What the process is.
    tenure : Tenure
        The right to trade.
    show : callable
        Takes each heartbeat.
    clock, wall : PacedClock
        The market's clock and the computer's.
    seconds : float
        Between two heartbeats, by the computer's.
    """

    def __init__(
        self,
        duties: Duties,
        identity: Identity,
        tenure: Tenure,
        show: Callable[[Heartbeat], None],
        *,
        clock: PacedClock,
        wall: PacedClock,
        seconds: float,
    ) -> None:
        self._duties, self._identity, self._tenure, self._show = duties, identity, tenure, show
        self._clock, self._wall, self._seconds = clock, wall, seconds
        self._started_at, self._beaten = wall.now(), float("-inf")

    def beat(self, phase: str, due_at: datetime | None, *, force: bool = False) -> None:
        """Renew the lease and show a heartbeat, each where it is time to.

        Raises
        ------
        Ended
            If the lease is lost.
        """
        if lost := self._tenure.keep():
            raise Ended(lost, 3, writes=False)
        now = self._wall.monotonic()
        if force or now - self._beaten >= self._seconds:
            self.show(phase, due_at)

    def show(self, phase: str, due_at: datetime | None) -> None:
        """Show a heartbeat, whoever has the lease."""
        self._beaten = self._wall.monotonic()
        self._show(self._heartbeat(phase, due_at))

    def _heartbeat(self, phase: str, due_at: datetime | None) -> Heartbeat:
        duties, who = self._duties, self._identity
        state, reason = duties.standing()
        account = duties.loop.state
        return Heartbeat(
            at=self._wall.now(),
            market_at=self._clock.now(),
            holder=self._tenure.holder,
            version=who.version,
            account=who.account,
            mode=who.mode,
            broker=who.broker,
            feed=who.feed,
            state=state.value,
            reason=reason,
            phase=phase,
            started_at=self._started_at,
            ticked_at=duties.ticked_at,
            due_at=due_at,
            reconciled_at=duties.reconciler.at,
            open_differences=duties.open_differences,
            positions=len(account.positions),
            orders=len(account.open_orders),
            connected=duties.link.health.connected,
            seq=account.seq,
            queues=_queues(duties),
        )


def _queues(duties: Duties) -> Mapping[str, int]:
    """Return what waits to be worked on, by name."""
    oversight = duties.loop.writer.oversight
    return {
        "orders": len(duties.loop.state.open_orders),
        "broker_events": duties.loop.courier.heard,
        "requests": 0 if oversight is None else len(oversight.control.requests),
    }
