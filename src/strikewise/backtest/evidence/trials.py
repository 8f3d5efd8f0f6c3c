"""The facts about what was tried: every configuration, once before its result is known and once with it."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from strikewise.backtest.evidence.history import History
from strikewise.backtest.evidence.variants import identity_of
from strikewise.backtest.runner import ReplaySpec
from strikewise.domain.events import TrialCounted
from strikewise.portfolio.ledger import Record

__all__ = ["trial_of", "trials_of"]

MILLION = 1_000_000
"""Weekly returns are written in millionths."""


def trial_of(spec: ReplaySpec, purpose: str, history: History | None = None) -> TrialCounted:
    """Return the fact that a configuration is tried, or has been.

    Parameters
    ----------
    spec : ReplaySpec
        The configuration.
    purpose : str
        Why it is run.
    history : History, optional
        What it came to; not given before it is known.
    """
    names = "+".join(sorted({chosen.strategy.name for chosen in spec.run.strategies}))
    family = f"{names} on {', '.join(sorted(spec.run.underlyings))}"
    moments = None if history is None else history.moments
    first, weekly = (0, ()) if history is None else _weekly(history)
    return TrialCounted(
        trial=identity_of(spec),
        family=family,
        purpose=purpose,
        spec=spec.run.document,
        sessions=0 if history is None else len(history.days),
        sharpe=None if moments is None else moments.sharpe,
        first_week=first,
        weekly=weekly,
    )


def trials_of(records: Iterable[Record]) -> tuple[TrialCounted, ...]:
    """Return every distinct trial of a ledger, with its result where one was written."""
    found: dict[str, TrialCounted] = {}
    for record in records:
        event = record.event
        if isinstance(event, TrialCounted) and (event.sessions or event.trial not in found):
            found[event.trial] = event
    return tuple(found.values())


def _weekly(history: History) -> tuple[int, tuple[int, ...]]:
    weeks = history.days.astype(np.int64) // 7
    first = int(weeks[0])
    summed = np.zeros(int(weeks[-1]) - first + 1)
    np.add.at(summed, weeks - first, np.log1p(np.maximum(history.returns, -0.999_999)))
    return first, tuple(np.round(np.expm1(summed) * MILLION).astype(np.int64).tolist())
