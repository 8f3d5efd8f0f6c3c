"""Write figures as people read them: dollars, percent, counts; a dash where one is unknown."""

from __future__ import annotations

__all__ = ["UNKNOWN", "count", "money", "percent", "plain", "signed_money"]

UNKNOWN = "–"


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
    return UNKNOWN if value is None else f"{100 * value:,.{digits}f}%"


def plain(value: float | None, digits: int = 2) -> str:
    """Write a number; a dash where unknown."""
    return UNKNOWN if value is None else f"{value:,.{digits}f}"


def count(value: float | None) -> str:
    """Write a whole number with thousands separators; a dash where unknown."""
    return plain(value, 0)
