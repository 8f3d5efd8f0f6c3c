"""`strikewise demo`: everything once, from chains to reports."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from apps.market_home import write_chain_file
from apps.pages import loaded_from_elsewhere
from strikewise.apps.cli.demo_plan import Period, densest, specifications
from strikewise.bootstrap.spec_file import make_spec

REPORTS = ("credit_spread", "iron_condor", "naked_put")


def coverage(*days: str) -> dict[str, int]:
    return dict.fromkeys(days, 10)


def test_the_demo_runs_where_the_chains_are_dense() -> None:
    thin = {
        "underlying": "AAA",
        "rows": 10,
        "gaps": [],
        "last": "2024-01-03",
        "coverage": coverage("2024-01-02"),
    }
    dense = {
        "underlying": "BBB",
        "rows": 1000,
        "gaps": [
            {"first": "2024-01-05", "last": "2024-02-01", "sessions": 19},
            {"first": "2024-02-06", "last": "2024-02-06", "sessions": 1},
        ],
        "last": "2024-02-08",
        "coverage": coverage(
            "2024-01-03", "2024-01-04", "2024-02-02", "2024-02-05", "2024-02-07", "2024-02-08"
        ),
    }
    found = densest([thin, dense])
    assert (found.underlying, found.start.isoformat(), found.end.isoformat()) == (
        "BBB",
        "2024-02-02",
        "2024-02-08",
    )


@pytest.mark.parametrize("name", REPORTS)
def test_each_specification_of_the_demo_is_sound(name: str) -> None:
    bundled = make_spec(specifications(None)[name])
    assert [one.label for one in bundled.run.strategies] == [name]
    period = Period("SPY", bundled.start, bundled.end)
    assert make_spec(specifications(period)[name]).run.underlyings == ("SPY",)


def test_the_demo_leaves_reports_that_open_anywhere_and_can_be_repeated(
    answer: Any, call: Any, market: Path, tmp_path: Path
) -> None:
    first = answer("demo", "--out", tmp_path, home=market)
    assert set(first["runs"]) == set(REPORTS)
    assert {run["grade"] for run in first["runs"].values()} == {"reconstructed"}
    pages = [tmp_path / "audit.html", *(tmp_path / name / "report.html" for name in REPORTS)]
    for page in pages:
        assert loaded_from_elsewhere(page.read_text(encoding="utf-8")) == []
    result = call("demo", "--out", tmp_path, home=market)
    assert result.exit_code == 0
    said = result.stdout
    for page in pages:
        assert str(page) in said
    assert "there already" in said
    assert "RECONSTRUCTED" in said
    assert said.rstrip().splitlines()[-1].startswith("Next: ")
    assert "serve --demo" in said.rstrip().splitlines()[-1]
    again = answer("demo", "--out", tmp_path, home=market)
    assert again == first


def test_the_demo_takes_recorded_chains(answer: Any, tmp_path: Path) -> None:
    write_chain_file(tmp_path / "recorded")
    found = answer("demo", "--data", tmp_path / "recorded", home=tmp_path / "home")
    assert {run["grade"] for run in found["runs"].values()} == {"quotes"}
    assert (tmp_path / "home" / "reports" / "audit.html").is_file()


def test_a_folder_without_chains_is_refused(call: Any, tmp_path: Path) -> None:
    folder = tmp_path / "given"
    folder.mkdir()
    empty = call("demo", "--data", folder, home=tmp_path / "home")
    (folder / "rates.csv").write_text("date,DTB3\n2024-01-02,5.2\n")
    rates = call("demo", "--data", folder, home=tmp_path / "home")
    assert (empty.exit_code, rates.exit_code) == (2, 2)
    assert "there is no file in it" in " ".join(empty.stderr.split())
    assert "no option chains" in rates.stderr
