"""What an account's ledger came to when it was last read, in a small database beside it.

It is derived and can be deleted at any time. It is used only where the ledger still has the very fact that
it was made at, and where the same code made it; nothing that trades reads it. The maps that grow with every
trade are rows that are read when they are asked for, and written once.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from pydantic import TypeAdapter, ValidationError

from strikewise import domain, portfolio
from strikewise.domain.events import AccountValued
from strikewise.portfolio.controls import ControlState
from strikewise.portfolio.growing_map import GrowingMap
from strikewise.portfolio.ledger import Head
from strikewise.portfolio.outcomes import Outcomes
from strikewise.portfolio.projection import AccountState
from strikewise.portfolio.reading import AccountReading

__all__ = ["CHECKPOINT_FILE", "SqlCheckpoint"]

CHECKPOINT_FILE = "checkpoint.db"
"""Its name beside a ledger."""

V = TypeVar("V")

_TABLES = (
    "CREATE TABLE IF NOT EXISTS head (one INTEGER PRIMARY KEY CHECK (one = 1), made_by TEXT NOT NULL, "
    "seq INTEGER NOT NULL, hash TEXT NOT NULL, parts TEXT NOT NULL, digest TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS entries (map TEXT, key TEXT, value TEXT NOT NULL, PRIMARY KEY (map, key)) "
    "WITHOUT ROWID",
)


class _Rows(Mapping[str, V]):
    """A map whose values are read from their rows when they are asked for."""

    def __init__(self, connection: sqlite3.Connection, name: str) -> None:
        self._connection, self._name = connection, name
        self._read: TypeAdapter[V] = _map_adapters()[name]

    def __getitem__(self, key: str) -> V:
        query = "SELECT value FROM entries WHERE map = ? AND key = ?"
        row = self._connection.execute(query, (self._name, key)).fetchone()
        if row is None:
            raise KeyError(key)
        found: V = self._read.validate_json(row[0])
        return found

    def __iter__(self) -> Iterator[str]:
        for (key,) in self._connection.execute("SELECT key FROM entries WHERE map = ?", (self._name,)):
            yield key

    def __len__(self) -> int:
        query = "SELECT count(*) FROM entries WHERE map = ?"
        return int(self._connection.execute(query, (self._name,)).fetchone()[0])


class SqlCheckpoint:
    """Implements `strikewise.portfolio.reading.Checkpoint` in SQLite; close it after what was read is used.

    Parameters
    ----------
    path : Path
        Its file; only its owner can read it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None
        self._seq = 0

    def close(self) -> None:
        """Let go of the file."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def load(self) -> AccountReading | None:
        """Return what was kept, where this very code made it and it is whole; else None."""
        if not self._path.is_file():
            return None
        try:
            connection = self._opened()
            connection.execute("BEGIN")  # what is read later is of the same moment
            query = "SELECT seq, hash, parts, digest FROM head WHERE made_by = ?"
            row = connection.execute(query, (_made_by(),)).fetchone()
            if row is None or sha256(row[2].encode()).hexdigest() != row[3]:
                return None
            found = _reading(connection, Head(row[0], row[1]), row[2])
        except (sqlite3.Error, ValidationError):
            return None
        self._seq = found.end.seq
        return found

    def keep(self, reading: AccountReading) -> None:
        """Keep a reading, unless something else was kept meanwhile, or it would not be read back as it is."""
        with suppress(sqlite3.Error, OSError):
            connection = self._opened()
            if connection.in_transaction:
                connection.execute("COMMIT")
            connection.execute("BEGIN IMMEDIATE")
            try:
                kept = self._write(connection, reading)
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT" if kept else "ROLLBACK")

    def _opened(self) -> sqlite3.Connection:
        if self._connection is None:
            os.close(os.open(self._path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))
            self._connection = sqlite3.connect(
                self._path, timeout=1.0, isolation_level=None, check_same_thread=False
            )
            self._connection.execute("PRAGMA journal_mode=WAL")
            self._connection.execute("PRAGMA synchronous=OFF")  # lost is rebuilt
            for statement in _TABLES:
                self._connection.execute(statement)
        return self._connection

    def _write(self, connection: sqlite3.Connection, reading: AccountReading) -> bool:
        row = connection.execute("SELECT seq FROM head").fetchone()
        if self._seq and (row is None or row[0] != self._seq):
            return False
        maps, parts = _maps_of(reading.state), _parts_of(reading)
        whole = _text(parts)
        if _read(whole) != parts:
            return False
        for name, grown in maps.items():
            new: Mapping[str, Any] = grown.recent
            if not (self._seq and isinstance(grown.base, _Rows)):
                connection.execute("DELETE FROM entries WHERE map = ?", (name,))
                new = grown
            if not _write_rows(connection, name, new):
                return False
        end, digest = reading.end, sha256(whole.encode()).hexdigest()
        head = (_made_by(), end.seq, end.hash, whole, digest)
        connection.execute("INSERT OR REPLACE INTO head VALUES (1, ?, ?, ?, ?, ?)", head)
        return True


def _write_rows(connection: sqlite3.Connection, name: str, values: Mapping[str, Any]) -> bool:
    """Write values of a map; return whether each is read back as it is."""
    adapter = _map_adapters()[name]
    for key, value in values.items():
        text = adapter.dump_json(value)
        if adapter.validate_json(text) != value:
            return False
        row = (name, key, text.decode())
        connection.execute("INSERT OR REPLACE INTO entries VALUES (?, ?, ?)", row)
    return True


# --- what an account is made of: parts that are small, and maps that grow -----------------------------------


@cache
def _map_adapters() -> dict[str, TypeAdapter[Any]]:
    """Return how the values of each growing map are written."""
    hints = {**get_type_hints(AccountState), "campaigns": get_type_hints(Outcomes)["campaigns"]}
    return {
        name: TypeAdapter(get_args(hint)[0]) for name, hint in hints.items() if get_origin(hint) is GrowingMap
    }


@cache
def _part_adapters() -> dict[str, TypeAdapter[Any]]:
    """Return how everything else is written."""
    hints = {name: hint for name, hint in get_type_hints(AccountState).items() if name not in _map_adapters()}
    del hints["outcomes"]
    others = {
        "records": get_type_hints(Outcomes)["records"],
        "control": ControlState,
        "valued": AccountValued | None,
        "valued_at": datetime | None,
    }
    return {name: TypeAdapter(hint) for name, hint in {**hints, **others}.items()}


def _maps_of(state: AccountState) -> dict[str, GrowingMap[Any]]:
    own = {name: getattr(state, name) for name in _map_adapters() if name != "campaigns"}
    return {**own, "campaigns": state.outcomes.campaigns}


def _parts_of(reading: AccountReading) -> dict[str, Any]:
    others = {
        "records": reading.state.outcomes.records,
        "control": reading.control,
        "valued": reading.valued,
        "valued_at": reading.valued_at,
    }
    return {
        name: others[name] if name in others else getattr(reading.state, name) for name in _part_adapters()
    }


def _text(parts: Mapping[str, Any]) -> str:
    adapters = _part_adapters()
    return (
        "{"
        + ",".join(f'"{name}":{adapters[name].dump_json(one).decode()}' for name, one in parts.items())
        + "}"
    )


def _read(text: str) -> dict[str, Any]:
    plain = json.loads(text)
    # As JSON again, for from JSON alone a list becomes a tuple and a text an instant.
    return {name: one.validate_json(json.dumps(plain[name])) for name, one in _part_adapters().items()}


def _reading(connection: sqlite3.Connection, end: Head, text: str) -> AccountReading:
    parts = _read(text)
    maps: dict[str, Any] = {name: GrowingMap.over(_Rows[Any](connection, name)) for name in _map_adapters()}
    outcomes = Outcomes(parts.pop("records"), maps.pop("campaigns"))
    control, valued, at = (parts.pop(name) for name in ("control", "valued", "valued_at"))
    return AccountReading(end, AccountState(**parts, **maps, outcomes=outcomes), control, valued, at)


@cache
def _made_by() -> str:
    """Return a digest of the code that folds: what other code made of the facts is not relied on."""
    digest = sha256()
    for room in (domain, portfolio):
        for path in sorted(Path(str(room.__file__)).parent.glob("*.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()
