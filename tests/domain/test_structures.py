"""Structures are recognised by their shape, and their payoffs are exact."""

from __future__ import annotations

from datetime import date
from itertools import pairwise
from math import inf

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from strikewise.domain.errors import StructureError
from strikewise.domain.instruments import OptionContract, Right, Stock
from strikewise.domain.structures import Leg, Structure

NEAR, FAR = date(2026, 9, 18), date(2026, 10, 16)


def call(strike: float, ratio: int, expiration: date = NEAR, underlying: str = "SPY") -> Leg:
    return Leg(OptionContract(underlying, expiration, Right.CALL, round(strike * 1000)), ratio)


def put(strike: float, ratio: int, expiration: date = NEAR) -> Leg:
    return Leg(OptionContract("SPY", expiration, Right.PUT, round(strike * 1000)), ratio)


def shares(count: int) -> Leg:
    return Leg(Stock("SPY"), count)


NAMED = {
    "long_stock": [shares(100)],
    "short_stock": [shares(-5)],
    "long_call": [call(620, 1)],
    "short_call": [call(620, -2)],
    "long_put": [put(620, 1)],
    "short_put": [put(620, -1)],
    "put_credit_spread": [put(620, -1), put(615, 1)],
    "put_debit_spread": [put(620, 1), put(615, -1)],
    "call_credit_spread": [call(620, -3), call(625, 3)],
    "call_debit_spread": [call(620, 1), call(625, -1)],
    "iron_condor": [put(600, 1), put(605, -1), call(650, -1), call(655, 1)],
    "inverse_iron_condor": [put(600, -1), put(605, 1), call(650, 1), call(655, -1)],
    "iron_butterfly": [put(600, 1), put(620, -1), call(620, -1), call(640, 1)],
    "inverse_iron_butterfly": [put(600, -1), put(620, 1), call(620, 1), call(640, -1)],
    "long_call_butterfly": [call(610, 1), call(620, -2), call(630, 1)],
    "short_put_butterfly": [put(610, -2), put(620, 4), put(630, -2)],
    "long_put_broken_wing_butterfly": [put(600, 1), put(620, -2), put(630, 1)],
    "long_call_condor": [call(600, 1), call(610, -1), call(620, -1), call(630, 1)],
    "long_call_calendar": [call(620, -1), call(620, 1, FAR)],
    "short_put_calendar": [put(620, 1), put(620, -1, FAR)],
    "long_put_diagonal": [put(620, -1), put(610, 1, FAR)],
    "long_straddle": [call(620, 1), put(620, 1)],
    "short_straddle": [call(620, -1), put(620, -1)],
    "long_strangle": [call(630, 1), put(610, 1)],
    "short_strangle": [call(630, -1), put(610, -1)],
    "call_front_ratio_spread": [call(620, 1), call(630, -2)],
    "put_back_ratio_spread": [put(620, -1), put(610, 2)],
    "covered_call": [shares(100), call(650, -1)],
    "protective_put": [shares(200), put(600, 2)],
    "collar": [shares(100), put(600, 1), call(650, -1)],
    "covered_put": [shares(-100), put(600, -1)],
    "protective_call": [shares(-100), call(650, 1)],
}

CUSTOM = {
    "shares that no contract covers whole": [shares(150), call(650, -1)],
    "a call uncovered by half": [shares(100), call(650, -2)],
    "shares covered in part": [shares(300), call(650, -2)],
    "a strangle with its strikes crossed": [call(610, -1), put(630, -1)],
    "a condor with its strikes crossed": [put(600, 1), put(660, -1), call(650, -1), call(655, 1)],
    "two calls bought": [call(620, 1), call(630, 1)],
    "a risk reversal": [call(650, 1), put(600, -1)],
    "a straddle in two expirations": [call(620, 1), put(620, 1, FAR)],
    "an uneven calendar": [call(620, -1), call(620, 2, FAR)],
    "five legs": [call(strike, 1) for strike in (600, 610, 620, 630, 640)],
}


@pytest.mark.parametrize(("name", "legs"), NAMED.items(), ids=NAMED)
def test_a_structure_is_called_by_the_name_of_its_shape(name: str, legs: list[Leg]) -> None:
    assert Structure.of(legs).name == name


def test_a_collar_at_one_strike_is_a_collar() -> None:
    assert Structure.of([shares(100), put(620, 1), call(620, -1)]).name == "collar"


@pytest.mark.parametrize("legs", CUSTOM.values(), ids=CUSTOM)
def test_what_has_no_name_is_custom(legs: list[Leg]) -> None:
    assert Structure.of(legs).name == "custom"


