"""What a ledger in a database does beyond the contract: it keeps what it has, against everybody."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import DBAPIError

from contracts.ledgers import DATABASES, database
from portfolio.event_strategies import START
from strikewise.adapters.store.schema import metadata
from strikewise.adapters.store.sql_ledger import SqlLedger
from strikewise.domain.errors import LedgerConflictError, LedgerCorruptError, LedgerError
from strikewise.domain.events import AccountOpened, AccountValued, RunStarted
from strikewise.portfolio.ledger import Entry, verify

HELLO = Entry(AccountOpened("test", 100), START, "engine")
RUN = Entry(RunStarted({}, {}, None), START, "engine", 1)
BAD = Entry(AccountValued(1, 2, 3, 4, 5, 6, 7, float("nan"), 0.0, 0.0, 0.0), START, "engine")


@pytest.fixture(params=DATABASES)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    with database(request.param, tmp_path) as address:
        yield address


@pytest.fixture
def ledger(url: str) -> Iterator[SqlLedger]:
    with SqlLedger(url) as opened:
        opened.append([HELLO, RUN, RUN], recorded_at=START)
        yield opened


@pytest.fixture
def intruder(url: str) -> Iterator[Engine]:
    """Somebody with the database's password and another program."""
    engine = create_engine(url)
    yield engine
    engine.dispose()


# --- facts stay ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "attack",
    [
        "UPDATE facts SET actor = 'me' WHERE seq = 2",
        "UPDATE facts SET seq = 9 WHERE seq = 3",
        "DELETE FROM facts WHERE seq = 3",
        "DELETE FROM facts",
        "INSERT INTO facts SELECT 9, kind, schema_version, known_at, recorded_at, actor, cause, payload,"
        " prev_hash, hash FROM facts WHERE seq = 3",
        "INSERT INTO facts SELECT 0, kind, schema_version, known_at, recorded_at, actor, NULL, payload,"
        " prev_hash, hash FROM facts WHERE seq = 3",
    ],
)
def test_the_database_itself_refuses_to_change_drop_or_misplace_a_fact(
    ledger: SqlLedger, intruder: Engine, attack: str
) -> None:
    head = ledger.head
    with pytest.raises(DBAPIError, match=r"facts are never|a fact follows"), intruder.begin() as connection:
        connection.execute(text(attack))
    assert verify(ledger.facts()) == head


def test_replacing_a_fact_is_refused_too(tmp_path: Path) -> None:
    with database("sqlite", tmp_path) as url, SqlLedger(url) as ledger:
        head = ledger.append([HELLO, RUN], recorded_at=START)
        engine = create_engine(url)
        with pytest.raises(DBAPIError, match="a fact follows"), engine.begin() as connection:
            connection.execute(text("INSERT OR REPLACE INTO facts SELECT * FROM facts WHERE seq = 1"))
        engine.dispose()
        assert verify(ledger.facts()) == head


def disarm(connection: object) -> None:
    execute = connection.exec_driver_sql  # type: ignore[attr-defined]
    if connection.dialect.name == "sqlite":  # type: ignore[attr-defined]
        execute("DROP TRIGGER facts_are_not_changed")
        execute("DROP TRIGGER facts_are_not_deleted")
    else:
        execute("ALTER TABLE facts DISABLE TRIGGER USER")


@pytest.mark.parametrize(
    ("attack", "seq"),
    [
        ("UPDATE facts SET payload = replace(payload, '100', '999') WHERE seq = 1", 1),
        ("UPDATE facts SET known_at = '2026-07-22T14:30:01+00:00' WHERE seq = 2", 2),
        ("UPDATE facts SET known_at = 'yesterday' WHERE seq = 2", 2),
        ("UPDATE facts SET cause = NULL WHERE seq = 3", 3),
        ("UPDATE facts SET prev_hash = hash WHERE seq = 3", 3),
        ("DELETE FROM facts WHERE seq = 2", 2),
    ],
)
def test_whoever_gets_past_the_triggers_is_found_and_the_fact_is_named(
    ledger: SqlLedger, intruder: Engine, attack: str, seq: int
) -> None:
    with intruder.begin() as connection:
        disarm(connection)
        connection.execute(text(attack))
    with pytest.raises(LedgerCorruptError, match=f"Fact {seq} ") as found:
        verify(ledger.facts())
    assert found.value.seq == seq


def test_a_lost_end_is_found_by_the_head_that_was_noted(ledger: SqlLedger, intruder: Engine) -> None:
    noted = ledger.head
    with intruder.begin() as connection:
        disarm(connection)
        connection.execute(text("DELETE FROM facts WHERE seq = 3"))
    assert verify(ledger.facts()) != noted


# --- one writer, all or none --------------------------------------------------------------------------------


def test_of_many_writers_who_saw_the_same_end_one_wins(ledger: SqlLedger, url: str) -> None:
    def write(number: int) -> LedgerConflictError | None:
        mine = Entry(RunStarted({"n": number}, {}, None), START, "engine")
        with SqlLedger(url) as opened:
            try:
                opened.append([mine], recorded_at=START, expected=3)
            except LedgerConflictError as lost:
                return lost
        return None

    with ThreadPoolExecutor(8) as pool:
        lost = [error for error in pool.map(write, range(8)) if error is not None]
    assert [(error.expected, error.found) for error in lost] == [(3, 4)] * 7
    assert verify(ledger.facts()).seq == 4


