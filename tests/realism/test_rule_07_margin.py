"""Rule 7: margin by the published formulas, recomputed daily; a call forces a close at the touch."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from engine.hand_made import Told, hand_spec, played
from execution.tapes import CALENDAR, bars, call, close_of, put, tape
from realism.nights import of
from strikewise.backtest.runner import replay
from strikewise.domain.events import OrderPlaced
from strikewise.domain.instruments import OptionContract
from strikewise.domain.margin import naked_option_margin_cents
from strikewise.domain.structures import Structure
from strikewise.market.memory_source import MemorySource
from strikewise.portfolio.ledger import MemoryLedger
from strikewise.risk.limits import Limits

MONDAY, TUESDAY, WEDNESDAY = WEEK = tuple(date(2024, 2, day) for day in (5, 6, 7))
Rows = list[tuple[OptionContract, int, int]]


@pytest.mark.parametrize(
    ("contract", "premium", "spot", "dollars"),
    [
        (put(480), 3.00, 500.0, 3.00 + 0.20 * 500 - 20),
        (put(400), 0.10, 500.0, 0.10 + 0.10 * 400),  # far out: a tenth of the strike
        (call(520), 2.00, 500.0, 2.00 + 0.20 * 500 - 20),
        (call(650), 0.10, 500.0, 0.10 + 0.10 * 500),  # far out: a tenth of the spot
        (put(4_900, underlying="SPX", root_code=1), 30.0, 5_000.0, 30.0 + 0.15 * 5_000 - 100),
    ],
)
def test_a_naked_option_asks_its_premium_and_a_fifth_of_spot_less_what_it_is_out_of_the_money(
    contract: OptionContract, premium: float, spot: float, dollars: float
) -> None:
    asked = naked_option_margin_cents(contract, round(100 * premium), round(100 * spot))
    assert asked == pytest.approx(100 * 100 * dollars)


def margins(structure: Structure, rows: Rows) -> list[int]:
    told = Told({MONDAY: [structure]}, margin_cents=1)
    journal, _ = played(
        hand_spec(told, start=MONDAY, end=WEDNESDAY), {close_of(day): (500.0, rows) for day in WEEK}
    )
    return [row.margin_cents for row in journal.equity]


def test_a_condor_asks_its_larger_wing_less_the_credit_on_every_day() -> None:
    legs = (put(480), -1), (put(470), 1), (call(520), -1), (call(525), 1)
    rows = [(put(480), 300, 310), (put(470), 150, 160), (call(520), 200, 210), (call(525), 120, 130)]
    credit = 300 - 160 + 200 - 130
    # It is closed at the touch for 4 × 10 cents more than it brought: equity has lost that already.
    assert margins(of(*legs), rows) == [100 * (1_000 - credit - 40)] * 3


def test_a_margin_call_closes_at_the_touch_and_equity_stays_a_number() -> None:
    short = put(480)
    told = Told({MONDAY: [of((short, -1))]}, units=10, margin_cents=1, max_loss_cents=None)
    crash = {MONDAY: (500.0, 300, 310), TUESDAY: (300.0, 18_000, 19_000), WEDNESDAY: (280.0, 20_000, 21_000)}
    everything = Limits(max_loss_per_trade=1.0, max_at_risk=1.0, max_margin_per_trade=1.0, max_margin=1.0)
    journal, _ = played(
        hand_spec(told, start=MONDAY, end=WEDNESDAY, limits=everything),
        {close_of(day): (spot, [(short, bid, ask)]) for day, (spot, bid, ask) in crash.items()},
    )
    (trade,) = journal.trades
    assert (trade.exit_reason, trade.closed_at) == ("MARGIN_CALL", close_of(TUESDAY))
    assert trade.exit_cents == 10 * 100 * 19_000
    # Ten contracts on 100,000 dollars lost 187 a share; nothing was traded on what was no longer there.
    assert journal.equity[-1].equity_exit_cents == 10_000_000 + 10 * 100 * (300 - 19_000)
    assert journal.equity[-1].margin_cents == 0


def test_a_call_closes_what_can_be_traded_where_the_worst_cannot() -> None:
    lost, other = put(480), put(24, underlying="XLF")
    told = Told({MONDAY: [of((lost, -1)), of((other, -1))]}, units=10, margin_cents=1, max_loss_cents=None)
    chosen = hand_spec(told, start=MONDAY, end=TUESDAY)
    chosen = replace(chosen, run=replace(chosen.run, underlyings=("SPY", "XLF")))
    source = MemorySource(
        [
            tape({close_of(MONDAY): (500.0, [(lost, 300, 310)])}),  # nobody quotes it on Tuesday
            tape({close_of(day): (25.0, [(other, 20, 22)]) for day in (MONDAY, TUESDAY)}, underlying="XLF"),
        ],
        bars=[bars("SPY", {MONDAY: (500.0, 500.0), TUESDAY: (430.0, 430.0)})],
    )
    ledger = MemoryLedger()
    replay(chosen, source, CALENDAR, ledger)
    placed = [one.event.order for one in ledger.records() if isinstance(one.event, OrderPlaced)]
    assert [(one.underlying, one.reason) for one in placed[2:]] == [("XLF", "MARGIN_CALL")]


def test_a_credit_is_not_free_capital() -> None:
    rows = [(put(480), 300, 310), (put(470), 150, 160)]
    told = Told({MONDAY: [of((put(480), -1), (put(470), 1))]}, units=20, margin_cents=86_000)
    journal, _ = played(
        hand_spec(told, start=MONDAY, end=MONDAY), {close_of(day): (500.0, rows) for day in WEEK}
    )
    (row,) = journal.equity
    free = row.equity_exit_cents - row.margin_cents
    assert row.cash_cents == 10_000_000 + 20 * 100 * 140
    # The width of every spread is out of reach until it is closed.
    assert free == row.cash_cents - 20 * 100 * 1_000
