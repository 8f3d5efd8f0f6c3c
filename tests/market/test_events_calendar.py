from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strikewise.domain.errors import ParameterError
from strikewise.domain.quotes import CalendarEvent
from strikewise.market.events_calendar import Blackout, EventCalendar

DAY = date(2025, 6, 2)
LONG_AGO, NOW, LATER = 0, 1_000, 2_000


def event(kind: str, offset: int, symbol: str | None = None, known_at: int = LONG_AGO) -> CalendarEvent:
    return CalendarEvent(kind, DAY + timedelta(days=offset), symbol, known_at)


CALENDAR = EventCalendar(
    [
        event("FOMC", 16),
        event("CPI", 9),
        event("NFP", 4),
        event("NFP", 4 - 28),
        event("EARNINGS", 3, "AAPL"),
        event("EARNINGS", 1, "NVDA"),
        event("FOMC", 2, known_at=LATER),
    ]
)


def test_days_to_the_next_event_of_a_kind_skip_the_past_and_the_unannounced() -> None:
    assert CALENDAR.days_to("NFP", DAY, NOW) == 4
    assert CALENDAR.days_to("FOMC", DAY, NOW) == 16
    assert CALENDAR.days_to("FOMC", DAY, LATER) == 2
    assert CALENDAR.days_to("PPI", DAY, NOW) is None


def test_an_event_today_is_zero_days_away() -> None:
    assert CALENDAR.days_to("CPI", DAY + timedelta(days=9), NOW) == 0


def test_earnings_are_of_one_symbol() -> None:
    assert CALENDAR.days_to("EARNINGS", DAY, NOW, symbol="AAPL") == 3
    assert CALENDAR.days_to("EARNINGS", DAY, NOW, symbol="NVDA") == 1
    assert CALENDAR.days_to("EARNINGS", DAY, NOW, symbol="SPY") is None
    assert CALENDAR.days_to("EARNINGS", DAY, NOW) is None


def test_events_between_days_are_those_of_the_market_and_of_the_symbol_soonest_first() -> None:
    last = DAY + timedelta(days=9)
    kinds = [one.kind for one in CALENDAR.between(DAY, last, NOW, symbol="AAPL")]
    assert kinds == ["EARNINGS", "NFP", "CPI"]
    assert len(CALENDAR.between(DAY, last, NOW)) == 4
    assert [one.kind for one in CALENDAR.between(DAY, last, NOW, kinds={"CPI", "FOMC"})] == ["CPI"]


@given(
    offset=st.integers(-20, 20),
    before=st.integers(0, 5),
    after=st.integers(0, 5),
    known_at=st.sampled_from([LONG_AGO, LATER]),
)
def test_a_day_is_blacked_out_exactly_within_the_window_of_an_announced_event(
    offset: int, before: int, after: int, known_at: int
) -> None:
    calendar = EventCalendar([event("CPI", offset, known_at=known_at)])
    found = calendar.blackout(Blackout(frozenset({"CPI"}), before, after), DAY, NOW)
    assert (found is not None) == (known_at == LONG_AGO and -after <= offset <= before)


def test_the_earnings_of_another_company_black_nothing_out() -> None:
    rule = Blackout(frozenset({"EARNINGS"}), days_before=5)
    found = CALENDAR.blackout(rule, DAY, NOW, symbol="AAPL")
    assert found is not None
    assert found.symbol == "AAPL"
    assert CALENDAR.blackout(rule, DAY, NOW, symbol="SPY") is None
    assert CALENDAR.blackout(rule, DAY, NOW) is None


def test_a_blackout_of_negative_days_is_refused() -> None:
    with pytest.raises(ParameterError, match="must be 0 or more; were -1 before"):
        Blackout(frozenset({"CPI"}), -1)
