"""Find what puts and calls save by sharing in groups, and prove it least, by dividing what is shared.

A put and a call spread of one expiration ask together for the larger width, a naked put and a naked call for
the larger requirement. Paired by rank they ask for ∫ max(p(t), c(t)) dt, where p(t) and c(t) count the widths
(requirements) above t. Charge the puts a share θ(t) of each cent above t and the calls the rest: whatever θ
from 0 to 1 is, ∫ θ p + (1 − θ) c is never more. The cheapest puts and the cheapest calls at these charges,
each a linear assignment, are therefore a bound from below for every grouping (weak duality); paired by rank,
they are a grouping. Where both meet, it is proven least. Else θ moves to where more is asked for, by Polyak's
step: B. T. Polyak, "Minimization of unsmooth functionals" (1969).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib import import_module
from math import inf

import numpy as np

from strikewise.domain.instruments import Right
from strikewise.portfolio.legs import Grouping, Legs, end_of
from strikewise.portfolio.sharing_steps import Shared, Side, least_in_steps

__all__ = ["least_shared", "warm_up"]

Search = Callable[[Side, Side, int, float], tuple[float, bool, bool]]

STEPS = 12
FEW_STEPS = 3
"""Of assignments that take long; each further step finds little."""
CELLS = 5_000
"""Contracts sold times ways to carry them from which an assignment takes long."""
MOST_CELLS = 200_000
"""A larger assignment is not tried."""


def least_shared(legs: Legs, unit: int, below: float = inf) -> tuple[Grouping | None, bool]:
    """Return the best grouping found, and whether none is cheaper; None where there are too many contracts.

    Parameters
    ----------
    legs : Legs
        Short options of both rights among them.
    unit : int
        A common divisor of all numbers of contracts.
    below : float
        What is asked for elsewhere, cents: the search ends once it is clear that no grouping asks for less.
    """
    cells = sum(leg.contracts for leg in legs.shorts) // unit * (sum(legs.counts) // unit)
    if cells > MOST_CELLS:
        return None, False
    puts, calls = _side(legs, Right.PUT, unit), _side(legs, Right.CALL, unit)
    found = Shared(*_search()(puts, calls, STEPS if cells <= CELLS else FEW_STEPS, below / unit))
    return Grouping(round(found.asked) * unit, found.naked), found.proven


def warm_up() -> tuple[Search, ...]:
    """Compile the search, or load it from disk, for a fast first answer; return it if it is compiled."""
    search = _search()
    put, call = (Side(sign, np.ones((1, 6), np.int64), np.ones((1, 3), np.int64), 0) for sign in (1, -1))
    search(put, call, 1, inf)
    return () if search is least_in_steps else (search,)


@cache
def _search() -> Search:
    """Return the search compiled by Numba, or that of NumPy and SciPy, which gives equal results.

    The compiler is imported when something is first asked for: a program that groups nothing waits for none.
    """
    try:
        compiled: Search = import_module("strikewise.portfolio.compiled_sharing").least_in_steps
    except ImportError:  # a platform without Numba still groups, more slowly
        return least_in_steps
    return compiled


def _side(legs: Legs, right: Right, unit: int) -> Side:
    shorts = [
        (one.strike, end_of(one), one.contracts // unit, one.naked, one.requirement, one.covered)
        for one in legs.shorts
        if one.right is right
    ]
    longs = [(one.strike, end_of(one), one.contracts // unit) for one in legs.longs if one.right is right]
    return Side(
        1 if right is Right.PUT else -1,
        np.array(shorts, dtype=np.int64).reshape(len(shorts), 6),
        np.array(longs, dtype=np.int64).reshape(len(longs), 3),
        legs.lots.contracts // unit if legs.lots.right is right else 0,
    )
