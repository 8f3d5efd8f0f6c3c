"""Calls stand against shares, one for each hundred, and the wheel turns from puts to shares and back."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest

from engine.runs import CALENDAR as SESSIONS
from engine.runs import reconstructed, spec, through_history
from strategy.held import account, option, position
from strategy.markets import TODAY, World, view_of
from strikewise.domain.denials import DenialCode
from strikewise.domain.instruments import Instrument, OptionContract, Right, Stock
from strikewise.domain.signals import Action, Adjust, Close, Hold, Signal
from strikewise.strategy.covering import AdjustCode
from strikewise.strategy.library.covered_call import CoveredCall
from strikewise.strategy.library.wheel import Wheel

CALLS, WHEEL = CoveredCall(), Wheel()
WORLD = World()
SPY = Stock("SPY")
LATER = TODAY + timedelta(31)
WHOLE = ("max_margin_per_trade", "max_loss_per_trade", "max_at_risk", "max_margin")


def best(**values: object) -> Signal:
    return CALLS.generate_signals(view_of(WORLD), CALLS.space.make(values))[0]


def sold(action: Action) -> tuple[OptionContract, int]:
    assert isinstance(action, Adjust)
    (contract,) = [one for one, ratio in action.legs.options if ratio < 0]
    return contract, action.quantity


def test_a_unit_is_a_hundred_shares_and_a_call_and_costs_what_both_do() -> None:
    found = best()
    ((call, ratio),) = found.structure.options
    assert found.structure.name == "covered_call"
    assert (call.right, ratio, found.structure.shares) == (Right.CALL, -1, 100)
    chain = view_of(WORLD).chain("SPY")
    assert chain is not None
    quote = chain.quote(call)
    assert found.price_cents == 100 * (50_000 - quote.bid)
    assert found.mid_cents == 100 * 50_000 - 50 * (quote.bid + quote.ask)
    assert found.max_loss_cents == found.margin_cents == found.price_cents
    assert found.max_profit_cents == found.structure.max_profit_cents(found.price_cents)
    assert found.breakevens == found.structure.breakevens(found.price_cents)
    assert found.because["at_stake"] == found.price_cents / 100
    assert found.greeks is not None
    assert found.greeks.delta == pytest.approx(100.0 * (1.0 - float(found.because["short_delta"])))


def test_probability_and_edge_are_those_of_paths_under_the_volatility_of_the_quotes() -> None:
    flat = World(level=0.30, skew=0.0, history=0)
    (found,) = CALLS.generate_signals(view_of(flat), CALLS.space.make({"trend": "off"}))
    ((call, _),) = found.structure.options
    years = (SESSIONS.settlement_at(call) - SESSIONS.session_close(TODAY)) / timedelta(365)
    total = flat.level * np.sqrt(years)
    noise = np.random.default_rng(11).standard_normal(400_000)
    ends = 500.0 * np.exp(float(found.because["rate"]) * years + total * noise - 0.5 * total**2)
    profits = found.structure.payoff_cents(100.0 * ends) - found.price_cents
    assert found.probability_of_profit == pytest.approx(float(np.mean(profits > 0)), abs=0.004)
    error = float(np.std(profits)) / np.sqrt(len(ends))
    assert found.edge_cents == pytest.approx(float(np.mean(profits)) - 65, abs=4 * error + 2)


def test_no_more_shares_are_bought_than_cash_can_pay() -> None:
    found, params = best(), CALLS.space.make({"risk_fraction": 1.0})
    cost = found.price_cents + 65
    assert CALLS.size_position(found, account(3 * cost), params).quantity == 3
    assert CALLS.size_position(found, account(3 * cost - 1), params).quantity == 2
    shares = position([(SPY, 100)], exit_cents=5_000_000, cash_cents=5_000_000)
    margin = account(cost, shares, margin_cents=2_500_000)
    assert CALLS.size_position(found, margin, params).quantity == 1, "what margin would lend is not spent"


def test_an_index_has_no_shares() -> None:
    view = view_of(replace(WORLD, underlying="SPX"))
    for strategy in (CALLS, WHEEL):
        screened = strategy.screen(view, strategy.space.make({"trend": "off"}))
        assert screened.rejected == {DenialCode.STRUCTURE_NO_SHARES: 1}


def test_premiums_that_are_too_small_and_bands_that_are_empty_are_named() -> None:
    view = view_of(replace(WORLD, strike_step=10.0, dtes=(31,)))
    for values, code in (
        ({"min_call_premium": 900.0}, DenialCode.CREDIT_TOO_SMALL),
        ({"min_static_return": 9.0}, DenialCode.CREDIT_TOO_SMALL),
        ({"call_delta_min": 0.9, "call_delta_max": 0.901}, DenialCode.STRUCTURE_NO_SHORT),
    ):
        assert set(CALLS.screen(view, CALLS.space.make(values)).rejected) == {code}


def held(
    *options: tuple[OptionContract, int], shares: int = 200, units: int = 2, exit_cents: int = 10_000_000
) -> object:
    first = option(Right.CALL, 510.0, TODAY)
    legs: list[tuple[Instrument, int]] = [(SPY, shares), *options]
    return position(
        [(SPY, 100), (first, -1)], legs, units=units, cash_cents=100 * shares * 500, exit_cents=exit_cents,
        because={"at_stake": 50_000.0}, day=TODAY - timedelta(30),
    )  # fmt: skip


@pytest.mark.parametrize("calls", [0, 1])
def test_shares_without_a_call_get_one_in_the_band_that_brings_most_a_day(calls: int) -> None:
    other = option(Right.CALL, 530.0, LATER)
    params = CALLS.space.make({"call_delta_min": 0.2, "call_delta_max": 0.3})
    stands = held(*([(other, -calls)] if calls else []))
    call, quantity = sold(CALLS.manage_position(stands, view_of(WORLD), params))
    assert quantity == 2 - calls
    chain = view_of(WORLD).chain("SPY")
    assert chain is not None
    row = chain.find(call)
    assert row is not None
    assert 0.2 <= float(chain.delta[row]) <= 0.3
    days = chain.dte
    fits = (~chain.is_put) & (chain.delta >= 0.2) & (chain.delta <= 0.3) & (days >= 25) & (days <= 45)
    assert chain.bid[row] / days[row] == np.max((chain.bid / days)[fits])


def test_a_call_is_not_written_below_what_the_shares_cost_if_that_is_asked_for() -> None:
    dear = replace(held(), cash_cents=200 * 51_500)
    params = CALLS.space.make({"call_above": "cost", "call_delta_min": 0.01, "call_delta_max": 0.5})
    call, _ = sold(CALLS.manage_position(dear, view_of(WORLD), params))
    assert call.strike >= 515.0
    hopeless = replace(held(), cash_cents=200 * 66_500)
    assert CALLS.manage_position(hopeless, view_of(WORLD), params) == Hold()


def test_a_cheap_call_is_bought_back_and_one_in_the_money_is_rolled_later_and_higher() -> None:
    view, near = view_of(WORLD), TODAY + timedelta(10)
    cheap = option(Right.CALL, 560.0, near)
    action = CALLS.manage_position(held((cheap, -2)), view, CALLS.space.make({"buy_back": 0.05}))
    assert isinstance(action, Adjust)
    assert (action.reason, action.quantity) == (AdjustCode.BOUGHT_BACK, 2)
    assert CALLS.manage_position(held((cheap, -2)), view, CALLS.space.make({"buy_back": 0.0})) == Hold()
    tested = option(Right.CALL, 498.0, near)
    action = CALLS.manage_position(held((tested, -2)), view, CALLS.space.make({"call_roll_dte": 10}))
    call, quantity = sold(action)
    assert (call.expiration > near, call.strike > 498.0, quantity) == (True, True, 2)
    assert CALLS.manage_position(held((tested, -2)), view, CALLS.space.make({"call_roll_dte": 9})) == Hold()


def test_it_is_left_by_target_and_stop_also_when_some_shares_were_called_away() -> None:
    params = CALLS.space.make({"profit_target": 0.1, "stop_loss": 0.1})
    view = view_of(WORLD)
    call = option(Right.CALL, 530.0, LATER)
    for shares, unit in ((200, 2), (100, 1)):
        cost = 50_000_00 * unit
        for exit_cents, reason in ((int(0.9 * cost), "STOP_LOSS"), (int(1.1 * cost), "PROFIT_TARGET")):
            stands = held((call, -unit), shares=shares, exit_cents=exit_cents)
            action = CALLS.manage_position(stands, view, params)
            assert isinstance(action, Close)
            assert action.reason == reason


def turn(*legs: tuple[Instrument, int], expiration: date, exit_cents: int = 5_000_000) -> object:
    put = option(Right.PUT, 505.0, expiration)
    return position(
        [(put, -1)], list(legs) or None, cash_cents=5_040_000 if legs else -10_000,
        entry_cents=-10_000, exit_cents=exit_cents, day=TODAY - timedelta(30),
    )  # fmt: skip


def test_the_wheel_writes_a_call_above_cost_from_the_session_after_the_assignment() -> None:
    params = WHEEL.space.make({"call_delta_max": 0.6})
    told_tonight = turn((SPY, 100), expiration=TODAY)
    assert WHEEL.manage_position(told_tonight, view_of(WORLD), params) == Hold()
    told_before = turn((SPY, 100), expiration=TODAY - timedelta(1))
    call, quantity = sold(WHEEL.manage_position(told_before, view_of(WORLD), params))
    assert quantity == 1
    assert call.strike >= 504.0, "the shares cost 505 less a premium of 1"


def test_the_wheel_keeps_falling_shares_unless_a_stop_is_set() -> None:
    fallen = turn((SPY, 100), (option(Right.CALL, 520.0, LATER), -1), expiration=TODAY - timedelta(1),
                  exit_cents=4_500_000)  # fmt: skip
    assert WHEEL.manage_position(fallen, view_of(WORLD), WHEEL.space.make()) == Hold()
    action = WHEEL.manage_position(fallen, view_of(WORLD), WHEEL.space.make({"share_stop": 0.1}))
    assert action == Close("STOP_LOSS", "loss=5400.00 limit=5040.00")


def test_a_turn_of_the_wheel_is_one_position_from_the_put_to_the_shares_that_are_called_away() -> None:
    source = reconstructed(date(2015, 8, 3), date(2015, 12, 31), "SPY")
    run = spec(
        underlyings=["SPY"], start=date(2015, 8, 3), end=date(2015, 12, 31), capital=1_000_000,
        limits=dict.fromkeys(WHOLE, 1.0),
        strategies=[{"strategy": "wheel", "parameters": {
            "trend": "off", "min_dte": 7, "max_dte": 21, "sizing": "fixed", "short_delta_min": 0.3,
            "short_delta_max": 0.5, "call_delta_max": 0.5,
        }}],
    )  # fmt: skip
    facts = through_history(run, source)
    settled = [fact for fact in facts if fact.kind == "OptionSettled" and '"assigned"' in fact.payload]
    assigned = [fact for fact in settled if '"shares":100' in fact.payload]
    called = [fact for fact in settled if '"shares":-100' in fact.payload]
    written = [fact for fact in facts if fact.kind == "OrderPlaced" and "CALL_WRITTEN" in fact.payload]
    turns = {json.loads(fact.payload)["report"]["position_id"] for fact in called}
    assert turns
    for name in turns:
        stages = [next(one for one in each if name in one.payload) for each in (assigned, written, called)]
        days = [SESSIONS.day_of(one.known_at) for one in stages]
        assert days[0] < days[1] < days[2], "put, then in a later session a call, then both are gone"
