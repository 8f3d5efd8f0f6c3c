"""What statistics are made of: the daily returns and the trades of a run, as arrays."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from strikewise.backtest.evidence.moments import Moments, annual_sharpe, moments_of
from strikewise.backtest.result import ReplayResult
from strikewise.backtest.runner import ReplaySpec, replay
from strikewise.domain.instruments import date_of, days_of
from strikewise.market.calendar import SessionCalendar, new_york_day
from strikewise.market.source import MarketSource
from strikewise.portfolio.journal import journal_of
from strikewise.portfolio.journal_rows import EquityRow, TradeRow
from strikewise.portfolio.ledger import MemoryLedger, Record

__all__ = ["History", "YearFigures", "history_of", "history_of_result", "returns_of", "run", "years_of"]

Array = NDArray[np.float64]
Days = NDArray[np.int32]

OPTION_LEG = re.compile(r"(?P<units>[+-]\d+) \S+ (?P<expires>\d{4}-\d\d-\d\d) [\d.]+[PC]")
SHARES_A_CONTRACT = 100
SIDES = 2
"""A contract is traded when it is opened and again when it is closed."""


@dataclass(frozen=True, slots=True, eq=False)
class History:
    """A run as arrays; sessions in order, closed trades by their opening.

    Attributes
    ----------
    days : (n,) int32
        Sessions, days since 1970-01-01.
    returns : (n,) float64
        Of the equity marked to exit, the first on the capital at the start; 0 once nothing is left.
    at_risk : (n,) float64
        The most that could be lost at expiry, as a fraction of that session's equity.
    opened, closed : (m,) int32
        Days of each closed trade.
    outcome : (m,) float64
        Its profit after fees as a fraction of the equity before the session it was opened in.
    shares : (m,) float64
        Shares under the contracts it traded, in and out, per dollar of that equity: times dollars of worse
        fill, what worse fills cost.
    regime : tuple of str
        The market's regime when it was opened, as the signal said.
    longest_days : int
        The longest time to expiration of any contract when it was opened, and never less than the longest a
        trade was held.
    open_trades : (k,) int32
        Days on which trades were opened that are still open.
    """

    days: Days
    returns: Array
    at_risk: Array
    opened: Days
    closed: Days
    outcome: Array
    shares: Array
    regime: tuple[str, ...]
    longest_days: int
    open_trades: Days

    @property
    def trades(self) -> int:
        """How many trades were closed."""
        return len(self.outcome)

    @property
    def moments(self) -> Moments | None:
        """The moments of the daily returns; None where they say nothing."""
        return moments_of(self.returns)

    @property
    def total_return(self) -> float:
        """What the account grew by, as a fraction."""
        return float(np.prod(1.0 + self.returns) - 1.0)

    @property
    def drawdown(self) -> float:
        """The deepest fall below the highest equity so far, a negative fraction."""
        curve = np.cumprod(np.concatenate([[1.0], 1.0 + self.returns]))
        return float((curve / np.maximum.accumulate(curve) - 1.0).min())

    def sharpe(self) -> float:
        """Return the ratio of the daily returns, per day; 0 where nothing moved."""
        found = self.moments
        return 0.0 if found is None else found.sharpe


@dataclass(frozen=True, slots=True)
class YearFigures:
    """A calendar year of a run: sessions, return, and annual Sharpe ratio (None where too few returns)."""

    year: int
    sessions: int
    total_return: float
    sharpe: float | None


def returns_of(equity: Sequence[float]) -> Array:
    """Return the relative changes of a curve; 0 after it has fallen to nothing.

    Parameters
    ----------
    equity : sequence of float
        Its first value is the capital at the start.
    """
    curve = np.asarray(equity, dtype=np.float64)
    before = curve[:-1]
    alive = np.minimum.accumulate(before) > 0.0
    return np.where(alive, np.maximum(curve[1:] / np.where(alive, before, 1.0) - 1.0, -1.0), 0.0)


def history_of(capital_cents: int, equity: Sequence[EquityRow], trades: Iterable[TradeRow]) -> History:
    """Return a run as arrays.

    Parameters
    ----------
    capital_cents : int
        Equity before the first session.
    equity : sequence of EquityRow
        One a session, in order.
    trades : iterable of TradeRow
        Open ones too.
    """
    days = np.array([days_of(new_york_day(row.at)) for row in equity], dtype=np.int32)
    curve = np.array([capital_cents, *(row.equity_exit_cents for row in equity)], dtype=np.float64)
    risk = np.array([row.at_risk_cents for row in equity], dtype=np.float64)
    listed = list(trades)
    done = [trade for trade in listed if trade.closed_at is not None]
    opened = _days(new_york_day(trade.opened_at) for trade in done)
    closed = _days(new_york_day(trade.closed_at) for trade in done if trade.closed_at is not None)
    before = np.maximum(curve[np.searchsorted(days, opened)], 1.0)
    profit = np.array([trade.profit_cents or 0 for trade in done], dtype=np.float64)
    shares = np.array([_contracts(trade) * SIDES * SHARES_A_CONTRACT for trade in done], dtype=np.float64)
    held = int((closed - opened).max(initial=0))
    return History(
        days=days,
        returns=returns_of(curve.tolist()),
        at_risk=risk / np.maximum(curve[1:], 1.0),
        opened=opened,
        closed=closed,
        outcome=profit / before,
        shares=100.0 * shares / before,
        regime=tuple(trade.regime for trade in done),
        longest_days=max([held, *(_longest(trade) for trade in listed)]),
        open_trades=_days(new_york_day(trade.opened_at) for trade in listed if trade.closed_at is None),
    )


def history_of_result(result: ReplayResult) -> History:
    """Return the result of a run as arrays."""
    capital = round(100 * result.performance.summary.start_equity)
    return history_of(capital, result.equity, result.trades)


def run(spec: ReplaySpec, source: MarketSource, calendar: SessionCalendar) -> History:
    """Run a specification over the past, in memory, and return it as arrays.

    Raises
    ------
    MissingDataError
        If there are no chains in its period.
    """
    ledger = MemoryLedger()
    replay(spec, source, calendar, ledger)
    return _read(spec, ledger.records())


def years_of(history: History) -> tuple[YearFigures, ...]:
    """Return the calendar years of a run."""
    found = []
    by_year = _by_year(history.days)
    for year, inside in by_year.items():
        returns = history.returns[inside]
        moments = moments_of(returns)
        sharpe = None if moments is None else annual_sharpe(moments.sharpe)
        found.append(YearFigures(year, len(returns), float(np.prod(1.0 + returns) - 1.0), sharpe))
    return tuple(found)


def _by_year(days: Days) -> Mapping[int, NDArray[np.intp]]:
    years = np.array([date_of(int(day)).year for day in days])
    return {int(year): np.flatnonzero(years == year) for year in np.unique(years)}


def _read(spec: ReplaySpec, records: Iterable[Record]) -> History:
    journal = journal_of(records)
    by_day = {new_york_day(row.at): row for row in journal.equity}
    return history_of(spec.run.capital_cents, tuple(by_day.values()), journal.trades)


def _days(dates: Iterable[date]) -> Days:
    return np.array([days_of(day) for day in dates], dtype=np.int32)


def _contracts(trade: TradeRow) -> int:
    legs = [found for leg in trade.legs.split(", ") if (found := OPTION_LEG.fullmatch(leg)) is not None]
    return trade.quantity * sum(abs(int(leg["units"])) for leg in legs)


def _longest(trade: TradeRow) -> int:
    legs = [found for leg in trade.legs.split(", ") if (found := OPTION_LEG.fullmatch(leg)) is not None]
    expires = [date.fromisoformat(leg["expires"]) for leg in legs]
    return max([0, *((day - new_york_day(trade.opened_at)).days for day in expires)])
