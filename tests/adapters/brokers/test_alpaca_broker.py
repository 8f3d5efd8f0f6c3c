"""The broker before canned answers: the faults that no well-behaved server makes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from adapters.brokers.alpaca_canned import ACCOUNT, Answer, Canned, HandTimer, answered, broker_of, canned
from execution.tapes import call, order, put
from strikewise.adapters.brokers.alpaca import AlpacaBroker, Patience
from strikewise.domain.instruments import Stock
from strikewise.domain.orders import Accepted, Known, Purpose, Rejected, Unknown, Unresolved
from strikewise.execution.refusals import Refusal

SPREAD = {put(480): -1, put(475): 1}
ORDERS, POSITIONS, ACTIVITIES = "/v2/orders", "/v2/positions", "/v2/account/activities"
BY_CLIENT = "/v2/orders:by_client_order_id"
CLOCK = Answer({"timestamp": "2024-03-12T15:00:31-04:00", "is_open": True})


@pytest.fixture
def vendor() -> Iterator[Canned]:
    with canned() as made:
        yield made


@pytest.fixture
def broker(vendor: Canned) -> Iterator[AlpacaBroker]:
    made = broker_of(vendor)
    yield made
    made.close()


# --- submitting --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "answer",
    [
        Answer(how="hang"),
        Answer(how="drop"),
        Answer({"message": "oops"}, 500),
        Answer("<html>bad gateway</html>", 502),
        Answer("<html>denied</html>", 403),
        Answer('{"id": "b-1"', 200),
        Answer([], 200),
        Answer({}, 200),
        Answer({"message": "timeout"}, 408),
        Answer({"message": "conflict"}, 409),
    ],
)
def test_where_nobody_knows_whether_the_order_arrived_it_is_unresolved_and_sent_once(
    vendor: Canned, broker: AlpacaBroker, answer: Answer
) -> None:
    vendor.say("POST", ORDERS, answer)
    for purpose in (Purpose.OPEN, Purpose.CLOSE):
        vendor.asked.clear()
        assert isinstance(broker.submit(order(SPREAD, purpose=purpose)), Unresolved)
        assert len(vendor.of("POST", ORDERS)) == 1


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (403, {"code": 40310000, "message": "insufficient buying power"}, Refusal.BUYING_POWER),
        (403, {"code": 40310000, "message": "account not eligible to trade spreads"}, Refusal.NOT_APPROVED),
        (422, {"code": 42210000, "message": "invalid limit price increment"}, Refusal.BAD_PRICE),
        (401, {"code": 40110000, "message": "request is not authorized"}, Refusal.RESTRICTED),
        (400, {"message": "request body format is invalid"}, Refusal.REFUSED),
        (404, {"code": 40410000, "message": "asset not found"}, Refusal.UNKNOWN_CONTRACT),
        (403, {"code": 40310000, "message": "potential wash trade detected"}, Refusal.HELD_BY_ORDER),
        (403, {}, Refusal.REFUSED),
    ],
)
def test_a_definite_refusal_is_told_with_its_code_and_words(
    vendor: Canned, broker: AlpacaBroker, status: int, body: dict[str, Any], code: str
) -> None:
    vendor.say("POST", ORDERS, Answer(body, status))
    answer = broker.submit(order(SPREAD))
    assert isinstance(answer, Rejected)
    assert answer.code == code
    assert body.get("message", "403") in answer.text
    assert str(body.get("code", "")) in answer.text


def test_quantity_held_by_another_order_is_told_with_its_numbers(
    vendor: Canned, broker: AlpacaBroker
) -> None:
    said = {
        "code": 40310000,
        "message": "insufficient qty available for order (requested: 4, available: 0)",
        "available": "0",
        "existing_qty": "4",
        "held_for_orders": "4",
    }
    vendor.say("POST", ORDERS, Answer(said, 403))
    answer = broker.submit(order({put(480): -1}, quantity=4, purpose=Purpose.CLOSE))
    assert isinstance(answer, Rejected)
    assert answer.code == Refusal.HELD_BY_ORDER
    assert "available=0 existing_qty=4 held_for_orders=4" in answer.text


def test_an_order_that_is_taken_is_accepted_under_the_vendors_id(
    vendor: Canned, broker: AlpacaBroker
) -> None:
    vendor.say("POST", ORDERS, Answer(answered()))
    assert broker.submit(order({put(480): 1})) == Accepted("b-1")


def test_an_order_that_is_answered_as_rejected_is(vendor: Canned, broker: AlpacaBroker) -> None:
    vendor.say("POST", ORDERS, Answer(answered(status="rejected")))
    assert isinstance(broker.submit(order({put(480): 1})), Rejected)


DUPLICATE = Answer({"code": 40010001, "message": "client_order_id must be unique"}, 422)


def test_another_order_of_the_same_id_is_not_adopted(vendor: Canned, broker: AlpacaBroker) -> None:
    vendor.say("POST", ORDERS, DUPLICATE)
    vendor.say("GET", BY_CLIENT, Answer(answered()))
    for other in (
        order({put(480): 1}, quantity=2),
        order({put(475): 1}),
        order({put(480): 1}, limit_cents=100),
    ):
        answer = broker.submit(other)
        assert isinstance(answer, Rejected)
        assert answer.code == Refusal.DUPLICATE_ID


def test_an_order_the_vendor_has_already_is_adopted(vendor: Canned, broker: AlpacaBroker) -> None:
    vendor.say("POST", ORDERS, DUPLICATE)
    vendor.say("GET", BY_CLIENT, Answer(answered()))
    assert broker.submit(order({put(480): 1})) == Accepted("b-1")


@pytest.mark.parametrize("answer", [Answer(how="drop"), Answer({"code": 40410000, "message": "no"}, 404)])
def test_an_order_the_vendor_has_and_does_not_show_is_unresolved(
    vendor: Canned, broker: AlpacaBroker, answer: Answer
) -> None:
    vendor.say("POST", ORDERS, DUPLICATE)
    vendor.say("GET", BY_CLIENT, answer)
    assert isinstance(broker.submit(order({put(480): 1})), Unresolved)


def test_an_entry_that_was_turned_away_is_refused_and_an_exit_is_sent_again(
    vendor: Canned, broker: AlpacaBroker
) -> None:
    turned = Answer({"message": "too many requests."}, 429)
    vendor.say("POST", ORDERS, turned)
    answer = broker.submit(order(SPREAD))
    assert isinstance(answer, Rejected)
    assert answer.code == Refusal.RATE_LIMITED
    vendor.say("POST", ORDERS, turned, Answer(answered()))
    assert isinstance(broker.submit(order(SPREAD, purpose=Purpose.CLOSE)), Accepted)


def test_an_adjustment_looks_at_what_is_held_before_it_says_what_it_opens(
    vendor: Canned, broker: AlpacaBroker
) -> None:
    held = {"symbol": "SPY240315P00480000", "qty": "-1", "side": "short", "asset_class": "us_option"}
    vendor.say("GET", POSITIONS, Answer([held]))
    vendor.say("POST", ORDERS, Answer(answered()))
    broker.submit(order({put(480): 1, put(470): -1}, purpose=Purpose.ADJUST))
    (sent,) = vendor.of("POST", ORDERS)
    assert {leg["position_intent"] for leg in sent.body["legs"]} == {"buy_to_close", "sell_to_open"}
    vendor.say("GET", POSITIONS, Answer(how="drop"))
    answer = broker.submit(order({put(480): 1}, purpose=Purpose.ADJUST))
    assert isinstance(answer, Rejected)
    assert answer.code == Refusal.NOT_CONNECTED


# --- the account -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [ACCOUNT["id"], ACCOUNT["account_number"]])
def test_the_account_that_was_named_is_worked_with(vendor: Canned, name: str) -> None:
    broker = broker_of(vendor, account_id=name)
    answer = broker.account()
    assert isinstance(answer, Known)
    assert (answer.value.cash_cents, answer.value.buying_power_cents) == (12_208_650, 12_271_630)
    broker.close()


def test_another_account_than_the_one_named_is_neither_read_nor_traded(vendor: Canned) -> None:
    broker = broker_of(vendor, account_id="OTHER")
    vendor.say("GET", POSITIONS, Answer([]))
    vendor.say("GET", ORDERS, Answer([]))
    health = broker.connect()
    assert not health.connected
    assert "OTHER" in health.reason
    for read in (broker.positions(), broker.open_orders(), broker.order("o-1"), broker.fills_since("")):
        assert isinstance(read, Unknown)
        assert "OTHER" in read.reason
    spread = order(SPREAD, purpose=Purpose.CLOSE)
    for answer in (broker.submit(spread), broker.cancel("o-1"), broker.replace("o-1", spread)):
        assert isinstance(answer, Rejected)
        assert answer.code == Refusal.NOT_CONNECTED
    assert isinstance(broker.cancel_all(), Unresolved)
    assert isinstance(broker.do_not_exercise(put(480)), Rejected)
    assert {one.path for one in vendor.asked} == {"/v2/account"}
    broker.close()


def test_an_account_that_turns_out_to_be_another_is_traded_no_more(vendor: Canned) -> None:
    broker = broker_of(vendor, account_id="ACC123")
    assert isinstance(broker.account(), Known)
    vendor.say("GET", "/v2/account", Answer(ACCOUNT | {"id": "another", "account_number": "ACC999"}))
    assert isinstance(broker.account(), Unknown)
    answer = broker.submit(order(SPREAD, purpose=Purpose.CLOSE))
    assert isinstance(answer, Rejected)
    assert "ACC999" in answer.text
    assert not vendor.of("POST", "/v2/orders")
    broker.close()


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"status": "ONBOARDING"}, "ONBOARDING"),
        ({"trading_blocked": True}, "trading is blocked"),
        ({"account_blocked": True}, "the account is blocked"),
        ({"trade_suspended_by_user": True}, "suspended"),
    ],
)
def test_why_an_account_may_not_trade_is_told(
    vendor: Canned, broker: AlpacaBroker, said: dict[str, Any], words: str
) -> None:
    vendor.say("GET", "/v2/account", Answer(ACCOUNT | said))
    answer = broker.account()
    assert isinstance(answer, Known)
    assert words in answer.value.restriction
    vendor.say("GET", POSITIONS, Answer([]))
    preview = broker.preview(order(SPREAD))
    assert isinstance(preview, Known)
    assert words in preview.value.problem


def test_an_account_without_its_cash_is_not_read_as_an_empty_one(
    vendor: Canned, broker: AlpacaBroker
) -> None:
    vendor.say("GET", "/v2/account", Answer(ACCOUNT | {"cash": None}))
    assert isinstance(broker.account(), Unknown)


@pytest.mark.parametrize(
    ("level", "legs", "problem"),
    [
        (0, {put(480): -1}, "options level 0 where 1 is needed"),
        (1, {put(480): 1}, "options level 1 where 2 is needed"),
        (2, SPREAD, "options level 2 where 3 is needed"),
        (3, SPREAD, ""),
        (1, {put(480): -1}, ""),
        (0, {Stock("SPY"): 1}, ""),
    ],
)
def test_the_level_an_order_needs_is_known_before_it_is_sent(
    vendor: Canned, broker: AlpacaBroker, level: int, legs: dict[Any, int], problem: str
) -> None:
    vendor.say("GET", "/v2/account", Answer(ACCOUNT | {"options_trading_level": level}))
    vendor.say("GET", POSITIONS, Answer([]))
    answer = broker.preview(order(legs))
    assert isinstance(answer, Known)
    assert answer.value.problem == problem


def test_what_costs_more_than_the_buying_power_is_known_before_it_is_sent(
    vendor: Canned, broker: AlpacaBroker
) -> None:
    vendor.say("GET", "/v2/account", Answer(ACCOUNT | {"options_buying_power": "100"}))
    vendor.say("GET", POSITIONS, Answer([]))
    answer = broker.preview(order({put(480): 1}, quantity=3, limit_cents=5_000))
    assert isinstance(answer, Known)
    assert (answer.value.problem, answer.value.cost_cents) == (
        "buying power of 10000 cents for a cost of 15000",
        15_000,
    )


def test_the_vendors_clock_is_compared_once_a_minute(vendor: Canned) -> None:
    timer = HandTimer()
    broker = broker_of(vendor, timer=timer)
    vendor.say("GET", "/v2/clock", CLOCK)
    assert broker.health().skew_seconds == 31.0
    assert broker.health().skew_seconds == 31.0
    assert len(vendor.of("GET", "/v2/clock")) == 1
    timer.now += 60
    vendor.say("GET", "/v2/clock", Answer(how="drop"))
    assert broker.health().skew_seconds is None
    broker.close()


def test_a_vendor_whose_stream_cannot_be_opened_answers_and_tells_nothing(vendor: Canned) -> None:
    """Exits go on then: they stopped with the stream, however well orders were answered."""
    timer = HandTimer()
    broker = broker_of(vendor, timer=timer, patience=Patience(stream=0.3))
    vendor.say("GET", "/v2/clock", CLOCK)
    health = broker.connect()
    assert (health.connected, health.tells) == (True, False)
    assert "stream" in health.reason
    timer.now += 10
    vendor.say("GET", "/v2/clock", Answer(how="drop"))
    health = broker.health()
    assert (health.connected, health.tells) == (False, False)
    assert "stream" in health.reason
    timer.now += 10
    vendor.say("GET", "/v2/clock", CLOCK)
    assert broker.health().connected
    broker.close()


# --- cancelling, replacing, exercising ---------------------------------------------------------------------


def test_cancel_all_cancels_ours_and_nobody_elses(vendor: Canned, broker: AlpacaBroker) -> None:
    rows = [answered(id=f"b-{n}", client_order_id=name) for n, name in enumerate(("o-1", "by-hand", "o-2"))]
    vendor.say("GET", ORDERS, Answer(rows))
    for n in range(3):
        vendor.say("DELETE", f"/v2/orders/b-{n}", Answer(status=204))
    assert isinstance(broker.cancel_all(), Accepted)
    assert [one.path for one in vendor.asked if one.method == "DELETE"] == [
        "/v2/orders/b-0",
        "/v2/orders/b-2",
    ]
    vendor.say("DELETE", "/v2/orders/b-2", Answer(how="drop"))
    assert isinstance(broker.cancel_all(), Unresolved)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (Answer(status=204), Accepted),
        (Answer({"code": 42210000, "message": 'order is already in "filled" state'}, 422), Rejected),
        (Answer(status=422), Rejected),
        (Answer({"code": 40410000, "message": "order not found"}, 404), Rejected),
        (Answer(how="hang"), Unresolved),
        (Answer({"message": "oops"}, 500), Unresolved),
    ],
)
def test_a_cancel_is_taken_refused_or_not_known(
    vendor: Canned, broker: AlpacaBroker, answer: Answer, kind: type
) -> None:
    vendor.say("GET", BY_CLIENT, Answer(answered()))
    vendor.say("DELETE", "/v2/orders/b-1", answer)
    assert isinstance(broker.cancel("o-1"), kind)


def test_a_replacement_asks_for_the_new_limit_under_a_new_id(vendor: Canned, broker: AlpacaBroker) -> None:
    vendor.say("GET", BY_CLIENT, Answer(answered(qty="5", filled_qty="2", status="partially_filled")))
    vendor.say("PATCH", "/v2/orders/b-1", Answer(answered(id="b-2", client_order_id="o-2", replaces="b-1")))
    asked = replace(order({put(480): 1}, limit_cents=4_600, order_id="o-2"), quantity=3)
    assert broker.replace("o-1", asked) == Accepted("b-2")
    (sent,) = vendor.of("PATCH", "/v2/orders/b-1")
    assert sent.body == {"client_order_id": "o-2", "limit_price": "0.46", "qty": "5", "time_in_force": "day"}
    assert isinstance(broker.replace("o-1", order({put(480): 1}, order_id="o-3")), Rejected)
    vendor.say("PATCH", "/v2/orders/b-1", Answer(how="drop"))
    assert isinstance(broker.replace("o-1", asked), Unresolved)


def test_only_all_that_is_held_is_exercised(vendor: Canned, broker: AlpacaBroker) -> None:
    contract = call(480)
    held = {"symbol": "SPY240315C00480000", "qty": "2", "side": "long"}
    vendor.say("GET", POSITIONS, Answer([held]))
    path = "/v2/positions/SPY240315C00480000/exercise"
    vendor.say("POST", path, Answer(status=200))
    refused = broker.exercise(contract, 1)
    assert isinstance(refused, Rejected)
    assert refused.text.endswith("requested=1 held=2")
    assert isinstance(broker.exercise(contract, 2), Accepted)
    vendor.say("POST", path, Answer({"code": 40310000, "message": "no available position"}, 403))
    assert isinstance(broker.exercise(contract, 2), Rejected)
    vendor.say("GET", POSITIONS, Answer(how="drop"))
    assert isinstance(broker.exercise(contract, 2), Rejected)


def test_an_instruction_not_to_exercise_is_sent(vendor: Canned, broker: AlpacaBroker) -> None:
    path = "/v2/positions/SPY240315C00480000/do-not-exercise"
    vendor.say("POST", path, Answer(status=200))
    assert isinstance(broker.do_not_exercise(call(480)), Accepted)
    assert len(vendor.of("POST", path)) == 1
