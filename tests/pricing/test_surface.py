"""Volatility surfaces: quotes are met, gaps are bridged, arbitrage is not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from strikewise.domain.errors import ParameterError
from strikewise.pricing.black_scholes import price
from strikewise.pricing.surface import (
    SmileShape,
    SmileSurface,
    index_from_level,
    level_from_index,
    simple_equity_smile,
)

YEARS = np.array([7.0, 30.0, 91.0]) / 365.0


def _quotes() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    z, years = (grid.ravel() for grid in np.meshgrid(np.linspace(-0.7, 0.4, 15), YEARS))
    k = z * np.sqrt(years)
    return years, k, simple_equity_smile(k, years, 0.18)


def test_a_quote_is_met_exactly():
    years, k, iv = _quotes()
    assert SmileSurface.from_quotes(years, k, iv).volatility(k, years) == pytest.approx(iv, rel=1e-14)


@pytest.mark.parametrize("rounding", [1.0 - 1e-14, 1.0, 1.0 + 1e-14])
def test_a_strike_that_is_quoted_lies_among_quotes_however_its_moneyness_is_rounded(rounding):
    years, k, iv = _quotes()
    surface = SmileSurface.from_quotes(years, k, iv)
    assert all(surface.covers(rounding * float(one), float(at)) for one, at in zip(k, years, strict=True))


@given(st.permutations(range(45)))
def test_the_order_of_quotes_does_not_matter(order):
    years, k, iv = _quotes()
    shuffled = SmileSurface.from_quotes(years[order], k[order], iv[order])
    asked = np.linspace(-0.3, 0.3, 21)
    assert (
        shuffled.volatility(asked, 0.1).tolist()
        == SmileSurface.from_quotes(years, k, iv).volatility(asked, 0.1).tolist()
    )


def test_a_missing_contract_is_marked_near_its_true_volatility_from_its_neighbours():
    years, k, iv = _quotes()
    for gone in range(years.size):
        if gone % 15 in {0, 14}:
            continue
        rest = np.arange(years.size) != gone
        surface = SmileSurface.from_quotes(years[rest], k[rest], iv[rest])
        assert float(surface.volatility(k[gone], years[gone])) == pytest.approx(iv[gone], abs=0.008)


def test_a_missing_expiry_is_marked_near_its_true_volatility_from_those_around_it():
    years, k, iv = _quotes()
    surface = SmileSurface.from_quotes(years, k, iv)
    asked = np.linspace(-0.2, 0.1, 11)
    truth = simple_equity_smile(asked, 50.0 / 365.0, 0.18)
    assert np.max(np.abs(surface.volatility(asked, 50.0 / 365.0) - truth)) < 0.01


@given(st.floats(-1.0, 1.0), st.floats(0.001, 2.0))
def test_no_answer_leaves_the_range_of_the_quotes(k, years):
    quoted_years, quoted_k, iv = _quotes()
    answer = float(SmileSurface.from_quotes(quoted_years, quoted_k, iv).volatility(k, years))
    assert iv.min() * (1 - 1e-12) <= answer <= iv.max() * (1 + 1e-12)


def test_beyond_the_outermost_strike_and_expiry_the_volatility_is_flat():
    surface = SmileSurface.from_quotes([0.1, 0.1, 0.4, 0.4], [-0.1, 0.1, -0.2, 0.2], [0.3, 0.2, 0.28, 0.22])
    assert surface.volatility([-0.5, 0.5], 0.1).tolist() == [0.3, 0.2]
    assert surface.volatility(0.0, [0.01, 0.1]).tolist() == pytest.approx([0.25, 0.25])
    assert surface.volatility(0.0, [0.4, 5.0]).tolist() == pytest.approx([0.25, 0.25])


def test_between_expiries_total_variance_is_linear_in_time():
    surface = SmileSurface.from_quotes([0.1, 0.3], [0.0, 0.0], [0.3, 0.2])
    assert float(surface.volatility(0.0, 0.2)) ** 2 * 0.2 == pytest.approx((0.09 * 0.1 + 0.04 * 0.3) / 2)


def test_quotes_of_one_strike_are_averaged_by_weight_and_worthless_ones_left_out():
    surface = SmileSurface.from_quotes(
        0.1, [0.0, 0.0, 0.0, 0.1, 0.2], [0.2, 0.3, 9.9, np.nan, 0.5], [1.0, 3.0, 0.0, 1.0, np.nan]
    )
    assert float(surface.volatility(0.0, 0.1)) == pytest.approx(0.275)
    assert surface.moneyness.size == 1


def test_an_empty_surface_and_impossible_questions_have_no_answer():
    empty = SmileSurface.from_quotes([], [], [])
    assert np.isnan(empty.volatility([0.0, 0.1], 0.1)).all()
    surface = SmileSurface.from_quotes(0.1, 0.0, 0.2)
    assert np.isnan(surface.volatility([0.0, np.nan, 0.0], [np.nan, 0.1, -0.1])).all()
    assert surface.volatility(np.zeros((2, 3)), 0.2).shape == (2, 3)


shapes = st.builds(
    SmileShape,
    skew=st.floats(-0.85, 0.2),
    curvature=st.floats(0.2, 1.08),
    flattening=st.floats(0.2, 0.5),
    long_level=st.floats(0.1, 0.35),
    reversion=st.floats(0.5, 6.0),
)


@given(shapes, st.floats(0.06, 0.9), st.floats(1.0 / 365.0, 2.0))
def test_no_butterfly_of_the_plain_smile_costs_less_than_nothing(shape, level, years):
    k = np.linspace(-8.0, 6.0, 141) * level * np.sqrt(years)
    strikes = np.exp(k)
    calls = price(True, 1.0, strikes, years, simple_equity_smile(k, years, level, shape), 1.0)
    slopes = np.diff(calls) / np.diff(strikes)
    assert (slopes <= 1e-10).all()
    assert (np.diff(slopes) >= -1e-9 / np.min(np.diff(strikes)) * 1e-4 - 1e-10).all()


@given(shapes, st.floats(0.06, 0.9), st.floats(-1.0, 0.6))
def test_total_variance_of_the_plain_smile_never_falls_with_time(shape, level, k):
    years = np.linspace(1.0 / 365.0, 2.0, 60)
    variance = simple_equity_smile(k, years, level, shape) ** 2 * years
    assert (np.diff(variance) >= -1e-14).all()


def test_the_plain_smile_has_the_shape_of_equities():
    k = np.log([0.8, 0.9, 1.0, 1.05])
    smile = simple_equity_smile(k, 30.0 / 365.0, 0.15)
    assert smile[2] == pytest.approx(0.15, rel=1e-12)
    assert smile[0] > smile[1] > smile[2] > smile[3]
    calm, wild = (simple_equity_smile(0.0, [30.0 / 365.0, 1.0], level) for level in (0.12, 0.5))
    assert calm[1] > calm[0]
    assert wild[1] < wild[0]


def test_a_shape_that_admits_arbitrage_is_refused():
    with pytest.raises(ParameterError, match=r"curvature=1\.5"):
        SmileShape(skew=-0.7, curvature=1.5)
    with pytest.raises(ParameterError, match="reversion"):
        SmileShape(reversion=0.0)


@given(st.floats(0.06, 0.9), shapes)
def test_a_level_and_its_volatility_index_are_a_round_trip(index, shape):
    level = float(level_from_index(index, shape))
    assert float(index_from_level(level, shape)) == pytest.approx(index, rel=1e-6)


def test_the_index_lies_above_the_money_by_its_skew_premium():
    level = level_from_index([0.12, 0.2, 0.4])
    assert (level < [0.12, 0.2, 0.4]).all()
    assert (level > [0.10, 0.16, 0.32]).all()
    assert np.isnan(level_from_index([np.nan, 0.0])).all()


def test_a_surface_says_where_its_quotes_lie_around_and_where_it_can_only_guess() -> None:
    years = np.array([0.1, 0.1, 0.1, 0.4, 0.4, 0.4])
    k = np.array([-0.1, 0.0, 0.1, -0.2, 0.0, 0.2])
    surface = SmileSurface.from_quotes(years, k, np.full(6, 0.2))
    assert surface.covers(0.05, 0.1)
    assert surface.covers(0.05, 0.2)
    assert not surface.covers(0.11, 0.1)
    assert not surface.covers(0.0, 0.05)
    assert not surface.covers(0.0, 0.5)
    # Between expiries the narrower one, at equal moneyness over the root of time, decides.
    assert surface.covers(0.1 * np.sqrt(2.0) - 1e-6, 0.2)
    assert not surface.covers(0.1 * np.sqrt(2.0) + 1e-6, 0.2)
    assert not SmileSurface.from_quotes([], [], []).covers(0.0, 0.1)
