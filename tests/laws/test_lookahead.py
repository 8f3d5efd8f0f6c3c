"""Hiding the future changes no decision: what a run did up to an instant depends on nothing later."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.runs import CALENDAR, SUMMER, instants, reconstructed, recorded_spec, spec, through_history
from market.sources import CheatingSource, EarlySource, KnownBy
from strategy.recorded_market import recorded_source
from strikewise.backtest.runner import ReplaySpec
from strikewise.domain.errors import FutureDataError
from strikewise.domain.instruments import days_of
from strikewise.domain.parameters import ParameterSet
from strikewise.domain.signals import Signal
from strikewise.market.memory_source import MemorySource
from strikewise.market.source import MarketSource
from strikewise.market.view import MarketView
from strikewise.portfolio.ledger import Fact
from strikewise.strategy.api import Screened
from strikewise.strategy.library.credit_spread import CreditSpread


def reconstructed_run() -> ReplaySpec:
    return spec(end="2015-09-15")


@cache
def whole_run(recorded: bool) -> tuple[ReplaySpec, MarketSource, list[Fact]]:
    chosen = recorded_spec() if recorded else reconstructed_run()
    source = recorded_source("SPY", 2026) if recorded else reconstructed()
    return chosen, source, through_history(chosen, source)


def until(facts: list[Fact], instant: datetime) -> list[tuple[object, ...]]:
    """What was known by an instant; the specification is told of in its first facts and left out."""
    told = [fact for fact in facts if fact.known_at <= instant and fact.kind != "RunStarted"]
    return [(one.seq, one.kind, one.known_at, one.actor, one.cause, one.payload) for one in told]


def with_a_cut(chosen: ReplaySpec, source: MarketSource, instant: datetime) -> list[Fact]:
    return through_history(replace(chosen, end=instant.date()), KnownBy(source, instant))


def check_cut(recorded: bool, data: st.DataObject) -> None:
    chosen, source, whole = whole_run(recorded)
    instant = data.draw(st.sampled_from(instants(chosen, source)))
    assert until(with_a_cut(chosen, source, instant), instant) == until(whole, instant)


@settings(max_examples=6, deadline=None)
@given(data=st.data())
def test_a_run_over_reconstructed_chains_does_not_know_the_future(data: st.DataObject) -> None:
    check_cut(False, data)


@pytest.mark.shared
@settings(max_examples=4, deadline=None)
@given(data=st.data())
def test_a_run_over_recorded_chains_does_not_know_the_future(data: st.DataObject) -> None:
    check_cut(True, data)


def test_the_runs_that_are_cut_do_something() -> None:
    kinds = {fact.kind for fact in whole_run(False)[2]}
    assert {"OrderFilled", "OptionSettled", "OrderClosed", "SignalDenied"} <= kinds


def cheated(kind: type[MemorySource], delay: int = 0) -> MemorySource:
    """The reconstructed market behind a source that cheats; chains are known some seconds late."""
    honest = reconstructed()
    tape = replace(honest._tapes["SPX"].tape, known_at=honest.snapshots("SPX") + delay)
    return kind([tape], bars=honest._bars.values(), series=honest._series.values())


@pytest.mark.parametrize(("kind", "delay"), [(CheatingSource, 0), (EarlySource, 1800)])
def test_a_source_that_hands_out_a_chain_too_early_stops_the_run(
    kind: type[MemorySource], delay: int
) -> None:
    with pytest.raises(FutureDataError, match="The chain of SPX"):
        through_history(spec(end="2015-06-10"), cheated(kind, delay))


def test_a_chain_is_not_traded_before_it_is_known() -> None:
    late = through_history(spec(end="2015-06-30"), cheated(MemorySource, 1800))
    assert {fact.kind for fact in late} == {"AccountOpened", "RunStarted", "AccountValued"}


class Peeking(CreditSpread):
    """A strategy that asks the whole source whether tomorrow's close is higher before it sells puts."""

    def __init__(self, source: MarketSource) -> None:
        self._source = source

    def screen(self, market_data: MarketView, params: ParameterSet) -> Screened:
        bars = self._source.bars("SPX")
        assert bars is not None
        row = int(np.searchsorted(bars.days, days_of(market_data.day)))
        if row + 1 < len(bars) and bars.close[row + 1] < bars.close[row]:
            return Screened((), {})
        return super().screen(market_data, params)

    def generate_signals(self, market_data: MarketView, params: ParameterSet) -> list[Signal]:
        return list(self.screen(market_data, params).signals)


def honest_run(source: MarketSource, end: date) -> list[Fact]:
    return through_history(replace(one_strategy(), end=end), source)


def peeking_run(source: MarketSource, end: date) -> list[Fact]:
    chosen = one_strategy()
    (one,) = chosen.run.strategies
    run = replace(chosen.run, strategies=(replace(one, strategy=Peeking(source)),))
    return through_history(replace(chosen, end=end, run=run), source)


def one_strategy() -> ReplaySpec:
    return spec(strategies=[{"strategy": "credit_spread", "parameters": {"trend": "off"}}])


def cuts_that_differ(run: Callable[[MarketSource, date], list[Fact]], end: date) -> list[date]:
    """The days at which a cut shows that a run knew the future."""
    source = reconstructed()
    whole = run(source, end)
    differ = []
    for day in CALENDAR.sessions(SUMMER[0], end):
        at = CALENDAR.session_close(day)
        if until(run(KnownBy(source, at), day), at) != until(whole, at):
            differ.append(day)
    return differ


def test_a_strategy_that_peeks_is_caught_by_the_comparison() -> None:
    end = date(2015, 6, 12)
    closes = reconstructed().bars("SPX")
    assert closes is not None
    row = int(np.searchsorted(closes.days, days_of(SUMMER[0])))
    falls = np.flatnonzero(np.diff(closes.close[row : row + 11]) < 0)
    sessions = CALENDAR.sessions(SUMMER[0], end)
    assert cuts_that_differ(peeking_run, end) == [sessions[number] for number in falls]
    assert len(falls) >= 3


def test_the_same_strategy_that_does_not_peek_is_not_accused() -> None:
    assert cuts_that_differ(honest_run, date(2015, 6, 12)) == []
