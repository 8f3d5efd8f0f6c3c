"""Choose parameters on what had passed, trade them on what came: the walk forward, purged, with an embargo.

A candidate's days in training are cut back to before the first trade that was still open when training
ended and was opened within the embargo before: no day that counted carries a piece of a trade whose end
lies beyond it (purged by exit date). Between training and test lie at least as many calendar days as the
longest option lived. The test begins with the capital and nothing held.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
from numpy.typing import NDArray

from strikewise.backtest.evidence.history import History
from strikewise.backtest.evidence.moments import annual_sharpe, moments_of
from strikewise.backtest.evidence.variants import Variant
from strikewise.backtest.runner import ReplaySpec
from strikewise.domain.errors import SettingsError
from strikewise.domain.instruments import date_of

__all__ = ["Fold", "WalkForward", "Windows", "default_windows", "folds_of", "walk_forward"]

Days = NDArray[np.int32]
Run = Callable[[ReplaySpec], History]

LEAST_SESSIONS = 60
"""A shorter training says nothing of a Sharpe ratio."""


@dataclass(frozen=True, slots=True)
class Windows:
    """How a stretch of time is cut.

    Attributes
    ----------
    train, test : int
        Sessions of each; an anchored training begins with the first session and only its least length is
        given.
    anchored : bool
        Whether training always begins at the beginning.
    embargo_days : int
        Calendar days between the last day of training and the first of the test; at least the longest time
        to expiration.
    """

    train: int
    test: int
    anchored: bool
    embargo_days: int

    def __post_init__(self) -> None:
        if self.train < LEAST_SESSIONS or self.test < 1 or self.embargo_days < 0:
            raise SettingsError(
                f"A walk forward trains on {LEAST_SESSIONS} sessions at least and tests on one; was "
                f"{self.train} and {self.test}, with an embargo of {self.embargo_days} days."
            )


@dataclass(frozen=True, slots=True)
class Fold:
    """One training and its test.

    Attributes
    ----------
    train_start, train_end, test_start, test_end : date
        All included.
    chosen : str
        Name of the candidate with the best Sharpe ratio in training.
    train_sharpe, test_sharpe : float
        Its annual ratios.
    test_return : float
        What it earned in the test, as a fraction.
    test_trades : int
        Trades closed in the test.
    """

    train_start: date
    train_end: date
    test_start: date
    test_end: date
    chosen: str
    train_sharpe: float
    test_sharpe: float
    test_return: float
    test_trades: int


@dataclass(frozen=True, slots=True)
class WalkForward:
    """What a walk forward came to.

    Attributes
    ----------
    windows : Windows
        How time was cut.
    folds : tuple of Fold
        In order; none where the time is too short.
    days : (n,) int32
        The sessions of all tests.
    returns : (n,) float64
        What was earned in them.
    train_sharpe, test_sharpe : float
        The mean of the chosen in training, and the annual ratio of all tests together.
    """

    windows: Windows
    folds: tuple[Fold, ...]
    days: Days
    returns: NDArray[np.float64]
    train_sharpe: float
    test_sharpe: float

    @property
    def efficiency(self) -> float:
        """What of the ratio in training was left in the tests: 1 all, 0 nothing, negative a loss."""
        return self.test_sharpe / self.train_sharpe if self.train_sharpe > 0.0 else 0.0

    @property
    def positive(self) -> float:
        """Share of the tests that earned something."""
        return float(np.mean([fold.test_return > 0.0 for fold in self.folds])) if self.folds else 0.0


def default_windows(sessions: int, *, anchored: bool, embargo_days: int) -> Windows | None:
    """Return windows for a length of time: tests of a tenth of it, at most half a year.

    Training is four times as long as a test.

    None where training would be too short to say anything.
    """
    test = min(126, sessions // 10)
    if 4 * test < LEAST_SESSIONS:
        return None
    return Windows(4 * test, test, anchored, embargo_days)


def folds_of(days: Days, windows: Windows) -> list[tuple[slice, slice]]:
    """Return rows of training and test, in order; the tests do not overlap.

    Parameters
    ----------
    days : (n,) int32
        Sessions.
    windows : Windows
        How to cut them.
    """
    found = []
    # The embargo comes between training and test, so the first test begins that much later.
    first_end = days[min(windows.train, len(days)) - 1] + windows.embargo_days
    start = int(np.searchsorted(days, first_end, side="right"))
    while start + windows.test <= len(days):
        end = int(np.searchsorted(days, days[start] - windows.embargo_days, side="left"))
        first = 0 if windows.anchored else max(0, end - windows.train)
        if end - first >= LEAST_SESSIONS:
            found.append((slice(first, end), slice(start, start + windows.test)))
        start += windows.test
    return found


def purged(history: History, rows: slice, embargo_days: int) -> slice:
    """Return rows of training without the days that share a trade with what comes after them."""
    last = int(history.days[rows.stop - 1])
    across = history.opened[(history.opened <= last) & (history.closed > last)]
    across = np.concatenate([across, history.open_trades[history.open_trades <= last]])
    recent = across[across > last - embargo_days]
    if len(recent) == 0:
        return rows
    return slice(rows.start, max(rows.start, int(np.searchsorted(history.days, int(recent.min())))))


def walk_forward(candidates: Sequence[tuple[Variant, History]], windows: Windows, run: Run) -> WalkForward:
    """Choose among candidates in each training, and run the chosen one in the test after it.

    Parameters
    ----------
    candidates : sequence of (Variant, History)
        Each with its run over the whole time; what is read of it ends with the training.
    windows : Windows
        How to cut the time.
    run : callable
        Runs a specification over the past.

    Raises
    ------
    SettingsError
        If the embargo is shorter than an option of a candidate lived, or the candidates differ in sessions.
    """
    longest = max(history.longest_days for _, history in candidates)
    if windows.embargo_days < longest:
        raise SettingsError(
            f"An embargo must be as long as the longest option lives, {longest} days; was "
            f"{windows.embargo_days}."
        )
    days = candidates[0][1].days
    if any(not np.array_equal(history.days, days) for _, history in candidates):
        raise SettingsError("Candidates of a walk forward must be run over the same sessions.")
    folds, after = [], []
    for train, test in folds_of(days, windows):
        scores = [_score(history, train, windows.embargo_days) for _, history in candidates]
        best = int(np.argmax(scores))
        if scores[best] == -np.inf:
            continue
        span = (date_of(int(days[test.start])), date_of(int(days[test.stop - 1])))
        chosen = candidates[best][0]
        tested = run(replace(chosen.spec, start=span[0], end=span[1]))
        after.append(tested)
        folds.append(
            Fold(
                train_start=date_of(int(days[train.start])),
                train_end=date_of(int(days[train.stop - 1])),
                test_start=span[0],
                test_end=span[1],
                chosen=chosen.name,
                train_sharpe=annual_sharpe(scores[best]),
                test_sharpe=annual_sharpe(tested.sharpe()),
                test_return=tested.total_return,
                test_trades=tested.trades,
            )
        )
    return _together(windows, folds, after)


def _together(windows: Windows, folds: Sequence[Fold], tested: Sequence[History]) -> WalkForward:
    returns = np.concatenate([*(one.returns for one in tested), np.zeros(0)])
    days = np.concatenate([*(one.days for one in tested), np.zeros(0, dtype=np.int32)])
    moments = moments_of(returns)
    return WalkForward(
        windows=windows,
        folds=tuple(folds),
        days=days.astype(np.int32),
        returns=returns,
        train_sharpe=float(np.mean([fold.train_sharpe for fold in folds])) if folds else 0.0,
        test_sharpe=0.0 if moments is None else annual_sharpe(moments.sharpe),
    )


def _score(history: History, train: slice, embargo_days: int) -> float:
    kept = purged(history, train, embargo_days)
    found = moments_of(history.returns[kept])
    return -np.inf if found is None or kept.stop - kept.start < LEAST_SESSIONS // 2 else found.sharpe
