"""What an account's curve and trades come to; what too few observations carry is None, never a guess.

Sessions are taken as 252 a year. Returns are those of the curve marked to exit, session by session, the first
on the capital at the start; no risk-free rate is taken off. They are time-weighted: what is paid in counts
from the beginning of its session on, what is taken out until its end, and neither is a profit or a loss.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import date
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from strikewise.domain.errors import DomainError
from strikewise.domain.money import to_dollars

__all__ = ["EquityPoint", "ExitFigures", "Performance", "PeriodFigures", "Summary", "TradeOutcome", "measure"]

Floats = NDArray[np.float64]

SESSIONS_A_YEAR = 252
MIN_RETURNS = 20
"""Fewer daily returns than this give no volatility, Sharpe or Sortino ratio."""
MIN_CAGR_DAYS = 90
"""A shorter run is not annualised."""


class EquityPoint(NamedTuple):
    """The account at the end of a session, in cents; what was paid in until then is None where unknown."""

    day: date
    exit_cents: int
    mid_cents: int
    open_positions: int
    deposited_cents: int | None = None


class TradeOutcome(NamedTuple):
    """A closed trade: profit after fees, fees, cash that changed hands (absolute), in cents."""

    strategy: str
    profit_cents: int
    fees_cents: int
    traded_cents: int
    days_held: int
    reason: str


@dataclass(frozen=True, slots=True)
class Summary:
    """The figures of a run; amounts in dollars, ratios as fractions.

    Attributes
    ----------
    start_equity, end_equity, net_profit : float
        Marked to exit; what was paid in since the start is no profit.
    total_return : float
        Of all sessions, linked; net profit on the equity at the start where nothing was paid in or out.
    cagr : float or None
        ``(1 + total_return) ** (365.25 / days) - 1``.
    volatility : float or None
        Standard deviation of daily returns times √252.
    sharpe : float or None
        Mean over standard deviation of daily returns, times √252.
    sortino : float or None
        Mean over the root mean square of the negative daily returns (all days counted), times √252.
    max_drawdown, max_drawdown_mid : float
        Deepest fall below the highest equity so far, a negative fraction, as if nothing had been paid in or
        out; marked to exit and to mid.
    max_drawdown_days : int
        Calendar days from that peak to its recovery, or to the end.
    trades : int
        Trades closed.
    win_rate : float or None
        Share of them with a profit above zero.
    profit_factor : float or None
        Sum of gains over sum of losses; None where nothing was lost.
    expectancy, average_win, average_loss : float or None
        Mean profit of all, of winning and of losing trades.
    average_days_held : float or None
        Calendar days.
    exposure : float
        Share of sessions that ended with a position.
    turnover : float or None
        Cash that changed hands in a year over the mean equity.
    costs : float
        Commissions and fees of closed trades.
    """

    start_equity: float
    end_equity: float
    net_profit: float
    total_return: float
    cagr: float | None
    volatility: float | None
    sharpe: float | None
    sortino: float | None
    max_drawdown: float
    max_drawdown_days: int
    max_drawdown_mid: float
    trades: int
    win_rate: float | None
    profit_factor: float | None
    expectancy: float | None
    average_win: float | None
    average_loss: float | None
    average_days_held: float | None
    exposure: float
    turnover: float | None
    costs: float


@dataclass(frozen=True, slots=True)
class PeriodFigures:
    """A year, or a month of one: its return, profit in dollars, deepest fall within."""

    year: int
    month: int | None
    total_return: float
    profit: float
    max_drawdown: float

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        row = {"year": self.year, "month": self.month, "return": self.total_return}
        row |= {"pnl": self.profit, "max_drawdown": self.max_drawdown}
        return {name: value for name, value in row.items() if not (name == "month" and value is None)}


@dataclass(frozen=True, slots=True)
class ExitFigures:
    """The trades that ended for one reason, or of one strategy: how many, profit in dollars, share won."""

    name: str
    trades: int
    profit: float
    win_rate: float


@dataclass(frozen=True, slots=True)
class Performance:
    """All figures of a run."""

    summary: Summary
    years: tuple[PeriodFigures, ...]
    months: tuple[PeriodFigures, ...]
    exits: tuple[ExitFigures, ...]
    strategies: tuple[ExitFigures, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON form."""

        def rows(groups: Sequence[ExitFigures], name: str) -> list[dict[str, Any]]:
            return [
                {name: one.name, "trades": one.trades, "pnl": one.profit, "win_rate": one.win_rate}
                for one in groups
            ]

        return {
            "summary": asdict(self.summary),
            "years": [row.as_dict() for row in self.years],
            "months": [row.as_dict() for row in self.months],
            "exits": rows(self.exits, "reason"),
            "strategies": rows(self.strategies, "strategy"),
        }


def measure(capital_cents: int, equity: Sequence[EquityPoint], trades: Sequence[TradeOutcome]) -> Performance:
    """Return the figures of a run.

    Parameters
    ----------
    capital_cents : int
        Equity before the first session.
    equity : sequence of EquityPoint
        One for each session, in order.
    trades : sequence of TradeOutcome
        The closed trades.

    Raises
    ------
    DomainError
        If there is no session, or the capital is not above zero.
    """
    if not equity or capital_cents <= 0:
        raise DomainError(
            f"Performance needs capital above zero and a session at least; was {capital_cents} cents and "
            f"{len(equity)} sessions."
        )
    days = [point.day for point in equity]
    out = _Curve.of(capital_cents, [point.exit_cents for point in equity], equity)
    mid = _Curve.of(capital_cents, [point.mid_cents for point in equity], equity)
    return Performance(
        summary=_summary(days, out, mid, sum(p.open_positions > 0 for p in equity), trades),
        years=_periods(days, out, lambda day: (day.year, None)),
        months=_periods(days, out, lambda day: (day.year, day.month)),
        exits=_groups(trades, lambda trade: trade.reason),
        strategies=_groups(trades, lambda trade: trade.strategy),
    )


