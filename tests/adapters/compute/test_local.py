"""Processes of this machine do the same work as this one, and say so when they cannot."""

from __future__ import annotations

import os
from functools import partial
from multiprocessing import active_children
from pathlib import Path

import pytest

from strikewise.adapters.compute.local import LocalExecutor
from strikewise.domain.errors import ComputeError, InstrumentError, SettingsError, StrikewiseError
from strikewise.domain.instruments import Right, Stock, option_roots, parse_instrument


@pytest.mark.parametrize("workers", [1, 2])
def test_every_task_is_done_once_and_keeps_its_number(workers: int) -> None:
    symbols = ["SPY", "SPX", "XSP", "QQQ", "VIX"]
    done = list(LocalExecutor(workers).each(option_roots, symbols))
    assert len(done) == len(symbols)
    assert dict(done) == {number: option_roots(symbol) for number, symbol in enumerate(symbols)}


def test_work_carries_what_it_was_given_beforehand() -> None:
    done = LocalExecutor(2).each(partial(pow, 2), [1, 2, 3])
    assert dict(done) == {0: 2, 1: 4, 2: 8}


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_of_the_work_comes_back_with_its_sentence(workers: int) -> None:
    with pytest.raises(StrikewiseError, match="'SPY:SPY' is no option symbol") as caught:
        list(LocalExecutor(workers).each(parse_instrument, ["SPY", "SPY:SPY"]))
    assert isinstance(caught.value, InstrumentError if workers == 1 else ComputeError)


def test_outcomes_before_an_error_are_handed_out() -> None:
    done = LocalExecutor(1).each(parse_instrument, ["SPY", "SPY:SPY"])
    assert next(done) == (0, Stock("SPY"))


def test_a_process_that_dies_is_an_error_that_says_so() -> None:
    with pytest.raises(ComputeError, match="too little memory"):
        list(LocalExecutor(2).each(os._exit, [3, 3]))


def test_one_task_needs_no_process() -> None:
    assert list(LocalExecutor(8).each(Right, ["P"])) == [(0, Right.PUT)]
    assert list(LocalExecutor(8).each(Right, [])) == []


def test_processes_get_ready_before_the_work_is_known(tmp_path: Path) -> None:
    with LocalExecutor(2) as executor:
        executor.get_ready((tmp_path / "ready").touch, 2)
        assert dict(executor.each(Right, ["P", "C"])) == {0: Right.PUT, 1: Right.CALL}
    assert (tmp_path / "ready").exists()


def test_what_fails_to_get_ready_is_told_by_the_work_alone() -> None:
    with LocalExecutor(2) as executor:
        executor.get_ready(partial(parse_instrument, "SPY:SPY"), 2)
        assert dict(executor.each(Right, ["P", "C"])) == {0: Right.PUT, 1: Right.CALL}


def test_processes_for_which_no_work_comes_are_ended() -> None:
    with LocalExecutor(2) as executor:
        executor.get_ready(int, 2)
    assert not active_children()


def test_there_is_at_least_one_worker() -> None:
    with pytest.raises(SettingsError, match="was 0"):
        LocalExecutor(0)


def test_no_more_processes_are_started_than_there_are_tasks() -> None:
    with LocalExecutor(8) as executor:
        executor.get_ready(int, 1)
        assert active_children() == []
        executor.get_ready(int, 2)
        assert len(active_children()) == 2
