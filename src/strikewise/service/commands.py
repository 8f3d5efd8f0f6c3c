"""What may be told: import data, run a specification over the past, make the demonstration's data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from strikewise.backtest.analysis import RunAnalysis, analyse
from strikewise.backtest.demo_data import demo_bars, demo_series, demo_tapes
from strikewise.backtest.evidence.history import history_of_result
from strikewise.backtest.evidence.trials import trial_of
from strikewise.backtest.fill_comparison import FillFigures, compare_fills, curve_of
from strikewise.backtest.result import ReplayResult, result_of
from strikewise.backtest.runner import ReplaySpec, replay
from strikewise.market.universe import Universe
from strikewise.portfolio.ledger import Fact, Ledger, MemoryLedger, fingerprint
from strikewise.service.system import Progress, Report, System
from strikewise.service.trials import count_trials

__all__ = ["FinishedRun", "import_data", "make_demo_data", "run_as_dict", "run_over_history"]

RUN = "run"
"""Why a person runs a specification: to see what it comes to."""


@dataclass(frozen=True, slots=True)
class FinishedRun:
    """A run that ended.

    Attributes
    ----------
    result : ReplayResult
        What it came to.
    fills : tuple of FillFigures
        The same at other fills; empty where nobody asked.
    analysis : RunAnalysis
        What lies behind its figures.
    facts : tuple of Fact
        All that happened.
    folder : Path
        Where it was kept.
    """

    result: ReplayResult
    fills: tuple[FillFigures, ...]
    analysis: RunAnalysis
    facts: tuple[Fact, ...]
    folder: Path

    def as_dict(self) -> dict[str, object]:
        """Return the JSON form that is documented as a contract."""
        return run_as_dict(self.result, self.fills, self.analysis)


def import_data(
    system: System,
    path: Path,
    *,
    underlying: str | None = None,
    file_format: str | None = None,
    progress: Progress | None = None,
) -> Report:
    """Import a file or a folder of market data into the store, all or nothing.

    Raises
    ------
    ImportRefusedError
        If a file cannot be read; nothing of it was taken.
    """
    return system.data.import_path(path, underlying=underlying, file_format=file_format, progress=progress)


def run_over_history(
    system: System,
    spec: ReplaySpec,
    *,
    ledger: Ledger | None = None,
    other_fills: bool = True,
    progress: Progress | None = None,
) -> FinishedRun:
    """Run a specification over the stored past and keep the run; it counts as tried, kept or not.

    Parameters
    ----------
    system : System
        The installation.
    spec : ReplaySpec
        What to run.
    ledger : Ledger, optional
        An empty ledger to write to; one in memory if not given.
    other_fills : bool
        Whether to run it again, in memory, at the touch, three quarters, half and none of the half-spread.
    progress : callable, optional
        Told of every tick.

    Raises
    ------
    MissingDataError
        If the store has no chains of an underlying in the period.
    """
    source = system.data.source()
    universe = Universe(source, spec.run.underlyings)
    data = {name: system.data.digest(name, spec.start, spec.end) for name in universe.underlyings()}
    written = MemoryLedger() if ledger is None else ledger
    tell = None if progress is None else (lambda done, whole: progress(spec.name, done, whole))
    count_trials(system, [trial_of(spec, RUN)])
    grade = replay(spec, source, system.calendar, written, data=data, progress=tell)
    facts = tuple(written.facts())
    records = tuple(written.records())
    result = result_of(spec, records, fingerprint(facts), universe, grade)
    count_trials(system, [trial_of(spec, RUN, history_of_result(result))])
    own = FillFigures(1.0, result.performance.summary, curve_of(records))
    fills = _at_other_fills(system, spec, own, progress) if other_fills else ()
    analysis = analyse(result.trades, records, universe, system.calendar)
    folder = system.runs.save(result.fingerprint, run_as_dict(result, fills, analysis), facts)
    return FinishedRun(result, fills, analysis, facts, folder)


def run_as_dict(
    result: ReplayResult, fills: Sequence[FillFigures], analysis: RunAnalysis
) -> dict[str, object]:
    """Return a run in the JSON form that is documented as a contract."""
    return {**result.as_dict(), "fills": [one.as_dict() for one in fills], **analysis.as_dict()}


def _at_other_fills(
    system: System, spec: ReplaySpec, own: FillFigures, progress: Progress | None
) -> tuple[FillFigures, ...]:
    def tell(share: float, done: int, whole: int) -> None:
        if progress is not None:
            progress(f"{spec.name}, paying {share:.0%} of the half-spread", done, whole)

    return compare_fills(spec, system.data.source(), system.calendar, own, progress=tell)


def make_demo_data(system: System, *, progress: Progress | None = None) -> int:
    """Store the demonstration's market: real S&P 500 and VIX closes, and chains reconstructed from them.

    Returns
    -------
    int
        Rows of chains written.
    """
    tell = None if progress is None else (lambda done, whole: progress("reconstruct chains", done, whole))
    calendar = system.calendar
    return system.data.write(
        demo_tapes(calendar, tell), bars=[demo_bars(calendar)], series=demo_series(calendar)
    )
