"""Is it an edge? Run a specification, its neighbours, its futures and its disasters, and judge all of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from strikewise.backtest.evidence.deflation import count_of
from strikewise.backtest.evidence.findings import Evidence
from strikewise.backtest.evidence.gathering import (
    NEAR,
    NOISE_DOLLARS,
    Runs,
    gather,
    returns_matrix,
    superiority_of,
)
from strikewise.backtest.evidence.history import History, history_of_result, returns_of, run
from strikewise.backtest.evidence.resampling import Lives, lives_of_trades
from strikewise.backtest.evidence.robustness import (
    disasters,
    holding,
    regime_labels,
    start_sweep,
)
from strikewise.backtest.evidence.stress_paths import SCENARIOS
from strikewise.backtest.evidence.superiority import Superiority
from strikewise.backtest.evidence.trials import trial_of
from strikewise.backtest.evidence.variants import (
    Variant,
    at_the_touch,
    grid_of,
    identity_of,
    neighbours,
    without_interest,
)
from strikewise.backtest.evidence.verdict import Verdict, judge
from strikewise.backtest.evidence.walk_forward import WalkForward, default_windows, folds_of, walk_forward
from strikewise.backtest.result import ReplayResult
from strikewise.backtest.runner import ReplaySpec
from strikewise.domain.events import TrialCounted
from strikewise.domain.instruments import days_of
from strikewise.domain.parameters import ParameterValue
from strikewise.market.calendar import new_york_day
from strikewise.market.source import MarketSource
from strikewise.market.universe import Universe
from strikewise.service.commands import run_over_history
from strikewise.service.system import Progress, System
from strikewise.service.trials import count_trials, tried

__all__ = ["QUICK", "THOROUGH", "Baseline", "Effort", "Validation", "levels_of_run", "validate"]

Array = NDArray[np.float64]
Levels = Sequence[tuple[date, float]]

FAR = 0.5
"""How far numbers move to have something to choose among."""


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is run.

    Attributes
    ----------
    near, far : int
        Neighbours drawn at a small and at a large distance.
    starts : int
        Days to start on.
    paths : int
        Other lives.
    blocks : int
        Of cross-validation.
    """

    near: int
    far: int
    starts: int
    paths: int
    blocks: int


THOROUGH = Effort(near=12, far=16, starts=8, paths=10_000, blocks=16)
QUICK = Effort(near=6, far=8, starts=4, paths=1_000, blocks=10)


@dataclass(frozen=True, slots=True)
class Baseline:
    """What else one could have done: its name and daily returns on the sessions of the run."""

    name: str
    returns: Array


@dataclass(frozen=True, slots=True)
class Validation:
    """A finished validation.

    Attributes
    ----------
    result : ReplayResult
        The run that was judged.
    evidence : Evidence
        What was found.
    verdict : Verdict
        What it comes to.
    baselines : tuple of Baseline
        The underlying held, and whatever else was named.
    orders : Lives or None
        The same trades in other orders.
    against_market : Superiority or None
        Whether any configuration earned more than holding the underlying.
    choices : tuple of str
        Names of the configurations that overfitting and superiority were judged on.
    trial : str
        Which of the trials it is.
    trials : tuple of TrialCounted
        All that was ever tried, this run's variants with it.
    effort, seed
        How much was run, and from which chance.
    """

    result: ReplayResult
    evidence: Evidence
    verdict: Verdict
    baselines: tuple[Baseline, ...]
    orders: Lives | None
    against_market: Superiority | None
    choices: tuple[str, ...]
    trial: str
    trials: tuple[TrialCounted, ...]
    effort: Effort
    seed: int


@dataclass(slots=True)
class _Work:
    """Runs over one market, told one by one."""

    system: System
    source: MarketSource
    tell: Progress | None
    whole: int
    done: int = 0
    doing: str = ""

    def run(self, spec: ReplaySpec) -> History:
        return self.run_over(spec, self.source)

    def run_over(self, spec: ReplaySpec, source: MarketSource) -> History:
        found = run(spec, source, self.system.calendar)
        self.done += 1
        if self.tell is not None:
            self.tell(self.doing, min(self.done, self.whole), self.whole)
        return found

    def tried(self, listed: Sequence[Variant], purpose: str) -> list[tuple[Variant, History]]:
        """Run configurations, counted before and after."""
        count_trials(self.system, [trial_of(one.spec, purpose) for one in listed])
        self.doing = purpose
        found = [(one, self.run(one.spec)) for one in listed]
        count_trials(self.system, [trial_of(one.spec, purpose, history) for one, history in found])
        return found


