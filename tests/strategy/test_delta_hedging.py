"""Shares against the delta of options: outside the band alone, all of it, and by the size of the position."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from strategy.held import option, position
from strategy.markets import TODAY
from strikewise.domain.greeks import Greeks
from strikewise.domain.instruments import Right, Stock
from strikewise.domain.parameters import ParameterSpace
from strikewise.domain.portfolio import Position
from strikewise.strategy.delta_hedging import DELTA_HEDGE, delta_hedge, delta_hedge_parameters

SPACE = ParameterSpace(delta_hedge_parameters())
BAND = SPACE.make({"hedge_band": 0.1})


def straddles(delta: float, *, units: int = 3, estimated: int = 0) -> Position:
    legs = [(option(right, 500.0, TODAY + timedelta(31)), -1) for right in (Right.CALL, Right.PUT)]
    held = position(legs, units=units, exit_cents=-900_00)
    assert held.mark is not None
    return replace(held, mark=replace(held.mark, greeks=Greeks(delta=delta), estimated_legs=estimated))


@pytest.mark.parametrize("delta", [30.0, -30.0, 0.0])
def test_within_the_band_of_all_units_nothing_is_traded(delta: float) -> None:
    assert delta_hedge(straddles(delta), BAND) is None


@pytest.mark.parametrize(("delta", "shares"), [(30.6, -31), (-45.2, 45)])
def test_beyond_it_shares_bring_delta_back_to_zero(delta: float, shares: int) -> None:
    action = delta_hedge(straddles(delta), BAND)
    assert action is not None
    ((leg,), reason) = action.legs.legs, action.reason
    assert (leg.instrument, leg.ratio * action.quantity, reason) == (Stock("SPY"), shares, DELTA_HEDGE)


def test_an_estimated_leg_a_band_of_zero_and_a_cash_index_are_not_hedged() -> None:
    assert delta_hedge(straddles(90.0, estimated=1), BAND) is None
    assert delta_hedge(straddles(90.0), SPACE.make()) is None
    cash = option(Right.PUT, 5000.0, TODAY + timedelta(31), "SPX")
    held = position([(cash, -1)], exit_cents=-900_00)
    assert held.mark is not None
    assert delta_hedge(replace(held, mark=replace(held.mark, greeks=Greeks(delta=90.0))), BAND) is None
