"""`strikewise validate`: a verdict as tables, as JSON and as a page."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from apps.json_research import Verdict
from apps.pages import loaded_from_elsewhere
from strikewise.apps.cli.main import app
from strikewise.apps.cli.specification import grid_axes
from strikewise.apps.reports.verdict_report import render_verdict
from strikewise.apps.verdict_figures import asked, found, luck_rows, short_by, walk_words
from strikewise.bootstrap.build import build_system
from strikewise.service.errors import SettingsError
from strikewise.service.trials import tried

CHECKS = [
    "profit",
    "trades",
    "record",
    "sample",
    "luck",
    "walk-forward",
    "overfitting",
    "disasters",
    "ruin",
    "too good",
]


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("spec") / "short.toml"
    path.write_text(
        """\
name = "Short"
underlyings = ["SPX"]
start = 2018-01-02
end = 2018-02-28
capital = 250_000

[[strategies]]
strategy = "iron_condor"
parameters = { width = 50.0 }
""",
        encoding="utf-8",
    )
    return path


@pytest.fixture(scope="module")
def judged(market: Path, short: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The verdict of one quick validation, its folder, and what was printed."""
    folder = tmp_path_factory.mktemp("verdict") / "out"

    words = ["--home", str(market), "validate", str(short), "--quick", "--no-put-write", "--out", str(folder)]
    said = CliRunner().invoke(app, words, env={"COLUMNS": "160", "NO_COLOR": "1"})
    assert said.exit_code == 0, said.stderr
    return json.loads((folder / "verdict.json").read_text(encoding="utf-8")), folder, said.stdout


def test_the_verdict_says_every_check_and_what_failed(judged: Any) -> None:
    page, _, printed = judged
    assert [check["name"] for check in page["verdict"]["checks"]] == CHECKS
    assert all(name in printed for name in CHECKS)
    assert "Not shown to be an edge." in printed
    assert not page["verdict"]["passed"], "two months prove nothing"
    assert printed.count("✗") == sum(not check["passed"] for check in page["verdict"]["checks"])
    assert "could not be found" in printed


def test_every_try_is_in_the_homes_ledger_of_trials(judged: Any, market: Path) -> None:
    page = judged[0]
    assert (market / "trials.db").is_file()
    assert len(tried(build_system(market))) >= page["trials"]["raw"] >= 15


def test_the_page_needs_nothing_but_itself_and_says_what_the_tables_say(judged: Any) -> None:
    page, folder, _ = judged
    html = (folder / "verdict.html").read_text(encoding="utf-8")
    assert loaded_from_elsewhere(html) == []
    assert html == render_verdict(page)
    for word in ("Not shown to be an edge", "Hard checks", "Deflated gate", "holding SPX"):
        assert word in html
    drawn = set(re.findall(r'(?:draw|fan)\("([a-z-]+)"', html))
    charts = set(re.findall(r'<div id="([a-z-]+)" class="chart', html))
    assert {"growth", "neighbours", "life-days"} <= charts <= drawn


def test_json_is_the_same_page(judged: Any, answer: Any, short: Path) -> None:
    again = answer("validate", short, "--quick", "--no-put-write")
    Verdict.model_validate(again)
    page = judged[0]
    for name in set(page) - {"trials", "significance", "verdict"}:
        assert again[name] == page[name], name


def test_a_put_write_index_that_cannot_be_replayed_is_told_and_left_out(call: Any, short: Path) -> None:
    said = call("validate", short, "--quick", "--set", "end=2018-01-31")
    assert said.exit_code == 0, said.stderr
    assert ("put-write on SPX" in said.stdout) != ("cannot stand beside it" in said.stderr)


def test_what_cannot_be_is_refused_in_one_sentence(call: Any, short: Path) -> None:
    said = call("validate", short, "--grid", "straddle.width=1,2")
    assert said.exit_code == 2
    assert "no strategy straddle" in said.stderr
    said = call("validate", short, "--against", "nothing-like-it")
    assert said.exit_code == 2
    assert "No run begins with" in said.stderr


def test_axes_of_a_grid_are_written_with_commas() -> None:
    axes = grid_axes(["stop_loss=1.5,2", "credit_spread.side=put, call", "units=1"])
    assert axes == {"stop_loss": [1.5, 2], "credit_spread.side": ["put", "call"], "units": [1]}
    for wrong in ("stop_loss", "=1", "stop_loss="):
        with pytest.raises(SettingsError, match="parameter=value,value"):
            grid_axes([wrong])


@pytest.mark.parametrize(
    ("bar", "unit", "value", "said"),
    [
        ((0.2, False), "fraction", 0.12, ("12.0%", "at most 20.0%", "")),
        ((1e-6, True), "fraction", -0.03, ("-3.0%", "above 0", "3.0%")),
        ((None, True), "sessions", 900, ("900 sessions", "more than ever", "no length would do")),
        ((1e-6, True), "ratio", None, ("–", "above 0", "could not be found")),
        ((7.25, True), "years", 5.0, ("5.0 years", "at least 7.2 years", "2.2 years")),
        ((30, True), "count", 12, ("12", "at least 30", "18")),
    ],
)
def test_a_check_says_what_was_found_asked_and_missing(
    bar: tuple[float | None, bool], unit: str, value: float | None, said: tuple[str, ...]
) -> None:
    check = {"found": value, "bar": bar[0], "at_least": bar[1], "unit": unit, "passed": said[2] == ""}
    assert (found(check), asked(check), short_by(check)) == said


def test_what_could_not_be_had_is_said_in_words(judged: Any) -> None:
    page = judged[0]
    unknown = {**page, "significance": {"known": False}, "walk_forward": {"rolling": None, "anchored": None}}
    assert luck_rows(unknown)[-1] == ("Sharpe ratio", "too few days, or none that moved")
    assert walk_words(unknown) == "The time is too short to train and test."
    bare = {**unknown, "overfitting": None, "bands": None, "market": None, "disasters": []}
    bare["lives"] = {**page["lives"], "trades": None, "order": None}
    assert "too short" in render_verdict(bare)
