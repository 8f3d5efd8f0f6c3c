"""What may be asked: opportunities, stored data, finished runs, trades and why they were made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from strikewise.backtest.trade_values import trade_as_dict
from strikewise.domain.errors import MissingDataError
from strikewise.engine.spec import StrategySpec
from strikewise.market.source import MarketSource
from strikewise.market.universe import Universe
from strikewise.market.view import Market
from strikewise.portfolio.journal import journal_of
from strikewise.portfolio.ledger import Fact, read
from strikewise.service.explain import Explanation, explain_trade
from strikewise.service.scan import ScanResult, scan
from strikewise.service.system import Report, System

__all__ = ["StoredChains", "audit", "explain", "find_opportunities", "latest_snapshot", "stored", "trades"]


EVENING = timedelta(hours=8)
"""How long after its close a session's last snapshots are taken: until midnight in New York."""


@dataclass(frozen=True, slots=True)
class StoredChains:
    """What a store holds of one underlying.

    Attributes
    ----------
    underlying : str
        Its symbol.
    snapshots : int
        Chains held.
    first, last : datetime
        The earliest and latest of them.
    """

    underlying: str
    snapshots: int
    first: datetime
    last: datetime

    def as_dict(self) -> dict[str, object]:
        """Return the JSON form."""
        return {
            "underlying": self.underlying,
            "snapshots": self.snapshots,
            "first": self.first.isoformat(),
            "last": self.last.isoformat(),
        }


def find_opportunities(
    system: System,
    *,
    as_of: datetime | date | None = None,
    underlyings: Sequence[str] = (),
    strategies: Sequence[str] = (),
    feed: str | None = None,
    payoff_of: int | None = None,
) -> ScanResult:
    """Scan for what is worth opening.

    Parameters
    ----------
    system : System
        The installation.
    as_of : datetime or date, optional
        The instant to look at; a date means its session's close, or the last snapshot of the evening after
        it. The latest chain's instant if not given.
    underlyings : sequence of str
        What to look at; everything stored if empty.
    strategies : sequence of str
        Whom to ask, by label; all if empty.
    feed : str, optional
        Name of a feed to ask instead of the store.
    payoff_of : int, optional
        Rank, from 1, of the opportunity whose payoff is to be told too.

    Raises
    ------
    MissingDataError
        If there is nothing to look at.
    """
    source = system.feed(feed, underlyings) if feed else system.data.source()
    universe = Universe(source, underlyings or source.underlyings())
    instant = _instant(system, universe, as_of)
    asked = _asked(system.strategies, strategies)
    view = Market(universe, system.calendar).view(instant)
    return scan(view, asked, system.limits, system.capital_cents, payoff_of=payoff_of)


def latest_snapshot(source: MarketSource) -> datetime:
    """Return the instant of the latest chain.

    Raises
    ------
    MissingDataError
        If there is none.
    """
    last = [snapshots[-1] for name in source.underlyings() if len(snapshots := source.snapshots(name))]
    if not last:
        raise MissingDataError(
            "There are no option chains yet: import some with `strikewise data import PATH`."
        )
    return datetime.fromtimestamp(int(max(last)), UTC)


def _instant(system: System, source: MarketSource, as_of: datetime | date | None) -> datetime:
    if as_of is None:
        return latest_snapshot(source)
    if isinstance(as_of, datetime):
        return as_of
    close = system.calendar.session_close(system.calendar.session_at_or_before(as_of))
    first, last = (int(at.timestamp()) for at in (close, close + EVENING))
    taken = [source.snapshots(name) for name in source.underlyings()]
    later = [int(found[-1]) for one in taken if len(found := one[(one > first) & (one < last)])]
    return datetime.fromtimestamp(max(later), UTC) if later else close


def _asked(known: Sequence[StrategySpec], names: Sequence[str]) -> tuple[StrategySpec, ...]:
    chosen = tuple(one for one in known if not names or one.label in names)
    missing = sorted(set(names) - {one.label for one in chosen})
    if missing:
        raise MissingDataError(
            f"There is no strategy {', '.join(missing)}; known are: {', '.join(one.label for one in known)}."
        )
    return chosen


def stored(system: System) -> list[StoredChains]:
    """Return what is stored, by underlying."""
    source = system.data.source()
    held = []
    for name in source.underlyings():
        snapshots = source.snapshots(name)
        if len(snapshots):
            first, last = (datetime.fromtimestamp(int(snapshots[i]), UTC) for i in (0, -1))
            held.append(StoredChains(name, len(snapshots), first, last))
    return held


def audit(system: System, underlyings: Sequence[str] = ()) -> Sequence[Report]:
    """Return how complete and sound the stored chains are."""
    return system.data.audit(list(underlyings) or None)


def facts_of(system: System, run: str | None) -> list[Fact]:
    """Return the facts of a run, or of the account's ledger; without either, of the latest run.

    Raises
    ------
    MissingDataError
        If nothing was ever traded.
    """
    if run is not None:
        return system.runs.facts(run)
    with system.ledger() as ledger:
        facts = list(ledger.facts())
    if facts:
        return facts
    latest = system.runs.fingerprints()
    if not latest:
        raise MissingDataError(
            "There are no trades yet: nothing was traded and no run was kept. Run a specification first."
        )
    return system.runs.facts(latest[0])


def trades(system: System, run: str | None = None) -> list[dict[str, Any]]:
    """Return the trades of a run or of the account, in their JSON form."""
    return [trade_as_dict(trade) for trade in journal_of(read(facts_of(system, run))).trades]


def explain(system: System, trade: str, run: str | None = None) -> Explanation:
    """Tell why a trade was made and how it ended, from its facts.

    Raises
    ------
    MissingDataError
        If there is no such trade.
    """
    return explain_trade(facts_of(system, run), trade)


def kept_runs(system: System) -> list[Mapping[str, object]]:
    """Return what each kept run came to, the latest first."""
    return [system.runs.result(fingerprint) for fingerprint in system.runs.fingerprints()]


def kept_run(system: System, run: str) -> Mapping[str, object]:
    """Return what a kept run came to; the beginning of its fingerprint is enough.

    Raises
    ------
    MissingDataError
        If no run, or more than one, begins so.
    """
    return system.runs.result(run)


def with_capital(system: System, capital_cents: int) -> System:
    """Return the system with another capital for its scans."""
    return replace(system, capital_cents=capital_cents)
