from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from execution.tapes import call, put
from portfolio.margin_oracle import Unit, brute_force, most_lost, with_sets
from strikewise.domain.instruments import OptionContract, Stock
from strikewise.domain.margin import naked_option_margin_cents
from strikewise.domain.portfolio import Holding, Position
from strikewise.domain.quotes import Grade
from strikewise.domain.structures import Leg, Structure
from strikewise.portfolio.book import Book, Part
from strikewise.portfolio.margin import (
    OptionRows,
    account_margin_cents,
    margin_cents,
    with_own_margins,
)

NOW = datetime(2024, 2, 1, 21, tzinfo=UTC)
LATER = date(2024, 4, 19)


def margin(held: Mapping[OptionContract, tuple[int, int]], spot: float, shares: int = 0) -> float:
    """Return the margin in dollars of contracts as (quantity, price in cents)."""
    rows = OptionRows.of([(one, quantity) for one, (quantity, _) in held.items()])
    prices = np.array([price for _, price in held.values()], dtype=np.int64)
    return margin_cents(rows, prices, round(spot * 100), shares) / 100


# --- published figures ---


def test_the_exchanges_example_of_a_naked_put() -> None:
    # Cboe margin calculator: short 1 Sep 200 put at 1.20, stock at 209.00: requirement $3,400.
    assert margin({put(200, underlying="XYZ"): (-1, 120)}, 209.0) == 3_400


def test_a_brokers_example_of_a_naked_call() -> None:
    # tastytrade, naked short call: 1 Mar 68 call at 1.50, stock at 65: $1,150.
    assert margin({call(68, underlying="XYZ"): (-1, 150)}, 65.0) == 1_150


def test_the_margin_manuals_example_of_a_short_straddle() -> None:
    # Cboe Margin Manual, p. 45: short 90 call at 7.00 and 90 put at 3.70, underlying at 92.63: 29.2260 a
    # share, of which the call alone asks 25.5260; the put alone would ask 19.5960.
    legs = {call(90, underlying="XYZ"): (-1, 700), put(90, underlying="XYZ"): (-1, 370)}
    assert margin(legs, 92.63) == 2_922.60
    assert [margin({leg: held}, 92.63) for leg, held in legs.items()] == [2_552.60, 1_959.60]


def test_the_exchanges_example_of_a_put_credit_spread_asks_the_width_less_the_credit() -> None:
    # Cboe margin calculator: short 125 put at 1.24, long 120 put at 0.80: $580 less proceeds of $124 = $456,
    # which counts the $80 paid for the long put; width less credit is the same $456.
    legs = {put(125, underlying="XYZ"): (-1, 124), put(120, underlying="XYZ"): (1, 80)}
    assert margin(legs, 130.0) == 456


def test_the_exchanges_example_of_an_iron_condor_asks_one_wing() -> None:
    # Cboe, strategy-based margin: 100 × AAPL long 115P at 2.83, short 125P at 6.33, short 130C at 6.65, long
    # 140C at 3.38: $32,300.
    legs = {
        put(115, underlying="AAPL"): (100, 283),
        put(125, underlying="AAPL"): (-100, 633),
        call(130, underlying="AAPL"): (-100, 665),
        call(140, underlying="AAPL"): (100, 338),
    }
    assert margin(legs, 127.0) == 32_300


def test_a_broad_index_asks_fifteen_percent() -> None:
    # 5 + 15 % × 4,000 − 200 out of the money = 405 a unit.
    assert margin({put(3800, underlying="SPX"): (-1, 500)}, 4000.0) == 40_500


# --- what grouping must find ---


def test_a_condor_asks_the_larger_wing() -> None:
    legs = {put(480): (-1, 0), put(475): (1, 0), call(520): (-1, 0), call(530): (1, 0)}
    assert margin(legs, 500.0) == 1_000


def test_spreads_that_lose_at_one_price_ask_for_both_widths() -> None:
    # Calls sold at 480 and puts sold at 510 both lose between 490 and 500: no condor, whatever its shape.
    legs = {call(480): (-1, 2200), call(490): (1, 1300), put(510): (-1, 1200), put(500): (1, 600)}
    assert margin(legs, 495.0) == (10 - 9 + 10 - 6) * 100


def test_two_spreads_opened_apart_are_a_condor_together() -> None:
    legs = {put(480): (-2, 0), put(475): (2, 0), call(520): (-1, 0), call(525): (1, 0)}
    assert margin(legs, 500.0) == 1_000


def test_spreads_of_different_expirations_share_nothing() -> None:
    legs = {put(480): (-1, 0), put(475): (1, 0), call(520, LATER): (-1, 0), call(525, LATER): (1, 0)}
    assert margin(legs, 500.0) == 1_000


