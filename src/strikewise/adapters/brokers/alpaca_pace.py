"""How fast Alpaca may be asked: 200 requests a minute, the last of them kept for exits and cancels."""

from __future__ import annotations

from collections import deque
from datetime import timedelta
from enum import IntEnum
from typing import Protocol

from strikewise.market.clock import SystemClock

__all__ = ["A_MINUTE", "Pace", "RealTime", "Timer", "Urgency"]

A_MINUTE = 200
"""Requests the vendor answers in a minute."""


class Urgency(IntEnum):
    """Who goes first where not everybody can."""

    READ = 0
    ENTRY = 1
    EXIT = 2
    """What closes or cancels, and the look-ups it needs."""


_KEPT = {Urgency.READ: 60, Urgency.ENTRY: 30, Urgency.EXIT: 0}
"""Requests of a minute that are left to those who go first."""


class Timer(Protocol):
    """Durations of the real world; a market that is replayed runs at another speed."""

    def monotonic(self) -> float:
        """Return seconds that only ever grow."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait."""
        ...


class RealTime:
    """The computer's own timer."""

    def __init__(self) -> None:
        self._clock = SystemClock()

    def monotonic(self) -> float:
        """Return seconds that only ever grow."""
        return self._clock.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        self._clock.sleep_until(self._clock.now() + timedelta(seconds=seconds))


class Pace:
    """A count of what was asked in the last minute, and of how long the vendor told us to stay away.

    Parameters
    ----------
    timer : Timer
        Durations.
    a_minute : int
        Requests a minute, of all urgencies together.
    """

    def __init__(self, timer: Timer, a_minute: int = A_MINUTE) -> None:
        self._timer = timer
        self._a_minute = a_minute
        self._asked: deque[float] = deque()
        self._away_until = 0.0

    def wait(self, urgency: Urgency) -> float:
        """Return the seconds until a request may go out; 0 where it may go now."""
        now = self._timer.monotonic()
        while self._asked and now - self._asked[0] >= 60.0:
            self._asked.popleft()
        allowed = max(1, self._a_minute - _KEPT[urgency])
        over = len(self._asked) - allowed
        free = self._asked[over] + 60.0 - now if over >= 0 else 0.0
        return max(0.0, free, self._away_until - now)

    def asked(self) -> None:
        """Count a request."""
        self._asked.append(self._timer.monotonic())

    def stay_away(self, seconds: float) -> None:
        """Ask nothing for some seconds: the vendor said so."""
        self._away_until = max(self._away_until, self._timer.monotonic() + seconds)
