"""Rule 1: mid ∓ f × half-spread, the touch by default; size is bounded; less liquid never fills better."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from execution.tapes import bars, close_of, market, one_view, order, put, tape
from realism.nights import MONDAY, WEEK
from strikewise.bootstrap.spec_file import make_spec
from strikewise.domain.errors import InvariantError
from strikewise.domain.instruments import Instrument, Stock
from strikewise.domain.orders import LegFill
from strikewise.domain.quotes import Grade
from strikewise.execution.fills import FillRule, fill_price_cents
from strikewise.execution.matching import Match, Matcher

SHORT, WING = put(480), put(475)
ROWS = [(SHORT, 100, 120), (WING, 40, 52)]


def prices(rule: FillRule, legs: dict[object, int]) -> list[int]:
    return [leg.price_cents for leg in Matcher(rule).match(order(legs), 1, one_view(ROWS)).legs]


def test_the_default_is_the_touch_and_mid_must_be_asked_for() -> None:
    written = make_spec(
        {
            "underlyings": ["SPY"],
            "start": MONDAY,
            "end": WEEK[-1],
            "strategies": [{"strategy": "credit_spread"}],
        }
    )
    assert written.fills == FillRule()
    assert prices(written.fills, {WING: 1, SHORT: -1}) == [52, 100]


@pytest.mark.parametrize(("f", "paid"), [(1.0, 52), (0.75, 51), (0.5, 49), (0.0, 46)])
def test_f_is_the_share_of_the_half_spread_rounded_against_us(f: float, paid: int) -> None:
    assert prices(FillRule(f_by_legs=(f,)), {WING: 1}) == [paid]


def test_f_may_depend_on_the_number_of_legs() -> None:
    rule = FillRule(f_by_legs=(1.0, 0.0))
    assert prices(rule, {WING: 1}) == [52]
    assert prices(rule, {WING: 1, SHORT: -1}) == [46, 110]


@given(st.integers(0, 5_000), st.integers(0, 400), st.integers(0, 400), st.integers(0, 1000), st.booleans())
def test_a_wider_quote_never_fills_better(bid: int, spread: int, wider: int, f: int, sale: bool) -> None:
    tight = fill_price_cents(bid + wider, bid + wider + spread, f, sale=sale)
    wide = fill_price_cents(bid, bid + spread + 2 * wider, f, sale=sale)
    assert wide <= tight if sale else wide >= tight


def units(instrument: Instrument, wanted: int, volume: int, open_interest: int) -> int:
    view = one_view(ROWS, volume=volume, open_interest=open_interest)
    return Matcher(FillRule()).match(order({instrument: -1}, quantity=wanted), wanted, view).units


def test_no_more_is_opened_than_a_share_of_volume_and_open_interest_and_the_rest_stays_open() -> None:
    assert units(SHORT, 80, volume=500, open_interest=5_000) == 50
    assert units(SHORT, 80, volume=5_000, open_interest=300) == 30
    assert units(SHORT, 80, volume=-1, open_interest=-1) == FillRule().unknown_size


@pytest.mark.parametrize(("volume", "filled"), [(1_000.0, 100), (50_000.0, 5_000), (float("nan"), 1_000)])
def test_no_more_shares_are_opened_than_a_share_of_the_last_known_volume(volume: float, filled: int) -> None:
    daily = bars("SPY", dict.fromkeys(WEEK, (500.0, 500.0)))
    daily.volume[:] = volume
    view = market(tape({close_of(MONDAY): (500.0, ROWS)}), bars=[daily]).view(close_of(MONDAY))
    wish = order({Stock("SPY"): 1}, quantity=9_000)
    assert Matcher(FillRule()).match(wish, 9_000, view).units == filled


def test_a_fill_outside_its_quote_or_of_half_a_structure_stops_the_run() -> None:
    wish = order({SHORT: -1, WING: 1})
    good = (LegFill(WING, 1, 52, 40, 52), LegFill(SHORT, -1, 100, 100, 120))
    check = Matcher(FillRule()).check
    check(wish, Match(1, good, Grade.QUOTES, "", ""))
    better = (LegFill(WING, 1, 52, 40, 52), LegFill(SHORT, -1, 150, 100, 120))
    with pytest.raises(InvariantError, match="SPY 2024-03-15 480P filled at 150 cents"):
        check(wish, Match(1, better, Grade.QUOTES, "", ""))
    half = (LegFill(WING, 1, 52, 40, 52), LegFill(SHORT, -2, 100, 100, 120))
    with pytest.raises(InvariantError, match="1 units of"):
        check(wish, Match(1, half, Grade.QUOTES, "", ""))
