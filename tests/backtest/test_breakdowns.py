"""Trades by what they were: every closed trade is in one bucket of each property."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from engine.runs import CALENDAR, reconstructed, spec
from strikewise.backtest.breakdowns import breakdowns_of, details_of
from strikewise.backtest.runner import replay
from strikewise.domain.chain import OptionChain
from strikewise.domain.events import SignalGenerated
from strikewise.domain.instruments import OptionContract, Right, Stock
from strikewise.domain.structures import Leg, Structure
from strikewise.portfolio.journal import journal_of
from strikewise.portfolio.ledger import MemoryLedger

BANDS = {
    "to .05": (0.0, 0.05),
    ".05–.10": (0.05, 0.10),
    ".10–.16": (0.10, 0.16),
    ".16–.25": (0.16, 0.25),
    ".25–.35": (0.25, 0.35),
    ".35–.50": (0.35, 0.50),
    "over .50": (0.50, 1.0),
}


@pytest.fixture(scope="module")
def records() -> list[object]:
    ledger = MemoryLedger()
    replay(spec(), reconstructed(), CALENDAR, ledger)
    return list(ledger.records())


def test_each_closed_trade_is_in_one_bucket_of_every_property(records: list) -> None:
    trades = journal_of(records).trades
    closed = [trade for trade in trades if trade.profit_cents is not None]
    found = breakdowns_of(trades, records, CALENDAR, reconstructed())
    assert [one.by for one in found] == ["weekday", "dte", "delta", "regime", "structure", "underlying"]
    for one in found:
        assert sum(bucket.trades for bucket in one.buckets) == len(closed)
        assert sum(bucket.profit for bucket in one.buckets) == pytest.approx(
            sum(trade.profit_cents or 0 for trade in closed) / 100
        )
        assert all(bucket.worst <= bucket.profit / bucket.trades for bucket in one.buckets)


def test_the_buckets_are_those_of_the_trades_and_stand_in_their_natural_order(records: list) -> None:
    trades = journal_of(records).trades
    by = {
        one.by: [bucket.name for bucket in one.buckets]
        for one in breakdowns_of(trades, records, CALENDAR, reconstructed())
    }
    assert by["dte"] == [name for name in ("2–7 days", "8–21 days", "22–45 days") if name in by["dte"]]
    assert "8–21 days" in by["dte"]
    weekdays = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday"]
    assert by["weekday"] == [day for day in weekdays if day in by["weekday"]]
    assert by["underlying"] == ["SPX"]
    mondays = [trade for trade in trades if trade.profit_cents is not None and trade.opened_at.weekday() == 0]
    counted = next(
        one for one in breakdowns_of(trades, records, CALENDAR, reconstructed()) if one.by == "weekday"
    )
    assert next(one.trades for one in counted.buckets if one.name == "Monday") == len(mondays)


def structures(chain: OptionChain) -> dict[str, tuple[Structure, float]]:
    """Return structures of a chain's puts, each with the delta that it is to be told by."""
    near, *_, far = sorted(set(chain.expiration_days.tolist()))
    deltas = np.where(np.isfinite(chain.delta), chain.delta, 0.0)

    def put(days: int, wanted: float) -> tuple[Stock | OptionContract, float]:
        row = int(np.argmin(np.abs(deltas + wanted) + 9.0 * (chain.expiration_days != days)))
        return chain.contract(row), abs(float(deltas[row]))

    (front, sold), (later, _), (deep, bought) = put(near, 0.3), put(far, 0.3), put(near, 0.6)
    (low, less) = put(near, 0.12)
    own = Stock(chain.underlying)
    return {
        "calendar or diagonal": (Structure.of([Leg(front, -1), Leg(later, 1)]), sold),
        "two sold": (Structure.of([Leg(front, -1), Leg(low, -1)]), max(sold, less)),
        "bought below what is sold": (Structure.of([Leg(low, -1), Leg(deep, 1)]), less),
        "only bought": (Structure.of([Leg(deep, 1)]), bought),
        "shares with a put": (Structure.of([Leg(own, 100), Leg(low, 1)]), less),
    }


def told_by(records: list, structure: Structure) -> str:
    """Return the group by delta of a run's first trade, had it been another structure."""
    trade = next(one for one in journal_of(records).trades if one.profit_cents is not None)
    changed = [
        one._replace(event=SignalGenerated(replace(one.event.signal, structure=structure)))
        if isinstance(one.event, SignalGenerated)
        else one
        for one in records
    ]
    by = {one.by: one for one in breakdowns_of([trade], changed, CALENDAR, reconstructed())}
    return by["delta"].buckets[0].name


@pytest.mark.parametrize(
    "kind",
    [
        *("calendar or diagonal", "two sold", "bought below what is sold"),
        *("only bought", "shares with a put"),
    ],
)
def test_the_options_that_are_sold_say_the_delta_of_a_trade(records: list, kind: str) -> None:
    trade = next(one for one in journal_of(records).trades if one.profit_cents is not None)
    chain = reconstructed().chain("SPX", trade.opened_at)
    assert chain is not None
    structure, delta = structures(chain)[kind]
    low, high = BANDS[told_by(records, structure)]
    assert low < delta <= high


def test_shares_alone_and_what_is_not_in_the_chain_have_no_delta(records: list) -> None:
    unlisted = OptionContract("SPX", date(2015, 12, 18), Right.PUT, 1)
    assert told_by(records, Structure.of([Leg(unlisted, -1)])) == "unknown"
    assert told_by(records, Structure.of([Leg(Stock("SPX"), 100)])) == "shares"


def test_spreads_and_condors_are_told_by_the_larger_delta_their_signals_saw(records: list) -> None:
    signals = [one.event.signal for one in records if isinstance(one.event, SignalGenerated)]
    trades = [one for one in journal_of(records).trades if one.profit_cents is not None]
    sold = {"short_delta", "short_put_delta", "short_call_delta"}
    seen = {
        one.signal_id: max(abs(float(one.because[name])) for name in sold & one.because.keys())
        for one in signals
    }
    by = {one.by: one for one in breakdowns_of(trades, records, CALENDAR, reconstructed())}
    for bucket in by["delta"].buckets:
        low, high = BANDS[bucket.name]
        assert bucket.trades == sum(low < seen[trade.signal_id] <= high for trade in trades)


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
