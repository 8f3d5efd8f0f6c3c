"""Puts are sold against cash that is really there, and rolled only where somebody pays for it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strategy.held import account, later_view, option, position
from strategy.markets import TODAY, World, view_of
from strikewise.domain.denials import DenialCode
from strikewise.domain.instruments import Right
from strikewise.domain.portfolio import Portfolio
from strikewise.domain.signals import Adjust, Close, Hold, Signal
from strikewise.strategy.covering import AdjustCode
from strikewise.strategy.library.cash_secured_put import CashSecuredPut

STRATEGY = CashSecuredPut()
WORLD = World()
EXPIRATION = TODAY + timedelta(31)


def signal(**values: object) -> Signal:
    found = STRATEGY.generate_signals(view_of(WORLD), STRATEGY.space.make(values))
    return found[0]


def test_the_put_is_one_of_the_band_and_holds_its_strike_less_the_premium() -> None:
    found = signal()
    ((put, ratio),) = found.structure.options
    assert (put.right, ratio) == (Right.PUT, -1)
    assert 0.20 <= -float(found.because["short_delta"]) <= 0.30
    assert found.margin_cents == found.max_loss_cents == put.strike_milli * 10 + found.price_cents
    assert found.because["structure"] == "cash_secured_put"


def test_a_premium_that_pays_too_little_on_the_cash_is_refused_by_name() -> None:
    screened = STRATEGY.screen(view_of(WORLD), STRATEGY.space.make({"min_return": 5.0}))
    assert screened.signals == ()
    assert set(screened.rejected) == {DenialCode.CREDIT_TOO_SMALL}
    least = float(signal().because["return_on_margin"])
    assert signal(min_return=least - 1e-9).signal_id == signal().signal_id


@given(cash=st.integers(0, 50_000_000), held=st.integers(0, 9))
def test_all_puts_together_never_ask_for_more_cash_than_there_is(cash: int, held: int) -> None:
    params = STRATEGY.space.make({"risk_fraction": 1.0, "max_units": 1000})
    other = option(Right.PUT, 400.0, EXPIRATION)
    kept = [position([(other, -1)], units=held, exit_cents=0)] if held else []
    proposed = STRATEGY.size_position(SIGNAL, account(cash, *kept), params)
    asked = held * 40_000_00 + proposed.quantity * SIGNAL.margin_cents
    assert proposed.quantity == 0 or asked <= cash


def test_a_spread_pledges_its_width_only_and_what_is_ordered_its_price() -> None:
    params = STRATEGY.space.make({"risk_fraction": 1.0})
    legs = [(option(Right.PUT, 400.0, EXPIRATION), -1), (option(Right.PUT, 395.0, EXPIRATION), 1)]
    need = SIGNAL.margin_cents + 65
    spread = position([*legs], units=10, exit_cents=0)
    cash = 10 * 500_00 + need

    def units(portfolio: Portfolio) -> int:
        return STRATEGY.size_position(SIGNAL, portfolio, params).quantity

    assert units(account(cash, spread)) == 1
    assert units(account(cash - 1, spread)) == 0
    ordered = replace(spread, mark=None, entry_cents=-10 * 100_00)
    assert units(account(cash - 10 * 100_00, ordered)) == 1
    assert units(account(cash - 10 * 100_00 - 1, ordered)) == 0


SIGNAL = signal()


def test_a_put_in_the_money_is_rolled_later_and_lower_for_a_credit_when_its_days_are_up() -> None:
    put = option(Right.PUT, 500.0, TODAY + timedelta(10))
    held = position([(put, -1)], units=3, cash_cents=-3 * 900_00, exit_cents=-3 * 950_00)
    view = view_of(replace(WORLD, spot=499.0))
    action = STRATEGY.manage_position(held, view, STRATEGY.space.make({"dte_exit": 10}))
    assert isinstance(action, Adjust)
    assert (action.reason, action.quantity) == (AdjustCode.ROLLED, 3)
    legs = dict(action.legs.options)
    (sold,) = [contract for contract, ratio in legs.items() if ratio < 0]
    assert legs[put] == 1
    assert sold.expiration > put.expiration
    assert sold.strike < put.strike
    chain = view.chain("SPY")
    assert chain is not None
    assert chain.quote(sold).bid - chain.quote(put).ask > 1
    lower = replace(sold, strike_milli=sold.strike_milli - 1000)
    assert chain.quote(lower).bid - chain.quote(put).ask <= 1, "a strike further down must not pay"


@pytest.mark.parametrize(
    ("strike", "values"), [(480.0, {}), (500.0, {"roll": False}), (560.0, {})], ids=["out", "asked", "deep"]
)
def test_it_is_closed_where_it_is_out_of_the_money_or_no_roll_is_paid_or_wanted(
    strike: float, values: dict[str, object]
) -> None:
    put = option(Right.PUT, strike, TODAY + timedelta(10))
    held = position([(put, -1)], cash_cents=-900_00, exit_cents=-950_00)
    view = view_of(replace(WORLD, spot=499.0))
    action = STRATEGY.manage_position(held, view, STRATEGY.space.make({"dte_exit": 10, **values}))
    assert isinstance(action, Close)
    assert action.reason == "DTE_EXIT"


def test_half_the_premium_is_taken_before_that() -> None:
    put = option(Right.PUT, 480.0, EXPIRATION)
    view = later_view(WORLD, TODAY + timedelta(3))
    params = STRATEGY.space.make()
    held = position([(put, -1)], cash_cents=-300_00, exit_cents=-151_00)
    assert STRATEGY.manage_position(held, view, params) == Hold()
    held = position([(put, -1)], cash_cents=-300_00, exit_cents=-150_00)
    assert STRATEGY.manage_position(held, view, params) == Close(
        "PROFIT_TARGET", "profit=150.00 target=150.00"
    )
