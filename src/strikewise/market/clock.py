"""The time: the only module of strikewise that asks it."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

from strikewise.domain.errors import InvariantError

__all__ = ["Clock", "PacedClock", "ReplayClock", "SimulatedClock", "SystemClock"]


class Clock(Protocol):
    """Something that knows what time it is."""

    def now(self) -> datetime:
        """Return the present instant, UTC, with its zone."""
        ...


class PacedClock(Clock, Protocol):
    """A clock that somebody can wait by."""

    def monotonic(self) -> float:
        """Return seconds that only ever grow, of whoever waits: real ones, whatever the clock shows."""
        ...

    def wait(self, until: datetime, seconds: float) -> None:
        """Wait until an instant, but no longer than so many seconds of whoever waits."""
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

    def wait(self, until: datetime, seconds: float) -> None:
        """Wait until an instant, but no longer than so many seconds."""
        left = min((until - self.now()).total_seconds(), seconds)
        if left > 0:
            time.sleep(left)


class ReplayClock:
    """A clock of the past that goes on only while somebody waits, so many times as fast as time does.

    Work takes none of its time: a replay strikes the same instants however fast it is, and on whatever
    machine.

    Parameters
    ----------
    start : datetime
        The first instant; must carry a time zone.
    speed : float
        Seconds of the past in a second; 0 waits for nothing.
    stride : timedelta
        What is longer than this to wait for is jumped over: nights, weekends.

    Raises
    ------
    InvariantError
        If the instant has no zone, or the speed is negative.
    """

    __slots__ = ("_now", "_speed", "_stride")

    def __init__(
        self, start: datetime, speed: float = 0.0, *, stride: timedelta = timedelta(minutes=30)
    ) -> None:
        if not speed >= 0.0:
            raise InvariantError(f"The speed of a replay must not be negative; was {speed}.")
        self._now, self._speed, self._stride = _zoned(start), speed, stride

    def now(self) -> datetime:
        """Return the instant of the past, UTC."""
        return self._now

    def monotonic(self) -> float:
        """Return real seconds that only ever grow."""
        return time.monotonic()

    def wait(self, until: datetime, seconds: float) -> None:
        """Go on towards an instant, for no longer than so many real seconds; all at once without a speed."""
        left = until - self._now
        if left <= timedelta():
            return
        if not self._speed or left > self._stride:
            self._now = _zoned(until)
            return
        takes = left.total_seconds() / self._speed
        time.sleep(min(takes, seconds))
        passed = left if takes <= seconds else timedelta(seconds=seconds * self._speed)
        self._now += passed


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
