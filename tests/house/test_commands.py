"""Every command explains itself, with an example that it would accept; listing them loads none of them."""

from __future__ import annotations

import inspect
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from strikewise.apps.cli.main import COMMANDS as LISTED
from strikewise.apps.cli.main import app
from strikewise.bootstrap.build import build_system

EXAMPLE = re.compile(r"^\s*(?:\$ )?strikewise (.+)$", re.MULTILINE)
HEAVY = {
    "exchange_calendars",
    "httpx",
    "jinja2",
    "numba",
    "numpy",
    "pandas",
    "polars",
    "sqlalchemy",
}
SOLVERS = {"numba", "scipy.optimize", "scipy.special", "scipy.stats"}
DATA = {"httpx", "polars", "strikewise.adapters.brokers.alpaca"}


def commands(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    subcommands = getattr(command, "commands", None)
    if subcommands is None:
        yield path, command
        return
    for name, subcommand in sorted(subcommands.items()):
        yield from commands(subcommand, (*path, name))


ROOT = typer.main.get_command(app)
COMMANDS = dict(commands(ROOT))
each_command = pytest.mark.parametrize("path", COMMANDS, ids=" ".join)


def examples_of(command: Any) -> list[list[str]]:
    said = "\n".join(text for text in (command.help, command.epilog) if text)
    return [shlex.split(line) for line in EXAMPLE.findall(said)]


def without_home(words: list[str]) -> list[str]:
    """Drop the global option that some examples begin with."""
    return words[2:] if words[:1] == ["--home"] else words


def unknown_words(words: list[str]) -> str | None:
    """Return what the command line refuses of an example, without running it."""
    command: Any = ROOT
    while words and words[0] in getattr(command, "commands", {}):
        command, words = command.commands[words[0]], words[1:]
    context = typer.Context(command)
    try:
        command.make_parser(context).parse_args(list(words))
    except Exception as error:  # each kind of refusal is a finding
        return str(error)
    return None


def test_an_example_with_an_unknown_option_is_seen() -> None:
    path = next(iter(COMMANDS))
    assert unknown_words([*path, "--no-such-option-anywhere"])


@each_command
def test_a_command_says_what_it_does_and_what_each_option_is(path: tuple[str, ...]) -> None:
    answer = CliRunner().invoke(app, [*path, "--help"])
    assert answer.exit_code == 0
    assert COMMANDS[path].help
    without = [p.name for p in COMMANDS[path].params if p.name != "help" and not getattr(p, "help", None)]
    assert without == [], "these arguments and options have no help"


@each_command
def test_a_command_shows_an_example_it_would_accept(path: tuple[str, ...]) -> None:
    examples = [without_home(words) for words in examples_of(COMMANDS[path])]
    assert any(tuple(words[: len(path)]) == path for words in examples), "no example of its own"
    assert [refused for words in examples if (refused := unknown_words(words))] == []


@pytest.mark.parametrize("late", LISTED, ids=lambda late: late.name)
def test_the_list_of_commands_says_what_each_says_of_itself(late: Any) -> None:
    first, *_ = inspect.cleandoc(late.load().help).split("\n\n")
    assert late.summary.rstrip(".") == re.split(r"[;:.]", " ".join(first.split()))[0]


def test_every_command_is_listed() -> None:
    answer = CliRunner().invoke(app, ["--help"])
    assert answer.exit_code == 0
    for late in LISTED:
        assert late.summary in " ".join(answer.stdout.replace("│", " ").split())


def test_a_command_that_is_not_there_is_refused_with_the_nearest() -> None:
    answer = CliRunner().invoke(app, ["backtset"])
    assert answer.exit_code == 2
    assert "backtest" in answer.stderr


def loaded_by(statement: str, *words: str) -> set[str]:
    """Return the modules that a new process has when it has carried out a statement."""
    program = f"import sys; {statement}; print('\\nLOADED', *sys.modules)"
    call = [sys.executable, "-c", program, *words]
    said = subprocess.run(call, capture_output=True, text=True, check=True).stdout
    found = set(said.partition("LOADED")[2].split())
    assert "strikewise" in found
    return found


RUN = "from strikewise.apps.cli.main import app; app(sys.argv[1:], standalone_mode=False)"


@pytest.mark.parametrize("words", [["--help"], ["version"]], ids=" ".join)
def test_listing_the_commands_loads_nothing_heavy(words: list[str]) -> None:
    assert loaded_by(RUN, *words) & HEAVY == set()


@pytest.mark.parametrize("command", ["status", "positions", "orders", "trades", "signals"])
def test_what_only_reads_the_ledger_waits_for_no_solver_compiler_or_data(
    command: str, tmp_path: Path
) -> None:
    with build_system(tmp_path).ledger():
        pass  # made and brought up to date, as it is from the first time on
    assert loaded_by(RUN, "--home", str(tmp_path), command) & {*SOLVERS, *DATA, "alembic"} == set()


@pytest.mark.parametrize("command", ["backtest", "risk", "scan", "sweep"])
def test_what_prices_loads_solvers_and_the_compiler_when_it_prices(command: str) -> None:
    found = loaded_by(f"import strikewise.apps.cli.{command}")
    others = {"httpx", "strikewise.adapters.alerts.watcher", "strikewise.adapters.brokers.alpaca"}
    assert found & {*SOLVERS, *others} == set()


def test_a_process_that_runs_for_a_sweep_loads_no_face_no_ledger_and_no_feed() -> None:
    found = loaded_by("import strikewise.bootstrap.research")
    assert found & {*SOLVERS, "alembic", "httpx", "rich", "sqlalchemy", "strikewise.adapters.feeds"} == set()
