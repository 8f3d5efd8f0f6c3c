"""Whether the best of several configurations beats a benchmark, or only the luck of having several."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from arch.bootstrap import SPA, optimal_block_length
from numpy.typing import NDArray

from strikewise.domain.errors import DomainError

__all__ = ["Superiority", "block_length", "superior_ability"]

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Superiority:
    """What the tests of superior predictive ability came to.

    Attributes
    ----------
    p_value : float
        Hansen's consistent p-value: how often luck alone makes the best of these look so good.
    p_lower, p_upper : float
        Its bounds; the upper one is White's reality check.
    better : tuple of int
        The configurations, by column, that beat the benchmark at the level (Romano and Wolf's StepM).
    """

    p_value: float
    p_lower: float
    p_upper: float
    better: tuple[int, ...]


def block_length(returns: Array) -> float:
    """Return the mean block length, in periods, of a stationary bootstrap of returns; at least 1.

    Politis and White (2004), corrected by Patton, Politis and White (2009), on the returns and on their
    squares, whichever depend longer: volatility clusters where returns do not.
    """
    if float(np.std(returns)) <= 1e-12:
        return 1.0
    found = [optimal_block_length(column)["stationary"].iloc[0] for column in (returns, returns**2)]
    most = 3.0 * len(returns) ** (1.0 / 3.0)
    return float(min(most, max(1.0, *(one for one in found if np.isfinite(one)))))


def superior_ability(
    returns: Array,
    benchmark: Array | None = None,
    *,
    seed: int,
    draws: int = 1000,
    level: float = 0.05,
) -> Superiority:
    """Return whether the best of some configurations beats a benchmark on the mean return.

    Hansen, "A Test for Superior Predictive Ability" (2005); Romano and Wolf, "Stepwise Multiple Testing"
    (2005); both by stationary bootstrap.

    Parameters
    ----------
    returns : (days, configurations) float64
        Returns of every configuration that was tried, on the same days.
    benchmark : (days,) float64, optional
        Returns to beat; zero, the return of cash, if not given.
    seed : int
        Of the bootstrap.
    draws : int
        Bootstrap samples.
    level : float
        Probability of one false finding that StepM allows.

    Raises
    ------
    DomainError
        If no configuration ever moved.
    """
    moving = np.flatnonzero(returns.std(axis=0) > 1e-12)
    if len(moving) == 0:
        raise DomainError("Superiority is judged on configurations that traded; none of these ever did.")
    bar = np.zeros(len(returns)) if benchmark is None else benchmark
    losses = -returns[:, moving]
    block = max(1, round(max(block_length(returns[:, one]) for one in _most_traded(returns, moving))))
    test = SPA(-bar, losses, block_size=block, reps=draws, bootstrap="stationary", seed=seed)
    test.compute()
    # Of so many draws none may exceed the finding; that makes it rarer than one in them, not impossible.
    p_values = {name: max(float(p), 1.0 / (draws + 1)) for name, p in test.pvalues.items()}
    better = tuple(moving[_superior(test, len(moving), level)].tolist())
    return Superiority(p_values["consistent"], p_values["lower"], p_values["upper"], better)


def _superior(test: SPA, count: int, level: float) -> NDArray[np.intp]:
    """Return the columns that Romano and Wolf's steps find: those found leave, and the rest are tested anew.

    The steps of `arch` do not end where later ones find all that the first one left.
    """
    left = np.ones(count, dtype=np.bool_)
    found = test.better_models(level)
    while len(found):
        left[found] = False
        if not left.any():
            break
        test.subset(left)
        test.compute()
        found = test.better_models(level)
    return np.flatnonzero(~left)


def _most_traded(returns: Array, moving: NDArray[np.intp]) -> list[int]:
    """Return a few columns to read the block length of: each takes a while, and they are alike."""
    order = np.argsort(-returns[:, moving].std(axis=0))[:4]
    return [int(moving[one]) for one in order]
