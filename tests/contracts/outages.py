"""Ways in which a ledger's database fails while it is in use, and comes back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from sqlalchemy import NullPool, create_engine

from strikewise.adapters.store.sql_ledger import SqlLedger

Outage = Callable[[SqlLedger], AbstractContextManager[None]]


@contextmanager
def locked(ledger: SqlLedger) -> Iterator[None]:
    """Let somebody else write, and not end."""
    engine = create_engine(ledger._database._engine.url, poolclass=NullPool)
    with engine.connect() as connection:
        sqlite = connection.dialect.name == "sqlite"
        connection.exec_driver_sql("BEGIN IMMEDIATE" if sqlite else "LOCK TABLE facts IN EXCLUSIVE MODE")
        try:
            yield
        finally:
            connection.rollback()
    engine.dispose()


@contextmanager
def read_only(ledger: SqlLedger) -> Iterator[None]:
    """Let nothing be written."""
    sqlite = ledger._database.file is not None
    with _set(
        ledger,
        "PRAGMA query_only = ON" if sqlite else "SET default_transaction_read_only = on",
        "PRAGMA query_only = OFF" if sqlite else "SET default_transaction_read_only = off",
    ):
        yield


@contextmanager
def _set(ledger: SqlLedger, begin: str, end: str) -> Iterator[None]:
    """Change the one connection that a ledger used in one thread has in its pool."""
    engine = ledger._database._engine
    for statement in (begin, end):
        with engine.connect() as connection:
            connection.exec_driver_sql(statement)
            connection.commit()
        if statement is begin:
            yield


OUTAGES: dict[str, tuple[Outage, ...]] = {
    "sqlite": (locked, read_only),
    "postgresql": (locked, read_only),
}
