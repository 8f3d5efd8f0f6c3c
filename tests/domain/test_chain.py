"""Slices of a chain are chains, whatever bounds are asked for."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from execution.tapes import put, tape
from strikewise.domain.chain import OptionChain
from strikewise.domain.quotes import Quote

AS_OF = datetime(2024, 2, 1, 21, tzinfo=UTC)
EXPIRATIONS = [date(2024, 2, 9), date(2024, 3, 1), date(2024, 3, 15)]
CHAIN: OptionChain = tape(
    {AS_OF: (500.0, [(put(strike, day), 10, 12) for day in EXPIRATIONS for strike in (480, 490)])}
).chain(0)

days = st.integers(-10, 60)


@given(days, days)
def test_a_window_holds_what_expires_within_it_and_nothing_where_it_ends_before_it_begins(
    first: int, last: int
) -> None:
    wanted = [CHAIN.day + timedelta(first) <= day <= CHAIN.day + timedelta(last) for day in EXPIRATIONS]
    window = CHAIN.window(first, last)
    assert len(window) == 2 * sum(wanted) == len(window.bid)


@given(st.integers(0, 9), st.integers(0, 9))
def test_rows_are_those_that_a_list_would_give(start: int, stop: int) -> None:
    part = CHAIN.rows(start, stop)
    assert part.key.tolist() == CHAIN.key.tolist()[start:stop]
    assert len(part) == len(part.key)


@given(st.sampled_from([470, 480, 485, 490, 495]), st.sampled_from([*EXPIRATIONS, date(2024, 3, 8)]))
def test_a_contract_is_found_where_it_is_and_one_that_is_not_listed_has_no_quote(
    strike: int, day: date
) -> None:
    contract = put(strike, day)
    listed = strike in (480, 490) and day in EXPIRATIONS
    row = CHAIN.find(contract)
    assert (row is not None) == listed
    assert CHAIN.quote(contract) == (Quote(10, 12) if listed else Quote.missing())
    if row is not None:
        assert CHAIN.contract(row) == contract
