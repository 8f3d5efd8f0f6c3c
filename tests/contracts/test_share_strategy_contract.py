"""What every strategy that trades shares promises, whatever it looks for."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from strategy.markets import TODAY
from strategy.shares import SESSIONS, bars, held, view_of, wavy
from strikewise.domain.events import SCHEMA_VERSIONS, SignalGenerated
from strikewise.domain.instruments import Stock
from strikewise.domain.parameters import Parameter
from strikewise.domain.signals import Close, Hold
from strikewise.portfolio.codec import decode, encode
from strikewise.strategy.api import Strategy
from strikewise.strategy.registry import STRATEGIES

ON_SHARES = {
    name: one
    for name, one in STRATEGIES.items()
    if any(parameter.name == "min_dollar_volume" for parameter in one.space.parameters)
}
every_strategy = pytest.mark.parametrize("strategy", ON_SHARES.values(), ids=ON_SHARES)

SURGE = np.append(np.full(259, 1e6), 4e6)
STOCKS = [
    bars("RISE", wavy(0.002, wave=0.02), SURGE),
    bars("FALL", wavy(-0.002, wave=0.02), SURGE),
    bars("DIP", np.append(wavy(0.002, last=100.0)[:-1], 92.0)),
    bars("SPIKE", np.append(wavy(-0.002, last=100.0)[:-1], 108.0), SURGE),
    bars("CHEAP", wavy(0.002, wave=0.02, last=2.0), SURGE),
    bars("BREAK", np.append(wavy(0.0, count=259, wave=0.02), 105.0), SURGE),
]
REPORTS = [
    *((stock.symbol, TODAY + timedelta(5)) for stock in STOCKS[:3]),
    *((stock.symbol, SESSIONS[-2]) for stock in STOCKS[3:]),
]
VIEW = view_of(STOCKS, REPORTS)


def values_of(parameter: Parameter) -> st.SearchStrategy[object]:
    if isinstance(parameter.default, bool):
        return st.booleans()
    if isinstance(parameter.default, str):
        return st.sampled_from(parameter.choices)
    assert parameter.low is not None
    assert parameter.high is not None
    if isinstance(parameter.default, int):
        return st.integers(int(parameter.low), int(parameter.high))
    return st.floats(parameter.low, parameter.high)


def test_four_strategies_trade_shares() -> None:
    assert sorted(ON_SHARES) == ["breakout", "earnings_window", "mean_reversion", "momentum"]


@every_strategy
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_any_parameters_of_the_space_are_obeyed(strategy: Strategy, data: st.DataObject) -> None:
    values = {
        p.name: data.draw(values_of(p), label=p.name)
        for p in strategy.space.parameters
        if data.draw(st.integers(0, 2), label=f"set {p.name}?") == 0
    }
    full = {p.name: p.default for p in strategy.space.parameters} | values
    assume(all(full[low] <= full[high] for low, high in strategy.space.ordered))
    params = strategy.space.make(values)
    screened = strategy.screen(VIEW, params)
    assert screened == strategy.screen(view_of(STOCKS, REPORTS), params)
    assert list(screened.signals) == strategy.generate_signals(VIEW, params)
    assert screened.signals or screened.rejected, "nothing found must have a reason"
    assert len(screened.signals) <= params.integer("max_signals")
    scores = [signal.score for signal in screened.signals]
    assert scores == sorted(scores, reverse=True)
    for signal in screened.signals:
        (leg,) = signal.structure.legs
        assert leg.instrument == Stock(signal.underlying)
        assert params.text("side") in {"both", "long" if leg.ratio > 0 else "short"}
        assert params.number("min_score") <= signal.score <= 100.0 + 1e-9
        assert abs(signal.price_cents) >= 100 * params.number("min_price") - 0.5
        assert 0.0 <= signal.probability_of_profit <= 1.0
        event = SignalGenerated(signal)
        assert decode("SignalGenerated", SCHEMA_VERSIONS["SignalGenerated"], encode(event)) == event


@every_strategy
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data(), back=st.integers(0, 60), change=st.floats(-0.5, 1.0), side=st.sampled_from([1, -1]))
def test_whatever_is_held_is_kept_or_closed_whole(
    strategy: Strategy, data: st.DataObject, back: int, change: float, side: int
) -> None:
    values = {p.name: data.draw(values_of(p)) for p in strategy.space.parameters if p.name != "side"}
    assume(all(values[low] <= values[high] for low, high in strategy.space.ordered))
    day: date = SESSIONS[-1 - back]
    because = {"level": 100.0, "report_ordinal": float((day + timedelta(4)).toordinal())}
    position = held("RISE", side * 10, 100.0, 100.0 * (1 + change), day=day, because=because)
    action = strategy.manage_position(position, VIEW, strategy.space.make(values))
    assert isinstance(action, Hold | Close)
