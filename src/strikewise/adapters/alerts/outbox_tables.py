"""The tables of the outbox of alerts, and the small SQLite file that they stand in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Self

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    create_engine,
    inspect,
    text,
)
from sqlalchemy.exc import DBAPIError

from strikewise.adapters.store.schema import WRITES, prepare
from strikewise.domain.errors import StoreError

__all__ = ["OutboxFile", "alerts", "buttons", "cursors", "deliveries", "messages", "mutes"]

METADATA = MetaData()
number = BigInteger().with_variant(Integer, "sqlite")

cursors = Table(
    "cursors",
    METADATA,
    Column("ledger", Text, primary_key=True),
    Column("seq", number, nullable=False),
    Column("hash", Text, nullable=False, server_default=""),
    Column("written_at", number, nullable=False, server_default="0"),
)
alerts = Table(
    "alerts",
    METADATA,
    Column("alert_id", Text, primary_key=True),
    Column("seq", number, nullable=False),
    Column("level", Text, nullable=False),
    Column("rank", Integer, nullable=False),
    Column("code", Text, nullable=False),
    Column("matter", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("at", number, nullable=False),
    Column("taken_at", number, nullable=False),
    Column("buttons", Text, nullable=False),
    Column("repeats", Integer, nullable=False),
    Index("alerts_by_matter", "matter", "taken_at"),
)
deliveries = Table(
    "deliveries",
    METADATA,
    Column("delivery", number, primary_key=True),
    Column("alert_id", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("due_at", number, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("note", Text, nullable=False),
    Column("error", Text, nullable=False),
    Column("told_at", number),
    UniqueConstraint("alert_id", "channel"),
    Index("deliveries_by_state", "channel", "state"),
)
messages = Table(
    "messages", METADATA, Column("channel", Text, nullable=False), Column("sent_at", number, nullable=False)
)
mutes = Table(
    "mutes", METADATA, Column("channel", Text, primary_key=True), Column("until", number, nullable=False)
)

buttons = Table(
    "buttons", METADATA, Column("token", Text, primary_key=True), Column("words", Text, nullable=False)
)


class OutboxFile:
    """A file with the outbox's tables; safe for several threads of one process.

    Parameters
    ----------
    path : Path
        The file; made if it is not there, for its owner's eyes.

    Raises
    ------
    StoreError
        If it cannot be made or read.
    """

    def __init__(self, path: Path) -> None:
        self.path, self._lock = path, Lock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch(mode=0o600)
        except OSError as error:
            raise StoreError(f"The outbox of alerts {path} cannot be made ({error.strerror}).") from error
        self._engine = create_engine(f"sqlite:///{path}")
        prepare(self._engine)
        with self.writing() as connection:
            METADATA.create_all(connection)
            _complete(connection)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        self._engine.dispose()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection to read by."""
        with self._speaking(), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Give a connection in a transaction that is kept if nothing is raised."""
        engine = self._engine.execution_options(**{WRITES: True})
        with self._lock, self._speaking(), engine.begin() as connection:
            yield connection

    @contextmanager
    def _speaking(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            raise StoreError(f"The outbox of alerts {self.path} does not answer ({error.orig}).") from error


def _complete(connection: Connection) -> None:
    """Add the columns of the cursor that a file of an earlier version does not have."""
    held = {column["name"] for column in inspect(connection).get_columns("cursors")}
    for column in cursors.c:
        if column.name not in held:
            kind, default = column.type.compile(connection.dialect), "''" if column is cursors.c.hash else "0"
            connection.execute(
                text(f"ALTER TABLE cursors ADD COLUMN {column.name} {kind} NOT NULL DEFAULT {default}")
            )