def test_legs_are_paired_best_not_first_come() -> None:
    # The long 500 put of a later month covers one short fully; it must be given to the one that asks more.
    late = put(500, LATER)
    legs = {put(490): (-1, 0), put(480): (-1, 0), late: (1, 0), put(475): (1, 0)}
    assert margin(legs, 500.0) == 500


def test_what_a_paid_spread_gains_counts_against_what_a_sold_one_loses() -> None:
    legs = {put(490): (-1, 0), put(480): (-1, 0), put(500): (1, 0), put(475): (1, 0)}
    assert margin(legs, 500.0) == 0


def test_a_debit_spread_holds_what_it_is_worth_and_no_more() -> None:
    assert margin({put(490): (1, 600), put(480): (-1, 250)}, 500.0) == 350


def test_a_butterfly_that_was_paid_for_holds_what_it_is_worth_and_no_more() -> None:
    assert margin({call(495): (1, 700), call(500): (-2, 400), call(505): (1, 200)}, 500.0) == 100


def test_a_butterfly_beside_a_naked_option_asks_for_nothing_of_its_own() -> None:
    naked = {call(540): (-1, 50)}
    butterfly = {call(495): (1, 700), call(500): (-2, 400), call(505): (1, 200)}
    assert margin(naked | butterfly, 500.0) == margin(naked, 500.0) + 100


def test_two_put_spreads_and_a_call_spread_twice_as_wide_lose_no_more_than_one_side() -> None:
    legs = {put(490): (-2, 0), put(480): (2, 0), call(510): (-1, 0), call(530): (1, 0)}
    assert margin(legs, 500.0) == 2_000
    # Shares may cover a second call for what it is in the money: beside them it is no spread.
    covered = legs | {call(510): (-2, 0), call(530): (2, 0)}
    assert margin(covered, 500.0, shares=100) == 25_000 + 2_000


def test_a_broken_wing_asks_what_its_far_side_loses() -> None:
    # Worth 4.00 - 2 x 2.00 + 0.60; below 485 it loses 10 on one side and wins 5 on the other.
    assert margin({put(500): (1, 400), put(495): (-2, 200), put(485): (1, 60)}, 500.0) == 60 + 500


def test_a_long_option_holds_its_value() -> None:
    assert margin({call(520): (3, 210)}, 500.0) == 630


def test_a_calendar_asks_nothing_beyond_its_debit_and_its_reverse_is_naked() -> None:
    assert margin({put(480): (-1, 200), put(480, LATER): (1, 350)}, 500.0) == 150
    reverse = margin({put(480): (1, 200), put(480, LATER): (-1, 350)}, 500.0)
    assert reverse == 200 + naked_option_margin_cents(put(480, LATER), 350, 50_000) / 100


def test_am_options_end_before_pm_options_of_the_same_day_and_do_not_cover_them() -> None:
    am, pm = (put(3700, underlying="SPX", root_code=code) for code in (0, 1))
    short_pm = {put(3800, underlying="SPX", root_code=1): (-1, 500), am: (1, 300)}
    short_am = {put(3800, underlying="SPX", root_code=0): (-1, 500), pm: (1, 300)}
    assert margin(short_am, 4000.0) == 10_000 - 200
    assert margin(short_pm, 4000.0) == 40_500 + 300


def test_a_wing_too_far_away_is_not_used_where_the_naked_margin_is_less() -> None:
    far = {put(480): (-1, 100), put(100): (1, 1)}
    assert margin(far, 500.0) == (naked_option_margin_cents(put(480), 100, 50_000) + 100) / 100


def test_covered_calls_ask_nothing_beyond_their_shares_unless_in_the_money() -> None:
    assert margin({call(520): (-1, 100)}, 500.0, shares=100) == 25_000
    assert margin({call(490): (-1, 1100)}, 500.0, shares=100) == 25_000 + 1_000
    # Of two calls against 150 shares one is naked.
    naked = naked_option_margin_cents(call(520), 100, 50_000) / 100
    assert margin({call(520): (-2, 100)}, 500.0, shares=150) == 37_500 + naked


def test_a_credit_is_not_free_capital() -> None:
    # A spread sold for 40 % of its width asks the other 60 %, at any number of contracts.
    for quantity in (1, 10, 1000):
        legs = {put(480): (-quantity, 300), put(475): (quantity, 100)}
        assert margin(legs, 500.0) == 300 * quantity


# --- what trying every grouping finds ---

strikes = st.sampled_from([60, 80, 90, 95, 100, 105, 110, 120, 140])
contracts = st.builds(
    lambda right, strike, late: (put if right else call)(strike, LATER if late else date(2024, 3, 15), "XYZ"),
    st.booleans(),
    strikes,
    st.booleans(),
)
units = st.tuples(st.sampled_from([-1, 1]), contracts, st.integers(0, 800))


