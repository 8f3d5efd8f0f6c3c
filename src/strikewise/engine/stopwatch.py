"""The stopwatch: how long each kind of a process's work takes, and whoever else wants to stand around it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from strikewise.execution.spans import Lasted, Span, Spans, unseen

__all__ = ["Stopwatch"]


class Stopwatch:
    """Count how long work takes; implements `strikewise.execution.spans.Spans`.

    Parameters
    ----------
    monotonic : callable
        Returns seconds that only ever grow.
    also : Spans
        Who else stands around the work.
    """

    def __init__(self, monotonic: Callable[[], float], also: Spans = unseen) -> None:
        self._monotonic, self._also = monotonic, also
        self._lasted: dict[str, Lasted] = {}

    @contextmanager
    def __call__(self, name: str, **about: str | int | bool) -> Iterator[Span]:
        """Stand around a piece of work; what it raises goes on."""
        began = self._monotonic()
        try:
            with self._also(name, **about) as span:
                yield span
        finally:
            took = max(0.0, self._monotonic() - began)
            self._lasted[name] = self._lasted.get(name, Lasted()).and_one(took)

    def around(self, name: str, work: Callable[[], None]) -> Callable[[], None]:
        """Return a piece of work with this around it."""

        def timed() -> None:
            with self(name):
                work()

        return timed

    def lasted(self) -> Mapping[str, Lasted]:
        """Return how long each kind of work took so far, by its name."""
        return dict(self._lasted)
