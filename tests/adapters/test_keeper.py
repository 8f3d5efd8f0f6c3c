"""A copy of a ledger is whole, and brings back what was lost and nothing else."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from contracts.ledgers import DATABASES, database
from contracts.processes import process, told
from contracts.writers import write_until_killed
from portfolio.event_strategies import START, opening, signal
from strikewise.adapters.store.copies import copy_facts
from strikewise.adapters.store.keeper import SqlLedgerKeeper
from strikewise.adapters.store.sql_ledger import SqlLedger
from strikewise.domain.errors import LedgerCorruptError, LedgerDamagedError, LedgerError
from strikewise.domain.events import AccountOpened, OrderPlaced, RunStarted, SignalGenerated
from strikewise.market.clock import SimulatedClock
from strikewise.portfolio.keeping import LedgerKeeper
from strikewise.portfolio.lease import Lease
from strikewise.portfolio.ledger import Entry, Fact, Head

NOW = datetime(2026, 7, 23, 9, 0, tzinfo=UTC)
FIRST = [
    Entry(AccountOpened("main", 100), START, "engine"),
    Entry(SignalGenerated(signal("s1")), START, "spread", 1),
    Entry(OrderPlaced(opening("o1", "s1")), START, "spread", 2),
]
MORE = [Entry(RunStarted({"é": [1.5, None, "x"]}, {}, None), START, "engine", 1)] * 3
ENDINGS = (".db", ".jsonl")


@pytest.fixture(params=DATABASES)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    with database(request.param, tmp_path) as address:
        yield address


@pytest.fixture
def keeper(url: str, tmp_path: Path) -> LedgerKeeper:
    with SqlLedger(url) as ledger:
        ledger.append(FIRST, recorded_at=START)
    return keeper_of(url, tmp_path)


def keeper_of(url: str, folder: Path) -> SqlLedgerKeeper:
    return SqlLedgerKeeper(url, folder / "backups", SimulatedClock(NOW))


def facts_of(url: str) -> list[Fact]:
    with SqlLedger(url) as ledger:
        return list(ledger.facts())


def add(url: str, entries: list[Entry]) -> Head:
    with SqlLedger(url) as ledger:
        return ledger.append(entries, recorded_at=START)


def tamper(url: str) -> None:
    engine = create_engine(url)
    with engine.begin() as connection:
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("DROP TRIGGER facts_are_not_changed")
        else:
            connection.exec_driver_sql("ALTER TABLE facts DISABLE TRIGGER USER")
        connection.execute(text("UPDATE facts SET actor = 'mallory' WHERE seq = 2"))
    engine.dispose()


# --- copies -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("kind", DATABASES)
def test_a_ledger_moves_between_databases_fact_by_fact_and_byte_by_byte(
    keeper: LedgerKeeper, url: str, tmp_path: Path, ending: str, kind: str
) -> None:
    made = keeper.backup(tmp_path / f"copy{ending}")
    assert list(copy_facts(made.path)) == facts_of(url)
    assert keeper.verify(made.path) == made.end == keeper.verify()
    with database(kind, tmp_path) as elsewhere:
        other = keeper_of(elsewhere, tmp_path)
        restored = other.restore(made.path)
        assert (restored.end, restored.added, restored.aside) == (made.end, 3, None)
        assert facts_of(elsewhere) == facts_of(url)
        add(elsewhere, MORE)  # and it is a ledger like any other
        assert other.verify().seq == 6


def test_a_copy_is_one_file_and_gets_a_name_of_its_own(keeper: LedgerKeeper, tmp_path: Path) -> None:
    made = keeper.backup()
    assert made.path.name.startswith("ledger-20260723T090000Z.")
    assert list((tmp_path / "backups").iterdir()) == [made.path]
    with pytest.raises(LedgerError, match="not overwritten"):
        keeper.backup()


def test_of_a_ledger_that_does_not_hold_together_there_is_no_copy(
    keeper: LedgerKeeper, url: str, tmp_path: Path
) -> None:
    tamper(url)
    for name in ("copy.jsonl", "copy.db"):
        with pytest.raises(LedgerCorruptError):
            keeper.backup(tmp_path / name)
        assert not (tmp_path / name).exists()


def test_a_copy_of_another_form_is_refused(keeper: LedgerKeeper, tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match=r"'ledger\.zip' is neither"):
        keeper.backup(tmp_path / "ledger.zip")


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_copy_made_while_others_write_is_whole(
    keeper: LedgerKeeper, url: str, tmp_path: Path, ending: str
) -> None:
    add(url, MORE * 1500)
    with process(write_until_killed, url, 1) as (_, pipe):
        assert told(pipe) == 0  # it is writing now
        copies = [keeper.backup(tmp_path / f"copy{n}{ending}") for n in range(2)]
        ends = [copy.end.seq for copy in copies]
    assert ends == sorted(ends)
    for copy in copies:
        assert keeper.verify(copy.path) == copy.end
        assert facts_of(url)[copy.end.seq - 1].hash == copy.end.hash


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda lines: lines[:-1], "cut off"),
        (lambda lines: [*lines[:-1], lines[-1][:-9]], "Line 4 .* is no fact"),
        (lambda lines: [lines[0], lines[1].replace(b"main", b"mine"), *lines[2:]], "Fact 1 "),
        (lambda lines: [lines[0], *lines[2:]], "Fact 1 "),
        (lambda lines: lines[1:], "no backup of a ledger"),
        (lambda lines: [lines[0].replace(b'"version": 1', b'"version": 2'), *lines[1:]], "newer strikewise"),
        (lambda lines: [lines[0].replace(b"strikewise-ledger", b"letter"), *lines[1:]], "'letter'"),
        (lambda lines: [*lines[:3], b"[1,2]\n"], "ten columns"),
        (lambda lines: [*lines[:3], lines[3].replace(b"[3,", b'["3",')], "another type"),
    ],
)
def test_a_copy_that_is_not_what_was_written_is_refused_and_changes_nothing(
    keeper: LedgerKeeper, url: str, tmp_path: Path, change: object, why: str
) -> None:
    path = keeper.backup(tmp_path / "copy.jsonl").path
    path.write_bytes(b"".join(change(path.read_bytes().splitlines(keepends=True))))  # type: ignore[operator]
    before = facts_of(url)
    for attempt in (lambda: keeper.verify(path), lambda: keeper.restore(path, replace=True)):
        with pytest.raises(LedgerError, match=why):
            attempt()
    assert facts_of(url) == before


def test_a_damaged_sqlite_copy_is_refused(keeper: LedgerKeeper, tmp_path: Path) -> None:
    path = keeper.backup(tmp_path / "copy.db").path
    path.write_bytes(path.read_bytes()[:-6000] + bytes(6000))
    with pytest.raises(LedgerError, match=r"restore a backup|use another"):
        keeper.verify(path)


# --- putting back -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_ledger_that_is_behind_gets_the_rest_and_only_that(
    keeper: LedgerKeeper, url: str, tmp_path: Path, ending: str
) -> None:
    with database("sqlite", tmp_path) as elsewhere:
        other = keeper_of(elsewhere, tmp_path)
        other.restore(keeper.backup(tmp_path / f"early{ending}").path)
        add(url, MORE)
        late = keeper.backup(tmp_path / f"late{ending}")
        assert other.restore(late.path).added == 3
        again = other.restore(late.path)
        assert (again.end, again.added, again.aside) == (late.end, 0, None)
        assert facts_of(elsewhere) == facts_of(url)


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_ledger_that_is_ahead_is_left_alone_unless_told_and_then_kept_aside(
    keeper: LedgerKeeper, url: str, tmp_path: Path, ending: str
) -> None:
    path = keeper.backup(tmp_path / f"copy{ending}").path
    early = facts_of(url)
    add(url, MORE)
    late = facts_of(url)
    with pytest.raises(LedgerError, match=r"ahead: it ends at fact 6, .* that 3 facts would be lost"):
        keeper.restore(path)
    assert facts_of(url) == late
    done = keeper.restore(path, replace=True)
    assert facts_of(url) == early
    assert done.aside is not None
    assert list(copy_facts(done.aside)) == late
    add(url, MORE)
    assert keeper.verify().seq == 6


def test_another_ledger_is_left_alone_unless_told(keeper: LedgerKeeper, url: str, tmp_path: Path) -> None:
    with database("sqlite", tmp_path) as elsewhere:
        add(elsewhere, [Entry(AccountOpened("other", 7), START, "engine"), *FIRST[1:]])
        path = keeper_of(elsewhere, tmp_path).backup(tmp_path / "other.jsonl").path
        with pytest.raises(LedgerError, match="it is another ledger"):
            keeper.restore(path)
        keeper.restore(path, replace=True)
        assert facts_of(url) == facts_of(elsewhere)


def test_a_ledger_that_was_tampered_with_is_replaced_when_told(
    keeper: LedgerKeeper, url: str, tmp_path: Path
) -> None:
    path = keeper.backup(tmp_path / "copy.jsonl").path
    before = facts_of(url)
    tamper(url)
    with pytest.raises(LedgerCorruptError):
        keeper.verify()
    with pytest.raises(LedgerError, match=r"Fact 2 .* With --replace"):
        keeper.restore(path)
    done = keeper.restore(path, replace=True)
    assert facts_of(url) == before
    assert done.aside is not None
    assert [fact.actor for fact in copy_facts(done.aside)] == ["engine", "mallory", "spread"]


def test_a_damaged_file_names_the_way_back_and_is_kept_when_it_is_replaced(tmp_path: Path) -> None:
    with database("sqlite", tmp_path) as url:
        add(url, FIRST)
        before = facts_of(url)
        keeper = keeper_of(url, tmp_path)
        path = keeper.backup().path
        (file,) = tmp_path.glob("ledger*.db")
        file.write_bytes(b"\0" * 4096 + file.read_bytes()[4096:])
        for attempt in (lambda: SqlLedger(url), keeper.verify, lambda: keeper.restore(path)):
            with pytest.raises(LedgerError, match="strikewise ledger restore BACKUP --replace"):
                attempt()
        done = keeper.restore(path, replace=True)
        assert facts_of(url) == before
        assert done.aside is not None
        assert done.aside.read_bytes()[:4096] == b"\0" * 4096


def test_nothing_is_put_back_under_a_process_that_trades(
    keeper: LedgerKeeper, url: str, tmp_path: Path
) -> None:
    path = keeper.backup(tmp_path / "copy.jsonl").path
    add(url, MORE)
    with SqlLedger(url) as ledger:
        ledger.leases.take("main", "desk:4711:x", now=NOW, seconds=1)
    with pytest.raises(LedgerError, match="process 4711 on desk since 2026-07-23 09:00:00 UTC: stop"):
        keeper.restore(path, replace=True)
    with SqlLedger(url) as ledger:
        ledger.leases.release("main", "desk:4711:x")
        ledger.leases.take("main", "desk:4711:x", now=NOW - timedelta(seconds=5), seconds=5)  # run out
    keeper.restore(path, replace=True)


def test_a_write_ahead_log_of_the_old_file_never_reaches_the_new_one(tmp_path: Path) -> None:
    with database("sqlite", tmp_path) as url:
        add(url, FIRST)
        keeper = keeper_of(url, tmp_path)
        path = keeper.backup().path
        (file,) = tmp_path.glob("ledger*.db")
        with process(write_until_killed, url, 1) as (writer, pipe):  # leaves its log behind
            assert told(pipe) == 0
            writer.kill()
            writer.join()
        assert file.with_name(file.name + "-wal").stat().st_size > 0
        late = facts_of_file(file, tmp_path)
        done = keeper.restore(path, replace=True)
        assert keeper.verify().seq == 3
        assert done.aside is not None
        assert late > 3


def facts_of_file(file: Path, folder: Path) -> int:
    """Count the facts in a copy of a file and its log, so that the file itself is not tidied up."""
    twin = folder / "twin.db"
    for suffix in ("", "-wal"):
        twin.with_name(twin.name + suffix).write_bytes(file.with_name(file.name + suffix).read_bytes())
    with sqlite3.connect(twin) as connection:
        count = connection.execute("SELECT count(*) FROM facts").fetchone()[0]
    connection.close()
    return int(count)


# --- what is known ------------------------------------------------------------------------------------------


def test_what_was_noted_shows_that_the_end_was_lost_or_the_ledger_written_anew(
    keeper: LedgerKeeper, url: str, tmp_path: Path
) -> None:
    early = keeper.verify()
    path = keeper.backup(tmp_path / "copy.jsonl").path
    late = add(url, MORE)
    assert keeper.verify(None, early) == keeper.verify(None, Head(0, "0" * 64)) == late
    with pytest.raises(LedgerError, match="ends at fact 3, and fact 6 was noted: its end is lost"):
        keeper.verify(path, late)
    with pytest.raises(LedgerError, match="written anew"):
        keeper.verify(None, Head(3, "f" * 64))


def test_info_says_where_it_is_where_it_ends_and_who_trades(keeper: LedgerKeeper, url: str) -> None:
    with SqlLedger(url) as ledger:
        lease = ledger.leases.take("main", "desk:4711:x", now=NOW, seconds=30)
        end = ledger.head
    found = keeper.info()
    assert isinstance(lease, Lease)
    assert (found.as_of, found.end, found.first_at, found.last_at) == (NOW, end, START, START)
    assert found.leases == (lease,)
    assert found.size_bytes > 4096
    assert found.revision >= "0002"


def test_a_start_examines_the_structure_and_the_last_facts(keeper: LedgerKeeper, url: str) -> None:
    end = add(url, MORE)
    tamper(url)
    with SqlLedger(url) as ledger:
        assert ledger.examine(last=3) == end  # what was changed lies further back
        for last in (5, 6, 1000):
            with pytest.raises(LedgerCorruptError, match="Fact 2 "):
                ledger.examine(last=last)


def test_a_start_notices_a_damaged_page(tmp_path: Path) -> None:
    with database("sqlite", tmp_path) as url:
        add(url, FIRST + MORE * 200)
        (file,) = tmp_path.glob("ledger*.db")
        whole = file.read_bytes()
        file.write_bytes(whole[:-8192] + b"\xff" * 4096 + whole[-4096:])
        with pytest.raises(LedgerDamagedError, match="restore BACKUP"), SqlLedger(url) as ledger:
            ledger.examine(last=1)
