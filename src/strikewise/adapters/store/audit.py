"""Say what an archive of chains is worth: days, gaps, flaws, and how far a vendor's volatilities are off."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date
from itertools import groupby
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from strikewise.adapters.store.chain_archive import archive_name, read_archive
from strikewise.adapters.store.market_store import StoreSource
from strikewise.domain.errors import MissingDataError
from strikewise.market.calendar import SessionCalendar
from strikewise.market.quality import Flaw, count_flaws

__all__ = ["ChainAudit", "FlawCount", "Gap", "VolatilityDifference", "audit"]

PLACEHOLDER_IV = 1e-3
"""Vendors write 0 or 0.00001 where they have no volatility; below this there is nothing to compare with."""
CORE_DELTAS = (0.05, 0.95)
"""Where volatilities are well determined: neither in the wings nor deep in the money."""


@dataclass(frozen=True, slots=True)
class FlawCount:
    """How many rows have a flaw, and which share of all rows that is."""

    count: int
    share: float


@dataclass(frozen=True, slots=True)
class Gap:
    """Sessions in a row without a snapshot, first and last of them included."""

    first: date
    last: date
    sessions: int


@dataclass(frozen=True, slots=True)
class VolatilityDifference:
    """Absolute difference of our volatility to the vendor's, a fraction; NaN where nothing compares."""

    rows: int
    median: float
    p90: float

    @classmethod
    def of(cls, differences: NDArray[np.float32]) -> VolatilityDifference:
        """Summarise differences."""
        if not len(differences):
            return cls(0, float("nan"), float("nan"))
        median, p90 = np.quantile(differences, (0.5, 0.9))
        return cls(len(differences), float(median), float(p90))


@dataclass(frozen=True, slots=True)
class ChainAudit:
    """What is archived of one underlying.

    Attributes
    ----------
    underlying : str
        The underlying's symbol.
    first, last : date
        First and last day with a snapshot.
    days, snapshots, rows : int
        Days with at least one snapshot; snapshots; contracts in all of them.
    grades, sources : dict of str to int
        Snapshots by grade and by source.
    missing : tuple of date
        Sessions between first and last without a snapshot.
    gaps : tuple of Gap
        The same, runs of sessions taken together.
    flaws : dict of str to FlawCount
        Rows by kind of flaw, in the order of `strikewise.market.quality.Flaw`.
    iv_difference : VolatilityDifference
        All rows for which both have a volatility.
    iv_difference_core : VolatilityDifference
        Of those, the rows with an absolute delta from 0.05 to 0.95.
    coverage : dict of date to int
        Rows by day.
    """

    underlying: str
    first: date
    last: date
    days: int
    snapshots: int
    rows: int
    grades: dict[str, int]
    sources: dict[str, int]
    missing: tuple[date, ...]
    gaps: tuple[Gap, ...]
    flaws: dict[str, FlawCount]
    iv_difference: VolatilityDifference
    iv_difference_core: VolatilityDifference
    coverage: dict[date, int]

    def as_dict(self) -> dict[str, Any]:
        """Return the audit as plain values for JSON: days as ISO-8601, NaN as None."""
        plain: dict[str, Any] = _plain(asdict(self))
        return plain


def audit(
    store: StoreSource,
    underlyings: Iterable[str] | None = None,
    *,
    calendar: SessionCalendar | None = None,
) -> list[ChainAudit]:
    """Audit the archived chains of some or all underlyings.

    Parameters
    ----------
    store : StoreSource
        The data home.
    underlyings : iterable of str, optional
        Which; all where None.
    calendar : SessionCalendar, optional
        The sessions that should be there.

    Raises
    ------
    MissingDataError
        If there is no chain of a named underlying.
    """
    sessions = calendar or SessionCalendar()
    known = store.underlyings()
    wanted = known if underlyings is None else list(underlyings)
    for name in wanted:
        if name not in known:
            raise MissingDataError(
                f"There are no chains of {name} to audit; the store has {', '.join(known) or 'none'}."
            )
    return [_audit(store, name, sessions) for name in wanted]


def _audit(store: StoreSource, underlying: str, calendar: SessionCalendar) -> ChainAudit:
    grades: Counter[str] = Counter()
    sources: Counter[str] = Counter()
    coverage: dict[date, int] = {}
    flaws: Counter[str] = Counter()
    differences: list[NDArray[np.float32]] = []
    core: list[NDArray[np.float32]] = []
    for year in store.chains.years(underlying):
        frame = read_archive(
            store.chains.home / archive_name(underlying, year),
            ["as_of", "grade", "source", "iv", "delta", "vendor_iv", "flaws"],
        )
        heads = frame.unique("as_of", keep="first", maintain_order=True)
        grades.update(heads["grade"].to_list())
        sources.update(heads["source"].to_list())
        by_day = frame.group_by(pl.col("as_of").dt.date().alias("day"), maintain_order=True).len()
        coverage.update(zip(by_day["day"].to_list(), by_day["len"].to_list(), strict=True))
        flaws.update(count_flaws(frame["flaws"].to_numpy()))
        compared = frame.filter(pl.col("iv").is_not_null() & (pl.col("vendor_iv") > PLACEHOLDER_IV))
        off = (compared["iv"] - compared["vendor_iv"]).abs().to_numpy()
        differences.append(off)
        core.append(off[compared["delta"].abs().is_between(*CORE_DELTAS).fill_null(value=False).to_numpy()])
    rows = sum(coverage.values())
    days = sorted(coverage)
    missing = _missing(days, calendar)
    return ChainAudit(
        underlying=underlying,
        first=days[0],
        last=days[-1],
        days=len(days),
        snapshots=grades.total(),
        rows=rows,
        grades=dict(grades),
        sources=dict(sources),
        missing=missing,
        gaps=_gaps(missing, calendar),
        flaws={
            str(flaw.name): FlawCount(flaws[str(flaw.name)], flaws[str(flaw.name)] / rows) for flaw in Flaw
        },
        iv_difference=VolatilityDifference.of(np.concatenate(differences)),
        iv_difference_core=VolatilityDifference.of(np.concatenate(core)),
        coverage={day: coverage[day] for day in days},
    )


def _missing(days: list[date], calendar: SessionCalendar) -> tuple[date, ...]:
    there = set(days)
    return tuple(day for day in calendar.sessions(days[0], days[-1]) if day not in there)


def _gaps(missing: tuple[date, ...], calendar: SessionCalendar) -> tuple[Gap, ...]:
    """Take missing sessions that follow each other together."""
    if not missing:
        return ()
    number = {day: position for position, day in enumerate(calendar.sessions(missing[0], missing[-1]))}
    runs = groupby(enumerate(missing), key=lambda one: number[one[1]] - one[0])
    found = ([day for _, day in run] for _, run in runs)
    return tuple(Gap(run[0], run[-1], len(run)) for run in found)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {_plain(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, date):
        return value.isoformat()
    return None if isinstance(value, float) and np.isnan(value) else value
