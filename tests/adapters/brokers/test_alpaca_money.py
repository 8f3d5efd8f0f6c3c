"""The one door between cents and the decimal texts of the vendor."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strikewise.adapters.brokers.alpaca_money import cents_of, count_of, price_text, priced_in_cents

CENTS = st.integers(-10_000_000, 10_000_000)


@given(CENTS)
def test_a_price_that_is_written_is_read_as_it_was(cents: int) -> None:
    assert cents_of(price_text(cents)) == cents


@given(CENTS, st.integers(1, 1000))
def test_a_price_with_a_multiplier_is_read_without_losing_a_cent(cents: int, scale: int) -> None:
    assert cents_of(price_text(cents), scale) == cents * scale


def test_finer_amounts_are_rounded_once_and_at_the_end() -> None:
    assert cents_of("122716.305") == 12_271_630
    assert cents_of("0.285", 100) == 2_850


@given(st.integers(1, 5_000), st.decimals(0, 2_000, places=4))
def test_what_was_traded_between_two_cents_costs_together_what_the_vendor_books(
    count: int, price: Decimal
) -> None:
    parts = priced_in_cents(count, str(price))
    assert sum(number for number, _ in parts) == count
    assert abs(sum(number * cents for number, cents in parts) - count * price * 100) <= Decimal("0.5")
    assert all(abs(cents - price * 100) < 1 for _, cents in parts)


def test_shares_at_a_fraction_of_a_cent_are_bought_at_the_two_cents_around_it() -> None:
    assert priced_in_cents(100, "512.3457") == ((43, 51_234), (57, 51_235))
    assert priced_in_cents(3, "0.45") == ((3, 45),)
    assert priced_in_cents(3, "") == ()


@pytest.mark.parametrize("text", ["", "NaN", "Infinity", "-Infinity", "abc", "1,000"])
def test_what_is_no_amount_is_missing_and_not_zero(text: str) -> None:
    assert cents_of(text) is None
    assert count_of(text) is None


def test_a_fraction_of_a_share_is_no_count() -> None:
    assert (count_of("0.5"), count_of("3.0"), count_of("-2")) == (None, 3, -2)
