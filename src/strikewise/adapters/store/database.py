"""A ledger's database: found by its address, brought up to date when opened, spoken to in our errors."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import NoReturn, Self

from sqlalchemy import Connection, Engine, create_engine, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError

from strikewise.adapters.store.copies import LINES_SUFFIX, SQLITE_SUFFIX, write_copy
from strikewise.adapters.store.fact_rows import end_of
from strikewise.adapters.store.schema import BUSY_SECONDS, DIALECTS, WRITES, is_current, migrate, prepare
from strikewise.domain.errors import LedgerDamagedError, LedgerError

__all__ = ["Database", "engine_of", "file_of"]

_PATIENCE = {"connect_timeout": 10, "tcp_user_timeout": 10_000}
"""Of PostgreSQL's client: seconds to connect, milliseconds until a silent network is an error."""

_DAMAGED = ("malformed", "not a database", "invalid page", "could not read block")


class Database:
    """A database with a ledger in it.

    Parameters
    ----------
    url : str
        ``sqlite:////path/to/ledger.db`` or ``postgresql+psycopg://user@host/database``.
    backups, busy_seconds
        As in `strikewise.adapters.store.sql_ledger.SqlLedger`.

    Raises
    ------
    LedgerError
        If it cannot be reached, is newer than this strikewise, or is not a ledger's.
    """

    def __init__(self, url: str, *, backups: Path | None = None, busy_seconds: float = BUSY_SECONDS) -> None:
        self._engine = engine_of(url)
        self._backups = backups
        prepare(self._engine, busy_seconds)
        try:
            with self.reading() as connection:
                current = is_current(connection)
            if not current:
                with self.writing() as connection:
                    migrate(connection, self._keep_copy)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def where(self) -> str:
        """The address, without a password."""
        return self._engine.url.render_as_string()

    @property
    def file(self) -> Path | None:
        """The file, where it is one."""
        return file_of(self._engine)

    def close(self) -> None:
        """Let go of all connections."""
        self._engine.dispose()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection that sees one state of the database."""
        with self._speaking(), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Give a connection in a transaction that is kept if nothing is raised."""
        engine = self._engine.execution_options(**{WRITES: True})
        with self._speaking(), engine.begin() as connection:
            yield connection

    def examine(self) -> None:
        """Check that the database's own structure is sound, where that can be asked.

        Raises
        ------
        LedgerError
            If it is not.
        """
        if self._engine.dialect.name != "sqlite":
            return  # PostgreSQL checks its pages when it reads them
        with self.reading() as connection:
            found = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar()
        if found != "ok":
            raise LedgerDamagedError(self.where, str(found))

    def _keep_copy(self, revision: str) -> Path | None:
        """Copy the facts before the tables change; None where there are none."""
        with self.reading() as connection:
            end = end_of(connection)
        folder = self._backups or (self.file.parent if self.file else None)
        if not end.seq:
            return None
        if folder is None:
            raise LedgerError(
                f"The ledger {self.where} is of an older strikewise, and there is no folder for the copy "
                "that is made before it is changed: open it once with `strikewise ledger info`."
            )
        stem = self.file.stem if self.file else "ledger"
        suffix = SQLITE_SUFFIX if self.file else LINES_SUFFIX
        copy = folder / f"{stem}-before-{revision}-at-{end.seq}{suffix}"
        with self.reading() as connection:
            write_copy(connection, copy, replace=True)
        return copy

    @contextmanager
    def _speaking(self) -> Iterator[None]:
        """Turn the database's errors into ours."""
        try:
            yield
        except DBAPIError as error:
            _tell(self.where, error)


def _tell(where: str, error: DBAPIError) -> NoReturn:
    if isinstance(error, IntegrityError):
        raise LedgerError(f"The ledger {where} refused a fact ({error.orig}).") from error
    if any(word in str(error.orig) for word in _DAMAGED):
        raise LedgerDamagedError(where, str(error.orig)) from error
    raise LedgerError(f"The ledger {where} does not answer ({error.orig}).") from error


def file_of(engine: Engine) -> Path | None:
    """Return the file that a database is, where it is one."""
    name = engine.url.database
    return Path(name) if engine.dialect.name == "sqlite" and name and name != ":memory:" else None


def engine_of(url: str) -> Engine:
    """Return an engine for an address.

    Raises
    ------
    LedgerError
        If it is none, names another kind of database, or its driver is not installed.
    """
    try:
        address = make_url(url)
        if address.get_backend_name() not in DIALECTS:
            raise LedgerError(
                f"A ledger lives in {' or '.join(DIALECTS)}; {address.get_backend_name()!r} was asked for."
            )
        if address.get_backend_name() == "sqlite":
            return create_engine(address)
        return create_engine(address, pool_pre_ping=True, connect_args=_PATIENCE)
    except ArgumentError as error:
        raise LedgerError(
            f"{_without_password(url)!r} is no database address; write sqlite:////path/to/ledger.db."
        ) from error
    except ModuleNotFoundError as error:
        raise LedgerError(
            f"The database driver {error.name!r} is not installed: install it first."
        ) from error


def _without_password(url: str) -> str:
    return re.sub(r"(?<=:)[^:/@]*(?=@)", "***", url)
