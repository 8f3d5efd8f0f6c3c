"""Runs of the loop for the tests: markets to run over, and the ways to run."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import fields, replace
from datetime import UTC, date, datetime
from functools import cache
from typing import Any

import numpy as np

from engine.arriving import ArrivingSource, RunningClock
from strikewise.backtest.demo_data import demo_bars, demo_series
from strikewise.backtest.reconstruct.listings import Density
from strikewise.backtest.reconstruct.recipe import Observed, recipe_for
from strikewise.backtest.reconstruct.tape import reconstruct
from strikewise.backtest.runner import ReplaySpec, replay, ticks_of
from strikewise.bootstrap.spec_file import make_spec
from strikewise.domain.chain import GRADES, ChainColumns, ChainTape
from strikewise.engine.loop import Loop
from strikewise.engine.recovery import resumed_broker
from strikewise.execution.simulated import SimulatedBroker
from strikewise.market.calendar import SessionCalendar
from strikewise.market.memory_source import MemorySource
from strikewise.market.source import MarketSource
from strikewise.market.view import Market
from strikewise.portfolio.ledger import Fact, Ledger, MemoryLedger

CALENDAR = SessionCalendar()

SUMMER = (date(2015, 6, 1), date(2015, 9, 30))
"""A calm spring's end, the fall of 2015-08-24 and the weeks after."""

STRATEGIES: tuple[dict[str, Any], ...] = (
    {
        "strategy": "credit_spread",
        "label": "held",
        "parameters": {
            "trend": "off",
            "min_dte": 7,
            "max_dte": 21,
            "dte_exit": 0,
            "profit_target": 2.0,
            "stop_loss": 0.0,
        },
    },
    {"strategy": "iron_condor"},
    {"strategy": "credit_spread"},
    {"strategy": "naked_put", "parameters": {"premium_max": 20.0, "trend": "off"}},
)
"""The three shipped strategies, and one whose spreads are held to expiry."""


@cache
def reconstructed(start: date = SUMMER[0], end: date = SUMMER[1], underlying: str = "SPX") -> MemorySource:
    """Return chains made of real closes of the S&P 500, few expirations; other names get the same closes."""
    index = demo_bars(CALENDAR)
    bars = replace(index, symbol=underlying)
    vix, rate = demo_series(CALENDAR)
    recipe = recipe_for(underlying, Density.FRIDAYS)
    observed = Observed(bars, vix, rate, index=index)
    tapes = list(reconstruct(observed, recipe, CALENDAR, start=start, end=end))
    return MemorySource(tapes, bars=[bars], series=[vix, rate])


def thinned(source: MemorySource, *, keep: float, seed: int, underlying: str = "SPX") -> MemorySource:
    """Return the market with contracts missing at random: each is quoted on that share of days only."""
    random = np.random.default_rng(seed)
    made = []
    for seconds in source.snapshots(underlying).tolist():
        chain = source.chain(underlying, datetime.fromtimestamp(seconds, UTC))
        assert chain is not None
        made.append((chain, random.random(len(chain)) < keep))
    names = [column.name for column in fields(ChainColumns)]
    columns = {name: np.concatenate([getattr(chain, name)[kept] for chain, kept in made]) for name in names}
    at = np.array([int(chain.as_of.timestamp()) for chain, _ in made], dtype=np.int64)
    tape = ChainTape(
        underlying=underlying,
        as_of=at,
        known_at=at,
        spot_cents=np.array([chain.spot_cents for chain, _ in made], dtype=np.int64),
        grade=np.array([GRADES.index(chain.grade) for chain, _ in made], dtype=np.int8),
        source=np.zeros(len(made), dtype=np.int16),
        sources=("thinned",),
        offsets=np.cumsum([0, *(int(kept.sum()) for _, kept in made)]).astype(np.int64),
        columns=ChainColumns(**columns),
    )
    bars = [found for name in (underlying,) if (found := source.bars(name)) is not None]
    series = [found for name in ("VIX", "rate_3m") if (found := source.series(name)) is not None]
    return MemorySource([tape], bars=bars, series=series)


def spec(**changes: Any) -> ReplaySpec:
    """Return a specification of four strategies over the summer of 2015, with changes."""
    document: dict[str, Any] = {
        "underlyings": ["SPX"],
        "start": SUMMER[0],
        "end": SUMMER[1],
        "capital": 1_000_000,
        "strategies": list(STRATEGIES),
    }
    return make_spec({**document, **changes})


