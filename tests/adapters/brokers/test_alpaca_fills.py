"""Fills and ends: as the stream tells them, as the activities list them, and never twice."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from strikewise.adapters.brokers.alpaca_answers import ActivityAnswer, Update
from strikewise.adapters.brokers.alpaca_fills import Fills, KnownOrders
from strikewise.adapters.brokers.alpaca_states import EVENTS
from strikewise.adapters.brokers.alpaca_symbols import Symbols
from strikewise.domain.orders import BrokerEvent, Bust, Execution, OrderEnded, StreamGap

NOW = datetime(2025, 1, 21, 7, 33, tzinfo=UTC)
PUT, CALL = "AAPL250321P00200000", "AAPL250321C00380000"


def order(**more: Any) -> dict[str, Any]:
    """An order of two legs as the vendor's documentation of the stream shows one, in short."""
    legs = [leg("l-1", PUT, "1.6"), leg("l-2", CALL, "0.02")]
    return {
        "id": "b-1",
        "client_order_id": "sw-1",
        "symbol": "",
        "side": "buy",
        "qty": "1",
        "filled_qty": "1",
        "order_class": "mleg",
        "status": "filled",
        "legs": legs,
    } | more


def leg(name: str, symbol: str, price: str, **more: Any) -> dict[str, Any]:
    return {
        "id": name,
        "client_order_id": f"client-{name}",
        "symbol": symbol,
        "side": "buy",
        "qty": "1",
        "filled_qty": "1",
        "filled_avg_price": price,
        "order_class": "mleg",
        "status": "filled",
        "ratio_qty": "1",
        "legs": None,
    } | more


def execution(name: str, order_id: str, symbol: str, price: str, qty: str = "1") -> dict[str, Any]:
    return {"execution_id": name, "order_id": order_id, "symbol": symbol, "price": price, "qty": qty}


def update(event: str = "fill", **more: Any) -> Update:
    legs = [execution("e-1", "l-1", PUT, "1.6"), execution("e-2", "l-2", CALL, "0.02")]
    said = {
        "event": event,
        "event_id": "01JJ3WE73W5PG672TC4XACXH5R",
        "timestamp": "2025-01-21T07:32:40.695569506Z",
        "order": order(),
        "price": "1.62",
        "qty": "1",
        "legs": legs,
    }
    return Update.model_validate(said | more)


def single(**more: Any) -> dict[str, Any]:
    return {
        "id": "b-9",
        "client_order_id": "sw-9",
        "symbol": PUT,
        "side": "sell",
        "qty": "3",
        "filled_qty": "3",
        "order_class": "",
        "status": "filled",
    } | more


def line(name: str, **more: Any) -> ActivityAnswer:
    return ActivityAnswer.model_validate(
        {
            "id": f"20250121023240695::{name}",
            "activity_type": "FILL",
            "transaction_time": "2025-01-21T07:32:40.695Z",
            "price": "1.6",
            "qty": "1",
            "side": "buy",
            "symbol": PUT,
            "order_id": "l-1",
            "cum_qty": "1",
        }
        | more
    )


@pytest.fixture
def fills() -> Fills:
    return Fills(KnownOrders("sw-"), Symbols())


def gaps(events: list[BrokerEvent]) -> list[StreamGap]:
    return [event for event in events if isinstance(event, StreamGap)]


def executions(events: list[BrokerEvent]) -> list[Execution]:
    return [event for event in events if isinstance(event, Execution)]


def test_a_fill_of_several_legs_is_told_leg_by_leg_and_the_parent_is_information(fills: Fills) -> None:
    told = fills.told(update(), NOW)
    assert gaps(told) == []
    found = {one.execution_id: one for one in executions(told)}
    assert {name: one.legs[0].price_cents for name, one in found.items()} == {"e-1": 160, "e-2": 2}
    assert {(one.order_id, one.quantity, len(one.legs)) for one in found.values()} == {("sw-1", 0, 1)}


def test_a_fill_is_the_same_whether_the_stream_tells_it_or_the_activities_list_it(fills: Fills) -> None:
    told = executions(fills.told(update(), NOW))[0]
    (listed,) = fills.listed([line("e-1")])
    assert (listed.execution_id, listed.legs) == (told.execution_id, told.legs)


def test_a_fill_listed_under_another_id_is_still_the_one_that_was_told(fills: Fills) -> None:
    fills.told(update(), NOW)
    (listed,) = fills.listed([line("another-name")])
    assert listed.execution_id == "e-1"


def test_a_fill_that_is_told_again_has_the_same_id(fills: Fills) -> None:
    first, again = fills.told(update(), NOW), fills.told(update(), NOW)
    assert [one.execution_id for one in executions(first)] == [one.execution_id for one in executions(again)]


