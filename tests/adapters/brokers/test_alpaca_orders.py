"""Orders as the vendor takes them, and its orders as we read them."""

from __future__ import annotations

from fractions import Fraction
from math import gcd
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from execution.tapes import call, order, put
from strikewise.adapters.brokers.alpaca_answers import OrderAnswer
from strikewise.adapters.brokers.alpaca_orders import (
    in_units_of,
    is_same,
    limit_text,
    order_report,
    order_request,
)
from strikewise.adapters.brokers.alpaca_states import STATUSES
from strikewise.adapters.brokers.alpaca_symbols import Symbols
from strikewise.domain.brokerage import BrokerStatus
from strikewise.domain.instruments import Instrument, OptionContract, Stock
from strikewise.domain.orders import Order, Purpose, Rejected
from strikewise.execution.refusals import Refusal

CONTRACTS: tuple[OptionContract, ...] = (put(470), put(475), put(480), call(490), call(495), call(500))
SYMBOLS = Symbols()
RATIOS = st.integers(-4, 4).filter(bool)
STRUCTURES = st.dictionaries(st.sampled_from(CONTRACTS), RATIOS, min_size=1, max_size=4)
LIMITS = st.one_of(st.none(), st.integers(-50_000, 50_000))


def requested(asked: Order, held: dict[Instrument, int] | None = None) -> dict[str, Any]:
    request = order_request(asked, SYMBOLS, held)
    assert isinstance(request, dict)
    return request


def echoed(request: dict[str, Any], **more: Any) -> OrderAnswer:
    """The vendor's answer: what was asked, the parent of several legs without a symbol and a side."""
    legs = [leg | {"id": f"leg-{number}"} for number, leg in enumerate(request.get("legs", ()))]
    said = {"symbol": "", "side": "", "filled_qty": "0", "status": "new"} | request
    return OrderAnswer.model_validate(
        said | {"id": "b-1", "submitted_at": "2024-03-12T19:00:00Z", "legs": legs} | more
    )


@given(STRUCTURES, st.integers(1, 20))
def test_what_is_asked_for_is_what_the_order_trades(legs: dict[Instrument, int], quantity: int) -> None:
    request = requested(order(legs, quantity=quantity))
    parts = request.get("legs") or [request | {"ratio_qty": "1"}]
    units = int(request["qty"])
    signs = {"buy": 1, "sell": -1}
    traded = {
        SYMBOLS.read(one["symbol"]): signs[one["side"]] * int(one["ratio_qty"]) * units for one in parts
    }
    assert traded == {instrument: ratio * quantity for instrument, ratio in legs.items()}
    assert gcd(*(int(one["ratio_qty"]) for one in parts)) == 1


@given(STRUCTURES, st.integers(1, 20), LIMITS)
def test_a_report_of_an_order_says_what_was_asked_in_its_own_units(
    legs: dict[Instrument, int], quantity: int, limit: int | None
) -> None:
    asked = order(legs, quantity=quantity, limit_cents=limit)
    request = order_request(asked, SYMBOLS)
    if isinstance(request, Rejected):
        return
    plain = order_report(echoed(request), SYMBOLS)
    assert plain is not None
    report = in_units_of(asked, plain)
    assert (report.structure, report.quantity, report.order_id) == (asked.structure, quantity, "o-1")
    assert (report.limit_cents is None) == (limit is None)


@given(STRUCTURES, st.integers(1, 20), LIMITS, LIMITS)
def test_an_order_is_recognised_in_what_the_vendor_has_of_it_and_no_other_is(
    legs: dict[Instrument, int], quantity: int, limit: int | None, another: int | None
) -> None:
    asked = order(legs, quantity=quantity, limit_cents=limit)
    request = order_request(asked, SYMBOLS)
    if isinstance(request, Rejected):
        return
    report = order_report(echoed(request), SYMBOLS)
    assert report is not None
    assert is_same(asked, report)
    assert is_same(asked, in_units_of(asked, report))
    dearer = order(legs, quantity=quantity, limit_cents=another)
    assert is_same(dearer, report) == (
        limit_text(dearer) == limit_text(asked) and (another is None) == (limit is None)
    )
    assert not is_same(order(legs, quantity=quantity + 1, limit_cents=limit), report)


