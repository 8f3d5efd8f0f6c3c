"""Shares as a position of their own: opened, valued and closed by strategies, with chains or without."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from engine.hand_made import Told, hand_spec
from execution.tapes import CALENDAR, bars, call, close_of, market, put, tape
from strikewise.backtest.runner import ReplaySpec, replay, ticks_of
from strikewise.domain.errors import MissingDataError
from strikewise.domain.events import OrderFilled, SignalDenied
from strikewise.domain.instruments import Stock
from strikewise.domain.structures import Leg, Structure
from strikewise.market.memory_source import MemorySource
from strikewise.market.universe import Universe
from strikewise.portfolio.journal import Journal, journal_of
from strikewise.portfolio.ledger import MemoryLedger

MONDAY, TUESDAY, WEDNESDAY, THURSDAY = WEEK = tuple(date(2024, 2, day) for day in (5, 6, 7, 8))
PRICES = dict(zip(WEEK, (100.0, 104.0, 96.0, 110.0), strict=True))
LONG, SHORT = (Structure.of([Leg(Stock("AAPL"), side)]) for side in (1, -1))
AAPL = bars("AAPL", {day: (price, price) for day, price in PRICES.items()})


def run(chosen: ReplaySpec, source: MemorySource) -> tuple[Journal, MemoryLedger]:
    ledger = MemoryLedger()
    replay(chosen, source, CALENDAR, ledger)
    return journal_of(ledger.records()), ledger


def of_shares(structure: Structure, *, units: int = 50, **changes: object) -> ReplaySpec:
    told = Told(
        {MONDAY: [structure]},
        closes=frozenset([THURSDAY]),
        units=units,
        margin_cents=5_000,
        max_loss_cents=10_000,
    )
    return hand_spec(told, underlying="AAPL", start=MONDAY, end=THURSDAY, **changes)


@pytest.mark.parametrize(("structure", "side"), [(LONG, 1), (SHORT, -1)])
def test_shares_without_any_chain_trade_at_the_closes_of_their_bars(structure: Structure, side: int) -> None:
    journal, _ = run(of_shares(structure), MemorySource(bars=[AAPL]))
    (trade,) = journal.trades
    assert [row.at for row in journal.equity] == [close_of(day) for day in WEEK]
    # A basis point of slippage each way: one cent on 100 dollars, two (of 1.1, rounded against us) on 110.
    bought, sold = (10_001, 10_998) if side > 0 else (9_999, 11_002)
    assert trade.profit_cents == 50 * side * (sold - bought)
    marks = [row.equity_mid_cents for row in journal.equity]
    assert marks[1:3] == [10_000_000 + 50 * side * (round(100 * PRICES[day]) - bought) for day in WEEK[1:3]]


def test_shares_of_a_mixed_universe_trade_beside_options_of_others() -> None:
    noon = datetime(2024, 2, 6, 17, tzinfo=UTC)
    quoted = [(put(480), 100, 110)]
    spy = tape(dict.fromkeys((close_of(MONDAY), noon, close_of(THURSDAY)), (490.0, quoted)))
    source = MemorySource([spy], bars=[AAPL])
    both = Universe(source, ["SPY", "AAPL"])
    at = [datetime.fromtimestamp(int(one), UTC) for one in ticks_of(both, MONDAY, THURSDAY)]
    assert at == sorted([*map(close_of, WEEK), noon])
    chosen = of_shares(LONG)
    told = Told({TUESDAY: [Structure.of([Leg(put(480), -1)])]}, name="puts")
    puts = hand_spec(told, start=MONDAY, end=THURSDAY).run.strategies
    mixed = replace(
        chosen,
        run=replace(chosen.run, underlyings=("SPY", "AAPL"), strategies=(*chosen.run.strategies, *puts)),
    )
    journal, _ = run(mixed, source)
    opened = {trade.underlying: trade.opened_at for trade in journal.trades}
    assert opened == {"AAPL": close_of(MONDAY), "SPY": noon}


def test_shares_bought_with_a_call_sold_against_them_are_one_position() -> None:
    covered = Structure.of([Leg(Stock("SPY"), 100), Leg(call(500), -1)])
    rows = [(call(500), 200, 210)]
    source = MemorySource([tape({close_of(day): (490.0, rows) for day in WEEK})])
    told = Told({MONDAY: [covered]}, closes=frozenset([THURSDAY]))
    journal, _ = run(hand_spec(told, start=MONDAY, end=THURSDAY), source)
    (trade,) = journal.trades
    assert trade.structure == "covered_call"
    # Five cents a share of slippage each way, and the spread of the call.
    assert trade.profit_cents == -(2 * 5 + 10) * 100


def test_shares_of_a_day_without_a_price_are_neither_opened_nor_closed() -> None:
    gap = bars("AAPL", {day: (price, price) for day, price in PRICES.items() if day != MONDAY})
    early = bars("AAPL", {date(2024, 2, 2): (99.0, 99.0)})
    source = MemorySource([tape({close_of(MONDAY): (490.0, [(put(480), 100, 110)])})], bars=[gap])
    view = market(bars=[early]).view(close_of(MONDAY))
    assert (view.spot("AAPL"), view.fresh_spot("AAPL")) == (99.0, None)
    assert view.stocks() == ("AAPL",)
    _, ledger = run(
        replace(of_shares(LONG), run=replace(of_shares(LONG).run, underlyings=("SPY", "AAPL"))), source
    )
    kinds = {type(one.event) for one in ledger.records()}
    assert kinds.isdisjoint({OrderFilled, SignalDenied})


def test_no_more_shares_are_opened_than_a_share_of_the_volume() -> None:
    thin = replace(AAPL, volume=AAPL.volume * 0 + 4_000)
    journal, _ = run(of_shares(LONG, units=900), MemorySource(bars=[thin]))
    assert journal.trades[0].quantity == 400


def test_an_index_has_no_shares() -> None:
    only_bars = MemorySource(bars=[replace(AAPL, symbol="SPX")])
    with pytest.raises(MissingDataError, match="SPX"):
        Universe(only_bars, ["SPX"])
    assert market(bars=[replace(AAPL, symbol="SPX")]).view(close_of(MONDAY)).stocks() == ()