def test_the_am_and_pm_options_of_one_date_are_no_vertical_but_a_diagonal() -> None:
    legs = [
        Leg(OptionContract("SPX", NEAR, Right.PUT, 6000_000, 0), -1),
        Leg(OptionContract("SPX", NEAR, Right.PUT, 5950_000, 1), 1),
    ]
    structure = Structure.of(legs)
    assert structure.name == "long_put_diagonal"
    with pytest.raises(StructureError, match="different times"):
        structure.max_loss_cents(-500)


@pytest.mark.parametrize(
    ("legs", "text"),
    [
        ([put(620, -1), put(615, 1)], "SPY 2026-09-18 put credit spread 620/615"),
        ([call(620, 1), call(627.5, -1)], "SPY 2026-09-18 call debit spread 620/627.5"),
        (NAMED["iron_condor"], "SPY 2026-09-18 iron condor 600/605/650/655"),
        (NAMED["long_call_calendar"], "SPY 2026-09-18/2026-10-16 long call calendar 620"),
        ([put(620, -2), put(615, 2)], "2× SPY 2026-09-18 put credit spread 620/615"),
        ([shares(100)], "SPY long stock 100"),
        ([call(650, 1), put(600, -1)], "SPY 2026-09-18 custom +1 650C -1 600P"),
    ],
)
def test_a_structure_describes_itself_as_a_person_writes_it(legs: list[Leg], text: str) -> None:
    assert Structure.of(legs).describe() == text


def test_legs_in_any_order_make_the_same_structure() -> None:
    legs = NAMED["iron_condor"]
    assert (
        Structure.of(legs) == Structure(tuple(reversed(legs))) == Structure.of([*legs, put(1, 1), put(1, -1)])
    )
    assert Structure.of([put(620, -1), put(620, -1)]).legs == (put(620, -2),)


@pytest.mark.parametrize(
    ("legs", "sentence"),
    [
        ((), "at least one leg"),
        ((put(620, -1), put(620, -1)), "each instrument once"),
        ((put(620, -1), call(620, 1, underlying="QQQ")), "share one underlying"),
    ],
)
def test_what_is_no_structure_is_refused(legs: tuple[Leg, ...], sentence: str) -> None:
    with pytest.raises(StructureError, match=sentence):
        Structure(legs)


def test_legs_that_cancel_out_leave_no_structure() -> None:
    with pytest.raises(StructureError, match="at least one leg"):
        Structure.of([put(620, -1), put(620, 1)])


# J. Hull, Options, Futures, and Other Derivatives, chapter "Trading strategies involving options": the bull
# spread, bear spread, butterfly and straddle of its examples, for one contract each.
HULL = {
    "bull spread": ([call(30, 1), call(35, -1)], 2.0, (32.0,), 3.0, 2.0),
    "bear spread": ([put(30, -1), put(35, 1)], 2.0, (33.0,), 3.0, 2.0),
    "butterfly": ([call(55, 1), call(60, -2), call(65, 1)], 1.0, (56.0, 64.0), 4.0, 1.0),
    "straddle": ([call(70, 1), put(70, 1)], 7.0, (63.0, 77.0), None, 7.0),
}
# Worked by hand, dollars per share.
WORKED = {
    "bull put": (NAMED["put_credit_spread"], -0.45, (619.55,), 0.45, 4.55),
    "bear call": ([call(620, -1), call(625, 1)], -0.45, (620.45,), 0.45, 4.55),
    "iron condor": (NAMED["iron_condor"], -1.5, (603.5, 651.5), 1.5, 3.5),
    "short put": ([put(620, -1)], -1.5, (618.5,), 1.5, 618.5),
    "short call": ([call(620, -1)], -1.5, (621.5,), 1.5, None),
    "covered call": (NAMED["covered_call"], 640.0, (640.0,), 10.0, 640.0),
    "front ratio": (NAMED["call_front_ratio_spread"], 2.0, (622.0, 638.0), 8.0, None),
    "back ratio": (NAMED["put_back_ratio_spread"], -3.0, (603.0, 617.0), 603.0, 7.0),
    "shares": ([shares(100)], 600.0, (600.0,), None, 600.0),
}


@pytest.mark.parametrize(
    ("legs", "price", "breakevens", "profit", "loss"),
    [*HULL.values(), *WORKED.values()],
    ids=[*HULL, *WORKED],
)
def test_breakevens_and_extremes_are_those_of_the_textbook(
    legs: list[Leg], price: float, breakevens: tuple[float, ...], profit: float | None, loss: float | None
) -> None:
    structure, cost = Structure.of(legs), round(price * 100 * 100)
    assert structure.breakevens(cost) == breakevens
    assert structure.max_profit_cents(cost) == (None if profit is None else round(profit * 10_000))
    assert structure.max_loss_cents(cost) == (None if loss is None else round(loss * 10_000))


def test_a_fraction_of_a_cent_lost_is_a_whole_one() -> None:
    short = Structure.of([shares(-1), call(600.125, 1)])
    assert short.max_loss_cents(0) == 60_013


