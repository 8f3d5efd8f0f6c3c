"""`strikewise lookahead` and `strikewise compare`: what they tell, and what they refuse."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from apps.json_research import Comparison, TimeChecks


def test_a_run_that_knew_nothing_of_the_future_is_clean(call: Any, answer: Any, spec: Path) -> None:
    words = ("lookahead", spec, "--cuts", 2, "--no-warm-up", "--set", "end=2018-02-09")
    told = answer(*words)
    TimeChecks.model_validate(told)
    assert told["lookahead"]["clean"]
    assert len(told["lookahead"]["cuts"]) == 2
    assert told["lookahead"]["facts_compared"] > 10
    assert told["warm_ups"] == []
    assert told["enough_past_sessions"] is None


def test_an_index_is_replayed_beside_levels_of_a_file(call: Any, answer: Any, tmp_path: Path) -> None:
    words = ("compare", "PUT", "--from", "2018-01-02", "--to", "2018-04-30")
    alone = answer(*words)
    Comparison.model_validate(alone)
    assert alone["comparison"] is None
    ends = {one["date"][:7]: one for one in alone["curve"]}
    file = tmp_path / "levels.csv"
    file.write_text("\n".join(["date,PUT", *(f"{one['date']},{one['value']}" for one in ends.values())]))
    beside = answer(*words, "--levels", file, "--from", "2018-01-02")
    Comparison.model_validate(beside)
    months = beside["comparison"]["months"]
    assert [one["month"] for one in months] == list(ends)
    assert all(one["replay"] == pytest.approx(one["index"]) for one in months)


def test_levels_that_are_not_there_and_indices_nobody_knows_are_refused(call: Any, tmp_path: Path) -> None:
    said = call("compare", "PUT", "--levels", tmp_path / "none.csv")
    assert said.exit_code == 2
    assert "none.csv: is no file" in said.stderr
    said = call("compare", "BXX")
    assert said.exit_code == 2
    assert "did you mean BXM?" in said.stderr
