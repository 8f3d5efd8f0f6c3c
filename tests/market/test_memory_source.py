from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.tapes import CALENDAR, Snapshot, bars_of, close_of, series_of, tape_of
from strikewise.domain.errors import DataError
from strikewise.domain.quotes import CalendarEvent, Dividend, Split
from strikewise.market.memory_source import MemorySource

SESSIONS = CALENDAR.sessions(date(2025, 6, 2), date(2025, 6, 6))
DELAYS = (0, 60, 3 * 86_400, 0, 60)
TAPE = tape_of("SPY", [Snapshot(day, delay=delay) for day, delay in zip(SESSIONS, DELAYS, strict=True)])
SOURCE = MemorySource([TAPE])


@given(st.integers(-86_400, 8 * 86_400))
def test_the_chain_handed_out_is_the_latest_that_was_taken_and_known(offset: int) -> None:
    at = close_of(SESSIONS[0]) + timedelta(seconds=offset)
    known = [row for row in range(len(TAPE)) if TAPE.known_at[row] <= at.timestamp()]
    found = SOURCE.chain("SPY", at)
    if not known:
        assert found is None
    else:
        assert found is not None
        assert found.as_of.timestamp() == TAPE.as_of[known[-1]]


def test_what_is_not_there_is_nothing_and_no_error() -> None:
    assert SOURCE.chain("QQQ", close_of(SESSIONS[0])) is None
    assert len(SOURCE.snapshots("QQQ")) == 0
    assert SOURCE.bars("SPY") is None
    assert SOURCE.series("VIX") is None
    assert list(SOURCE.dividends("SPY")) == []


def test_everything_is_found_by_its_name_in_order() -> None:
    dividends = [Dividend("SPY", day, 1.0, 0) for day in (SESSIONS[3], SESSIONS[1])]
    splits = [Split("AAPL", SESSIONS[0], 4.0)]
    events = [CalendarEvent("CPI", day, None, 0) for day in (SESSIONS[2], SESSIONS[0])]
    bars, series = bars_of("SPY", SESSIONS, [1.0] * 5), series_of("VIX", SESSIONS, [20.0] * 5)
    source = MemorySource(
        [TAPE, tape_of("AAPL", [Snapshot(SESSIONS[0])])],
        bars=[bars],
        series=[series],
        dividends=dividends,
        splits=splits,
        events=events,
    )
    assert list(source.underlyings()) == ["AAPL", "SPY"]
    assert source.bars("SPY") is bars
    assert source.series("VIX") is series
    assert [one.ex_date for one in source.dividends("SPY")] == [SESSIONS[1], SESSIONS[3]]
    assert list(source.splits("AAPL")) == splits
    assert [one.day for one in source.calendar_events()] == [SESSIONS[0], SESSIONS[2]]


def test_two_tapes_of_one_underlying_are_refused_rather_than_one_of_them_lost() -> None:
    with pytest.raises(DataError, match="SPY"):
        MemorySource([TAPE, TAPE])
