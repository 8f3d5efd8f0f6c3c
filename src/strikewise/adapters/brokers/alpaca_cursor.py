"""Cursors into Alpaca's activities, which are not told in the order in which they become known.

An assignment of Friday is booked on Saturday under Friday's date, and its id begins with that date: an id
is no cursor. A cursor here is the latest instant of booking seen, and the lines booked shortly before it, so
that the next look begins earlier and leaves out what was told.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from strikewise.adapters.brokers.alpaca_answers import instant
from strikewise.domain.identifiers import short_digest

__all__ = ["Cursor"]


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far activities were told.

    Attributes
    ----------
    at : datetime or None
        The latest booking told, UTC; None before the first.
    told : frozenset of str
        Digests of the lines told that were booked less than the overlap before it.
    """

    at: datetime | None = None
    told: frozenset[str] = frozenset()

    @classmethod
    def read(cls, text: str) -> Cursor | None:
        """Read what `write` wrote; an empty text asks from the first line on, None is no cursor."""
        when, bar, digests = text.partition("|")
        at = instant(when)
        if not text:
            return cls()
        return cls(at, frozenset(filter(None, digests.split(",")))) if at is not None and bar else None

    def write(self) -> str:
        """Return the cursor as text; empty before the first line."""
        return "" if self.at is None else f"{self.at.isoformat()}|{','.join(sorted(self.told))}"

    def has(self, line: str) -> bool:
        """Return whether a line, by its name, was told."""
        return short_digest(line) in self.told

    def after(self, lines: Iterable[tuple[str, datetime]], overlap: timedelta) -> Cursor:
        """Return the cursor once all lines of an answer, names with instants, the old ones too, were told."""
        seen = dict(lines)
        latest = max([*seen.values(), *([self.at] if self.at else [])], default=None)
        if latest is None:
            return self
        near = {short_digest(name) for name, at in seen.items() if at >= latest - overlap}
        return Cursor(latest, frozenset(near))
