"""Rule 4: assignment and expiry, the dividend, the deep put, the day after, and both legs by one rule."""

from __future__ import annotations

from datetime import date

import pytest

from engine.hand_made import Told, hand_spec, played
from execution.tapes import call, close_of, put
from realism.nights import (
    FRIDAY,
    MONDAY,
    THURSDAY,
    TUESDAY,
    WEDNESDAY,
    bills,
    dividend,
    flows,
    of,
    settled,
    week,
)
from strikewise.domain.instruments import Stock
from strikewise.domain.orders import FlowKind
from strikewise.execution.exercise import EARLY_CARRY, EARLY_DIVIDEND, ExerciseRule

LATER = date(2024, 4, 19)
CALL, WING = call(480, LATER), call(490, LATER)
DEEP = put(560, LATER)
"""20 and 10 in the money at 500; the call is worth a dollar beyond that, the wing four."""
CALLS = [(CALL, 2_095, 2_105), (WING, 1_395, 1_405)]


def test_a_short_call_is_assigned_before_the_ex_date_when_the_dividend_exceeds_its_extrinsic() -> None:
    journal, ledger = week(of((CALL, -1), (WING, 1)), CALLS, dividends=[dividend(1.50)])
    (assigned,) = settled(ledger)
    assert (assigned.contract, assigned.outcome, assigned.rule) == (CALL, "assigned", EARLY_DIVIDEND)
    assert (assigned.cash_cents, assigned.shares, assigned.at) == (-4_800_000, -100, close_of(TUESDAY))
    # Told before Wednesday opens: the short shares owe its dividend, and go that day with the wing.
    (paid,) = flows(ledger)
    assert (paid.kind, paid.cash_cents) == (FlowKind.DIVIDEND, 15_000)
    (trade,) = journal.trades
    assert (trade.closed_at, trade.exit_reason) == (close_of(WEDNESDAY), "ASSIGNED_SHARES")
    credit, wing = 2_095 - 1_405, 1_395
    assert trade.profit_cents == 100 * (credit + wing + 48_000 - (50_000 + 5)) - 15_000


@pytest.mark.parametrize(("amount", "day"), [(0.99, WEDNESDAY), (1.50, date(2024, 3, 11))])
def test_a_short_call_stays_when_the_dividend_is_less_than_its_extrinsic_or_days_away(
    amount: float, day: date
) -> None:
    _, ledger = week(of((CALL, -1), (WING, 1)), CALLS, dividends=[dividend(amount, day)])
    assert settled(ledger) == []


def test_a_call_out_of_the_money_is_not_exercised_for_a_dividend() -> None:
    out = call(505, LATER)
    _, ledger = week(of((out, -1)), [(out, 10, 12)], dividends=[dividend(3.0)])
    assert settled(ledger) == []


def test_early_assignment_can_be_switched_off() -> None:
    _, ledger = week(
        of((CALL, -1)), CALLS, dividends=[dividend(1.5)], changes={"exercise": ExerciseRule(early=False)}
    )
    assert settled(ledger) == []


def test_a_covered_call_delivers_its_shares_and_has_no_dividend() -> None:
    journal, ledger = week(of((Stock("SPY"), 100), (CALL, -1)), CALLS, dividends=[dividend(1.5)])
    (trade,) = journal.trades
    assert (trade.exit_reason, trade.closed_at) == ("ASSIGNED", close_of(TUESDAY))
    assert flows(ledger) == []


def deep(bid: int, ask: int, percent: float, **more: object) -> list[str]:
    _, ledger = week(of((DEEP, -1)), [(DEEP, bid, ask)], series=[bills(percent)], **more)
    return [report.rule for report in settled(ledger)]


def test_a_deep_short_put_is_assigned_when_the_interest_on_its_strike_exceeds_its_extrinsic() -> None:
    # 560 at 5 % for 45 days is some 3.40; the put is 60 in the money. A delta of -0.25 is no deep put.
    every = {"changes": {"exercise": ExerciseRule(deep_delta=0.0)}}
    assert deep(6_090, 6_110, 5.0, **every) == [EARLY_CARRY]
    assert deep(6_440, 6_460, 5.0, **every) == []  # 4.50 of extrinsic
    assert deep(6_090, 6_110, 5.0) == []
    assert deep(6_090, 6_110, 0.0, **every) == []
    # A dividend of 3.00 before it expires is worth waiting for.
    assert deep(6_090, 6_110, 5.0, **every, dividends=[dividend(3.0, date(2024, 3, 15))]) == []


def test_what_a_deep_put_delivers_is_sold_in_the_next_session_at_its_price_with_the_gap() -> None:
    every = {"changes": {"exercise": ExerciseRule(deep_delta=0.0)}}
    journal, _ = week(
        of((DEEP, -1)), [(DEEP, 6_090, 6_110)], series=[bills(5.0)], spots={TUESDAY: 470.0}, **every
    )
    (trade,) = journal.trades
    assert (trade.closed_at, trade.exit_reason) == (close_of(TUESDAY), "ASSIGNED_SHARES")
    assert trade.profit_cents == 100 * (6_090 - 56_000 + (47_000 - 5))


def test_european_roots_are_never_assigned_early() -> None:
    index = put(5_600, LATER, "SPX", 1)
    assert index.root.style == "european"
    rows = [(index, 60_000, 60_100)]
    strategy = {"exercise": ExerciseRule(deep_delta=0.0)}

    told = Told({MONDAY: [of((index, -1))]}, margin_cents=1, max_loss_cents=None)
    chosen = hand_spec(told, underlying="SPX", start=MONDAY, end=FRIDAY, **strategy)
    snapshots = {close_of(day): (5_000.0, rows) for day in (MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY)}
    _, ledger = played(chosen, snapshots, series=[bills(5.0)])
    assert settled(ledger) == []
