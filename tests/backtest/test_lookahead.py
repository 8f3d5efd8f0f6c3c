"""Looking ahead is found: by whom, in which feature, and where; and looking at an endless past too."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pytest

from engine.runs import CALENDAR, reconstructed, spec
from strikewise.backtest.lookahead import check_lookahead, check_warm_up
from strikewise.backtest.runner import ReplaySpec, ticks_of
from strikewise.domain.errors import SettingsError
from strikewise.domain.parameters import ParameterSet
from strikewise.domain.quotes import CalendarEvent, Dividend, Split
from strikewise.domain.signals import Signal
from strikewise.engine.spec import StrategySpec
from strikewise.market.memory_source import MemorySource
from strikewise.market.view import MarketView
from strikewise.market.window import Window
from strikewise.strategy.library.credit_spread import CreditSpread

MONTH = {"start": date(2015, 7, 1), "end": date(2015, 7, 31)}


class Prophet(CreditSpread):
    """Reads the last close that its source holds, past what the view shows."""

    __slots__ = ()

    name = "prophet"

    def generate_signals(self, market_data: MarketView, params: ParameterSet) -> list[Signal]:
        bars = market_data._market.source.bars("SPX")
        assert bars is not None
        knows = {"tomorrow": float(bars.close[-1])}
        signals = super().generate_signals(market_data, params)
        return [replace(signal, because={**signal.because, **knows}) for signal in signals]


def with_prophet() -> ReplaySpec:
    honest = spec(**MONTH)
    prophet = Prophet()
    params = prophet.space.make({"trend": "off", "min_dte": 7, "max_dte": 21, "dte_exit": 0})
    strategies = (*honest.run.strategies[1:2], StrategySpec("prophet", prophet, params))
    return replace(honest, run=replace(honest.run, strategies=strategies))


def test_the_shipped_strategies_write_the_same_facts_without_the_future() -> None:
    report = check_lookahead(spec(**MONTH), reconstructed(), CALENDAR, cuts=4, seed=1)
    assert report.clean
    assert len(report.cuts) == 4
    assert report.facts > 200
    assert report.features > 60


def test_a_strategy_that_reads_the_future_is_named_with_what_it_read() -> None:
    report = check_lookahead(with_prophet(), reconstructed(), CALENDAR, cuts=3, seed=2)
    assert not report.clean
    assert {one.who for one in report.differences} == {"prophet"}
    assert {one.names for one in report.differences} == {("signal.because.tomorrow",)}
    assert all(one.at <= one.cut for one in report.differences)
    assert all(one.whole != one.cut_off for one in report.differences)


def test_a_feature_that_reads_the_future_is_named_though_no_strategy_reads_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from strikewise.market import bar_features

    computed = dict(bar_features.BAR_FEATURES)
    assert "rsi14" in computed
    honest = bar_features.PriceFrame.column

    def leaking(self: Any, name: str) -> Any:
        column = honest(self, name)
        return column + column[-1] if name == "rsi14" else column

    monkeypatch.setattr(bar_features.PriceFrame, "column", leaking)
    report = check_lookahead(spec(**MONTH), reconstructed(), CALENDAR, cuts=2, seed=0)
    features = [one for one in report.differences if one.who.startswith("feature")]
    assert {one.what for one in features} == {"rsi14"}
    assert {one.who for one in features} == {"feature SPX"}


def test_the_same_seed_cuts_at_the_same_ticks_and_always_before_the_last() -> None:
    def cuts_of(seed: int) -> tuple[datetime, ...]:
        return check_lookahead(spec(**MONTH), reconstructed(), CALENDAR, cuts=3, seed=seed).cuts

    last = datetime.fromtimestamp(int(ticks_of(reconstructed(), *MONTH.values())[-2]), UTC)
    assert cuts_of(5) == cuts_of(5)
    assert cuts_of(5) != cuts_of(6)
    assert cuts_of(5)[-1] == cuts_of(6)[-1] == last


def test_a_period_of_one_tick_has_nothing_to_cut_off() -> None:
    short = spec(start=MONTH["start"], end=MONTH["start"])
    with pytest.raises(SettingsError, match="two ticks at least; there are 1 ticks"):
        check_lookahead(short, reconstructed(), CALENDAR)


def test_from_some_length_on_more_past_changes_nothing() -> None:
    shortest, longest = check_warm_up(spec(**MONTH), reconstructed(), CALENDAR, lengths=(5, 600))
    assert shortest.difference is not None
    assert "SPX sma50" in shortest.drift
    assert longest.difference is None
    assert longest.facts > 50


def test_a_window_holds_nothing_of_outside_it() -> None:
    at = datetime(2015, 7, 10, 20, tzinfo=UTC)
    day = int(at.timestamp())
    whole = reconstructed()
    known = [CalendarEvent("FOMC", date(2015, 7, 29), None, day - 1)]
    announced = [CalendarEvent("EARNINGS", date(2015, 7, 8), "SPX", day + 1)]
    paid = [Dividend("SPX", date(2015, 8, 1), 1.0, day), Dividend("SPX", date(2015, 8, 2), 1.0, day + 1)]
    split = [Split("SPX", date(2015, 7, 20), 2.0), Split("SPX", date(2015, 7, 21), 2.0)]
    bars, vix = whole.bars("SPX"), whole.series("VIX")
    assert bars is not None
    assert vix is not None
    source = MemorySource(
        bars=[bars], series=[vix], dividends=paid, splits=split, events=[*known, *announced]
    )
    window = Window(source, until=at, since=date(2015, 1, 2))
    cut, values = window.bars("SPX"), window.series("VIX")
    assert cut is not None
    assert values is not None
    assert int(cut.known_at[-1]) <= day < int(bars.known_at[len(bars) - 1])
    assert int(cut.days[0]) == int(values.days[0]) == 16437
    assert int(values.known_at[-1]) <= day
    assert list(window.dividends("SPX")) == paid[:1]
    assert list(window.splits("SPX")) == split[:1]
    assert list(window.calendar_events()) == known
    chains = Window(whole, until=at, since=date(2015, 7, 6))
    assert np.all(chains.snapshots("SPX") <= day)
    assert chains.chain("SPX", datetime(2015, 7, 3, 21, tzinfo=UTC)) is None
    latest = chains.chain("SPX", datetime(2015, 8, 3, 21, tzinfo=UTC))
    assert latest is not None
    assert latest.as_of <= at
