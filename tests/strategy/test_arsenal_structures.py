"""Which legs each structure takes: worked out by hand on chains whose quotes are known."""

from __future__ import annotations

from dataclasses import replace
from math import sqrt

import pytest

from strategy.markets import World, view_of
from strikewise.domain.denials import DenialCode
from strikewise.domain.instruments import Right
from strikewise.domain.signals import Signal
from strikewise.strategy.registry import STRATEGIES

ONE = World(dtes=(38,), level=0.20, skew=0.0, strike_step=5.0)
"""One term, strikes every five dollars: a standard deviation is 500 x 0.20 x sqrt(38 / 365) = 32.27."""
RISING, FALLING = replace(ONE, drift=0.002), replace(ONE, drift=-0.002)
DEVIATION = 500.0 * 0.20 * sqrt(38.0 / 365.0)


def best(name: str, world: World = ONE, **values: object) -> Signal:
    strategy = STRATEGIES[name]
    names = {parameter.name for parameter in strategy.space.parameters}
    dtes = {"min_dte": 38, "max_dte": 38} if "dte_exit" in names else {}
    signals = strategy.generate_signals(view_of(world), strategy.space.make({**dtes, **values}))
    assert len(signals) == 1
    return signals[0]


def legs(signal: Signal) -> list[tuple[str, float, int]]:
    return [(contract.right.value, contract.strike, ratio) for contract, ratio in signal.structure.options]


def rejected(name: str, world: World = ONE, **values: object) -> set[DenialCode]:
    strategy = STRATEGIES[name]
    screened = strategy.screen(view_of(world), strategy.space.make({"min_dte": 38, "max_dte": 38, **values}))
    assert not screened.signals
    return set(screened.rejected)


def test_an_iron_butterfly_sells_the_money_and_buys_the_next_strikes_beyond_a_deviation() -> None:
    assert pytest.approx(32.27, abs=0.01) == DEVIATION
    signal = best("iron_butterfly")
    assert legs(signal) == [("C", 500.0, -1), ("C", 535.0, 1), ("P", 465.0, 1), ("P", 500.0, -1)]
    assert signal.structure.name == "iron_butterfly"
    assert signal.because["width"] == 35.0
    assert signal.price_cents == -signal.max_profit_cents  # type: ignore[operator]


def test_a_body_may_be_set_off_from_spot() -> None:
    signal = best("iron_butterfly", body_offset=-0.02, wing_width=0.5)
    assert legs(signal) == [("C", 490.0, -1), ("C", 510.0, 1), ("P", 470.0, 1), ("P", 490.0, -1)]


def test_wings_that_nobody_lists_leave_no_iron_butterfly() -> None:
    # Half a deviation is 16.14 dollars, and the next strikes are 15 and 20 away.
    assert rejected("iron_butterfly", wing_width=0.5, width_tolerance=0.0) == {DenialCode.STRUCTURE_NO_WING}


@pytest.mark.parametrize(
    ("target", "world", "body", "right"),
    [
        ("spot", ONE, 500.0, "C"),
        ("above", ONE, 515.0, "C"),
        ("below", ONE, 485.0, "P"),
        ("trend", RISING, 515.0, "C"),
        ("trend", FALLING, 485.0, "P"),
    ],
)
def test_a_butterfly_is_put_where_the_price_is_expected(
    target: str, world: World, body: float, right: str
) -> None:
    signal = best("butterfly", world, target=target)
    assert legs(signal) == [(right, body - 15.0, 1), (right, body, -2), (right, body + 15.0, 1)]
    assert signal.max_loss_cents == signal.price_cents == signal.margin_cents > 0
    assert signal.max_profit_cents == 150_000 - signal.price_cents


def test_a_butterfly_too_dear_is_refused() -> None:
    assert rejected("butterfly", max_debit=0.01) == {DenialCode.DEBIT_TOO_LARGE}


def test_a_broken_wing_is_further_away_and_leaves_no_risk_on_its_own_side() -> None:
    signal = best("broken_wing_butterfly", short_delta_min=0.26, short_delta_max=0.32, min_credit=-0.5)
    (far, body, near) = [(strike, ratio) for _, strike, ratio in legs(signal)]
    assert [ratio for _, ratio in (far, body, near)] == [1, -2, 1]
    assert near[0] - body[0] == 10.0  # 0.25 deviations are 8.07 dollars: 10 is listed next
    assert body[0] - far[0] == 20.0  # 0.6 are 19.36
    assert all(right == "P" for right, _, _ in legs(signal))
    assert signal.max_loss_cents == 100_000 + signal.price_cents  # the far side, ten dollars wider
    (breakeven, *rest) = signal.breakevens
    assert rest == [] or signal.price_cents > 0  # paid for by a credit, it cannot lose above
    assert far[0] < breakeven < body[0]


def test_a_broken_wing_of_calls_is_the_mirror() -> None:
    signal = best("broken_wing_butterfly", side="call", trend="off", min_credit=-0.5)
    near, body, far = legs(signal)
    assert [one[0] for one in (near, body, far)] == ["C"] * 3
    assert far[1] - body[1] > body[1] - near[1] > 0


