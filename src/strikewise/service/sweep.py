"""Run a grid of configurations side by side, count each of them, and say what so many tries are worth."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from itertools import product
from math import inf, sqrt
from typing import Any

from strikewise.backtest.evidence.deflation import TrialCount, count_of, deflation_of
from strikewise.backtest.evidence.trials import trial_of
from strikewise.backtest.evidence.variants import Variant, grid_of, without_interest
from strikewise.backtest.executor import Executor
from strikewise.backtest.runner import ReplaySpec
from strikewise.backtest.trial_run import TrialRun
from strikewise.domain.errors import SettingsError
from strikewise.domain.parameters import ParameterValue
from strikewise.market.universe import Universe
from strikewise.portfolio.performance import SESSIONS_A_YEAR, Summary
from strikewise.service.system import Progress, System
from strikewise.service.trials import count_trials, tried

__all__ = ["SORT_KEYS", "Sweep", "SweptRun", "sweep"]

SWEEP = "sweep"
"""Why a configuration of a grid is run."""
SORT_KEYS = tuple(one.name for one in fields(Summary))
LESS_IS_BETTER = frozenset({"volatility", "max_drawdown_days", "turnover", "costs", "exposure"})

Axes = Mapping[str, Sequence[ParameterValue]]
Runner = Callable[[Mapping[str, str]], Callable[[str], TrialRun]]
"""Makes the work of an executor, given the digests of the data."""


@dataclass(frozen=True, slots=True)
class SweptRun:
    """One configuration of a grid: its values on the grid's axes, and what it came to."""

    values: Mapping[str, ParameterValue]
    run: TrialRun

    def as_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "parameters": dict(self.values),
            "fingerprint": self.run.fingerprint,
            "grade": self.run.grade.value,
            "summary": asdict(self.run.summary),
        }


@dataclass(frozen=True, slots=True)
class Sweep:
    """A finished sweep.

    Attributes
    ----------
    spec : ReplaySpec
        What was varied.
    axes : mapping of str to sequence
        The grid.
    sorted_by : str
        Field of the summary that orders the runs.
    runs : tuple of SweptRun
        The best first; those without the figure last.
    count : TrialCount
        Everything that was ever tried in this home, this grid with it.
    """

    spec: ReplaySpec
    axes: Axes
    sorted_by: str
    runs: tuple[SweptRun, ...]
    count: TrialCount

    @property
    def bar(self) -> float | None:
        """The annual Sharpe ratio that the best of as many worthless tries would show; None if unknown."""
        moments = self.runs[0].run.history.moments
        return None if moments is None else deflation_of(moments, self.count).bar * sqrt(SESSIONS_A_YEAR)

    @property
    def probability(self) -> float | None:
        """The probability that the first run's Sharpe ratio is no gift of so many tries (deflated)."""
        moments = self.runs[0].run.history.moments
        return None if moments is None else deflation_of(moments, self.count).probability

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON form: dollars, fractions."""
        return {
            "name": self.spec.name,
            "grid": {name: list(values) for name, values in self.axes.items()},
            "sorted_by": self.sorted_by,
            "tries": {
                "here": len(self.runs),
                "ever": self.count.raw,
                "ideas": self.count.effective,
                "sharpe_to_beat": self.bar,
                "deflated_probability": self.probability,
            },
            "runs": [one.as_dict() for one in self.runs],
        }


def sweep(
    system: System,
    spec: ReplaySpec,
    axes: Axes,
    *,
    executor: Executor,
    runner: Runner,
    sort: str = "sharpe",
    progress: Progress | None = None,
) -> Sweep:
    """Run every combination of some parameters' values; each counts as tried before it is run.

    Idle cash earns nothing in any of them: what bills pay tells no configuration from another.

    Parameters
    ----------
    system : System
        The installation.
    spec : ReplaySpec
        What is varied.
    axes : mapping of str to sequence
        Values by ``label.parameter``, or by the parameter alone where the run has one strategy.
    executor : Executor
        Who runs them.
    runner : callable
        Makes the executor's work.
    sort : str
        Field of the summary to order them by, the best first.
    progress : callable, optional
        Told of every run that is done.

    Raises
    ------
    SettingsError
        If the grid cannot be made of the specification, or there is no such field.
    MissingDataError
        If the store has no data of an underlying.
    """
    if sort not in SORT_KEYS:
        raise SettingsError(f"Runs cannot be sorted by {sort!r}; by one of {', '.join(SORT_KEYS)}.")
    spec = without_interest(spec)
    variants = grid_of(spec, axes)
    universe = Universe(system.data.source(), spec.run.underlyings)
    data = {name: system.data.digest(name, spec.start, spec.end) for name in universe.underlyings()}
    done = _counted(system, spec.name, variants, executor, runner(data), progress)
    found = zip(product(*axes.values()), done, strict=True)
    runs = [SweptRun(dict(zip(axes, values, strict=True)), run) for values, run in found]
    runs.sort(key=lambda one: _rank(one.run.summary, sort))
    return Sweep(spec, axes, sort, tuple(runs), count_of(tried(system)))


def _counted(
    system: System,
    name: str,
    variants: Sequence[Variant],
    executor: Executor,
    work: Callable[[str], TrialRun],
    progress: Progress | None,
) -> list[TrialRun]:
    """Run configurations, each written down as tried before it is run and again with what it came to."""
    count_trials(system, [trial_of(one.spec, SWEEP) for one in variants])
    documents = [json.dumps(one.spec.run.document) for one in variants]
    done: dict[int, TrialRun] = {}
    for number, run in executor.each(work, documents):
        done[number] = run
        if progress is not None:
            progress(name, len(done), len(variants))
    runs = [done[number] for number in range(len(variants))]
    found = zip(variants, runs, strict=True)
    count_trials(system, [trial_of(one.spec, SWEEP, run.history) for one, run in found])
    return runs


def _rank(summary: Summary, sort: str) -> float:
    value = getattr(summary, sort)
    if value is None:
        return inf
    return float(value) if sort in LESS_IS_BETTER else -float(value)