@settings(max_examples=250, deadline=None)
@given(st.lists(units, min_size=1, max_size=7, unique_by=lambda one: one[1]), st.integers(8_500, 11_500))
def test_grouping_finds_what_trying_everything_finds(legs: list[Unit], spot: int) -> None:
    rows = OptionRows.of([(contract, sign) for sign, contract, _ in legs])
    prices = np.array([price for _, _, price in legs], dtype=np.int64)
    found, paired = margin_cents(rows, prices, spot), brute_force(tuple(legs), spot)
    assert min(paired, with_sets(tuple(legs), spot)) <= found <= brute_force(tuple(legs), spot, crossed=False)


verticals = st.tuples(
    st.booleans(),
    st.booleans(),
    st.sampled_from([80, 90, 95, 100, 105, 110]),
    st.sampled_from([-10, -5, 5, 10]),
)


@settings(max_examples=200, deadline=None)
@given(st.lists(verticals, min_size=1, max_size=4), st.integers(8_500, 11_500))
def test_grouping_of_spreads_finds_what_trying_everything_finds(
    spreads: list[tuple[bool, bool, int, int]], spot: int
) -> None:
    net: dict[OptionContract, int] = {}
    for is_put, late, strike, width in spreads:
        for level, sign in ((strike, -1), (strike + width, 1)):
            one = (put if is_put else call)(level, LATER if late else date(2024, 3, 15), "XYZ")
            net[one] = net.get(one, 0) + sign
    legs = [(1 if count > 0 else -1, one, 100) for one, count in net.items() for _ in range(abs(count))]
    held = [(one, count) for one, count in net.items() if count]
    prices = np.full(len(held), 100, dtype=np.int64)
    found = margin_cents(OptionRows.of(held), prices, spot)
    paired = brute_force(tuple(legs), spot)
    assert min(paired, with_sets(tuple(legs), spot)) <= found <= brute_force(tuple(legs), spot, crossed=False)
    if len({one.expiration for one, _ in held}) == 1:
        assert found <= max(0, most_lost(tuple(legs)))


@settings(max_examples=80, deadline=None)
@given(
    st.lists(units, min_size=1, max_size=6, unique_by=lambda one: one[1]),
    st.integers(8_500, 11_500),
    st.integers(2, 7),
)
def test_margin_never_grows_faster_than_size(legs: list[Unit], spot: int, times: int) -> None:
    prices = np.array([price for _, _, price in legs], dtype=np.int64)
    one = margin_cents(OptionRows.of([(contract, sign) for sign, contract, _ in legs]), prices, spot)
    many = margin_cents(OptionRows.of([(contract, sign * times) for sign, contract, _ in legs]), prices, spot)
    # It may grow slower: of two straddles with wings one can stand naked and leave its wings to the other.
    assert many <= times * one


# --- positions and books ---


def position(
    name: str, legs: Mapping[OptionContract, int], *, max_loss: int | None = 45_000, cash: int = 0
) -> Position:
    structure = Structure.of(Leg(one, ratio) for one, ratio in legs.items())
    return Position(
        position_id=name,
        strategy="s",
        underlying=structure.underlying,
        signal_id="",
        structure=structure,
        quantity=1,
        holdings=tuple(Holding(one, ratio) for one, ratio in legs.items()),
        opened_at=NOW,
        entry_cents=cash,
        cash_cents=cash,
        fees_cents=0,
        max_loss_cents=max_loss,
        margin_cents=45_000,
        because={},
        grade=Grade.QUOTES,
    )


def marked_book(
    positions: list[Position], quotes: Mapping[OptionContract, tuple[int, int]], spot: int
) -> Book:
    book = Book.of(positions[0].underlying, positions)
    for contract, (bid, ask) in quotes.items():
        book.quotes[contract.key] = bid, ask, 0.2
    book.spot_cents = spot
    return book


def test_a_spread_keeps_equity_less_margin_the_same_while_it_moves() -> None:
    held = [position("a", {put(480): -1, put(475): 1})]
    free = []
    for short, long in ((50, 30), (200, 120), (480, 20)):
        book = marked_book(held, {put(480): (short, short), put(475): (long, long)}, 50_000)
        exit_value = (long - short) * 100
        free.append(exit_value - account_margin_cents([book]))
    assert free == [-50_000] * 3


