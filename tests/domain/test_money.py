"""Dollars become cents at one door, and are read back as people write them."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strikewise.domain.money import format_cents, to_cents, to_dollars


@pytest.mark.parametrize(
    ("dollars", "cents"),
    [(0.285, 28), (0.295, 30), (0.125, 12), ("-0.375", -38), (Decimal("1.005"), 100), (1234.565, 123_456)],
)
def test_half_a_cent_goes_to_the_even_one_by_the_decimal_that_was_written(
    dollars: float | str | Decimal, cents: int
) -> None:
    assert to_cents(dollars) == cents


@given(st.integers(-(10**13), 10**13))
def test_cents_survive_the_way_to_dollars_and_back(cents: int) -> None:
    assert to_cents(to_dollars(cents)) == cents
    assert to_cents(format_cents(cents).replace("$", "").replace(",", "")) == cents


@pytest.mark.parametrize("flaw", [float("nan"), float("inf"), "-inf", Decimal("NaN")])
def test_what_is_no_amount_is_refused(flaw: float | str | Decimal) -> None:
    with pytest.raises(ValueError, match="must be finite"):
        to_cents(flaw)


def test_amounts_are_written_with_their_sign_before_the_dollar() -> None:
    assert [format_cents(one, sign=True) for one in (123_450, -5, 0)] == ["+$1,234.50", "-$0.05", "$0.00"]
