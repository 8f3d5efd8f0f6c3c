"""Prices and dividends stand in the dollars of their day, whatever a vendor adjusted them for."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.feeds.files import opened
from shared_data import DATA
from strikewise.adapters.feeds.importers import import_path
from strikewise.adapters.store.printed import bars_as_printed, dividends_as_printed
from strikewise.domain.instruments import date_of, days_of
from strikewise.domain.quotes import DailyBars, Dividend, Split
from strikewise.market.bar_features import PriceFrame
from strikewise.market.calendar import SessionCalendar
from strikewise.market.view import Market

FIRST = days_of(date(2024, 1, 2))
COUNT = 80


def bars_of(close: np.ndarray, scale: np.ndarray | float = 1.0) -> DailyBars:
    days = np.arange(FIRST, FIRST + len(close), dtype=np.int32)
    open_ = np.concatenate([close[:1], close[:-1] * 1.001])
    high, low = np.maximum(open_, close) * 1.01, np.minimum(open_, close) * 0.99
    columns = (np.asarray(each * scale) for each in (open_, high, low, close))
    known_at = days.astype(np.int64) * 86_400 + 75_600
    return DailyBars("X", days, *columns, 1000.0 / (np.ones(len(close)) * scale), known_at)


@given(
    ratio=st.sampled_from([10.0, 4.0, 2.0, 1.5, 0.2, 0.125]),
    row=st.integers(1, COUNT - 1),
    seed=st.integers(0, 99),
)
def test_adjusted_and_printed_bars_come_to_the_same_printed_ones(ratio: float, row: int, seed: int) -> None:
    moves = np.clip(np.random.default_rng(seed).normal(0, 0.02, COUNT), -0.08, 0.08)
    adjusted = bars_of(100 * np.exp(np.cumsum(moves)))
    printed = bars_of(adjusted.close, np.where(np.arange(COUNT) < row, ratio, 1.0))
    splits = [Split("X", date_of(FIRST + row), ratio)]
    for given_bars in (adjusted, printed):
        found = bars_as_printed(given_bars, splits)
        for name in ("open", "high", "low", "close", "volume"):
            assert getattr(found, name) == pytest.approx(getattr(printed, name))
    for name in ("rv20", "rsi14", "return20", "boll_pct"):
        before, after = PriceFrame(adjusted, splits).column(name), PriceFrame(printed, splits).column(name)
        assert after == pytest.approx(before, nan_ok=True)


def test_a_split_outside_the_bars_or_too_small_to_see_changes_nothing() -> None:
    bars = bars_of(np.full(10, 50.0))
    for day, ratio in ((FIRST, 4.0), (FIRST + 10, 4.0), (FIRST + 5, 1.05)):
        assert bars_as_printed(bars, [Split("X", date_of(day), ratio)]) is bars


def test_a_dividend_without_another_on_the_far_side_of_a_split_is_left() -> None:
    paid = [Dividend("X", date(2024, 1, 5), 0.5, 0), Dividend("X", date(2024, 4, 5), 0.5, 0)]
    assert dividends_as_printed(paid, [Split("X", date(2024, 6, 3), 4.0)]) == tuple(paid)
    first, second = dividends_as_printed(paid, [Split("X", date(2024, 3, 1), 4.0)])
    assert (first.amount, second.amount) == (2.0, 0.5)


@pytest.mark.shared
def test_recorded_stocks_stand_at_the_prices_that_their_options_were_struck_at(tmp_path: Path) -> None:
    source = opened(tmp_path)
    for name in ("daily_stocks.parquet", "splits.csv", "dividends.csv"):
        import_path(DATA / name, source)
    closes = {
        ("NVDA", date(2024, 6, 7)): 1208.88,
        ("NVDA", date(2024, 6, 10)): 121.79,
        ("AAPL", date(2020, 8, 28)): 499.23,
        ("AAPL", date(2020, 8, 31)): 129.04,
        ("GOOG", date(2022, 7, 15)): 2255.34,
        ("TSLA", date(2020, 8, 28)): 2213.40,
    }
    for (symbol, day), close in closes.items():
        bars = source.bars(symbol)
        assert bars is not None
        (row,) = np.flatnonzero(bars.days == days_of(day))
        assert bars.close[row] == pytest.approx(close, abs=0.06)
    amounts = {one.ex_date: one.amount for one in source.dividends("NVDA")}
    assert (amounts[date(2024, 3, 5)], amounts[date(2024, 6, 11)]) == (pytest.approx(0.04), 0.01)
    market = Market(source, SessionCalendar())
    view = market.view(datetime(2024, 6, 10, 20, tzinfo=UTC))
    assert view.features("NVDA")["sma20"] == pytest.approx(105.6, abs=2.5), "in the shares of the day"
    assert abs(view.features("NVDA")["return1"]) < 0.05
