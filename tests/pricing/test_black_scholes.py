"""European prices and Greeks: published figures, sixty digits, and the laws every price obeys."""

from __future__ import annotations

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pricing.exact import black, domain, spot_price
from strikewise.pricing.backend import ARRAY, COMPILED, Kernels
from strikewise.pricing.black_scholes import forward_greeks, greeks, price

BOTH = [pytest.param(ARRAY, id="numpy"), pytest.param(COMPILED, id="numba")]

forwards = st.floats(1.0, 5000.0)
ratios = st.floats(0.4, 2.5)
spans = st.floats(1.0 / 8760.0, 3.0)
volatilities = st.floats(0.03, 2.0)
rates = st.floats(-0.02, 0.10)
sides = st.booleans()


@pytest.mark.parametrize("kernels", BOTH)
@pytest.mark.parametrize(
    ("is_call", "spot", "strike", "years", "volatility", "rate", "dividend_yield", "published", "digits"),
    [
        # Haug, The Complete Guide to Option Pricing Formulas (2007), 1.1
        (True, 60, 65, 0.25, 0.30, 0.08, 0.00, 2.1334, 4),
        (False, 100, 95, 0.5, 0.20, 0.10, 0.05, 2.4648, 4),
        (True, 19, 19, 0.75, 0.28, 0.10, 0.10, 1.7011, 4),
        (False, 19, 19, 0.75, 0.28, 0.10, 0.10, 1.7011, 4),
        (True, 1.56, 1.60, 0.5, 0.12, 0.06, 0.08, 0.0291, 4),
        # Hull, Options, Futures, and Other Derivatives: BSM, index, futures
        (True, 42, 40, 0.5, 0.20, 0.10, 0.00, 4.76, 2),
        (False, 42, 40, 0.5, 0.20, 0.10, 0.00, 0.81, 2),
        (True, 930, 900, 2 / 12, 0.20, 0.08, 0.03, 51.83, 2),
        (False, 20, 20, 4 / 12, 0.25, 0.09, 0.09, 1.12, 2),
    ],
)
def test_prices_are_those_of_the_textbooks(
    kernels, is_call, spot, strike, years, volatility, rate, dividend_yield, published, digits
):
    result = greeks(is_call, spot, strike, years, volatility, rate, dividend_yield, kernels=kernels)
    assert round(float(result.price), digits) == published


@pytest.mark.parametrize("kernels", BOTH)
@pytest.mark.parametrize(
    ("name", "per_unit", "is_call", "inputs", "published", "digits"),
    [
        # Haug (2007), chapter 2: delta, gamma, vega, theta, rho
        ("delta", 1.0, True, (105, 100, 0.5, 0.36, 0.10, 0.10), 0.5946, 4),
        ("delta", 1.0, False, (105, 100, 0.5, 0.36, 0.10, 0.10), -0.3566, 4),
        ("gamma", 1.0, True, (55, 60, 0.75, 0.30, 0.10, 0.00), 0.0278, 4),
        ("vega", 100.0, True, (55, 60, 0.75, 0.30, 0.10, 0.00), 18.9358, 4),
        ("theta", 365.0, False, (430, 405, 1 / 12, 0.20, 0.07, 0.05), -31.1924, 4),
        ("rho", 100.0, True, (72, 75, 1.0, 0.19, 0.09, 0.00), 38.7325, 4),
        # Hull, chapter 19: the running example
        ("delta", 1.0, True, (49, 50, 0.3846, 0.20, 0.05, 0.0), 0.522, 3),
        ("gamma", 1.0, True, (49, 50, 0.3846, 0.20, 0.05, 0.0), 0.066, 3),
        ("vega", 100.0, True, (49, 50, 0.3846, 0.20, 0.05, 0.0), 12.1, 1),
        ("theta", 365.0, True, (49, 50, 0.3846, 0.20, 0.05, 0.0), -4.31, 2),
        ("rho", 100.0, True, (49, 50, 0.3846, 0.20, 0.05, 0.0), 8.91, 2),
    ],
)
def test_greeks_are_those_of_the_textbooks_in_our_units(
    kernels, name, per_unit, is_call, inputs, published, digits
):
    value = float(getattr(greeks(is_call, *inputs, kernels=kernels), name))
    assert round(value * per_unit, digits) == published


