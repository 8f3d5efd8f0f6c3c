"""How much a trading process puts up with."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Patience"]


@dataclass(frozen=True, slots=True)
class Patience:
    """How much is put up with.

    Attributes
    ----------
    failures : int
        Exceptions of a strategy within an hour, at which it seeks no more until a person resumes; 0 puts up
        with none, and lets the first one end the run.
    """

    failures: int = 3
