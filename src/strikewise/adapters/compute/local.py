"""Work on the processors of this machine, a process each.

Processes are started anew, not copied: a copy of a process whose libraries run threads may stand still for
ever. What they map of the store is in memory once for all of them.
"""

from __future__ import annotations

import gc
import operator
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import get_context
from types import TracebackType
from typing import Any, Self, TypeVar

from strikewise.domain.errors import ComputeError, SettingsError, StrikewiseError

__all__ = ["LocalExecutor"]

Task = TypeVar("Task")
Outcome = TypeVar("Outcome")


@dataclass(frozen=True, slots=True)
class _Refused:
    """An error of a worker as text: one that carries objects may not survive the way between processes."""

    sentence: str


class LocalExecutor:
    """Implements `strikewise.backtest.executor.Executor`; one worker works in this very process.

    Parameters
    ----------
    workers : int or None
        How many processes; None takes one a processor.

    Raises
    ------
    SettingsError
        If it is less than one.
    """

    def __init__(self, workers: int | None = None) -> None:
        if workers is not None and workers < 1:
            raise SettingsError(f"There must be at least one worker; was {workers}.")
        self._workers = workers or os.cpu_count() or 1
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def get_ready(self, ready: Callable[[], object], tasks: int) -> None:
        """Start the processes before there is work, so that they get ready while this one goes on.

        Parameters
        ----------
        ready : callable
            What each does first, such as to import and to open what the work will need. If it fails, so
            will the work, and that tells it.
        tasks : int
            How many there will be: no more processes are started.
        """
        processes = min(self._workers, tasks)
        if processes > 1:
            pool = self._begin(processes)
            for _ in range(processes):
                pool.submit(_guarded, operator.call, ready)

    def each(self, work: Callable[[Task], Outcome], tasks: Sequence[Task]) -> Iterator[tuple[int, Outcome]]:
        """Yield the number of each task and its outcome, in the order in which they are done.

        Raises
        ------
        StrikewiseError
            If a task cannot be done; those that have not begun are given up.
        ComputeError
            If a worker's process ends before its task does.
        """
        if min(self._workers, len(tasks)) <= 1:
            yield from ((number, work(task)) for number, task in enumerate(tasks))
            return
        pool = self._pool or self._begin(min(self._workers, len(tasks)))
        try:
            numbers = {pool.submit(_guarded, work, task): number for number, task in enumerate(tasks)}
            for done in as_completed(numbers):
                yield numbers[done], _told(done.result())
        except BrokenProcessPool as error:
            raise ComputeError(
                f"One of {self._workers} processes ended before its work was done: there may be too little "
                "memory for so many, so try fewer workers."
            ) from error
        finally:
            self._end()

    def _begin(self, processes: int) -> ProcessPoolExecutor:
        # What a process imports for its first task is no garbage, and looking through it takes a while.
        self._pool = ProcessPoolExecutor(processes, mp_context=get_context("spawn"), initializer=gc.disable)
        return self._pool

    def _end(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
            self._pool = None


def _guarded(work: Callable[[Any], Any], task: Any) -> Any:
    if not gc.isenabled():
        gc.freeze()
        gc.enable()
    try:
        return work(task)
    except StrikewiseError as error:
        return _Refused(str(error))


def _told(outcome: Any) -> Any:
    if isinstance(outcome, _Refused):
        raise ComputeError(outcome.sentence)
    return outcome
