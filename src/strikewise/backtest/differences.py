"""Two runs beside each other, fact by fact: where they part, who parted, and by which numbers."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from strikewise.backtest.runner import ReplaySpec, replay
from strikewise.market.calendar import SessionCalendar
from strikewise.market.source import MarketSource
from strikewise.portfolio.codec import encode
from strikewise.portfolio.ledger import MemoryLedger, Record

__all__ = ["Difference", "Written", "facts_of", "first_difference"]


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that was not the same when data were cut off.

    Attributes
    ----------
    cut : datetime
        Where they were cut: the last instant known, or the first.
    at : datetime
        The instant at which it shows.
    who : str
        The strategy (by its label), the engine, the broker; or ``feature`` and the symbol.
    what : str
        The kind of fact, or the name of the feature.
    names : tuple of str
        The fields that differ; a signal's features by name.
    whole, cut_off : str
        What it was over all data, and over those that were left; short.
    """

    cut: datetime
    at: datetime
    who: str
    what: str
    names: tuple[str, ...]
    whole: str
    cut_off: str

    def as_dict(self) -> dict[str, object]:
        """Return the JSON form."""
        return {
            "cut": self.cut.isoformat(),
            "at": self.at.isoformat(),
            "who": self.who,
            "what": self.what,
            "names": list(self.names),
            "whole": self.whole,
            "cut_off": self.cut_off,
        }


class Written(NamedTuple):
    """A fact of a run, with its payload in the bytes that are hashed."""

    record: Record
    payload: str


def facts_of(spec: ReplaySpec, source: MarketSource, calendar: SessionCalendar) -> list[Written]:
    """Run a specification in memory and return what it wrote."""
    ledger = MemoryLedger()
    replay(spec, source, calendar, ledger)
    return [Written(record, encode(record.event)) for record in ledger.records()]


def first_difference(whole: Sequence[Written], again: Sequence[Written], cut: datetime) -> Difference | None:
    """Return the first fact in which two runs differ, or None where they wrote the same.

    Parameters
    ----------
    whole, again : sequence of Written
        What the two runs wrote; a run that wrote less than the other differs from it.
    cut : datetime
        Where the data of the second were cut.
    """
    for one, other in zip(whole, again, strict=False):
        if one.payload != other.payload or one.record[2:] != other.record[2:]:
            return _told(one, other, cut)
    if len(whole) > len(again):
        return _told(whole[len(again)], None, cut)
    return _told(again[len(whole)], None, cut, missing=True) if len(again) > len(whole) else None


def _told(shown: Written, other: Written | None, cut: datetime, *, missing: bool = False) -> Difference:
    names, whole, cut_off = _fields(None, shown) if missing else _fields(shown, other)
    event, record = type(shown.record.event).__name__, shown.record
    return Difference(cut, record.known_at, record.actor, event, names, whole, cut_off)


def _fields(one: Written | None, other: Written | None) -> tuple[tuple[str, ...], str, str]:
    """Return the names that differ, and their values on either side."""
    if one is None or other is None or type(one.record.event) is not type(other.record.event):
        return (), _kind(one), _kind(other)
    left = dict(_flat(json.loads(one.payload)))
    right = dict(_flat(json.loads(other.payload)))
    names = tuple(sorted(name for name in left.keys() | right.keys() if left.get(name) != right.get(name)))
    # The features at entry say more than what follows from them.
    telling = tuple(name for name in names if ".because." in f".{name}") or names
    return telling, _shown(left, telling), _shown(right, telling)


def _kind(written: Written | None) -> str:
    return "nothing" if written is None else type(written.record.event).__name__


def _flat(value: object, name: str = "") -> Iterator[tuple[str, object]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _flat(inner, f"{name}.{key}" if name else str(key))
    else:
        yield name, value


def _shown(values: Mapping[str, object], names: Sequence[str]) -> str:
    return ", ".join(f"{name.rpartition('.')[2]}={values.get(name)}" for name in names[:4])
