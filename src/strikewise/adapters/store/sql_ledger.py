"""The ledger in SQLite or PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from sqlalchemy import Connection, text

from strikewise.adapters.store import read_tables
from strikewise.adapters.store.database import Database
from strikewise.adapters.store.fact_rows import end_of, find_facts, insert_facts, pages
from strikewise.adapters.store.leases import SqlLeases
from strikewise.adapters.store.schema import BUSY_SECONDS, exclude_others
from strikewise.domain.errors import LedgerConflictError
from strikewise.portfolio.journal import Journal, JournalKeeper
from strikewise.portfolio.ledger import Entry, Fact, Head, Record, Wanted, number, read, seal, verify


class SqlLedger:
    """A ledger in a database, made or brought up to date when it is opened.

    Parameters
    ----------
    url : str
        ``sqlite:////path/to/ledger.db`` or ``postgresql+psycopg://user@host/database``.

    backups : Path, optional
        Folder of the copy that is made before tables of an older strikewise are brought up to date; a file's
        copy is put beside it where none is named.
    busy_seconds : float
        How long to wait for another writer before giving up.

    Raises
    ------
    LedgerError
        If the database cannot be reached, is newer than this strikewise, or is not a ledger.
    """

    def __init__(self, url: str, *, backups: Path | None = None, busy_seconds: float = BUSY_SECONDS) -> None:
        self._database = Database(url, backups=backups, busy_seconds=busy_seconds)
        self._keeper = JournalKeeper()
        self.leases = SqlLeases(self._database)

    def close(self) -> None:
        """Let go of all connections."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def head(self) -> Head:
        """The end of the ledger."""
        with self._database.reading() as connection:
            return end_of(connection)

    def append(self, entries: Sequence[Entry], *, recorded_at: datetime, expected: int | None = None) -> Head:
        """Write events as facts, all or none; they are on disk when this returns.

        Raises
        ------
        LedgerConflictError
            If ``expected`` is given and the ledger does not end there.
        LedgerError
            If an event cannot be written, or the database does not take it.
        """
        with self._appending(expected) as (connection, end):
            return _write(connection, end, number(entries, end.seq, recorded_at))

    def append_records(self, records: Sequence[Record], *, expected: int) -> Head:
        """Write records as facts, all or none: numbered, caused and stamped as they are.

        Raises
        ------
        LedgerConflictError
            If the ledger does not end at ``expected``.
        LedgerError
            If a record's number is not the next, or the database does not take it.
        """
        with self._appending(expected) as (connection, end):
            return _write(connection, end, records)

    def facts(self, after: int = 0) -> Iterator[Fact]:
        """Yield the facts numbered above ``after``, in order, page by page; a writer is not held up.

        Raises
        ------
        LedgerCorruptError
            If a row cannot be a fact.
        """
        return pages(self._database.reading, after)

    def records(self, after: int = 0) -> Iterator[Record]:
        """Yield the events of the facts numbered above ``after``, in order."""
        return read(self.facts(after))

    def find(self, wanted: Wanted, limit: int, *, newest: bool = False) -> tuple[Fact, ...]:
        """Return the first facts that are wanted, in order; with ``newest`` the last ones, newest first.

        Raises
        ------
        LedgerCorruptError
            If a row cannot be a fact.
        """
        with self._database.reading() as connection:
            return find_facts(connection, wanted, limit, newest=newest)

    def examine(self, last: int = 1000) -> Head:
        """Check the database's own structure and the chain of the ``last`` facts; return where it ends.

        It is what a start can afford; `strikewise.portfolio.ledger.verify` over all facts is the whole proof.

        Raises
        ------
        LedgerError
            If the database is damaged.
        LedgerCorruptError
            If a fact does not fit the chain.
        """
        self._database.examine()
        end = self.head
        before = next(self.facts(end.seq - last - 1), None) if end.seq > last else None
        start = None if before is None else Head(before.seq, before.hash)
        return verify(self.facts(0 if start is None else start.seq), start)

    def journal(self) -> Journal:
        """Return the journal, from tables that are first brought up to the last fact.

        Raises
        ------
        LedgerError
            If the database has tables of these names that are not ours.
        """
        self._project()
        with self._database.reading() as connection:
            return read_tables.read(connection)

    def rebuild_journal(self) -> Journal:
        """Drop the journal's tables, fill them again from the facts, and return the journal."""
        with self._database.writing() as connection:
            exclude_others(connection)
            read_tables.drop(connection)
        return self.journal()

    def _project(self) -> None:
        """Write the rows that facts changed since somebody last wrote the tables."""
        while True:
            with self._database.reading() as connection:
                done, end = read_tables.projected(connection), end_of(connection).seq
            if done == end:
                return
            self._keep(done or 0)
            with self._database.writing() as connection:
                exclude_others(connection)
                if read_tables.projected(connection) == done:  # else somebody was faster: look again
                    read_tables.write(connection, self._keeper)
                    return

    def _keep(self, done: int) -> None:
        """Read on to the end, and remember what changed after the fact ``done``."""
        if self._keeper.state.seq > done:
            self._keeper = JournalKeeper()
        for record in self.records(after=self._keeper.state.seq):
            if record.seq == done + 1:
                self._keeper.changed.clear()
            self._keeper.add(record)

    @contextmanager
    def _appending(self, expected: int | None) -> Iterator[tuple[Connection, Head]]:
        """Give a connection behind whose end nobody else writes, and that end."""
        with self._database.writing() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text("LOCK TABLE facts IN EXCLUSIVE MODE"))  # readers may go on
            end = end_of(connection)
            if expected is not None and expected != end.seq:
                raise LedgerConflictError(expected, end.seq)
            yield connection, end


def _write(connection: Connection, end: Head, records: Iterable[Record]) -> Head:
    made: list[Fact] = []
    for record in records:
        made.append(seal(record, made[-1].hash if made else end.hash))
    insert_facts(connection, made)
    return Head(end.seq + len(made), made[-1].hash if made else end.hash)
