"""The emergency journal keeps what it promised, and gives it to the ledger once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.ledgers import DATABASES, database
from contracts.writers import AT, batch
from strikewise.adapters.store.emergency import RESERVE_BYTES, EmergencyJournal, Merged, merge
from strikewise.adapters.store.sql_ledger import SqlLedger
from strikewise.domain.control import HaltRequested
from strikewise.domain.errors import LedgerDamagedError, LedgerError
from strikewise.domain.events import AccountOpened
from strikewise.portfolio.ledger import Entry, Fact, MemoryLedger, verify

BATCHES = [batch(1, number) for number in range(6)]
REQUEST = Entry(HaltRequested("lunch"), AT, "somebody")


def chain(batches: list[list[Entry]]) -> list[list[Fact]]:
    """Return the facts of batches as a ledger that begins with them has them."""
    ledger = MemoryLedger()
    for one in batches:
        ledger.append(caused(one, ledger.head.seq), recorded_at=AT)
    facts = iter(ledger.facts())
    return [[next(facts) for _ in one] for one in batches]


def caused(entries: list[Entry], end: int) -> list[Entry]:
    """Return entries of which each is caused by the fact before it."""
    return [replace(entry, cause=end + place or None) for place, entry in enumerate(entries)]


CHAIN = chain(BATCHES)
ALL = [fact for one in CHAIN for fact in one]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "emergency.journal"


@pytest.fixture(params=DATABASES)
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SqlLedger]:
    with database(request.param, tmp_path) as url, SqlLedger(url) as made:
        yield made


def fill(path: Path, batches: list[list[Fact]], reserve: int = 4096) -> int:
    """Write batches into a journal, and return how many bytes they are."""
    with EmergencyJournal(path, reserve) as journal:
        for one in batches:
            journal.append(one)
    return len(path.read_bytes().rstrip(b"\0"))


def read(path: Path) -> list[Fact]:
    with EmergencyJournal(path, 4096) as journal:
        return list(journal.facts)


def test_a_journal_takes_its_room_before_it_needs_it(path: Path) -> None:
    with EmergencyJournal(path) as journal:
        assert journal.facts == ()
        assert path.stat().st_size == RESERVE_BYTES
        journal.append(ALL)
        assert path.stat().st_size == RESERVE_BYTES
    assert path.stat().st_mode & 0o077 == 0


def test_what_was_written_is_there_when_it_is_opened_again(path: Path) -> None:
    fill(path, CHAIN[:3])
    assert read(path) == [fact for one in CHAIN[:3] for fact in one]
    fill(path, CHAIN[3:])
    assert read(path) == ALL


def test_a_journal_grows_beyond_its_room(path: Path) -> None:
    with EmergencyJournal(path, 64) as journal:
        for one in CHAIN:
            journal.append(one)
    assert read(path) == ALL


@given(st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_batch_that_a_crash_cut_off_is_dropped_and_the_rest_stays(path: Path, data: st.DataObject) -> None:
    path.unlink(missing_ok=True)
    kept = fill(path, CHAIN[:4])
    whole = fill(path, CHAIN[4:5])
    cut = data.draw(st.integers(kept, whole - 1), label="bytes that reached the disk")
    torn = bytearray(path.read_bytes())
    torn[cut:whole] = bytes(whole - cut)
    for place in data.draw(st.sets(st.integers(kept, whole - 2), max_size=3), label="lost before them"):
        torn[place] = 0
    path.write_bytes(torn)
    expected = [fact for one in CHAIN[:4] for fact in one]
    assert read(path) == expected
    fill(path, CHAIN[4:])  # and it goes on as if nothing had been
    assert read(path) == ALL


def test_a_batch_that_was_promised_and_cannot_be_read_is_not_passed_over(path: Path) -> None:
    first = fill(path, CHAIN[:2])
    fill(path, CHAIN[2:])
    content = bytearray(path.read_bytes())
    content[first + 5 : first + 9] = b"\0\0\0\0"
    path.write_bytes(content)
    with pytest.raises(LedgerDamagedError, match="behind fact 3 cannot be read"):
        EmergencyJournal(path)


def test_a_journal_that_cannot_be_made_is_an_error_at_once(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(LedgerError, match="no room for the emergency journal"):
        EmergencyJournal(tmp_path / "file" / "emergency.journal")


# --- merging ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("before", [0, 2])
def test_what_waits_becomes_what_the_ledger_would_have_had(
    ledger: SqlLedger, path: Path, before: int
) -> None:
    for one in BATCHES[:before]:
        ledger.append(caused(one, ledger.head.seq), recorded_at=AT)
    fill(path, CHAIN[before:])
    with EmergencyJournal(path, 4096) as journal:
        written = sum(len(one) for one in CHAIN[before:])
        assert merge(journal, ledger) == Merged(written, moved=False)
        assert list(ledger.facts()) == ALL
        assert journal.facts == ()
        assert merge(journal, ledger) == Merged(0, moved=False)
    (put_away,) = path.parent.glob("*.merged")
    assert put_away.read_bytes().count(b"\n") == len(CHAIN) - before


@given(st.integers(0, len(ALL)))
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_merging_after_a_death_in_the_middle_of_merging_changes_nothing(
    tmp_path: Path, path: Path, there: int
) -> None:
    for left in path.parent.glob("emergency*"):
        left.unlink()
    with database("sqlite", tmp_path) as url, SqlLedger(url) as ledger:
        oracle = MemoryLedger()
        for one in BATCHES:
            oracle.append(caused(one, oracle.head.seq), recorded_at=AT)
        ledger.append_records(list(oracle.records())[:there], expected=0)
        fill(path, CHAIN)
        with EmergencyJournal(path, 4096) as journal:
            assert merge(journal, ledger) == Merged(len(ALL) - there, moved=False)
        assert list(ledger.facts()) == ALL


def test_what_others_wrote_meanwhile_stays_where_it_is_and_causes_follow(
    ledger: SqlLedger, path: Path
) -> None:
    for one in BATCHES[:2]:
        ledger.append(caused(one, ledger.head.seq), recorded_at=AT)
    fill(path, CHAIN[2:])
    ledger.append([REQUEST, REQUEST], recorded_at=AT + timedelta(seconds=1))
    with EmergencyJournal(path, 4096) as journal:
        assert merge(journal, ledger).moved
    records = list(ledger.records())
    assert verify(ledger.facts()).seq == len(ALL) + 2
    assert [record.event for record in records[3:5]] == [REQUEST.event] * 2
    assert [record.event for record in records[5:]] == [fact.event for fact in ALL[3:]]
    assert [record.cause for record in records[5:]] == [3, *range(6, len(ALL) + 2)]


def test_the_same_again_is_found_though_others_wrote_before_and_after(ledger: SqlLedger, path: Path) -> None:
    fill(path, CHAIN)
    ledger.append([REQUEST], recorded_at=AT)
    with EmergencyJournal(path, 4096) as journal:
        merge(journal, ledger)
    ledger.append([REQUEST], recorded_at=AT)
    before = list(ledger.facts())
    (put_away,) = path.parent.glob("*.merged")
    path.write_bytes(put_away.read_bytes())  # as if putting it away had not reached the disk
    with EmergencyJournal(path, 4096) as journal:
        assert merge(journal, ledger) == Merged(0, moved=True)
    assert list(ledger.facts()) == before


@pytest.mark.parametrize("entries", [[], [Entry(AccountOpened("other", 7), AT, "w")]])
def test_a_journal_of_another_ledger_is_refused_and_kept(
    ledger: SqlLedger, path: Path, entries: list[Entry]
) -> None:
    ledger.append(entries, recorded_at=AT)
    fill(path, CHAIN[1:])
    with EmergencyJournal(path, 4096) as journal, pytest.raises(LedgerError, match="does not have"):
        merge(journal, ledger)
    assert read(path) == ALL[1:]
    assert ledger.head.seq == len(entries)
