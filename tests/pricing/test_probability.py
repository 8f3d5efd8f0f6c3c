"""Probabilities of expiring, touching and profiting."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from strikewise.pricing.black_scholes import price
from strikewise.pricing.probability import above, below, between, of_profit, touch

levels = st.floats(50.0, 200.0)
volatilities = st.floats(0.05, 1.0)
spans = st.floats(1.0 / 365.0, 2.0)


@given(levels, volatilities, spans)
def test_the_probability_above_a_strike_is_the_price_of_a_digital(level, volatility, years):
    # -dC/dK, by a central difference of undiscounted calls
    step = 5e-5 * level
    low, high = price(True, 100.0, [level - step, level + step], years, volatility, 1.0)
    assert float(above(level, 100.0, volatility, years)) == pytest.approx(
        (low - high) / (2.0 * step), abs=2e-5
    )


@given(levels, levels, volatilities, spans)
def test_above_between_and_below_make_one(first, second, volatility, years):
    lower, upper = sorted((first, second))
    total = (
        below(lower, 100.0, volatility, years)
        + between(lower, upper, 100.0, volatility, years)
        + above(upper, 100.0, volatility, years)
    )
    assert float(total) == pytest.approx(1.0, abs=1e-14)


def test_the_far_tail_between_two_levels_keeps_its_digits():
    s = 0.1
    lower, upper = 100.0 * np.exp(np.array([0.9, 1.0]) - s * s / 2)
    # N(-9) - N(-10) from tables: 1.128588405953840e-19 - 7.6198530241605e-24
    exact = 1.128588405953840e-19 - 7.61985302416052e-24
    assert float(between(lower, upper, 100.0, s, 1.0)) == pytest.approx(exact, rel=1e-12)


def test_the_probability_of_touch_is_the_share_of_many_walks_that_touch():
    generator = np.random.default_rng(12)
    steps, paths, sigma, years, forward = 2000, 20_000, 0.3, 0.5, 103.0
    drift = np.log(forward / 100.0) - 0.5 * sigma**2 * years
    walk = np.zeros(paths)
    top, bottom = np.zeros(paths), np.zeros(paths)
    for _ in range(steps):
        walk += drift / steps + sigma * np.sqrt(years / steps) * generator.standard_normal(paths)
        np.maximum(top, walk, out=top)
        np.minimum(bottom, walk, out=bottom)
    # Broadie, Glasserman and Kou (1997): watched in steps, a barrier is nearer by .5826 sigma sqrt(dt).
    shift = 0.5826 * sigma * np.sqrt(years / steps)
    for level, seen in ((115.0, top >= np.log(1.15) - shift), (85.0, bottom <= np.log(0.85) + shift)):
        assert float(touch(level, 100.0, forward, sigma, years)) == pytest.approx(seen.mean(), abs=0.012)


@given(levels, st.floats(80.0, 125.0), volatilities, spans)
def test_touching_is_at_least_as_likely_as_ending_beyond(level, forward, volatility, years):
    beyond = above if level >= 100.0 else below
    chance = float(touch(level, 100.0, forward, volatility, years))
    assert float(beyond(level, forward, volatility, years)) - 1e-14 <= chance <= 1.0


@given(levels, volatilities, spans)
def test_without_drift_of_the_logarithm_touching_is_twice_as_likely_as_ending_beyond(
    level, volatility, years
):
    forward = 100.0 * np.exp(0.5 * volatility**2 * years)
    ends = float((above if level >= 100.0 else below)(level, forward, volatility, years))
    assert float(touch(level, 100.0, forward, volatility, years)) == pytest.approx(
        2.0 * ends, rel=1e-9, abs=1e-15
    )


def test_a_still_price_touches_what_lies_on_its_way_to_the_forward():
    chances = touch([99.0, 100.0, 101.0, 102.0, 103.0], 100.0, 102.0, 0.0, 1.0)
    assert chances.tolist() == [0.0, 1.0, 1.0, 1.0, 0.0]
    assert above([101.0, 103.0], 102.0, 0.2, 0.0).tolist() == [1.0, 0.0]


@pytest.mark.parametrize("position", range(4))
def test_a_missing_input_gives_a_missing_probability(position):
    inputs = [105.0, 100.0, 0.2, 0.5]
    inputs[position] = float("nan")
    assert np.isnan(above(*inputs))
    assert np.isnan(touch(inputs[0], 100.0, *inputs[1:]))
    assert np.isnan(of_profit([inputs[0]], True, *inputs[1:]))
    assert np.isnan(touch(-5.0, 100.0, 100.0, 0.2, 0.5))


def test_certain_levels_are_certain():
    assert above([0.0, -1.0, np.inf], 100.0, 0.2, 1.0).tolist() == [1.0, 1.0, 0.0]
    assert below([0.0, np.inf], 100.0, 0.2, 1.0).tolist() == [0.0, 1.0]
    assert float(between(105.0, 95.0, 100.0, 0.2, 1.0)) == 0.0


@given(st.lists(levels, min_size=0, max_size=4, unique=True), st.booleans(), volatilities, spans)
def test_the_probability_of_profit_is_the_mass_where_the_payoff_is_positive(
    edges, profitable_below, volatility, years
):
    edges = sorted(edges)
    bounds = [0.0, *edges, np.inf]
    mass = [float(between(a, b, 100.0, volatility, years)) for a, b in pairwise(bounds)]
    expected = sum(mass[0 if profitable_below else 1 :: 2])
    found = float(of_profit(edges, profitable_below, 100.0, volatility, years))
    assert found == pytest.approx(expected, abs=1e-14)
    assert found + float(of_profit(edges, not profitable_below, 100.0, volatility, years)) == pytest.approx(
        1.0
    )


def test_probability_of_profit_works_by_rows_with_padding_and_a_volatility_for_each_edge():
    edges = np.array([[90.0, 110.0], [95.0, np.inf]])
    found = of_profit(edges, False, np.array([100.0, 101.0]), np.array([0.2, 0.3]), np.array([0.1, 0.2]))
    assert found[0] == pytest.approx(float(between(90.0, 110.0, 100.0, 0.2, 0.1)))
    assert found[1] == pytest.approx(float(above(95.0, 101.0, 0.3, 0.2)))
    smile = of_profit([90.0, 110.0], False, 100.0, [0.3, 0.2], 0.1)
    assert float(smile) == pytest.approx(float(above(90.0, 100.0, 0.3, 0.1) - above(110.0, 100.0, 0.2, 0.1)))
