"""`strikewise sweep`: many runs side by side, each the run it would be by itself, and all of them counted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from apps.json_research import Sweep

GRID = ("--grid", "dte_exit=21,30", "--grid", "iron_condor.profit_target=0.4,0.6")


@pytest.fixture
def found(answer: Callable[..., Any], spec: Path) -> dict[str, Any]:
    result: dict[str, Any] = answer("sweep", spec, *GRID, "--workers", 1)
    return result


def test_every_combination_is_run_once(found: dict[str, Any]) -> None:
    Sweep.model_validate(found)
    tried = {tuple(run["parameters"].values()) for run in found["runs"]}
    assert tried == {(21, 0.4), (21, 0.6), (30, 0.4), (30, 0.6)}
    assert found["grid"] == {"dte_exit": [21, 30], "iron_condor.profit_target": [0.4, 0.6]}
    assert len({run["fingerprint"] for run in found["runs"]}) > 1
    assert all(run["grade"] == "reconstructed" for run in found["runs"])


def test_a_run_of_a_sweep_is_the_run_it_would_be_by_itself(
    found: dict[str, Any], answer: Callable[..., Any], spec: Path
) -> None:
    swept = found["runs"][0]
    changes = [
        part
        for name, value in swept["parameters"].items()
        for part in ("--set", f"strategies.iron_condor.parameters.{name.rpartition('.')[2]}={value}")
    ]
    alone = answer("backtest", spec, *changes, "--no-other-fills")
    assert alone["fingerprint"] == swept["fingerprint"]
    assert alone["summary"] == swept["summary"]


def test_two_processes_give_what_one_gives(
    found: dict[str, Any], answer: Callable[..., Any], spec: Path
) -> None:
    assert answer("sweep", spec, *GRID, "--workers", 2)["runs"] == found["runs"]


@pytest.mark.parametrize(("figure", "rising"), [("sharpe", False), ("costs", True), ("max_drawdown", False)])
def test_the_best_comes_first(answer: Callable[..., Any], spec: Path, figure: str, rising: bool) -> None:
    runs = answer("sweep", spec, *GRID, "--workers", 1, "--sort", figure)["runs"]
    values = [run["summary"][figure] for run in runs]
    assert values == sorted(values, reverse=not rising)


def test_configurations_count_as_tried_once_and_for_ever(
    found: dict[str, Any], answer: Callable[..., Any], spec: Path
) -> None:
    again = answer("sweep", spec, *GRID, "--workers", 1)["tries"]
    assert again["here"] == 4
    assert again["ever"] == found["tries"]["ever"] >= 4
    more = answer("sweep", spec, "--grid", "dte_exit=11,12", "--workers", 1)["tries"]
    assert more["ever"] == again["ever"] + 2
    assert more["sharpe_to_beat"] > 0
    assert 0 <= more["deflated_probability"] <= 1


def test_people_see_a_table_and_what_so_many_tries_are_worth(call: Callable[..., Any], spec: Path) -> None:
    result = call("sweep", spec, *GRID, "--workers", 1)
    assert result.exit_code == 0, result.stderr
    assert "4 configurations were tried here" in result.stdout.replace("\n", " ")
    assert "profit_target" in result.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--grid", "nonsense=1,2"), "nonsense"),
        (("--grid", "dte_exit=21", "--sort", "luck"), "cannot be sorted by 'luck'"),
        (("--grid", "dte_exit"), "parameter=value"),
    ],
)
def test_a_grid_that_cannot_be_run_is_refused_in_a_sentence(
    call: Callable[..., Any], spec: Path, words: tuple[str, ...], said: str
) -> None:
    result = call("sweep", spec, *words)
    assert result.exit_code == 2
    assert said in result.stderr