class _Curve(NamedTuple):
    """Equity in cents, one point before the first session and one for each.

    ``linked`` is what equity would be if nothing had been paid in or out since the first point, ``paid`` what
    was paid in since then.
    """

    cents: Floats
    linked: Floats
    paid: Floats

    @classmethod
    def of(cls, capital_cents: int, values: Sequence[int], points: Sequence[EquityPoint]) -> _Curve:
        cents = np.array([capital_cents, *values], dtype=np.float64)
        told = [capital_cents]
        for point in points:
            told.append(told[-1] if point.deposited_cents is None else point.deposited_cents)
        paid = np.array(told, dtype=np.float64) - capital_cents
        flows = np.diff(paid)
        if not flows.any():
            return cls(cents, cents, paid)
        before, after = cents[:-1] + np.maximum(flows, 0.0), cents[1:] - np.minimum(flows, 0.0)
        # Without equity there is no return: what is paid in then begins anew where the curve had ended.
        growth = np.divide(after, before, out=np.ones_like(after), where=before > 0)
        return cls(cents, capital_cents * np.cumprod([1.0, *growth]), paid)


def _summary(
    days: list[date], out: _Curve, mid: _Curve, held: int, trades: Sequence[TradeOutcome]
) -> Summary:
    span = (days[-1] - days[0]).days
    start, end = float(out.linked[0]), float(out.linked[-1])
    figures: dict[str, Any] = dict.fromkeys((field.name for field in fields(Summary)), None)
    figures |= _ratios(out.linked)
    fall, length = _drawdown(days, out.linked)
    lasting = span >= MIN_CAGR_DAYS
    traded = sum(trade.traded_cents for trade in trades)
    figures |= {
        "start_equity": start / 100,
        "end_equity": float(out.cents[-1]) / 100,
        "net_profit": (float(out.cents[-1]) - start - float(out.paid[-1])) / 100,
        "total_return": end / start - 1,
        "cagr": (end / start) ** (365.25 / span) - 1 if lasting and end > 0 else None,
        "max_drawdown": fall,
        "max_drawdown_days": length,
        "max_drawdown_mid": _drawdown(days, mid.linked)[0],
        "trades": len(trades),
        "exposure": held / len(days),
        "turnover": traded / float(out.cents.mean()) * 365.25 / span if lasting else None,
        "costs": to_dollars(sum(trade.fees_cents for trade in trades)),
    }
    return Summary(**(figures | _odds(trades)))


def _ratios(out: Floats) -> dict[str, Any]:
    if len(out) <= MIN_RETURNS or float(out.min()) <= 0:
        return {}
    returns = out[1:] / out[:-1] - 1
    spread, below = float(returns.std(ddof=1)), float(np.sqrt(np.mean(np.minimum(returns, 0) ** 2)))
    mean, year = float(returns.mean()), SESSIONS_A_YEAR**0.5
    return {
        "volatility": spread * year,
        "sharpe": mean / spread * year if spread > 0 else None,
        "sortino": mean / below * year if below > 0 else None,
    }


def _odds(trades: Sequence[TradeOutcome]) -> dict[str, Any]:
    if not trades:
        return {}
    profits = [trade.profit_cents for trade in trades]
    wins, losses = [p for p in profits if p > 0], [p for p in profits if p < 0]
    return {
        "win_rate": len(wins) / len(profits),
        "profit_factor": sum(wins) / -sum(losses) if losses else None,
        "expectancy": sum(profits) / len(profits) / 100,
        "average_win": sum(wins) / len(wins) / 100 if wins else None,
        "average_loss": sum(losses) / len(losses) / 100 if losses else None,
        "average_days_held": sum(trade.days_held for trade in trades) / len(trades),
    }


def _drawdown(days: Sequence[date], curve: Floats) -> tuple[float, int]:
    """Return the deepest fall as a negative fraction, and the calendar days from its peak to recovery or end.

    ``curve`` begins one point before ``days``, with the capital; that point counts as the first day.
    """
    peaks = np.maximum.accumulate(curve)
    falls = curve / peaks - 1
    deepest = int(falls.argmin())
    if falls[deepest] >= 0:
        return 0.0, 0
    peak = int(curve[: deepest + 1].argmax())
    after = np.flatnonzero(curve[deepest:] >= curve[peak])
    end = deepest + int(after[0]) if len(after) else len(curve) - 1
    return float(falls[deepest]), (days[end - 1] - days[max(peak - 1, 0)]).days


def _periods(
    days: Sequence[date], out: _Curve, period: Callable[[date], tuple[int, int | None]]
) -> tuple[PeriodFigures, ...]:
    rows = []
    position = 0
    for (year, month), members in groupby(days, period):
        count = sum(1 for _ in members)
        ends = [position, position + count]
        part = out.linked[position : position + count + 1]
        inside = days[position : position + count]
        position += count
        before, after = (float(value) for value in out.cents[ends] - out.paid[ends])
        gain = float(part[-1]) / float(part[0]) - 1
        rows.append(PeriodFigures(year, month, gain, (after - before) / 100, _drawdown(inside, part)[0]))
    return tuple(rows)


def _groups(trades: Sequence[TradeOutcome], key: Callable[[TradeOutcome], str]) -> tuple[ExitFigures, ...]:
    found = []
    for name, members in groupby(sorted(trades, key=key), key):
        profits = [trade.profit_cents for trade in members]
        won = sum(1 for profit in profits if profit > 0) / len(profits)
        found.append(ExitFigures(name, len(profits), sum(profits) / 100, won))
    return tuple(found)
