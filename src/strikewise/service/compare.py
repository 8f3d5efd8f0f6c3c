"""Replay a published strategy index over the store, and put it beside the levels its publisher printed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

from strikewise.backtest.chain_origins import ChainOrigin, chain_origins
from strikewise.backtest.index_comparison import IndexComparison, compare_with_index
from strikewise.backtest.runner import ReplaySpec, replay
from strikewise.domain.errors import MissingDataError
from strikewise.domain.events import AccountValued
from strikewise.domain.quotes import Grade
from strikewise.market.calendar import new_york_day
from strikewise.market.index_dividends import IndexDividends
from strikewise.market.view import DIVIDEND_PROXIES
from strikewise.portfolio.ledger import MemoryLedger, fingerprint
from strikewise.service.system import System

__all__ = ["IndexComparison", "IndexReplay", "replay_index"]


@dataclass(frozen=True, slots=True)
class IndexReplay:
    """A replayed index.

    Attributes
    ----------
    name, underlying : str
        The index, and what was traded for it.
    grade : Grade
        The worst grade of the chains.
    fingerprint : str
        Of the replay's facts.
    chains : tuple of ChainOrigin
        Where its chains came from.
    curve : tuple of (date, float)
        Its value at each session from the first roll on, dollars.
    comparison : IndexComparison or None
        Beside the published levels; None where none were given.
    """

    name: str
    underlying: str
    grade: Grade
    fingerprint: str
    chains: tuple[ChainOrigin, ...]
    curve: tuple[tuple[date, float], ...]
    comparison: IndexComparison | None

    def as_dict(self) -> dict[str, object]:
        """Return the JSON form."""
        return {
            "index": self.name,
            "underlying": self.underlying,
            "grade": self.grade.value,
            "fingerprint": self.fingerprint,
            "chains": [one.as_dict() for one in self.chains],
            "curve": [{"date": day.isoformat(), "value": value} for day, value in self.curve],
            "comparison": None if self.comparison is None else self.comparison.as_dict(),
        }


def replay_index(
    system: System,
    spec: ReplaySpec,
    *,
    levels: Mapping[date, float] | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> IndexReplay:
    """Replay an index's rule over the stored chains, and compare it with its published levels.

    Parameters
    ----------
    system : System
        The installation.
    spec : ReplaySpec
        The rule as a specification of one strategy on one underlying.
    levels : mapping of date to float, optional
        The published index, daily or at month-ends.
    progress : callable, optional
        Told of every tick.

    Raises
    ------
    MissingDataError
        If there are no chains, the rule never traded, or replay and index have too little in common.
    """
    (underlying,) = spec.run.underlyings
    name = spec.run.strategies[0].label
    source = system.data.source()
    fund = DIVIDEND_PROXIES.get(underlying)
    market = source if fund is None else IndexDividends(source, underlying, fund)
    ledger = MemoryLedger()
    tell = None if progress is None else (lambda done, whole: progress(spec.name, done, whole))
    grade = replay(spec, market, system.calendar, ledger, progress=tell)
    curve = _curve(ledger)
    if not curve:
        raise MissingDataError(
            f"The rule of {name} never traded on {underlying} from {spec.start} to {spec.end}: it needs a "
            "day on which monthly options settle, and options of the next month that are quoted."
        )
    comparison = None if levels is None else compare_with_index(name, curve, levels)
    chains = chain_origins(source, (underlying,), spec.start, spec.end)
    return IndexReplay(name, underlying, grade, fingerprint(ledger.facts()), chains, curve, comparison)


def _curve(ledger: MemoryLedger) -> tuple[tuple[date, float], ...]:
    """Return equity at mid by session, from the first on that holds a position."""
    found: dict[date, float] = {}
    for record in ledger.records():
        event = record.event
        if isinstance(event, AccountValued) and (found or event.open_positions):
            found[new_york_day(record.known_at)] = event.equity_mid_cents / 100.0
    return tuple(found.items())