def test_two_fills_of_one_leg_in_one_event_are_two(fills: Fills) -> None:
    filled = leg("l-1", PUT, "1.6", filled_qty="2", qty="2")
    legs = [execution("e-1", "l-1", PUT, "1.6"), execution("e-2", "l-1", PUT, "1.61")]
    told = fills.told(update(order=order(qty="2", legs=[filled]), legs=legs), NOW)
    assert [one.execution_id for one in executions(told)] == ["e-1", "e-2"]
    assert gaps(told) == []
    listed = fills.listed([line("x", cum_qty="1"), line("y", cum_qty="2", price="1.61")])
    assert [one.execution_id for one in listed] == ["e-1", "e-2"]


def test_what_was_filled_before_and_not_told_is_a_gap(fills: Fills) -> None:
    first = update(order=single(filled_qty="1"), legs=None, execution_id="e-1", qty="1")
    third = update(order=single(filled_qty="3"), legs=None, execution_id="e-3", qty="1")
    assert gaps(fills.told(first, NOW)) == []
    assert len(gaps(fills.told(third, NOW))) == 1


def test_shares_improved_upon_by_a_fraction_of_a_cent_bring_what_the_vendor_books(fills: Fills) -> None:
    shares = single(symbol="SPY", qty="100", filled_qty="100")
    sold = update(order=shares, legs=None, execution_id="e-1", qty="100", price="512.3457")
    told = fills.told(sold, NOW)
    assert gaps(told) == []
    (execution,) = executions(told)
    assert sum(one.quantity for one in execution.legs) == -100
    assert sum(one.cost_cents for one in execution.legs) == -5_123_457


def test_what_is_sold_is_negative(fills: Fills) -> None:
    (sold,) = executions(fills.told(update(order=single(), legs=None, execution_id="e-1", qty="3"), NOW))
    assert (sold.legs[0].quantity, sold.order_id) == (-3, "sw-9")


@pytest.mark.parametrize(
    "more",
    [
        {"legs": None},
        {"legs": [execution("e-1", "l-1", PUT, "")]},
        {"legs": [execution("e-1", "l-1", PUT, "1.6", qty="0.5")]},
        {"event": "under_review"},
    ],
)
def test_a_fill_or_event_that_cannot_be_read_is_a_gap_and_not_a_guess(
    fills: Fills, more: dict[str, Any]
) -> None:
    told = fills.told(update(**more), NOW)
    assert executions(told) == []
    assert len(gaps(told)) == 1


def test_a_fill_of_somebody_elses_order_asks_for_a_look_and_its_end_does_not(fills: Fills) -> None:
    theirs = single(client_order_id="by-hand")
    assert len(gaps(fills.told(update(order=theirs, legs=None, qty="3"), NOW))) == 1
    assert fills.told(update("canceled", order=theirs | {"status": "canceled"}), NOW) == []


def test_a_leg_told_by_itself_belongs_to_its_order_once_that_is_known(fills: Fills) -> None:
    alone = update(order=leg("l-1", PUT, "1.6"), legs=None, execution_id="e-1", qty="1", price="1.6")
    assert len(gaps(fills.told(alone, NOW))) == 1
    fills.told(update("new", order=order(filled_qty="0", status="new"), legs=None), NOW)
    (found,) = executions(fills.told(alone, NOW))
    assert (found.order_id, found.execution_id) == ("sw-1", "e-1")


@pytest.mark.parametrize(
    ("event", "more", "outcome"),
    [
        ("canceled", {"status": "canceled", "canceled_at": "2025-01-21T07:32:40Z"}, "cancelled"),
        ("expired", {"status": "expired"}, "expired"),
        ("rejected", {"status": "rejected"}, "rejected"),
        ("canceled", {"status": "canceled", "reject_reason": "no buying power"}, "rejected"),
        ("replaced", {"status": "replaced", "replaced_by": "b-2"}, "cancelled"),
    ],
)
def test_the_end_of_an_order_is_told_with_the_vendors_word_for_it(
    fills: Fills, event: str, more: dict[str, Any], outcome: str
) -> None:
    (ended,) = fills.told(update(event, order=single(filled_qty="0", **more), legs=None), NOW)
    assert isinstance(ended, OrderEnded)
    assert (ended.order_id, ended.outcome) == ("sw-9", outcome)
    assert ended.reason


