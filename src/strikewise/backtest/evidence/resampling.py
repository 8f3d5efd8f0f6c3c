"""The same days, or the same trades, in other orders: bands around a result, and ten thousand other lives."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from strikewise.backtest.evidence.moments import SESSIONS_A_YEAR
from strikewise.backtest.evidence.superiority import block_length
from strikewise.domain.errors import DomainError

__all__ = [
    "Band",
    "Bands",
    "Lives",
    "bands_of",
    "lives_of_days",
    "lives_of_trades",
    "stationary_rows",
    "with_fill_noise",
]

Array = NDArray[np.float64]
Rows = NDArray[np.int64]

CHUNK = 1 << 21
"""Returns held at once: memory stays the same, however many paths there are."""
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
RUIN = 0.5
"""A path that falls by half has ruined its owner's nerve, and most accounts' rules."""
LEAST = 20


@dataclass(frozen=True, slots=True)
class Band:
    """A figure and where resampling puts it.

    Attributes
    ----------
    observed : float
        As it was.
    low, high : float
        Between which 90% of the resampled figures lie.
    """

    observed: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Bands:
    """Bands of the three figures that people compare.

    Attributes
    ----------
    annual_return, sharpe, drawdown : Band
        A year's growth, the annual Sharpe ratio, and the deepest fall (a negative fraction).
    block : float
        Mean length of the blocks, sessions.
    paths : int
        How many were drawn.
    """

    annual_return: Band
    sharpe: Band
    drawdown: Band
    block: float
    paths: int


@dataclass(frozen=True, slots=True)
class Lives:
    """What became of an account on many paths.

    Attributes
    ----------
    paths : int
        How many.
    loss, ruin : float
        Share of them that ended below the start, and that fell by half at some time.
    growth, drawdown : tuple of float
        Total return, and the deepest fall, at the 5th, 25th, 50th, 75th and 95th percentile of the paths.
    fan : (5, points) float64
        Equity, 1 at the start, at those percentiles along the way.
    """

    paths: int
    loss: float
    ruin: float
    growth: tuple[float, ...]
    drawdown: tuple[float, ...]
    fan: Array


def stationary_rows(count: int, paths: int, block: float, random: np.random.Generator) -> Rows:
    """Return row numbers of stationary bootstrap samples.

    Politis and Romano (1994): blocks of geometric length, wrapped around the end.

    Parameters
    ----------
    count : int
        Rows there are.
    paths : int
        Samples.
    block : float
        Mean length of a block; 1 draws single rows.
    random : Generator
        Where chance comes from.

    Returns
    -------
    (paths, count) int64
    """
    fresh = random.random((paths, count)) < 1.0 / block
    fresh[:, 0] = True
    starts = random.integers(0, count, (paths, count))
    at = np.where(fresh, np.arange(count), 0)
    last = np.maximum.accumulate(at, axis=1)
    return (np.take_along_axis(starts, last, axis=1) + np.arange(count) - last) % count


def bands_of(
    returns: Array, *, paths: int, random: np.random.Generator, a_year: int = SESSIONS_A_YEAR
) -> Bands | None:
    """Return 90% bands around a result by the stationary bootstrap; None where there are too few returns.

    Parameters
    ----------
    returns : (n,) float64
        Daily returns.
    paths : int
        Bootstrap samples.
    random : Generator
        Where chance comes from.
    a_year : int
        Periods in a year.
    """
    if len(returns) < LEAST:
        return None
    block = block_length(returns)
    found = np.concatenate(
        [_figures(returns[rows], a_year) for rows in _chunks(len(returns), paths, block, random)]
    )
    (observed,) = _figures(returns[None, :], a_year)
    low, high = np.quantile(found, (0.05, 0.95), axis=0)
    growth, sharpe, drawdown = (Band(float(observed[k]), float(low[k]), float(high[k])) for k in range(3))
    return Bands(growth, sharpe, drawdown, block, paths)


def lives_of_days(returns: Array, *, paths: int, random: np.random.Generator, points: int = 80) -> Lives:
    """Return what becomes of an account whose days come in blocks drawn anew.

    Raises
    ------
    DomainError
        If there is no return.
    """
    block = block_length(returns) if len(returns) >= LEAST else 1.0
    samples = (returns[rows] for rows in _chunks(len(returns), paths, block, random))
    return _lives(samples, paths, points)


def lives_of_trades(
    outcomes: Array,
    costs: Array | None = None,
    *,
    paths: int,
    random: np.random.Generator,
    replace: bool = True,
    points: int = 80,
) -> Lives:
    """Return what becomes of an account whose trades come in another order.

    Parameters
    ----------
    outcomes : (n,) float64
        Profit of each trade as a fraction of the equity it was opened on.
    costs : (n,) float64, optional
        The most by which worse fills may lower each; every trade of every path pays a random part of it.
    paths : int
        How many lives.
    random : Generator
        Where chance comes from.
    replace : bool
        Whether trades are drawn anew (other luck), or only shuffled (the same luck in another order).
    points : int
        Along the way, where percentiles are kept.

    Raises
    ------
    DomainError
        If there is no trade.
    """

    def samples() -> Iterator[Array]:
        for size in _sizes(len(outcomes), paths):
            if replace:
                rows = random.integers(0, len(outcomes), (size, len(outcomes)))
            else:
                rows = random.permuted(np.tile(np.arange(len(outcomes)), (size, 1)), axis=1)
            drawn = outcomes[rows]
            yield drawn if costs is None else with_fill_noise(drawn, costs[rows], random)

    return _lives(samples(), paths, points)


def with_fill_noise(outcomes: Array, costs: Array, random: np.random.Generator) -> Array:
    """Return outcomes after fills that are worse by chance: each pays between none and all of its cost."""
    return np.asarray(outcomes - random.random(outcomes.shape) * costs)


def _lives(samples: Iterator[Array], paths: int, points: int) -> Lives:
    ends, falls, fans = [], [], []
    for drawn in samples:
        curve = np.cumprod(np.maximum(1.0 + drawn, 0.0), axis=1)
        peak = np.maximum(1.0, np.maximum.accumulate(curve, axis=1))
        ends.append(curve[:, -1] - 1.0)
        falls.append((curve / peak - 1.0).min(axis=1))
        kept = np.unique(np.linspace(0, curve.shape[1] - 1, points).round().astype(np.int64))
        fans.append(curve[:, kept])
    if not ends:
        raise DomainError("There is nothing to draw other lives from: no session and no trade.")
    growth, drawdown = np.concatenate(ends), np.concatenate(falls)
    fan = np.quantile(np.concatenate(fans), QUANTILES, axis=0)
    return Lives(
        paths=paths,
        loss=float(np.mean(growth < 0.0)),
        ruin=float(np.mean(drawdown <= -RUIN)),
        growth=tuple(np.quantile(growth, QUANTILES).tolist()),
        drawdown=tuple(np.quantile(drawdown, QUANTILES).tolist()),
        fan=np.concatenate([np.ones((len(QUANTILES), 1)), fan], axis=1),
    )


def _figures(samples: Array, a_year: int) -> Array:
    """Return annual return, annual Sharpe ratio and deepest fall of each row."""
    curve = np.cumprod(np.maximum(1.0 + samples, 0.0), axis=1)
    peak = np.maximum(1.0, np.maximum.accumulate(curve, axis=1))
    spread = samples.std(axis=1, ddof=1)
    flat = spread <= 1e-12
    sharpe = np.where(flat, 0.0, samples.mean(axis=1) / np.where(flat, 1.0, spread)) * a_year**0.5
    growth = curve[:, -1] ** (a_year / samples.shape[1]) - 1.0
    return np.column_stack([growth, sharpe, (curve / peak - 1.0).min(axis=1)])


def _chunks(count: int, paths: int, block: float, random: np.random.Generator) -> Iterator[Rows]:
    for size in _sizes(count, paths):
        yield stationary_rows(count, size, block, random)


def _sizes(count: int, paths: int) -> Iterator[int]:
    if count == 0:
        return
    most = max(1, CHUNK // count)
    for first in range(0, paths, most):
        yield min(most, paths - first)
