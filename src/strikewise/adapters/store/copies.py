"""Copies of a whole ledger in one file: a SQLite database, or lines of JSON that every database can take.

A copy is written beside its place, read again from its first fact to its last, and only then given its name:
a file with that name is whole.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import takewhile
from pathlib import Path

from sqlalchemy import Connection, NullPool, create_engine
from sqlalchemy.exc import DBAPIError

from strikewise.adapters.store.fact_lines import read_fact_lines, write_fact_lines
from strikewise.adapters.store.fact_rows import end_of, pages
from strikewise.domain.errors import LedgerError
from strikewise.portfolio.ledger import Fact, Head, verify

__all__ = [
    "LINES_SUFFIX",
    "SIDECARS",
    "SQLITE_SUFFIX",
    "copy_facts",
    "named_when_whole",
    "sync_folder",
    "verify_copy",
    "write_copy",
]

SQLITE_SUFFIX, LINES_SUFFIX = ".db", ".jsonl"
SIDECARS = ("-wal", "-shm", "-journal")
"""Behind a SQLite file's name: what may lie beside it."""

_MAGIC = b"SQLite format 3\x00"


def write_copy(connection: Connection, path: Path, *, replace: bool = False, sound: bool = True) -> Head:
    """Copy the ledger of a connection to a file, and return where the copy ends.

    Parameters
    ----------
    connection : Connection
        That sees one state of the database; of SQLite for a path that ends in ``.db``.
    path : Path
        Where to; ``.jsonl`` are lines of JSON.
    replace : bool
        Whether a file of that name may be there.
    sound : bool
        Whether the copy has to hold together; False for one of a ledger that does not.

    Raises
    ------
    LedgerError
        If there is such a file, or the copy does not hold what the ledger has.
    OSError
        If the file cannot be written.
    """
    with named_when_whole(path, replace=replace) as part:
        end = end_of(connection)
        if path.suffix == SQLITE_SUFFIX:
            _copy_sqlite(connection, part)
        else:
            with part.open("wb") as file:
                facts = pages(lambda: _borrowed(connection))
                write_fact_lines(file, takewhile(lambda fact: fact.seq <= end.seq, facts), end)
        if sound and verify_copy(part) != end:
            raise LedgerError(f"The copy {path} does not hold what the ledger has: try again.")
    return end


@contextmanager
def named_when_whole(path: Path, *, replace: bool = False) -> Iterator[Path]:
    """Give the name of a file beside ``path``; it gets that name, synced to disk, if nothing is raised.

    Raises
    ------
    LedgerError
        If there is a file at ``path`` that may not be replaced.
    """
    if path.exists() and not replace:
        raise LedgerError(f"There is a file {path} already: name another, for a backup is not overwritten.")
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    part.unlink(missing_ok=True)
    try:
        yield part
        with part.open("rb+") as file:
            os.fsync(file.fileno())
        part.replace(path)
        sync_folder(path.parent)
    finally:
        for suffix in ("", *SIDECARS):
            part.with_name(part.name + suffix).unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Bring the names in a folder to disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def verify_copy(path: Path) -> Head:
    """Check every fact of a copy, and return where it ends.

    Raises
    ------
    LedgerError
        If it is no copy, is damaged, or ends before it should.
    LedgerCorruptError
        If a fact does not fit the chain.
    OSError
        If it cannot be read.
    """
    if not _is_sqlite(path):
        said, facts = read_fact_lines(path)
        end = verify(facts)
        if end != said:
            raise LedgerError(
                f"{path} should end at fact {said.seq} and ends at {end.seq}: it was cut off; use another."
            )
        return end
    with _reading(path) as connection:
        found = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar()
        if found != "ok":
            raise LedgerError(f"{path} is damaged ({found}): use another backup.")
        return verify(pages(lambda: _borrowed(connection)))


def copy_facts(path: Path, after: int = 0) -> Iterator[Fact]:
    """Yield the facts of a copy numbered above ``after``."""
    if _is_sqlite(path):
        with _reading(path) as connection:
            yield from pages(lambda: _borrowed(connection), after)
    else:
        yield from (fact for fact in read_fact_lines(path)[1] if fact.seq > after)


def _is_sqlite(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(_MAGIC)) == _MAGIC


@contextmanager
def _reading(path: Path) -> Iterator[Connection]:
    """Give a connection to a SQLite copy that leaves no trace beside it."""
    address = f"{path.absolute().as_uri()}?immutable=1"
    engine = create_engine(
        "sqlite://", creator=lambda: sqlite3.connect(address, uri=True), poolclass=NullPool
    )
    try:
        with engine.connect() as connection:
            yield connection
    except DBAPIError as error:
        raise LedgerError(f"{path} is no sound copy of a ledger ({error.orig}): use another.") from error
    finally:
        engine.dispose()


@contextmanager
def _borrowed(connection: Connection) -> Iterator[Connection]:
    yield connection


def _copy_sqlite(connection: Connection, path: Path) -> None:
    """Copy a SQLite database while others may write to it, into one file that is whole by itself."""
    driver = connection.connection.driver_connection
    if not isinstance(driver, sqlite3.Connection):
        raise LedgerError(f"Only a SQLite ledger is copied to {SQLITE_SUFFIX}: name a {LINES_SUFFIX} file.")

    def give_up(status: int, _: int, __: int) -> None:
        if status in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:  # the driver would try for ever
            raise LedgerError(f"{path} cannot be written while the ledger is locked: try again.")

    with closing(sqlite3.connect(path)) as copy:
        driver.backup(copy, progress=give_up)
        copy.execute("PRAGMA journal_mode=DELETE")