@pytest.mark.parametrize("kernels", BOTH)
def test_out_of_the_money_prices_keep_their_relative_accuracy_in_both_tails(kernels):
    columns = domain(600, seed=11)
    computed = price(*columns, 0.97, kernels=kernels)
    for value, *row in zip(computed, *columns, strict=True):
        exact = black(*row, 0.97)
        assert abs(mp.mpf(value) / exact - 1) < 2e-13


@settings(max_examples=40)
@given(sides, forwards, ratios, spans, volatilities, rates, st.floats(0.0, 0.08))
def test_greeks_are_the_derivatives_of_the_price(
    is_call, spot, ratio, years, volatility, rate, dividend_yield
):
    strike = spot * ratio
    result = greeks(is_call, spot, strike, years, volatility, rate, dividend_yield)
    at = (spot, strike, years, volatility, rate, dividend_yield)

    def derivative(which: int, order: int = 1) -> float:
        def along(value: mp.mpf) -> mp.mpf:
            return spot_price(is_call, *at[:which], value, *at[which + 1 :])

        step = mp.mpf(10) ** -20 * max(mp.mpf(at[which]), mp.mpf(10) ** -3)
        return float(mp.diff(along, mp.mpf(at[which]), order, h=step))

    for computed, exact, scale in (
        (result.price, float(spot_price(is_call, *at)), spot),
        (result.delta, derivative(0), 1.0),
        (result.gamma, derivative(0, 2), 1.0 / (spot * volatility * np.sqrt(years))),
        (result.theta, -derivative(2) / 365.0, spot * volatility / np.sqrt(years) / 365.0 + spot / 3650.0),
        (result.vega, derivative(3) / 100.0, spot * np.sqrt(years) / 100.0),
        (result.rho, derivative(4) / 100.0, strike * years / 100.0),
    ):
        assert float(computed) == pytest.approx(exact, rel=1e-11, abs=1e-13 * scale)


@given(forwards, ratios, spans, volatilities, st.floats(0.7, 1.0))
def test_call_less_put_is_the_discounted_forward_less_strike(forward, ratio, years, volatility, discount):
    call, put = price([True, False], forward, forward * ratio, years, volatility, discount)
    assert call - put == pytest.approx(discount * (forward - forward * ratio), rel=1e-13, abs=1e-14 * forward)


@given(sides, forwards, ratios, spans, volatilities, st.floats(0.7, 1.0))
def test_a_price_lies_between_intrinsic_value_and_the_dearest_outcome(
    is_call, forward, ratio, years, volatility, discount
):
    strike = forward * ratio
    value = float(price(is_call, forward, strike, years, volatility, discount))
    intrinsic = discount * max(forward - strike if is_call else strike - forward, 0.0)
    assert intrinsic <= value <= discount * (forward if is_call else strike)


@given(sides, forwards, ratios, spans, volatilities, st.floats(1.001, 2.0))
def test_more_volatility_or_time_never_makes_an_undiscounted_option_cheaper(
    is_call, forward, ratio, years, volatility, factor
):
    strike = forward * ratio
    base, wilder, longer = price(
        is_call,
        forward,
        strike,
        [years, years, years * factor],
        [volatility, volatility * factor, volatility],
        1.0,
    )
    assert wilder >= base
    assert longer >= base


@given(sides, forwards, ratios, spans, volatilities, st.floats(1.0001, 1.5))
def test_a_call_falls_and_a_put_rises_with_the_strike_and_by_no_more_than_the_strike(
    is_call, forward, ratio, years, volatility, factor
):
    low, high = forward * ratio, forward * ratio * factor
    cheap, dear = price(is_call, forward, [low, high], years, volatility, 1.0)
    rise = (cheap - dear) if is_call else (dear - cheap)
    assert -1e-13 * high <= rise <= (high - low) + 1e-13 * high


@given(forwards, ratios, st.floats(0.01, 0.2), spans, volatilities)
def test_a_butterfly_never_costs_less_than_nothing(forward, ratio, gap, years, volatility):
    middle = forward * ratio
    wing = middle * gap
    left, body, right = price(True, forward, [middle - wing, middle, middle + wing], years, volatility, 1.0)
    assert left - 2.0 * body + right >= -1e-13 * (forward + middle)


