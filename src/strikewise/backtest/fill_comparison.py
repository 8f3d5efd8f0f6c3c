"""The same run at other fills: what of a result is the market, and what the hope for a better price."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date

from strikewise.backtest.result import performance_of
from strikewise.backtest.runner import ReplaySpec, replay
from strikewise.domain.events import AccountValued
from strikewise.domain.money import to_dollars
from strikewise.market.calendar import SessionCalendar, new_york_day
from strikewise.market.source import MarketSource
from strikewise.portfolio.ledger import MemoryLedger, Record
from strikewise.portfolio.performance import Summary

__all__ = ["SHARES", "FillFigures", "compare_fills", "curve_of"]

SHARES = (1.0, 0.75, 0.5, 0.0)
"""Shares of the half-spread paid: the touch, three quarters, half, and mid, which nobody is promised."""


@dataclass(frozen=True, slots=True)
class FillFigures:
    """What a run comes to where every fill pays a share of the half-spread.

    Attributes
    ----------
    f : float
        The share: 1 is the touch, 0 the mid.
    summary : Summary
        The figures.
    curve : tuple of (float, float)
        Equity at the end of each session, dollars, marked to exit and to mid.
    """

    f: float
    summary: Summary
    curve: tuple[tuple[float, float], ...]

    def as_dict(self) -> dict[str, object]:
        """Return the JSON form."""
        names = (
            "net_profit",
            "total_return",
            "sharpe",
            "max_drawdown",
            "trades",
            "win_rate",
            "profit_factor",
        )
        return {
            "f": self.f,
            **{name: getattr(self.summary, name) for name in names},
            "equity_exit": [out for out, _ in self.curve],
            "equity_mid": [mid for _, mid in self.curve],
        }


def compare_fills(
    spec: ReplaySpec,
    source: MarketSource,
    calendar: SessionCalendar,
    own: FillFigures,
    *,
    progress: Callable[[float, int, int], None] | None = None,
) -> tuple[FillFigures, ...]:
    """Run a specification at each share of the half-spread, in memory.

    Parameters
    ----------
    spec : ReplaySpec
        What to run.
    source, calendar
        As in `strikewise.backtest.runner.replay`.
    own : FillFigures
        What it came to at its own share, which is not run again.
    progress : callable, optional
        Told the share, the ticks done and the ticks in all.
    """
    found = []
    for share in SHARES:
        if spec.fills.f_by_legs == (share,):
            found.append(replace(own, f=share))
            continue
        variant = replace(spec, fills=replace(spec.fills, f_by_legs=(share,)))
        ledger = MemoryLedger()
        tell = None if progress is None else _teller(progress, share)
        replay(variant, source, calendar, ledger, progress=tell)
        records = list(ledger.records())
        found.append(FillFigures(share, performance_of(variant, records).summary, curve_of(records)))
    return tuple(found)


def curve_of(records: Iterable[Record]) -> tuple[tuple[float, float], ...]:
    """Return the equity at the end of each session, dollars, marked to exit and to mid."""
    last: dict[date, tuple[float, float]] = {}
    for record in records:
        if isinstance(event := record.event, AccountValued):
            marked = to_dollars(event.equity_exit_cents), to_dollars(event.equity_mid_cents)
            last[new_york_day(record.known_at)] = marked
    return tuple(last.values())


def _teller(progress: Callable[[float, int, int], None], share: float) -> Callable[[int, int], None]:
    return lambda done, whole: progress(share, done, whole)
