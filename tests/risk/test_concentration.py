"""Sectors and correlations: symbols of one index are one, what nobody classified is by itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from execution.tapes import put
from risk.risk_markets import EXPIRY, TODAY, closes, held, view_of, volatility_index
from strikewise.domain.quotes import DailyBars
from strikewise.risk.concentration import correlation, sector_cents
from strikewise.risk.past_moves import Unpriced
from strikewise.risk.sectors import SECTORS, family_of, sector_of

MARKET = closes("SPY", 500.0, seed=3)


def with_stock(share: float, seed: int = 11) -> float | Unpriced:
    stock = closes("AAA", 100.0, seed=seed, of=MARKET, share=share)
    view = view_of({"SPY": 500.0, "AAA": 100.0}, bars=[MARKET, stock, volatility_index(MARKET)])
    return correlation(view, "SPY", "AAA", 120)


def test_known_symbols_have_sectors_and_an_unknown_one_is_its_own() -> None:
    assert sector_of("NVDA") == "Information technology"
    assert sector_of("GOOG") == "Communication services"
    assert sector_of("JPM") == "Financials"
    assert sector_of("ZZZZ") == "ZZZZ"
    assert sector_of("ZZZZ", {"ZZZZ": "Energy"}) == "Energy"
    assert sector_of("NVDA", {"NVDA": "Chips"}) == "Chips"


@pytest.mark.parametrize("symbol", ["SPX", "SPY", "XSP", "VOO"])
def test_an_index_and_its_funds_are_one(symbol: str) -> None:
    assert family_of(symbol) == sector_of(symbol) == "S&P 500"


def test_each_symbol_stands_in_one_sector_only() -> None:
    assert all(symbol == symbol.strip() and sector for symbol, sector in SECTORS.items())
    assert len(SECTORS) > 200


def test_a_sector_adds_up_what_its_symbols_have_at_stake_or_hold() -> None:
    ours = [
        held(
            {put(480, EXPIRY, "NVDA"): -1, put(470, EXPIRY, "NVDA"): 1},
            name="a",
            max_loss=90_000,
            margin=100_000,
        ),
        held(
            {put(150, EXPIRY, "AAPL"): -1, put(145, EXPIRY, "AAPL"): 1},
            name="b",
            max_loss=45_000,
            margin=40_000,
        ),
        held({put(50, EXPIRY, "XOM"): 1}, name="c", max_loss=20_000, margin=0),
    ]
    assert sector_cents(ours, {}) == {"Information technology": 145_000, "Energy": 20_000}


@given(st.permutations(list(range(4))))
def test_sectors_do_not_depend_on_the_order_of_positions(order: list[int]) -> None:
    ours = [
        held({put(50 + n, EXPIRY, symbol): 1}, name=symbol, max_loss=10_000 * (n + 1), margin=0)
        for n, symbol in enumerate(("XOM", "CVX", "NVDA", "ZZZ"))
    ]
    assert sector_cents([ours[n] for n in order], {}) == sector_cents(ours, {})


@pytest.mark.parametrize("share", [0.0, 0.5, 0.9, 1.0])
def test_a_correlation_is_that_of_the_returns(share: float) -> None:
    found = with_stock(share)
    assert isinstance(found, float)
    # The sample of 120 strays from the share it was drawn with by one over the root of 120, three times.
    assert abs(found - share) < 3 * (1 - share**2) / np.sqrt(120) + 1e-6


def test_a_correlation_is_that_of_the_last_sessions_and_a_gap_is_no_return() -> None:
    stock = closes("AAA", 100.0, seed=5, of=MARKET, share=0.9)
    noise, steps = np.random.default_rng(4).normal(0.0, 0.05, len(stock.days)), np.ones(len(stock.days))
    steps[:150] = np.exp(noise[:150])
    before = replace(stock, close=stock.close * steps)
    lately = _correlation(stock)
    assert _correlation(before) == pytest.approx(lately, abs=1e-12)
    kept = np.ones(len(stock.days), dtype=np.bool_)
    kept[-60:-50] = False
    jumped = stock.close.copy()
    jumped[:-55] *= 3.0  # within what is missing
    columns = ("days", "open", "high", "low", "volume", "known_at")
    cut = replace(stock, close=jumped[kept], **{one: getattr(stock, one)[kept] for one in columns})
    assert abs(_correlation(cut) - lately) < 0.1


def _correlation(stock: DailyBars) -> float:
    view = view_of({"SPY": 500.0, "AAA": 100.0}, bars=[MARKET, stock])
    found = correlation(view, "SPY", "AAA", 120)
    assert isinstance(found, float)
    return found


def test_a_past_that_is_too_old_or_stands_still_says_nothing_of_today() -> None:
    long_ago = TODAY - timedelta(days=90)
    bars = [closes("SPY", 500.0, until=long_ago), closes("AAA", 100.0, seed=5, until=long_ago)]
    old = correlation(view_of({"SPY": 500.0, "AAA": 100.0}, bars=bars), "SPY", "AAA", 120)
    assert old == Unpriced("underlyings=SPY,AAA last_days_ago=90 oldest_days=60")
    still = replace(MARKET, symbol="AAA", close=np.full(len(MARKET.days), 100.0))
    found = correlation(view_of({"SPY": 500.0, "AAA": 100.0}, bars=[MARKET, still]), "SPY", "AAA", 120)
    assert found == Unpriced("underlyings=SPY,AAA returns=constant")


def test_symbols_of_one_index_are_one_underlying_without_looking() -> None:
    assert correlation(view_of({"SPY": 500.0}, bars=[]), "SPY", "SPX", 120) == 1.0


def test_without_enough_common_sessions_it_is_unknown_and_not_zero() -> None:
    view = view_of({"SPY": 500.0, "AAA": 100.0}, bars=[MARKET])
    assert correlation(view, "SPY", "AAA", 120) == Unpriced("underlying=AAA bars=none")
    short = closes("AAA", 100.0, sessions=100)
    view = view_of({"SPY": 500.0, "AAA": 100.0}, bars=[MARKET, short])
    found = correlation(view, "SPY", "AAA", 120)
    assert isinstance(found, Unpriced)
    assert "sessions=99 least=120" in found.detail
