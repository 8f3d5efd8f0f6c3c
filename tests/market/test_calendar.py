from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import closures
from market.tapes import CALENDAR, utc
from strikewise.domain.errors import MissingDataError
from strikewise.domain.instruments import OptionContract, Right, days_of, option_roots
from strikewise.market.calendar import FIRST_DAY, LAST_DAY, NEW_YORK, SessionCalendar

days = st.dates(date(1990, 1, 8), date(2035, 12, 20))


@pytest.mark.parametrize(
    "day",
    [
        date(2025, 11, 27),  # Thanksgiving
        date(2019, 4, 19),  # Good Friday
        date(2018, 12, 5),  # mourning of G. H. W. Bush
        date(2025, 1, 9),  # mourning of J. Carter
        date(2012, 10, 29),  # hurricane Sandy
        date(2001, 9, 12),
        date(2022, 6, 20),  # Juneteenth, observed
        date(2026, 8, 22),  # a Saturday
    ],
)
def test_the_market_is_closed_on_holidays_mourning_days_and_weekends(day: date) -> None:
    assert not CALENDAR.is_session(day)
    with pytest.raises(MissingDataError, match="no trading session"):
        CALENDAR.session_close(day)


def test_juneteenth_was_a_session_before_it_was_a_holiday() -> None:
    assert CALENDAR.is_session(date(2020, 6, 19))


@pytest.mark.parametrize(
    ("day", "opens", "closes"),
    [
        (date(2025, 11, 28), utc(2025, 11, 28, 14, 30), utc(2025, 11, 28, 18)),  # half day, 13:00 New York
        (date(2026, 8, 21), utc(2026, 8, 21, 13, 30), utc(2026, 8, 21, 20)),  # summer time
        (date(2020, 3, 16), utc(2020, 3, 16, 13, 30), utc(2020, 3, 16, 20)),
        (date(2020, 12, 24), utc(2020, 12, 24, 14, 30), utc(2020, 12, 24, 18)),
    ],
)
def test_sessions_open_and_close_by_new_york_time(day: date, opens: datetime, closes: datetime) -> None:
    assert (CALENDAR.session_open(day), CALENDAR.session_close(day)) == (opens, closes)


def test_the_regular_session_includes_its_opening_and_closing_instant_and_nothing_beyond() -> None:
    day, moment = date(2025, 11, 28), timedelta(microseconds=1)
    opens, closes = CALENDAR.session_open(day), CALENDAR.session_close(day)
    assert [CALENDAR.is_open(at) for at in (opens - moment, opens, closes, closes + moment)] == [
        False,
        True,
        True,
        False,
    ]


def test_2025_had_250_sessions() -> None:
    assert len(CALENDAR.sessions(date(2025, 1, 1), date(2025, 12, 31))) == 250


@given(days, days)
def test_sessions_between_two_days_are_those_after_the_first_up_to_the_second(a: date, b: date) -> None:
    a, b = min(a, b), max(a, b)
    assert CALENDAR.sessions_between(a, b) == len(CALENDAR.sessions(a + timedelta(days=1), b))
    assert CALENDAR.sessions_between(b, a) == -CALENDAR.sessions_between(a, b)


@given(days)
def test_next_and_previous_session_are_neighbours_with_no_session_between(day: date) -> None:
    after, before = CALENDAR.next_session(day), CALENDAR.previous_session(day)
    assert before < day < after
    inside = [day] if CALENDAR.is_session(day) else []
    assert CALENDAR.sessions(before, after) == [before, *inside, after]


@given(days)
def test_the_close_of_many_days_at_once_is_the_close_of_each(day: date) -> None:
    (seconds,) = CALENDAR.close_seconds(np.array([days_of(day)]))
    session = CALENDAR.session_at_or_before(day)
    assert datetime.fromtimestamp(int(seconds), UTC) == CALENDAR.session_close(session)


