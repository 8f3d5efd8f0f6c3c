from __future__ import annotations

import pytest

from strikewise.domain.errors import SettingsError
from strikewise.domain.quotes import Quote
from strikewise.execution.fills import FillRule, can_open, fill_price_cents


@pytest.mark.parametrize(
    ("thousandths", "buy", "sell"),
    [(1000, 110, 100), (500, 108, 102), (750, 109, 101), (0, 105, 105)],
)
def test_a_fill_lies_between_mid_and_touch_as_f_says(thousandths: int, buy: int, sell: int) -> None:
    assert fill_price_cents(100, 110, thousandths, sale=False) == buy
    assert fill_price_cents(100, 110, thousandths, sale=True) == sell


def test_half_a_cent_is_rounded_against_us_on_both_sides() -> None:
    assert fill_price_cents(10, 13, 0, sale=False) == 12
    assert fill_price_cents(10, 13, 0, sale=True) == 11


def test_where_nobody_bids_there_is_no_mid_to_fill_at() -> None:
    assert fill_price_cents(0, 10, 0, sale=True) == 0
    assert fill_price_cents(0, 10, 0, sale=False) == 10


def test_beyond_the_touch_a_sale_never_costs_money() -> None:
    assert fill_price_cents(5, 25, 2000, sale=True) == 0
    assert fill_price_cents(5, 25, 2000, sale=False) == 35


def test_the_share_of_the_spread_depends_on_the_number_of_legs_and_the_last_holds_for_more() -> None:
    rule = FillRule(f_by_legs=(1.0, 0.75, 0.6))
    assert [rule.thousandths(legs) for legs in (1, 2, 3, 4, 8)] == [1000, 750, 600, 600, 600]


def test_size_is_a_share_of_the_scarcer_of_volume_and_open_interest() -> None:
    rule = FillRule(volume_share=0.10, open_interest_share=0.05)
    assert rule.contracts(1000, 1000) == 50
    assert rule.contracts(100, 10_000) == 10
    assert rule.contracts(-1, 1000) == 50
    assert rule.contracts(200, -1) == 20


def test_a_firm_quote_is_good_for_one_contract_at_least() -> None:
    assert FillRule().contracts(0, 0) == 1


def test_unknown_sizes_have_a_stated_cap() -> None:
    assert FillRule(unknown_size=7).contracts(-1, -1) == 7


def test_shares_trade_at_a_hundredth_of_a_percent_around_spot_and_at_least_a_cent() -> None:
    assert FillRule(slippage_bp=1).stock_quote(50_000) == Quote(49_995, 50_005)
    assert FillRule(slippage_bp=1).stock_quote(900) == Quote(899, 901)


@pytest.mark.parametrize(
    ("quote", "buy", "sell"),
    [
        (Quote(10, 12), True, True),
        (Quote(0, 5), True, False),
        (Quote(12, 12), False, False),
        (Quote(13, 12), False, False),
        (Quote.missing(), False, False),
        (Quote(10, -1), False, False),
    ],
)
def test_an_entry_needs_an_ask_above_the_bid_and_a_bid_for_what_is_sold(
    quote: Quote, buy: bool, sell: bool
) -> None:
    assert can_open(quote, sale=False) is buy
    assert can_open(quote, sale=True) is sell


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"f_by_legs": ()}, "one leg"),
        ({"f_by_legs": (1.2,)}, "1 \\(touch\\)"),
        ({"f_by_legs": (-0.1,)}, "0 \\(mid\\)"),
        ({"volume_share": 0.0}, "volume"),
        ({"open_interest_share": 1.5}, "open interest"),
        ({"unknown_size": 0}, "unknown"),
        ({"slippage_bp": -1}, "[Ss]lippage"),
    ],
)
def test_a_rule_that_cannot_be_is_refused_by_name(change: dict[str, object], named: str) -> None:
    with pytest.raises(SettingsError, match=named):
        FillRule(**change)  # type: ignore[arg-type]
