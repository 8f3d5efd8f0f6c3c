"""A checkpoint saves reading, and never says anything else than the ledger does."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portfolio.event_strategies import START, lives
from portfolio.troubled_lives import troubled_lives
from strikewise.adapters.store import checkpoint as module
from strikewise.adapters.store.checkpoint import CHECKPOINT_FILE, SqlCheckpoint
from strikewise.domain.control import FaultNoted, HaltRequested, TradingState, TradingStateChanged
from strikewise.domain.events import AccountOpened, AccountValued
from strikewise.portfolio import reading as reading_module
from strikewise.portfolio.controls import ControlState, person
from strikewise.portfolio.ledger import Entry, MemoryLedger
from strikewise.portfolio.projection import AccountState
from strikewise.portfolio.reading import AccountReading, latest_ended, read_account

VALUED = AccountValued(1, 2, 3, 4, 5, 6, 7, 0.5, -0.25, 1e-9, 3.5, "neutral", {"a": 1})
CONTROLS = [
    HaltRequested("let me look", True),
    FaultNoted("feed", "FEED_SILENT", "for a minute"),
    TradingStateChanged(TradingState.HALTED, "a person", "detail", by_person=True),
]


@pytest.fixture(autouse=True)
def _keep_always(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading_module, "WORTH_KEEPING", 1)


def whole(ledger: MemoryLedger) -> AccountReading:
    """Return what folding every fact says."""
    state, control = AccountState.fold(ledger.records()), ControlState.fold(ledger.records())
    valued = [one for one in ledger.records() if isinstance(one.event, AccountValued)]
    last = valued[-1] if valued else None
    return AccountReading(
        ledger.head,
        state,
        control,
        last and last.event,
        last and last.known_at,  # type: ignore[arg-type]
    )


def same(found: AccountReading, wanted: AccountReading) -> bool:
    """Return whether two readings say the same; a state's number may be that of the last change."""
    return replace(found, state=replace(found.state, seq=wanted.state.seq)) == wanted


def told(entries: list[Entry]) -> MemoryLedger:
    ledger = MemoryLedger()
    ledger.append(entries, recorded_at=START)
    return ledger


@given(
    lives() | troubled_lives(), st.lists(st.integers(0, 40), max_size=4), st.sampled_from([*CONTROLS, VALUED])
)
@settings(
    deadline=None,
    max_examples=40,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
def test_reading_on_from_a_checkpoint_says_what_folding_every_fact_says(
    life: list[Entry], stops: list[int], other: object
) -> None:
    life = [*life, Entry(other, life[-1].known_at, person("ada"))]  # type: ignore[arg-type]
    with TemporaryDirectory() as folder:
        path = Path(folder) / CHECKPOINT_FILE
        for stop in (*sorted(stops), len(life)):
            ledger = told(life[:stop])
            with closing(SqlCheckpoint(path)) as checkpoint:
                found = read_account(ledger, checkpoint)
                assert same(found, whole(ledger))
                ended = sorted(found.state.ended_orders.values(), key=lambda one: one.seq)
                assert latest_ended(ledger, found.state, 2) == ended[-2:]
        with closing(SqlCheckpoint(path)) as checkpoint:
            kept = checkpoint.load()
            assert kept is not None
            assert same(kept, whole(told(life[: kept.end.seq])))


def life_of_one(tmp_path: Path) -> tuple[Path, MemoryLedger]:
    path = tmp_path / CHECKPOINT_FILE
    ledger = told([Entry(AccountOpened("main", 500), START, "engine"), Entry(VALUED, START, "engine")])
    with closing(SqlCheckpoint(path)) as checkpoint:
        read_account(ledger, checkpoint)
    return path, ledger


def test_a_checkpoint_of_another_ledger_is_not_believed(tmp_path: Path) -> None:
    path, _ = life_of_one(tmp_path)
    other = told([Entry(AccountOpened("other", 700), START, "engine"), Entry(VALUED, START, "engine")])
    with closing(SqlCheckpoint(path)) as checkpoint:
        assert read_account(other, checkpoint).state.account == "other"
    with closing(SqlCheckpoint(path)) as checkpoint:
        kept = checkpoint.load()
    assert kept is not None
    assert kept.end == other.head


def test_what_other_code_made_is_not_believed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, _ = life_of_one(tmp_path)
    monkeypatch.setattr(module, "_made_by", lambda: "other code")
    with closing(SqlCheckpoint(path)) as checkpoint:
        assert checkpoint.load() is None


@pytest.mark.parametrize(
    "harm",
    [
        "UPDATE head SET parts = replace(parts, 'main', 'thief')",
        "UPDATE head SET parts = '{}'",
        "DROP TABLE head",
        "DELETE FROM head",
    ],
)
def test_a_harmed_checkpoint_is_made_anew(tmp_path: Path, harm: str) -> None:
    path, ledger = life_of_one(tmp_path)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(harm)
        connection.commit()
    with closing(SqlCheckpoint(path)) as checkpoint:
        assert checkpoint.load() is None
    with closing(SqlCheckpoint(path)) as checkpoint:
        assert same(read_account(ledger, checkpoint), whole(ledger))


def test_a_file_that_is_no_database_costs_nothing_but_time(tmp_path: Path) -> None:
    path, ledger = life_of_one(tmp_path)
    for suffix in ("", "-wal", "-shm"):
        Path(f"{path}{suffix}").unlink(missing_ok=True)
    path.write_text("this is no database, and long enough to be looked at as one" * 20)
    with closing(SqlCheckpoint(path)) as checkpoint:
        assert same(read_account(ledger, checkpoint), whole(ledger))


def test_only_its_owner_reads_it(tmp_path: Path) -> None:
    path, _ = life_of_one(tmp_path)
    assert path.stat().st_mode & 0o777 == 0o600


def test_whoever_was_overtaken_keeps_nothing(tmp_path: Path) -> None:
    path, ledger = life_of_one(tmp_path)
    slow, fast = SqlCheckpoint(path), SqlCheckpoint(path)
    with closing(slow), closing(fast):
        begun = slow.load()
        assert begun is not None
        ledger.append([Entry(CONTROLS[0], START, person("ada"))], recorded_at=START)
        newest = read_account(ledger, fast)
        slow.keep(begun)
    with closing(SqlCheckpoint(path)) as checkpoint:
        kept = checkpoint.load()
    assert kept is not None
    assert kept.end == newest.end == ledger.head
