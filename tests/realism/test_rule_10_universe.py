"""Rule 10: what is listed as of the date; splits convert what is held, adjusted contracts are not traded."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.hand_made import FREE, Told, hand_spec
from execution.tapes import CALENDAR, bars, call, close_of, put, tape
from realism.nights import FRIDAY, MONDAY, THURSDAY, TUESDAY, WEDNESDAY, WEEK, of, settled, splits
from strikewise.adapters.store.printed import bars_as_printed
from strikewise.backtest.runner import replay
from strikewise.domain.events import OrderDenied, OrderFilled, OrderPlaced, SignalDenied
from strikewise.domain.instruments import OptionContract, Stock
from strikewise.domain.quotes import Split
from strikewise.domain.splits import split_instrument, split_ratio, split_structure
from strikewise.domain.structures import Structure
from strikewise.execution.corporate_actions import ADJUSTED
from strikewise.execution.fees import FeeSchedule
from strikewise.market.memory_source import MemorySource
from strikewise.market.quality import Flaw
from strikewise.portfolio.journal import Journal, journal_of
from strikewise.portfolio.ledger import MemoryLedger

LATER = date(2024, 4, 19)
SHORT, WING = put(480, LATER), put(470, LATER)


def over(
    ratio: float,
    structure: Structure,
    rows: dict[OptionContract, tuple[int, int]],
    *,
    opens: date = MONDAY,
    closes: date = FRIDAY,
    quoted: tuple[date, ...] = WEEK,
    units: int = 2,
    fees: FeeSchedule = FREE,
) -> tuple[Journal, MemoryLedger]:
    """Hold a structure over a split on Wednesday: prices, strikes and quotes of 500 dollars are divided."""
    snapshots: dict[Any, Any] = {}
    for day in quoted:
        after, whole = day >= WEDNESDAY, ratio == int(ratio)
        by = ratio if after else 1.0
        listed = [
            (split_instrument(one, int(ratio)) if after and whole else one, round(bid / by), round(ask / by))
            for one, (bid, ask) in rows.items()
        ]
        snapshots[close_of(day)] = (500.0 / by, listed)
    told = Told({opens: [structure]}, frozenset([closes]), units, margin_cents=1, max_loss_cents=None)
    source = MemorySource([tape(snapshots)], splits=[Split("SPY", WEDNESDAY, ratio)])
    ledger = MemoryLedger()
    replay(hand_spec(told, start=MONDAY, end=FRIDAY, fees=fees), source, CALENDAR, ledger)
    return journal_of(ledger.records()), ledger


SPREAD = {SHORT: (1_000, 1_040), WING: (600, 640)}


def test_a_forward_split_converts_contracts_and_leaves_the_money_where_it_was() -> None:
    journal, ledger = over(4.0, of((SHORT, -1), (WING, 1)), SPREAD)
    (report,) = splits(ledger)
    assert (report.numerator, report.denominator, report.cash_cents) == (4, 1, 0)
    (trade,) = journal.trades
    assert (trade.quantity, trade.closed_at, trade.exit_reason) == (8, close_of(FRIDAY), "TOLD")
    filled = [one.event.execution for one in ledger.records() if isinstance(one.event, OrderFilled)]
    assert {(leg.instrument, leg.quantity) for leg in filled[-1].legs} == {
        (put(120, LATER), 8),
        (put(117.5, LATER), -8),
    }
    # Sold at 3.60, bought back at a quarter of 4.40 four times: the spread is all it costs.
    assert trade.profit_cents == 2 * 100 * (360 - 440)
    marks = [row.equity_exit_cents for row in journal.equity]
    assert marks[:4] == [marks[0]] * 4


def test_shares_are_split_too_and_a_covered_call_stays_one() -> None:
    journal, _ = over(4.0, of((Stock("SPY"), 100), (call(520, LATER), -1)), {call(520, LATER): (800, 840)})
    (trade,) = journal.trades
    assert (trade.structure, trade.quantity) == ("covered_call", 8)
    marks = [row.equity_mid_cents for row in journal.equity[:4]]
    assert marks == [marks[0]] * 4


@pytest.mark.parametrize("ratio", [1.5, 0.1])
def test_before_any_other_split_options_are_closed_at_the_touch_with_a_reason(ratio: float) -> None:
    journal, ledger = over(ratio, of((SHORT, -1), (WING, 1)), SPREAD)
    (trade,) = journal.trades
    assert (trade.exit_reason, trade.closed_at) == ("ADJUSTED_CONTRACT", close_of(TUESDAY))
    assert trade.profit_cents == 2 * 100 * (360 - 440)
    (closing,) = [
        one.event.order
        for one in ledger.records()
        if isinstance(one.event, OrderPlaced) and one.event.order.purpose == "close"
    ]
    assert closing.detail == f"ex_date=2024-03-06 ratio={ratio}"


def test_nothing_is_opened_in_the_session_before_such_a_split() -> None:
    _, ledger = over(1.5, of((SHORT, -1)), SPREAD, opens=TUESDAY)
    (denied,) = [one.event for one in ledger.records() if isinstance(one.event, SignalDenied)]
    assert (denied.code, denied.detail) == ("MARKET_ADJUSTED", "ex_date=2024-03-06 ratio=1.5")
    _, ledger = over(4.0, of((SHORT, -1)), SPREAD, opens=TUESDAY)
    assert not any(isinstance(one.event, SignalDenied) for one in ledger.records())


def test_what_nobody_could_close_before_is_bought_out_at_the_touch_it_last_had() -> None:
    journal, ledger = over(
        1.5, of((SHORT, -1), (WING, 1)), SPREAD, quoted=(MONDAY, WEDNESDAY, THURSDAY, FRIDAY)
    )
    assert {(one.outcome, one.rule) for one in settled(ledger)} == {("bought_out", ADJUSTED)}
    (trade,) = journal.trades
    assert (trade.exit_reason, trade.profit_cents) == ("BOUGHT_OUT", 2 * 100 * (360 - 440))
    assert not any(isinstance(one.event, OrderDenied) for one in ledger.records())
    # It is a trade like any other, and costs what one does: two contracts at 65 cents.
    charged = FeeSchedule(pass_through=False)
    _, ledger = over(1.5, of((SHORT, -1)), SPREAD, quoted=(MONDAY, WEDNESDAY, THURSDAY, FRIDAY), fees=charged)
    assert [one.fees_cents for one in settled(ledger)] == [130]


@pytest.mark.parametrize(
    ("ratio", "held", "left", "cash"),
    [(0.1, 55, 5, 250_000), (1.5, 55, 82, 16_666), (1.5, -55, -82, -16_667)],
)
def test_a_fraction_of_a_share_is_paid_in_cash(ratio: float, held: int, left: int, cash: int) -> None:
    _, ledger = over(ratio, of((Stock("SPY"), held)), SPREAD, units=1)
    (report,) = splits(ledger)
    assert -report.cash_cents == cash
    sold = [one.event.execution for one in ledger.records() if isinstance(one.event, OrderFilled)][-1]
    assert sold.legs[0].quantity == -left


@given(st.integers(10, 2_000_000), st.integers(2, 20))
def test_a_strike_is_divided_to_the_cent(milli: int, ratio: int) -> None:
    contract = replace(put(100), strike_milli=10 * milli)
    after = split_instrument(contract, ratio)
    assert isinstance(after, OptionContract)
    assert after.strike_milli % 10 == 0
    assert abs(after.strike_milli * ratio - contract.strike_milli) <= 5 * ratio or after.strike_milli == 10
    assert split_structure(of((contract, -2)), ratio) == of((after, -2))


def test_ratios_are_read_as_the_fractions_they_are() -> None:
    assert [str(split_ratio(one)) for one in (4.0, 0.1, 1.5, 1 / 3, 0.05)] == [
        "4",
        "1/10",
        "3/2",
        "1/3",
        "1/20",
    ]


def test_bars_that_a_vendor_adjusted_backwards_are_printed_again_in_the_dollars_of_their_day() -> None:
    adjusted = bars("SPY", dict.fromkeys(WEEK, (125.0, 125.0)))
    printed = bars_as_printed(adjusted, [Split("SPY", WEDNESDAY, 4.0)])
    assert printed.close.tolist() == [500.0, 500.0, 125.0, 125.0, 125.0]


def test_a_spot_that_contradicts_the_quotes_carries_no_entry() -> None:
    doubted = tape({close_of(day): (125.0, [(SHORT, 1_000, 1_040)]) for day in WEEK})
    flags = np.full(len(WEEK), Flaw.SPOT, dtype=np.uint16)
    source = MemorySource([replace(doubted, columns=replace(doubted.columns, flaws=flags))])
    told = Told({MONDAY: [of((SHORT, -1)), of((Stock("SPY"), 100))]}, margin_cents=1, max_loss_cents=None)
    ledger = MemoryLedger()
    replay(hand_spec(told, start=MONDAY, end=FRIDAY), source, CALENDAR, ledger)
    denied = [one.event.code for one in ledger.records() if isinstance(one.event, SignalDenied)]
    assert denied == ["DATA_SPOT", "DATA_SPOT"]
