"""Running over the past: which ticks, in which order, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from engine.hand_made import Told, hand_spec
from engine.runs import CALENDAR, instants, reconstructed, spec, through_history
from execution.tapes import close_of, put, tape
from strikewise.backtest.runner import replay, ticks_of
from strikewise.domain.chain import GRADES
from strikewise.domain.errors import LedgerError, MissingDataError, SettingsError
from strikewise.domain.events import RunStarted
from strikewise.domain.instruments import days_of
from strikewise.domain.quotes import DailyBars, Grade
from strikewise.market.memory_source import MemorySource
from strikewise.market.universe import Universe
from strikewise.portfolio.journal import TradeRow, journal_of
from strikewise.portfolio.ledger import MemoryLedger, read

DAYS = [date(2024, 2, day) for day in (5, 6, 7, 8)]
ROWS = [(put(480), 100, 110)]
QQQ_ROWS = [(put(400, underlying="QQQ"), 100, 110)]


def two_underlyings(noon: bool = False) -> MemorySource:
    """SPY at every close; QQQ on two days, at the close or at noon."""
    hour = {"hour": 17} if noon else {}
    spy = tape({close_of(day): (490.0, ROWS) for day in DAYS})
    qqq = tape({close_of(day).replace(**hour): (420.0, QQQ_ROWS) for day in DAYS[1:3]}, underlying="QQQ")
    return MemorySource([spy, qqq])


def at(ticks: np.ndarray) -> list[datetime]:
    return [datetime.fromtimestamp(int(seconds), UTC) for seconds in ticks]


def test_ticks_are_all_snapshots_of_the_universe_each_once_both_days_included() -> None:
    assert at(ticks_of(two_underlyings(), DAYS[1], DAYS[2])) == [close_of(DAYS[1]), close_of(DAYS[2])]
    noons = [close_of(day).replace(hour=17) for day in DAYS[1:3]]
    assert at(ticks_of(two_underlyings(noon=True), DAYS[0], DAYS[3])) == sorted(
        [*map(close_of, DAYS), *noons]
    )


def test_first_and_last_are_days_of_new_york() -> None:
    # 20:30 in New York, in winter and after the clocks were set: the next day in UTC.
    evenings = [datetime(2024, 3, day, 1, 30, tzinfo=UTC) for day in (8, 9)]
    evenings += [datetime(2024, 3, day, 0, 30, tzinfo=UTC) for day in (12, 13)]
    source = MemorySource([tape(dict.fromkeys(evenings, (490.0, ROWS)))])
    assert at(ticks_of(source, date(2024, 3, 8), date(2024, 3, 11))) == evenings[1:3]


def test_a_period_without_chains_says_what_there_is() -> None:
    with pytest.raises(MissingDataError, match="No chain of QQQ, SPY lies between 2023-01-01 and 2023-12-31"):
        ticks_of(two_underlyings(), date(2023, 1, 1), date(2023, 12, 31))
    with pytest.raises(MissingDataError, match="there are chains from 2024-02-05 to 2024-02-08"):
        ticks_of(two_underlyings(), date(2025, 1, 1), date(2025, 12, 31))


def test_a_period_without_bars_of_shares_tells_bars_from_chains() -> None:
    seconds = np.array([int(close_of(DAYS[0]).timestamp())], dtype=np.int64)
    days, price = np.array([days_of(DAYS[0])], dtype=np.int32), np.array([100.0])
    bars = DailyBars("XOM", days, price, price, price, price, price, seconds)
    spy = tape({close_of(day): (490.0, ROWS) for day in DAYS})
    both = Universe(MemorySource([spy], bars=[bars]), ["SPY", "XOM"])
    said = (
        "No chain of SPY and no daily bar of XOM lies between 2025-01-01 and 2025-12-31; there are chains "
        "from 2024-02-05 to 2024-02-08 and there are daily bars from 2024-02-05 to 2024-02-05."
    )
    with pytest.raises(MissingDataError, match=said):
        ticks_of(both, date(2025, 1, 1), date(2025, 12, 31))
    shares = Universe(MemorySource(bars=[bars]), ["XOM"])
    with pytest.raises(MissingDataError, match="No daily bar of XOM lies between"):
        ticks_of(shares, date(2025, 1, 1), date(2025, 12, 31))


def test_an_underlying_that_is_not_stored_is_refused_by_name() -> None:
    chosen = hand_spec(Told({}), underlying="IWM", start=DAYS[0], end=DAYS[3])
    with pytest.raises(MissingDataError, match=r"no option chains of IWM; there are chains of QQQ, SPY"):
        replay(chosen, two_underlyings(), CALENDAR, MemoryLedger())


def test_a_ledger_that_is_not_empty_is_refused() -> None:
    chosen, ledger = hand_spec(Told({}), start=DAYS[0], end=DAYS[3]), MemoryLedger()
    replay(chosen, two_underlyings(), CALENDAR, ledger)
    with pytest.raises(LedgerError, match="needs an empty ledger; this one has 6 facts"):
        replay(chosen, two_underlyings(), CALENDAR, ledger)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"end": date(2024, 2, 4)}, "must end on or after its start; starts 2024-02-05, ends 2024-02-04"),
        ({"lag": -1}, "must not be negative; was -1"),
    ],
)
def test_a_period_or_lag_that_cannot_be_is_refused(changes: dict[str, object], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        replace(hand_spec(Told({}), start=DAYS[0], end=DAYS[3]), **changes)


def test_progress_is_told_of_every_tick_and_the_data_of_the_first_fact() -> None:
    chosen, ledger, told = hand_spec(Told({}), start=DAYS[0], end=DAYS[3]), MemoryLedger(), []
    replay(
        chosen,
        two_underlyings(),
        CALENDAR,
        ledger,
        data={"SPY": "0123"},
        progress=lambda done, whole: told.append((done, whole)),
    )
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]
    (started,) = [one.event for one in ledger.records() if isinstance(one.event, RunStarted)]
    assert started.data == {"SPY": "0123"}


@pytest.mark.parametrize("grades", [[0, 0, 0, 0], [0, 1, 0, 0], [0, 2, 1, 0]])
def test_the_grade_of_a_run_is_that_of_the_worst_chain_it_saw(grades: list[int]) -> None:
    made = tape({close_of(day): (490.0, ROWS) for day in DAYS})
    source = MemorySource([replace(made, grade=np.array(grades, dtype=np.int8))])
    chosen = hand_spec(Told({}), start=DAYS[0], end=DAYS[3])
    assert replay(chosen, source, CALENDAR, MemoryLedger()) is GRADES[max(grades)]
    assert replay(replace(chosen, end=DAYS[0]), source, CALENDAR, MemoryLedger()) is Grade.QUOTES


def test_a_run_sees_nothing_outside_its_universe() -> None:
    both = two_underlyings(noon=True)
    chosen = hand_spec(Told({}), start=DAYS[0], end=DAYS[3])
    ledger = MemoryLedger()
    replay(chosen, both, CALENDAR, ledger)
    assert {one.known_at for one in ledger.records()} == {close_of(day) for day in DAYS}


def trades_after(start: date) -> tuple[list[TradeRow], list[date]]:
    """Trades of fixed size opened from a day on, and the days that ended without anything held or ordered."""
    fixed = {"sizing": "fixed", "trend": "off", "max_days_held": 3, "min_dte": 20, "max_dte": 45}
    chosen = spec(
        strategies=[{"strategy": "credit_spread", "parameters": fixed}],
        cadence={"entry": ["MON"]},
        start=start,
    )
    facts = through_history(chosen, reconstructed())
    journal = journal_of(read(facts))
    return list(journal.trades), [row.at.date() for row in journal.equity if row.open_positions == 0]


def test_once_an_account_is_flat_it_does_not_matter_when_it_began() -> None:
    whole, flat = trades_after(instants(spec(), reconstructed())[0].date())
    day = next(day for day in flat if day >= date(2015, 7, 15))
    later, _ = trades_after(day + timedelta(days=1))
    assert later
    assert [traded(trade) for trade in later] == [traded(t) for t in whole if t.opened_at.date() > day]


def traded(trade: TradeRow) -> tuple[object, ...]:
    return (
        trade.legs,
        trade.opened_at,
        trade.closed_at,
        trade.entry_cents,
        trade.exit_cents,
        trade.exit_reason,
    )
