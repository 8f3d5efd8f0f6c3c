"""Trading from the command line: over the stored past, in processes of their own, stopped from outside."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from apps import trading_home
from strikewise.adapters.store.sql_ledger import SqlLedger
from strikewise.domain.events import AccountValued, OptionSettled, OrderAccepted, OrderFilled, OrderPlaced

Call = Callable[..., Result]


@pytest.fixture(scope="module")
def home(market: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trading_home.make(tmp_path_factory.mktemp("trading") / "home", market)


class Process:
    """A `strikewise run` in a process of its own."""

    def __init__(self, home: Path, place: Path, *options: str) -> None:
        words = ["--home", str(home), "run", "--into", str(place), *options]
        code = "import sys; from strikewise.apps.cli.main import main; sys.argv[0] = 'strikewise'; main()"
        self.place = place
        self.popen = subprocess.Popen(
            [sys.executable, "-c", code, *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "NO_COLOR": "1"},
        )

    def count(self, kind: type) -> int:
        return sum(isinstance(one.event, kind) for one in records(self.place))

    def wait_for(self, kind: type, number: int, seconds: float = 60.0) -> None:
        ends = time.monotonic() + seconds
        while self.count(kind) < number:
            assert self.popen.poll() is None, self.popen.communicate()
            assert time.monotonic() < ends, f"{kind.__name__} did not come {number} times"
            time.sleep(0.02)

    def a_week_more(self) -> list[object]:
        """Return the options of a process that goes on where this one was, for a week."""
        last = max(one.known_at for one in records(self.place) if isinstance(one.event, AccountValued))
        until = (last + timedelta(days=7)).isoformat()
        return ["--replay", "2018-01-02..2018-04-30", "--into", self.place, "--until", until]

    def end(self) -> tuple[int, str]:
        _, said = self.popen.communicate(timeout=30)
        return self.popen.returncode, said


def records(place: Path) -> list[Any]:
    path = place / "ledger.db"
    if not path.exists():
        return []
    with SqlLedger(f"sqlite:///{path}") as ledger:
        return list(ledger.records())


@pytest.fixture
def process(home: Path, tmp_path: Path) -> Iterator[Process]:
    begun = Process(home, tmp_path / "rehearsal", "--replay", "2018-01-02..2018-04-30")
    yield begun
    if begun.popen.poll() is None:
        begun.popen.kill()
        begun.popen.communicate()


def did(all_of_them: list[Any]) -> list[tuple[Any, ...]]:
    told: list[tuple[Any, ...]] = []
    for one in all_of_them:
        match one.event:
            case OrderPlaced(order=order):
                what = (order.purpose, order.structure, order.quantity, order.limit_cents, order.reason)
                told.append((one.known_at, "ordered", *what))
            case OrderFilled(execution=filled):
                told.append((filled.at, "filled", filled.quantity, filled.legs, filled.fees_cents))
            case OptionSettled(report=report):
                told.append((report.at, "settled", report.contract, report.cash_cents))
            case _:
                pass
    return told


def test_a_rehearsal_decides_and_earns_what_a_run_over_the_same_past_does(
    call: Call, home: Path, tmp_path: Path
) -> None:
    spec, place = tmp_path / "condors.toml", tmp_path / "rehearsal"
    spec.write_text(trading_home.SPEC, encoding="utf-8")
    ledger = tmp_path / "past.db"
    assert call("backtest", spec, "--ledger", f"sqlite:///{ledger}", home=home).exit_code == 0
    done = call("run", "--replay", "2018-01-02..2018-02-16", "--spec", spec, "--into", place, home=home)
    assert done.exit_code == 0, done.stderr
    with SqlLedger(f"sqlite:///{ledger}") as past:
        expected = did(list(past.records()))
    assert did(records(place)) == expected
    assert len(expected) > 20


def test_halting_silences_a_running_process_within_a_second_and_outlives_it(
    process: Process, home: Path, call: Call
) -> None:
    process.wait_for(OrderAccepted, 2)
    began = time.monotonic()
    halted = call("halt", "enough", "--json", home=process.place)
    took = time.monotonic() - began
    answer = json.loads(halted.stdout)
    assert (answer["state"], answer["running"], answer["halt_flag"]) == ("met", True, True)
    silent_since = process.count(OrderAccepted)
    before = len(records(process.place))
    ends = time.monotonic() + 2.0
    while time.monotonic() < ends:
        assert process.count(OrderAccepted) == silent_since
        time.sleep(0.1)
    assert took <= 1.0
    assert len(records(process.place)) > before  # it lives on, and reports its days
    process.popen.send_signal(signal.SIGTERM)
    code, said = process.end()
    assert (code, "SIGTERM" in said) == (0, True)
    shown = json.loads(call("status", "--json", home=process.place).stdout)
    assert (shown["state"], shown["running"], shown["by_person"]) == ("halted", False, True)
    again = call("run", *process.a_week_more(), home=home)
    assert again.exit_code == 0, again.stderr
    assert process.count(OrderAccepted) == silent_since
    resumed = call("resume", "looked", home=process.place)
    assert "No process trades this account now" in resumed.stdout


def test_a_second_process_names_the_first_and_leaves(process: Process, home: Path, call: Call) -> None:
    process.wait_for(OrderAccepted, 1)
    second = call("run", "--replay", "2018-01-02..2018-04-30", "--into", process.place, home=home)
    assert second.exit_code == 2
    assert re.search(rf"is being traded by process {process.popen.pid} on", second.stderr)


def test_a_process_that_was_killed_is_followed_at_once_by_one_that_goes_on(
    process: Process, home: Path, call: Call
) -> None:
    process.wait_for(OrderFilled, 2)
    process.popen.kill()
    process.end()
    before = did(records(process.place))
    done = call("run", *process.a_week_more(), home=home)
    assert done.exit_code == 0, done.stderr
    after = records(process.place)
    assert did(after)[: len(before)] == before
    assert len(did(after)) > len(before)
    placed = [one.event.order.order_id for one in after if isinstance(one.event, OrderPlaced)]
    assert len(placed) == len(set(placed))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--live",), r'Real money needs both: --live is there, mode = "live" under \[run\]'),
        (("--live", "--replay", "2018-01-02"), "A replay of the past trades nobody's money"),
        (("--replay", "yesterday"), "A replay is named by its first and last day"),
        (("--replay", "2018-02-01..2018-01-01"), "must end on or after its start"),
        (("--faults", "1"), "Faults are rehearsed over the past only"),
        (("--ledger", "sqlite:///other.db"), "account's ledger is named in the settings"),
        (("--through", "alpaca"), "Only a replay is led through another broker's protocol"),
        (("--until", "2018-01-02T16:00"), "needs its zone"),
        ((), "Cboe's delayed quotes are off"),
    ],
)
def test_what_is_half_meant_is_refused_in_a_sentence(
    call: Call, home: Path, words: tuple[str, ...], said: str
) -> None:
    refused = call("run", *words, home=home)
    assert refused.exit_code == 2
    assert re.search(said, refused.stderr)


def test_an_account_without_anything_to_trade_says_what_to_write(call: Call, tmp_path: Path) -> None:
    refused = call("run", home=tmp_path / "new")
    assert refused.exit_code == 2
    assert 'underlyings = ["SPY"]' in refused.stderr


def test_real_money_needs_its_account_pinned(call: Call, tmp_path: Path) -> None:
    home = tmp_path / "money"
    home.mkdir()
    (home / "settings.toml").write_text('[run]\nmode = "live"\nunderlyings = ["SPY"]\n', encoding="utf-8")
    assert "--live on the command line is not" in call("run", home=home).stderr
    assert 'name = "alpaca"' in call("run", "--live", home=home).stderr
