"""Choosing on what had passed: nothing of a test, nor of a trade that reaches into it, is in the choice."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backtest.evidence.made_up import history
from engine.runs import spec
from strikewise.backtest.evidence.history import History
from strikewise.backtest.evidence.variants import Variant
from strikewise.backtest.evidence.walk_forward import (
    Windows,
    default_windows,
    folds_of,
    purged,
    walk_forward,
)
from strikewise.backtest.runner import ReplaySpec
from strikewise.domain.errors import SettingsError
from strikewise.domain.instruments import days_of

SESSIONS = 500


def random(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


@given(st.integers(60, 300), st.integers(1, 90), st.booleans(), st.integers(0, 120))
def test_tests_follow_each_other_behind_their_embargo(
    train: int, test: int, anchored: bool, embargo: int
) -> None:
    days = history(np.zeros(SESSIONS)).days
    folds = folds_of(days, Windows(train, test, anchored, embargo))
    for before, after in folds:
        assert days[after.start] - days[before.stop - 1] > embargo - 1
        assert after.stop - after.start == test
        assert (before.start == 0) if anchored else (before.stop - before.start <= train)
        assert before.stop - before.start >= 60
    assert all(one[1].stop == two[1].start for one, two in pairwise(folds))


def test_a_trade_that_reaches_beyond_training_takes_its_days_out_of_it() -> None:
    trades = [(10, 60, 0.01), (80, 104, 0.01), (90, 95, 0.01), (98, 99, 0.0)]
    found = history(np.zeros(200), trades=trades, still_open=[97])
    assert purged(found, slice(0, 100), 40) == slice(0, 80)
    assert purged(found, slice(0, 110), 40) == slice(0, 97)
    assert purged(replace(found, open_trades=np.zeros(0, dtype=np.int32)), slice(0, 110), 40) == slice(0, 110)


def test_a_trade_older_than_the_embargo_is_held_whatever_is_chosen_and_takes_nothing() -> None:
    found = history(np.zeros(200), trades=[(5, 190, 0.1)])
    assert purged(found, slice(0, 100), 40) == slice(0, 100)


def candidates(seed: int = 1, longest: int = 20) -> list[tuple[Variant, History]]:
    """The first earns in the first half, the second in the second; a third never does."""
    chance = random(seed)
    noise = chance.normal(0.0, 0.004, (3, SESSIONS))
    noise[0, : SESSIONS // 2] += 0.002
    noise[1, SESSIONS // 2 :] += 0.002
    noise[2] -= 0.001
    return [
        (Variant(name, spec(name=name)), history(row, longest_days=longest))
        for name, row in zip("abc", noise, strict=True)
    ]


def runner(listed: list[tuple[Variant, History]]) -> tuple[list[ReplaySpec], object]:
    asked: list[ReplaySpec] = []

    def run(wanted: ReplaySpec) -> History:
        asked.append(wanted)
        whole = next(one for variant, one in listed if variant.name == wanted.name)
        inside = (whole.days >= days_of(wanted.start)) & (whole.days <= days_of(wanted.end))
        return replace(whole, days=whole.days[inside], returns=whole.returns[inside])

    return asked, run


def test_the_best_so_far_is_run_in_the_test_and_only_there() -> None:
    listed = candidates()
    asked, run = runner(listed)
    windows = Windows(100, 50, False, 20)
    found = walk_forward(listed, windows, run)
    assert [fold.chosen for fold in found.folds][:2] == ["a", "a"]
    assert found.folds[-1].chosen == "b"
    assert [(one.start, one.end) for one in asked] == [(f.test_start, f.test_end) for f in found.folds]
    assert all((f.test_start - f.train_end).days >= 20 for f in found.folds)
    assert len(found.returns) == 50 * len(found.folds) == len(found.days)
    assert 0.0 < found.positive <= 1.0
    assert found.efficiency == pytest.approx(found.test_sharpe / found.train_sharpe)


@given(st.integers(0, 50))
def test_what_comes_after_training_changes_no_choice(seed: int) -> None:
    listed = candidates()
    windows = Windows(100, 50, False, 20)
    first = walk_forward(listed, windows, runner(listed)[1]).folds[0]
    cut = int(np.searchsorted(listed[0][1].days, days_of(first.train_end), side="right"))
    changed = []
    for variant, one in listed:
        returns = one.returns.copy()
        returns[cut:] = random(seed).normal(0.01, 0.05, SESSIONS - cut)
        changed.append((variant, replace(one, returns=returns)))
    again = walk_forward(changed, windows, runner(changed)[1]).folds[0]
    assert (again.chosen, again.train_sharpe) == (first.chosen, first.train_sharpe)


def test_where_nothing_is_to_be_learnt_the_tests_earn_nothing() -> None:
    hoped, kept = [], []
    for seed in range(25):
        noise = random(seed).normal(0.0, 0.01, (8, SESSIONS))
        listed = [(Variant(str(n), spec(name=str(n))), history(row)) for n, row in enumerate(noise)]
        found = walk_forward(listed, Windows(120, 40, True, 30), runner(listed)[1])
        hoped.append(found.train_sharpe)
        kept.append(found.test_sharpe)
    assert float(np.mean(hoped)) > 1.0
    assert abs(float(np.mean(kept))) < 0.6


def test_an_embargo_shorter_than_an_option_lives_is_refused() -> None:
    with pytest.raises(SettingsError, match="longest option lives, 45 days; was 20"):
        walk_forward(candidates(longest=45), Windows(100, 50, False, 20), runner([])[1])


def test_candidates_over_other_sessions_are_refused() -> None:
    one, two = candidates()[:2]
    short = (two[0], replace(two[1], days=two[1].days[:-1], returns=two[1].returns[:-1]))
    with pytest.raises(SettingsError, match="the same sessions"):
        walk_forward([one, short], Windows(100, 50, False, 20), runner([])[1])


def test_windows_grow_with_the_time_there_is_and_are_none_where_it_is_short() -> None:
    found = default_windows(2000, anchored=False, embargo_days=45)
    assert (found.train, found.test) == (504, 126)
    assert default_windows(400, anchored=True, embargo_days=45) == Windows(160, 40, True, 45)
    assert default_windows(100, anchored=False, embargo_days=45) is None
    with pytest.raises(SettingsError, match="trains on 60 sessions"):
        Windows(20, 10, False, 5)


def test_time_too_short_for_a_fold_gives_none() -> None:
    listed = [
        (variant, replace(one, days=one.days[:90], returns=one.returns[:90])) for variant, one in candidates()
    ]
    found = walk_forward(listed, Windows(80, 60, False, 20), runner(listed)[1])
    assert found.folds == ()
    assert (found.efficiency, found.positive, found.test_sharpe) == (0.0, 0.0, 0.0)


def test_days_are_dates() -> None:
    found = walk_forward(candidates(), Windows(100, 50, False, 20), runner(candidates())[1])
    assert isinstance(found.folds[0].train_start, date)


@given(st.integers(60, 300), st.integers(1, 90), st.integers(0, 120))
def test_training_goes_on_until_the_embargo_begins_and_not_into_it(
    train: int, test: int, embargo: int
) -> None:
    days = history(np.zeros(SESSIONS)).days
    for before, after in folds_of(days, Windows(train, test, True, embargo)):
        assert days[before.stop - 1] < days[after.start] - embargo <= days[before.stop]


def test_a_trade_that_ended_on_the_last_day_of_training_takes_nothing_out_of_it() -> None:
    found = history(np.zeros(200), trades=[(80, 99, 0.01)])
    assert purged(found, slice(0, 100), 40) == slice(0, 100)
    assert purged(found, slice(0, 99), 40) == slice(0, 80)
