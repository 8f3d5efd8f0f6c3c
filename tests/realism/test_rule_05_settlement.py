"""Rule 5: settlement is data: AM and PM, cash and shares, early closes, holidays, roots."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from engine.hand_made import Told, hand_spec, played
from execution.tapes import CALENDAR, close_of, put
from realism.nights import of, settled
from strikewise.domain.events import OrderDenied, SignalDenied
from strikewise.domain.instruments import Delivery, OptionContract, Settlement, Style, option_roots
from strikewise.market.calendar import NEW_YORK

WEDNESDAY, THURSDAY, FRIDAY = WEEK = tuple(date(2024, 3, day) for day in (13, 14, 15))
AM, PM = (put(5_100, FRIDAY, "SPX", code) for code in (0, 1))
AM_WING, PM_WING = (put(5_050, FRIDAY, "SPX", code) for code in (0, 1))


def test_the_roots_of_an_index_settle_each_by_its_own_rule() -> None:
    spx, spxw = option_roots("SPX")
    assert (spx.root, spx.settlement, spxw.root, spxw.settlement) == (
        "SPX",
        Settlement.AM,
        "SPXW",
        Settlement.PM,
    )
    assert {one.delivery for one in (*option_roots("SPX"), *option_roots("XSP"))} == {Delivery.CASH}
    (spy,) = option_roots("SPY")
    assert (spy.settlement, spy.delivery, spy.style) == (Settlement.PM, Delivery.PHYSICAL, Style.AMERICAN)
    assert AM.key != PM.key


@pytest.mark.parametrize(
    ("contract", "last"),
    [
        (AM, datetime(2024, 3, 14, 20, 0, tzinfo=UTC)),
        (PM, datetime(2024, 3, 15, 20, 0, tzinfo=UTC)),
        (put(480, date(2024, 3, 29)), datetime(2024, 3, 28, 20, 0, tzinfo=UTC)),  # Good Friday
        (put(480, date(2024, 11, 29)), datetime(2024, 11, 29, 18, 0, tzinfo=UTC)),  # an early close
    ],
)
def test_a_contract_trades_to_the_end_of_its_last_session(contract: OptionContract, last: datetime) -> None:
    assert CALENDAR.last_trade_at(contract) == last
    assert CALENDAR.trades_at(contract, last.replace(hour=last.hour - 1))
    following = CALENDAR.next_session(last.date())
    assert not CALENDAR.trades_at(contract, CALENDAR.session_open(following))
    # The evening of the last session still shows its closing quotes, unless the contract is settled by then.
    assert CALENDAR.trades_at(contract, last.replace(minute=30)) == (contract is AM)


def week_of_spx(told: Told) -> tuple[list[tuple[str, int]], set[str]]:
    rows = [(AM, 400, 420), (AM_WING, 100, 110), (PM, 500, 520), (PM_WING, 150, 160)]
    snapshots = {close_of(day): (5_150.0, rows) for day in WEEK}
    days = {WEDNESDAY: (5_170.0, 5_160.0), THURSDAY: (5_155.0, 5_150.0), FRIDAY: (5_090.0, 5_120.0)}
    _, ledger = played(hand_spec(told, underlying="SPX", start=WEDNESDAY, end=FRIDAY), snapshots, days)
    denied = {one.event.code for one in ledger.records() if isinstance(one.event, SignalDenied | OrderDenied)}
    return [(one.contract.root.root, one.cash_cents) for one in settled(ledger)], denied


def test_an_am_contract_settles_on_fridays_open_and_its_pm_sister_on_the_close() -> None:
    ends, _ = week_of_spx(
        Told({WEDNESDAY: [of((AM, -1), (AM_WING, 1)), of((PM, -1), (PM_WING, 1))]}, max_loss_cents=500_000)
    )
    assert sorted(ends) == [("SPX", 0), ("SPX", 100 * 1_000), ("SPXW", 0), ("SPXW", 0)]


@pytest.mark.parametrize("contract", [AM, PM])
def test_nothing_is_opened_or_closed_after_the_last_trade(contract: OptionContract) -> None:
    ends, denied = week_of_spx(Told({FRIDAY: [of((contract, -1))]}))
    assert (ends, denied) == ([], {"MARKET_EXPIRED"})
    ends, denied = week_of_spx(
        Told({THURSDAY: [of((contract, -1))]}, frozenset([FRIDAY]), max_loss_cents=500_000)
    )
    assert len(ends) == 1
    assert denied <= {"MARKET_EXPIRED"}


@pytest.mark.parametrize(
    ("day", "hour", "minute", "extended", "opened"),
    [
        (date(2026, 7, 14), 8, 0, ("NVDA",), True),
        (date(2026, 7, 14), 8, 0, (), False),
        (date(2026, 7, 14), 8, 0, ("TSLA",), False),
        (date(2026, 7, 14), 9, 27, ("NVDA",), False),  # between the two sessions
        (date(2026, 7, 10), 8, 0, ("NVDA",), False),  # before there was one
        (date(2026, 7, 14), 9, 30, (), True),
        (date(2026, 7, 14), 16, 10, (), True),
    ],
)
def test_sessions_are_data_some_single_stocks_trade_before_the_opening(
    day: date, hour: int, minute: int, extended: tuple[str, ...], opened: bool
) -> None:
    at = datetime(day.year, day.month, day.day, hour, minute, tzinfo=NEW_YORK)
    short = put(150, date(2026, 8, 21), "NVDA")
    told = Told({day: [of((short, -1))]}, margin_cents=1, max_loss_cents=None)
    chosen = hand_spec(told, underlying="NVDA", start=day, end=day, extended_hours=extended)
    journal, ledger = played(chosen, {at.astimezone(UTC): (170.0, [(short, 300, 310)])})
    assert bool(journal.trades) == opened
    denied = [one.event.code for one in ledger.records() if isinstance(one.event, SignalDenied)]
    assert denied == ([] if opened else ["MARKET_CLOSED"])
