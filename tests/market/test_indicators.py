from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from strikewise.market import indicators

Array = NDArray[np.float64]

# StockCharts, ChartSchool: worked examples of RSI and ATR (Wilder's smoothing).
RSI_CLOSES = """
44.3389 44.0902 44.1497 43.6124 44.3278 44.8264 45.0955 45.4245 45.8433 46.0826 45.8931 46.0328
45.6140 46.2820 46.2820 46.0028 46.0328 46.4116 46.2222 45.6439 46.2122 46.2521 45.7137 46.4515
45.7835 45.3548 44.0288 44.1783 44.2181 44.5672 43.4205 42.6628 43.1314
"""
RSI = """
70.53 66.32 66.55 69.41 66.36 57.97 62.93 63.26 56.06 62.38 54.71 50.42 39.99 41.46 41.87 45.46
37.30 33.08 37.77
"""
ATR_HIGHS = """
48.70 48.72 48.90 48.87 48.82 49.05 49.20 49.35 49.92 50.19 50.12 49.66 49.88 50.19 50.36 50.57
50.65 50.43 49.63 50.33 50.29 50.17 49.32 48.50 48.32 46.80 47.80 48.39 48.66 48.79
"""
ATR_LOWS = """
47.79 48.14 48.39 48.37 48.24 48.64 48.94 48.86 49.50 49.87 49.20 48.90 49.43 49.73 49.26 50.09
50.30 49.21 48.98 49.61 49.20 49.43 48.08 47.64 41.55 44.28 47.31 47.20 47.90 47.73
"""
ATR_CLOSES = """
48.16 48.61 48.75 48.63 48.74 49.03 49.07 49.32 49.91 50.13 49.53 49.50 49.75 50.03 50.31 50.52
50.41 49.34 49.37 50.23 49.24 49.93 48.43 48.18 46.57 45.41 47.77 47.72 48.62 47.85
"""
ATR = "0.56 0.59 0.59 0.57 0.62 0.62 0.64 0.67 0.69 0.78 0.78 1.21 1.30 1.38 1.37 1.34 1.32"

prices = hnp.arrays(np.float64, st.integers(1, 80), elements=st.floats(0.5, 5_000.0, width=32))


def column(text: str) -> Array:
    return np.array([float(value) for value in text.split()])


def walk(length: int = 400, seed: int = 7) -> Array:
    return 100 * np.exp(np.cumsum(np.random.default_rng(seed).normal(0, 0.01, length)))


def test_the_relative_strength_index_is_that_of_the_published_example() -> None:
    found = indicators.relative_strength(column(RSI_CLOSES), 14)
    assert np.isnan(found[:14]).all()
    assert found[14:] == pytest.approx(column(RSI), abs=0.006)


def test_the_average_true_range_is_that_of_the_published_example() -> None:
    high, low, close = column(ATR_HIGHS), column(ATR_LOWS), column(ATR_CLOSES)
    found = indicators.wilder_average(indicators.true_range(high, low, close), 14)
    assert np.isnan(found[:13]).all()
    # The sheet was computed from unrounded prices.
    assert found[13:] == pytest.approx(column(ATR), abs=0.01)


def test_realised_volatility_is_that_of_hulls_example() -> None:
    # Hull, Options, Futures, and Other Derivatives, table 15.1: 1.216% a day, 19.3% a year.
    text = (
        "20.00 20.10 19.90 20.00 20.50 20.25 20.90 20.90 20.90 20.75 20.75 "
        "21.00 21.10 20.90 20.90 21.25 21.40 21.40 21.25 21.75 22.00"
    )
    found = indicators.realised_volatility(column(text), 20)
    assert found[-1] == pytest.approx(0.193, abs=0.0005)
    assert np.isnan(found[:-1]).all()


