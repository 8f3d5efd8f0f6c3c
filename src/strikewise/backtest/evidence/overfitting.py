"""How often the best of some configurations disappoints on data it was not chosen on: CSCV and PBO."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from math import log

import numpy as np
import scipy
from numpy.typing import NDArray

from strikewise.domain.errors import DomainError

__all__ = ["Overfitting", "probability_of_overfitting"]

Array = NDArray[np.float64]

MOST_BLOCKS = 20
"""16 blocks are 12,870 splits, 20 are 184,756: beyond that nothing is learnt."""


@dataclass(frozen=True, slots=True)
class Overfitting:
    """What combinatorially symmetric cross-validation came to.

    Attributes
    ----------
    probability : float
        PBO: share of the splits in which the best in sample ranked in the lower half out of sample. The null,
        configurations that do not differ, lies at a half, with a deviation of 0.14 to 0.18.
    splits, configurations : int
        How many of each.
    logits : (splits,) float64
        ln(w / (1 - w)) with w the relative rank out of sample of each split's best.
    loss_probability : float
        Share of the splits in which the chosen one's Sharpe ratio out of sample was below zero.
    slope : float
        Of the chosen one's ratio out of sample on its ratio in sample: how fast performance decays.
    """

    probability: float
    splits: int
    configurations: int
    logits: Array
    loss_probability: float
    slope: float


def probability_of_overfitting(returns: Array, *, blocks: int = 10) -> Overfitting:
    """Return the probability of backtest overfitting of a choice among configurations.

    Bailey, Borwein, López de Prado and Zhu, "The Probability of Backtest Overfitting" (2017): the days are
    cut into blocks, every half of the blocks is once the sample, the other half the test; the measure is the
    Sharpe ratio.

    Parameters
    ----------
    returns : (days, configurations) float64
        Returns of each configuration on the same days. A transposed matrix gives plausible wrong numbers,
        so one with more configurations than days is refused.
    blocks : int
        Even; days left over at the end, fewer than the blocks, are not used.

    Raises
    ------
    DomainError
        If there are fewer than two configurations, too few days, or an odd number of blocks.
    """
    days, count = returns.shape
    if blocks % 2 or not 2 <= blocks <= MOST_BLOCKS:
        raise DomainError(f"The number of blocks must be even, 2 to {MOST_BLOCKS}; was {blocks}.")
    if count < 2 or days < max(2 * blocks, count):
        raise DomainError(
            "Overfitting is judged on two configurations at least, and more days than configurations and two "
            f"a block; were {count} configurations, {days} days and {blocks} blocks."
        )
    halves = np.array(list(combinations(range(blocks), blocks // 2)))
    inside, outside = _halved(returns, blocks, halves)
    best = inside.argmax(axis=1)
    rows = np.arange(len(best))
    share = scipy.stats.rankdata(outside, axis=1)[rows, best] / (count + 1)
    logits = np.array([log(w / (1.0 - w)) for w in share.tolist()])
    then, now = outside[rows, best], inside[rows, best]
    spread = float(np.var(now))
    return Overfitting(
        probability=float(np.mean(logits <= 1e-12)),
        splits=len(best),
        configurations=count,
        logits=logits,
        loss_probability=float(np.mean(then < 0.0)),
        slope=float(np.mean((now - now.mean()) * (then - then.mean())) / spread) if spread > 0.0 else 0.0,
    )


def _halved(returns: Array, blocks: int, halves: NDArray[np.int64]) -> tuple[Array, Array]:
    """Return the ratios of each configuration (column) in each split (row), in sample and out of it."""
    length, count = len(returns) // blocks, returns.shape[1]
    cut = returns[: length * blocks].reshape(blocks, length, count)
    sums, squares = cut.sum(axis=1), (cut**2).sum(axis=1)
    chosen = np.zeros((len(halves), blocks), dtype=np.float64)
    np.put_along_axis(chosen, halves, 1.0, axis=1)
    half = length * (blocks // 2)
    inside = _ratios(chosen @ sums, chosen @ squares, half)
    return inside, _ratios((1.0 - chosen) @ sums, (1.0 - chosen) @ squares, half)


def _ratios(sums: Array, squares: Array, days: int) -> Array:
    mean = sums / days
    variance = (squares - days * mean**2) / (days - 1)
    spread = np.sqrt(np.maximum(variance, 0.0))
    flat = spread <= 1e-12
    return np.where(flat, 0.0, mean / np.where(flat, 1.0, spread))
