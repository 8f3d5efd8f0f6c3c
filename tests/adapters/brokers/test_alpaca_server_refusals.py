"""What the local server refuses, in the vendor's words and with its codes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from adapters.brokers.alpaca_kit import APIError
from adapters.brokers.alpaca_stage import (
    C490,
    FRIDAY,
    P475,
    P480,
    TUESDAY,
    Stage,
    close,
    refusal,
    sent,
    shown,
    single,
    small_venue,
    spread,
    staged,
)

pytestmark = pytest.mark.shared


@pytest.fixture(scope="module")
def still() -> Iterator[Stage]:
    """A stage on which nothing is ever taken."""
    with staged() as made:
        yield made


@pytest.fixture
def stage() -> Iterator[Stage]:
    with staged() as made:
        yield made


TOO_MUCH = "insufficient options buying power (required: 445500, available: 100000)"
NOWHERE = "SPY240315P00123000"
MISMATCH = "position intent mismatch, inferred: sell_to_open, specified: sell_to_close"
REFUSED = [
    (spread(quantity=900), 403, 40310000, TOO_MUCH),
    (single(C490, -1, 0.10), 403, 40310000, "insufficient underlying qty available for covered call"),
    (single(P480, -3, 0.10), 403, 40310000, "insufficient options buying power for cash-secured put"),
    (single(P480, 1, 0.50, "x" * 129), 422, 40010001, "client_order_id must be no more than 128"),
    (sent(P480.symbol, type="stop", stop_price="1"), 422, 42210000, "invalid order type for options"),
    (sent(P480.symbol, time_in_force="gtc"), 422, 42210000, "invalid option time_in_force"),
    (sent(P480.symbol, type="limit", limit_price="0.455"), 422, 42210000, "sub-penny increment"),
    (sent(P480.symbol, type="limit"), 422, 42210000, "limit price is required for limit orders"),
    (sent(P480.symbol, limit_price="1"), 422, 42210000, "limit price is only valid for limit orders"),
    (sent(P480.symbol, qty="0.5"), 422, 42210000, "qty must be integer for options trading"),
    (sent(P480.symbol, qty="0"), 422, 42210000, "qty must be > 0"),
    (sent(P480.symbol, side="up"), 422, 42210000, "side must be buy or sell"),
    (sent(NOWHERE), 422, 42210000, f'contract "{NOWHERE}" not found'),
    (sent("SPY", time_in_force="gtc"), 422, 42210000, "time_in_force gtc is not rehearsed"),
    (sent("NOPE"), 422, 42210000, 'asset "NOPE" not found'),
    (sent(P480.symbol, side="sell", position_intent="sell_to_close"), 422, 42210000, MISMATCH),
    (sent(P480.symbol, position_intent="sell_to_open"), 422, 42210000, "do not agree"),
]


def several(*legs: dict[str, str], **more: str) -> dict[str, Any]:
    shared = {"order_class": "mleg", "qty": "1", "type": "limit", "limit_price": "1", "time_in_force": "day"}
    return {**shared, "legs": list(legs), **more}


def part(symbol: str, ratio: int, intent: str | None = None) -> dict[str, str]:
    side = "buy" if ratio > 0 else "sell"
    meant = f"{side}_to_open" if intent is None else intent
    return {
        "symbol": symbol,
        "ratio_qty": str(abs(ratio)),
        "side": side,
        **({"position_intent": meant} if meant else {}),
    }


P, Q, C = P480.symbol, P475.symbol, C490.symbol
UNCOVERED = "account not eligible to trade uncovered option contracts"
REFUSED_SEVERAL = [
    (several(part(P, 1)), "between 2 and 4 legs"),
    (several(part(P, 2), part(Q, -2)), "relatively prime"),
    (several(part(P, 1), part(P, -1)), "duplicate leg symbols"),
    (several(part(P, 1), part(Q, -2)), UNCOVERED),
    (several(part(Q, 1), part(C, -1)), UNCOVERED),
    (several(part(P, 1), part(Q, -1), symbol="SPY"), "symbol and side must not be set"),
    (several(part(P, 1), part(Q, -1), type="market"), "limit price is only valid for limit orders"),
    (several(part(P, 1), part(Q, -1, "")), "leg.1 position intent is required"),
    (several(part(P, 1), part("SPY", -1)), "equity legs are allowed only"),
    (several(part(P, 1), part("QQQ240315P00400000", -1)), "underlying asset mismatch: SPY != QQQ"),
    (several(part(P, 1), part(NOWHERE, -1)), f"asset not found for {NOWHERE}"),
    (several(part(P, 1), part(Q, -1), time_in_force="gtc"), "invalid time in force"),
]


@pytest.mark.parametrize(("asked", "status", "code", "words"), REFUSED)
def test_what_the_vendor_refuses_is_refused_in_its_words(
    still: Stage, asked: Any, status: int, code: int, words: str
) -> None:
    body = asked if isinstance(asked, dict) else asked.to_request_fields()
    found = refusal(lambda: still.raw.post("/orders", body))
    assert found[:2] == (status, code)
    assert words in found[2]


def test_legs_that_are_none_are_refused_and_break_nothing(still: Stage) -> None:
    broken = {**several(part(P, 1), part(Q, -1)), "legs": [P, Q]}
    assert refusal(lambda: still.raw.post("/orders", broken))[:2] == (422, 40010001)


@pytest.mark.parametrize(("asked", "words"), REFUSED_SEVERAL)
def test_legs_that_do_not_fit_are_refused(still: Stage, asked: Any, words: str) -> None:
    assert words in refusal(lambda: still.raw.post("/orders", asked))[2]


def test_what_a_closing_order_holds_back_is_not_available_to_another(stage: Stage) -> None:
    stage.trading.submit_order(single(C490, 4))
    first = stage.trading.submit_order(single(C490, -4, 3.0))
    assert stage.trading.get_open_position(C490.symbol).qty_available == "0"
    with pytest.raises(APIError) as caught:
        stage.trading.submit_order(single(C490, -4, 2.0))
    body = caught.value.response.json()
    assert caught.value.status_code == 403
    assert body == {
        "code": 40310000,
        "message": "insufficient qty available for order (requested: 4, available: 0)",
        "available": "0",
        "existing_qty": "4",
        "held_for_orders": "4",
        "symbol": C490.symbol,
        "related_orders": [str(first.id)],
    }
    stage.trading.cancel_order_by_id(first.id)
    stage.trading.submit_order(single(C490, -4))
    assert shown(stage) == {}


def test_more_than_is_held_cannot_be_closed(stage: Stage) -> None:
    stage.trading.submit_order(single(C490, 1))
    assert refusal(lambda: stage.trading.submit_order(single(C490, -2)))[2] == (
        "insufficient qty available for order (requested: 2, available: 1)"
    )


def test_the_long_leg_of_a_spread_does_not_leave_before_the_short_one(stage: Stage) -> None:
    stage.trading.submit_order(spread())
    assert refusal(lambda: stage.trading.submit_order(single(P475, -1)))[2] == (
        "account not eligible to trade uncovered option contracts"
    )
    stage.trading.submit_order(spread(0.50, closing=True))
    assert shown(stage) == {}


def test_an_order_that_would_trade_with_our_own_is_refused(stage: Stage) -> None:
    resting = stage.raw.post("/orders", sent("SPY", type="limit", limit_price="480"))
    with pytest.raises(APIError) as caught:
        stage.raw.post("/orders", sent("SPY", side="sell", type="limit", limit_price="470"))
    assert caught.value.status_code == 403
    body = caught.value.response.json()
    assert body["message"] == "potential wash trade detected. use complex orders"
    assert body["existing_order_id"] == resting["id"]
    assert stage.raw.post("/orders", sent("SPY", side="sell", type="limit", limit_price="490"))["id"]


@pytest.mark.parametrize(
    ("level", "order", "words"),
    [
        (0, single(C490, 1), "account not authorized to trade options"),
        (1, single(C490, 1), "account not eligible to trade long option contracts"),
        (2, spread(), "account not eligible to trade spreads or uncovered contracts"),
    ],
)
def test_an_approval_level_bounds_what_may_be_traded(level: int, order: Any, words: str) -> None:
    with staged(small_venue(level=level)) as low:
        assert refusal(lambda: low.trading.submit_order(order)) == (403, 40310000, words)


def test_options_are_not_traded_at_the_market_at_night(stage: Stage) -> None:
    stage.venue.advance(close(TUESDAY) + timedelta(hours=1))
    assert refusal(lambda: stage.trading.submit_order(single(C490, 1)))[2] == (
        "options market orders are only allowed during market hours"
    )


def test_what_expires_today_is_not_opened_in_the_last_half_hour(stage: Stage) -> None:
    stage.venue.advance(close(FRIDAY) - timedelta(minutes=20))
    assert "expires soon" in refusal(lambda: stage.trading.submit_order(single(C490, 1)))[2]
    stage.venue.advance(close(FRIDAY) + timedelta(minutes=1))
    assert "is expired" in refusal(lambda: stage.trading.submit_order(single(C490, 1, 0.10)))[2]
