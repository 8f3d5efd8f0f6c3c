"""Leases in the ledger's database: one statement each, so that of two who ask at once one is refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import Any

from sqlalchemy import Connection, case, delete, or_, select, update

from strikewise.adapters.store.database import Database
from strikewise.adapters.store.schema import leases
from strikewise.portfolio.lease import Held, Lease, Lost

__all__ = ["SqlLeases"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class SqlLeases:
    """The port `strikewise.portfolio.lease.Leases` in SQLite or PostgreSQL.

    Parameters
    ----------
    database : Database
        The ledger's.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def take(
        self, account: str, holder: str, *, now: datetime, seconds: float, instead_of: str = ""
    ) -> Lease | Held:
        """Take the lease where nobody has it, it has run out, or one has it oneself."""
        at, until = _microseconds(now), _microseconds(now + timedelta(seconds=seconds))
        with self._database.writing() as connection:
            insert = import_module(f"sqlalchemy.dialects.{connection.dialect.name}").insert
            wanted = insert(leases).values(account=account, holder=holder, taken_at=at, until=until)
            mine = leases.c.holder == holder
            connection.execute(
                wanted.on_conflict_do_update(
                    index_elements=[leases.c.account],
                    set_={
                        "holder": holder,
                        "taken_at": case((mine, leases.c.taken_at), else_=at),
                        "until": until,
                    },
                    where=or_(leases.c.until <= at, mine, leases.c.holder == instead_of),
                )
            )
            found = _read(connection, account)
        if found is None:
            raise AssertionError(f"the row of {account!r} was written in this transaction")
        return found if found.holder == holder else Held(found)

    def renew(self, account: str, holder: str, *, now: datetime, seconds: float) -> Lease | Lost:
        """Have the lease for another ``seconds`` from ``now``."""
        until = _microseconds(now + timedelta(seconds=seconds))
        with self._database.writing() as connection:
            connection.execute(update(leases).where(*_of(account, holder)).values(until=until))
            found = _read(connection, account)
        return found if found is not None and found.holder == holder else Lost(account, found)

    def release(self, account: str, holder: str) -> bool:
        """Give the lease back; False where one did not have it any more."""
        with self._database.writing() as connection:
            return connection.execute(delete(leases).where(*_of(account, holder))).rowcount == 1

    def holder(self, account: str) -> Lease | None:
        """Return the lease on an account, run out or not; None where nobody has it."""
        with self._database.reading() as connection:
            return _read(connection, account)

    def all(self) -> tuple[Lease, ...]:
        """Return every lease, run out or not, by account."""
        with self._database.reading() as connection:
            rows = connection.execute(select(leases)).all()
        return tuple(sorted(map(_lease_of, rows), key=lambda lease: lease.account))


def _of(account: str, holder: str) -> tuple[Any, Any]:
    return leases.c.account == account, leases.c.holder == holder


def _read(connection: Connection, account: str) -> Lease | None:
    row = connection.execute(select(leases).where(leases.c.account == account)).first()
    return None if row is None else _lease_of(row)


def _lease_of(row: Any) -> Lease:
    return Lease(row.account, row.holder, _instant(row.taken_at), _instant(row.until))


def _microseconds(instant: datetime) -> int:
    return (instant - _EPOCH) // _MICROSECOND


def _instant(microseconds: int) -> datetime:
    return _EPOCH + microseconds * _MICROSECOND
