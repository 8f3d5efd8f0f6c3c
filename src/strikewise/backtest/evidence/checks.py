"""The hard checks: one that fails ends the matter, whatever else shines."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, isfinite

from strikewise.backtest.evidence.findings import Evidence
from strikewise.backtest.evidence.moments import SESSIONS_A_YEAR, annual_sharpe
from strikewise.backtest.evidence.robustness import growth_a_year
from strikewise.backtest.evidence.significance import minimum_track_record, shortest_sample_years

__all__ = ["Check", "checks_of"]

LEAST_TRADES = 30
SURE = 0.95
"""Of the best of 20 worthless configurations over six years, the gate's mean alone lets one in five through,
with the bar on PBO one in fifteen, and with this one none of 200."""
MOST_OVERFITTING = 0.20
"""The null of PBO is a half, with a deviation of 0.14 to 0.18: a half is no bar."""
MOST_LOST = -0.50
MOST_RUINED = 0.05
TOO_GOOD, TOO_CALM = 1.00, -0.15
ABOVE_ZERO = 1e-6


@dataclass(frozen=True, slots=True)
class Check:
    """A question with a bar.

    Attributes
    ----------
    name, question : str
        In a word, and what is asked.
    found : float or None
        What was found; None where nothing could be.
    bar : float
        What it is held against.
    at_least : bool
        Whether it must be at least the bar; else at most.
    unit : str
        ``fraction``, ``count``, ``sessions``, ``years`` or ``ratio``.
    """

    name: str
    question: str
    found: float | None
    bar: float
    at_least: bool
    unit: str

    @property
    def passed(self) -> bool:
        """Whether it holds; what could not be found does not."""
        if self.found is None:
            return False
        return self.found >= self.bar if self.at_least else self.found <= self.bar

    def as_dict(self) -> dict[str, object]:
        """Return the JSON form."""
        return {
            "name": self.name,
            "question": self.question,
            "found": self.found if self.found is None or isfinite(self.found) else None,
            "bar": self.bar if isfinite(self.bar) else None,
            "at_least": self.at_least,
            "unit": self.unit,
            "passed": self.passed,
        }


def checks_of(evidence: Evidence) -> tuple[Check, ...]:
    """Return every hard check with what was found."""
    history = evidence.history
    growth = growth_a_year(history.returns)
    return (
        _least("profit", "Did it earn anything after all costs, at the touch?", growth, ABOVE_ZERO),
        _least("trades", "Are there trades enough to speak of?", history.trades, LEAST_TRADES, "count"),
        *_long_enough(evidence),
        *_no_luck(evidence),
        *_survives(evidence),
        _most(
            "too good",
            "Is it humble enough to be no mistake? More than 100% a year in calm is audited first.",
            growth if history.drawdown >= TOO_CALM else min(growth, TOO_GOOD),
            TOO_GOOD,
        ),
    )


def _least(name: str, question: str, found: float | None, bar: float, unit: str = "fraction") -> Check:
    return Check(name, question, found, bar, True, unit)


def _most(name: str, question: str, found: float | None, bar: float) -> Check:
    return Check(name, question, found, bar, False, "fraction")


def _no_luck(evidence: Evidence) -> tuple[Check, ...]:
    overfitting = None if evidence.overfitting is None else evidence.overfitting.probability
    return (
        _least(
            "luck",
            "Is it above the best that as many worthless tries would show (DSR)?",
            None if evidence.deflation is None else evidence.deflation.probability,
            SURE,
        ),
        _least(
            "walk-forward",
            "Did choosing on the past earn anything in a future it had not seen?",
            _tested(evidence),
            ABOVE_ZERO,
            "ratio",
        ),
        _most(
            "overfitting",
            "How often does the best choice fall into the worse half on other days?",
            overfitting,
            MOST_OVERFITTING,
        ),
    )


def _survives(evidence: Evidence) -> tuple[Check, Check]:
    worst = min((one.worst for one in evidence.disasters), default=None)
    lives = (evidence.lives_of_days, evidence.lives_of_trades)
    ruined = max(one.ruin for one in lives if one is not None)
    return (
        _least("disasters", "Is half of it left after the worst disaster?", worst, MOST_LOST),
        _most("ruin", "How many of its other lives lose half?", ruined, MOST_RUINED),
    )


def _long_enough(evidence: Evidence) -> tuple[Check, Check]:
    history, moments = evidence.history, evidence.history.moments
    sessions = len(history.days)
    needed = inf if moments is None else minimum_track_record(moments)
    years = shortest_sample_years(max(1.0, evidence.trials.effective), annual_sharpe(history.sharpe()))
    return (
        Check("record", "Is it long enough to be above zero at 95%?", sessions, needed, True, "sessions"),
        Check(
            "sample",
            "Is it longer than luck takes to find one as good among all that was tried?",
            sessions / SESSIONS_A_YEAR,
            years,
            True,
            "years",
        ),
    )


def _tested(evidence: Evidence) -> float | None:
    tests = [one for one in (evidence.rolling, evidence.anchored) if one is not None and one.folds]
    return min((one.test_sharpe for one in tests), default=None)
