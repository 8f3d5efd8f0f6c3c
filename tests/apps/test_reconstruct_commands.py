"""`strikewise data reconstruct` and `data calibrate`."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from strikewise.backtest.reconstruct.parameters import PACKAGED

PERIOD = ("--from", "2015-06-01", "--to", "2015-06-05")


@pytest.fixture
def home(market: Path, tmp_path: Path) -> Path:
    """A home with closes, VIX and a rate, and no chains."""
    copied = tmp_path / "home"
    shutil.copytree(market, copied, ignore=shutil.ignore_patterns("chains", "cache", "runs"))
    return copied


def test_chains_are_reconstructed_and_say_so_with_their_spreads(answer: Any, call: Any, home: Path) -> None:
    made = answer("data", "reconstruct", "spx", *PERIOD, "--spread-multiplier", 2, home=home)
    assert made["underlying"] == "SPX"
    assert made["source"] == "reconstructed:fitted-1 spread x2"
    assert made["rows_written"] > 1000
    assert "volatility point" in made["limits"]
    (held,) = answer("data", "status", home=home)["chains"]
    assert held["snapshots"] == 5
    assert (
        answer("data", "reconstruct", "SPX", *PERIOD, "--spread-multiplier", 2, home=home)["rows_written"]
        == 0
    )
    shown = call("data", "reconstruct", "SPX", *PERIOD, home=home)
    assert "They cannot show" in shown.stdout
    assert (made["days"], made["days_without"]) == (5, 0)
    assert "sessions of the period" not in shown.stdout


def test_sessions_that_no_chain_can_be_made_of_are_told(answer: Any, call: Any, home: Path) -> None:
    period = ("--from", "2018-12-24", "--to", "2019-01-08")
    made = answer("data", "reconstruct", "SPX", *period, home=home)
    assert (made["days"], made["days_without"]) == (5, 5)
    shown = call("data", "reconstruct", "SPX", *period, home=home).stdout
    assert "5 sessions of the period have no close or no VIX" in " ".join(shown.split())


def test_what_cannot_be_reconstructed_is_refused_in_a_sentence(call: Any, home: Path) -> None:
    for words, told in (
        (("QQQ", *PERIOD), "bars of QQQ"),
        (("SPX", *PERIOD, "--spread-multiplier", 0), "spread_multiplier must be above 0"),
        (("SPX", "--from", "2015-06-05", "--to", "2015-06-01"), "before it begins"),
        (("SPX", *PERIOD, "--numbers", home / "nothing.json"), "data calibrate"),
    ):
        result = call("data", "reconstruct", *words, home=home)
        assert result.exit_code == 2
        assert told in result.stderr.replace("\n", " ")


def test_other_numbers_take_another_name(answer: Any, home: Path, tmp_path: Path) -> None:
    numbers = json.loads(PACKAGED.read_text(encoding="utf-8")) | {"name": "spring"}
    path = tmp_path / "spring.json"
    path.write_text(json.dumps(numbers), encoding="utf-8")
    made = answer("data", "reconstruct", "SPX", *PERIOD, "--numbers", path, home=home)
    assert made["source"] == "reconstructed:spring spread x1"


def test_a_calibration_without_recorded_chains_is_refused(call: Any, home: Path, tmp_path: Path) -> None:
    result = call("data", "calibrate", "SPX", home=home)
    assert result.exit_code == 2
    assert "no recorded chains of SPX" in result.stderr.replace("\n", " ")
    wrong = tmp_path / "straddles.csv"
    wrong.write_text("day,price\n2015-06-01,0.1\n", encoding="utf-8")
    result = call("data", "calibrate", "SPX", "--straddles", wrong, home=home)
    assert result.exit_code == 2
    assert "date and straddle" in result.stderr.replace("\n", " ")
