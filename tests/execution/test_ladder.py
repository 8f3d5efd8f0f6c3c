"""Laws of working an order: towards the touch, never back, never past what is allowed, never off the grid."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from execution.tapes import call, close_of, one_view, order, put
from strikewise.domain.errors import SettingsError
from strikewise.domain.instruments import OptionContract, Stock
from strikewise.domain.orders import Order, Purpose
from strikewise.domain.structures import Leg, Structure
from strikewise.execution.ladder import Ladder, UnitQuote, unit_quote
from strikewise.execution.ticks import TickSizes, lot_of

NOT_PENNY = "XYZ"
SHAPES = [
    {put(480): -1, put(475): 1},
    {put(480): 1, put(475): -1},
    {put(480): -1, put(475): 1, call(520): -1, call(525): 1},
    {call(520): -1},
    {call(520): 1},
    {call(520, underlying=NOT_PENNY): -1},
    {call(520, underlying=NOT_PENNY): 1, call(530, underlying=NOT_PENNY): -2},
    {put(4800, underlying="SPX"): -1, put(4750, underlying="SPX"): 1},
    {put(4800, underlying="SPX"): 1},
    {Stock("SPY"): 100, call(520): -1},
    {Stock("SPY"): 1},
]
shapes = st.sampled_from(SHAPES)
ladders = st.builds(
    Ladder,
    steps=st.integers(1, 6),
    seconds=st.integers(1, 60),
    from_mid=st.floats(0.0, 0.5),
    to_touch=st.floats(0.5, 1.0),
    urgent_steps=st.integers(0, 3),
    through=st.floats(0.0, 2.0),
    market=st.booleans(),
)
mids = st.integers(-200_000, 200_000)
spreads = st.integers(0, 60_000)


def exit_of(shape: dict[OptionContract, int], limit: int | None = None) -> Order:
    return order(shape, purpose=Purpose.CLOSE, position_id="p", limit_cents=limit)  # type: ignore[arg-type]


def limits_of(ladder: Ladder, worked: Order, quote: UnitQuote) -> list[int | None]:
    return [ladder.next_limit(worked, quote, step) for step in range(ladder.last_step(worked) + 2)]


def coarsest(worked: Order) -> int:
    return 10 * lot_of(worked.structure)


@given(ladders, shapes, mids, spreads, st.none() | st.integers(-200_000, 200_000), st.booleans())
def test_each_step_asks_no_better_than_the_one_before(
    ladder: Ladder, shape: dict[OptionContract, int], mid: int, spread: int, cap: int | None, closing: bool
) -> None:
    worked = exit_of(shape, cap) if closing else order(shape, limit_cents=cap)  # type: ignore[arg-type]
    limits = limits_of(ladder, worked, UnitQuote(mid, mid + spread))
    priced = [limit for limit in limits if limit is not None]
    assert priced == sorted(priced)
    assert None not in limits[: len(priced)], "the market is taken last of all"


@given(ladders, shapes, mids, spreads, st.integers(-200_000, 200_000))
def test_an_entry_lies_between_mid_and_touch_and_never_beyond_its_own_limit(
    ladder: Ladder, shape: dict[OptionContract, int], mid: int, spread: int, cap: int
) -> None:
    worked = order(shape, limit_cents=cap)  # type: ignore[arg-type]
    for limit in limits_of(ladder, worked, UnitQuote(mid, mid + spread)):
        assert limit is not None, "an entry never takes the market"
        assert limit <= min(mid + spread, cap)
        assert limit > min(mid, cap) - coarsest(worked), "better than mid by rounding only"


@given(ladders, shapes, mids, spreads, st.booleans())
def test_no_limit_is_off_the_grid(
    ladder: Ladder, shape: dict[OptionContract, int], mid: int, spread: int, closing: bool
) -> None:
    worked = exit_of(shape) if closing else order(shape)  # type: ignore[arg-type]
    lot = lot_of(worked.structure)
    for limit in limits_of(ladder, worked, UnitQuote(mid, mid + spread)):
        if limit is not None:
            assert limit % lot == 0
            price = Fraction(limit, lot)
            assert price % ladder.ticks.of(worked.structure, float(price)) == 0


@given(ladders, shapes, mids, spreads)
def test_an_exit_goes_through_the_touch_in_its_urgent_steps_only(
    ladder: Ladder, shape: dict[OptionContract, int], mid: int, spread: int
) -> None:
    worked = exit_of(shape)
    limits = limits_of(ladder, worked, UnitQuote(mid, mid + spread))
    for limit in limits[: ladder.steps]:
        if limit is not None:
            assert limit <= mid + spread


@given(ladders, st.integers(1, 100_000), st.integers(0, 60_000))
def test_an_exit_of_a_spread_never_pays_more_than_its_width(ladder: Ladder, mid: int, spread: int) -> None:
    worked = exit_of({put(480): 1, put(475): -1})
    limits = limits_of(ladder, worked, UnitQuote(mid, mid + spread))
    assert all(limit is not None and limit <= 50_000 for limit in limits)


def test_an_exit_that_has_no_bound_takes_the_market_at_last_where_that_is_allowed() -> None:
    naked, quote = exit_of({call(520): 1}), UnitQuote(50_000, 52_000)
    assert limits_of(Ladder(), naked, quote)[-1] is None
    assert limits_of(Ladder(market=False), naked, quote)[-1] == 54_000


def test_the_default_ladder_goes_from_mid_to_touch_in_four_steps_of_fifteen_seconds() -> None:
    # Bought for 1.00 to 1.12: mid 1.06; thirds of six cents lie on whole cents.
    bought, ladder = order({put(480): 1}), Ladder()
    quote = UnitQuote(10_600, 11_200)
    assert limits_of(ladder, bought, quote) == [10_600, 10_800, 11_000, 11_200, 11_200]
    assert [ladder.step_after(bought, seconds) for seconds in (-5, 0, 14.9, 15, 44, 45, 9_999)] == [
        0, 0, 0, 1, 2, 3, 3,
    ]  # fmt: skip


def test_a_credit_is_rounded_up_and_a_debit_down() -> None:
    ticks = TickSizes()
    single = Structure.of([Leg(put(480, underlying=NOT_PENNY), 1)])
    assert ticks.rounded(single, 9_900) == 9_500
    assert ticks.rounded(single.reversed(), -9_900) == -10_000


@pytest.mark.parametrize(
    ("shape", "price", "tick"),
    [
        # Cboe rule 5.4(a): 0.05 below 3.00, 0.10 from there on; (d): SPY, QQQ and IWM in cents at any price.
        ({put(480): 1}, 899.0, 1),
        ({put(480, underlying=NOT_PENNY): 1}, 299.0, 5),
        ({put(480, underlying=NOT_PENNY): 1}, 300.0, 10),
        ({put(4800, underlying="SPX"): 1}, 250.0, 5),
        ({put(4800, underlying="SPX"): 1}, -3_050.0, 10),
        ({put(480, underlying=NOT_PENNY): 1, put(475, underlying=NOT_PENNY): -1}, 423.0, 1),
        ({put(4800, underlying="SPX"): 1, put(4750, underlying="SPX"): -1}, 423.0, 5),
        ({Stock(NOT_PENNY): 1}, 423.0, 1),
    ],
)
def test_ticks_are_those_of_the_exchanges(shape: dict[OptionContract, int], price: float, tick: int) -> None:
    assert TickSizes().of(Structure.of(Leg(one, ratio) for one, ratio in shape.items()), price) == tick


def test_a_class_of_the_penny_program_trades_in_cents_below_three_dollars_and_in_five_above() -> None:
    ticks, single = (
        TickSizes(penny=frozenset({NOT_PENNY})),
        Structure.of([Leg(put(480, underlying=NOT_PENNY), 1)]),
    )
    assert [ticks.of(single, price) for price in (1.0, 299.0, 300.0, -450.0)] == [1, 1, 5, 5]


@given(shapes, st.integers(-200_000, 200_000))
def test_rounding_never_pays_more_nor_receives_less_and_what_is_round_stays(
    shape: dict[OptionContract, int], unit: int
) -> None:
    structure, ticks = Structure.of(Leg(one, ratio) for one, ratio in shape.items()), TickSizes()
    rounded = ticks.rounded(structure, unit)
    assume(unit != rounded)
    assert rounded < unit
    assert ticks.rounded(structure, rounded) == rounded


def test_a_unit_costs_the_far_side_of_each_quote_at_the_touch() -> None:
    view = one_view([(put(480), 45, 50), (put(475), 30, 36)], at=close_of(date(2024, 2, 1)))
    sold = Structure.of([Leg(put(480), -1), Leg(put(475), 1)])
    assert unit_quote(sold, view) == UnitQuote(-1_450, -900)
    assert unit_quote(sold.reversed(), view) == UnitQuote(1_450, 2_000)


def test_a_unit_without_a_quote_has_no_price() -> None:
    view = one_view([(put(480), 45, 50)], at=close_of(date(2024, 2, 1)))
    assert unit_quote(Structure.of([Leg(put(480), -1), Leg(put(475), 1)]), view) is None


def test_shares_are_quoted_around_their_last_price() -> None:
    view = one_view([(call(520), 100, 110)], spot=500.0, at=close_of(date(2024, 2, 1)))
    covered = Structure.of([Leg(Stock("SPY"), 100), Leg(call(520), -1)])
    assert unit_quote(covered, view) == UnitQuote(5_000_000 - 10_500, 5_000_500 - 10_000)


@pytest.mark.parametrize(
    "bad",
    [
        {"steps": 0},
        {"seconds": 0},
        {"urgent_steps": -1},
        {"through": -0.1},
        {"from_mid": 0.9, "to_touch": 0.5},
    ],
)
def test_a_ladder_that_leads_nowhere_is_refused(bad: dict[str, int]) -> None:
    with pytest.raises(SettingsError):
        Ladder(**bad)
