"""Choose between the compiled (Numba) and the array (NumPy/SciPy) search, which give equal results.

The compiler is imported when something is first asked for: a program that groups nothing waits for none.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib import import_module
from types import ModuleType

import numpy as np
import scipy
from numpy.typing import NDArray

from strikewise.portfolio import sharing_steps
from strikewise.portfolio.sharing_steps import Shared, Side

__all__ = ["assign", "least_in_steps", "warm_up"]

FEW_CELLS = 200
"""A table no larger is left to SciPy: a run that has few of them need not load a compiler of 100 MB."""


def assign(cost: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the column of each row in the assignment that costs least.

    Parameters
    ----------
    cost : (n, m) float64
        With no fewer columns than rows; infinite where a row cannot have a column.

    Raises
    ------
    ValueError
        Where a row is left without.
    """
    compiled = _compiled("compiled_assignment") if cost.size > FEW_CELLS else None
    if compiled is None:
        return np.asarray(scipy.optimize.linear_sum_assignment(cost)[1], dtype=np.int64)
    columns: NDArray[np.int64] = compiled.assign(cost)
    return columns


def least_in_steps(puts: Side, calls: Side, steps: int, below: float) -> Shared:
    """Return what `strikewise.portfolio.sharing_steps.least_in_steps` does."""
    compiled = _compiled("compiled_sharing")
    if compiled is None:
        return sharing_steps.least_in_steps(puts, calls, steps, below)
    return Shared(*compiled.least_in_steps(*puts, *calls, steps, below))


def warm_up() -> tuple[Callable[..., object], ...]:
    """Compile the search, or load it from disk, for a fast first answer; return the kernels."""
    assignment, sharing = _compiled("compiled_assignment"), _compiled("compiled_sharing")
    if assignment is None or sharing is None:
        return ()
    put, call = (Side(sign, np.ones((1, 6), np.int64), np.ones((1, 3), np.int64), 0) for sign in (1, -1))
    assignment.assign(np.zeros((1, 1)))
    least_in_steps(put, call, 1, np.inf)
    return assignment.assign, sharing.least_in_steps


@cache
def _compiled(module: str) -> ModuleType | None:
    try:
        return import_module(f"strikewise.portfolio.{module}")
    except ImportError:  # a platform without Numba still groups, more slowly
        return None
