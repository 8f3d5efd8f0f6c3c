"""Runs that other processes do: each puts its own installation together, once, and takes documents."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache, partial
from pathlib import Path

from strikewise.adapters.compute.local import LocalExecutor
from strikewise.adapters.store.market_store import StoreSource
from strikewise.backtest.executor import Executor
from strikewise.backtest.trial_run import TrialRun, run_trial
from strikewise.bootstrap.spec_file import make_spec
from strikewise.market.calendar import SessionCalendar
from strikewise.market.source import MarketSource

__all__ = ["open_executor", "run_document", "runner_of"]


@contextmanager
def open_executor(home: Path, runs: int, workers: int | None = None) -> Iterator[Executor]:
    """Give who does some runs over the past of a home: processes of this machine.

    They import and open what they need while this process prepares the work.

    Parameters
    ----------
    home : Path
        The data home.
    runs : int
        How many runs there will be.
    workers : int, optional
        How many processes at most; one a processor unless told otherwise.
    """
    with LocalExecutor(workers) as executor:
        executor.get_ready(partial(_market, home), runs)
        yield executor


def runner_of(home: Path, data: Mapping[str, str]) -> Callable[[str], TrialRun]:
    """Return the work of an executor: from a specification as JSON to what it came to.

    Parameters
    ----------
    home : Path
        The data home, which every process opens by itself.
    data : mapping of str to str
        Digest of the data by underlying, for the first fact of each run.
    """
    return partial(run_document, home, tuple(sorted(data.items())))


def run_document(home: Path, data: tuple[tuple[str, str], ...], document: str) -> TrialRun:
    """Run a specification given as JSON over the past of a home.

    Raises
    ------
    SettingsError
        If it cannot be used.
    MissingDataError
        If there are no data for it.
    """
    source, calendar = _market(home)
    return run_trial(make_spec(json.loads(document)), source, calendar, dict(data))


@lru_cache(maxsize=1)
def _market(home: Path) -> tuple[MarketSource, SessionCalendar]:
    return StoreSource.open(home), SessionCalendar()