@given(STRUCTURES, LIMITS.filter(lambda limit: limit is not None))
def test_a_limit_is_never_worse_than_asked_and_less_than_a_cent_a_share_better(
    legs: dict[Instrument, int], limit: int
) -> None:
    asked = order(legs, limit_cents=limit)
    text = limit_text(asked)
    if text is None:
        assert len(legs) == 1
        assert limit < 100 * abs(next(iter(legs.values())))
        return
    unit = gcd(*legs.values()) * 100
    sells = len(legs) == 1 and next(iter(legs.values())) < 0
    cost = Fraction(text) * 100 * (-unit if sells else unit)
    if not (sells and text == "0.01"):
        assert limit - unit < cost <= limit


def test_several_legs_are_bought_at_a_debit_above_zero_and_sold_at_a_credit_below() -> None:
    spread = {put(480): -1, put(475): 1}
    credit = requested(order(spread, limit_cents=-4_500))
    assert (credit["order_class"], credit["limit_price"], credit["type"]) == ("mleg", "-0.45", "limit")
    debit = requested(order({put(480): 1, put(475): -1}, limit_cents=4_500, purpose=Purpose.CLOSE))
    assert debit["limit_price"] == "0.45"
    assert "symbol" not in credit
    assert "side" not in credit


def test_one_leg_has_a_positive_limit_on_either_side() -> None:
    assert requested(order({put(480): -1}, limit_cents=-4_500))["limit_price"] == "0.45"
    assert requested(order({put(480): 1}, limit_cents=4_500))["limit_price"] == "0.45"
    assert requested(order({put(480): -1}, limit_cents=0))["limit_price"] == "0.01"


def test_nothing_is_bought_for_nothing() -> None:
    refused = order_request(order({put(480): 1}, limit_cents=0), SYMBOLS)
    assert isinstance(refused, Rejected)
    assert refused.code == Refusal.BAD_PRICE


@pytest.mark.parametrize(("purpose", "word"), [(Purpose.OPEN, "open"), (Purpose.CLOSE, "close")])
def test_every_leg_says_whether_it_opens_or_closes(purpose: Purpose, word: str) -> None:
    request = requested(order({put(480): -1, put(475): 1}, purpose=purpose))
    assert {leg["position_intent"] for leg in request["legs"]} == {f"sell_to_{word}", f"buy_to_{word}"}


def test_a_leg_that_opens_one_position_closes_what_another_holds_the_other_way() -> None:
    request = requested(order({put(480): 1, put(475): -1}), {put(480): -1, put(475): -3})
    assert {leg["position_intent"] for leg in request["legs"]} == {"buy_to_close", "sell_to_open"}


def test_an_adjustment_closes_what_is_held_the_other_way_and_opens_the_rest() -> None:
    asked = order({put(480): 1, put(470): -1}, purpose=Purpose.ADJUST)
    request = requested(asked, {put(480): -1})
    assert {leg["symbol"][-8:]: leg["position_intent"] for leg in request["legs"]} == {
        "00480000": "buy_to_close",
        "00470000": "sell_to_open",
    }
    unknown = order_request(asked, SYMBOLS)
    assert isinstance(unknown, Rejected)
    assert unknown.code == Refusal.NOT_CONNECTED


def test_shares_are_ordered_by_their_number_and_not_together_with_options() -> None:
    assert requested(order({Stock("SPY"): 100}, quantity=2, purpose=Purpose.CLOSE)) == {
        "client_order_id": "o-1",
        "qty": "200",
        "time_in_force": "day",
        "type": "market",
        "symbol": "SPY",
        "side": "buy",
    }
    mixed = order_request(order({Stock("SPY"): 100, call(490): -1}), SYMBOLS)
    assert isinstance(mixed, Rejected)
    assert mixed.code == Refusal.BAD_LEGS