def test_parkinson_volatility_recovers_the_volatility_of_a_finely_sampled_walk() -> None:
    generator = np.random.default_rng(3)
    steps = generator.normal(0, 0.2 / np.sqrt(252 * 2000), (2000, 2000))
    paths = np.exp(np.cumsum(steps, axis=1))
    high, low = np.maximum(paths.max(axis=1), 1), np.minimum(paths.min(axis=1), 1)
    assert indicators.parkinson_volatility(high, low, 2000)[-1] == pytest.approx(0.2, rel=0.04)


@pytest.mark.parametrize("window", [1, 5, 20, 200])
def test_rolling_values_are_those_of_pandas(window: int) -> None:
    values = walk()
    rolling = pd.Series(values).rolling(window)
    assert indicators.rolling_mean(values, window) == pytest.approx(rolling.mean(), nan_ok=True, rel=1e-12)
    assert indicators.rolling_max(values, window) == pytest.approx(rolling.max(), nan_ok=True, rel=0)
    assert indicators.rolling_min(values, window) == pytest.approx(rolling.min(), nan_ok=True, rel=0)
    found = indicators.rolling_standard_deviation(values, window, sample=False)
    assert found == pytest.approx(rolling.std(ddof=0), nan_ok=True, rel=1e-8, abs=1e-9)


@pytest.mark.parametrize("span", [9, 26])
def test_exponential_averages_are_those_of_pandas(span: int) -> None:
    values = walk()
    oracle = pd.Series(values).ewm(span=span, adjust=False, min_periods=span).mean()
    assert indicators.exponential_average(values, span) == pytest.approx(oracle, nan_ok=True, rel=1e-12)


INDICATORS: dict[str, Callable[[Array], Array]] = {
    "mean": lambda values: indicators.rolling_mean(values, 5),
    "deviation": lambda values: indicators.rolling_standard_deviation(values, 5, sample=True),
    "max": lambda values: indicators.rolling_max(values, 7),
    "min": lambda values: indicators.rolling_min(values, 7),
    "change": lambda values: indicators.change(values, 20),
    "exponential": lambda values: indicators.exponential_average(values, 4),
    "wilder": lambda values: indicators.wilder_average(values, 4),
    "strength": lambda values: indicators.relative_strength(values, 4),
    "range": lambda values: indicators.true_range(values * 1.01, values * 0.99, values),
    "realised": lambda values: indicators.realised_volatility(values, 4),
    "parkinson": lambda values: indicators.parkinson_volatility(values * 1.01, values, 4),
}


@pytest.mark.parametrize("name", INDICATORS)
@given(values=prices, share=st.floats(0, 1))
def test_hiding_the_future_changes_no_bit_of_the_past(name: str, values: Array, share: float) -> None:
    known = int(share * len(values))
    whole, part = INDICATORS[name](values), INDICATORS[name](values[:known])
    assert whole[:known].tobytes() == part.tobytes()


@given(prices)
@example(np.array([0.5] + [2.0] * 17))
def test_relative_strength_lies_between_0_and_100(values: Array) -> None:
    found = indicators.relative_strength(values, 5)
    known = found[np.isfinite(found)]
    assert len(known) == max(0, len(values) - 5)
    assert ((known >= 0) & (known <= 100)).all()


def test_relative_strength_of_prices_that_only_rise_is_100_only_fall_0_never_move_50() -> None:
    steps = np.arange(1.0, 30.0)
    assert indicators.relative_strength(steps, 14)[-1] == 100
    assert indicators.relative_strength(steps[::-1], 14)[-1] == 0
    assert indicators.relative_strength(np.ones(30), 14)[-1] == 50


def test_wilders_average_begins_anew_after_a_gap() -> None:
    values = np.array([1.0, 2.0, 3.0, np.nan, 4.0, 6.0, 8.0])
    found = indicators.wilder_average(values, 2)
    assert found == pytest.approx([np.nan, 1.5, 2.25, np.nan, np.nan, 5.0, 6.5], nan_ok=True)
