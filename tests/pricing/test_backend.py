"""Two implementations, one set of numbers; and prices even where the compiler or its cache is missing."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mpmath import mp, mpf

from pricing.exact import domain
from strikewise.pricing import compiled_kernels, compiled_math, compiler
from strikewise.pricing.backend import ARRAY, COMPILED, DEFAULT, numba_available
from strikewise.pricing.black_scholes import forward_greeks, greeks, price
from strikewise.pricing.implied_vol import implied_volatility


def test_the_compiled_kernels_are_the_default_where_numba_is_installed():
    assert numba_available
    assert COMPILED is not None
    assert DEFAULT is COMPILED


def test_both_implementations_give_the_same_prices_greeks_and_volatilities():
    is_call, forward, strike, years, volatility = domain(20_000, seed=5)
    is_call = np.where(np.arange(is_call.size) % 3 == 0, ~is_call, is_call)
    columns = (is_call, forward, strike, years, volatility)
    assert _difference(*(price(*columns, 0.97, kernels=k) for k in (ARRAY, COMPILED))) < 2e-13
    tame = np.abs(np.log(strike / forward)) < 1.5 * volatility * np.sqrt(years)
    for ours in (greeks, forward_greeks):
        if ours is greeks:
            rows = (is_call, forward, strike, years, volatility, 0.04, 0.01)
        else:
            rows = (is_call, forward, 1.01 * forward, strike, years, volatility, 0.97)
        for array, compiled in zip(ours(*rows, kernels=ARRAY), ours(*rows, kernels=COMPILED), strict=True):
            assert _difference(array[tame], compiled[tame]) < 1e-11
            assert np.max(np.abs(array - compiled) / (1e-300 + np.max(np.abs(array)))) < 1e-13
    prices = price(is_call, forward, strike, years, volatility, 0.97)
    array, compiled = (
        implied_volatility(is_call, prices, forward, strike, years, 0.97, kernels=k)
        for k in (ARRAY, COMPILED)
    )
    assert np.array_equal(np.isnan(array), np.isnan(compiled))
    out = (is_call == (strike >= forward)) & (prices < 0.9 * np.minimum(forward, strike))
    assert _difference(array[out], compiled[out]) < 2e-13


@pytest.mark.parametrize("american", [False, True])
def test_both_implementations_find_the_same_breakevens_and_profits_of_pairs(american):
    generator, n = np.random.default_rng(11), 400
    side = generator.choice([-1.0, 1.0], n)
    near = generator.uniform(80.0, 120.0, n)
    far = near + generator.choice([-10.0, 0.0, 10.0], n)
    forward, growth = generator.uniform(95.0, 105.0, n), generator.uniform(0.98, 1.02, n)
    near_total, far_total = generator.uniform(0.01, 0.3, n), generator.uniform(0.02, 0.4, n)
    cost, discount = generator.uniform(0.0, 12.0, n), generator.uniform(0.95, 1.0, n)
    row = (side, near, far, forward, near_total, growth, discount, far_total, cost)
    array, compiled = np.empty((3, n)), np.empty((3, n))
    grid = np.linspace(-4.0, 4.0, 49)
    ARRAY.pair_profits(array, *row, grid, american)
    COMPILED.pair_profits(compiled, *row, grid, american)
    assert np.array_equal(np.isnan(array), np.isnan(compiled))
    assert 0.1 < np.isnan(array[:2]).mean() < 0.9
    assert np.nanmax(np.abs(array - compiled)) < 1e-10


def _difference(a: np.ndarray, b: np.ndarray) -> float:
    zero = (a == 0.0) & (b == 0.0)
    return float(np.max(np.abs(np.where(zero, 0.0, a / np.where(zero, 1.0, b) - 1.0))))


@given(st.integers(1, 700), st.integers(0, 2**32 - 1))
def test_an_option_has_the_same_bits_alone_and_in_any_array(n, seed):
    generator = np.random.default_rng(seed)
    strike = generator.uniform(80.0, 120.0, n)
    sigma = generator.uniform(0.05, 1.0, n)
    prices = price(True, 100.0, strike, 0.3, sigma, 0.99)
    which = int(generator.integers(n))
    assert price(True, 100.0, strike[which], 0.3, sigma[which], 0.99) == prices[which]
    many = greeks(False, 100.0, strike, 0.3, sigma, 0.05, 0.0)
    one = greeks(False, 100.0, strike[which], 0.3, sigma[which], 0.05, 0.0)
    assert [float(value) for value in one] == [float(column[which]) for column in many]


@given(st.floats(-700.0, 700.0))
def test_our_exponential_is_right_to_the_last_digit(x):
    assert compiled_math.exp(x) == pytest.approx(float(mp.exp(mpf(x))), rel=3e-16)


@given(st.floats(1e-150, 1e150), st.floats(1e-150, 1e150))
def test_our_logarithm_of_a_ratio_is_right_to_the_last_digits(a, b):
    exact = float(mp.log(mpf(a) / mpf(b)))
    assert compiled_math.log_ratio(a, b) == pytest.approx(exact, rel=1e-15, abs=0.0)


@given(st.floats(0.5, 5000.0), st.floats(-1e-3, 1e-3))
def test_our_logarithm_keeps_its_digits_near_one(a, gap):
    b = a * (1.0 + gap)
    exact = float(mp.log(mpf(a) / mpf(b)))
    assert compiled_math.log_ratio(a, b) == pytest.approx(exact, rel=1e-15, abs=0.0)


@given(st.floats(-0.6, 80.0))
def test_our_mills_ratio_is_right_to_the_last_digits(z):
    exact = mp.sqrt(mp.pi / 2) * mp.exp(mpf(z) ** 2 / 2) * mp.erfc(mpf(z) / mp.sqrt(2))
    assert compiled_math.mills(z) == pytest.approx(float(exact), rel=2e-15)


def test_missing_numbers_stay_missing_in_our_exponential_and_extremes_are_bounds():
    assert np.isnan(compiled_math.exp(np.nan))
    assert 0.0 < compiled_math.exp(-1e9) < 1e-307
    assert 1e307 < compiled_math.exp(1e9) < np.inf


def test_without_numba_everything_is_still_priced():
    script = (
        "import sys; sys.modules['numba'] = None\n"
        "from strikewise.pricing import backend\n"
        "from strikewise.pricing.black_scholes import price\n"
        "from strikewise.pricing.implied_vol import implied_volatility\n"
        "assert not backend.numba_available and backend.DEFAULT is backend.ARRAY\n"
        "backend.warm_up()\n"
        "value = price(True, 100.0, 105.0, 0.5, 0.2, 0.98)\n"
        "print(float(implied_volatility(True, value, 100.0, 105.0, 0.5, 0.98)))\n"
    )
    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert float(answer.stdout) == pytest.approx(0.2, rel=1e-13)


def test_without_a_writable_cache_folder_the_kernels_are_still_compiled(monkeypatch):
    class NowhereToWrite:
        @classmethod
        def from_function(cls, function, path):
            return None

    monkeypatch.setattr("numba.core.caching.CacheImpl._locator_classes", [NowhereToWrite])

    def double(values: np.ndarray) -> np.ndarray:
        return values + values

    assert compiler.compiled(double)(np.array([1.0, 2.0])).tolist() == [2.0, 4.0]


def test_whatever_arrays_are_handed_in_the_kernels_are_compiled_once():
    strikes = np.linspace(80.0, 120.0, 40)
    frozen = strikes.copy()
    frozen.flags.writeable = False
    for strike in (
        100.0,
        strikes,
        frozen,
        strikes[::2],
        strikes.reshape(5, 8).T,
        strikes.astype("float32"),
        [90, 100],
    ):
        for volatility in (0.2, np.full(np.shape(strike), 0.2)):
            price(True, 100.0, strike, 0.5, volatility, 0.98)
    assert len(compiled_kernels.price.signatures) == 1
