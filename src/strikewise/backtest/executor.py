"""The port to whoever does many independent pieces of work: this process, others, or other machines."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol, TypeVar

__all__ = ["Executor"]

Task = TypeVar("Task")
Outcome = TypeVar("Outcome")


class Executor(Protocol):
    """Whoever does the same work on many tasks."""

    def each(self, work: Callable[[Task], Outcome], tasks: Sequence[Task]) -> Iterator[tuple[int, Outcome]]:
        """Yield the number of each task and its outcome, in the order in which they are done.

        Parameters
        ----------
        work : callable
            A function of a module, or a `functools.partial` of one: it may run in a process that knows
            nothing but what it imports. It must give the same for the same task, wherever it runs.
        tasks : sequence
            Values; they and the outcomes may travel between processes.

        Raises
        ------
        StrikewiseError
            If a task cannot be done; those that have not begun are given up.
        """
        ...
