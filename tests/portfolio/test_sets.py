"""Options that cover themselves expiration by expiration are proven least by prices alone."""

from __future__ import annotations

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from strikewise.domain.instruments import Right
from strikewise.portfolio.grouping_programme import least_of_all
from strikewise.portfolio.legs import Legs, LongLeg, Lots, ShortLeg
from strikewise.portfolio.sets import in_sets

SPOT = 30_000_00
Spread = tuple[Right, int, int, int, int]
"""Right, distance of the short strike from the price, width (both in dollars), week of expiry, contracts."""


def held(*spreads: Spread) -> Legs:
    """Return vertical spreads on an underlying at 300, opposite legs netted; a negative width buys them."""
    net: Counter[tuple[Right, int, tuple[int, bool]]] = Counter()
    for right, away, wide, week, contracts in spreads:
        sign, ends = (-1 if right is Right.PUT else 1), (738_000 + 7 * week, True)
        short = SPOT + sign * away * 10_000
        net[right, short, ends] -= contracts
        net[right, short + sign * wide * 10_000, ends] += contracts
    requirement = SPOT // 10
    shorts = tuple(
        ShortLeg(right, strike, ends, -count, requirement, requirement, 0)
        for (right, strike, ends), count in net.items()
        if count < 0
    )
    longs = tuple(
        LongLeg(right, strike, ends, count) for (right, strike, ends), count in net.items() if count > 0
    )
    return Legs(shorts, longs, Lots(Right.CALL, 0))


def test_a_condor_beside_spreads_of_other_weeks_is_proven_by_a_price_on_one_side() -> None:
    legs = held(
        (Right.PUT, 49, 5, 0, 4),
        (Right.CALL, 18, 5, 0, 4),
        (Right.PUT, 47, 5, 2, 4),
        (Right.CALL, 19, 5, 1, 4),
    )
    found = in_sets(legs)
    assert (found.lost, found.proven) == (3 * 4 * 5 * 10_000, True)


def test_puts_are_proven_at_their_lowest_price_while_calls_lose_at_their_own() -> None:
    legs = held(
        (Right.PUT, 37, 5, 1, 3),
        (Right.PUT, 40, 5, 2, 3),
        (Right.PUT, 41, 5, 0, 3),
        (Right.CALL, 14, 5, 3, 3),
    )
    found = in_sets(legs)
    assert (found.lost, found.proven) == (4 * 3 * 5 * 10_000, True)


spreads = st.tuples(
    st.sampled_from(Right),
    st.integers(2, 30),
    st.sampled_from([-10, -5, -2, 2, 5, 10]),
    st.integers(0, 3),
    st.integers(1, 3),
)


@settings(max_examples=150)
@given(st.lists(spreads, min_size=1, max_size=6))
def test_what_is_proven_is_what_the_programme_finds(drawn: list[Spread]) -> None:
    legs = held(*drawn)
    found = in_sets(legs)
    exact = least_of_all(legs) if legs.shorts and found.proven else None
    assert exact is None or exact.gross == found.lost
