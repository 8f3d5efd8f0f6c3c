"""`ledger`: looked at, copied, checked and put back from the command line."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from apps.json_ledger import LedgerBackup, LedgerInfo, LedgerRestored, LedgerVerified
from strikewise.bootstrap.build import build_system
from strikewise.bootstrap.ledgers import open_ledger
from strikewise.domain.events import AccountOpened, RunStarted
from strikewise.portfolio.ledger import Entry


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A data home whose account has three facts."""
    write(tmp_path, AccountOpened("main", 100), RunStarted({}, {}, None), RunStarted({}, {}, None))
    return tmp_path


def write(home: Path, *events: Any) -> None:
    system = build_system(home)
    with system.ledger() as ledger:
        ledger.append([Entry(event, system.now(), "test") for event in events], recorded_at=system.now())


def test_a_ledger_goes_through_its_whole_life_from_the_command_line(answer: Any, home: Path) -> None:
    info = LedgerInfo.model_validate(answer("ledger", "info", home=home))
    assert info.facts == 3
    copy = LedgerBackup.model_validate(answer("ledger", "backup", home=home))
    assert Path(copy.path).parent == home / "backups"
    assert copy.hash == info.hash
    checked = LedgerVerified.model_validate(answer("ledger", "verify", copy.path, home=home))
    assert checked.hash == info.hash
    write(home, RunStarted({}, {}, None))
    noted = answer("ledger", "verify", "--noted", f"3:{info.hash}", home=home)
    assert noted["facts"] == 4
    done = LedgerRestored.model_validate(answer("ledger", "restore", copy.path, "--replace", home=home))
    assert (done.facts, done.hash) == (3, info.hash)
    assert done.aside is not None
    assert Path(done.aside).exists()


def test_people_are_told_what_to_do_next(call: Any, home: Path) -> None:
    for words in (("info",), ("verify",), ("backup", home / "copy.jsonl"), ("restore", home / "copy.jsonl")):
        said = call("ledger", *words, home=home)
        assert said.exit_code == 0, said.stderr
        assert "Next: strikewise" in said.stdout or "Next: " in said.stdout
        assert "3" in said.stdout


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("verify", "--noted", "three"), "must be NUMBER:HASH; was 'three'"),
        (("verify", "--noted", "9:ab"), "ends at fact 3, and fact 9 was noted"),
        (("verify", "nowhere.db"), "nowhere.db"),
        (("backup", "ledger.zip"), "neither"),
        (("restore", "nowhere.jsonl"), "nowhere.jsonl"),
    ],
)
def test_what_cannot_be_done_ends_in_one_sentence(
    call: Any, home: Path, words: tuple[str, ...], sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(home)
    said = call("ledger", *words, home=home)
    assert said.exit_code == 2
    assert sentence in said.stderr
    assert said.stdout == ""


def test_a_damaged_ledger_is_mended_by_the_command_that_its_error_names(call: Any, home: Path) -> None:
    assert call("ledger", "backup", home / "copy.db", home=home).exit_code == 0
    (home / "ledger.db").write_bytes(b"\0" * 8192)
    said = call("ledger", "verify", home=home)
    assert said.exit_code == 2
    assert "strikewise ledger restore BACKUP --replace" in said.stderr
    assert call("ledger", "restore", home / "copy.db", home=home).exit_code == 2
    assert call("ledger", "restore", home / "copy.db", "--replace", home=home).exit_code == 0
    assert call("ledger", "verify", home=home).exit_code == 0


def test_a_ledger_of_an_older_strikewise_is_copied_before_it_is_changed(call: Any, home: Path) -> None:
    with sqlite3.connect(home / "ledger.db") as database:
        database.execute("DROP TABLE leases")
        database.execute("UPDATE alembic_version SET version_num = '0001'")
    database.close()
    assert call("ledger", "info", home=home).exit_code == 0
    (copy,) = (home / "backups").iterdir()
    assert copy.name == "ledger-before-0002-at-3.db"
    assert call("ledger", "verify", copy, home=home).exit_code == 0


def test_whether_a_process_trades_can_be_asked_by_exit_code(call: Any, answer: Any, home: Path) -> None:
    assert call("ledger", "info", "--held", home=home).exit_code == 1
    system = build_system(home)
    with open_ledger(f"sqlite:///{home / 'ledger.db'}") as ledger:
        ledger.leases.take("main", "desk:4711:x", now=system.now(), seconds=3600)
    assert call("ledger", "info", "--held", home=home).exit_code == 0
    (lease,) = LedgerInfo.model_validate(answer("ledger", "info", home=home)).leases
    assert (lease.account, lease.holder, lease.held) == ("main", "process 4711 on desk", True)
    said = call("ledger", "info", home=home).stdout
    assert "process 4711 on desk trades main" in " ".join(said.split())
