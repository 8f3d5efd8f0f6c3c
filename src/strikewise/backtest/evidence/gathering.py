"""Gather what was run into the evidence that a verdict rests on: nothing is run here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from strikewise.backtest.evidence.deflation import TrialCount, deflation_of
from strikewise.backtest.evidence.findings import Evidence
from strikewise.backtest.evidence.history import History
from strikewise.backtest.evidence.overfitting import probability_of_overfitting
from strikewise.backtest.evidence.resampling import bands_of, lives_of_days, lives_of_trades
from strikewise.backtest.evidence.robustness import (
    Disaster,
    StartFigures,
    consistency_of,
    market_share,
    regimes_of,
    sensitivity_of,
)
from strikewise.backtest.evidence.superiority import Superiority, superior_ability
from strikewise.backtest.evidence.walk_forward import WalkForward

__all__ = ["NEAR", "NOISE_DOLLARS", "Runs", "gather", "returns_matrix", "superiority_of"]

Array = NDArray[np.float64]

NEAR = 0.2
"""How far the numbers of the neighbours near by were moved."""
NOISE_DOLLARS = 0.05
"""Every contract of every trade may fill worse by so much a share, in and out."""


@dataclass(frozen=True, slots=True)
class Runs:
    """All that was run for a verdict.

    Attributes
    ----------
    choices : sequence of History
        The configurations to choose among, on the same sessions; the first is the one that is judged.
    around : sequence of History
        Its neighbours near by.
    market : (n,) float64
        Daily returns of holding the underlying.
    labels : sequence of str
        The regime that acted on each session.
    rolling, anchored : WalkForward or None
        None where the time is too short.
    starts, disasters
        The same from later days on, and what became of it in disasters.
    trials : TrialCount
        What was ever tried.
    """

    choices: Sequence[History]
    around: Sequence[History]
    market: Array
    labels: Sequence[str]
    rolling: WalkForward | None
    anchored: WalkForward | None
    starts: tuple[StartFigures, ...]
    disasters: tuple[Disaster, ...]
    trials: TrialCount


def gather(runs: Runs, *, paths: int, blocks: int, random: np.random.Generator, seed: int) -> Evidence:
    """Return the evidence that some runs are.

    Parameters
    ----------
    runs : Runs
        What was run.
    paths : int
        Other lives to draw.
    blocks : int
        Of cross-validation; even.
    random, seed
        Where all chance comes from.
    """
    base, matrix = runs.choices[0], returns_matrix(runs.choices)
    moments = base.moments
    split = len(matrix) >= max(2 * blocks, matrix.shape[1]) and matrix.shape[1] > 1
    costs = base.shares * NOISE_DOLLARS
    return Evidence(
        history=base,
        trials=runs.trials,
        deflation=None if moments is None else deflation_of(moments, runs.trials),
        overfitting=probability_of_overfitting(matrix, blocks=blocks) if split else None,
        superiority=superiority_of(matrix, None, seed),
        bands=bands_of(base.returns, paths=paths, random=random),
        rolling=runs.rolling,
        anchored=runs.anchored,
        consistency=consistency_of(base),
        sensitivity=sensitivity_of(base, runs.around, NEAR),
        regimes=regimes_of(base, runs.labels),
        starts=runs.starts,
        disasters=runs.disasters,
        lives_of_days=lives_of_days(base.returns, paths=paths, random=random),
        lives_of_trades=lives_of_trades(base.outcome, costs, paths=paths, random=random)
        if base.trades
        else None,
        market=market_share(base.returns, runs.market),
    )


def returns_matrix(choices: Sequence[History]) -> Array:
    """Return the daily returns of some configurations, ``(days, configurations)``."""
    return np.column_stack([history.returns for history in choices])


def superiority_of(matrix: Array, benchmark: Array | None, seed: int) -> Superiority | None:
    """Return the test of superior ability against a benchmark, cash if not given; None if nothing traded."""
    return superior_ability(matrix, benchmark, seed=seed) if float(matrix.std(axis=0).max()) > 1e-12 else None
