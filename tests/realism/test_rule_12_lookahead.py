"""Rule 12: the future is cut off at random ticks, the run made again, and its facts compared."""

from __future__ import annotations

from dataclasses import replace

from engine.runs import CALENDAR, reconstructed, spec
from realism.test_rule_11_determinism import eventful
from strikewise.apps.cli.main import COMMANDS
from strikewise.backtest.lookahead import check_lookahead


def test_no_fact_and_no_feature_of_a_run_changes_when_the_future_is_cut_off() -> None:
    report = check_lookahead(spec(end="2015-08-28"), reconstructed(), CALENDAR, cuts=3)
    assert report.clean, report.differences
    assert report.facts > 200
    assert report.features > 10


def test_nor_does_what_happens_at_night() -> None:
    chosen, source = eventful()
    report = check_lookahead(replace(chosen, name="nights"), source, CALENDAR, cuts=4)
    assert report.clean, report.differences


def test_it_is_a_command() -> None:
    assert "lookahead" in {command.name for command in COMMANDS}