@pytest.mark.parametrize(("side", "right"), [("put", Right.PUT), ("call", Right.CALL)])
def test_a_front_ratio_buys_one_and_sells_two_further_out(side: str, right: Right) -> None:
    signal = best("ratio_spread", side=side, trend="off", max_debit=0.9)
    by_ratio = {ratio: contract for contract, ratio in signal.structure.options}
    assert set(by_ratio) == {1, -2}
    assert all(contract.right is right for contract in by_ratio.values())
    away = by_ratio[-2].strike - by_ratio[1].strike
    assert away > 0 if right is Right.CALL else away < 0
    assert (signal.max_loss_cents is None) == (right is Right.CALL)
    assert 0.28 <= abs(signal.because["near_delta"]) <= 0.40  # type: ignore[arg-type]
    assert 0.12 <= abs(signal.because["far_delta"]) <= 0.20  # type: ignore[arg-type]


def test_a_back_ratio_holds_no_more_than_it_can_lose() -> None:
    signal = best("ratio_spread", kind="back", side="call", trend="off", max_debit=0.9)
    assert signal.structure.name == "call_back_ratio_spread"
    assert signal.max_profit_cents is None
    assert signal.margin_cents == signal.max_loss_cents


@pytest.mark.parametrize(("world", "name"), [(RISING, "call_debit_spread"), (FALLING, "put_debit_spread")])
def test_a_debit_spread_goes_with_the_trend(world: World, name: str) -> None:
    signal = best("debit_spread", world)
    assert signal.structure.name == name
    assert signal.max_loss_cents == signal.price_cents
    width = 100 * round(
        100 * abs(signal.structure.options[0][0].strike - signal.structure.options[1][0].strike)
    )
    assert signal.max_profit_cents == width - signal.price_cents
    assert signal.price_cents <= 0.55 * width


def test_without_a_trend_no_debit_spread_is_bought() -> None:
    assert rejected("debit_spread", replace(ONE, drift=0.0)) == {DenialCode.ENTRY_TREND}


@pytest.mark.parametrize(("world", "right"), [(RISING, Right.CALL), (FALLING, Right.PUT)])
def test_an_option_is_bought_by_conviction(world: World, right: Right) -> None:
    signal = best("long_option", world, min_dte=30, max_dte=40)
    ((contract, ratio),) = signal.structure.options
    assert (contract.right, ratio) == (right, 1)
    assert abs(signal.because["conviction"]) >= 45.0  # type: ignore[arg-type]
    assert (signal.max_profit_cents is None) == (right is Right.CALL)


def test_an_unwanted_side_and_a_weak_conviction_are_one_reason_a_short_history_another() -> None:
    loose = {"min_dte": 30, "max_dte": 40}
    assert rejected("long_option", RISING, side="put", **loose) == {DenialCode.ENTRY_CONVICTION}
    assert rejected("long_option", RISING, min_conviction=100.0, **loose) == {DenialCode.ENTRY_CONVICTION}
    short = replace(RISING, history=25)
    assert rejected("long_option", short, **loose) == {DenialCode.ENTRY_CONVICTION_UNKNOWN}


def test_dear_volatility_is_not_bought_where_a_rank_is_asked_for() -> None:
    loose = {"min_dte": 30, "max_dte": 40, "iv_rank_max": 0.01}
    assert rejected("long_option", RISING, **loose) == {DenialCode.ENTRY_IV_HIGH}
    unknown = replace(RISING, underlying="XYZ")
    assert rejected("long_option", unknown, **loose) == {DenialCode.ENTRY_IV_RANK_UNKNOWN}


def test_a_straddle_has_one_strike_and_a_strangle_two() -> None:
    signal = best("short_straddle")
    assert legs(signal) == [("C", 500.0, -1), ("P", 500.0, -1)]
    assert signal.max_loss_cents is None
    signal = best("short_strangle", delta_balance=0.1)
    (call, put) = legs(signal)
    assert (call[0], call[2], put[0], put[2]) == ("C", -1, "P", -1)
    assert put[1] < 500.0 < call[1]


def test_a_ticket_is_bought_on_the_eve_alone_and_outlives_the_event() -> None:
    eve = replace(ONE, dtes=(0, 1, 2), events=(("CPI", 1),))
    strategy = STRATEGIES["gamma_lotto"]
    loose = strategy.space.make({"leg_delta_min": 0.01, "leg_delta_max": 0.45, "max_entry_cost": 1.0})
    (signal,) = strategy.generate_signals(view_of(eve), loose)
    assert {contract.expiration for contract, _ in signal.structure.options} == {
        signal.as_of.date().replace(day=11)
    }
    assert signal.because["event"] == "CPI"
    assert signal.because["days_to_event"] == 1.0
    later = replace(eve, events=(("CPI", 3),))
    screened = strategy.screen(view_of(later), loose)
    assert screened.rejected == {DenialCode.ENTRY_NO_EVENT: 1}


def test_what_costs_too_much_to_enter_is_left_alone() -> None:
    wide = replace(ONE, half_spread=60)
    assert DenialCode.ENTRY_COST in rejected("butterfly", wide, max_debit=0.99, max_spread=2.0)
