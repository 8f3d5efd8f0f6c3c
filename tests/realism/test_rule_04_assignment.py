"""Rule 4: assignment and expiry, the dividend, the deep put, the day after, and both legs by one rule."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import pytest

from engine.hand_made import Told, hand_spec, played
from execution.tapes import bars, call, close_of, market, put, tape
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
from strikewise.domain.instruments import OptionContract, Stock
from strikewise.domain.orders import FlowKind
from strikewise.execution.exercise import EARLY_CARRY, EARLY_DIVIDEND, ExerciseRule, early_cause
from strikewise.market.estimate import Estimator
from strikewise.portfolio.ledger import MemoryLedger

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


@pytest.mark.parametrize(
    ("amount", "day"),
    # A cent of extrinsic less would do; and who buys on an ex-date has no part in its dividend.
    [(1.00, WEDNESDAY), (1.50, date(2024, 3, 11)), (1.50, MONDAY)],
)
def test_a_short_call_stays_when_the_dividend_is_less_than_its_extrinsic_or_days_away(
    amount: float, day: date
) -> None:
    _, ledger = week(of((CALL, -1), (WING, 1)), CALLS, dividends=[dividend(amount, day)])
    assert settled(ledger) == []


def test_extrinsic_is_what_the_mid_says() -> None:
    (assigned,) = settled(week(of((CALL, -1), (WING, 1)), CALLS, dividends=[dividend(1.01)])[1])
    assert assigned.rule == EARLY_DIVIDEND


def gap(contract: OptionContract, spots: Mapping[date, float]) -> MemoryLedger:
    """Sell an option on Monday; the next quotes come on Friday, after a dividend of 1.50 on Thursday."""
    rows = [(contract, 2_095, 2_105), (call(600, LATER), 10, 12)]
    told = Told({MONDAY: [of((contract, -1))]}, margin_cents=1, max_loss_cents=None)
    return played(
        hand_spec(told, start=MONDAY, end=FRIDAY),
        {close_of(day): (500.0, rows if day == MONDAY else rows[1:]) for day in (MONDAY, FRIDAY)},
        {day: (price, price) for day, price in spots.items()},
        dividends=[dividend(1.50, THURSDAY)],
    )[1]


def test_a_call_that_ends_before_the_ex_date_is_not_exercised_early_for_its_dividend() -> None:
    (ended,) = settled(gap(call(480, WEDNESDAY), {MONDAY: 500.0, WEDNESDAY: 470.0}))
    assert (ended.outcome, ended.rule, ended.settlement_cents) == ("expired", "", 47_000)


def test_shares_delivered_before_an_ex_date_have_its_dividend_whenever_it_is_seen() -> None:
    ledger = gap(put(520, WEDNESDAY), {MONDAY: 500.0, WEDNESDAY: 500.0})
    assert [one.outcome for one in settled(ledger)] == ["assigned"]
    assert [(one.kind, one.cash_cents) for one in flows(ledger)] == [(FlowKind.DIVIDEND, -15_000)]


def test_quotes_of_a_session_before_say_nothing_about_the_extrinsic_of_today() -> None:
    quoted = tape({close_of(MONDAY): (500.0, CALLS)})
    risen = bars("SPY", {MONDAY: (500.0, 500.0), TUESDAY: (520.0, 520.0)})
    seen = market(quoted, bars=[risen]).view(close_of(TUESDAY))
    # 21.00 on Monday is less than Tuesday's intrinsic 40.00, which is no reason to exercise.
    cause = early_cause(CALL, ExerciseRule(), seen, WEDNESDAY, [dividend(0.50)], Estimator())
    assert cause == ""
    assert early_cause(CALL, ExerciseRule(), seen, WEDNESDAY, [dividend(9.0)], Estimator()) == EARLY_DIVIDEND


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
