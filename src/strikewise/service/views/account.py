"""The account: what it is worth now, how it came there, and how far its limits are used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from strikewise.domain.greeks import Greeks
from strikewise.market.calendar import SessionCalendar, new_york_day
from strikewise.portfolio.journal_rows import EquityRow
from strikewise.risk.limits import Limits
from strikewise.service.views.desk import Desk
from strikewise.service.views.valuations import EquityPoint

__all__ = ["AccountView", "EquityPoint", "LimitUse", "account_view", "equity_curve"]


@dataclass(frozen=True, slots=True)
class LimitUse:
    """How far a limit is used: both in the unit it is set in, and the share of it."""

    name: str
    used: float
    limit: float
    share: float


@dataclass(frozen=True, slots=True)
class AccountView:
    """An account at its last valuation; amounts in cents.

    Attributes
    ----------
    at : datetime or None
        When it was valued; None where it never was.
    cash_cents, equity_mid_cents, equity_exit_cents, margin_cents, at_risk_cents : int
        As in `strikewise.domain.events.AccountValued`.
    buying_power_used : float or None
        Margin as a share of equity.
    day_profit_cents, total_profit_cents : int
        Since the last valuation of the session before (on the first: of what was paid in), and since the
        beginning; deposits left out.
    greeks : Greeks
        Of everything held, dollars.
    positions, orders : int
        Open, and working.
    regime : str
        The market's.
    profits : mapping of str to int
        Profit of each strategy so far.
    limits : tuple of LimitUse
        The account's limits.
    """

    at: datetime | None
    cash_cents: int
    equity_mid_cents: int
    equity_exit_cents: int
    margin_cents: int
    at_risk_cents: int
    buying_power_used: float | None
    day_profit_cents: int
    total_profit_cents: int
    greeks: Greeks
    positions: int
    orders: int
    regime: str
    profits: Mapping[str, int]
    limits: tuple[LimitUse, ...]


def account_view(desk: Desk, limits: Limits, calendar: SessionCalendar) -> AccountView:
    """Return the account as it was last valued."""
    state, last = desk.keeper.state, desk.valuations.last
    if last is None:
        cash = state.cash_cents
        return AccountView(
            None, cash, cash, cash, 0, 0, None, 0, 0, Greeks(), 0, len(state.open_orders), "", {}, ()
        )
    won = last.equity_mid_cents - (last.deposited_cents or 0)  # what was paid in since is not in it yet
    equity = last.equity_exit_cents
    return AccountView(
        at=last.at,
        cash_cents=last.cash_cents,
        equity_mid_cents=last.equity_mid_cents,
        equity_exit_cents=equity,
        margin_cents=last.margin_cents,
        at_risk_cents=last.at_risk_cents,
        buying_power_used=last.margin_cents / equity if equity > 0 else None,
        day_profit_cents=won - _won_before(desk, last),
        total_profit_cents=won,
        greeks=Greeks(delta=last.delta, gamma=last.gamma, theta=last.theta, vega=last.vega),
        positions=last.open_positions,
        orders=len(state.open_orders),
        regime=last.regime,
        profits=dict(desk.valuations.profits),
        limits=_use(desk, last, limits, calendar),
    )


def equity_curve(
    desk: Desk, *, start: datetime | None = None, end: datetime | None = None, points: int = 1_000
) -> tuple[EquityPoint, ...]:
    """Return equity over time, thinned evenly to so many points; the first, the last and the extremes stay.

    Parameters
    ----------
    desk : Desk
        The account.
    start, end : datetime, optional
        Bounds, both included.
    points : int
        Most points, at least 4.
    """
    return desk.valuations.curve(start=start, end=end, points=points)


def _won_before(desk: Desk, last: EquityRow) -> int:
    """Return what was won until the day of the last valuation began: nothing where that day is the first."""
    start = desk.valuations.day_start or last
    if new_york_day(start.at) == new_york_day(last.at):
        return 0
    return start.equity_mid_cents - (start.deposited_cents or 0)


def _use(desk: Desk, last: EquityRow, limits: Limits, calendar: SessionCalendar) -> tuple[LimitUse, ...]:
    equity = max(1, last.equity_exit_cents)
    today = sum(desk.keeper.state.opened_today(calendar.day_of(last.at)).values())
    return (
        _of("capital at risk", last.at_risk_cents / equity, limits.max_at_risk),
        _of("margin", last.margin_cents / equity, limits.max_margin),
        _of("positions", last.open_positions, limits.max_positions),
        _of("new positions today", today, limits.max_new_per_day),
    )


def _of(name: str, used: float, limit: float) -> LimitUse:
    return LimitUse(name, used, limit, used / limit)
