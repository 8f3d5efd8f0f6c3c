"""The standard deviation of a unit's value over a session, held against prices over many drawn sessions."""

from __future__ import annotations

from math import sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from strikewise.domain.greeks import Greeks
from strikewise.pricing.black_scholes import greeks, price
from strikewise.strategy.unit_risk import VOLATILITY_OF_VOLATILITY, daily_sd_cents

SPOT, VOL, YEARS = 500.0, 0.18, 40 / 365


def unit(strikes: dict[float, int], is_call: bool) -> tuple[Greeks, float]:
    """Return a unit's Greeks and drawn standard deviation, dollars; volatility moves against the price."""
    draws = np.random.default_rng(3).standard_normal(200_000)
    spots = SPOT + SPOT * VOL / sqrt(252) * draws
    vols = VOL - VOL * VOLATILITY_OF_VOLATILITY / sqrt(252) * draws
    whole, values = Greeks(), np.zeros(len(draws))
    for strike, ratio in strikes.items():
        found = greeks(is_call, SPOT, strike, YEARS, VOL, 0.0, 0.0)
        parts = (found.delta, found.gamma, found.theta, found.vega)
        whole = whole + Greeks(*(float(part) for part in parts)).scaled(100 * ratio)
        values += 100 * ratio * price(is_call, spots, strike, YEARS, vols, 1.0)
    return whole, float(values.std())


@pytest.mark.parametrize(
    ("strikes", "is_call"),
    [
        ({480.0: -1, 475.0: 1}, False),
        ({480.0: -1}, False),
        ({460.0: 1}, False),
        ({500.0: -1}, False),
    ],
    ids=["put spread", "short put", "long put", "at the money"],
)
def test_where_volatility_moves_against_the_price_the_deviation_is_the_drawn_one(
    strikes: dict[float, int], is_call: bool
) -> None:
    whole, drawn = unit(strikes, is_call)
    found = daily_sd_cents(whole, SPOT, VOL)
    assert found is not None
    assert found / 100 == pytest.approx(drawn, rel=0.1)


def test_where_both_moves_offset_each_other_it_errs_towards_too_much() -> None:
    whole, drawn = unit({510.0: 1}, True)
    found = daily_sd_cents(whole, SPOT, VOL)
    assert found is not None
    assert found / 100 > drawn


@given(st.floats(-200, 200), st.floats(-5, 5), st.floats(-200, 200), st.floats(1, 1000), st.floats(0.05, 1.0))
def test_twice_the_unit_deviates_twice_as_much(
    delta: float, gamma: float, vega: float, spot: float, vol: float
) -> None:
    one = daily_sd_cents(Greeks(delta, gamma, 0.0, vega), spot, vol)
    two = daily_sd_cents(Greeks(2 * delta, 2 * gamma, 0.0, 2 * vega), spot, vol)
    assert one is not None
    assert two is not None
    assert two == pytest.approx(2 * one, abs=1.5)


def test_what_is_not_known_has_no_deviation() -> None:
    assert daily_sd_cents(None, 500.0, 0.2) is None
    assert daily_sd_cents(Greeks(1.0), 500.0, float("nan")) is None
