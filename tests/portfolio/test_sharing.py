from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from strikewise.domain.instruments import Right
from strikewise.portfolio.legs import Legs, LongLeg, Lots, ShortLeg
from strikewise.portfolio.sharing import least_shared

Vertical = tuple[Right, int, int, int, int]
"""Right, strike in dollars, width in dollars, month, contracts."""

verticals = st.tuples(
    st.sampled_from([Right.PUT, Right.CALL]),
    st.integers(80, 120),
    st.sampled_from([5, 5, 6, 10]),
    st.integers(1, 3),
    st.integers(1, 4),
)


def legs_of(spreads: list[Vertical]) -> Legs:
    shorts, longs = [], []
    for right, strike, width, month, contracts in spreads:
        wing = strike - width if right is Right.PUT else strike + width
        expires = (month, True)
        shorts.append(ShortLeg(right, 10_000 * strike, expires, contracts, 250_000, 200_000, 300_000))
        longs.append(LongLeg(right, 10_000 * wing, expires, contracts))
    return Legs(tuple(shorts), tuple(longs), Lots(Right.CALL, 0))


def test_a_condor_is_proven_to_ask_the_larger_width() -> None:
    legs = legs_of([(Right.PUT, 95, 5, 1, 2), (Right.CALL, 105, 10, 1, 2)])
    found, proven = least_shared(legs, 2)
    assert proven
    assert found is not None
    assert (found.gross, found.naked) == (2 * 100_000, False)


def test_spreads_that_share_no_expiration_are_proven_to_share_nothing() -> None:
    legs = legs_of([(Right.PUT, 95, 5, 1, 3), (Right.CALL, 105, 5, 2, 3)])
    found, proven = least_shared(legs, 3)
    assert proven
    assert found is not None
    assert found.gross == 3 * 100_000


@settings(max_examples=100, deadline=None)
@given(st.lists(verticals, min_size=1, max_size=5))
def test_what_is_proven_lies_between_one_side_alone_and_both_sides_apart(spreads: list[Vertical]) -> None:
    found, proven = least_shared(legs_of(spreads), 1)
    sides = [
        least_shared(legs_of([one for one in spreads if one[0] is right]), 1)
        for right in (Right.PUT, Right.CALL)
        if any(one[0] is right for one in spreads)
    ]
    assert found is not None
    assert all(sure for _, sure in sides)
    alone = [each.gross for each, _ in sides if each is not None]
    assert max(alone) <= found.gross
    assert not proven or found.gross <= sum(alone)


def test_too_many_contracts_are_left_to_others() -> None:
    legs = legs_of([(Right.PUT, 95, 5, 1, 200), (Right.CALL, 105, 5, 1, 201)])
    assert least_shared(legs, 1) == (None, False)