def test_an_order_that_ended_with_fills_nobody_told_is_asked_for_and_not_told_as_ended(fills: Fills) -> None:
    partly = {"status": "canceled", "filled_qty": "2", "canceled_at": "2025-01-21T07:32:40Z"}
    end = update("canceled", order=single(**partly), legs=None)
    first = update(order=single(filled_qty="1"), legs=None, execution_id="e-1", qty="1")
    fills.told(first, NOW)
    fills.listed([line("e-2", order_id="b-9", side="sell", cum_qty="2")])  # who asked may throw it away
    told = fills.told(end, NOW)
    assert (len(told), len(gaps(told))) == (1, 1)
    fills.told(update(order=single(filled_qty="2"), legs=None, execution_id="e-2", qty="1"), NOW)
    assert [type(one) for one in fills.told(end, NOW)] == [OrderEnded]


def test_an_order_that_ended_with_one_leg_filled_and_not_told_is_asked_for(fills: Fills) -> None:
    legs = [leg("l-1", PUT, "1.6"), leg("l-2", CALL, "", filled_qty="0", status="canceled")]
    half = order(filled_qty="0", status="canceled", canceled_at="2025-01-21T07:32:40Z", legs=legs)
    assert len(gaps(fills.told(update("canceled", order=half, legs=None), NOW))) == 1
    one = update("partial_fill", order=half, legs=[execution("e-1", "l-1", PUT, "1.6")])
    fills.told(one, NOW)
    assert [type(found) for found in fills.told(update("canceled", order=half, legs=None), NOW)] == [
        OrderEnded
    ]


def test_a_replacement_that_shows_the_new_order_ends_nothing(fills: Fills) -> None:
    assert fills.told(update("replaced", order=single(status="new", filled_qty="0"), legs=None), NOW) == []


@pytest.mark.parametrize("event", sorted(EVENTS))
def test_every_documented_event_is_read_without_an_error(fills: Fills, event: str) -> None:
    ids = {"execution_id": "e-2", "previous_execution_id": "e-1"}
    told = fills.told(update(event, order=single(status="new"), legs=None, qty="3", **ids), NOW)
    assert all(isinstance(one, Execution | OrderEnded | Bust) for one in told)


def test_a_fill_that_is_taken_back_is_named(fills: Fills) -> None:
    (bust,) = fills.told(update("trade_bust", order=single(), legs=None, execution_id="e-1"), NOW)
    assert isinstance(bust, Bust)
    assert (bust.execution_id, bust.order_id) == ("e-1", "sw-9")


def test_a_correction_takes_a_fill_back_and_tells_the_right_one(fills: Fills) -> None:
    how = {"execution_id": "e-2", "previous_execution_id": "e-1", "qty": "3", "price": "1.5"}
    bust, right = fills.told(update("trade_correct", order=single(), legs=None, **how), NOW)
    assert isinstance(bust, Bust)
    assert isinstance(right, Execution)
    assert (bust.execution_id, right.execution_id, right.legs[0].price_cents) == ("e-1", "e-2", 150)


def test_a_corrected_fill_is_another_than_the_one_that_was_told_before(fills: Fills) -> None:
    fills.told(update(order=single(), legs=None, execution_id="e-1", qty="3", price="1.6"), NOW)
    how = {"execution_id": "e-2", "previous_execution_id": "e-1", "qty": "3", "price": "1.5"}
    (right,) = executions(fills.told(update("trade_correct", order=single(), legs=None, **how), NOW))
    assert (right.execution_id, right.legs[0].price_cents) == ("e-2", 150)
    lines = [line(name, order_id="b-9", side="sell", qty="3", cum_qty="3") for name in ("e-1", "e-2")]
    assert [one.execution_id for one in fills.listed(lines)] == ["e-1", "e-2"]


def test_what_fills_again_after_a_fill_was_taken_back_is_another_fill(fills: Fills) -> None:
    first = update(order=single(filled_qty="1"), legs=None, execution_id="e-1", qty="1")
    fills.told(first, NOW)
    fills.told(update("trade_bust", order=single(filled_qty="0"), legs=None, execution_id="e-1"), NOW)
    again = update(order=single(filled_qty="1"), legs=None, execution_id="e-2", qty="1")
    assert [one.execution_id for one in executions(fills.told(again, NOW))] == ["e-2"]


def test_a_correction_that_names_no_fill_is_a_gap(fills: Fills) -> None:
    told = fills.told(update("trade_correct", order=single(), legs=None, execution_id="e-2"), NOW)
    assert len(gaps(told)) == 1


def test_fills_of_others_are_not_listed_and_one_of_ours_that_cannot_be_read_is_an_error(
    fills: Fills,
) -> None:
    fills.told(update(), NOW)
    assert fills.listed([line("e-7", order_id="unheard-of")]) == []
    with pytest.raises(ValueError, match="cannot be read"):
        fills.listed([line("e-1", price="")])