def test_a_kept_grouping_gives_what_a_fresh_one_gives_when_the_market_falls() -> None:
    held = [position(str(k), {put(k): -1, put(k - 5): 1}) for k in (460, 470, 480)]
    held.append(position("c", {call(520): -1, call(530): 1}))
    quotes = {leg.instrument: (40, 45) for one in held for leg in one.structure.legs}
    book = marked_book(held, quotes, 50_000)  # type: ignore[arg-type]
    assert account_margin_cents([book]) == account_margin_cents([book])
    for spot in (48_000, 40_000, 24_000, 15_000):
        book.spot_cents = spot
        fresh = marked_book(held, quotes, spot)  # type: ignore[arg-type]
        assert account_margin_cents([book]) == account_margin_cents([fresh])


def test_what_one_position_holds_and_another_sold_asks_for_nothing() -> None:
    held = [position("a", {put(480): -1, put(475): 1}), position("b", {put(480): 1, put(470): -1})]
    book = marked_book(held, {put(480): (300, 310), put(475): (200, 205), put(470): (100, 110)}, 50_000)
    assert account_margin_cents([book]) == (200 - 110) * 100


def test_shares_cover_a_call_that_a_wing_would_cover_at_more() -> None:
    held = [position("a", {call(520): -1, call(530): 1, put(450): 1})]
    held[0] = replace(held[0], holdings=(Holding(Stock("SPY"), 100), *held[0].holdings))
    book = marked_book(held, {call(520): (90, 95), call(530): (10, 12), put(450): (40, 42)}, 50_000)
    # Half the shares and what is long; the call, out of the money, asks no more than closing it costs.
    assert account_margin_cents([book]) == 50_000 * 50 + (10 + 40) * 100


def test_far_below_the_price_that_a_grouping_was_proven_for_it_is_found_anew() -> None:
    """A wing twenty points away is worth having at 500; at 100 the naked call asks a tenth of the spot."""
    held = [position("wide", {call(500): -1, call(520): 1})]
    book = marked_book(held, {call(500): (0, 0), call(520): (0, 0)}, 50_000)
    assert account_margin_cents([book]) == 200_000
    book.spot_cents = 10_000
    assert account_margin_cents([book]) == 100_000


def test_only_positions_that_leave_an_option_naked_are_given_a_new_margin_each_day() -> None:
    naked = position("n", {put(450): -1}, max_loss=4_490_000)
    spread = position("s", {put(480): -1, put(475): 1})
    strangle = position("t", {put(440): -1, call(560): -1}, max_loss=None)
    held = [naked, spread, strangle]
    quotes = {
        put(450): (90, 100),
        put(480): (300, 310),
        put(475): (200, 205),
        put(440): (50, 60),
        call(560): (40, 45),
    }
    book = marked_book(held, quotes, 50_000)
    after = with_own_margins(held, {"SPY": book})
    assert after[0].margin_cents == naked_option_margin_cents(put(450), 100, 50_000)
    assert after[1] is spread
    put_side, call_side = (
        naked_option_margin_cents(one, price, 50_000) for one, price in ((put(440), 60), (call(560), 45))
    )
    assert after[2].margin_cents == max(put_side + 4_500, call_side + 6_000)


@pytest.mark.parametrize(
    ("legs", "shares", "naked"),
    [
        ({call(520): -1}, 100, False),
        ({call(520): -2}, 150, True),
        ({call(520): -1}, -100, True),
        ({put(480): -1}, -100, False),
        ({put(480): -2}, -199, True),
        ({put(480): -1}, 100, True),
        ({put(480): -1, put(480, LATER): 1}, 0, False),
        ({put(480): 1, put(480, LATER): -1}, 0, True),
    ],
)
def test_shares_of_the_right_side_and_options_that_last_cover_what_is_sold(
    legs: dict[OptionContract, int], shares: int, naked: bool
) -> None:
    held = [Holding(one, count) for one, count in legs.items()]
    assert Part.of((Holding(Stock("SPY"), shares), *held) if shares else tuple(held)).leaves_naked is naked


def test_a_wing_that_ends_in_the_morning_leaves_what_ends_in_the_evening_naked() -> None:
    am, pm = put(3700, underlying="SPX", root_code=0), put(3800, underlying="SPX", root_code=1)
    held = [position("p", {pm: -1, am: 1})]
    book = marked_book(held, {pm: (490, 500), am: (300, 310)}, 400_000)
    (after,) = with_own_margins(held, {"SPX": book})
    assert after.margin_cents == 4_050_000 + 30_000


@pytest.mark.parametrize("spot", [9_000, 10_000, 11_000])
def test_many_short_strangles_are_paired_by_rank(spot: int) -> None:
    legs = tuple(
        (-1, (put if n % 2 else call)(90 + 5 * (n // 2), underlying="XYZ"), 10 * n) for n in range(6)
    )
    rows = OptionRows.of([(contract, sign) for sign, contract, _ in legs])
    prices = np.array([price for _, _, price in legs], dtype=np.int64)
    assert margin_cents(rows, prices, spot) == brute_force(legs, spot)
