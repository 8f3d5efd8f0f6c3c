"""Tables as the command line draws them: quiet lines, numbers right, colour where it says something."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from strikewise.apps.figures import percent, signed_money

__all__ = [
    "LEFT",
    "RIGHT",
    "badge",
    "coloured_money",
    "coloured_percent",
    "fitting",
    "heading",
    "legs_text",
    "pairs",
    "soft",
    "table",
]

LEFT, RIGHT = "left", "right"

GRADE_STYLES = {
    "quotes": "bold green",
    "indicative": "bold black on yellow",
    "reconstructed": "bold black on yellow",
}


def badge(grade: str | None) -> Text:
    """Return the grade of data as it must be seen; nothing where there are no data."""
    if grade is None:
        return Text("NO DATA", style="bold black on yellow")
    plain = grade == "quotes"
    return Text(grade.upper() if plain else f" {grade.upper()} ", style=GRADE_STYLES.get(grade, "bold"))


def heading(*parts: str | Text) -> Text:
    """Return a line of parts with space between, the first of them bold."""
    line = Text()
    for number, part in enumerate(parts):
        if number:
            line.append("  ")
        line.append_text(Text(part, style="" if number else "bold") if isinstance(part, str) else part)
    return line


def soft(text: str) -> Text:
    """Return text that stands back."""
    return Text(text, style="dim")


def table(
    columns: Sequence[tuple[str, str]], rows: Iterable[Sequence[str | Text]], *, tight: bool = False
) -> Table:
    """Return a table.

    Parameters
    ----------
    columns : sequence of (str, str)
        Heads, and `LEFT` or `RIGHT`; numbers stand right. A head that ends in ``*`` (not shown) may be
        broken over lines, the others never are.
    rows : iterable of sequences
        Cells.
    tight : bool
        Whether columns stand one space apart instead of two.
    """
    made = Table(
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        padding=(0, 0 if tight else 1, 0, 0),
        header_style="bold",
        show_edge=False,
    )
    for head, side in columns:
        folds = head.endswith("*")
        made.add_column(
            head.rstrip("*"),
            justify="right" if side == RIGHT else "left",
            no_wrap=not folds,
            overflow="fold" if folds else "ellipsis",
        )
    for row in rows:
        made.add_row(*row)
    return made


def fitting(width: int, *candidates: Table) -> Table:
    """Return the first of some tables that fits into a terminal without losing anything, else the last."""
    ruler = Console(width=1000)
    fits = (one for one in candidates if ruler.measure(one).maximum <= width)
    return next(fits, candidates[-1])


def pairs(figures: Sequence[tuple[str, str | Text]], *, columns: int) -> Table:
    """Return names with their values, several pairs side by side, read downwards."""
    length = -(-len(figures) // columns)
    made = Table(box=None, show_header=False, pad_edge=False, padding=(0, 1, 0, 0))
    for number in range(columns):
        made.add_column(style="dim", no_wrap=True)
        made.add_column(justify="right", no_wrap=True)
        if number < columns - 1:
            made.add_column(width=2)
    for row in range(length):
        cells: list[str | Text] = []
        for number in range(columns):
            place = number * length + row
            cells += figures[place] if place < len(figures) else ("", "")
            if number < columns - 1:
                cells.append("")
        made.add_row(*cells)
    return made


def coloured_money(value: float | None, digits: int = 2) -> Text:
    """Return a gain green or a loss red, with its sign."""
    return Text(signed_money(value, digits), style=_tone(value))


def coloured_percent(value: float | None, digits: int = 1) -> Text:
    """Return a gain green or a loss red, as percent."""
    return Text(percent(value, digits), style=_tone(value))


def _tone(value: float | None) -> str:
    return "" if not value else ("green" if value > 0 else "red")


def legs_text(legs: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return option legs as traders write them, a line a right: ``620/615 P``, the short strike first.

    Legs that expire at different times stand on lines of their own, with the day.
    """
    days = sorted({leg["expiration"] for leg in legs})
    lines = []
    for right in ("P", "C"):
        for day in days:
            alike = [leg for leg in legs if (leg["right"], leg["expiration"]) == (right, day)]
            strikes = "/".join(_leg_text(leg) for leg in sorted(alike, key=lambda leg: leg["ratio"]))
            when = f" {date.fromisoformat(day):%d %b}" if len(days) > 1 else ""
            lines += [f"{strikes} {right}{when}"] if alike else []
    return lines


def _leg_text(leg: Mapping[str, Any]) -> str:
    units = "" if abs(leg["ratio"]) == 1 else f"{abs(leg['ratio'])}×"
    return units + f"{leg['strike']:,.2f}".rstrip("0").rstrip(".")
