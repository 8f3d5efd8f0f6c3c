"""A feature that is a day is told as one, and one that only sounds so as the number that it is."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strikewise.domain.instruments import date_named, days_of


@given(st.dates(date(1980, 1, 1), date(2243, 1, 1)))
def test_a_day_is_told_by_its_date(day: date) -> None:
    assert date_named("event_day", float(days_of(day))) == day


@pytest.mark.parametrize("value", [45_000_000.0, 3.2, -1.0, float("nan"), float("inf"), 19_782.5])
def test_a_number_that_is_no_day_has_no_date(value: float) -> None:
    assert date_named("volume_day", value) is None
    assert date_named("volume", 19_782.0) is None
