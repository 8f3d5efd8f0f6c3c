"""What a running process shows of itself, for whoever looks from outside."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from strikewise.execution.spans import Lasted

__all__ = ["LATE", "Heartbeat", "ProcessFigures"]

LATE = timedelta(seconds=30)
"""A heartbeat older than this is that of a process which is stuck or dead."""

APART = timedelta(minutes=1)
"""From how far apart on a process's two clocks show that it replays the past."""


@dataclass(frozen=True, slots=True)
class ProcessFigures:
    """What a process takes of its computer.

    Attributes
    ----------
    cpu_seconds : float
        Of processors, since it began.
    resident_bytes : int
        Of memory, now.
    descriptors : int
        Files and connections that are open.
    """

    cpu_seconds: float
    resident_bytes: int
    descriptors: int


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """A moment of a running process.

    Attributes
    ----------
    at : datetime
        By the computer's clock.
    market_at : datetime
        By the market's clock: another one where the past is replayed.
    holder, version, account, mode, broker, feed : str
        Who runs, which program, and what it is wired to.
    state, reason : str
        What may be sent, and why not everything.
    phase : str
        ``starting``, ``running`` or ``stopping``.
    started_at : datetime
        When the process began.
    ticked_at, due_at, reconciled_at : datetime or None
        When it last looked at the market, when it will next do anything, and when ours and the broker's last
        agreed; by the market's clock.
    open_differences : int
        Differences that the last reconciliation left.
    positions, orders : int
        Held, and at work.
    connected : bool
        Whether the broker can be reached.
    seq : int
        The last fact written.
    steps : mapping of str to Lasted
        How long each kind of its work took since it began, by name.
    queues : mapping of str to int
        What waits to be worked on, by name.
    process : ProcessFigures or None
        What it takes of its computer; None where that cannot be read.
    settings : str
        Digest of the settings' file that it goes by; empty where it takes up none while it runs.
    restart : tuple of str
        Settings that were saved since and wait for its next start.
    """

    at: datetime
    market_at: datetime
    holder: str
    version: str
    account: str
    mode: str
    broker: str
    feed: str
    state: str
    reason: str
    phase: str
    started_at: datetime
    ticked_at: datetime | None
    due_at: datetime | None
    reconciled_at: datetime | None
    open_differences: int
    positions: int
    orders: int
    connected: bool
    seq: int
    steps: Mapping[str, Lasted] = field(default_factory=dict)
    queues: Mapping[str, int] = field(default_factory=dict)
    process: ProcessFigures | None = None
    settings: str = ""
    restart: tuple[str, ...] = ()

    @property
    def replays(self) -> bool:
        """Whether its market's clock stands elsewhere than its own: the past is replayed."""
        return abs(self.market_at - self.at) >= APART

    def alive(self, now: datetime) -> bool:
        """Return whether it is young enough for its process to be running."""
        return now - self.at <= LATE
