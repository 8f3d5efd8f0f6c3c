"""The clock of those who ask a trading process for something, and wait for it."""

from __future__ import annotations

from strikewise.market.clock import PacedClock, SystemClock

__all__ = ["wall_clock"]


def wall_clock() -> PacedClock:
    """Return the computer's clock."""
    return SystemClock()
