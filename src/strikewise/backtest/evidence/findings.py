"""All that a verdict rests on, in one place."""

from __future__ import annotations

from dataclasses import dataclass

from strikewise.backtest.evidence.deflation import Deflation, TrialCount
from strikewise.backtest.evidence.history import History
from strikewise.backtest.evidence.overfitting import Overfitting
from strikewise.backtest.evidence.resampling import Bands, Lives
from strikewise.backtest.evidence.robustness import (
    Consistency,
    Disaster,
    MarketShare,
    RegimeFigures,
    Sensitivity,
    StartFigures,
)
from strikewise.backtest.evidence.superiority import Superiority
from strikewise.backtest.evidence.walk_forward import WalkForward

__all__ = ["Evidence"]


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that a verdict rests on; None where it could not be had.

    Attributes
    ----------
    history : History
        The run, at the touch.
    trials : TrialCount
        What was ever tried.
    deflation, overfitting, superiority, bands
        Of the run and its variants.
    rolling, anchored : WalkForward or None
        None where the time is too short.
    consistency, sensitivity, regimes, starts, disasters, lives_of_days, lives_of_trades, market
        As in `strikewise.backtest.evidence.robustness` and `strikewise.backtest.evidence.resampling`.
    """

    history: History
    trials: TrialCount
    deflation: Deflation | None
    overfitting: Overfitting | None
    superiority: Superiority | None
    bands: Bands | None
    rolling: WalkForward | None
    anchored: WalkForward | None
    consistency: Consistency
    sensitivity: Sensitivity
    regimes: tuple[RegimeFigures, ...]
    starts: tuple[StartFigures, ...]
    disasters: tuple[Disaster, ...]
    lives_of_days: Lives
    lives_of_trades: Lives | None
    market: MarketShare | None
