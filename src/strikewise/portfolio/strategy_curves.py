"""What each strategy brought to one account: day by day, month by month, and how far they move together.

Profits are marked to exit, after fees. What belongs to no strategy (interest on cash, a dividend that came
after its shares were sold) is the account's own, so that the parts add up to the whole.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from strikewise.market.calendar import new_york_day
from strikewise.portfolio.journal_rows import EquityRow, SignalRow, StrategyRow, TradeRow
from strikewise.portfolio.row_making import ORDERED

__all__ = [
    "MIN_DAYS",
    "UNKNOWN",
    "MonthOfStrategies",
    "StrategyCurves",
    "StrategyFigures",
    "correlations",
    "curves_of",
    "months_of",
    "strategy_figures",
    "yearly_sharpe",
]

Cents = tuple[int, ...]

SESSIONS_A_YEAR = 252
UNKNOWN = "unknown"
"""The regime of days of which nobody wrote it down."""
MIN_DAYS = 20
"""Fewer days than this give no Sharpe ratio and no correlation."""


@dataclass(frozen=True, slots=True)
class StrategyCurves:
    """Profits of a run's strategies so far, at the end of each session, in cents.

    Attributes
    ----------
    days : tuple of date
        The sessions.
    regimes : tuple of str
        The regime that acted on each; ``unknown`` where nobody knew.
    by_strategy : mapping of str to tuple of int
        Of each strategy, by label.
    combined : tuple of int
        Of the account: equity at exit prices less what was paid in.
    own : tuple of int
        What belongs to no strategy.
    """

    days: tuple[date, ...]
    regimes: tuple[str, ...]
    by_strategy: Mapping[str, Cents]
    combined: Cents
    own: Cents

    def daily(self, label: str) -> NDArray[np.int64]:
        """Return a strategy's profit of each session, cents."""
        curve = np.array([0, *self.by_strategy[label]], dtype=np.int64)
        return curve[1:] - curve[:-1]


@dataclass(frozen=True, slots=True)
class StrategyFigures:
    """What one strategy came to.

    Attributes
    ----------
    strategy : str
        Its label.
    trades : int
        Closed.
    win_rate, return_on_stake : float or None
        Share of them with a profit above zero; mean profit over the margin at entry. None without trades.
    profit, realised, fees : float
        Dollars: with what is open at exit prices; of closed trades alone; fees of those.
    max_drawdown : float
        Deepest fall of its profit below the highest so far, dollars, not above zero.
    sharpe : float or None
        Mean over standard deviation of its daily profits, times √252; None for too few days.
    days : int
        Sessions on which its profit changed.
    signals : int
        What it found worth opening.
    refused : mapping of str to int
        How many of them each denial code turned away.
    by_regime : mapping of str to float
        Profit on the sessions on which each regime acted, dollars.
    """

    strategy: str
    trades: int
    win_rate: float | None
    return_on_stake: float | None
    profit: float
    realised: float
    fees: float
    max_drawdown: float
    sharpe: float | None
    days: int
    signals: int
    refused: Mapping[str, int]
    by_regime: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class MonthOfStrategies:
    """Profits of a month in dollars: of each strategy, of the account's own, and of all together."""

    year: int
    month: int
    by_strategy: Mapping[str, float]
    own: float
    combined: float


def curves_of(
    capital_cents: int, labels: Sequence[str], equity: Sequence[EquityRow], rows: Sequence[StrategyRow]
) -> StrategyCurves:
    """Return the curves of a run.

    Parameters
    ----------
    capital_cents : int
        Equity before the first session.
    labels : sequence of str
        The strategies that must have a curve, even if they never traded.
    equity : sequence of EquityRow
        The last of each session, in order.
    rows : sequence of StrategyRow
        Of the same facts, at least.
    """
    place = {row.seq: number for number, row in enumerate(equity)}
    names = list(dict.fromkeys([*labels, *(row.strategy for row in rows)]))
    # A strategy appears with its first position and stays: before that it brought nothing.
    found = {name: [0] * len(equity) for name in names}
    for row in rows:
        if row.seq in place:
            found[row.strategy][place[row.seq]] = row.profit_cents
    combined = tuple(row.equity_exit_cents - row.paid_in_cents(capital_cents) for row in equity)
    own = tuple(whole - sum(curve[at] for curve in found.values()) for at, whole in enumerate(combined))
    days = tuple(new_york_day(row.at) for row in equity)
    regimes = tuple(row.regime or UNKNOWN for row in equity)
    return StrategyCurves(days, regimes, {name: tuple(curve) for name, curve in found.items()}, combined, own)


