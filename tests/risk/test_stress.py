"""Stress on the book as it stands: nothing sold gains beyond its premium, and the days are of the record."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from execution.tapes import CALENDAR, call, put
from risk.risk_markets import EXPIRY, chain, closes, held, past, view_of, volatility_index
from shared_data import DATA
from strikewise.domain.instruments import OptionContract, Stock
from strikewise.market.memory_source import MemorySource
from strikewise.market.view import Market
from strikewise.risk.past_moves import Unpriced
from strikewise.risk.revaluation import RiskBook, book_of
from strikewise.risk.stress import (
    GRID_DAYS,
    GRID_SPOTS,
    GRID_VOLATILITIES,
    SHOCKS,
    beta_of,
    shock_result,
    stress_grid,
)

VIEW = view_of({"SPY": 500.0})
shorts = st.dictionaries(
    st.sampled_from(
        [put(k, EXPIRY) for k in range(420, 580, 5)] + [call(k, EXPIRY) for k in range(420, 580, 5)]
    ),
    st.integers(-5, -1),
    min_size=1,
    max_size=6,
)
widths = st.lists(st.floats(0.0, 0.9), min_size=1, max_size=4)


def book(legs: dict[OptionContract | Stock, int], quantity: int = 1) -> RiskBook:
    found = book_of([held(legs, quantity=quantity)], VIEW)
    assert isinstance(found, RiskBook)
    return found


@given(shorts, widths, st.integers(0, 60))
def test_what_is_only_sold_never_gains_more_than_its_premium_however_wide_the_stress(
    legs: dict[OptionContract, int], wide: list[float], days: int
) -> None:
    sold = book(legs)  # type: ignore[arg-type]
    premium = -float(sold.value()[0])
    both_ways = tuple(sorted({0.0, *wide, *(-one for one in wide)}))
    grid = stress_grid(sold, spots=both_ways, volatilities=both_ways, days=(0, days))
    assert grid.profit.max() <= premium + 1e-6


@given(shorts, st.floats(0.0, 0.5), st.floats(0.0, 0.5))
def test_a_wider_stress_is_never_kinder(legs: dict[OptionContract, int], one: float, other: float) -> None:
    sold = book(legs)  # type: ignore[arg-type]
    near, far = sorted((one, other))
    narrow = stress_grid(sold, spots=(-near, 0.0, near), volatilities=(-near, 0.0, near))
    wide = stress_grid(sold, spots=(-far, -near, 0.0, near, far), volatilities=(-far, -near, 0.0, near, far))
    assert wide.profit.min() <= narrow.profit.min()
    assert wide.worst[0] == wide.profit.min()


def test_the_grid_reaches_as_far_as_was_asked_for() -> None:
    assert (min(GRID_SPOTS), max(GRID_SPOTS)) == (-0.20, 0.20)
    assert (min(GRID_VOLATILITIES), max(GRID_VOLATILITIES)) == (-0.50, 0.50)
    assert GRID_DAYS[0] == 0
    assert max(GRID_DAYS) > 1
    grid = stress_grid(book({put(480, EXPIRY): -1}))
    still = grid.profit[0, GRID_VOLATILITIES.index(0.0), GRID_SPOTS.index(0.0)]
    assert still == 0.0


@pytest.mark.parametrize("spot", [-0.15, -0.03, 0.0, 0.08])
def test_beyond_its_expiration_a_structure_is_worth_its_payoff(spot: float) -> None:
    legs = {put(480, EXPIRY): -1, put(470, EXPIRY): 1, call(520, EXPIRY): -1, call(530, EXPIRY): 1}
    condor = held(legs)
    found = book(legs).value(spot, 0.5, 200.0)[0]
    assert found == pytest.approx(float(condor.structure.payoff_cents(50_000 * (1 + spot))) / 100)


def test_shares_move_with_the_price_alone() -> None:
    grid = stress_grid(book({Stock("SPY"): 100}))
    assert np.allclose(grid.profit, 50_000 * np.array(GRID_SPOTS))


def test_an_option_that_may_be_exercised_is_worth_its_intrinsic_value_at_least() -> None:
    deep = book({put(580, EXPIRY): 1})
    assert float(deep.value(-0.2)[0]) >= 100 * (580 - 400) - 1e-9


def test_each_named_shock_is_there_with_its_numbers() -> None:
    named = {shock.name: shock for shock in SHOCKS}
    assert set(named) == {"2018-02-05", "2020-03-16", "2024-08-05", "flash crash", "limit-down halt"}
    halt = named["limit-down halt"]
    assert halt.days == 1.0
    assert halt.families["S&P 500"] == pytest.approx(0.80 * 0.93 - 1)


@pytest.mark.shared
def test_the_named_days_are_those_of_the_record() -> None:
    table = pl.read_parquet(DATA / "daily_etf_index.parquet")

    def last_two(symbol: str, day: date) -> list[dict[str, float]]:
        mine = table.filter((pl.col("symbol") == symbol) & (pl.col("date") <= day)).sort("date").tail(2)
        return mine.select("low", "high", "close").to_dicts()

    for shock in SHOCKS:
        day = shock.day or date(2010, 5, 6)
        if shock.name == "limit-down halt":
            continue
        for symbol, family in (("SPX", "S&P 500"), ("NDX", "Nasdaq 100"), ("IWM", "Russell 2000")):
            before, after = last_two(symbol, day)
            reached = after["close"] if shock.day else after["low"]
            assert shock.families[family] == pytest.approx(reached / before["close"] - 1, abs=1e-4)
        before, after = last_two("VIX", day)
        reached = after["close"] if shock.day else after["high"]
        assert shock.volatility == pytest.approx(reached / before["close"] - 1, abs=1e-6)


def test_a_symbol_whose_bars_reach_back_moves_as_it_did_and_others_as_their_index() -> None:
    day = date(2024, 8, 5)
    at = CALENDAR.session_close(date(2024, 9, 3))
    bars = closes("SPY", 500.0, until=date(2024, 9, 3))
    row = int(np.searchsorted(bars.days, (day - date(1970, 1, 1)).days))
    own = float(bars.close[row] / bars.close[row - 1] - 1)
    source = MemorySource([chain("SPY", 500.0, at=at), chain("QQQ", 400.0, at=at)], bars=[bars])
    view = Market(source, CALENDAR).view(at)
    both = [held({Stock("SPY"): 1}), held({Stock("QQQ"): 1}, name="q")]
    both_book = book_of(both, view)
    assert not isinstance(both_book, Unpriced)
    shock = next(one for one in SHOCKS if one.name == "2024-08-05")
    found = shock_result(shock, both_book, view)
    assert found.moves["SPY"] == pytest.approx(own)
    assert found.moves["QQQ"] == shock.families["Nasdaq 100"]
    assert found.profit == pytest.approx(500 * own + 400 * shock.families["Nasdaq 100"])


def test_a_stock_moves_by_its_beta_and_by_one_where_that_is_unknown_which_is_told() -> None:
    market = closes("SPY", 500.0, seed=3)
    twice = closes("AAA", 100.0, seed=4, of=market, share=1.0)
    shock = next(one for one in SHOCKS if one.name == "flash crash")
    view = view_of({"SPY": 500.0, "AAA": 100.0, "BBB": 50.0}, bars=[market, twice, volatility_index(market)])
    assert beta_of(view, "AAA") == pytest.approx(1.0, abs=0.02)
    both = book_of([held({Stock("AAA"): 1}), held({Stock("BBB"): 1}, name="b")], view)
    assert not isinstance(both, Unpriced)
    found = shock_result(shock, both, view)
    assert found.assumed == ("BBB",)
    assert found.moves["BBB"] == shock.families["S&P 500"]


def test_no_beta_takes_a_price_below_nought_and_a_short_past_gives_none() -> None:
    market = closes("SPY", 500.0, seed=3)
    wild = closes("AAA", 100.0, of=market, share=1.0)
    wild = replace(wild, close=100.0 * np.exp(5.0 * np.log(wild.close / 100.0)))
    young = closes("BBB", 50.0, of=market, share=1.0, sessions=61)
    bars = [market, wild, young, volatility_index(market)]
    view = view_of({"SPY": 500.0, "AAA": 100.0, "BBB": 50.0}, bars=bars)
    assert beta_of(view, "AAA") == pytest.approx(5.0, abs=0.1)
    assert beta_of(view, "BBB") == pytest.approx(1.0, abs=0.1)
    shorter = [*bars[:2], closes("BBB", 50.0, of=market, share=1.0, sessions=60), bars[3]]
    assert beta_of(view_of({"SPY": 500.0, "BBB": 50.0}, bars=shorter), "BBB") is None
    shares = book_of([held({Stock("AAA"): 1})], view)
    assert not isinstance(shares, Unpriced)
    halt = next(one for one in SHOCKS if one.name == "limit-down halt")
    assert shock_result(halt, shares, view).moves == {"AAA": -0.99}


def test_a_halt_that_lasts_a_day_costs_a_day() -> None:
    bought = book({put(480, EXPIRY): 1})
    halt = next(one for one in SHOCKS if one.name == "limit-down halt")
    still = replace(halt, families=dict.fromkeys(halt.families, 0.0), volatility=0.0)
    assert shock_result(still, bought, VIEW).profit == pytest.approx(float(bought.profit(0.0, 0.0, 1.0)[0]))
    assert shock_result(still, bought, VIEW).profit < 0


def test_time_alone_brings_what_was_sold_its_decay() -> None:
    sold = book({put(480, EXPIRY): -1})
    week = float(sold.profit(0.0, 0.0, 7.0)[0])
    assert 0 < week < -float(sold.value()[0])


def test_a_past_of_other_symbols_changes_no_stress() -> None:
    other = view_of({"SPY": 500.0}, bars=[*past({"SPY": 500.0}), closes("ZZZ", 10.0)])
    legs = {put(480, EXPIRY): -1}
    there = book_of([held(legs)], other)
    assert not isinstance(there, Unpriced)
    assert np.array_equal(stress_grid(there).profit, stress_grid(book(legs)).profit)
