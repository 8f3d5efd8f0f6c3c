"""Call the command line as a person would, on a small market made once."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from apps.market_home import SPEC, fill
from strikewise.apps.cli.main import app

Call = Callable[..., Result]


@pytest.fixture(scope="session")
def market(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data home with a market in it; tests share it and only add runs."""
    home = tmp_path_factory.mktemp("market") / "home"
    fill(home)
    return home


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    path = tmp_path / "condors.toml"
    path.write_text(SPEC, encoding="utf-8")
    return path


@pytest.fixture
def call(market: Path) -> Call:
    """Call a command on the shared market, or on another home."""

    def run(*words: object, home: Path = market, columns: int = 160, before: tuple[str, ...] = ()) -> Result:
        line = [*before, "--home", str(home), *map(str, words)]
        return CliRunner().invoke(app, line, env={"COLUMNS": str(columns), "NO_COLOR": "1"})

    return run


@pytest.fixture
def answer(call: Call) -> Callable[..., Any]:
    """Call a command with --json, and return what it says; it must say nothing else on standard output."""

    def ask(*words: object, **options: Any) -> Any:
        result = call(*words, "--json", **options)
        assert result.exit_code == 0, result.stderr
        return json.loads(result.stdout)

    return ask