def test_writers_who_expect_nothing_queue_and_no_fact_is_lost(ledger: SqlLedger, url: str) -> None:
    def write(number: int) -> None:
        with SqlLedger(url) as mine:
            for _ in range(5):
                mine.append([RUN, RUN], recorded_at=START)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(4)))
    assert verify(ledger.facts()).seq == 3 + 4 * 5 * 2


def test_the_database_makes_the_second_writer_lose_even_without_our_lock(
    ledger: SqlLedger, intruder: Engine
) -> None:
    copy = "INSERT INTO facts SELECT 3, kind, schema_version, known_at, recorded_at, actor, cause, payload,"
    with pytest.raises(DBAPIError), intruder.begin() as connection:
        connection.execute(text(f"{copy} prev_hash, hash FROM facts WHERE seq = 2"))


def test_of_a_batch_that_cannot_be_written_nothing_is(ledger: SqlLedger) -> None:
    head = ledger.head
    with pytest.raises(LedgerError, match="must be finite"):
        ledger.append([RUN, RUN, BAD], recorded_at=START)
    assert ledger.head == head


DIES = """
import os, sys
from datetime import datetime, UTC
from sqlalchemy import Engine, event
from strikewise.adapters.store.sql_ledger import SqlLedger
from strikewise.domain.events import RunStarted
from strikewise.portfolio.ledger import Entry

start = datetime(2026, 7, 22, 14, 30, tzinfo=UTC)
ledger = SqlLedger(sys.argv[1])
event.listen(Engine, "commit" if sys.argv[2] == "before" else "checkin", lambda *_: os._exit(9))
ledger.append([Entry(RunStarted({"n": n}, {}, None), start, "e") for n in range(500)], recorded_at=start)
"""


@pytest.mark.parametrize(("moment", "kept"), [("before", 3), ("after", 503)])
def test_a_writer_that_dies_leaves_all_of_its_batch_or_none(
    ledger: SqlLedger, url: str, moment: str, kept: int
) -> None:
    ended = subprocess.run([sys.executable, "-c", textwrap.dedent(DIES), url, moment], check=False)
    assert ended.returncode == 9
    assert verify(ledger.facts()).seq == kept
    ledger.append([RUN], recorded_at=START, expected=kept)


def test_a_reader_reads_while_a_writer_is_in_the_middle(ledger: SqlLedger, intruder: Engine) -> None:
    with intruder.begin() as connection:
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("CREATE TABLE other (n INTEGER)")
            connection.exec_driver_sql("INSERT INTO other VALUES (1)")
        else:
            connection.execute(text("LOCK TABLE facts IN EXCLUSIVE MODE"))
        assert len(list(ledger.facts())) == 3


# --- opening ------------------------------------------------------------------------------------------------


def test_a_ledger_is_there_when_it_is_opened_again(ledger: SqlLedger, url: str) -> None:
    with SqlLedger(url) as again:
        assert again.head == ledger.head
        assert list(again.facts()) == list(ledger.facts())


def test_many_may_open_a_new_ledger_at_once(url: str) -> None:
    def open_and_look(_: int) -> int:
        with SqlLedger(url) as opened:
            return opened.head.seq

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(open_and_look, range(6))) == [0] * 6


def test_the_migrations_make_the_tables_of_the_schema(ledger: SqlLedger, intruder: Engine) -> None:
    with intruder.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_name": _ours})
        assert compare_metadata(context, metadata) == []


def _ours(name: str | None, kind: str, _: object) -> bool:
    return kind != "table" or name in metadata.tables


def test_a_ledger_of_a_newer_program_is_refused_and_left_alone(
    ledger: SqlLedger, url: str, intruder: Engine
) -> None:
    with intruder.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(
        LedgerError, match="revision '9999', which this strikewise does not know: a newer one"
    ):
        SqlLedger(url)
    assert len(list(ledger.facts())) == 3


def test_a_database_with_other_facts_is_refused(url: str, intruder: Engine) -> None:
    with intruder.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE facts (a INTEGER)")
    with pytest.raises(LedgerError, match="no ledger of strikewise; name another database"):
        SqlLedger(url)


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "letter.db").write_text("Dear database, " * 100)
    with pytest.raises(
        LedgerError, match=r"letter.db is damaged, or is no ledger \(file is not a database\)"
    ):
        SqlLedger(f"sqlite:///{tmp_path}/letter.db")


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("ledger.db", "no database address; write sqlite:////path/to/ledger.db"),
        ("mysql://host/db", "sqlite or postgresql; 'mysql' was asked for"),
        ("postgresql+pg8000://host/db", "driver 'pg8000' is not installed"),
        ("sqlite:////no/such/folder/ledger.db", "does not answer .unable to open database file"),
    ],
)
def test_an_address_that_leads_nowhere_is_refused(address: str, why: str) -> None:
    with pytest.raises(LedgerError, match=why):
        SqlLedger(address)


@pytest.mark.parametrize(
    "address", ["sqlite://user:secret@/ledger.db", "postgresql+none://user:secret@host/db", "a:secret@b"]
)
def test_a_password_is_not_told(address: str) -> None:
    with pytest.raises(LedgerError) as refusal:
        SqlLedger(address)
    assert "secret" not in str(refusal.value)


def test_sqlite_syncs_every_commit_and_writes_ahead(tmp_path: Path) -> None:
    with (
        database("sqlite", tmp_path) as url,
        SqlLedger(url) as ledger,
        ledger._database.reading() as connection,
    ):
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 10_000}
