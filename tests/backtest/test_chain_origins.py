"""Where the chains of a run came from."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np

from execution.tapes import close_of, put, tape
from strikewise.backtest.chain_origins import chain_origins
from strikewise.backtest.reconstruct.recipe import recipe_for
from strikewise.domain.chain import GRADES
from strikewise.domain.quotes import Grade
from strikewise.market.memory_source import MemorySource

DAYS = [date(2024, 2, day) for day in (5, 6, 7, 8)]
MADE = recipe_for("SPY", spread_multiplier=2.0).source


def source() -> MemorySource:
    """Two reconstructed days of SPY, one of both kinds, a recorded one; and QQQ, recorded."""
    spy = tape({close_of(day): (490.0, [(put(480), 100, 110)]) for day in DAYS})
    made, recorded = GRADES.index(Grade.RECONSTRUCTED), GRADES.index(Grade.QUOTES)
    spy = replace(
        spy,
        grade=np.array([made, made, made, recorded], dtype=np.int8),
        source=np.array([0, 0, 1, 2], dtype=np.int16),
        sources=(MADE, f"optionsdx + {MADE}", "optionsdx"),
    )
    qqq = tape(
        {close_of(day): (420.0, [(put(400, underlying="QQQ"), 1, 2)]) for day in DAYS}, underlying="QQQ"
    )
    return MemorySource([spy, replace(qqq, grade=np.full(4, recorded, dtype=np.int8))])


def test_every_source_is_told_with_its_days_and_spreads() -> None:
    made, both, recorded = chain_origins(source(), ["SPY"], DAYS[0], DAYS[3])
    assert (made.source, made.grade, made.chains) == (MADE, Grade.RECONSTRUCTED, 2)
    assert (made.first, made.last) == (DAYS[0], DAYS[1])
    assert [one.spread_multiplier for one in (made, both, recorded)] == [2.0, 2.0, None]
    assert "any edge smaller than a volatility point" in both.limits
    assert (recorded.grade, recorded.limits) == (Grade.QUOTES, "")


def test_only_what_the_run_saw_is_told() -> None:
    (one,) = chain_origins(source(), ["SPY", "XOM"], DAYS[1], DAYS[1])
    assert (one.underlying, one.chains, one.first, one.last) == ("SPY", 1, DAYS[1], DAYS[1])
    assert {one.underlying for one in chain_origins(source(), ["SPY", "QQQ"], DAYS[0], DAYS[3])} == {
        "SPY",
        "QQQ",
    }
    assert chain_origins(source(), ["SPY"], date(2023, 1, 1), date(2023, 12, 31)) == ()
