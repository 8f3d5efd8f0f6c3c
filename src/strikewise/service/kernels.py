"""Compile ahead of time what computes in loops: the first use waits for it otherwise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from strikewise.portfolio import sharing
from strikewise.pricing import backend

__all__ = ["WarmUp", "warm_up"]

PARTS: tuple[tuple[str, Callable[[], tuple[Any, ...]]], ...] = (
    ("pricing", backend.warm_up),
    ("margin", sharing.warm_up),
)


@dataclass(frozen=True, slots=True)
class WarmUp:
    """What was made ready.

    Attributes
    ----------
    kernels : int
        Functions that compute in loops, compiled; 0 where there is no compiler.
    compiled : int
        Those of them that had to be compiled now; all others were kept from before.
    kept : tuple of str
        Folders in which machine code is kept for the next process; empty where none can be written.
    """

    kernels: int
    compiled: int
    kept: tuple[str, ...]


def warm_up(tell: Callable[[str, int, int], None]) -> WarmUp:
    """Compile all kernels, or load what was kept of them.

    Parameters
    ----------
    tell : callable
        Told of the work, what is done of it, and all of it.
    """
    made: list[Any] = []
    for done, (part, warm) in enumerate(PARTS):
        tell(f"compile {part}", done, len(PARTS))
        made += [kernel.stats for kernel in warm() if hasattr(kernel, "stats")]
    return WarmUp(
        kernels=len(made),
        compiled=sum(bool(sum(one.cache_misses.values())) for one in made),
        kept=tuple(sorted({one.cache_path for one in made if one.cache_path})),
    )
