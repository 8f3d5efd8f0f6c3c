"""What is lacking is said before the first refusal, with what to do; and nothing where nothing is."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np

from engine.watched import LENIENT, at, past_bars, past_vix
from execution.tapes import CALENDAR
from strikewise.domain.quotes import DailyBars
from strikewise.market.memory_source import MemorySource
from strikewise.market.view import Market, MarketView
from strikewise.risk.governor import Governor
from strikewise.risk.readiness import lacks


def view_of(*bars: DailyBars, vix: bool = True, days: int = 0) -> MarketView:
    source = MemorySource(bars=list(bars), series=[past_vix()] if vix else [])
    return Market(source, CALENDAR).view(at(60) + timedelta(days=days))


def named(symbol: str, *, noise: float = 0.0) -> DailyBars:
    bars = past_bars()
    other = np.exp(np.cumsum(np.random.default_rng(3).normal(0.0, noise, len(bars.close))))
    return replace(bars, symbol=symbol, close=bars.close * other)


def test_an_account_that_lacks_nothing_hears_nothing() -> None:
    assert lacks(view_of(past_bars()), ["SPY"], LENIENT) == ()


def test_an_empty_home_is_told_what_to_import_of_each_underlying() -> None:
    (said, other, together) = lacks(view_of(vix=False), ["SPY", "QQQ"], Governor())
    assert said.startswith("Nothing is opened on SPY: its value at risk is not known (underlying=SPY ")
    assert "daily bars of SPY and of VIX, of 250 sessions" in said
    assert "on QQQ" in other
    assert "SPY and QQQ are not held together" in together


def test_bars_without_volatilities_or_too_old_are_not_enough() -> None:
    (said,) = lacks(view_of(past_bars(), vix=False), ["SPY"], LENIENT)
    assert "volatility_index=none" in said
    (said,) = lacks(view_of(past_bars(), days=100), ["SPY"], LENIENT)
    assert "oldest_days=60" in said


def test_a_short_past_says_how_short() -> None:
    (said,) = lacks(view_of(past_bars()), ["SPY"], replace(LENIENT, var_least_sessions=400))
    assert "sessions=299 least=400" in said
    assert "of 400 sessions at least" in said


def test_underlyings_that_move_as_one_are_told_with_the_key_that_allows_them() -> None:
    view = view_of(past_bars(), named("QQQ", noise=0.001))
    (said,) = lacks(view, ["SPY", "QQQ"], LENIENT)
    assert said.startswith("SPY and QQQ are not held together: their correlation is 0.9")
    assert said.endswith("the limit 0.7. Set max_correlation under [governor] to allow it.")
    assert lacks(view, ["SPY", "QQQ"], replace(LENIENT, max_correlation=1.0)) == ()
    assert lacks(view_of(past_bars(), named("QQQ", noise=0.05)), ["SPY", "QQQ"], LENIENT) == ()
    assert lacks(view_of(past_bars()), ["SPY", "SPX"], LENIENT) == (), "one index is one underlying"
