"""Hedges are bought where VIX is as the rule says, within a budget a month, and sold on a spike."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, timedelta

import numpy as np
import pytest

from strategy.held import account, option, position
from strategy.markets import CALENDAR, TODAY, World, bars_of, series_of, tape_of
from strikewise.domain.denials import DenialCode
from strikewise.domain.instruments import Right, days_of
from strikewise.domain.portfolio import Portfolio, Position
from strikewise.domain.quotes import Series
from strikewise.domain.signals import Close, Hold, Signal
from strikewise.market.memory_source import MemorySource
from strikewise.market.view import Market, MarketView
from strikewise.strategy.library.hedge_overlay import HedgeOverlay

STRATEGY = HedgeOverlay()
WORLD = World(dtes=(31, 66, 94), half_spread=1)
EXPIRATION = TODAY + timedelta(66)


def view_at(vix: float | None, before: float | None = None, world: World = WORLD) -> MarketView:
    """A view with VIX at a level, and at another up to a week ago."""
    series = [series_of("rate_3m", 4.0, TODAY)]
    if vix is not None:
        days = np.arange(days_of(TODAY) - 30, days_of(TODAY) + 1, dtype=np.int32)
        week = days <= days_of(TODAY) - 7
        values = np.where(week, vix if before is None else before, vix)
        series.append(Series("VIX", days, values, days.astype(np.int64) * 86400))
    source = MemorySource([tape_of([(TODAY, world)])], bars=[bars_of(world, TODAY)], series=series)
    return Market(source, CALENDAR).view(CALENDAR.session_close(TODAY).astimezone(UTC))


def best(view: MarketView, **values: object) -> Signal:
    return STRATEGY.generate_signals(view, STRATEGY.space.make(values))[0]


@pytest.mark.parametrize(
    ("when", "vix", "before", "bought"),
    [
        ("low", 18.0, 18.0, True),
        ("low", 18.01, 18.01, False),
        ("rising", 23.01, 20.0, True),
        ("rising", 22.9, 20.0, False),
        ("low_or_rising", 23.01, 20.0, True),
        ("low_or_rising", 15.0, 20.0, True),
        ("low_or_rising", 20.0, 20.0, False),
        ("low_and_rising", 15.0, 15.0, False),
        ("low_and_rising", 17.26, 15.0, True),
        ("always", 29.9, 29.9, True),
        ("always", 30.1, 30.1, False),
    ],
)
def test_a_hedge_is_bought_only_where_vix_is_as_the_rule_says(
    when: str, vix: float, before: float, bought: bool
) -> None:
    screened = STRATEGY.screen(view_at(vix, before), STRATEGY.space.make({"when": when}))
    assert bool(screened.signals) is bought
    assert bought or screened.rejected == {DenialCode.ENTRY_VIX: 1}


def test_without_vix_or_its_past_nothing_is_bought_and_stocks_are_no_index() -> None:
    params = STRATEGY.space.make()
    assert STRATEGY.screen(view_at(None), params).rejected == {DenialCode.DATA_NO_VIX: 1}
    stock = view_at(15.0, world=replace(WORLD, underlying="XYZ"))
    assert STRATEGY.screen(stock, params).rejected == {DenialCode.ENTRY_NO_INDEX: 1}
    assert STRATEGY.screen(stock, STRATEGY.space.make({"on": "any"})).signals


def test_a_put_or_a_put_spread_of_the_bands_is_chosen_and_knows_its_vix() -> None:
    view = view_at(15.0, 12.0)
    put = best(view)
    ((contract, ratio),) = put.structure.options
    assert (contract.right, ratio) == (Right.PUT, 1)
    assert 0.10 <= -float(put.because["long_delta"]) <= 0.25
    assert (put.because["vix"], put.because["vix_change"]) == (15.0, pytest.approx(0.25))
    spread = best(view, structure="put_spread")
    assert spread.structure.name == "put_debit_spread"
    assert spread.price_cents < put.price_cents


def bought(signal: Signal, day: date, units: int) -> Position:
    cost = units * signal.price_cents
    legs = [(contract, ratio) for contract, ratio in signal.structure.options]
    return position([*legs], units=units, cash_cents=cost, exit_cents=cost, day=day, strategy=signal.strategy)


def test_the_months_budget_is_spent_once_and_that_of_all_hedges_never_exceeded() -> None:
    view = view_at(15.0)
    signal = best(view)
    equity = 100_000_000
    params = STRATEGY.space.make({"month_budget": 0.004, "premium_budget": 0.02, "max_units": 10_000})

    def units(*held: Position) -> int:
        marks = sum(one.mark.exit_cents for one in held if one.mark is not None)
        whole: Portfolio = account(equity - marks, *held)
        return STRATEGY.size_position(signal, whole, params).quantity

    most = 400_000 // signal.price_cents
    assert units() == most
    assert (
        units(bought(signal, TODAY.replace(day=2), 3))
        == (400_000 - 3 * signal.price_cents) // signal.price_cents
    )
    assert units(bought(signal, date(2025, 5, 30), 3)) == most
    all_spent = bought(signal, date(2025, 5, 30), 2_000_000 // signal.price_cents)
    assert units(all_spent) == 0


def test_a_spike_turns_the_hedge_into_cash_and_a_calm_market_keeps_it() -> None:
    put = option(Right.PUT, 450.0, EXPIRATION)
    held = position([(put, 1)], cash_cents=10_000, exit_cents=9_000, because={"vix": 15.0, "at_stake": 100.0})
    params = STRATEGY.space.make()
    assert STRATEGY.manage_position(held, view_at(29.9), params) == Hold()
    assert STRATEGY.manage_position(held, view_at(30.0), params) == Close(
        "VOLATILITY_SPIKE", "vix=30.00 entry=15.00"
    )
    older = replace(held, because={"at_stake": 100.0})
    assert STRATEGY.manage_position(older, view_at(34.9), params) == Hold()
    assert STRATEGY.manage_position(older, view_at(35.0), params) == Close(
        "VOLATILITY_SPIKE", "vix=35.00 limit=35.00"
    )
    never = STRATEGY.space.make({"spike_vix": 0.0, "spike_rise": 0.0})
    assert STRATEGY.manage_position(held, view_at(80.0), never) == Hold()
    rich = replace(held, mark=replace(held.mark, exit_cents=40_000)) if held.mark else held
    action = STRATEGY.manage_position(rich, view_at(15.0), params)
    assert isinstance(action, Close)
    assert action.reason == "PROFIT_TARGET"
