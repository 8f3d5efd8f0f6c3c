"""A ledger's database: found by its address, brought up to date when opened, spoken to in our errors."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

from sqlalchemy import Connection, Engine, create_engine, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError

from strikewise.adapters.store.schema import DIALECTS, WRITES, migrate, prepare
from strikewise.domain.errors import LedgerError

__all__ = ["Database", "engine_of"]

_DAMAGED = ("malformed", "not a database", "invalid page", "could not read block")


class Database:
    """A database with a ledger in it.

    Parameters
    ----------
    url : str
        ``sqlite:////path/to/ledger.db`` or ``postgresql+psycopg://user@host/database``.

    Raises
    ------
    LedgerError
        If it cannot be reached, is newer than this strikewise, or is not a ledger's.
    """

    def __init__(self, url: str) -> None:
        self._engine = engine_of(url)
        prepare(self._engine)
        try:
            with self.writing() as connection:
                migrate(connection)
        except BaseException:
            self.close()
            raise

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
        raise LedgerError(
            f"The ledger {where} is damaged, or is no ledger ({error.orig}): restore a backup with "
            "`strikewise ledger restore BACKUP --replace`."
        ) from error
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
        return create_engine(address)
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
