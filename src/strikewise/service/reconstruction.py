"""Fill the past where no quotes can be had: reconstruct chains, and fit what they are made with."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from strikewise.backtest.reconstruct.calibrate import BandError, calibrate
from strikewise.backtest.reconstruct.evidence import (
    clock_for,
    evidence_from,
    observed_from,
    straddles_from,
)
from strikewise.backtest.reconstruct.parameters import read_fitted
from strikewise.backtest.reconstruct.recipe import recipe_for
from strikewise.backtest.reconstruct.signature import limits_of
from strikewise.backtest.reconstruct.tape import reconstruct
from strikewise.domain.chain import ChainTape
from strikewise.domain.errors import ImportRefusedError, ParameterError
from strikewise.domain.instruments import date_of, days_of
from strikewise.service.system import Progress, System

__all__ = ["Calibration", "Reconstruction", "calibrate_reconstruction", "reconstruct_chains"]


@dataclass(frozen=True, slots=True)
class Reconstruction:
    """What a reconstruction wrote.

    Attributes
    ----------
    underlying : str
        Whose chains.
    first, last : date
        What was asked for.
    days, without : int
        Sessions of the period that chains were made of, and those that have no close or no VIX.
    rows : int
        Rows of chains that are new or different.
    source : str
        What the chains state as their source: the calibration, and the spread multiplier in force.
    limits : str
        What such chains cannot show, with the spread multiplier in force.
    """

    underlying: str
    first: date
    last: date
    days: int
    without: int
    rows: int
    source: str
    limits: str

    def as_dict(self) -> dict[str, object]:
        """Return the JSON form."""
        return {
            "underlying": self.underlying,
            "from": self.first.isoformat(),
            "to": self.last.isoformat(),
            "days": self.days,
            "days_without": self.without,
            "rows_written": self.rows,
            "grade": "reconstructed",
            "source": self.source,
            "limits": self.limits,
        }


@dataclass(frozen=True, slots=True)
class Calibration:
    """What a calibration found.

    Attributes
    ----------
    path : Path
        Where its numbers were written.
    days, contracts, straddle_days : int
        What it was fitted to.
    errors : tuple of BandError
        On stretches of days left out of the fit.
    """

    path: Path
    days: int
    contracts: int
    straddle_days: int
    errors: tuple[BandError, ...]

    def as_dict(self) -> dict[str, object]:
        """Return the JSON form."""
        return {
            "path": str(self.path),
            "days": self.days,
            "contracts": self.contracts,
            "straddle_days": self.straddle_days,
            "errors_on_days_not_seen": [asdict(one) for one in self.errors],
        }


def reconstruct_chains(
    system: System,
    underlying: str,
    start: date,
    end: date,
    *,
    spread_multiplier: float = 1.0,
    numbers: Path | None = None,
    progress: Progress | None = None,
) -> Reconstruction:
    """Reconstruct an underlying's chains from stored closes and indices, and store them.

    Parameters
    ----------
    system : System
        The installation.
    underlying : str
        SPY, SPX (settled on the opening and at the close), XSP, QQQ, IWM or a stock.
    start, end : date
        Bounds, both included.
    spread_multiplier : float
        Widens every spread.
    numbers : Path, optional
        A calibration's; the package's if not given.
    progress : callable, optional
        Told of every session.

    Raises
    ------
    MissingDataError
        If closes, VIX or rates are missing.
    ParameterError
        If no such options can be made, the multiplier is out of bounds, or the period ends before it begins.
    """
    _check(start, end)
    observed = observed_from(system.data.source(), underlying)
    recipe = recipe_for(
        underlying,
        spread_multiplier=spread_multiplier,
        morning=True,
        numbers=None if numbers is None else read_fitted(numbers),
    )
    tell = None if progress is None else (lambda done, whole: progress(f"{underlying} chains", done, whole))
    made: list[int] = []
    tapes = reconstruct(observed, recipe, system.calendar, start=start, end=end, progress=tell)
    rows = system.data.write(_counted(tapes, made))
    days, asked = sum(made), len(system.calendar.sessions(start, end))
    return Reconstruction(
        underlying, start, end, days, asked - days, rows, recipe.source, limits_of(recipe.source)
    )


def _counted(tapes: Iterator[ChainTape], made: list[int]) -> Iterator[ChainTape]:
    for tape in tapes:
        made.append(len(tape))
        yield tape


def _check(start: date, end: date) -> None:
    if end < start:
        raise ParameterError(
            f"The period ends on {end.isoformat()}, before it begins on {start.isoformat()}."
        )


def calibrate_reconstruction(
    system: System,
    out: Path,
    *,
    start: date,
    end: date,
    underlying: str = "SPY",
    straddles: Path | None = None,
) -> Calibration:
    """Fit surface and half-spreads to recorded chains, write the numbers, and judge them on days not seen.

    Parameters
    ----------
    system : System
        The installation, with the recorded chains in its store.
    out : Path
        Where to write the numbers; its stem names them.
    start, end : date
        Bounds of the recorded chains to fit to, both included.
    underlying : str
        Whose chains: SPY or SPX.
    straddles : Path, optional
        A CSV file of ``date`` and ``straddle``: SPX straddles, normalised.

    Raises
    ------
    MissingDataError
        If there are too few recorded days.
    ParameterError, ImportRefusedError
        If the underlying is another, or the file of straddles cannot be read.
    """
    source, calendar = system.data.source(), system.calendar
    series = None
    if straddles is not None:
        days, values = _read_straddles(straddles)
        series = straddles_from(source, calendar, days, values)
    evidence = evidence_from(source, calendar, start, end, underlying=underlying, straddles=series)
    first, last = (date_of(int(evidence.conditions.days[row])) for row in (0, -1))
    clock = clock_for(source, calendar, first - timedelta(days=30), last)
    found, errors = calibrate(evidence, clock, calendar, name=out.stem)
    out.parent.mkdir(parents=True, exist_ok=True)
    found.write(out)
    return Calibration(
        out,
        len(np.unique(evidence.quotes.day)),
        len(evidence.quotes),
        0 if series is None else len(series.days),
        tuple(errors),
    )


def _read_straddles(path: Path) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    try:
        with path.open(encoding="utf-8", newline="") as text:
            rows = [(date.fromisoformat(row["date"]), float(row["straddle"])) for row in csv.DictReader(text)]
    except (OSError, ValueError, KeyError) as error:
        problem = f"it cannot be read as straddles ({error}): it needs the columns date and straddle"
        raise ImportRefusedError(path, problem) from error
    rows.sort()
    return np.array([days_of(day) for day, _ in rows], dtype=np.int64), np.array([one for _, one in rows])
