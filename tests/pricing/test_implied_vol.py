"""Implied volatility: nothing fails, nothing is invented, and the last digits are right."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pricing.exact import black, domain
from strikewise.pricing.backend import ARRAY, COMPILED, Kernels
from strikewise.pricing.black_scholes import price
from strikewise.pricing.implied_vol import implied_volatility

BOTH = [pytest.param(ARRAY, id="numpy"), pytest.param(COMPILED, id="numba")]


@pytest.mark.parametrize("kernels", BOTH)
@pytest.mark.parametrize(("seed", "deviations"), [(1, 6.0), (2, 1.0), (3, 12.0)])
def test_exact_prices_give_their_volatility_back_to_twelve_digits(kernels, seed, deviations):
    is_call, forward, strike, years, volatility = domain(500, seed, deviations)
    rows = zip(is_call, forward, strike, years, volatility, strict=True)
    exact = np.array([float(black(*row, 1.0)) for row in rows])
    known = exact < np.minimum(forward, strike) * (1.0 - 1e-6)
    found = implied_volatility(is_call, exact, forward, strike, years, 1.0, kernels=kernels)
    assert known.sum() > 490
    assert np.max(np.abs(found / volatility - 1.0)[known]) < 1e-12


@pytest.mark.parametrize("kernels", BOTH)
def test_a_hundred_thousand_prices_of_the_stated_domain_all_have_a_volatility(kernels):
    n = 100_000 if kernels is COMPILED else 10_000
    is_call, forward, strike, years, volatility = domain(n, seed=4)
    prices = price(is_call, forward, strike, years, volatility, 0.95)
    found = implied_volatility(is_call, prices, forward, strike, years, 0.95, kernels=kernels)
    saturated = prices > 0.95 * np.minimum(forward, strike) * (1.0 - 1e-10)
    assert not np.isnan(found[~saturated]).any()
    assert np.max(np.abs(found / volatility - 1.0)[~saturated]) < 1e-5
    tame = prices < 0.95 * np.minimum(forward, strike) * 0.99
    assert np.max(np.abs(found / volatility - 1.0)[tame]) < 2e-13


@pytest.mark.parametrize("kernels", BOTH)
def test_prices_near_both_bounds_are_solved_as_far_as_their_digits_allow(kernels: Kernels):
    # Jäckel, Let's Be Rational: normalised log-moneyness to -16, prices from 1e-300 to just below the bound.
    x = np.array([1e-9, 1e-4, 0.1, 1.0, 4.0, 16.0])[:, np.newaxis]
    share = np.array([1e-300, 1e-200, 1e-100, 1e-30, 1e-10, 1e-3, 0.1, 0.5, 0.9, 0.999, 1 - 1e-6, 1 - 1e-12])
    strike = np.exp(x)
    found = implied_volatility(True, share, 1.0, strike, 1.0, 1.0, kernels=kernels)
    assert np.isfinite(found).all()
    assert (np.diff(found, axis=1) > 0.0).all()
    again = price(True, 1.0, strike, 1.0, found, 1.0)
    assert np.max(np.abs(again / share - 1.0)) < 2e-12


@pytest.mark.parametrize("kernels", BOTH)
@pytest.mark.parametrize(
    ("is_call", "value", "forward", "strike", "years", "published", "tolerance"),
    [
        # the reference values published with Let's Be Rational's ports
        (True, 5.637197779701664, 100.0, 100.0, 0.5, 0.2, 2e-15),
        # Hull, chapter 15: a call at 1.875 on S=21, K=20, r=10 %, T=.25 implies 23.5 %
        (True, 1.875 * np.exp(0.025), 21.0 * np.exp(0.025), 20.0, 0.25, 0.235, 5e-4),
    ],
)
def test_published_volatilities_are_found(
    kernels, is_call, value, forward, strike, years, published, tolerance
):
    found = float(implied_volatility(is_call, value, forward, strike, years, 1.0, kernels=kernels))
    assert found == pytest.approx(published, abs=tolerance)


@given(
    st.booleans(),
    st.floats(0.5, 5000.0),
    st.floats(-4.0, 4.0),
    st.floats(1.0 / 365.0, 3.0),
    st.floats(0.03, 1.5),
    st.floats(0.6, 1.05),
)
def test_a_price_and_its_volatility_are_a_round_trip_on_either_side_of_the_money(
    is_call, forward, deviations, years, volatility, discount
):
    strike = forward * np.exp(deviations * volatility * np.sqrt(years))
    value = float(price(is_call, forward, strike, years, volatility, discount))
    found = float(implied_volatility(is_call, value, forward, strike, years, discount))
    time_value = value - discount * max(forward - strike if is_call else strike - forward, 0.0)
    if time_value < 1e-9 * value:
        return  # deep in the money the price has no digits left for the volatility
    assert found == pytest.approx(volatility, rel=1e-13 + 1e-14 * value / time_value)


@pytest.mark.parametrize("kernels", BOTH)
def test_a_price_outside_its_bounds_has_no_volatility(kernels: Kernels):
    calls = implied_volatility(
        True, [4.9, 5.0, 95.0, 96.0, -1.0], 100.0, 100.0 - 5.0 / 0.95, 1.0, 0.95, kernels=kernels
    )
    assert np.isnan(calls[[0, 2, 3, 4]]).all()
    puts = implied_volatility(False, [0.0, -0.1, 95.0, 200.0], 100.0, 100.0, 1.0, 0.95, kernels=kernels)
    assert np.isnan(puts).all()


@pytest.mark.parametrize("kernels", BOTH)
@pytest.mark.parametrize("position", range(5))
@pytest.mark.parametrize("flaw", [np.nan, 0.0, -1.0, np.inf])
def test_a_missing_or_impossible_input_has_no_volatility(kernels, position, flaw):
    inputs = [3.0, 100.0, 101.0, 0.5, 0.98]
    inputs[position] = flaw
    assert np.isnan(implied_volatility(True, *inputs, kernels=kernels))


def test_a_missing_row_leaves_its_neighbours_alone():
    prices = price(True, 100.0, np.linspace(80.0, 120.0, 37), 0.25, 0.2, 1.0)
    prices[[0, 17, 36]] = np.nan
    found = implied_volatility(True, prices, 100.0, np.linspace(80.0, 120.0, 37), 0.25, 1.0)
    assert np.flatnonzero(np.isnan(found)).tolist() == [0, 17, 36]
    assert np.nanmax(np.abs(found - 0.2)) < 1e-12
