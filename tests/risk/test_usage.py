"""How much of each limit is used: the fullest names it, and what is unknown is never nought."""

from __future__ import annotations

from dataclasses import replace

from execution.tapes import call, put
from risk.asking import VIEW
from risk.risk_markets import EXPIRY, NOW, account, held, past, view_of
from strikewise.domain.greeks import Greeks
from strikewise.domain.portfolio import Mark, Portfolio, Position
from strikewise.market.view import MarketView
from strikewise.portfolio.controls import ControlState
from strikewise.risk.account_risk import AccountRisk
from strikewise.risk.governor import Governor
from strikewise.risk.guard import day_of
from strikewise.risk.limits import Limits
from strikewise.risk.track import StrategyTrail, Track
from strikewise.risk.usage import LimitUse, limit_uses

SPREAD = {put(480, EXPIRY): -1, put(470, EXPIRY): 1}


def uses(portfolio: Portfolio, view: MarketView = VIEW, track: Track | None = None) -> dict[str, LimitUse]:
    risk, track = AccountRisk(view, Governor()), track or Track()
    found = limit_uses(portfolio, Limits(), risk, day_of(track, view, portfolio), ControlState(), track)
    return {one.name: one for one in found}


def losing(position: Position, cents: int) -> Position:
    worth = position.cash_cents + position.fees_cents - cents
    return replace(position, mark=Mark(worth, worth, 50_000, 0, Greeks(), NOW))


def test_the_position_nearest_to_its_limit_names_the_use_whichever_is_first() -> None:
    little, much = losing(held(SPREAD, name="little"), 1_000), losing(held(SPREAD, name="much"), 15_000)
    for order in ((little, much), (much, little)):
        found = uses(account(*order))
        assert (found["governor.position_loss"].of, found["governor.position_loss"].used) == ("much", 150.0)
        assert found["governor.position_loss_premiums"].share == 0.75


def test_what_has_no_bound_counts_as_a_naked_trade_by_its_margin() -> None:
    calendar = held({put(480, EXPIRY): 1}, name="open", max_loss=None, margin=70_000)
    naked = held({call(520, EXPIRY): -1}, name="naked", max_loss=None, margin=60_000)
    found = uses(account(calendar, naked, held(SPREAD)))
    assert (found["limits.max_margin_per_trade"].of, found["limits.max_margin_per_trade"].used) == (
        "open",
        700,
    )
    assert (found["limits.max_loss_per_trade"].of, found["limits.max_loss_per_trade"].used) == ("p", 400.0)


def test_a_correlation_that_is_not_known_is_not_nought() -> None:
    view = view_of({"SPY": 500.0, "AAA": 95.0}, bars=past({"SPY": 500.0}))
    found = uses(account(held(SPREAD), held({put(90, EXPIRY, "AAA"): 1}, name="a")), view)
    assert found["governor.max_correlation"].used is None
    assert found["governor.max_correlation"].share is None
    assert "bars=none" in found["governor.max_correlation"].of


def test_the_strategy_nearest_to_a_breaker_names_its_use() -> None:
    trails = {
        "puts": StrategyTrail(profit=-30_000, peak=10_000, losses=1),
        "condors": StrategyTrail(profit=5_000, peak=6_000, losses=4),
    }
    portfolio = account(held(SPREAD))
    found = uses(portfolio, track=Track(strategies=trails))
    streak, fall = found["governor.loss_streak"], found["governor.strategy_drawdown"]
    assert (streak.used, streak.limit, streak.of) == (4, Governor().loss_streak, "condors")
    assert (fall.used, fall.of) == (400.0, "puts")
    assert fall.limit == Governor().strategy_drawdown * portfolio.equity_exit_cents / 100
    nobody = uses(account())
    assert (nobody["governor.loss_streak"].used, nobody["governor.strategy_drawdown"].used) == (0, 0.0)


def test_the_largest_position_is_told_by_what_would_be_asked_of_an_order_for_it() -> None:
    double = held(SPREAD, name="double", quantity=2)
    found = uses(account(held(SPREAD, name="one"), double))["governor.max_notional"]
    assert (found.used, found.of) == (2 * 100 * VIEW.spot("SPY"), "double")
    view = view_of({"SPY": 500.0}, bars=past({"SPY": 500.0}))
    unknown = uses(account(held({put(90, EXPIRY, "AAA"): 1}, name="a")), view)["governor.max_notional"]
    assert (unknown.used, unknown.of) == (None, "underlying=AAA price=none")
