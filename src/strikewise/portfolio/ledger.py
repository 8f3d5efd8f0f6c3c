"""The port of the one ledger, and its in-memory form."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol

from strikewise.domain.events import Event


class Head(NamedTuple):
    """The end of a ledger: the last fact's number (0 where there is none) and hash."""

    seq: int
    hash: str


@dataclass(frozen=True, slots=True)
class Entry:
    """An event on its way into a ledger.

    Attributes
    ----------
    event : Event
        What happened.
    known_at : datetime
        From when it could be known, UTC.
    actor : str
        Who brought it about: a strategy's name, ``broker``, ``engine``, a person.
    cause : int or None
        Number of the fact that brought it about.
    """

    event: Event
    known_at: datetime
    actor: str
    cause: int | None = None


@dataclass(frozen=True, slots=True)
class Fact:
    """A row of the ledger, in the bytes that were hashed.

    Attributes
    ----------
    seq : int
        1, 2, 3… without a gap.
    kind, schema_version
        Which event, in which form.
    known_at, recorded_at : datetime
        When it could be known, and when it was written; UTC.
    actor, cause
        As in `Entry`.
    payload : str
        Canonical JSON of the event.
    prev_hash, hash : str
        SHA-256 in hex over all other columns and the previous fact's hash.
    """

    seq: int
    kind: str
    schema_version: int
    known_at: datetime
    recorded_at: datetime
    actor: str
    cause: int | None
    payload: str
    prev_hash: str
    hash: str


class Ledger(Protocol):
    """An append-only sequence of facts, the single source of truth."""

    @property
    def head(self) -> Head:
        """The end of the ledger."""
        ...

    def append(self, entries: Sequence[Entry], *, recorded_at: datetime, expected: int | None = None) -> Head:
        """Write events as facts, all or none.

        Raises
        ------
        LedgerConflictError
            If ``expected`` is given and the ledger does not end there.
        """
        ...

    def facts(self, after: int = 0) -> Iterator[Fact]:
        """Yield the facts numbered above ``after``, in order."""
        ...
