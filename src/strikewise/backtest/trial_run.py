"""One of many runs: what it came to, small enough to travel between processes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from strikewise.backtest.evidence.history import History, history_of_result
from strikewise.backtest.result import result_of
from strikewise.backtest.runner import ReplaySpec, replay
from strikewise.domain.quotes import Grade
from strikewise.market.calendar import SessionCalendar
from strikewise.market.source import MarketSource
from strikewise.market.universe import Universe
from strikewise.portfolio.ledger import MemoryLedger, fingerprint
from strikewise.portfolio.performance import Summary

__all__ = ["TrialRun", "run_trial"]


@dataclass(frozen=True, slots=True)
class TrialRun:
    """What a run came to.

    Attributes
    ----------
    fingerprint : str
        Hash of what happened; that of the same run by itself.
    grade : Grade
        The worst grade of the data it traded on.
    summary : Summary
        Its figures.
    history : History
        Its days and trades as arrays.
    """

    fingerprint: str
    grade: Grade
    summary: Summary
    history: History


def run_trial(
    spec: ReplaySpec, source: MarketSource, calendar: SessionCalendar, data: Mapping[str, str]
) -> TrialRun:
    """Run a specification over the past, in memory; parameters and errors as `replay`."""
    ledger = MemoryLedger()
    grade = replay(spec, source, calendar, ledger, data=data)
    universe = Universe(source, spec.run.underlyings)
    result = result_of(spec, ledger.records(), fingerprint(ledger.facts()), universe, grade)
    return TrialRun(result.fingerprint, grade, result.performance.summary, history_of_result(result))