def strategy_figures(
    curves: StrategyCurves, trades: Sequence[TradeRow], signals: Sequence[SignalRow]
) -> tuple[StrategyFigures, ...]:
    """Return the figures of each strategy, in the order of the curves."""
    return tuple(
        _figures(
            label,
            curves,
            [one for one in trades if one.strategy == label],
            [one for one in signals if one.strategy == label],
        )
        for label in curves.by_strategy
    )


def _figures(
    label: str, curves: StrategyCurves, trades: Sequence[TradeRow], signals: Sequence[SignalRow]
) -> StrategyFigures:
    closed = [one for one in trades if one.profit_cents is not None]
    profits = [one.profit_cents or 0 for one in closed]
    refused = Counter(one.outcome for one in signals if one.outcome not in ("", ORDERED))
    returns = [one.return_on_margin for one in closed if one.return_on_margin is not None]
    daily, curve = curves.daily(label), np.array([0, *curves.by_strategy[label]], dtype=np.int64)
    return StrategyFigures(
        strategy=label,
        trades=len(closed),
        win_rate=sum(profit > 0 for profit in profits) / len(profits) if profits else None,
        return_on_stake=sum(returns) / len(returns) if returns else None,
        profit=int(curve[-1]) / 100,
        realised=sum(profits) / 100,
        fees=sum(one.fees_cents for one in closed) / 100,
        max_drawdown=int((curve - np.maximum.accumulate(curve)).min()) / 100,
        sharpe=yearly_sharpe(daily),
        days=int(np.count_nonzero(daily)),
        signals=len(signals),
        refused=dict(sorted(refused.items())),
        by_regime=_by_regime(curves.regimes, daily.tolist()),
    )


def _by_regime(regimes: Sequence[str], daily: Sequence[int]) -> dict[str, float]:
    found: Counter[str] = Counter()
    for regime, cents in zip(regimes, daily, strict=True):
        found[regime] += cents
    return {regime: cents / 100 for regime, cents in sorted(found.items())}


def yearly_sharpe(daily: NDArray[np.int64] | NDArray[np.float64]) -> float | None:
    """Return mean over standard deviation, times √252; None for too few values or none that differ."""
    if len(daily) < MIN_DAYS:
        return None
    spread = float(np.std(daily, ddof=1))
    return float(np.mean(daily)) / spread * SESSIONS_A_YEAR**0.5 if spread > 0 else None


def months_of(curves: StrategyCurves) -> tuple[MonthOfStrategies, ...]:
    """Return the profits of each month, by strategy and together."""
    found, start = [], 0
    for (year, month), members in groupby(curves.days, lambda day: (day.year, day.month)):
        end = start + sum(1 for _ in members)

        def gained(curve: Cents, first: int = start, last: int = end - 1) -> float:
            return (curve[last] - (curve[first - 1] if first else 0)) / 100

        parts = {label: gained(curve) for label, curve in curves.by_strategy.items()}
        found.append(MonthOfStrategies(year, month, parts, gained(curves.own), gained(curves.combined)))
        start = end
    return tuple(found)


def correlations(curves: StrategyCurves) -> tuple[tuple[float | None, ...], ...]:
    """Return the correlation of the strategies' daily profits over all sessions, a row for each strategy.

    None where there are fewer than `MIN_DAYS` sessions, or a strategy's profit never changed. Sessions on
    which neither held anything count, and pull towards zero.
    """
    daily = [curves.daily(label).astype(np.float64) for label in curves.by_strategy]
    known = [len(one) >= MIN_DAYS and float(one.std()) > 0 for one in daily]
    return tuple(
        tuple(
            (1.0 if row == column else float(np.corrcoef(daily[row], daily[column])[0, 1]))
            if known[row] and known[column]
            else None
            for column in range(len(daily))
        )
        for row in range(len(daily))
    )
