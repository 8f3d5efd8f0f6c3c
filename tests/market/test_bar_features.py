from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market.recorded import recorded_bars
from market.tapes import CALENDAR, bars_of
from strikewise.domain.quotes import DailyBars, Split
from strikewise.market.bar_features import BAR_FEATURES, PriceFrame

SESSIONS = CALENDAR.sessions(date(2023, 1, 1), date(2025, 6, 30))


def walking_bars(length: int = 300, seed: int = 1) -> DailyBars:
    generator = np.random.default_rng(seed)
    close = 400 * np.exp(np.cumsum(generator.normal(0, 0.01, length)))
    start = close * np.exp(generator.normal(0, 0.004, length))
    high = np.maximum(start, close) * (1 + generator.uniform(0, 0.01, length))
    low = np.minimum(start, close) * (1 - generator.uniform(0, 0.01, length))
    volume = generator.uniform(5e7, 1e8, length)
    return bars_of("SPY", SESSIONS[:length], close, open=start, high=high, low=low, volume=volume)


WALK = walking_bars()


@pytest.mark.parametrize("name", BAR_FEATURES)
@settings(max_examples=15, deadline=None)
@given(known=st.integers(0, len(WALK)), split_row=st.integers(1, len(WALK) - 1))
def test_a_feature_of_truncated_bars_is_that_of_all_bars_bit_for_bit(
    name: str, known: int, split_row: int
) -> None:
    splits = [Split("SPY", SESSIONS[split_row], 4.0)]
    printed = split_at(WALK, split_row, 4.0)
    whole = PriceFrame(printed, splits).column(name)
    part = PriceFrame(printed.head(known), splits).column(name)
    assert whole[:known].tobytes() == part.tobytes()


def split_at(bars: DailyBars, row: int, ratio: float) -> DailyBars:
    """Print bars as an exchange would, with a split on a row."""
    shares = np.where(np.arange(len(bars)) < row, 1.0, ratio)
    return DailyBars(
        bars.symbol,
        bars.days,
        bars.open / shares,
        bars.high / shares,
        bars.low / shares,
        bars.close / shares,
        bars.volume * shares,
        bars.known_at,
    )


LEVELS = {name for name, feature in BAR_FEATURES.items() if feature.unit == "dollars"}


@pytest.mark.parametrize("ratio", [4.0, 0.1, 1.5])
@pytest.mark.parametrize("name", BAR_FEATURES)
def test_a_split_changes_no_ratio_and_scales_levels_to_the_new_shares(name: str, ratio: float) -> None:
    row = 270
    plain = PriceFrame(WALK, ()).column(name)
    split = PriceFrame(split_at(WALK, row, ratio), [Split("SPY", SESSIONS[row], ratio)]).column(name)
    shares = np.where(np.arange(len(WALK)) < row, 1.0, ratio) if name in LEVELS else 1.0
    assert split == pytest.approx(plain / shares, rel=1e-9, abs=1e-9, nan_ok=True)


def test_bars_that_their_source_adjusted_already_are_left_alone() -> None:
    split = [Split("SPY", SESSIONS[250], 4.0)]
    assert PriceFrame(WALK, split).column("sma20").tobytes() == PriceFrame(WALK, ()).column("sma20").tobytes()


def test_moving_averages_and_bands_are_those_of_pandas() -> None:
    frame, close = PriceFrame(WALK, ()), pd.Series(WALK.close)
    fast, slow = (close.ewm(span=span, adjust=False).mean() for span in (12, 26))
    macd = fast - slow
    middle, deviation = close.rolling(20).mean(), close.rolling(20).std(ddof=0)
    oracle = {
        "sma50": close.rolling(50).mean(),
        "ema20": close.ewm(span=20, adjust=False, min_periods=20).mean(),
        "macd": macd.where(macd.index >= 25),
        "macd_signal": macd.ewm(span=9, adjust=False).mean().where(macd.index >= 33),
        "boll_upper": middle + 2 * deviation,
        "boll_lower": middle - 2 * deviation,
        "boll_pct": (close - middle + 2 * deviation) / (4 * deviation),
        "return20": close.pct_change(20),
        "high252_distance": close / pd.Series(WALK.high).rolling(252).max() - 1,
        "support20": pd.Series(WALK.low).rolling(20).min(),
        "resistance20": pd.Series(WALK.high).rolling(20).max(),
        "volume_surge": pd.Series(WALK.volume) / pd.Series(WALK.volume).rolling(20).mean().shift(1),
    }
    for name, expected in oracle.items():
        assert frame.column(name) == pytest.approx(expected.to_numpy(), rel=1e-9, abs=1e-9, nan_ok=True), name


def test_a_bar_without_a_close_is_left_out_rather_than_read_as_zero() -> None:
    holed = WALK.close.copy()
    holed[100] = np.nan
    bars = bars_of("SPY", SESSIONS[:300], holed)
    without = bars_of("SPY", [*SESSIONS[:100], *SESSIONS[101:300]], np.delete(WALK.close, 100))
    assert PriceFrame(bars, ()).column("rv20").tobytes() == PriceFrame(without, ()).column("rv20").tobytes()


def test_an_index_without_volume_has_no_volume_surge_but_all_else() -> None:
    bars = bars_of("SPX", SESSIONS[:300], WALK.close, volume=np.full(300, np.nan))
    frame = PriceFrame(bars, ())
    assert np.isnan(frame.column("volume_surge")).all()
    assert np.isfinite(frame.column("rsi14")[-1])


@pytest.mark.shared
def test_features_of_recorded_spy_bars_are_sane_on_every_session_once_begun() -> None:
    frame = PriceFrame(recorded_bars("SPY"), ())
    columns = {name: frame.column(name)[252:] for name in BAR_FEATURES}
    for name, values in columns.items():
        assert np.isfinite(values).all(), name
    assert (columns["support20"] <= columns["close"]).all()
    assert (columns["close"] <= columns["resistance20"]).all()
    assert (columns["high252_distance"] <= 0).all()
    assert 0.03 < columns["rv20"].min() < 0.06
    # The 20 sessions of March 2020 and of October 2008 moved at 80 to 100% a year.
    assert 0.8 < columns["rv20"].max() < 1.1
    crash = int(np.searchsorted(frame.days, 18337))  # 2020-03-16
    assert frame.column("return1")[crash] == pytest.approx(-0.1094, abs=0.0005)
