"""The port of the one ledger, the chain of hashes that holds it together, and its in-memory form."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from itertools import islice
from json.encoder import encode_basestring_ascii
from typing import NamedTuple, Protocol

from strikewise.domain.errors import LedgerConflictError, LedgerCorruptError, LedgerError
from strikewise.domain.events import SCHEMA_VERSIONS, Event
from strikewise.portfolio.codec import decode, encode, instant_text

GENESIS = "0" * 64
"""What the first fact has for its predecessor's hash, and the hash of an empty ledger."""


class Head:
    """The end of a ledger: the last fact's number (0 where there is none) and hash.

    Parameters
    ----------
    seq : int
        The number.
    hash_or_ledger : str or MemoryLedger
        The hash, or the ledger that computes it when it is asked for.
    """

    __slots__ = ("_hash", "seq")

    def __init__(self, seq: int, hash_or_ledger: str | MemoryLedger) -> None:
        self.seq = seq
        self._hash = hash_or_ledger

    @property
    def hash(self) -> str:
        """The last fact's hash; `GENESIS` where there is none."""
        if not isinstance(self._hash, str):
            self._hash = self._hash.hash_of(self.seq)
        return self._hash

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Head) and self.seq == other.seq and self.hash == other.hash

    def __hash__(self) -> int:
        return hash((self.seq, self.hash))

    def __repr__(self) -> str:
        return f"Head(seq={self.seq}, hash={self.hash!r})"


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


class Record(NamedTuple):
    """A fact as it is read: the event itself, with the ledger's columns that are not its bytes.

    Attributes
    ----------
    seq, event, known_at, recorded_at, actor, cause
        As in `Fact` and `Entry`.
    """

    seq: int
    event: Event
    known_at: datetime
    recorded_at: datetime
    actor: str
    cause: int | None


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

    @property
    def event(self) -> Event:
        """The event, read from the payload.

        Raises
        ------
        LedgerError
            If this strikewise cannot read it.
        """
        return decode(self.kind, self.schema_version, self.payload)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which facts are looked for; what is left out is not asked.

    Attributes
    ----------
    kinds : tuple of str
        Only those; empty for all.
    actor : str
        Only his; empty for all.
    cause : int or None
        Only what that fact brought about.
    after, before : int, int or None
        Only those numbered above the one and below the other.
    """

    kinds: tuple[str, ...] = ()
    actor: str = ""
    cause: int | None = None
    after: int = 0
    before: int | None = None

    def takes(self, fact: Fact) -> bool:
        """Return whether a fact is wanted."""
        return (
            (not self.kinds or fact.kind in self.kinds)
            and (not self.actor or fact.actor == self.actor)
            and (self.cause is None or fact.cause == self.cause)
            and self.after < fact.seq
            and (self.before is None or fact.seq < self.before)
        )


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

    def records(self, after: int = 0) -> Iterator[Record]:
        """Yield the events of the facts numbered above ``after``, in order."""
        ...

    def find(self, wanted: Wanted, limit: int, *, newest: bool = False) -> tuple[Fact, ...]:
        """Return the first facts that are wanted, in order; with ``newest`` the last ones, newest first."""
        ...


def fact_hash(
    seq: int,
    kind: str,
    schema_version: int,
    known_at: datetime,
    recorded_at: datetime,
    actor: str,
    cause: int | None,
    payload: str,
    prev_hash: str,
) -> str:
    """Return the SHA-256, in hex, of a fact's line: a JSON array of its columns in this order."""
    line = (
        f'[{seq},{_columns_text(kind, schema_version, known_at)},"{instant_text(recorded_at)}",'
        f'{_cause_text(actor, cause)},{payload},"{prev_hash}"]'
    )
    return sha256(line.encode("ascii")).hexdigest()


def _columns_text(kind: str, schema_version: int, known_at: datetime) -> str:
    return f'{encode_basestring_ascii(kind)},{schema_version},"{instant_text(known_at)}"'


def _cause_text(actor: str, cause: int | None) -> str:
    return f"{encode_basestring_ascii(actor)},{'null' if cause is None else cause}"


def seal(record: Record, prev_hash: str) -> Fact:
    """Return the fact that a record is behind the fact that has ``prev_hash``.

    Raises
    ------
    LedgerError
        If the event cannot be written.
    """
    seq, event, known_at, recorded_at, actor, cause = record
    kind = type(event).__name__
    payload = encode(event)
    version = SCHEMA_VERSIONS[kind]
    try:
        digest = fact_hash(seq, kind, version, known_at, recorded_at, actor, cause, payload, prev_hash)
    except ValueError as error:
        raise LedgerError(f"Fact {seq}, {kind}, cannot be written ({error}).") from error
    return Fact(seq, kind, version, known_at, recorded_at, actor, cause, payload, prev_hash, digest)


