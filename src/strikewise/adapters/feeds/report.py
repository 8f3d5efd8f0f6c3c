"""What an import did: files, rows, and every row that was refused, counted by reason."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from strikewise.adapters.feeds.tables import ROW

__all__ = ["ImportReport", "Tally"]

MAX_EXAMPLES = 20


@dataclass(slots=True)
class Tally:
    """Counts kept while an import runs."""

    rows_read: int = 0
    rows_written: int = 0
    rows_unchanged: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    examples: list[str] = field(default_factory=list)
    notes: Counter[str] = field(default_factory=Counter)
    grades: set[str] = field(default_factory=set)
    underlyings: set[str] = field(default_factory=set)

    def reject(self, path: Path, reason: str, rows: list[int]) -> None:
        """Count rows of a file that are not taken, and keep the first of each reason as an example."""
        if not rows:
            return
        if self.rejected[reason] == 0 and len(self.examples) < MAX_EXAMPLES:
            self.examples.append(f"{path}, row {rows[0]}: {reason}")
        self.rejected[reason] += len(rows)

    def sift(self, path: Path, frame: pl.DataFrame, rules: dict[str, pl.Expr]) -> pl.DataFrame:
        """Return the rows that break no rule; a row is counted by the first one it breaks.

        Parameters
        ----------
        path : Path
            The file.
        frame : polars.DataFrame
            Rows with their numbers in `ROW`.
        rules : dict
            Reason to reject, and the expression that is true for the rows to reject (null counts as false).
        """
        for reason, broken in rules.items():
            mask = frame.select(broken.fill_null(value=False).alias("broken"))["broken"]
            if mask.any():
                self.reject(path, reason, frame.filter(mask)[ROW].to_list())
                frame = frame.filter(~mask)
        return frame


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did.

    Attributes
    ----------
    files : dict of str to str
        Imported files and the format each was read as.
    ignored : dict of str to str
        Files that were left alone, and why.
    rows_read, rows_written, rows_unchanged : int
        Rows of the files; new or changed in the store; there already.
    rejected : dict of str to int
        Rows not taken, by reason.
    examples : tuple of str
        The first row of each reason.
    notes : dict of str to int
        What a reader of results should know, and how often it happened.
    grades, underlyings : tuple of str
        Grades of the imported chains, and whose they are.
    """

    files: dict[str, str]
    ignored: dict[str, str]
    rows_read: int
    rows_written: int
    rows_unchanged: int
    rejected: dict[str, int]
    examples: tuple[str, ...]
    notes: dict[str, int]
    grades: tuple[str, ...]
    underlyings: tuple[str, ...]

    @classmethod
    def of(cls, files: dict[str, str], ignored: dict[str, str], tally: Tally) -> ImportReport:
        """Close the counts of an import."""
        return cls(
            files=files,
            ignored=ignored,
            rows_read=tally.rows_read,
            rows_written=tally.rows_written,
            rows_unchanged=tally.rows_unchanged,
            rejected=dict(tally.rejected.most_common()),
            examples=tuple(tally.examples),
            notes=dict(tally.notes.most_common()),
            grades=tuple(sorted(tally.grades)),
            underlyings=tuple(sorted(tally.underlyings)),
        )

    def as_dict(self) -> dict[str, Any]:
        """Return the report as plain values, for JSON."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}
