"""Both sides compared from the command line while nobody trades: the broker is asked, and nothing is sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from apps.json_control import ComparisonTold
from engine.watched import ROWS, at
from execution.tapes import CALENDAR, tape
from strikewise.adapters.store.sql_ledger import SqlLedger
from strikewise.bootstrap.rehearsal import AlpacaRehearsal, simulated_venue
from strikewise.domain.events import AccountOpened, Event, RunStarted
from strikewise.market.memory_source import MemorySource
from strikewise.market.view import Market
from strikewise.portfolio.ledger import Entry

CASH = 10_000_000
THEN = datetime(2024, 2, 5, 14, tzinfo=UTC)


@pytest.fixture
def served() -> Iterator[AlpacaRehearsal]:
    """An account at a local Alpaca, with cash and nothing else."""
    market = Market(MemorySource([tape({at(1): (490.0, ROWS), at(2): (490.0, ROWS)})]), CALENDAR)
    with AlpacaRehearsal(simulated_venue(market, at(1), CASH)) as rehearsal:
        yield rehearsal


@pytest.fixture
def home(served: AlpacaRehearsal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("APCA_API_KEY_ID", served.server.key)
    monkeypatch.setenv("APCA_API_SECRET_KEY", served.server.secret)
    (tmp_path / "settings.toml").write_text(
        f"""\
[run]
underlyings = ["SPY"]

[broker]
name = "alpaca"
url = "{served.server.url}"
stream_url = "{served.server.stream_url}"
""",
        encoding="utf-8",
    )
    written(tmp_path, AccountOpened("main", CASH), RunStarted({}, {}, None))
    return tmp_path


def written(home: Path, *events: Event) -> int:
    with SqlLedger(f"sqlite:///{home / 'ledger.db'}") as ledger:
        if events:
            ledger.append([Entry(one, THEN, "engine") for one in events], recorded_at=THEN)
        return ledger.head.seq


def test_two_sides_that_agree_say_so_and_nothing_is_written(
    answer: Callable[..., Any], call: Callable[..., Result], home: Path
) -> None:
    before = written(home)
    found = ComparisonTold.model_validate(answer("reconcile", home=home))
    assert (found.agreed, found.written, found.problem, found.lines) == (True, False, None, [])
    assert "both agree" in call("reconcile", home=home).stdout
    assert written(home) == before


def test_a_broker_that_cannot_be_reached_is_no_agreement(
    call: Callable[..., Result], home: Path, served: AlpacaRehearsal
) -> None:
    text = (home / "settings.toml").read_text(encoding="utf-8")
    (home / "settings.toml").write_text(
        text.replace(served.server.url, "http://127.0.0.1:9"), encoding="utf-8"
    )
    said = call("reconcile", home=home)
    assert said.exit_code == 1
    assert "The broker's side could not be seen" in said.stdout


def test_a_wrong_key_is_told_as_what_it_is(
    call: Callable[..., Result], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("APCA_API_SECRET_KEY", "wrong")
    said = call("reconcile", home=home)
    assert said.exit_code == 1
    assert "could not be seen" in said.stdout


def test_without_a_key_it_says_which_to_set(
    call: Callable[..., Result], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("APCA_API_KEY_ID")
    said = call("reconcile", home=home)
    assert said.exit_code == 2
    assert "APCA_API_KEY_ID and APCA_API_SECRET_KEY" in said.stderr
