"""The time: the only module of strikewise that asks it."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol

from strikewise.domain.errors import InvariantError

__all__ = ["Clock", "SimulatedClock", "SystemClock"]


class Clock(Protocol):
    """Something that knows what time it is."""

    def now(self) -> datetime:
        """Return the present instant, UTC, with its zone."""
        ...


class SystemClock:
    """The computer's clock."""

    def now(self) -> datetime:
        """Return the present instant, UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return seconds that only ever grow, for durations: the wall clock may be set back."""
        return time.monotonic()

    def sleep_until(self, instant: datetime) -> None:
        """Wait until an instant, in steps that notice a clock set forward; return at once if it is past."""
        while (left := (instant - self.now()).total_seconds()) > 0:
            time.sleep(min(left, 1.0))


class SimulatedClock:
    """A clock that stands still until it is told to go on, and never goes backwards.

    Parameters
    ----------
    start : datetime
        The first instant; must carry a time zone.
    """

    __slots__ = ("_now",)

    def __init__(self, start: datetime) -> None:
        self._now = _zoned(start)

    def now(self) -> datetime:
        """Return the simulated instant, UTC."""
        return self._now

    def advance_to(self, instant: datetime) -> None:
        """Go on to an instant.

        Raises
        ------
        InvariantError
            If it lies in the past, or carries no time zone: whoever drives the clock is at fault.
        """
        later = _zoned(instant)
        if later < self._now:
            raise InvariantError(
                f"The simulated clock was asked to go back from {self._now.isoformat()} to "
                f"{later.isoformat()}: feed it instants in order."
            )
        self._now = later


def _zoned(instant: datetime) -> datetime:
    if instant.tzinfo is None:
        raise InvariantError(
            f"A clock needs an instant with a time zone; was {instant.isoformat()} without one."
        )
    return instant.astimezone(UTC)
