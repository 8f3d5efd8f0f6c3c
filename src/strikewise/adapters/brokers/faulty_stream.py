"""The line to a broker as it is: cut, silent, telling twice, late or never."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from strikewise.adapters.brokers.fault_plan import FaultKind, FaultTimer
from strikewise.domain.orders import BrokerEvent, Execution, StreamGap

__all__ = ["FaultyLine", "FaultyStream"]

LONG_CUT = 20
"""A cut of the network lasts for so many calls where a restart of the broker lasts for one."""
RESTART = "the broker restarts"
NO_NETWORK = "the network is unreachable"


class FaultyLine:
    """A connection that is cut for a number of calls, and then waits until somebody connects again.

    Parameters
    ----------
    timer : FaultTimer
        Says when.
    """

    def __init__(self, timer: FaultTimer) -> None:
        self._timer = timer
        self.reason = ""
        """Why it is cut; empty where it holds."""
        self._left = 0

    def broken(self) -> str:
        """Count a call; return why it does not get through, empty where it does."""
        self._left = max(0, self._left - 1)
        return self.reason

    def connect(self) -> bool:
        """Count an attempt to connect; return whether it succeeded."""
        if self._left:
            self._left -= 1
            return False
        self.reason = ""
        return True

    def look(self) -> str:
        """Cut the connection where that is due; return why, empty where it holds."""
        for kind, reason, factor in (
            (FaultKind.RESTART, RESTART, 1),
            (FaultKind.DISCONNECTED, NO_NETWORK, LONG_CUT),
        ):
            if fault := self._timer.due(kind):
                self.reason, self._left = reason, fault.lasts * factor
                return reason
        return ""


class FaultyStream:
    """What a stream makes of the events that are to be told.

    Parameters
    ----------
    timer : FaultTimer
        Says what goes wrong when.
    """

    def __init__(self, timer: FaultTimer) -> None:
        self._timer = timer
        self._lost = self._silent = 0
        self._kept: list[BrokerEvent] = []
        self._held: dict[str, int] = {}
        self._waiting: list[BrokerEvent] = []
        self._invented: list[BrokerEvent] = []
        self.last_event_at: datetime | None = None
        """When anything was last told."""

    def hold(self, order_id: str, calls: int) -> None:
        """Keep back what is told of an order for some calls."""
        self._held[order_id] = calls

    def say(self, event: BrokerEvent) -> None:
        """Tell something at the next call that the broker did not."""
        self._invented.append(event)

    def cut(self, reason: str, at: datetime) -> list[BrokerEvent]:
        """Lose what was not told yet; return what is noticed of it: a gap."""
        self._kept, self._waiting = [], []
        self._lost = self._silent = 0
        self._held.clear()
        return [StreamGap(reason, at)]

    def passed(self, told: Sequence[BrokerEvent], at: datetime) -> list[BrokerEvent]:
        """Return what arrives of what a broker tells."""
        news = [*self._released(), *self._invented, *self._not_held(told)]
        self._invented = []
        if self._is_lost(news):
            return []
        if self._is_silent():
            self._kept += news
            return []
        news, self._kept = [*self._kept, *news], []
        fills = [one for one in news if isinstance(one, Execution)]
        if fills and self._timer.due(FaultKind.DUPLICATE_FILL):
            news.append(fills[-1])
        if news:
            self.last_event_at = at
        return news

    def _not_held(self, told: Sequence[BrokerEvent]) -> list[BrokerEvent]:
        """Return what may be told now, and keep what is held back."""
        now: list[BrokerEvent] = []
        for event in told:
            held = getattr(event, "order_id", "") in self._held
            (self._waiting if held else now).append(event)
        return now

    def _released(self) -> list[BrokerEvent]:
        """Return what was held back for long enough."""
        self._held = {name: calls - 1 for name, calls in self._held.items() if calls > 0}
        free = [one for one in self._waiting if getattr(one, "order_id", "") not in self._held]
        self._waiting = [one for one in self._waiting if getattr(one, "order_id", "") in self._held]
        return free

    def _is_lost(self, news: Sequence[BrokerEvent]) -> bool:
        if self._lost:
            self._lost -= 1
            return True
        if news and (fault := self._timer.due(FaultKind.LOST_EVENTS)):
            self._lost = fault.lasts - 1
            return True
        return False

    def _is_silent(self) -> bool:
        if self._silent:
            self._silent -= 1
            return True
        if fault := self._timer.due(FaultKind.SILENT_STREAM):
            self._silent = fault.lasts - 1
            return True
        return False
