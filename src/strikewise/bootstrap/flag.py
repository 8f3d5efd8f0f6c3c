"""Raise the halt flag of a home; whoever imports this loads next to nothing, for halting must not wait."""

from __future__ import annotations

from pathlib import Path

from strikewise.adapters.halt_file import HaltFile
from strikewise.execution.halt_flag import Raised
from strikewise.market.clock import SystemClock

__all__ = ["hoist_flag"]


def hoist_flag(home: Path, who: str, reason: str, *, exits: bool) -> None:
    """Raise the halt flag of a home, whatever else of it is broken."""
    HaltFile(home).hoist(Raised(who, SystemClock().now(), reason, exits))
