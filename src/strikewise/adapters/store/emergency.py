"""The emergency journal: a file that takes facts when the database does not, and gives them back to it.

Its room on disk is taken while there is some, so that a full disk does not stop it. Each batch of facts is
one line, synced before anybody hears that it was written; a line that a crash cut off was never promised to
anybody and is dropped.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from strikewise.adapters.store.copies import sync_folder
from strikewise.adapters.store.fact_lines import fact_of_line, line_of_fact
from strikewise.adapters.store.sql_ledger import SqlLedger
from strikewise.domain.errors import LedgerConflictError, LedgerDamagedError, LedgerError
from strikewise.portfolio.ledger import GENESIS, Fact, Record

__all__ = ["RESERVE_BYTES", "EmergencyJournal", "Merged", "merge"]

RESERVE_BYTES = 1 << 20
"""Room that is taken beforehand: some thousand facts."""

_TRIES = 10
"""How often a merge begins again because others write at the same time."""


class EmergencyJournal:
    """Facts that wait for the ledger's database, in a file.

    Parameters
    ----------
    path : Path
        The file; made if it is not there.
    reserve : int
        Bytes of room that it takes beforehand.

    Raises
    ------
    LedgerError
        If the file cannot be made or read: nothing should be traded then.
    LedgerDamagedError
        If batches in it that were promised cannot be read.
    """

    def __init__(self, path: Path, reserve: int = RESERVE_BYTES) -> None:
        self.path, self._reserve = path, reserve
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            self._make_room()
        except OSError as error:
            raise LedgerError(
                f"There is no room for the emergency journal {path} ({error.strerror}): make some first, for "
                "without it no exit could be written down when the ledger's database fails."
            ) from error
        self._facts, self._end = self._read()
        self._blank(self._end)

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._file)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def facts(self) -> tuple[Fact, ...]:
        """What waits, in order: numbered and chained as if the ledger had taken it."""
        return tuple(self._facts)

    def append(self, facts: Sequence[Fact]) -> None:
        """Write a batch, all or none; it is on disk when this returns.

        Raises
        ------
        LedgerError
            If the disk does not take it either.
        """
        line = b"[" + b",".join(line_of_fact(fact)[:-1] for fact in facts) + b"]\n"
        try:
            self._write(line, self._end)
        except OSError as error:
            with suppress(OSError):
                self._blank(self._end)
            raise LedgerError(
                f"The emergency journal {self.path} cannot be written ({error.strerror}): make room on its "
                "disk, and look at the broker's side, for nothing can be written down any more."
            ) from error
        self._facts += facts
        self._end += len(line)

    def retire(self) -> Path | None:
        """Put away what has been merged, under another name, and begin anew; None where nothing waits."""
        if not self._facts:
            return None
        merged = self.path.with_name(f"{self.path.stem}-{self._facts[0].seq}-{self._facts[-1].seq}.merged")
        os.ftruncate(self._file, self._end)
        os.fsync(self._file)
        self.path.replace(merged)
        sync_folder(self.path.parent)
        os.close(self._file)
        self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._facts, self._end = [], 0
        self._make_room()
        return merged

    def _make_room(self) -> None:
        size = os.fstat(self._file).st_size
        if size < self._reserve:
            self._write(bytes(self._reserve - size), size)
            sync_folder(self.path.parent)

    def _write(self, data: bytes, at: int) -> None:
        while data:
            written = os.pwrite(self._file, data, at)
            data, at = data[written:], at + written
        os.fsync(self._file)

    def _read(self) -> tuple[list[Fact], int]:
        content = os.pread(self._file, os.fstat(self._file).st_size, 0)
        facts: list[Fact] = []
        end = 0
        for line in content.splitlines(keepends=True):
            batch = _batch_of(line)
            if batch is None:
                break
            facts += batch
            end += len(line)
        if any(_batch_of(line) for line in content[end:].splitlines(keepends=True)):
            raise LedgerDamagedError(str(self.path), f"a batch behind fact {_last(facts)} cannot be read")
        return facts, end

    def _blank(self, at: int) -> None:
        """Overwrite what stands behind the last whole batch."""
        rest = os.pread(self._file, os.fstat(self._file).st_size - at, at)
        if rest.strip(b"\0"):
            self._write(bytes(len(rest)), at)


def _last(facts: Sequence[Fact]) -> int:
    return facts[-1].seq if facts else 0


def _batch_of(line: bytes) -> list[Fact] | None:
    """Return the facts of a line; None where it is not a whole batch."""
    if not line.startswith(b"[") or not line.endswith(b"]\n"):
        return None
    try:
        return [fact_of_line(json.dumps(columns).encode()) for columns in json.loads(line)]
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class Merged:
    """What became of an emergency journal.

    Attributes
    ----------
    added : int
        Facts that the ledger did not have yet.
    moved : bool
        Whether others had written meanwhile, so that facts have other numbers than they were given.
    """

    added: int
    moved: bool


def merge(journal: EmergencyJournal, ledger: SqlLedger) -> Merged:
    """Give what waits in a journal to the ledger; what the ledger has already is not written again.

    Facts keep their instants; where somebody wrote meanwhile they get later numbers, and name their causes by
    those.

    Raises
    ------
    LedgerError
        If the ledger cannot be written, or is not the one that the journal continues.
    """
    for _ in range(_TRIES):
        if not journal.facts:
            return Merged(0, moved=False)
        _refuse_another_ledger(journal, ledger)
        end, numbers, missing = _compare(journal.facts, ledger)
        try:
            ledger.append_records(missing, expected=end)
        except LedgerConflictError:
            continue
        journal.retire()
        return Merged(len(missing), moved=any(old != new for old, new in numbers.items()))
    raise LedgerError(f"The emergency journal {journal.path} cannot be merged while others write: try again.")


def _refuse_another_ledger(journal: EmergencyJournal, ledger: SqlLedger) -> None:
    first = journal.facts[0]
    before = next(ledger.facts(first.seq - 2), None) if first.seq > 1 else None
    if (GENESIS if first.seq == 1 else before and before.hash) != first.prev_hash:
        raise LedgerError(
            f"The emergency journal {journal.path} continues a ledger after fact {first.seq - 1}, which this "
            "one does not have: restore a backup that has it, or move the journal away; reconciliation then "
            "finds what the broker did."
        )


def _compare(waiting: Sequence[Fact], ledger: SqlLedger) -> tuple[int, dict[int, int], list[Record]]:
    """Return where the ledger ends, the number there of each waiting fact, and those it does not have."""
    base = waiting[0].seq - 1
    there = list(ledger.facts(base))
    end = there[-1].seq if there else base
    numbers: dict[int, int] = {}
    missing: list[Record] = []
    rest: Iterator[Fact] = iter(there)
    for fact in waiting:
        found = None if missing else next((one for one in rest if _identity(one) == _identity(fact)), None)
        if found is not None:
            numbers[fact.seq] = found.seq
            continue
        number = numbers[fact.seq] = end + len(missing) + 1
        cause = fact.cause if fact.cause is None or fact.cause <= base else numbers[fact.cause]
        missing.append(Record(number, fact.event, fact.known_at, fact.recorded_at, fact.actor, cause))
    return end, numbers, missing


def _identity(fact: Fact) -> tuple[object, ...]:
    return fact.kind, fact.schema_version, fact.known_at, fact.recorded_at, fact.actor, fact.payload
