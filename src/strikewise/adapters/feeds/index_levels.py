"""Levels of a published index from a CSV file: the publisher's history, or month-ends."""

from __future__ import annotations

import csv
from datetime import UTC, date, datetime
from pathlib import Path

from strikewise.domain.errors import ImportRefusedError

__all__ = ["read_levels"]

DATE_FORMS = ("%Y-%m-%d", "%m/%d/%Y", "%Y-%m", "%Y%m%d")


def read_levels(path: Path) -> dict[date, float]:
    """Return the levels of an index from a CSV file: a column of dates, and one of levels behind it.

    It reads the publisher's history files (month/day/year) and files of month-ends (year-month, which stands
    for the month's last day); lines above the first date are headings.

    Raises
    ------
    ImportRefusedError
        If there is no such file, a line below the first date cannot be read, or there is none.
    """
    if not path.is_file():
        raise ImportRefusedError(path, "is no file; name the CSV of the index's levels")
    levels: dict[date, float] = {}
    with path.open(encoding="utf-8-sig", newline="") as text:
        for number, row in enumerate(csv.reader(text), start=1):
            day = _date_of(row[0].strip()) if row else None
            if day is None:
                if levels and any(cell.strip() for cell in row):
                    raise ImportRefusedError(path, f"has no date in its first column: {row[0]!r}", row=number)
                continue
            try:
                level = float(row[1])
            except (IndexError, ValueError) as error:
                raise ImportRefusedError(path, "has no level behind the date", row=number) from error
            if not level > 0:
                raise ImportRefusedError(path, f"has a level of {level}, which must be above 0", row=number)
            levels[day] = level
    if not levels:
        raise ImportRefusedError(path, "has no line that begins with a date and has a level behind it")
    return levels


def _date_of(text: str) -> date | None:
    for form in DATE_FORMS:
        try:
            found = datetime.strptime(text, form).replace(tzinfo=UTC).date()
        except ValueError:
            continue
        return found.replace(day=28) if form == "%Y-%m" else found
    return None