@given(
    st.sampled_from(["SPY", "SPX", "VIX"]),
    st.lists(st.tuples(days, st.integers(0, 1)), min_size=1, max_size=5),
)
def test_the_settlement_of_many_contracts_at_once_is_that_of_each(
    underlying: str, wanted: list[tuple[date, int]]
) -> None:
    roots = len(option_roots(underlying))
    contracts = [OptionContract(underlying, day, Right.PUT, 100_000, root % roots) for day, root in wanted]
    found = CALENDAR.settlement_seconds(underlying, np.array([one.key for one in contracts]))
    assert found.tolist() == [CALENDAR.settlement_at(one).timestamp() for one in contracts]


def test_an_evening_in_new_york_belongs_to_its_own_date_though_utc_has_gone_on() -> None:
    assert CALENDAR.day_of(utc(2026, 8, 22, 1)) == date(2026, 8, 21)


def test_a_day_outside_the_calendar_is_an_error_that_names_its_bounds() -> None:
    short = SessionCalendar(date(2024, 1, 1), date(2024, 12, 31))
    with pytest.raises(MissingDataError, match="2024-01-01 to 2024-12-31"):
        short.is_session(date(2025, 1, 2))
    with pytest.raises(MissingDataError, match="2025-06-02"):
        short.close_seconds(np.array([days_of(date(2025, 6, 2))]))
    assert short.sessions(date(2024, 12, 31), date(2024, 12, 1)) == []


def contract(underlying: str, expiration: date, root_code: int = 0) -> OptionContract:
    return OptionContract(underlying, expiration, Right.PUT, 100_000, root_code)


@pytest.mark.parametrize(
    ("option", "last_trade", "settlement"),
    [
        # A plain fund option trades and settles at the close.
        (contract("SPY", date(2026, 8, 21)), utc(2026, 8, 21, 20), utc(2026, 8, 21, 20)),
        # AM-settled SPX stops trading on Thursday and settles at Friday's open.
        (contract("SPX", date(2026, 8, 21)), utc(2026, 8, 20, 20), utc(2026, 8, 21, 13, 30)),
        (contract("SPX", date(2026, 8, 21), 1), utc(2026, 8, 21, 20), utc(2026, 8, 21, 20)),
        # The third Friday of April 2019 was Good Friday.
        (contract("SPX", date(2019, 4, 19)), utc(2019, 4, 17, 20), utc(2019, 4, 18, 13, 30)),
        (contract("SPY", date(2019, 4, 19)), utc(2019, 4, 18, 20), utc(2019, 4, 18, 20)),
        # Until 2015 monthly options expired on Saturdays.
        (contract("AAPL", date(2014, 1, 18)), utc(2014, 1, 17, 21), utc(2014, 1, 17, 21)),
        # An expiration on a half day settles at 13:00.
        (contract("SPY", date(2025, 11, 28)), utc(2025, 11, 28, 18), utc(2025, 11, 28, 18)),
        # VIX settles on Wednesday's open.
        (contract("VIX", date(2026, 8, 19)), utc(2026, 8, 18, 20), utc(2026, 8, 19, 13, 30)),
    ],
)
def test_a_contract_trades_and_settles_by_its_root_and_the_holidays(
    option: OptionContract, last_trade: datetime, settlement: datetime
) -> None:
    assert CALENDAR.last_trade_at(option) == last_trade
    assert CALENDAR.settlement_at(option) == settlement


def test_every_session_since_1990_opens_and_closes_as_exchange_calendars_has_it() -> None:
    expected = closures.sessions(FIRST_DAY, LAST_DAY)
    assert CALENDAR.sessions(FIRST_DAY, LAST_DAY) == list(expected)
    found = {
        day: (
            CALENDAR.session_open(day).astimezone(NEW_YORK).time(),
            CALENDAR.session_close(day).astimezone(NEW_YORK).time(),
        )
        for day in expected
    }
    assert found == expected


def test_bounds_wider_than_the_table_of_closures_are_refused() -> None:
    with pytest.raises(MissingDataError, match="2036-06-30"):
        SessionCalendar(date(2020, 1, 1), date(2036, 6, 30)).is_session(date(2024, 1, 2))
