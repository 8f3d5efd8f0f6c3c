"""Keep a ledger safe: copy it while it is written, check it, and bring a copy back."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, text

from strikewise.adapters.store import read_tables
from strikewise.adapters.store.copies import (
    LINES_SUFFIX,
    SIDECARS,
    SQLITE_SUFFIX,
    copy_facts,
    named_when_whole,
    sync_folder,
    verify_copy,
    write_copy,
)
from strikewise.adapters.store.database import Database, engine_of, file_of
from strikewise.adapters.store.fact_rows import end_of, insert_facts, pages
from strikewise.adapters.store.leases import SqlLeases
from strikewise.adapters.store.schema import drop, migrate, revision
from strikewise.domain.errors import LedgerCorruptError, LedgerDamagedError, LedgerError
from strikewise.market.clock import Clock
from strikewise.portfolio.keeping import Copied, LedgerInfo, Restored
from strikewise.portfolio.lease import holder_words
from strikewise.portfolio.ledger import GENESIS, Fact, Head, verify

__all__ = ["SqlLedgerKeeper"]


class SqlLedgerKeeper:
    """The port `strikewise.portfolio.keeping.LedgerKeeper` for a ledger in SQLite or PostgreSQL.

    Parameters
    ----------
    url : str
        The ledger's address.
    backups : Path
        The folder for copies.
    clock : Clock
        The time: whose lease still holds, and the names of copies.
    """

    def __init__(self, url: str, backups: Path, clock: Clock) -> None:
        self._url, self._backups, self._clock = url, backups, clock

    def info(self) -> LedgerInfo:
        """Return what is known of the ledger."""
        with Database(self._url, backups=self._backups) as database, database.reading() as connection:
            end = end_of(connection)
            ends = [_fact(database, seq) for seq in (1, end.seq)] if end.seq else []
            return LedgerInfo(
                as_of=self._clock.now(),
                where=database.where,
                revision=revision(connection),
                end=end,
                first_at=ends[0].recorded_at if ends else None,
                last_at=ends[1].recorded_at if ends else None,
                size_bytes=_size(database, connection),
                leases=SqlLeases(database).all(),
                backups=self._backups,
            )

    def verify(self, copy: Path | None = None, noted: Head | None = None) -> Head:
        """Check the whole ledger, or a copy, and that it has a fact that was noted; return where it ends."""
        if copy is not None:
            end = verify_copy(copy)
            return _having(noted, end, copy_facts(copy, noted.seq - 1) if noted else iter(()))
        with Database(self._url, backups=self._backups) as database:
            database.examine()
            end = verify(pages(database.reading))
            return _having(noted, end, pages(database.reading, noted.seq - 1) if noted else iter(()))

    def backup(self, path: Path | None = None) -> Copied:
        """Copy the ledger while others read and write it, to a path or to a new name."""
        with Database(self._url, backups=self._backups) as database:
            if path is None:
                suffix = SQLITE_SUFFIX if database.file else LINES_SUFFIX
                path = self._backups / f"ledger-{_stamp(self._clock)}{suffix}"
            if path.suffix not in {SQLITE_SUFFIX, LINES_SUFFIX}:
                raise LedgerError(
                    f"A backup is a SQLite file ({SQLITE_SUFFIX}) or lines of JSON ({LINES_SUFFIX}); "
                    f"{path.name!r} is neither: name another file."
                )
            with database.reading() as connection:
                if path.suffix == SQLITE_SUFFIX and database.file is None:
                    return Copied(path, _as_sqlite(connection, path))
                return Copied(path, write_copy(connection, path))

    def restore(self, copy: Path, *, replace: bool = False) -> Restored:
        """Bring the ledger to where a copy ends; with ``replace``, whatever it has now is set aside.

        A ledger that has the beginning of the copy gets the rest. One that has more or other facts, or that
        is damaged, is left alone unless it may be replaced; and one that is being traded always is.
        """
        end = verify_copy(copy)
        file = file_of(engine_of(self._url))
        if file is not None and not file.exists():
            _build(file, copy)
            return Restored(end, end.seq, None)
        try:
            with Database(self._url, backups=self._backups) as database:
                _refuse_if_traded(database, self._clock.now())
                found, problem = _compare(database, copy, end)
                if not problem:
                    with database.writing() as connection:
                        added = insert_facts(connection, copy_facts(copy, found.seq))
                    return Restored(_checked(database, end), added, None)
                _refuse_unless(replace, problem)
                if file is None:
                    aside = self._backups / f"ledger-replaced-{_stamp(self._clock)}{LINES_SUFFIX}"
                    _replace_tables(database, copy, aside)
                    return Restored(_checked(database, end), max(end.seq - found.seq, 0), aside)
        except LedgerDamagedError as error:
            if file is None:
                raise
            _refuse_unless(replace, str(error))
            found = Head(0, "")
        assert file is not None
        aside = file.with_name(f"{file.name}.replaced-{_stamp(self._clock)}")
        _build(file, copy, aside)
        return Restored(end, max(end.seq - found.seq, 0), aside)


def _having(noted: Head | None, end: Head, behind: Iterator[Fact]) -> Head:
    """Return the end of a ledger that has the fact noted; a chain alone does not show a lost end."""
    if noted is None or noted == Head(0, GENESIS):
        return end
    fact = next(behind, None)
    if fact is None:
        raise LedgerError(
            f"The ledger ends at fact {end.seq}, and fact {noted.seq} was noted: its end is lost; restore a "
            "backup."
        )
    if fact.hash != noted.hash:
        raise LedgerError(
            f"Fact {noted.seq} has the hash {fact.hash}, and {noted.hash} was noted: it is another ledger, "
            "or it was written anew; restore a backup."
        )
    return end


def _stamp(clock: Clock) -> str:
    return f"{clock.now().astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _fact(database: Database, seq: int) -> Fact:
    return next(pages(database.reading, seq - 1))


def _size(database: Database, connection: Connection) -> int:
    if database.file is None:
        return int(connection.execute(text("SELECT pg_total_relation_size('facts')")).scalar_one())
    files = [database.file, *(database.file.with_name(database.file.name + one) for one in SIDECARS)]
    return sum(one.stat().st_size for one in files if one.exists())


def _as_sqlite(connection: Connection, path: Path) -> Head:
    """Copy a ledger of another database into a SQLite file."""
    with named_when_whole(path) as part:
        lines = part.with_name(part.name + LINES_SUFFIX)
        try:
            end = write_copy(connection, lines)
            _fill(part, lines)
        finally:
            lines.unlink(missing_ok=True)
    return end


def _fill(file: Path, copy: Path) -> None:
    """Make a SQLite ledger with all that a copy has."""
    with Database(f"sqlite:///{file}") as database:
        with database.writing() as connection:
            insert_facts(connection, copy_facts(copy))
        _checked(database, verify_copy(copy))


def _checked(database: Database, end: Head) -> Head:
    database.examine()
    if (found := verify(pages(database.reading))) != end:
        raise LedgerError(
            f"The ledger {database.where} ends at fact {found.seq} after a copy that ends at {end.seq} was "
            "put back: somebody wrote to it meanwhile; look at it with `strikewise ledger verify`."
        )
    return found


def _refuse_if_traded(database: Database, now: datetime) -> None:
    for lease in SqlLeases(database).all():
        if lease.holds(now):
            raise LedgerError(
                f"The ledger {database.where} is being written by {holder_words(lease.holder)} since "
                f"{lease.taken_at:%Y-%m-%d %H:%M:%S} UTC: stop that one before you put a backup back."
            )


def _refuse_unless(replace: bool, problem: str) -> None:
    if not replace:
        raise LedgerError(f"{problem} With --replace the backup takes its place, and it is kept aside.")


def _compare(database: Database, copy: Path, end: Head) -> tuple[Head, str]:
    """Return where a ledger ends, and why it cannot just be continued from a copy; empty where it can."""
    try:
        found = verify(pages(database.reading))
    except LedgerCorruptError as error:
        with database.reading() as connection:
            return end_of(connection), str(error)
    if not found.seq:
        return found, ""
    last = min(found.seq, end.seq)
    same = last > 0 and _fact(database, last).hash == next(copy_facts(copy, last - 1)).hash
    if not same:
        return found, f"The ledger {database.where} has other facts than {copy}: it is another ledger."
    if found.seq > end.seq:
        return found, (
            f"The ledger {database.where} is ahead: it ends at fact {found.seq}, and {copy} at {end.seq}, "
            f"so that {found.seq - end.seq} facts would be lost."
        )
    return found, ""


def _build(file: Path, copy: Path, aside: Path | None = None) -> None:
    """Make a SQLite ledger from a copy; what is in its place is kept under the name ``aside``."""
    with named_when_whole(file, replace=aside is not None) as part:
        _fill(part, copy)
        if aside is not None:
            for suffix in ("", *SIDECARS):
                if (there := file.with_name(file.name + suffix)).exists():
                    shutil.copy2(there, aside.with_name(aside.name + suffix))
            sync_folder(file.parent)
            for suffix in SIDECARS:  # they belong to the old file, and would be read into the new one
                file.with_name(file.name + suffix).unlink(missing_ok=True)


def _replace_tables(database: Database, copy: Path, aside: Path) -> None:
    """Put a copy in the place of a PostgreSQL ledger, in one transaction."""
    with database.writing() as connection:
        write_copy(connection, aside, sound=False)
        read_tables.drop(connection)
        drop(connection)
        migrate(connection, lambda _: None)
        insert_facts(connection, copy_facts(copy))
