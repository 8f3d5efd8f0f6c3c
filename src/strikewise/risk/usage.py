"""How much of each limit is used: one row a limit, in the limit's own unit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from strikewise.domain.portfolio import Portfolio
from strikewise.portfolio.controls import ControlState
from strikewise.risk.account_risk import AccountRisk
from strikewise.risk.breakers import errors_within
from strikewise.risk.concentration import sector_cents
from strikewise.risk.exposure import (
    at_stake_cents,
    equity_dollars,
    notional,
    portfolio_at_stake_cents,
    uncovered,
)
from strikewise.risk.guard import loss_limits
from strikewise.risk.limits import Limits
from strikewise.risk.past_moves import Unpriced
from strikewise.risk.revaluation import RiskBook
from strikewise.risk.sectors import family_of
from strikewise.risk.track import Day, Track
from strikewise.risk.value_at_risk import ValueAtRisk

__all__ = ["LimitUse", "book_uses", "limit_uses"]


@dataclass(frozen=True, slots=True)
class LimitUse:
    """A limit and what is used of it.

    Attributes
    ----------
    name : str
        The setting, with its table: ``limits.max_margin``, ``governor.daily_loss``.
    used : float or None
        In the unit; None where it is not known.
    limit : float
        What may be used.
    unit : str
        ``dollars``, ``count`` or ``ratio``.
    of : str
        What uses most of it, where the limit is one of many things; why it is unknown, where it is.
    """

    name: str
    used: float | None
    limit: float
    unit: str
    of: str = ""

    @property
    def share(self) -> float | None:
        """What is used as a share of the limit; None where it is not known."""
        return None if self.used is None else self.used / self.limit if self.limit else 0.0

    def as_dict(self) -> dict[str, object]:
        """Return the JSON form."""
        return {
            "name": self.name,
            "used": self.used,
            "limit": self.limit,
            "share": self.share,
            "unit": self.unit,
            "of": self.of,
        }


def limit_uses(
    portfolio: Portfolio,
    limits: Limits,
    risk: AccountRisk,
    day: Day,
    control: ControlState,
    history: Track,
) -> tuple[LimitUse, ...]:
    """Return the use of every limit but those of the book (`book_uses`).

    Parameters
    ----------
    portfolio : Portfolio
        The account, valued.
    limits : Limits
        Those of a trade.
    risk : AccountRisk
        The market, and the governor.
    day : Day
        The account's day as it is now.
    control : ControlState
        Who may trade, and the errors.
    history : Track
        What breakers look back on.
    """
    return (
        *_of_trades(portfolio, limits),
        *_of_day(day, risk),
        *_of_positions(portfolio, risk),
        *_of_concentration(portfolio, risk),
        *_of_strategies(portfolio, risk, history),
        LimitUse(
            "governor.errors",
            errors_within(control.faults, risk.governor, risk.view.as_of),
            risk.governor.errors,
            "count",
        ),
        LimitUse("governor.rejections", len(history.refused), risk.governor.rejections, "count"),
    )


def _of_trades(portfolio: Portfolio, limits: Limits) -> Iterator[LimitUse]:
    equity = equity_dollars(portfolio)
    held = {one.position_id: one for one in portfolio.positions}.values()
    yield LimitUse("limits.max_positions", len(held), limits.max_positions, "count")
    yield LimitUse("limits.max_new_per_day", portfolio.opened_today, limits.max_new_per_day, "count")
    yield _most("limits.max_per_underlying", (one.underlying for one in held), limits.max_per_underlying)
    yield _most("limits.max_per_strategy", (one.strategy for one in held), limits.max_per_strategy)
    for name, share, naked in (
        ("limits.max_loss_per_trade", limits.max_loss_per_trade, False),
        ("limits.max_margin_per_trade", limits.max_margin_per_trade, True),
    ):
        stakes = {
            one.position_id: at_stake_cents(one) / 100
            for one in held
            if (uncovered(one.structure) or one.max_loss_cents is None) is naked
        }
        most = max(stakes, key=stakes.__getitem__, default="")
        yield LimitUse(name, stakes.get(most, 0.0), share * equity, "dollars", most)
    at_risk = portfolio_at_stake_cents(portfolio) / 100
    yield LimitUse("limits.max_at_risk", at_risk, limits.max_at_risk * equity, "dollars")
    yield LimitUse("limits.max_margin", portfolio.margin_cents / 100, limits.max_margin * equity, "dollars")


def _most(name: str, labels: Iterable[str], limit: int) -> LimitUse:
    (label, count), *_ = Counter(labels).most_common(1) or [("", 0)]
    return LimitUse(name, count, limit, "count", label)


def _of_day(day: Day, risk: AccountRisk) -> Iterator[LimitUse]:
    lost, fell = max(0, day.start_exit - day.last_exit) / 100, max(0, day.high_mid - day.last_mid) / 100
    rules = risk.governor
    start, high = max(0, day.start_exit) / 100, max(0, day.high_mid) / 100
    yield LimitUse("governor.daily_loss", lost, rules.daily_loss * start, "dollars")
    yield LimitUse("governor.day_drawdown", fell, rules.day_drawdown * high, "dollars")


def _of_positions(portfolio: Portfolio, risk: AccountRisk) -> Iterator[LimitUse]:
    """Yield the loss of the position that is nearest to being closed for it, for each kind of limit."""
    rows: dict[str, LimitUse] = {}
    for position in portfolio.positions:
        if position.profit_exit_cents is None:
            continue
        lost = max(0, -position.profit_exit_cents) / 100
        for name, cents in loss_limits(position, risk.governor).items():
            setting = "governor.position_loss" + ("_premiums" if name == "premiums" else "")
            row = LimitUse(setting, lost, cents / 100, "dollars", position.position_id)
            if setting not in rows or (row.share or 0.0) > (rows[setting].share or 0.0):
                rows[setting] = row
    yield from rows.values()


def _of_concentration(portfolio: Portfolio, risk: AccountRisk) -> Iterator[LimitUse]:
    rules, equity = risk.governor, equity_dollars(portfolio)
    sectors = sector_cents(portfolio.positions, rules.sectors)
    most = next(iter(sectors), "")
    used = sectors.get(most, 0) / 100
    yield LimitUse("governor.max_sector", used, rules.max_sector * equity, "dollars", most)
    yield _largest(portfolio, risk)
    yield _correlation(sorted({one.underlying for one in portfolio.positions}), risk)


def _of_strategies(portfolio: Portfolio, risk: AccountRisk, history: Track) -> Iterator[LimitUse]:
    """Yield how near each breaker of a strategy is, with the strategy that is nearest to it."""
    rules, trails = risk.governor, history.strategies
    losses = {name: trail.losses for name, trail in trails.items()}
    fallen = {name: (trail.peak - trail.profit) / 100 for name, trail in trails.items()}
    losing, falling = (max(each, key=each.__getitem__, default="") for each in (losses, fallen))
    equity = equity_dollars(portfolio)
    yield LimitUse("governor.loss_streak", losses.get(losing, 0), rules.loss_streak, "count", losing)
    limit = rules.strategy_drawdown * equity
    yield LimitUse("governor.strategy_drawdown", fallen.get(falling, 0.0), limit, "dollars", falling)


def _largest(portfolio: Portfolio, risk: AccountRisk) -> LimitUse:
    """Return the notional of the largest position, as if it were ordered now."""
    name, limit = "governor.max_notional", risk.governor.max_notional * equity_dollars(portfolio)
    largest = LimitUse(name, 0.0, limit, "dollars")
    for one in portfolio.positions:
        spot = risk.view.spot(one.underlying)
        if spot is None:
            return LimitUse(name, None, limit, "dollars", f"underlying={one.underlying} price=none")
        if (size := notional(one.structure, one.quantity, spot)) > (largest.used or 0.0):
            largest = LimitUse(name, size, limit, "dollars", one.position_id)
    return largest


def _correlation(symbols: list[str], risk: AccountRisk) -> LimitUse:
    name, limit = "governor.max_correlation", risk.governor.max_correlation
    highest = LimitUse(name, 0.0, limit, "ratio")
    for number, one in enumerate(symbols):
        for other in symbols[number + 1 :]:
            if family_of(one) == family_of(other):
                continue
            found = risk.correlation(one, other)
            if isinstance(found, Unpriced):
                return LimitUse(name, None, limit, "ratio", found.detail)
            if abs(found) > (highest.used or 0.0):
                highest = LimitUse(name, abs(found), limit, "ratio", f"{one} {other}")
    return highest


def book_uses(
    book: RiskBook | Unpriced, found: ValueAtRisk | Unpriced, equity: float, risk: AccountRisk
) -> tuple[LimitUse, ...]:
    """Return the use of the limits that the whole book is revalued for.

    Parameters
    ----------
    book : RiskBook or Unpriced
        What is held.
    found : ValueAtRisk or Unpriced
        What it has at risk.
    equity : float
        Equity at exit prices, dollars.
    risk : AccountRisk
        The governor.
    """
    rules = risk.governor
    names = ("max_value_at_risk", "max_value_at_risk", "max_delta", "max_gamma", "max_vega")
    limits = [getattr(rules, name) * equity for name in names]
    used: list[float | None]
    if isinstance(found, Unpriced):
        used, said = [None, None], [found.detail, found.detail]
    else:
        used = [found.historical_cents / 100, found.sensitivity_cents / 100]
        said = ["full revaluation", "delta, gamma, vega"]
    if isinstance(book, Unpriced):
        used, said = [*used, None, None, None], [*said, *[book.detail] * 3]
    else:
        greeks = book.greeks()
        used += [abs(greeks.delta), abs(greeks.gamma), abs(greeks.vega)]
        said += ["1 % up", "5 % either way", "5 volatility points up"]
    return tuple(
        LimitUse(f"governor.{name}", amount, limit, "dollars", of)
        for name, amount, limit, of in zip(names, used, limits, said, strict=True)
    )