def validate(
    system: System,
    spec: ReplaySpec,
    *,
    grid: Mapping[str, Sequence[ParameterValue]] | None = None,
    beside: Mapping[str, Levels] | None = None,
    effort: Effort = THOROUGH,
    seed: int = 1,
    progress: Progress | None = None,
) -> Validation:
    """Judge a specification over the stored past: at the touch, and without interest on idle cash.

    Parameters
    ----------
    system, spec
        The installation, which counts every configuration that is run, and what to judge.
    grid : mapping of str to sequence, optional
        Values of parameters to choose among, by ``label.parameter``; neighbours are drawn if not given.
    beside : mapping of str to sequence, optional
        Levels by day of what else one could have done, by name.
    effort, seed, progress
        How much to run, where all chance comes from, and who is told of every run.

    Raises
    ------
    MissingDataError, SettingsError
        If chains are not there, or the grid names no parameter of the run.
    """
    strict, random = without_interest(at_the_touch(spec)), np.random.default_rng(seed)
    near, far = _variants(strict, grid, effort, random)
    finished = run_over_history(system, strict, other_fills=False, progress=progress)
    base = history_of_result(finished.result)
    work = _Work(system, system.data.source(), progress, _runs(len(near) + len(far), effort, base))
    around = [history for _, history in work.tried(near, "neighbours near by")]
    choices = [(Variant("as written", strict), base), *work.tried(far, "configurations to choose among")]
    market = holding(finished.result.prices, base.days, work.source)
    evidence = _evidence(work, choices, around, market, effort=effort, random=random, seed=seed)
    return Validation(
        result=finished.result,
        evidence=evidence,
        verdict=judge(evidence),
        baselines=_baselines(finished.result, base, market, beside or {}),
        orders=_orders(base, effort, random),
        against_market=superiority_of(returns_matrix([history for _, history in choices]), market, seed),
        choices=tuple(variant.name for variant, _ in choices),
        trial=identity_of(strict),
        trials=tried(system),
        effort=effort,
        seed=seed,
    )


def _variants(
    spec: ReplaySpec,
    grid: Mapping[str, Sequence[ParameterValue]] | None,
    effort: Effort,
    random: np.random.Generator,
) -> tuple[tuple[Variant, ...], tuple[Variant, ...]]:
    near = neighbours(spec, effort.near, NEAR, random)
    if grid is None:
        return near, neighbours(spec, effort.far, FAR, random)
    itself = identity_of(spec)  # stands among the choices as it is written
    return near, tuple(one for one in grid_of(spec, grid) if identity_of(one.spec) != itself)


def _evidence(
    work: _Work,
    choices: Sequence[tuple[Variant, History]],
    around: Sequence[History],
    market: Array,
    *,
    effort: Effort,
    random: np.random.Generator,
    seed: int,
) -> Evidence:
    variant, base = choices[0]
    rolling, anchored = (_walk(work, choices, anchored=kind) for kind in (False, True))
    work.doing = "starting on other days"
    starts = start_sweep(variant.spec, base, work.run, effort.starts)
    work.doing = "disasters"
    hits = disasters(variant.spec, base, work.source, work.system.calendar, work.run_over)
    universe = Universe(work.source, variant.spec.run.underlyings)
    runs = Runs(
        choices=[history for _, history in choices],
        around=around,
        market=market,
        labels=regime_labels(base.days, universe, work.system.calendar),
        rolling=rolling,
        anchored=anchored,
        starts=starts,
        disasters=hits,
        trials=count_of(tried(work.system)),
    )
    return gather(runs, paths=effort.paths, blocks=effort.blocks, random=random, seed=seed)


def _orders(base: History, effort: Effort, random: np.random.Generator) -> Lives | None:
    if not base.trades:
        return None
    costs = base.shares * NOISE_DOLLARS
    return lives_of_trades(base.outcome, costs, paths=effort.paths, random=random, replace=False)


def _walk(work: _Work, choices: Sequence[tuple[Variant, History]], *, anchored: bool) -> WalkForward | None:
    embargo = max(history.longest_days for _, history in choices)
    windows = default_windows(len(choices[0][1].days), anchored=anchored, embargo_days=embargo)
    if windows is None:
        return None
    work.doing = f"walking forward, {'from the beginning' if anchored else 'rolling'}"
    return walk_forward(choices, windows, work.run)


def _runs(variants: int, effort: Effort, base: History) -> int:
    """Return how many runs there will be, about: another choice may hold options longer."""
    windows = default_windows(len(base.days), anchored=False, embargo_days=base.longest_days)
    tests = 0 if windows is None else 2 * len(folds_of(base.days, windows))
    return variants + tests + effort.starts - 1 + len(SCENARIOS)


def _baselines(
    result: ReplayResult, base: History, market: Array, beside: Mapping[str, Levels]
) -> tuple[Baseline, ...]:
    """Return what else one could have done; a day without a level earned nothing."""
    found = [Baseline(f"holding {' and '.join(result.prices)}", market)]
    for name, levels in beside.items():
        returns = returns_of([level for _, level in levels]).tolist()
        by_day = dict(zip((days_of(day) for day, _ in levels[1:]), returns, strict=True))
        found.append(Baseline(name, np.array([by_day.get(day, 0.0) for day in base.days.tolist()])))
    return tuple(found)


def levels_of_run(system: System, fingerprint: str) -> tuple[str, Levels]:
    """Return a kept run's name and its equity by day, marked to exit.

    Raises
    ------
    MissingDataError
        If no run, or more than one, begins so.
    """
    result: Mapping[str, Any] = system.runs.result(fingerprint)
    days = (new_york_day(datetime.fromisoformat(row["at"])) for row in result["equity"])
    levels = (float(row["equity_exit"]) for row in result["equity"])
    return str(result["title"]), list(zip(days, levels, strict=True))
