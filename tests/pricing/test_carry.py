"""Discounts, forwards and dividends; and the forward that quotes imply."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from strikewise.pricing.black_scholes import price
from strikewise.pricing.carry import (
    continuous_rate,
    discount,
    forward_with_dividends,
    forward_with_yield,
    implied_forward,
    present_value,
    simple_discount,
)


def test_hull_prices_a_call_on_a_stock_with_two_dividends():
    # Hull, Options, Futures, and Other Derivatives, example 15.9: PV of dividends 0.9742, call 3.67.
    amounts, due = [0.5, 0.5], [2 / 12, 5 / 12]
    assert float(present_value(amounts, due, 0.09, 0.5)) == pytest.approx(0.9742, abs=5e-5)
    forward = forward_with_dividends(40.0, amounts, due, 0.09, 0.5)
    assert float(price(True, forward, 40.0, 0.5, 0.30, discount(0.09, 0.5))) == pytest.approx(3.67, abs=5e-3)


def test_hull_carries_an_asset_with_a_yield():
    # Hull, example 5.3: spot 25, rate 10 %, yield 3.96 % continuous, six months: 25.77.
    assert float(forward_with_yield(25.0, 0.10, 0.0396, 0.5)) == pytest.approx(25.77, abs=5e-3)


def test_only_dividends_between_now_and_expiry_count():
    values = present_value([1.0, 2.0, 4.0, 8.0], [-0.1, 0.0, 0.25, 0.5], 0.0, [0.1, 0.25, 0.5, 1.0])
    assert values.tolist() == [0.0, 4.0, 12.0, 12.0]
    assert float(present_value([], [], 0.05, 1.0)) == 0.0


def test_a_forward_is_missing_where_dividends_exceed_the_spot():
    assert np.isnan(forward_with_dividends([10.0, 2.0], [3.0], [0.1], 0.0, 1.0)).tolist() == [False, True]


@given(st.floats(-0.05, 0.2), st.floats(1.0 / 365.0, 5.0))
def test_a_rate_and_its_discount_are_a_round_trip(rate, years):
    assert float(continuous_rate(discount(rate, years), years)) == pytest.approx(rate, abs=1e-12)


def test_a_simple_rate_discounts_as_the_money_market_does():
    # 90 days at 5 % on 360: 1 / (1 + 0.05 * 90 / 360)
    assert float(simple_discount(0.05, 90 / 360)) == pytest.approx(0.98765432, abs=1e-8)
    assert np.isnan(simple_discount(-1.0, 1.0))
    assert np.isnan(continuous_rate(0.99, 0.0))


def _chain(forward: float, factor: float, half_spread: float, strikes: np.ndarray) -> tuple[np.ndarray, ...]:
    call, put = price([[True], [False]], forward, strikes, 0.1, 0.25, factor)
    return call - half_spread, call + half_spread, put - half_spread, put + half_spread


@given(st.floats(20.0, 6000.0), st.floats(0.9, 1.0), st.floats(0.0005, 0.003))
def test_parity_finds_the_forward_that_made_the_chain(forward, factor, spread):
    strikes = forward * np.linspace(0.85, 1.15, 31)
    found = implied_forward(strikes, *_chain(forward, factor, spread * forward * 0.05, strikes), factor)
    assert found.forward == pytest.approx(forward, rel=1e-12)
    assert 0.0 < found.uncertainty < spread * forward
    assert found.pairs == 9


@given(st.integers(0, 30), st.floats(-0.9, 3.0))
def test_one_absurd_quote_hardly_moves_the_forward(where, error):
    strikes = np.linspace(85.0, 115.0, 31)
    sides = _chain(100.0, 0.99, 0.02, strikes)
    sides[0][where] *= 1.0 + error
    sides[1][where] = max(sides[1][where] * (1.0 + error), sides[0][where])
    found = implied_forward(strikes, *sides, 0.99)
    assert found.forward == pytest.approx(100.0, abs=0.01)


def test_few_narrow_pairs_outweigh_many_wide_ones():
    strikes = np.array([98.0, 99.0, 100.0, 101.0, 102.0])
    half = np.array([1.0, 0.01, 1.0, 0.01, 1.0])
    off = np.where(half == 1.0, 0.8, 0.0)
    call, put = 5.0 + (100.0 - strikes) + off, np.full(5, 5.0)
    found = implied_forward(strikes, call - half, call + half, put - half, put + half, 1.0)
    assert found.forward == pytest.approx(100.0)


def test_unquoted_crossed_and_missing_sides_leave_their_strike_out():
    strikes = np.array([98.0, 99.0, 100.0, 101.0, 102.0])
    call_bid, call_ask, put_bid, put_ask = _chain(100.0, 1.0, 0.01, strikes)
    put_bid[0], call_ask[1], put_ask[2] = 0.0, call_bid[1] - 0.5, np.nan
    found = implied_forward(strikes, call_bid, call_ask, put_bid, put_ask, 1.0)
    assert found.pairs == 2
    assert found.forward == pytest.approx(100.0, rel=1e-12)


def test_without_a_usable_pair_the_forward_is_missing():
    found = implied_forward([100.0], [0.0], [1.0], [1.0], [2.0], 1.0)
    assert np.isnan(found.forward)
    assert np.isnan(found.uncertainty)
    assert found.pairs == 0
    assert implied_forward([], [], [], [], [], 1.0).pairs == 0
    assert implied_forward([100.0], [1.0], [1.1], [1.0], [1.1], float("nan")).pairs == 0
