"""The ledger in SQLite or PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from types import TracebackType
from typing import Any, Self

from sqlalchemy import Connection, Row, insert, select, text

from strikewise.adapters.store import read_tables
from strikewise.adapters.store.database import Database
from strikewise.adapters.store.leases import SqlLeases
from strikewise.adapters.store.schema import exclude_others, facts
from strikewise.domain.errors import LedgerConflictError, LedgerCorruptError
from strikewise.portfolio.codec import instant_text
from strikewise.portfolio.journal import Journal, JournalKeeper
from strikewise.portfolio.ledger import GENESIS, Entry, Fact, Head, Record, number, read, seal

_PAGE = 1000


class SqlLedger:
    """A ledger in a database, made or brought up to date when it is opened.

    Parameters
    ----------
    url : str
        ``sqlite:////path/to/ledger.db`` or ``postgresql+psycopg://user@host/database``.

    Raises
    ------
    LedgerError
        If the database cannot be reached, is newer than this strikewise, or is not a ledger.
    """

    def __init__(self, url: str) -> None:
        self._database = Database(url)
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
            return _end(connection)

    def append(self, entries: Sequence[Entry], *, recorded_at: datetime, expected: int | None = None) -> Head:
        """Write events as facts, all or none; they are on disk when this returns.

        Raises
        ------
        LedgerConflictError
            If ``expected`` is given and the ledger does not end there.
        LedgerError
            If an event cannot be written, or the database does not take it.
        """
        with self._database.writing() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text("LOCK TABLE facts IN EXCLUSIVE MODE"))  # readers may go on
            seq, prev_hash = (end := _end(connection)).seq, end.hash
            if expected is not None and expected != seq:
                raise LedgerConflictError(expected, seq)
            rows = []
            for record in number(entries, seq, recorded_at):
                fact = seal(record, prev_hash)
                prev_hash = fact.hash
                rows.append(_row_of(fact))
            if rows:
                connection.execute(insert(facts), rows)
        return Head(seq + len(rows), prev_hash)

    def facts(self, after: int = 0) -> Iterator[Fact]:
        """Yield the facts numbered above ``after``, in order, page by page; a writer is not held up.

        Raises
        ------
        LedgerCorruptError
            If a row cannot be a fact.
        """
        while True:
            with self._database.reading() as connection:
                query = select(facts).where(facts.c.seq > after).order_by(facts.c.seq).limit(_PAGE)
                rows = connection.execute(query).all()
            for row in rows:
                yield _fact_of(row)
            if len(rows) < _PAGE:
                return
            after = rows[-1].seq

    def records(self, after: int = 0) -> Iterator[Record]:
        """Yield the events of the facts numbered above ``after``, in order."""
        return read(self.facts(after))

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
                done, end = read_tables.projected(connection), _end(connection).seq
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


def _end(connection: Connection) -> Head:
    query = select(facts.c.seq, facts.c.hash).order_by(facts.c.seq.desc()).limit(1)
    last = connection.execute(query).first()
    return Head(0, GENESIS) if last is None else Head(last.seq, last.hash)


def _row_of(fact: Fact) -> dict[str, Any]:
    return {
        "seq": fact.seq,
        "kind": fact.kind,
        "schema_version": fact.schema_version,
        "known_at": instant_text(fact.known_at),
        "recorded_at": instant_text(fact.recorded_at),
        "actor": fact.actor,
        "cause": fact.cause,
        "payload": fact.payload,
        "prev_hash": fact.prev_hash,
        "hash": fact.hash,
    }


def _fact_of(row: Row[Any]) -> Fact:
    try:
        return Fact(
            seq=row.seq,
            kind=row.kind,
            schema_version=row.schema_version,
            known_at=datetime.fromisoformat(row.known_at),
            recorded_at=datetime.fromisoformat(row.recorded_at),
            actor=row.actor,
            cause=row.cause,
            payload=row.payload,
            prev_hash=row.prev_hash,
            hash=row.hash,
        )
    except (TypeError, ValueError) as error:
        raise LedgerCorruptError(row.seq, f"an instant of it is none: {error}") from error
