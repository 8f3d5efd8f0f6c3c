"""Margins are those of the exchange's manual, to the cent and never rounded down."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from strikewise.domain.instruments import OptionContract, Right
from strikewise.domain.margin import naked_margins_cents, naked_option_margin_cents


# Worked from the rule: premium + max(20 % (15 %) of spot - out of the money, 10 % of spot (strike of a put)).
@pytest.mark.parametrize(
    ("right", "strike", "premium", "spot", "broad", "dollars"),
    [
        (Right.PUT, 80_000, 200, 9500, False, 1000),  # 10 % of the strike: 200 + 800 > 200 + 400
        (Right.CALL, 120_000, 840, 12_850, False, 3410),  # in the money: 840 + 2570
        (Right.CALL, 150_000, 50, 10_000, False, 1050),  # 10 % of spot
        (Right.PUT, 95_000, 150, 10_000, False, 1650),  # 20 % of 100 less 5
        (Right.PUT, 5_900_000, 6000, 600_000, True, 86_000),  # 15 % of 6000 less 100, plus 60
    ],
)
def test_a_naked_option_holds_what_the_manual_says(
    right: Right, strike: int, premium: int, spot: int, broad: bool, dollars: int
) -> None:
    assert int(naked_margins_cents(right, strike, premium, spot, broad_index=broad)) == dollars * 100


def test_part_of_a_cent_is_held_as_a_whole_one() -> None:
    assert int(naked_margins_cents(Right.PUT, 95_125, 0, 10_000, multiplier=1)) == 1513


@given(
    st.sampled_from(list(Right)),
    st.integers(500, 2_000_000),
    st.integers(0, 10_000),
    st.integers(100, 200_000),
    st.booleans(),
)
def test_margin_covers_the_exact_rule_and_is_less_than_a_cent_above_it(
    right: Right, strike_milli: int, premium: int, spot: int, broad: bool
) -> None:
    held = int(naked_margins_cents(right, strike_milli, premium, spot, broad_index=broad))
    strike = strike_milli / 10
    out = max(spot - strike if right is Right.PUT else strike - spot, 0.0)
    base = max((0.15 if broad else 0.20) * spot - out, 0.10 * (strike if right is Right.PUT else spot))
    assert -1e-6 <= held - 100 * (premium + base) < 1 + 1e-6


def test_many_strikes_are_answered_at_once() -> None:
    strikes, premiums = [80_000, 85_000, 90_000], [50, 90, 150]
    found = naked_margins_cents(Right.PUT, np.array(strikes), np.array(premiums), 10_000)
    assert found.tolist() == [
        int(naked_margins_cents(Right.PUT, strike, premium, 10_000))
        for strike, premium in zip(strikes, premiums, strict=True)
    ]


def test_a_contract_knows_whether_its_index_is_broad() -> None:
    day = date(2026, 9, 18)
    index, share = (OptionContract(name, day, Right.PUT, 5_900_000) for name in ("SPX", "XYZ"))
    assert naked_option_margin_cents(index, 6000, 600_000) == 8_600_000
    assert naked_option_margin_cents(share, 6000, 600_000) == 11_600_000
