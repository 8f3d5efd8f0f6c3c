"""Spans: who wants to know how long work takes stands around it; the work does not know who that is."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Protocol

__all__ = ["BOUNDS", "Lasted", "Span", "Spans", "unseen"]

BOUNDS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Upper bounds, in seconds, by which durations are counted."""


class Span(Protocol):
    """A piece of work that somebody stands around."""

    def tell(self, name: str = "", **about: str | int | bool) -> None:
        """Say more of it, once it is known; a name takes the place of the one it began with."""
        ...


class _Unseen:
    def tell(self, name: str = "", **about: str | int | bool) -> None:
        """Tell nobody."""


_NOTHING: AbstractContextManager[Span] = nullcontext(_Unseen())


class Spans(Protocol):
    """Somebody who stands around pieces of work."""

    def __call__(self, name: str, **about: str | int | bool) -> AbstractContextManager[Span]:
        """Return what is entered when a piece of work begins, and left when it ends, however it does.

        Parameters
        ----------
        name : str
            Which work: one of a few words, such as ``tick``.
        about : str, int or bool
            What it is about, for people; nothing secret.
        """
        ...


def unseen(name: str, **about: str | int | bool) -> AbstractContextManager[Span]:  # noqa: ARG001
    """Stand around nothing; implements `Spans`."""
    return _NOTHING


@dataclass(frozen=True, slots=True)
class Lasted:
    """How long a kind of work took, every time since a process began.

    Attributes
    ----------
    counts : tuple of int
        How many took at most the first of `BOUNDS`, more than that and at most the second, and so on; the
        last is of those that took longer than all.
    seconds : float
        All of them together.
    last : float
        The latest, seconds.
    """

    counts: tuple[int, ...] = (0,) * (len(BOUNDS) + 1)
    seconds: float = 0.0
    last: float = 0.0

    def and_one(self, seconds: float) -> Lasted:
        """Return it with another one."""
        place = next((number for number, bound in enumerate(BOUNDS) if seconds <= bound), len(BOUNDS))
        counts = tuple(count + (number == place) for number, count in enumerate(self.counts))
        return Lasted(counts, self.seconds + seconds, seconds)

    def cumulative(self) -> Mapping[float, int]:
        """Return how many took at most each bound; the last bound is infinite."""
        found, so_far = {}, 0
        for bound, count in zip((*BOUNDS, float("inf")), self.counts, strict=True):
            so_far += count
            found[bound] = so_far
        return found