@given(sides, forwards, ratios, spans, volatilities, rates, st.floats(0.0, 0.08))
def test_greeks_from_the_forward_are_greeks_from_rate_and_yield(
    is_call, spot, ratio, years, volatility, rate, dividend_yield
):
    strike = spot * ratio
    by_rate = greeks(is_call, spot, strike, years, volatility, rate, dividend_yield)
    forward = spot * np.exp((rate - dividend_yield) * years)
    by_forward = forward_greeks(is_call, spot, forward, strike, years, volatility, np.exp(-rate * years))
    scale = [spot, 1.0, 1.0, spot, spot, strike]
    for ours, theirs, size in zip(by_forward, by_rate, scale, strict=True):
        assert float(ours) == pytest.approx(float(theirs), rel=1e-9, abs=1e-12 * size)


@pytest.mark.parametrize("kernels", BOTH)
def test_at_expiry_an_option_is_its_intrinsic_value_and_its_delta_a_step(kernels: Kernels):
    result = greeks(
        [True, True, False, False], 100.0, [90.0, 110.0, 90.0, 110.0], 0.0, 0.2, 0.05, 0.0, kernels=kernels
    )
    assert result.price.tolist() == [10.0, 0.0, 0.0, 10.0]
    assert result.delta.tolist() == [1.0, 0.0, 0.0, -1.0]
    assert result.gamma.tolist() == [0.0] * 4
    assert result.vega.tolist() == [0.0] * 4


@pytest.mark.parametrize("kernels", BOTH)
def test_without_volatility_an_option_is_worth_its_discounted_intrinsic_value(kernels: Kernels):
    assert price([True, False], 100.0, 90.0, 1.0, 0.0, 0.95, kernels=kernels).tolist() == [9.5, 0.0]


@pytest.mark.parametrize("kernels", BOTH)
@pytest.mark.parametrize(
    ("position", "flaw"),
    [(position, flaw) for position in range(5) for flaw in (np.nan, -1.0)] + [(4, 0.0), (4, np.inf)],
)
def test_a_missing_or_impossible_input_gives_a_missing_price(kernels, position, flaw):
    inputs = [100.0, 95.0, 0.5, 0.2, 0.98]
    inputs[position] = flaw
    assert np.isnan(price(True, *inputs, kernels=kernels))


@pytest.mark.parametrize("kernels", BOTH)
@pytest.mark.parametrize("position", range(6))
def test_a_missing_input_gives_missing_greeks(kernels, position):
    inputs = [100.0, 95.0, 0.5, 0.2, 0.02, 0.01]
    inputs[position] = np.nan
    result = greeks(False, *inputs, kernels=kernels)
    assert all(
        np.isnan(value) for value in (result.price, result.delta, result.gamma, result.theta, result.vega)
    )


@pytest.mark.parametrize("kernels", BOTH)
@pytest.mark.parametrize(("years", "volatility"), [(0.0, 0.2), (0.5, 0.0)])
@pytest.mark.parametrize("position", range(2))
def test_a_missing_price_gives_missing_greeks_at_expiry_and_without_volatility_too(
    kernels, years, volatility, position
):
    inputs = [100.0, 95.0]
    inputs[position] = np.nan
    assert np.isnan(greeks(True, *inputs, years, volatility, 0.02, 0.01, kernels=kernels)).all()


@pytest.mark.parametrize("kernels", BOTH)
@pytest.mark.parametrize("discount", [0.0, -1.0, np.inf, np.nan])
def test_greeks_need_a_discount_that_is_one(kernels, discount):
    assert np.isnan(forward_greeks(True, 100.0, 101.0, 95.0, 0.5, 0.2, discount, kernels=kernels)).all()


def test_a_missing_row_leaves_its_neighbours_alone():
    volatility = np.full(37, 0.2)
    volatility[5] = np.nan
    prices = price(True, 100.0, np.linspace(80.0, 120.0, 37), 0.25, volatility, 1.0)
    assert np.flatnonzero(np.isnan(prices)).tolist() == [5]


def test_inputs_broadcast_and_scalars_give_scalars():
    assert price(True, 100.0, 100.0, 1.0, 0.2, 1.0).shape == ()
    assert price([[True], [False]], 100.0, [90.0, 100.0, 110.0], 1.0, 0.2, 1.0).shape == (2, 3)
    assert greeks(True, 100.0, [90.0, 100.0], [[0.1], [0.2]], 0.2, 0.0, 0.0).theta.shape == (2, 2)
    assert price(True, np.array([]), 100.0, 1.0, 0.2, 1.0).shape == (0,)