def number(entries: Iterable[Entry], after: int, recorded_at: datetime) -> Iterator[Record]:
    """Yield entries as the records that follow the fact ``after``.

    Raises
    ------
    LedgerError
        If a cause is not an earlier fact, or an actor's name has characters that cannot be printed.
    """
    for seq, entry in enumerate(entries, after + 1):
        if entry.cause is not None and not 0 < entry.cause < seq:
            raise LedgerError(f"Fact {seq} cannot be caused by fact {entry.cause}: a cause comes before.")
        if not entry.actor.isprintable():
            raise LedgerError(f"The actor of fact {seq} must be a printable name; was {entry.actor!r}.")
        yield Record(seq, entry.event, entry.known_at, recorded_at, entry.actor, entry.cause)


def read(facts: Iterable[Fact]) -> Iterator[Record]:
    """Yield the events of facts.

    Raises
    ------
    LedgerError
        If this strikewise cannot read one.
    """
    for fact in facts:
        yield Record(fact.seq, fact.event, fact.known_at, fact.recorded_at, fact.actor, fact.cause)


def verify(facts: Iterable[Fact], after: Head | None = None) -> Head:
    """Check that facts follow each other without gap and that every hash is that of its fact.

    The chain shows what was changed, lost or added anywhere but at its end; that the end is still there only
    a head noted elsewhere can show.

    Parameters
    ----------
    facts : iterable of Fact
        In order.
    after : Head, optional
        The fact before the first of them; left out for a whole ledger.

    Returns
    -------
    Head
        The last fact.

    Raises
    ------
    LedgerCorruptError
        Naming the first fact that does not fit.
    """
    seq, prev_hash = (0, GENESIS) if after is None else (after.seq, after.hash)
    for fact in facts:
        seq += 1
        if fact.seq != seq:
            raise LedgerCorruptError(seq, f"fact {fact.seq} stands in its place")
        if fact.prev_hash != prev_hash:
            raise LedgerCorruptError(seq, "it does not name the hash of the fact before it")
        try:
            found = fact_hash(
                fact.seq,
                fact.kind,
                fact.schema_version,
                fact.known_at,
                fact.recorded_at,
                fact.actor,
                fact.cause,
                fact.payload,
                fact.prev_hash,
            )
        except ValueError as error:
            raise LedgerCorruptError(seq, str(error)) from error
        if fact.hash != found:
            raise LedgerCorruptError(seq, "its hash is not that of its columns")
        prev_hash = fact.hash
    return Head(seq, prev_hash)


def fingerprint(facts: Iterable[Fact]) -> str:
    """Return one SHA-256, in hex, of what happened, whenever it was written down.

    It leaves out ``recorded_at`` and the hashes that hang on it: the same decisions on the same data have the
    same fingerprint, though a clock on the wall stamped one of two ledgers.
    """
    digest = sha256()
    for fact in facts:
        line = (
            f"[{_columns_text(fact.kind, fact.schema_version, fact.known_at)},"
            f"{_cause_text(fact.actor, fact.cause)},{fact.payload}]\n"
        )
        digest.update(line.encode("ascii"))
    return digest.hexdigest()


class MemoryLedger:
    """A ledger for the length of a program: the same facts and hashes as any other.

    Events are kept as they are and never change, so bytes and hashes are made when somebody asks for them; an
    event that cannot be written is therefore refused only then.
    """

    def __init__(self) -> None:
        self._records: list[Record] = []
        self._sealed: list[Fact] = []

    @property
    def head(self) -> Head:
        """The end of the ledger."""
        return Head(len(self._records), self)

    def hash_of(self, seq: int) -> str:
        """Return the hash of a fact; `GENESIS` for number 0."""
        self._seal(seq)
        return self._sealed[seq - 1].hash if seq else GENESIS

    def append(self, entries: Sequence[Entry], *, recorded_at: datetime, expected: int | None = None) -> Head:
        """Write events as facts.

        Raises
        ------
        LedgerConflictError
            If ``expected`` is given and the ledger does not end there.
        """
        end = len(self._records)
        if expected is not None and expected != end:
            raise LedgerConflictError(expected, end)
        self._records += list(number(entries, end, recorded_at))
        return self.head

    def facts(self, after: int = 0) -> Iterator[Fact]:
        """Yield the facts numbered above ``after``, in order."""
        end = len(self._records)
        self._seal(end)
        yield from islice(self._sealed, after, end)

    def records(self, after: int = 0) -> Iterator[Record]:
        """Yield the events of the facts numbered above ``after``, in order."""
        yield from islice(self._records, after, len(self._records))

    def find(self, wanted: Wanted, limit: int, *, newest: bool = False) -> tuple[Fact, ...]:
        """Return the first facts that are wanted, in order; with ``newest`` the last ones, newest first."""
        self._seal(len(self._records))
        facts = reversed(self._sealed) if newest else iter(self._sealed)
        return tuple(islice(filter(wanted.takes, facts), limit))

    def _seal(self, end: int) -> None:
        for record in islice(self._records, len(self._sealed), end):
            self._sealed.append(seal(record, self._sealed[-1].hash if self._sealed else GENESIS))
