"""Write figures and legs as people read them; a dash where a figure is unknown."""

from __future__ import annotations

import re
from datetime import date, datetime
from itertools import groupby
from zoneinfo import ZoneInfo

__all__ = [
    "EXCHANGE",
    "UNKNOWN",
    "count",
    "fill_name",
    "money",
    "percent",
    "plain",
    "session_day",
    "short_legs",
    "signed_money",
    "tone",
]

EXCHANGE = ZoneInfo("America/New_York")
UNKNOWN = "–"

LEG = re.compile(
    r"(?P<units>[+-]\d+) (?P<root>\S+) (?P<day>\d{4}-\d\d-\d\d) (?P<strike>[\d.]+)(?P<right>[PC])"
)

SHARE = re.compile(r"(?P<side>[+-])1 (?P<what>\S+ shares)")
"""A unit of shares alone: how many there are stands beside it."""


def money(value: float | None, digits: int = 0) -> str:
    """Write dollars: ``$1,234``, ``-$5.10``; a dash where unknown."""
    if value is None:
        return UNKNOWN
    shown = f"{abs(value):,.{digits}f}"
    negative = value < 0 and shown.strip("0.,") != ""
    return f"{'-' if negative else ''}${shown}"


def signed_money(value: float | None, digits: int = 0) -> str:
    """Write a gain or loss in dollars: ``+$1,234``, ``-$5.10``."""
    shown = money(value, digits)
    return f"+{shown}" if value is not None and value > 0 and shown.strip("$0.,") else shown


def percent(value: float | None, digits: int = 1) -> str:
    """Write a fraction as percent; a dash where unknown."""
    return UNKNOWN if value is None else f"{_unsigned_zero(f'{100 * value:,.{digits}f}')}%"


def plain(value: float | None, digits: int = 2) -> str:
    """Write a number; a dash where unknown."""
    return UNKNOWN if value is None else _unsigned_zero(f"{value:,.{digits}f}")


def _unsigned_zero(shown: str) -> str:
    return shown if shown.strip("-0.,") else shown.removeprefix("-")


def fill_name(share: float) -> str:
    """Name the share of the half-spread that fills pay: the touch, the mid, or a part of it."""
    return {1.0: "the touch", 0.0: "the mid (nobody's promise)"}.get(share, f"{share:.0%} of the half-spread")


def count(value: float | None) -> str:
    """Write a whole number with thousands separators; a dash where unknown."""
    return plain(value, 0)


def session_day(instant: str) -> str:
    """Write the day of an instant where the exchange is: an evening there is the next day in UTC."""
    return datetime.fromisoformat(instant).astimezone(EXCHANGE).date().isoformat()


def tone(value: float | None) -> str:
    """Return the class of a gain or a loss."""
    return "" if not value else ("up" if value > 0 else "down")


def _units(ratio: str) -> str:
    many = ratio.lstrip("+-")
    return "" if many == "1" else f"{many}×"


def short_legs(legs: str) -> str:
    """Shorten the legs of a journal: ``SPY 18 Sep 26 600/595 P``, what was sold first; ``SPY shares``."""
    if (alone := SHARE.fullmatch(legs)) is not None:
        return alone["what"] if alone["side"] == "+" else f"{alone['what']}, short"
    found = [LEG.fullmatch(leg) for leg in legs.split(", ")]
    read = [leg.groupdict() for leg in found if leg is not None]
    if len(read) < len(found):
        return legs

    def place(leg: dict[str, str]) -> tuple[str, str, str]:
        return leg["root"], leg["day"], leg["right"]

    read.sort(key=lambda leg: (leg["root"], leg["day"], leg["right"] != "P", int(leg["units"])))
    parts: list[str] = []
    for (root, day, right), same in groupby(read, place):
        strikes = "/".join(_units(leg["units"]) + leg["strike"] for leg in same)
        where = f"{root} {date.fromisoformat(day):%d %b %y}"
        parts += (
            [f"{strikes} {right}"] if any(part == where for part in parts) else [where, f"{strikes} {right}"]
        )
    return " ".join(parts)
