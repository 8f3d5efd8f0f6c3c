"""The count of everything ever tried: facts in a ledger of its own, which nobody can shorten."""

from __future__ import annotations

from collections.abc import Sequence

from strikewise.backtest.evidence.trials import trials_of
from strikewise.domain.events import TrialCounted
from strikewise.portfolio.ledger import Entry
from strikewise.service.system import System

__all__ = ["count_trials", "tried"]

RESEARCH = "research"


def count_trials(system: System, trials: Sequence[TrialCounted]) -> None:
    """Write down that configurations are tried, or what they came to.

    Parameters
    ----------
    system : System
        The installation.
    trials : sequence of TrialCounted
        Each is written before it is run, so that what is given up is counted, and again with its result.
    """
    now = system.now()
    with system.trials() as ledger:
        ledger.append([Entry(trial, now, RESEARCH) for trial in trials], recorded_at=now)


def tried(system: System) -> tuple[TrialCounted, ...]:
    """Return every configuration ever tried, each once, with its result where it is known."""
    with system.trials() as ledger:
        return trials_of(ledger.records())
