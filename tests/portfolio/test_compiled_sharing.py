"""The compiled search and the one of NumPy and SciPy are the same search: equal to the bit, ties and all."""

from __future__ import annotations

import subprocess
import sys
from math import fsum, inf

import numpy as np
import pytest
import scipy
from hypothesis import example, given, settings
from hypothesis import strategies as st

from strikewise.portfolio import compiled_assignment, compiled_sharing, sharing_steps
from strikewise.portfolio.sharing_steps import Shared, Side


@settings(max_examples=400, deadline=None)
@given(
    st.integers(0, 12),
    st.integers(0, 8),
    st.sampled_from([1, 2, 4, 50]),
    st.sampled_from([1.0, 0.5, 1 / 3, 0.1, 1e7 / 7]),
    st.sampled_from([0.0, 0.3, 0.6]),
    st.integers(0, 2**32 - 1),
)
def test_of_many_assignments_that_cost_the_same_it_finds_the_one_that_scipy_finds(
    rows: int, more: int, values: int, grain: float, impossible: float, seed: int
) -> None:
    generator = np.random.default_rng(seed)
    cost = grain * generator.integers(-values, 1, (rows, rows + more))
    cost[generator.random(cost.shape) < impossible] = inf
    own = np.arange(rows)
    cost[own, generator.permutation(rows + more)[:rows]] = 0.0  # so that one is possible
    before = cost.copy()
    assert compiled_assignment.assign(cost).tolist() == scipy.optimize.linear_sum_assignment(cost)[1].tolist()
    assert (cost == before).all()


def test_a_row_that_can_have_no_column_is_refused_as_scipy_refuses_it() -> None:
    cost = np.array([[inf, 0.0, inf], [inf, 0.0, inf]])
    for way in (compiled_assignment.assign, scipy.optimize.linear_sum_assignment):
        with pytest.raises(ValueError):
            way(cost)


shorts = st.tuples(
    st.integers(70, 130),  # strike in dollars
    st.integers(0, 3),  # end
    st.integers(1, 4),  # contracts
    st.integers(0, 3),  # of what is asked for naked not shared, in thousands of dollars
    st.integers(0, 4),  # of it shared
    st.integers(0, 3),  # covered
)
longs = st.tuples(st.integers(70, 130), st.integers(0, 4), st.integers(1, 4))


def side(sign: int, sold: list[tuple[int, ...]], held: list[tuple[int, ...]], lots: int, odd: int) -> Side:
    """Return options in cents; ``odd`` cents more for what is asked for, so that it has no large divisor."""
    ours = [
        (10_000 * strike, end, count, 100_000 * (alone + shared) + odd, 100_000 * shared, 100_000 * covered)
        for strike, end, count, alone, shared, covered in sold
    ]
    theirs = [(10_000 * strike, end, count) for strike, end, count in held]
    return Side(
        sign,
        np.array(ours, dtype=np.int64).reshape(len(ours), 6),
        np.array(theirs, dtype=np.int64).reshape(len(theirs), 3),
        lots,
    )


@settings(max_examples=300, deadline=None)
@given(
    st.lists(shorts, max_size=7),
    st.lists(longs, max_size=7),
    st.lists(shorts, max_size=7),
    st.lists(longs, max_size=7),
    st.integers(0, 3),
    st.booleans(),
    st.sampled_from([0, 1, 3_331]),
    st.integers(1, 12),
    st.sampled_from([inf, 3e5, 1e6]),
)
@example(  # proven only if widths, of which no other amount is a multiple, were left out of the divisor
    [(101, 0, 1, 3, 1, 1)], [], [(96, 2, 1, 2, 4, 1), (104, 2, 2, 0, 0, 3)], [(130, 2, 4)], 1, True, 0, 1, inf
)
@example(  # what naked options share reaches beyond all strikes
    [(2, 0, 1, 0, 4, 2)], [(1, 0, 2)], [(5, 0, 2, 3, 2, 0)], [], 0, False, 0, 1, inf
)
def test_both_searches_take_the_same_steps(
    puts: list[tuple[int, ...]],
    put_wings: list[tuple[int, ...]],
    calls: list[tuple[int, ...]],
    call_wings: list[tuple[int, ...]],
    lots: int,
    long_shares: bool,
    odd: int,
    steps: int,
    below: float,
) -> None:
    if not puts and not calls:
        puts = [(100, 0, 1, 1, 1, 0)]
    ours = side(1, puts, put_wings, 0 if long_shares else lots, odd)
    theirs = side(-1, calls, call_wings, lots if long_shares else 0, odd)
    found = Shared(*compiled_sharing.least_in_steps(ours, theirs, steps, below))
    assert found == sharing_steps.least_in_steps(ours, theirs, steps, below)


def test_without_numba_books_are_still_grouped() -> None:
    script = (
        "import sys; sys.modules['numba'] = None\n"
        "from strikewise.domain.instruments import Right\n"
        "from strikewise.portfolio.grouping import group\n"
        "from strikewise.portfolio.legs import Legs, LongLeg, Lots, ShortLeg\n"
        "shorts = [ShortLeg(Right.PUT, 9_500_00, (1, True), 2, 30_000, 20_000, 0)]\n"
        "shorts += [ShortLeg(Right.CALL, 10_500_00, (1, True), 1, 300_000, 200_000, 0)]\n"
        "longs = [LongLeg(Right.PUT, 9_400_00, (2, True), 1), LongLeg(Right.CALL, 10_600_00, (1, True), 1)]\n"
        "found = group(Legs(tuple(shorts), tuple(longs), Lots(Right.CALL, 0)))\n"
        "print(found.gross, found.naked)\n"
    )
    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert answer.stdout.split() == [str(30_000 + 10_000 + 10_000), "True"]


@given(st.lists(st.floats(-1e12, 1e12)))
@example([1e16, 1.0, 1e-16])  # just above half a digit
@example([])
def test_sums_are_rounded_once_as_by_fsum(numbers: list[float]) -> None:
    parts, used = np.full(compiled_sharing.MOST_PARTS, 7.0), 0
    for number in numbers:
        used = compiled_sharing._added(parts, used, number)
    assert compiled_sharing._rounded(parts, used) == fsum(numbers)
