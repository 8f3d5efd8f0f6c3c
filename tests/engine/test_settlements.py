"""Settlement from end to end: what a position becomes when its options end, in the ledger's facts."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from engine.hand_made import Told, hand_spec, played
from execution.tapes import CALENDAR, call, close_of, put
from strikewise.domain.events import OptionSettled
from strikewise.domain.instruments import OptionContract
from strikewise.domain.structures import Leg, Structure
from strikewise.execution.fees import FeeSchedule
from strikewise.portfolio.ledger import MemoryLedger

THURSDAY, FRIDAY, MONDAY, TUESDAY = (date(2024, 3, day) for day in (14, 15, 18, 19))
WEEK = (THURSDAY, FRIDAY, MONDAY, TUESDAY)


def spread(short: OptionContract, wing: OptionContract) -> Structure:
    return Structure.of([Leg(short, -1), Leg(wing, 1)])


def settlements(ledger: MemoryLedger) -> list[tuple[str, str, int, int, datetime]]:
    told = [one.event.report for one in ledger.records() if isinstance(one.event, OptionSettled)]
    return [(one.contract.symbol, one.outcome, one.cash_cents, one.shares, one.at) for one in told]


def cash_of(ledger: MemoryLedger) -> list[int]:
    from_facts = [one.event for one in ledger.records()]
    return [event.cash_cents for event in from_facts if type(event).__name__ == "AccountValued"]


PUTS = spread(put(480), put(475))
ROWS = [(put(480), 100, 110), (put(475), 40, 50)]


def week_of_spy(friday: float, monday: float = 480.0) -> dict[datetime, tuple[float, list]]:
    """Credit 0.50 on Thursday at 485; the spread expires on Friday."""
    spots = {THURSDAY: 485.0, FRIDAY: friday, MONDAY: monday, TUESDAY: monday}
    later = [(put(480, date(2024, 4, 19)), 300, 310)]
    return {close_of(day): (spot, [*ROWS, *later] if day <= FRIDAY else later) for day, spot in spots.items()}


def spy_run(**changes: object) -> object:
    return hand_spec(Told({THURSDAY: [PUTS]}), start=THURSDAY, end=TUESDAY, **changes)


def test_a_spread_wholly_in_the_money_costs_its_width_and_leaves_nothing() -> None:
    journal, ledger = played(spy_run(), week_of_spy(470.0))
    (trade,) = journal.trades
    assert (trade.profit_cents, trade.exit_reason) == (5_000 - 50_000, "ASSIGNED")
    assert trade.closed_at == close_of(FRIDAY)
    assert journal.positions == ()
    assert {(outcome, cash, shares) for _, outcome, cash, shares, _ in settlements(ledger)} == {
        ("assigned", 4_800_000, 100),
        ("exercised", -4_750_000, -100),
    }
    assert cash_of(ledger)[1:] == [10_000_000 + 5_000 - 50_000] * 3


def test_a_pinned_spread_leaves_shares_that_are_sold_on_monday_for_mondays_price() -> None:
    journal, ledger = played(spy_run(), week_of_spy(478.0, monday=470.0))
    (trade,) = journal.trades
    assert settlements(ledger)[0][1:4] == ("expired", 0, 0)
    assert settlements(ledger)[1][1:4] == ("assigned", 4_800_000, 100)
    # Shares bought at 480.00 on Friday, sold on Monday at 470.00 less a basis point.
    assert trade.profit_cents == 5_000 - 100 * (48_000 - (47_000 - 5))
    assert (trade.exit_reason, trade.closed_at) == ("ASSIGNED_SHARES", close_of(MONDAY))
    friday, monday = journal.equity[1], journal.equity[2]
    assert (friday.open_positions, monday.open_positions) == (1, 0)
    assert friday.equity_mid_cents == 10_000_000 + 5_000 - 100 * (48_000 - 47_800)


def test_a_spread_out_of_the_money_keeps_its_credit() -> None:
    journal, ledger = played(spy_run(), week_of_spy(480.0))
    (trade,) = journal.trades
    assert (trade.profit_cents, trade.exit_reason) == (5_000, "EXPIRED")
    assert [outcome for _, outcome, *_ in settlements(ledger)] == ["expired", "expired"]


def test_assignment_and_exercise_have_their_fee() -> None:
    fees = FeeSchedule(commission_cents=0, assignment_cents=500, pass_through=False)
    journal, _ = played(spy_run(fees=fees), week_of_spy(470.0))
    (trade,) = journal.trades
    assert (trade.fees_cents, trade.profit_cents) == (1_000, 5_000 - 50_000 - 1_000)


def index_week(friday: float) -> dict[datetime, tuple[float, list]]:
    am, pm = (
        [(put(k, FRIDAY, "SPX", code), bid, bid + 50) for k, bid in ((5000, 900), (4950, 400))]
        for code in (0, 1)
    )
    spots = {THURSDAY: 5050.0, FRIDAY: friday, MONDAY: 5100.0}
    later = [(put(5000, date(2024, 4, 19), "SPX", 0), 900, 950)]
    return {
        close_of(day): (spot, [*am, *pm, *later] if day < FRIDAY else later) for day, spot in spots.items()
    }


@pytest.mark.parametrize(("root", "cash", "hour"), [(0, 100 * 4000, (13, 30)), (1, 100 * 1000, (20, 0))])
def test_an_index_option_settles_for_cash_on_the_open_or_the_close_as_its_root_says(
    root: int, cash: int, hour: tuple[int, int]
) -> None:
    short, wing = put(5000, FRIDAY, "SPX", root), put(4950, FRIDAY, "SPX", root)
    told = Told({THURSDAY: [spread(short, wing)]}, max_loss_cents=455_000, margin_cents=455_000)
    chosen = hand_spec(told, underlying="SPX", start=THURSDAY, end=MONDAY)
    days = {THURSDAY: (5040.0, 5050.0), FRIDAY: (4960.0, 4990.0), MONDAY: (5000.0, 5100.0)}
    journal, ledger = played(chosen, index_week(4990.0), days)
    (trade,) = journal.trades
    assert settlements(ledger) == [
        (wing.symbol, "expired", 0, 0, datetime(2024, 3, 15, *hour, tzinfo=UTC)),
        (short.symbol, "assigned", cash, 0, datetime(2024, 3, 15, *hour, tzinfo=UTC)),
    ]
    assert trade.profit_cents == (900 - 450) * 100 - cash
    assert all(position.holdings == "" for position in journal.positions)


def test_am_and_pm_contracts_of_one_day_are_two_contracts() -> None:
    one, other = (spread(put(5000, FRIDAY, "SPX", code), put(4950, FRIDAY, "SPX", code)) for code in (0, 1))
    told = Told({THURSDAY: [one, other]}, max_loss_cents=455_000, margin_cents=455_000)
    chosen = hand_spec(told, underlying="SPX", start=THURSDAY, end=MONDAY)
    days = {THURSDAY: (5040.0, 5050.0), FRIDAY: (4960.0, 4990.0), MONDAY: (5000.0, 5100.0)}
    journal, _ = played(chosen, index_week(4990.0), days)
    assert sorted(trade.profit_cents or 0 for trade in journal.trades) == [45_000 - 400_000, 45_000 - 100_000]


def test_on_an_early_close_a_contract_settles_at_one_oclock() -> None:
    wednesday, black_friday, monday = date(2024, 11, 27), date(2024, 11, 29), date(2024, 12, 2)
    assert close_of(black_friday) == datetime(2024, 11, 29, 18, 0, tzinfo=UTC)
    rows = [(call(600, black_friday), 100, 105), (call(605, black_friday), 30, 35)]
    later = [(call(600, date(2024, 12, 20)), 300, 310)]
    spots = {wednesday: 598.0, black_friday: 602.0, monday: 604.0}
    market = {
        close_of(day): (spot, [*rows, *later] if day == wednesday else later) for day, spot in spots.items()
    }
    told = Told({wednesday: [spread(call(600, black_friday), call(605, black_friday))]})
    journal, ledger = played(hand_spec(told, start=wednesday, end=monday), market)
    assert [at for *_, at in settlements(ledger)] == [close_of(black_friday)] * 2
    (trade,) = journal.trades
    # Called away at 600.00; the short shares are bought back on Monday at 604.00 and a basis point.
    assert trade.profit_cents == 6_500 - 100 * (60_400 + 7 - 60_000)


def test_an_expiration_on_a_holiday_settles_the_session_before() -> None:
    good_friday, thursday, monday = date(2024, 3, 29), date(2024, 3, 28), date(2024, 4, 1)
    wednesday = date(2024, 3, 27)
    assert not CALENDAR.is_session(good_friday)
    rows = [(put(480, good_friday), 100, 110), (put(475, good_friday), 40, 50)]
    later = [(put(480, date(2024, 4, 19)), 300, 310)]
    market = {close_of(wednesday): (485.0, [*rows, *later])}
    market |= {close_of(thursday): (470.0, [*rows, *later]), close_of(monday): (490.0, later)}
    told = Told({wednesday: [spread(put(480, good_friday), put(475, good_friday))]})
    journal, ledger = played(hand_spec(told, start=wednesday, end=monday), market)
    assert {at for *_, at in settlements(ledger)} == {close_of(thursday)}
    assert journal.trades[0].profit_cents == 5_000 - 50_000


def test_a_run_that_sleeps_over_an_expiration_settles_on_the_price_of_that_day() -> None:
    market = week_of_spy(470.0)
    del market[close_of(FRIDAY)]
    days = {THURSDAY: (485.0, 485.0), FRIDAY: (476.0, 470.0), MONDAY: (480.0, 480.0), TUESDAY: (480.0, 480.0)}
    journal, ledger = played(spy_run(), market, days)
    (trade,) = journal.trades
    assert trade.profit_cents == 5_000 - 50_000
    assert {at for *_, at in settlements(ledger)} == {close_of(FRIDAY)}
    assert trade.closed_at == close_of(FRIDAY)


def test_nothing_is_opened_that_has_settled_or_is_not_quoted() -> None:
    gone = Told({FRIDAY: [PUTS]})
    journal, _ = played(hand_spec(gone, start=THURSDAY, end=TUESDAY), week_of_spy(485.0))
    assert [row.outcome for row in journal.signals] == ["MARKET_EXPIRED"]
    assert journal.trades == ()