@pytest.mark.parametrize(("spot", "profit"), [(90, 13.0), (55, 8.0)])
def test_the_straddle_of_the_textbook_pays_what_the_textbook_says(spot: int, profit: float) -> None:
    straddle = Structure.of(HULL["straddle"][0])
    assert float(straddle.payoff_cents(spot * 100)) - 70_000 == profit * 10_000


def test_a_price_that_leaves_no_loss_leaves_no_breakeven() -> None:
    spread = Structure.of(NAMED["put_credit_spread"])
    assert spread.breakevens(-50001) == ()
    assert spread.max_loss_cents(-50001) == 0
    assert spread.max_profit_cents(0) == 0
    assert spread.breakevens(-50000) == (615.0,)  # at the width, profit begins where the wing stands


@pytest.mark.parametrize("question", ["payoff_cents", "breakevens", "max_profit_cents", "max_loss_cents"])
def test_a_calendar_sends_its_questions_to_the_scenario(question: str) -> None:
    calendar = Structure.of(NAMED["long_call_calendar"])
    with pytest.raises(StructureError, match=r"strikewise\.pricing\.scenario"):
        getattr(calendar, question)(100)


ratios = st.integers(-3, 3).filter(bool)
option_legs = st.builds(
    lambda right, strike, ratio: Leg(OptionContract("SPY", NEAR, right, strike * 500), ratio),
    st.sampled_from(list(Right)),
    st.integers(1100, 1300),
    ratios,
)
stock_legs = st.builds(shares, st.integers(-2, 2).filter(bool).map(lambda lots: lots * 100))
structures = (
    st.tuples(st.lists(option_legs, min_size=1, max_size=5), st.lists(stock_legs, max_size=1))
    .map(lambda parts: [*parts[0], *parts[1]])
    .filter(lambda legs: _nets(legs))  # noqa: PLW0108 (defined below)
    .map(Structure.of)
)
prices = st.integers(-2_000_000, 2_000_000)
GRID = np.unique(np.concatenate([np.arange(0, 200_001, 500), np.arange(54_000, 66_001, 25)]))


def _nets(legs: list[Leg]) -> bool:
    totals: dict[object, int] = {}
    for leg in legs:
        totals[leg.instrument] = totals.get(leg.instrument, 0) + leg.ratio
    return any(totals.values())


@given(structures, prices)
def test_the_extremes_bound_the_payoff_and_are_reached(structure: Structure, price: int) -> None:
    profit = structure.payoff_cents(GRID) - price
    best, worst = structure.max_profit_cents(price), structure.max_loss_cents(price)
    if best is None:
        assert profit[-1] > profit[-2]
    else:
        assert max(profit.max(), 0) == best
    if worst is None:
        assert profit[-1] < profit[-2]
    else:
        assert max(-profit.min(), 0) == worst


@given(structures, prices)
def test_profit_changes_its_sign_at_the_breakevens_and_nowhere_else(structure: Structure, price: int) -> None:
    edges = structure.breakevens(price)
    assert list(edges) == sorted(edges)
    for edge in edges:
        assert abs(structure.payoff_cents(edge * 100) - price) < 1e-3
    bounds = [0.0, *edges, inf]
    for low, high in pairwise(bounds):
        inside = GRID[(low * 100 + 1 < GRID) & (high * 100 - 1 > GRID)]
        positive = structure.payoff_cents(inside) - price > 1e-6
        assert positive.all() or np.count_nonzero(positive) == 0 or _touches_zero(structure, inside, price)


def _touches_zero(structure: Structure, inside: np.ndarray, price: int) -> bool:
    # A profit that only touches zero between two gains is no end of either.
    profit = structure.payoff_cents(inside) - price
    return bool((profit >= -1e-6).all() and np.count_nonzero(profit <= 1e-6) == 1)


@given(structures, prices)
def test_the_closing_structure_mirrors_every_answer(structure: Structure, price: int) -> None:
    closing = structure.reversed()
    assert closing.reversed() == structure
    assert np.array_equal(closing.payoff_cents(GRID), -structure.payoff_cents(GRID))
    assert closing.max_loss_cents(-price) == structure.max_profit_cents(price)


@given(structures, structures)
def test_payoffs_add_up(first: Structure, second: Structure) -> None:
    legs = [*first.legs, *second.legs]
    if not _nets(legs):
        return
    together = Structure.of(legs).payoff_cents(GRID)
    assert np.array_equal(together, first.payoff_cents(GRID) + second.payoff_cents(GRID))


@given(structures, st.integers(2, 4))
def test_a_multiple_of_a_structure_keeps_its_name(structure: Structure, many: int) -> None:
    scaled = Structure(tuple(Leg(leg.instrument, leg.ratio * many) for leg in structure.legs))
    assert scaled.name == structure.name
