"""Signals seen and answered from the command line, over an account that asks first."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from apps import trading_home
from apps.json_control import Told
from apps.json_signals import SignalsTold
from strikewise.adapters.store.sql_ledger import SqlLedger
from strikewise.apps.cli.main import app
from strikewise.domain.answered import SignalExpired, SignalOffered
from strikewise.domain.control import DismissRequested, TakeRequested
from strikewise.domain.events import OrderPlaced

Call = Callable[..., Result]
Answer = Callable[..., Any]
ASKS = "[run]\nask_first = true\nanswer_minutes = 7200\n"


@pytest.fixture(scope="module")
def asked(market: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A rehearsal's folder, a home of its own, in which nobody answered what was offered."""
    folder = tmp_path_factory.mktemp("asked")
    home = trading_home.make(folder / "home", market)
    text = (home / "settings.toml").read_text(encoding="utf-8")
    (home / "settings.toml").write_text(text.replace("[run]\n", ASKS), encoding="utf-8")
    place = folder / "rehearsal"
    words = ["--home", str(home), "run", "--replay", "2018-01-16..2018-01-19", "--into", str(place)]
    assert CliRunner().invoke(app, words).exit_code == 0
    return place


def facts(place: Path, kind: type) -> list[Any]:
    with SqlLedger(f"sqlite:///{place / 'ledger.db'}") as ledger:
        return [one.event for one in ledger.records() if isinstance(one.event, kind)]


def test_a_process_that_asks_first_orders_nothing_by_itself(asked: Path) -> None:
    assert facts(asked, SignalOffered)
    assert facts(asked, OrderPlaced) == []
    assert facts(asked, SignalExpired) == [], "nobody is late within five days"


def test_signals_are_listed_as_programs_expect_them(answer: Answer, asked: Path) -> None:
    found = SignalsTold.model_validate(answer("signals", "--top", "3", home=asked)).signals
    assert len(found) == 3
    assert [one.at for one in found] == sorted((one.at for one in found), reverse=True)
    assert {(one.decision, one.answerable) for one in found} == {("offered", True)}
    assert all(one.exit and one.until and one.quantity for one in found)


@pytest.mark.parametrize("columns", [80, 120, 200])
def test_the_list_fits_a_terminal_and_is_of_a_strategy_and_underlying(
    call: Call, asked: Path, columns: int
) -> None:
    said = call("signals", home=asked, columns=columns)
    assert said.exit_code == 0
    assert max(len(line) for line in said.stdout.splitlines() if "Next:" not in line) <= columns
    assert "No signal" in call("signals", "--strategy", "nobody", home=asked).stdout


def test_a_signal_is_taken_by_a_request_that_waits_for_the_next_process(answer: Answer, asked: Path) -> None:
    name = facts(asked, SignalOffered)[0].signal_id
    told = Told.model_validate(answer("take", name, "--reason", "I like it", home=asked))
    assert (told.state, told.running) == ("waiting", False)
    assert facts(asked, TakeRequested) == [TakeRequested(name, "I like it")]


@pytest.mark.parametrize("command", ["take", "dismiss"])
def test_a_signal_that_nobody_saw_is_refused_in_a_sentence(call: Call, asked: Path, command: str) -> None:
    unknown = call(command, "nobody", home=asked)
    assert unknown.exit_code == 2
    assert "strikewise signals" in " ".join(unknown.stderr.split())


def test_a_signal_is_dismissed_by_the_beginning_of_its_id(answer: Answer, asked: Path) -> None:
    name = facts(asked, SignalOffered)[-1].signal_id
    told = Told.model_validate(answer("dismiss", name[:-2], "--reason", "earnings", home=asked))
    assert (told.state, told.running) == ("waiting", False)
    assert facts(asked, DismissRequested) == [DismissRequested(name, "earnings")]
