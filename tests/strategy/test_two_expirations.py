"""Pairs of two expirations: valued at the near one, as an independent valuation and paths say."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from strategy.held import option, position
from strategy.markets import CALENDAR, RATE, TODAY, World, view_of
from strikewise.domain.denials import DenialCode
from strikewise.domain.instruments import OptionContract, Right
from strikewise.domain.signals import Adjust, Close, Hold, Signal
from strikewise.pricing import black_scholes
from strikewise.pricing.scenario import structure_value
from strikewise.strategy.api import Strategy
from strikewise.strategy.covering import AdjustCode
from strikewise.strategy.library.calendar import Calendar
from strikewise.strategy.library.diagonal import Diagonal

CALENDAR_SPREAD, DIAGONAL = Calendar(), Diagonal()
WORLD = World(level=0.25, skew=0.0, history=0, dtes=(10, 24, 31, 38, 45, 66, 94, 122))
WANTED = {"trend": "off", "max_signals": 50}
both = pytest.mark.parametrize("strategy", [CALENDAR_SPREAD, DIAGONAL], ids=lambda one: one.name)


def found(strategy: Strategy, world: World = WORLD, **values: object) -> list[Signal]:
    signals = strategy.generate_signals(view_of(world), strategy.space.make({**WANTED, **values}))
    assert signals
    return signals


def legs(signal: Signal) -> tuple[OptionContract, OptionContract]:
    """Return what is sold and what is bought."""
    near, far = sorted(signal.structure.options, key=lambda each: each[1])
    assert (near[1], far[1]) == (-1, 1)
    return near[0], far[0]


def years(contract: OptionContract) -> float:
    return (CALENDAR.settlement_at(contract) - CALENDAR.session_close(TODAY)) / timedelta(365)


def test_a_calendar_is_of_one_strike_near_spot_and_of_two_expirations_as_far_apart_as_asked() -> None:
    for signal in found(CALENDAR_SPREAD, gap_min=20, gap_max=30):
        near, far = legs(signal)
        assert near.strike == far.strike
        assert abs(near.strike / 500.0 - 1.0) <= 0.02
        assert near.right is (Right.PUT if near.strike < 500.0 else Right.CALL)
        assert 20 <= (near.expiration - TODAY).days <= 35
        assert 20 <= (far.expiration - near.expiration).days <= 30
        assert signal.structure.name == f"long_{'put' if near.right is Right.PUT else 'call'}_calendar"


@pytest.mark.parametrize(("drift", "right"), [(0.002, Right.CALL), (-0.002, Right.PUT)])
def test_a_diagonal_buys_in_the_money_and_sells_out_of_it_with_the_trend(drift: float, right: Right) -> None:
    view = view_of(replace(WORLD, drift=drift, history=120))
    signals = DIAGONAL.generate_signals(view, DIAGONAL.space.make({"max_signals": 50}))
    assert signals
    chain = view.chain("SPY")
    assert chain is not None
    for signal in signals:
        near, far = legs(signal)
        assert near.right is far.right is right
        assert 0.20 <= abs(float(chain.delta[chain.find(near) or 0])) <= 0.35
        assert 0.70 <= abs(float(chain.delta[chain.find(far) or 0])) <= 0.85
        assert (far.expiration - near.expiration).days >= 30
        width = abs(near.strike - far.strike)
        assert signal.price_cents <= 0.9 * width * 100 * 100
        assert signal.because["width"] == width
        assert signal.because["debit_to_width"] == pytest.approx(signal.price_cents / 10_000 / width)


@both
def test_price_and_loss_are_the_debit_at_the_touch(strategy: Strategy) -> None:
    chain = view_of(WORLD).chain("SPY")
    assert chain is not None
    for signal in found(strategy):
        near, far = legs(signal)
        assert signal.price_cents == 100 * (chain.quote(far).ask - chain.quote(near).bid)
        assert signal.max_loss_cents == signal.margin_cents == signal.price_cents
        assert signal.because["at_stake"] == signal.price_cents / 100


@both
def test_at_a_breakeven_the_pair_is_worth_what_it_cost_when_the_near_leg_ends(strategy: Strategy) -> None:
    for signal in found(strategy)[:10]:
        near, far = legs(signal)
        spans = [years(contract) for contract, _ in signal.structure.options]
        assert signal.breakevens
        worth = structure_value(
            signal.structure,
            np.array(signal.breakevens),
            [WORLD.level] * 2,
            spans,
            rate=float(signal.because["rate"]),
            dividend_yield=0.0,
            later_years=years(near),
        )
        # A straight line between two prices of the grid, two percent apart, on a curve.
        assert worth == pytest.approx(signal.price_cents / 100, abs=0.03 * signal.price_cents / 100 + 2)
        top = structure_value(
            signal.structure, near.strike, [WORLD.level] * 2, spans, rate=float(signal.because["rate"]),
            dividend_yield=0.0, later_years=years(near),
        )  # fmt: skip
        assert signal.max_profit_cents is not None
        assert signal.max_profit_cents >= 100 * float(top) - signal.price_cents - 1
        assert near.expiration < far.expiration


@both
def test_probability_and_edge_are_those_of_paths_to_the_near_expiration(strategy: Strategy) -> None:
    noise = np.random.default_rng(5).standard_normal(400_000)
    for signal in found(strategy)[:4]:
        near, far = legs(signal)
        rate, first = float(signal.because["rate"]), years(near)
        assert rate == pytest.approx(RATE, abs=1e-3)
        total = WORLD.level * np.sqrt(first)
        ends = 500.0 * np.exp(rate * first + total * noise - 0.5 * total**2)
        gap = years(far) - first
        later = black_scholes.price(
            far.right is Right.CALL,
            ends * np.exp(rate * gap),
            far.strike,
            gap,
            WORLD.level,
            np.exp(-rate * gap),
        )
        side = 1.0 if near.right is Right.CALL else -1.0
        profits = 10_000.0 * (later - np.maximum(side * (ends - near.strike), 0.0)) - signal.price_cents
        assert signal.probability_of_profit == pytest.approx(float(np.mean(profits > 0)), abs=0.02)
        error = float(np.std(profits)) / np.sqrt(len(ends))
        assert signal.edge_cents == pytest.approx(float(np.mean(profits)) - 130, abs=4 * error + 2)


def test_a_european_put_calendar_can_lose_the_interest_on_its_strike_as_well() -> None:
    world = replace(WORLD, underlying="SPX")
    (signal, *_) = found(CALENDAR_SPREAD, world, side="put")
    near, far = legs(signal)
    gap = years(far) - years(near)
    interest = far.strike * (1.0 - np.exp(-float(signal.because["rate"]) * gap))
    assert signal.max_loss_cents == pytest.approx(signal.price_cents + 100 * interest * 100, abs=2)


def test_what_is_missing_is_named() -> None:
    cases: list[tuple[Strategy, World, dict[str, object], DenialCode]] = [
        (CALENDAR_SPREAD, WORLD, {"gap_min": 400, "gap_max": 500}, DenialCode.STRUCTURE_NO_LATER),
        (CALENDAR_SPREAD, WORLD, {"offset_min": 0.0001, "offset_max": 0.0002}, DenialCode.STRUCTURE_NO_SHORT),
        (CALENDAR_SPREAD, WORLD, {"min_iv_lead": 0.5}, DenialCode.ENTRY_TERM),
        (DIAGONAL, WORLD, {"gap_min": 400, "back_max_dte": 500}, DenialCode.STRUCTURE_NO_LATER),
        (DIAGONAL, WORLD, {"max_debit": 0.01}, DenialCode.DEBIT_TOO_LARGE),
    ]
    for strategy, world, values, code in cases:
        screened = strategy.screen(view_of(world), strategy.space.make({"trend": "off", **values}))
        assert screened.signals == ()
        assert set(screened.rejected) == {code}


def pair(near_strike: float, far_strike: float, days: int, *, exit_cents: int = 500_00) -> object:
    near = option(Right.CALL, near_strike, TODAY + timedelta(days))
    far = option(Right.CALL, far_strike, TODAY + timedelta(94))
    return position(
        [(near, -1), (far, 1)], units=2, cash_cents=1000_00, exit_cents=exit_cents,
        because={"at_stake": 500.0},
    )  # fmt: skip


def test_a_pair_is_left_before_its_near_leg_ends_unless_that_is_sold_again() -> None:
    view = view_of(WORLD)
    held = pair(505.0, 505.0, 10, exit_cents=1000_00)
    hold = CALENDAR_SPREAD.space.make({"dte_exit": 9})
    assert CALENDAR_SPREAD.manage_position(held, view, hold) == Hold()
    close = CALENDAR_SPREAD.space.make({"dte_exit": 10})
    assert CALENDAR_SPREAD.manage_position(held, view, close) == Close("DTE_EXIT", "dte=10")
    roll = CALENDAR_SPREAD.space.make({"dte_exit": 10, "roll_front": True})
    action = CALENDAR_SPREAD.manage_position(held, view, roll)
    assert isinstance(action, Adjust)
    assert (action.reason, action.quantity) == (AdjustCode.ROLLED, 2)
    (sold,) = [contract for contract, ratio in action.legs.options if ratio < 0]
    assert sold.strike == 505.0
    assert TODAY + timedelta(20) <= sold.expiration <= TODAY + timedelta(35)


def test_a_diagonal_sells_the_next_near_leg_in_its_band_and_closes_where_none_pays() -> None:
    view = view_of(WORLD)
    params = DIAGONAL.space.make({"dte_exit": 10})
    held = pair(515.0, 450.0, 10, exit_cents=1000_00)
    action = DIAGONAL.manage_position(held, view, params)
    assert isinstance(action, Adjust)
    (sold,) = [contract for contract, ratio in action.legs.options if ratio < 0]
    chain = view.chain("SPY")
    assert chain is not None
    assert 0.20 <= float(chain.delta[chain.find(sold) or 0]) <= 0.35
    deep = pair(470.0, 450.0, 10, exit_cents=1000_00)
    assert DIAGONAL.manage_position(deep, view, params) == Close("DTE_EXIT", "dte=10")


@both
def test_targets_stops_and_a_near_leg_that_is_gone_close_the_pair(strategy: Strategy) -> None:
    view, params = view_of(WORLD), strategy.space.make({"profit_target": 0.3, "stop_loss": 0.5})
    for exit_cents, reason in ((1300_00, "PROFIT_TARGET"), (500_00, "STOP_LOSS")):
        held = pair(505.0, 505.0, 24, exit_cents=exit_cents)
        action = strategy.manage_position(held, view, params)
        assert isinstance(action, Close)
        assert action.reason == reason
    whole = pair(505.0, 505.0, 24, exit_cents=1000_00)
    left = replace(whole, holdings=tuple(one for one in whole.holdings if one.quantity > 0))
    assert strategy.manage_position(left, view, params) == Close("DTE_EXIT", "front=gone")
