"""What the demonstration runs: three specifications, on the market that comes along or on recorded chains."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from datetime import date
from importlib import resources
from pathlib import Path
from typing import Any

from strikewise.service.errors import MissingDataError

__all__ = ["Period", "demo_home", "densest", "shipped", "specifications"]

HOME = Path("demo-home")
NAMES = ("credit_spread", "iron_condor", "naked_put")
LONG_GAP = 5
"""Sessions without chains that end a period."""
WIDTH = 5.0
"""Width of spreads, in dollars, on recorded chains; the specifications are for an index."""


@dataclass(frozen=True, slots=True)
class Period:
    """An underlying, and a stretch of time in which its chains are there."""

    underlying: str
    start: date
    end: date


def demo_home(named: Path | None, *, recorded: bool) -> Path:
    """Return the demonstration's data home: the one that was named, else one in this folder."""
    return named or HOME / ("recorded" if recorded else "reconstructed")


def shipped(name: str) -> str:
    """Return the text of a TOML file that comes along."""
    place = resources.files("strikewise.apps.cli") / "demo_specs" / f"{name}.toml"
    return place.read_text(encoding="utf-8")


def densest(audits: Sequence[Mapping[str, Any]]) -> Period:
    """Return the underlying with the most rows, from its last long gap to its last day.

    Raises
    ------
    MissingDataError
        If there are no chains.
    """
    if not audits:
        raise MissingDataError("There are no option chains in that folder: give one that has some.")
    fullest = max(audits, key=lambda one: (one["rows"], one["underlying"]))
    ends = [gap["last"] for gap in fullest["gaps"] if gap["sessions"] > LONG_GAP]
    first = next(day for day in sorted(fullest["coverage"]) if not ends or day > max(ends))
    return Period(fullest["underlying"], date.fromisoformat(first), date.fromisoformat(fullest["last"]))


def specifications(period: Period | None) -> dict[str, dict[str, Any]]:
    """Return the three specifications by strategy.

    Parameters
    ----------
    period : Period or None
        What to trade and when; None is the market that comes along, over all its years.
    """
    found = {}
    for name in NAMES:
        document = tomllib.loads(shipped(name))
        found[name] = document if period is None else _moved(document, period)
    return found


def _moved(document: Mapping[str, Any], period: Period) -> dict[str, Any]:
    made = deepcopy(dict(document))
    made |= {"underlyings": [period.underlying], "start": period.start, "end": period.end}
    made["name"] = f"{made['name']} on {period.underlying}"
    for strategy in made["strategies"]:
        if "width" in strategy.get("parameters", {}):
            strategy["parameters"]["width"] = WIDTH
    return made
