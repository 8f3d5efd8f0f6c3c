"""Few contracts are grouped without a solver, as the solver would."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from strikewise.domain.instruments import Right
from strikewise.portfolio.grouping_programme import least_of_all
from strikewise.portfolio.grouping_trials import least_by_trial
from strikewise.portfolio.legs import Grouping, Legs, LongLeg, Lots, ShortLeg

PUT, CALL = Right.PUT, Right.CALL

rights = st.sampled_from([PUT, CALL])
strikes = st.integers(19, 23).map(lambda dollars: 10_000 * dollars)
ends = st.tuples(st.integers(1, 2), st.just(True))
sold = st.builds(
    ShortLeg,
    rights,
    strikes,
    ends,
    st.integers(1, 3),
    st.sampled_from([20_000, 25_000, 31_000]),
    st.sampled_from([15_000, 20_000]),
    st.sampled_from([3_000, 9_000]),
)
held = st.builds(LongLeg, rights, strikes, ends, st.integers(1, 3))


@settings(max_examples=300)
@given(st.lists(sold, max_size=4), st.lists(held, max_size=4), st.builds(Lots, rights, st.integers(0, 2)))
def test_trying_every_grouping_finds_what_the_programme_finds(
    shorts: list[ShortLeg], longs: list[LongLeg], lots: Lots
) -> None:
    legs = Legs(tuple(shorts), tuple(longs), lots)
    found = least_by_trial(legs)
    assert not shorts or found in (None, least_of_all(legs))


def test_three_spreads_are_cheapest_with_one_option_naked() -> None:
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
        Lots(PUT, 0),
    )
    # One call at 281 is naked, the others of its month lose $1,000 together, those at 280 and 285 $1,500.
    assert least_by_trial(legs) == Grouping(120_000 + 100_000 + 150_000, naked=True)


def test_many_contracts_are_left_to_the_solver() -> None:
    legs = Legs(
        tuple(ShortLeg(PUT, strike, (1, True), 9, 20_000, 15_000, 0) for strike in (100, 200, 300)),
        (LongLeg(PUT, 100, (2, True), 27),),
        Lots(CALL, 0),
    )
    assert least_by_trial(legs) is None