def test_more_legs_than_the_vendor_takes_are_refused_here() -> None:
    refused = order_request(order(dict.fromkeys(CONTRACTS[:5], 1)), SYMBOLS)
    assert isinstance(refused, Rejected)
    assert refused.code == Refusal.BAD_LEGS


@pytest.mark.parametrize(
    "more",
    [
        {"symbol": "SPY991399P00480000"},
        {"qty": None, "notional": "500"},
        {"qty": "0.5"},
        {"asset_class": "crypto", "symbol": "BTC/USD"},
        {"order_class": "mleg", "legs": []},
    ],
)
def test_an_order_that_nothing_here_could_be_is_reported_without_a_structure(more: dict[str, Any]) -> None:
    report = order_report(echoed(requested(order({put(480): -1})), **more), SYMBOLS)
    assert report is not None
    assert (report.structure, report.limit_cents, report.status) == (None, None, BrokerStatus.WORKING)


def test_legs_that_wait_for_an_order_are_no_legs_of_it() -> None:
    exits = [{"id": "x", "symbol": "SPY", "side": "sell", "qty": "10", "ratio_qty": None}]
    said = {"order_class": "bracket", "symbol": "SPY", "side": "buy", "qty": "10", "legs": exits}
    report = order_report(echoed(requested(order({Stock("SPY"): 1})), **said), SYMBOLS)
    assert report is not None
    assert report.structure == order({Stock("SPY"): 1}).structure


def test_an_order_that_does_not_say_when_it_was_taken_is_none() -> None:
    assert order_report(echoed(requested(order({put(480): 1})), submitted_at=""), SYMBOLS) is None


def test_a_refusal_told_as_a_cancel_is_a_refusal() -> None:
    request = requested(order({put(480): 1}))
    for how in (
        {"status": "canceled", "reject_reason": "insufficient buying power"},
        {"status": "canceled", "failed_at": "2024-03-12T19:00:00Z"},
        {"status": "expired", "reject_reason": "no route"},
        {"status": "inactive", "reject_reason": "halted"},
        {"status": "rejected"},
    ):
        report = order_report(echoed(request, **how), SYMBOLS)
        assert report is not None
        assert report.status is BrokerStatus.REJECTED
        assert report.reason == how.get("reject_reason", how["status"])


def test_a_cancel_that_a_person_asked_for_is_none() -> None:
    how = {"status": "canceled", "canceled_at": "2024-03-12T19:00:00Z", "failed_at": None}
    report = order_report(echoed(requested(order({put(480): 1})), **how), SYMBOLS)
    assert report is not None
    assert report.status is BrokerStatus.CANCELLED


def test_a_state_nobody_knows_may_still_fill_and_is_named() -> None:
    assert "under_review" not in STATUSES
    report = order_report(echoed(requested(order({put(480): 1})), status="under_review"), SYMBOLS)
    assert report is not None
    assert (report.status, report.reason) == (BrokerStatus.WORKING, "unknown status 'under_review'")


def test_what_is_filled_whole_is_filled_whatever_its_state_says() -> None:
    said = echoed(requested(order({put(480): 1}, quantity=3)), status="pending_cancel", filled_qty="3")
    report = order_report(said, SYMBOLS)
    assert report is not None
    assert report.status is BrokerStatus.FILLED


def test_options_of_a_dotted_symbol_are_written_without_the_dot_and_read_with_it() -> None:
    contract = put(500, underlying="BRK.B")
    symbols = Symbols()
    assert symbols.write(contract).startswith("BRKB2403")
    assert symbols.read(symbols.write(contract)) == contract
    assert Symbols(["BRK.B"]).read("BRKB240315P00500000") == contract


def test_index_options_are_read_by_their_roots() -> None:
    weekly = OptionContract("SPX", put(5000).expiration, put(5000).right, 5_000_000, 1)
    assert SYMBOLS.write(weekly) == "SPXW240315P05000000"
    assert SYMBOLS.read("SPXW240315P05000000") == weekly
