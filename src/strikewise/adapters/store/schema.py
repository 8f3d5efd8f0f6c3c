"""The ledger's table, and how a database is brought to it: SQLite and PostgreSQL, the same columns and bytes.

Instants are texts in the form of `strikewise.portfolio.codec.instant_text`: what is hashed is what is stored.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Connection,
    Engine,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    event,
    inspect,
)
from sqlalchemy.engine.interfaces import DBAPIConnection, DBAPICursor
from sqlalchemy.pool import ConnectionPoolEntry

DIALECTS = ("sqlite", "postgresql")
WRITES = "strikewise_writes"
"""The execution option of connections that are going to write."""

BUSY_SECONDS = 10
"""How long a SQLite writer waits for another to finish."""

REVISIONS = "alembic_version"
"""The table of one row in which Alembic keeps the revision of the others."""
NEWEST = "0002"
"""The revision that the last migration makes."""

TRIES = 10
"""At a switch that others make at the same time."""
_TABLES_LOCK = 0x5354_524B

metadata = MetaData()
number = BigInteger().with_variant(Integer, "sqlite")

facts = Table(
    "facts",
    metadata,
    Column("seq", number, primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),
    Column("schema_version", Integer, nullable=False),
    Column("known_at", Text, nullable=False),
    Column("recorded_at", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("cause", number, ForeignKey("facts.seq", name="facts_cause_is_a_fact"), nullable=True),
    Column("payload", Text, nullable=False),
    Column("prev_hash", Text, nullable=False),
    Column("hash", Text, nullable=False),
    CheckConstraint("seq > 0", name="facts_begin_at_one"),
    CheckConstraint("cause < seq", name="facts_follow_their_cause"),
    Index("facts_by_kind", "kind", "seq"),
    Index("facts_by_cause", "cause"),
)

leases = Table(
    "leases",
    metadata,
    Column("account", Text, primary_key=True),
    Column("holder", Text, nullable=False),
    Column("taken_at", number, nullable=False),
    Column("until", number, nullable=False),
)
"""Instants here are microseconds since 1970: nothing is hashed, and they are compared."""


def prepare(engine: Engine, busy_seconds: float = BUSY_SECONDS) -> None:
    """Make an engine's connections durable and its transactions real; call it once, before the first.

    SQLite writes ahead and syncs each commit to disk (WAL, ``synchronous=FULL``): readers read while a writer
    writes, and a commit survives the loss of power. A writer takes its lock when it begins. PostgreSQL waits
    for its own log to be on disk, even where the server was told not to.
    """
    milliseconds = round(busy_seconds * 1000)
    if engine.dialect.name == "sqlite":
        pragmas = (
            "synchronous=FULL",
            "foreign_keys=ON",
            "recursive_triggers=ON",  # so that REPLACE meets the trigger that forbids DELETE
        )
        setting_up = [f"PRAGMA {pragma}" for pragma in pragmas]
        event.listen(engine, "begin", _begin_sqlite)
    else:
        setting_up = [
            f"SET lock_timeout = {milliseconds}",
            "SELECT set_config('synchronous_commit', 'on', false) "
            "WHERE current_setting('synchronous_commit') = 'off'",
        ]

    def set_up(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        cursor = connection.cursor()
        if engine.dialect.name == "sqlite":
            connection.isolation_level = None  # the driver must not begin transactions of its own
            cursor.execute(f"PRAGMA busy_timeout={milliseconds}")
            _write_ahead(cursor)
        for statement in setting_up:
            cursor.execute(statement)
        cursor.close()
        if engine.dialect.name != "sqlite":
            connection.commit()

    event.listen(engine, "connect", set_up)


def _write_ahead(cursor: DBAPICursor) -> None:
    """Let SQLite write ahead.

    That switch gives up at once where another connection makes it too: it waits for that one as a writer
    does, and tries again.
    """
    for _ in range(TRIES):
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError:
            cursor.execute("BEGIN IMMEDIATE")
            cursor.execute("ROLLBACK")
        else:
            return
    cursor.execute("PRAGMA journal_mode=WAL")


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get(WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def exclude_others(connection: Connection) -> None:
    """Let nobody else make tables or fill read tables until this transaction ends."""
    if connection.dialect.name == "postgresql":  # a writer of SQLite is alone anyway
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_TABLES_LOCK})")


def is_current(connection: Connection) -> bool:
    """Return whether a database has the newest tables, without waiting for anybody who writes."""
    return revision(connection) == NEWEST


def migrate(connection: Connection, before: Callable[[str], Path | None]) -> None:
    """Bring the database of a writing connection to the newest revision, in its transaction.

    Parameters
    ----------
    connection : Connection
        Of the database.
    before : callable
        Called with the newest revision before tables that are there are changed; keeps a copy of their
        facts and says where.

    Raises
    ------
    LedgerError
        If the database is newer than this strikewise, has a table ``facts`` of somebody else, or cannot be
        brought up to date; nothing is changed then.
    """
    exclude_others(connection)
    if not is_current(connection):
        # Alembic takes a tenth of a second to import, and hardly ever has anything to do.
        import_module("strikewise.adapters.store.migrating").upgrade(connection, before)


def revision(connection: Connection) -> str:
    """Return the revision of a database's tables; empty where it has none."""
    if not inspect(connection).has_table(REVISIONS):
        return ""
    return connection.exec_driver_sql(f"SELECT version_num FROM {REVISIONS}").scalar() or ""  # noqa: S608


def drop(connection: Connection) -> None:
    """Drop a PostgreSQL ledger's tables and all that belongs to them, within the connection's transaction."""
    exclude_others(connection)
    for statement in (
        "DROP TABLE IF EXISTS facts, leases, alembic_version",
        "DROP FUNCTION IF EXISTS facts_are_kept()",
        "DROP FUNCTION IF EXISTS facts_have_no_gap()",
    ):
        connection.exec_driver_sql(statement)
