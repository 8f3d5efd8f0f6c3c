"""Every structure trades: over SPY as recorded in 2026, and over a crash and a calm reconstructed."""

from __future__ import annotations

from datetime import date
from functools import cache

import pytest

from engine.runs import CALENDAR, spec, through_history
from market.recorded import recorded_bars, recorded_series
from strategy.recorded_market import bill_rates, recorded_events, recorded_source
from strikewise.backtest.reconstruct.listings import Density
from strikewise.backtest.reconstruct.recipe import Observed, recipe_for
from strikewise.backtest.reconstruct.tape import reconstruct
from strikewise.domain.events import OptionSettled, OrderFilled, OrderPlaced
from strikewise.domain.instruments import Stock
from strikewise.domain.orders import Purpose
from strikewise.market.memory_source import MemorySource
from strikewise.portfolio.ledger import Fact
from strikewise.strategy.delta_hedging import DELTA_HEDGE

pytestmark = pytest.mark.shared

RECORDED = (date(2026, 7, 22), date(2026, 8, 21))
CRASH = (date(2020, 2, 14), date(2020, 3, 31))
CALM = (date(2019, 11, 1), date(2019, 12, 16))
SHAPES = {
    "iron_butterfly": {"iron_butterfly"},
    "butterfly": {"long_call_butterfly"},
    "broken_wing_butterfly": {"long_put_broken_wing_butterfly"},
    "ratio_spread": {"put_front_ratio_spread"},
    "debit_spread": {"call_debit_spread", "put_debit_spread"},
    "long_option": {"long_call", "long_put"},
    "short_straddle": {"short_straddle"},
    "pre_event_straddle": {"long_straddle"},
    "post_event_straddle": {"short_straddle"},
    "short_strangle": {"short_strangle"},
    "pre_event_strangle": {"long_strangle"},
    "post_event_strangle": {"short_strangle"},
    "gamma_lotto": {"long_strangle"},
}


@cache
def reconstructed_spy(start: date, end: date) -> MemorySource:
    bars, vix, rate = recorded_bars("SPY"), recorded_series("VIX"), bill_rates()
    recipe = recipe_for("SPY", Density.FULL)
    tapes = list(reconstruct(Observed(bars, vix, rate), recipe, CALENDAR, start=start, end=end))
    return MemorySource(tapes, bars=[bars], series=[vix, rate], events=recorded_events())


def facts_of(name: str, period: tuple[date, date], **values: object) -> list[Fact]:
    source = recorded_source("SPY", 2026) if period == RECORDED else reconstructed_spy(*period)
    chosen = spec(
        underlyings=["SPY"],
        start=period[0],
        end=period[1],
        limits={"max_new_per_day": 1},
        strategies=[{"strategy": name, "parameters": values}],
    )
    return through_history(chosen, source)


def orders(facts: list[Fact], purpose: Purpose) -> list[OrderPlaced]:
    placed = (fact.event for fact in facts if isinstance(fact.event, OrderPlaced))
    return [event for event in placed if event.order.purpose is purpose]


@pytest.mark.parametrize("period", [RECORDED, CRASH, CALM], ids=["recorded", "crash", "calm"])
@pytest.mark.parametrize("name", SHAPES)
def test_each_opens_its_own_structure_and_leaves_it_again(name: str, period: tuple[date, date]) -> None:
    facts = facts_of(name, period)
    shapes = {event.order.structure.name for event in orders(facts, Purpose.OPEN)}
    assert shapes
    assert shapes <= SHAPES[name]
    ended = [fact for fact in facts if isinstance(fact.event, OptionSettled)]
    assert orders(facts, Purpose.CLOSE) or ended


def test_a_hedged_straddle_trades_shares_and_ends_without_any() -> None:
    plain = facts_of("short_straddle", CRASH)
    hedged = facts_of("short_straddle", CRASH, hedge_band=0.1)
    assert not orders(plain, Purpose.ADJUST)
    trades = orders(hedged, Purpose.ADJUST)
    assert trades
    assert {event.order.reason for event in trades} == {DELTA_HEDGE}
    closing = [event.order.structure for event in orders(hedged, Purpose.CLOSE)]
    assert any(isinstance(leg.instrument, Stock) for structure in closing for leg in structure.legs)
    fills = [fact.event.execution for fact in hedged if isinstance(fact.event, OrderFilled)]
    of_shares = [fill for fill in fills if all(isinstance(leg.instrument, Stock) for leg in fill.legs)]
    assert of_shares
    assert all(leg.price_cents > 0 for fill in of_shares for leg in fill.legs)


@pytest.mark.parametrize(
    ("name", "filters"),
    [
        ("short_straddle", {}),
        ("credit_spread", {"trend": "off", "min_credit_to_width": 0.0, "min_kept_at_touch": 0.0}),
        ("iron_condor", {"min_credit_to_width": 0.0, "min_kept_at_touch": 0.0}),
    ],
)
def test_what_is_sold_is_rolled_into_the_next_cycle_of_its_campaign(
    name: str, filters: dict[str, object]
) -> None:
    facts = facts_of(name, CALM, roll=True, profit_target=2.0, stop_loss=0.0, min_dte=28, **filters)
    opened = [event.order for event in orders(facts, Purpose.OPEN)]
    rolled = [order for order in opened if order.campaign_id and order.campaign_id != order.position_id]
    assert rolled
    assert {order.campaign_id for order in rolled} <= {order.position_id for order in opened}
