"""Underlyings whose surface is the index's own."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from strikewise.backtest.demo_data import demo_bars, demo_series
from strikewise.backtest.reconstruct.evidence import observed_from
from strikewise.backtest.reconstruct.recipe import Observed, recipe_for
from strikewise.backtest.reconstruct.sessions import volatility_ratios
from strikewise.backtest.reconstruct.tape import reconstruct
from strikewise.domain.chain import OptionChain
from strikewise.domain.instruments import Delivery, OptionContract, Style, days_of
from strikewise.domain.quotes import DailyBars, Series
from strikewise.market.calendar import SessionCalendar
from strikewise.market.memory_source import MemorySource

CALENDAR = SessionCalendar()
INDEX = demo_bars(CALENDAR)


def chain_of(bars: DailyBars, day: date) -> OptionChain:
    vix, rate = demo_series(CALENDAR)
    observed, recipe = Observed(bars, vix, rate), recipe_for(bars.symbol)
    (tape,) = reconstruct(observed, recipe, CALENDAR, start=day, end=day)
    return tape.chain(0)


def test_the_tenth_of_the_index_is_priced_as_the_index_and_settled_in_cash() -> None:
    tenth = {name: getattr(INDEX, name) / 10 for name in ("open", "high", "low", "close")}
    day = date(2018, 1, 17)
    small = chain_of(replace(INDEX, symbol="XSP", **tenth), day)
    whole = chain_of(INDEX, day)
    mids = {one.underlying: (one.bid + one.ask) / 2 for one in (small, whole)}
    shared = 0
    for row in range(len(small)):
        contract = small.contract(row)
        twin = whole.find(
            OptionContract("SPX", contract.expiration, contract.right, 10 * contract.strike_milli, 1)
        )
        if twin is not None and mids["SPX"][twin] > 500:
            shared += 1
            assert mids["XSP"][row] == pytest.approx(mids["SPX"][twin] / 10, rel=0.02)
    assert shared > 100
    assert (small.contract(0).root.delivery, small.contract(0).root.style) == (Delivery.CASH, Style.EUROPEAN)


@pytest.mark.parametrize(("fund", "name"), [("QQQ", "VXN"), ("IWM", "RVX")])
def test_a_volatility_index_of_its_own_sets_the_level_on_the_days_it_has_a_value(
    fund: str, name: str
) -> None:
    (vix, rate), days = demo_series(CALENDAR), [days_of(date(2018, 2, 14)), days_of(date(2018, 2, 15))]
    until = vix.days <= days[0]
    own = Series(name, vix.days[until], vix.values[until] * 1.4, vix.known_at[until])
    bars = [INDEX, replace(INDEX, symbol=fund)]
    levels = [
        volatility_ratios(observed_from(MemorySource(bars=bars, series=given), fund), np.array(days)).tolist()
        for given in ([vix, rate, own], [vix, rate, replace(own, name="VVIX")])
    ]
    assert levels == [pytest.approx([1.4, 1.0]), pytest.approx([1.0, 1.0])]
