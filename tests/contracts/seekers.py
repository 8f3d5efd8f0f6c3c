"""The strategies that seek among many options, markets for them, and parameters that let them find."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, settings

from strategy.markets import CALENDAR, TODAY, World, view_of
from strikewise.domain.parameters import ParameterSet
from strikewise.domain.portfolio import Portfolio
from strikewise.domain.signals import Signal
from strikewise.market.view import MarketView
from strikewise.strategy.api import Strategy
from strikewise.strategy.registry import STRATEGIES

ANNOUNCED = (("FOMC", -1), ("CPI", 1), ("NFP", 6))
DTES = (1, 10, 24, 31, 38, 45, 66)
RISING = World(dtes=DTES, events=ANNOUNCED)
WILD = replace(RISING, level=0.50, skew=-0.35)
"""So much volatility that a put 15 percent below costs something."""
FALLING = replace(RISING, drift=-0.002)
VIEW = view_of(WILD)
WORLDS = {"rising": RISING, "wild": WILD, "falling": FALLING}

SEEKERS = {
    name: one
    for name, one in STRATEGIES.items()
    if any(parameter.name == "min_dte" for parameter in one.space.parameters)
}
"""Those that seek the best of many options, any day; others trade shares, or by a rule of the calendar."""

WITH_EVENTS = [one for one in STRATEGIES.values() if any(p.name == "events" for p in one.space.parameters)]

any_strategy = pytest.mark.parametrize("strategy", STRATEGIES.values(), ids=STRATEGIES)
every_strategy = pytest.mark.parametrize("strategy", SEEKERS.values(), ids=SEEKERS)
sized_by_risk = pytest.mark.parametrize(
    "strategy",
    [one for one in SEEKERS.values() if any(p.name == "risk_fraction" for p in one.space.parameters)],
    ids=lambda one: one.name,
)
quiet = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def generous(strategy: Strategy, **values: object) -> ParameterSet:
    """Many signals, whatever the trend."""
    known = {parameter.name for parameter in strategy.space.parameters}
    loose = {
        "max_signals": 50,
        "trend": "off",
        "min_credit_to_width": 0.0,
        "delta_balance": 0.5,
        "premium_max": 9.0,
        "max_debit": 0.9,
        "min_credit": -0.9,
        "max_entry_cost": 1.0,
        "min_conviction": 0.0,
    }
    return strategy.space.make({k: v for k, v in {**loose, **values}.items() if k in known})


def found(strategy: Strategy, view: MarketView, **values: object) -> list[Signal]:
    signals = strategy.generate_signals(view, generous(strategy, **values))
    assert signals, "this market must offer something, or the test says nothing"
    return signals


def portfolio(equity_cents: int, *, margin_cents: int = 0) -> Portfolio:
    at = CALENDAR.session_close(TODAY)
    return Portfolio(at, equity_cents, equity_cents, equity_cents, margin_cents)
