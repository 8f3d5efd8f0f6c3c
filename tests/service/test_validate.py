"""Judging a specification over a stored past: counted, repeatable, and told in one page."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pytest

from engine.runs import reconstructed, spec
from service.systems import system_of
from strikewise.backtest.runner import ReplaySpec
from strikewise.domain.errors import MissingDataError, SettingsError
from strikewise.service.commands import run_over_history
from strikewise.service.system import System
from strikewise.service.trials import tried
from strikewise.service.validate import Effort, Validation, levels_of_run, validate
from strikewise.service.verdict_page import page_of

SMALL = Effort(near=2, far=3, starts=2, paths=200, blocks=6)
TINY = Effort(near=1, far=1, starts=1, paths=50, blocks=4)


def condors(name: str = "Condors", **changes: Any) -> ReplaySpec:
    strategies = [{"strategy": "iron_condor", "parameters": {"width": 50.0, "max_signals": 3}}]
    return spec(strategies=strategies, name=name, **changes)


CONDORS = condors()


@cache
def done() -> tuple[System, Validation, list[tuple[str, int, int]]]:
    system, told = system_of(reconstructed()), []
    found = validate(system, CONDORS, effort=SMALL, progress=lambda *one: told.append(one))
    return system, found, told


def test_every_variant_is_counted_once_and_its_result_with_it() -> None:
    system, found, _ = done()
    counted = tried(system)
    assert len(counted) == 1 + 2 + 3 == found.evidence.trials.raw
    assert {one.sessions for one in counted} == {len(found.evidence.history.days)}
    assert {one.purpose for one in counted} == {
        "run",
        "neighbours near by",
        "configurations to choose among",
    }
    assert found.trial in {one.trial for one in counted}


def test_the_same_again_counts_nothing_more_and_says_the_same() -> None:
    system, short = system_of(reconstructed()), condors(end="2015-07-10")
    first = validate(system, short, effort=TINY)
    assert page_of(validate(system, short, effort=TINY)) == page_of(first)
    assert len(tried(system)) == first.evidence.trials.raw == 3


def test_a_run_that_is_thrown_away_stays_counted_and_other_fills_are_no_other_try() -> None:
    system = system_of(reconstructed())
    short = spec(end="2015-06-20")
    run_over_history(system, short)
    run_over_history(system, short, other_fills=False)
    assert len(tried(system)) == 1
    run_over_history(system, spec(end="2015-06-20", fills={"f": 0.5}), other_fills=False)
    assert len(tried(system)) == 2


def test_a_run_that_fails_was_tried() -> None:
    system = system_of(reconstructed())
    with pytest.raises(MissingDataError):
        run_over_history(system, spec(start="2019-01-02", end="2019-02-01"))
    assert [one.sessions for one in tried(system)] == [0]


def test_it_is_decided_at_the_touch_whatever_the_specification_hopes() -> None:
    hopeful, strict = (
        validate(system_of(reconstructed()), condors(end="2015-07-10", fills={"f": f}), effort=TINY)
        for f in (0.0, 1.0)
    )
    assert hopeful.result.spec["fills"]["f"] == 1.0
    assert page_of(hopeful) == page_of(strict)


def test_interest_on_idle_cash_moves_no_verdict() -> None:
    saving, strict = (
        validate(system_of(reconstructed()), condors(end="2015-07-10", financing=cash), effort=TINY)
        for cash in ({"cash": "bills"}, {})
    )
    assert saving.result.spec["financing"]["cash"] == "none"
    assert page_of(saving) == page_of(strict)


def test_progress_ends_where_it_said_and_names_what_is_done() -> None:
    told = [one for one in done()[2] if one[0] != "Condors"]
    assert {"neighbours near by", "starting on other days", "configurations to choose among"} <= {
        one[0] for one in told
    }
    assert all(after <= whole for _, after, whole in told)


def test_the_page_is_plain_json() -> None:
    page = page_of(done()[1])
    assert json.loads(json.dumps(page, allow_nan=False)) == page
    assert page["title"] == "Condors (reconstructed data)"
    assert len(page["days"]) == len(page["curve"]) == len(page["baselines"][0]["curve"]) == page["sessions"]
    assert page["curve"][-1] == pytest.approx(1 + page["summary"]["total_return"], abs=1e-5)
    assert page["trials"]["raw"] == 6
    assert page["settings"]["choices"] == 4


def test_a_grid_takes_the_place_of_the_wide_neighbours_and_what_stands_beside_is_on_the_same_days() -> None:
    system = system_of(reconstructed())
    short = condors(end="2015-07-10")
    kept = run_over_history(system, condors(name="Other", end="2015-07-10"), other_fills=False)
    name, levels = levels_of_run(system, kept.result.fingerprint[:12])
    found = validate(
        system, short, grid={"width": [40.0, 50.0, 60.0]}, beside={name: levels}, effort=TINY, seed=2
    )
    assert found.choices == ("as written", "width 40.0", "width 60.0")
    assert [one.name for one in found.baselines] == ["holding SPX", "Other (reconstructed data)"]
    first = kept.result.equity[0].equity_exit_cents / 100_000_000
    beside = page_of(found)["baselines"][1]["curve"]
    assert beside[-1] == pytest.approx((1 + kept.result.performance.summary.total_return) / first, rel=1e-4)


def test_a_grid_of_nothing_known_is_refused_before_anything_runs() -> None:
    system = system_of(reconstructed())
    with pytest.raises(SettingsError, match="no strategy straddle"):
        validate(system, CONDORS, grid={"straddle.width": [1.0]}, effort=SMALL)
    assert tried(system) == ()
    with pytest.raises(MissingDataError):
        levels_of_run(system, "abc")
