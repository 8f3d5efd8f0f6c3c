"""Seen and told from the command line: an account that was traded, while no process runs."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from apps import trading_home
from apps.json_control import ComparisonTold, OrdersTold, PositionsTold, StatusTold, Told
from strikewise.adapters.halt_file import HALT_FILE
from strikewise.adapters.store.sql_ledger import SqlLedger
from strikewise.apps.cli.main import app
from strikewise.domain.control import FlattenRequested, HaltRequested, ReleaseRequested

Call = Callable[..., Result]
Answer = Callable[..., Any]


@pytest.fixture(scope="module")
def traded(market: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A rehearsal's folder: a home of its own, whose account traded for some weeks."""
    folder = tmp_path_factory.mktemp("traded")
    home = trading_home.make(folder / "home", market)
    place = folder / "rehearsal"
    words = ["--home", str(home), "run", "--replay", "2018-01-16..2018-02-09", "--into", str(place)]
    assert CliRunner().invoke(app, words).exit_code == 0
    return place


def requests(place: Path) -> list[Any]:
    with SqlLedger(f"sqlite:///{place / 'ledger.db'}") as ledger:
        return [one.event for one in ledger.records()]


def test_status_says_that_nobody_trades_and_what_the_account_stands_at(answer: Answer, traded: Path) -> None:
    found = StatusTold.model_validate(answer("status", home=traded))
    assert (found.running, found.mode, found.state) == (False, "off", "active")
    assert found.ledger_seq > 50
    assert found.reconciled_at is not None
    assert found.broker == "paper"


def test_status_can_be_asked_by_a_monitor(call: Call, traded: Path) -> None:
    assert call("status", home=traded).exit_code == 0
    assert call("status", "--check", home=traded).exit_code == 1


def test_positions_and_orders_are_listed_as_the_ledger_has_them(answer: Answer, traded: Path) -> None:
    positions = PositionsTold.model_validate(answer("positions", home=traded)).positions
    orders = OrdersTold.model_validate(answer("orders", "--ended", "100", home=traded)).orders
    opened = {one.position_id for one in orders if one.purpose == "open" and one.filled}
    assert {one.position_id for one in positions} <= opened
    assert {one.status for one in orders} <= {"filled", "expired"}
    assert len(OrdersTold.model_validate(answer("orders", "--ended", "2", home=traded)).orders) == 2


@pytest.mark.parametrize("columns", [80, 120, 200])
def test_what_people_see_fits_their_terminal(call: Call, traded: Path, columns: int) -> None:
    for words in (("status",), ("positions",), ("orders",)):
        said = call(*words, home=traded, columns=columns)
        assert said.exit_code == 0
        assert max(len(line) for line in said.stdout.splitlines() if "Next:" not in line) <= columns


def test_a_halt_raises_the_flag_and_is_written_down_and_shown(
    answer: Answer, call: Call, traded: Path
) -> None:
    told = Told.model_validate(answer("halt", "smells odd", "--exits", home=traded))
    assert (told.state, told.halt_flag, told.running) == ("waiting", True, False)
    assert (traded / HALT_FILE).exists()
    assert requests(traded)[-1] == HaltRequested("smells odd", exits=True)
    shown = call("status", home=traded).stdout
    assert "REDUCING" in shown
    assert "smells odd" in shown
    assert not Told.model_validate(answer("resume", "fine", home=traded)).halt_flag
    assert not (traded / HALT_FILE).exists()


def test_a_halt_works_though_settings_and_ledger_are_broken(call: Call, tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text("[account\n", encoding="utf-8")
    (tmp_path / "ledger.db").write_text("no database", encoding="utf-8")
    said = call("halt", "now", home=tmp_path)
    assert said.exit_code == 2
    assert (tmp_path / HALT_FILE).exists()


def test_nothing_heavy_is_loaded_before_the_flag_is_up() -> None:
    code = "import sys, strikewise.apps.cli.halt; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"numpy", "numba", "polars", "sqlalchemy", "pydantic", "scipy"} & set(loaded.stdout.split())


def test_a_broken_ledger_leaves_the_flag_and_says_so(call: Call, tmp_path: Path) -> None:
    (tmp_path / "ledger.db").write_bytes(b"no database at all, " * 100)
    said = call("halt", "now", home=tmp_path)
    assert said.exit_code == 0
    assert "The halt flag is up" in " ".join(said.stdout.split())


def test_what_is_asked_for_is_written_as_it_was_meant(call: Call, traded: Path) -> None:
    assert call("flatten", "spx", "--reason", "too much", home=traded).exit_code == 0
    assert requests(traded)[-1] == FlattenRequested("too much", "SPX")
    assert call("resume", "looked", "--symbol", "spx", home=traded).exit_code == 0
    assert requests(traded)[-1] == ReleaseRequested("SPX", "looked")
    assert call("claim", "ext-1", "iron_condor", home=traded).exit_code == 0
    assert call("orders", "--cancel", "sw-1", home=traded).exit_code == 0
    assert call("flatten", "SPX", "--position", "p", home=traded).exit_code == 2


def test_a_simulated_account_that_nobody_trades_agrees_with_its_own_ledger(call: Call, traded: Path) -> None:
    said = call("reconcile", home=traded)
    assert said.exit_code == 0
    assert "both agree" in said.stdout
    assert ComparisonTold.model_fields.keys() == {"agreed", "written", "problem", "lines"}


def test_an_account_that_never_traded_says_so(call: Call, tmp_path: Path) -> None:
    assert "Nothing is held" in call("positions", home=tmp_path).stdout
    assert "No order was ever placed" in call("orders", home=tmp_path).stdout
    assert "does not run" in call("status", home=tmp_path).stdout
