"""Trades by what they were: every closed trade is in one bucket of each property."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.runs import CALENDAR, reconstructed, spec
from strikewise.backtest.breakdowns import breakdowns_of, details_of
from strikewise.backtest.runner import replay
from strikewise.domain.events import SignalGenerated
from strikewise.portfolio.journal import journal_of
from strikewise.portfolio.ledger import MemoryLedger


@pytest.fixture(scope="module")
def records() -> list[object]:
    ledger = MemoryLedger()
    replay(spec(), reconstructed(), CALENDAR, ledger)
    return list(ledger.records())


def test_each_closed_trade_is_in_one_bucket_of_every_property(records: list) -> None:
    trades = journal_of(records).trades
    closed = [trade for trade in trades if trade.profit_cents is not None]
    found = breakdowns_of(trades, records, CALENDAR)
    assert [one.by for one in found] == ["weekday", "dte", "delta", "regime", "structure", "underlying"]
    for one in found:
        assert sum(bucket.trades for bucket in one.buckets) == len(closed)
        assert sum(bucket.profit for bucket in one.buckets) == pytest.approx(
            sum(trade.profit_cents or 0 for trade in closed) / 100
        )
        assert all(bucket.worst <= bucket.profit / bucket.trades for bucket in one.buckets)


def test_the_buckets_are_those_of_the_trades_and_stand_in_their_natural_order(records: list) -> None:
    trades = journal_of(records).trades
    by = {one.by: [bucket.name for bucket in one.buckets] for one in breakdowns_of(trades, records, CALENDAR)}
    assert by["dte"] == [name for name in ("2–7 days", "8–21 days", "22–45 days") if name in by["dte"]]
    assert "8–21 days" in by["dte"]
    weekdays = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday"]
    assert by["weekday"] == [day for day in weekdays if day in by["weekday"]]
    assert by["underlying"] == ["SPX"]
    mondays = [trade for trade in trades if trade.profit_cents is not None and trade.opened_at.weekday() == 0]
    counted = next(one for one in breakdowns_of(trades, records, CALENDAR) if one.by == "weekday")
    assert next(one.trades for one in counted.buckets if one.name == "Monday") == len(mondays)


@pytest.mark.parametrize(
    ("told", "bucket"),
    [
        ({"short_delta": -0.14}, ".10–.16"),
        ({"short_put_delta": -0.14, "short_call_delta": 0.19}, ".16–.25"),
        ({"call_delta": 0.08, "put_delta": -0.09}, ".05–.10"),
        ({"short_delta": 0.30, "long_delta": 0.70}, ".25–.35"),
        ({"long_delta": 0.60}, "over .50"),
        ({"short_delta": float("nan")}, "unknown"),
        ({}, "unknown"),
    ],
)
def test_what_is_sold_says_the_delta_of_a_trade(records: list, told: dict[str, float], bucket: str) -> None:
    trade = next(one for one in journal_of(records).trades if one.profit_cents is not None)
    changed = [
        one._replace(event=SignalGenerated(replace(one.event.signal, because=told)))
        if isinstance(one.event, SignalGenerated)
        else one
        for one in records
    ]
    by = {one.by: [group.name for group in one.buckets] for one in breakdowns_of([trade], changed, CALENDAR)}
    assert by["delta"] == [bucket]


def test_a_trade_is_told_by_the_signal_it_was_opened_on(records: list) -> None:
    trades = journal_of(records).trades
    told = {one.trade_id: one for one in details_of(trades, records)}
    signals = {
        one.event.signal.signal_id: one.event.signal
        for one in records
        if isinstance(one.event, SignalGenerated)
    }
    assert told.keys() == {trade.trade_id for trade in trades}
    for trade in trades:
        signal, one = signals[trade.signal_id], told[trade.trade_id]
        assert one.price == signal.price_cents / 100
        assert one.because == signal.because
        assert [(leg[1], leg[2]) for leg in one.legs] == [
            (contract.strike, ratio) for contract, ratio in signal.structure.options
        ]