def recorded_spec(**changes: Any) -> ReplaySpec:
    """Return a specification of the three shipped strategies over SPY as recorded in summer 2026."""
    loose = {"parameters": {"trend": "off", "min_dte": 5, "max_dte": 30, "dte_exit": 3}}
    strategies = [{"strategy": name, **loose} for name in ("credit_spread", "iron_condor", "naked_put")]
    period = {"start": date(2026, 7, 22), "end": date(2026, 8, 21)}
    return spec(**{"underlyings": ["SPY"], **period, "strategies": strategies, **changes})


def spy_2021(policy: str, **changes: Any) -> ReplaySpec:
    """Return a specification over SPY in 2021, whose held contracts are often missing on later days."""
    loose = {"trend": "off", "min_dte": 20, "max_dte": 120, "max_signals": 2}
    spread = {**loose, "short_delta_min": 0.05, "short_delta_max": 0.5, "width": 5.0, "width_tolerance": 4.0}
    strategies = [
        {"strategy": "credit_spread", "parameters": {**spread, "min_credit_to_width": 0.0}},
        {
            "strategy": "naked_put",
            "parameters": {**loose, "otm_min": 0.0, "otm_max": 0.1, "premium_max": 50.0},
        },
    ]
    period = {"start": date(2021, 1, 4), "end": date(2021, 12, 31)}
    fills = {"missing_quote": policy}
    return spec(**{"underlyings": ["SPY"], **period, "strategies": strategies, "fills": fills, **changes})


def through_history(chosen: ReplaySpec, source: MarketSource, ledger: Ledger | None = None) -> list[Fact]:
    """Run over a source that holds the future, and return all facts."""
    written = MemoryLedger() if ledger is None else ledger
    replay(chosen, source, CALENDAR, written)
    return list(written.facts())


def instants(chosen: ReplaySpec, source: MarketSource) -> list[datetime]:
    """Return the ticks of a run."""
    return [datetime.fromtimestamp(int(at), UTC) for at in ticks_of(source, chosen.start, chosen.end)]


def as_it_arrives(
    chosen: ReplaySpec,
    recording: MarketSource,
    ledger: Ledger,
    *,
    stops: Collection[int] = (),
    names: Collection[str] = ("VIX", "rate_3m"),
) -> list[Fact]:
    """Run while data arrive tick by tick and the clock runs on, and return all facts.

    After the ticks numbered in ``stops`` loop and broker are lost, and made anew from the ledger.
    """
    arriving = ArrivingSource(chosen.run.underlyings)
    ticks = instants(chosen, recording)
    clock = RunningClock(ticks[0])
    loop = broker = None
    for number, tick in enumerate(ticks):
        arriving.arrive(recording, tick, names=[*chosen.run.underlyings, *names])
        clock.strike(tick)
        if loop is None or broker is None:
            market = Market(arriving, CALENDAR)
            broker = _broker(chosen, ledger, market)
            loop = Loop(chosen.run, market=market, broker=broker, ledger=ledger, clock=clock)
            clock.strike(tick)
        broker.advance(market.view(tick))
        loop.tick()
        if number in stops:
            loop = broker = None
    return list(ledger.facts())


def _broker(chosen: ReplaySpec, ledger: Ledger, market: Market) -> SimulatedBroker:
    rules: Any = {"rule": chosen.fills, "fees": chosen.fees, "lag": chosen.lag}
    rules |= {"exercise": chosen.exercise, "financing": chosen.financing}
    if ledger.head.seq:
        return resumed_broker(ledger.records(), market, **rules)
    return SimulatedBroker(chosen.run.capital_cents, **rules)


def without_runs(facts: list[Fact]) -> list[tuple[Any, ...]]:
    """Return what happened, told without the facts that say that a run began."""
    kept = [fact for fact in facts if fact.kind != "RunStarted"]
    numbers: Mapping[int, int] = {fact.seq: number for number, fact in enumerate(kept)}
    return [
        (
            fact.kind,
            fact.schema_version,
            fact.known_at,
            fact.actor,
            numbers.get(fact.cause or 0),
            fact.payload,
        )
        for fact in kept
    ]
