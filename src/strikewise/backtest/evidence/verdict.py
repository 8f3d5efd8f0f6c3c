"""The verdict: hard checks first, then the overfit score and the deflated gate, and what they say in words.

Nothing here promises a profit. "Passed" means that the usual ways to fool oneself do not explain the result.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np

from strikewise.backtest.evidence.checks import Check, checks_of
from strikewise.backtest.evidence.conclusion import conclusion
from strikewise.backtest.evidence.findings import Evidence

__all__ = ["GATE_BAR", "SCORE_BAR", "Gate", "Part", "Verdict", "judge"]

SCORE_BAR = GATE_BAR = 0.70
ENOUGH_TRADES = 400
"""The error of a mean falls with the root of the count: at a deviation of 8% a trade, 0.4% here."""
LEAST_OF_A_REGIME = 20
ENOUGH_REGIMES = 3
WEIGHTS = {
    "consistency": 0.25,
    "walk-forward": 0.30,
    "sensitivity": 0.25,
    "trade count": 0.10,
    "regime spread": 0.10,
}


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the overfit score: what it is worth, its weight, and what it was made of."""

    name: str
    value: float
    weight: float
    because: str

    def as_dict(self) -> dict[str, object]:
        """Return the JSON form."""
        return {"name": self.name, "value": self.value, "weight": self.weight, "because": self.because}


@dataclass(frozen=True, slots=True)
class Gate:
    """The deflated gate.

    Attributes
    ----------
    deflated, not_overfitted, superior : float or None
        DSR; one less PBO; one less the p-value of superior ability. None where it could not be had.
    value : float
        Their geometric mean; 0 where one is missing.
    """

    deflated: float | None
    not_overfitted: float | None
    superior: float | None
    value: float

    def as_dict(self) -> dict[str, object]:
        """Return the JSON form."""
        return {
            "deflated_sharpe": self.deflated,
            "one_less_overfitting": self.not_overfitted,
            "one_less_luck": self.superior,
            "value": self.value,
            "bar": GATE_BAR,
            "passed": self.value >= GATE_BAR,
        }


@dataclass(frozen=True, slots=True)
class Verdict:
    """What all of it comes to.

    Attributes
    ----------
    checks : tuple of Check
        The hard ones; one that fails ends the matter.
    parts : tuple of Part
        Of the overfit score.
    score : float
        Their weighted sum.
    gate : Gate
        The deflated gate.
    passed : bool
        Whether all checks, the score and the gate hold.
    words : tuple of str
        The conclusion, a paragraph each.
    """

    checks: tuple[Check, ...]
    parts: tuple[Part, ...]
    score: float
    gate: Gate
    passed: bool
    words: tuple[str, ...]

    def as_dict(self) -> dict[str, object]:
        """Return the JSON form."""
        return {
            "passed": self.passed,
            "words": list(self.words),
            "checks": [check.as_dict() for check in self.checks],
            "score": {
                "value": self.score,
                "bar": SCORE_BAR,
                "passed": self.score >= SCORE_BAR,
                "parts": [part.as_dict() for part in self.parts],
            },
            "gate": self.gate.as_dict(),
        }


def judge(evidence: Evidence) -> Verdict:
    """Return the verdict on a result."""
    checks, parts, gate = checks_of(evidence), _parts(evidence), _gate(evidence)
    score = sum(part.weight * part.value for part in parts)
    passed = all(check.passed for check in checks) and score >= SCORE_BAR and gate.value >= GATE_BAR
    words = conclusion(evidence, checks, score=(score, SCORE_BAR), gate=(gate.value, GATE_BAR), passed=passed)
    return Verdict(checks, parts, score, gate, passed, words)


def _parts(evidence: Evidence) -> tuple[Part, ...]:
    consistency, sensitivity = evidence.consistency, evidence.sensitivity
    over_time = (consistency.positive_years + consistency.positive_quarters + consistency.without_best) / 3.0
    tests = [one for one in (evidence.rolling, evidence.anchored) if one is not None and one.folds]
    forward = [(float(np.clip(one.efficiency, 0.0, 1.0)) + one.positive) / 2.0 for one in tests]
    efficiency = float(np.mean([one.efficiency for one in tests])) if tests else 0.0
    positive = float(np.mean([one.positive for one in tests])) if tests else 0.0
    seen = [one for one in evidence.regimes if one.regime != "unknown" and one.sessions >= LEAST_OF_A_REGIME]
    good = sum(one.total_return > 0.0 for one in seen)
    spread = good / len(seen) * min(1.0, len(seen) / ENOUGH_REGIMES) if seen else 0.0
    trades = evidence.history.trades
    values = {
        "consistency": (
            over_time,
            f"{consistency.positive_years:.0%} of years and {consistency.positive_quarters:.0%} of quarters "
            f"earned; without the best year {consistency.without_best:.0%} of an even share is left",
        ),
        "walk-forward": (
            float(np.mean(forward)) if forward else 0.0,
            f"{efficiency:.0%} of the ratio in training was left in the tests, {positive:.0%} of them earned"
            if tests
            else "the time is too short to train and test",
        ),
        "sensitivity": (
            (sensitivity.kept + sensitivity.profitable) / 2.0 if sensitivity.base > 0.0 else 0.0,
            f"numbers moved by up to {sensitivity.reach:.0%} keep {sensitivity.kept:.0%} of the ratio, and "
            f"{sensitivity.profitable:.0%} of the neighbours earned",
        ),
        "trade count": (
            min(1.0, sqrt(trades / ENOUGH_TRADES)),
            f"{trades:,} closed trades, of {ENOUGH_TRADES} that would be enough",
        ),
        "regime spread": (spread, f"it earned in {good} of the {len(seen)} kinds of market it saw"),
    }
    return tuple(Part(name, values[name][0], weight, values[name][1]) for name, weight in WEIGHTS.items())


def _gate(evidence: Evidence) -> Gate:
    deflated = None if evidence.deflation is None else evidence.deflation.probability
    kept = None if evidence.overfitting is None else 1.0 - evidence.overfitting.probability
    superior = None if evidence.superiority is None else 1.0 - evidence.superiority.p_value
    factors = (deflated, kept, superior)
    known = [one for one in factors if one is not None]
    value = float(np.prod(known)) ** (1.0 / 3.0) if len(known) == len(factors) else 0.0
    return Gate(deflated, kept, superior, value)
