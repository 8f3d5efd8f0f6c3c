"""Grouping of a few contracts, by hand."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from strikewise.domain.instruments import Right
from strikewise.portfolio.grouping import group
from strikewise.portfolio.grouping_programme import least_of_all
from strikewise.portfolio.legs import Grouping, Legs, LongLeg, Lots, ShortLeg

CALL = Right.CALL


@pytest.mark.parametrize("way", [group, least_of_all])
def test_three_spreads_are_cheapest_with_one_option_naked(
    way: Callable[[Legs], Grouping | None],
) -> None:
    legs = Legs(
        (
            ShortLeg(CALL, 28_000_00, (730, True), 3, 120_000, 120_000, 0),
            ShortLeg(CALL, 29_600_00, (739, True), 3, 120_000, 120_000, 0),
            ShortLeg(CALL, 28_100_00, (739, True), 3, 120_000, 120_000, 0),
        ),
        (
            LongLeg(CALL, 28_500_00, (730, True), 3),
            LongLeg(CALL, 30_100_00, (739, True), 3),
            LongLeg(CALL, 28_600_00, (739, True), 3),
        ),
        Lots(Right.PUT, 0),
    )
    # One call at 281 is naked, the others of its month lose $1,000 together, those at 280 and 285 $1,500.
    assert way(legs) == Grouping(120_000 + 100_000 + 150_000, naked=True)
