"""Reads before canned answers: whole, or unknown; never empty because they failed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

import pytest

from adapters.brokers.alpaca_canned import NOW, Answer, Asked, Canned, answered, broker_of, canned
from execution.tapes import order, put
from strikewise.adapters.brokers.alpaca import AlpacaBroker
from strikewise.domain.brokerage import BrokerStatus, HeldReport
from strikewise.domain.instruments import Stock
from strikewise.domain.orders import Known, Unknown

SPREAD = {put(480): -1, put(475): 1}
ORDERS, POSITIONS, ACTIVITIES = "/v2/orders", "/v2/positions", "/v2/account/activities"
BY_CLIENT = "/v2/orders:by_client_order_id"


@pytest.fixture
def vendor() -> Iterator[Canned]:
    with canned() as made:
        yield made


@pytest.fixture
def broker(vendor: Canned) -> Iterator[AlpacaBroker]:
    made = broker_of(vendor)
    yield made
    made.close()


def filled(number: int, **more: Any) -> dict[str, Any]:
    at = NOW + timedelta(seconds=number)
    return {
        "id": f"{at:%Y%m%d%H%M%S}000::e-{number}",
        "activity_type": "FILL",
        "transaction_time": at.isoformat(),
        "price": "0.5",
        "qty": "1",
        "side": "buy",
        "symbol": "SPY240315P00480000",
        "order_id": "b-1",
        "cum_qty": str(number + 1),
    } | more


BAD_READS = [
    Answer(how="hang"),
    Answer(how="drop"),
    Answer({"message": "oops"}, 500),
    Answer("<html>sorry</html>", 200),
    Answer("[{", 200),
    Answer({"code": 1, "message": "no"}, 401),
    Answer({}, 200),
    Answer("null", 200),
    Answer([{"nothing": "known"}], 200),
    Answer({"message": "too many requests."}, 429),
]


@pytest.mark.parametrize("answer", BAD_READS)
def test_a_read_that_failed_is_unknown_and_never_empty(
    vendor: Canned, broker: AlpacaBroker, answer: Answer
) -> None:
    assert isinstance(broker.account(), Known)
    for path in (POSITIONS, ORDERS, ACTIVITIES):
        vendor.say("GET", path, answer)
    for read in (
        broker.positions,
        broker.open_orders,
        lambda: broker.orders_since(NOW),
        lambda: broker.fills_since(""),
        lambda: broker.activities_since(""),
    ):
        told = read()
        assert isinstance(told, Unknown)
        assert told.reason


@pytest.mark.parametrize("answer", [one for one in BAD_READS if one.body != []])
def test_only_the_vendors_own_word_makes_an_order_one_it_does_not_have(
    vendor: Canned, broker: AlpacaBroker, answer: Answer
) -> None:
    vendor.say("GET", BY_CLIENT, answer)
    assert isinstance(broker.order("o-1"), Unknown)
    for somebody_else in ("<html>not found</html>", {"message": "no Route matched with those values"}, {}):
        vendor.say("GET", BY_CLIENT, Answer(somebody_else, 404))
        assert isinstance(broker.order("o-1"), Unknown)


def test_an_order_the_vendor_says_it_does_not_have_is_none(vendor: Canned, broker: AlpacaBroker) -> None:
    vendor.say("GET", BY_CLIENT, Answer({"code": 40410000, "message": "order not found"}, 404))
    told = broker.order("o-1")
    assert isinstance(told, Known)
    assert told.value is None


def test_positions_are_told_with_their_sign_cost_and_what_no_order_holds_back(
    vendor: Canned, broker: AlpacaBroker
) -> None:
    short = {
        "symbol": "SPY240315P00480000",
        "qty": "-4",
        "side": "short",
        "qty_available": "-1",
        "cost_basis": "-180",
        "asset_class": "us_option",
    }
    shares = {
        "symbol": "SPY",
        "qty": "100",
        "side": "long",
        "qty_available": "100",
        "avg_entry_price": "485.005",
    }
    coins = {"symbol": "BTCUSD", "qty": "0.01", "side": "long", "asset_class": "crypto"}
    none = {"symbol": "QQQ", "qty": "0", "side": "long"}
    vendor.say("GET", POSITIONS, Answer([short, shares, coins, none]))
    told = broker.positions()
    assert isinstance(told, Known)
    assert told.value == (
        HeldReport(put(480), -4, -18_000, 1),
        HeldReport(Stock("SPY"), 100, 4_850_050, 100),
    )


def test_what_is_called_short_is_negative_however_its_quantity_is_written(
    vendor: Canned, broker: AlpacaBroker
) -> None:
    for qty in ("4", "-4"):
        vendor.say(
            "GET", POSITIONS, Answer([{"symbol": "SPY", "qty": qty, "side": "short", "cost_basis": "9"}])
        )
        told = broker.positions()
        assert isinstance(told, Known)
        assert told.value == (HeldReport(Stock("SPY"), -4, -900),)


def test_a_position_that_cannot_be_read_is_not_left_out(vendor: Canned, broker: AlpacaBroker) -> None:
    for position in ({"symbol": "SPY", "qty": "0.5"}, {"symbol": "SPY991399P00480000", "qty": "1"}):
        vendor.say("GET", POSITIONS, Answer([{"symbol": "QQQ", "qty": "1"}, position]))
        assert isinstance(broker.positions(), Unknown)


def paged(vendor: Canned, path: str, rows: list[dict[str, Any]], key: str) -> None:
    """Serve rows as the vendor pages them: ascending, after an instant or a token, so many at most."""

    def before(asked: Asked) -> None:
        if asked.path != path:
            return
        query = {name: values[0] for name, values in parse_qs(asked.query).items()}
        since = (
            datetime.fromisoformat(query["after"]) if "after" in query else datetime.min.replace(tzinfo=UTC)
        )
        kept = [row for row in rows if datetime.fromisoformat(row[key]) > since]
        if "page_token" in query:
            ids = [row["id"] for row in kept]
            kept = kept[ids.index(query["page_token"]) + 1 :]
        size = int(query.get("limit") or query["page_size"])
        vendor.say("GET", path, Answer(kept[:size]))

    vendor.before = before


def test_lists_of_orders_are_read_to_their_end_page_by_page(vendor: Canned, broker: AlpacaBroker) -> None:
    rows = [
        answered(
            id=f"b-{n}", client_order_id=f"o-{n}", submitted_at=(NOW + timedelta(seconds=n // 3)).isoformat()
        )
        for n in range(1201)
    ]
    paged(vendor, ORDERS, rows, "submitted_at")
    told = broker.orders_since(NOW)
    assert isinstance(told, Known)
    assert [one.broker_order_id for one in told.value] == [row["id"] for row in rows]
    assert {one.status for one in told.value} == {BrokerStatus.WORKING}


def test_a_list_of_orders_that_does_not_go_on_is_not_taken_for_whole(
    vendor: Canned, broker: AlpacaBroker
) -> None:
    rows = [answered(id=f"b-{n}") for n in range(700)]
    paged(vendor, ORDERS, rows, "submitted_at")
    assert isinstance(broker.orders_since(NOW), Unknown)


def test_fills_are_read_to_their_end_page_by_page_and_each_once(vendor: Canned, broker: AlpacaBroker) -> None:
    vendor.say("POST", ORDERS, Answer(answered()))
    broker.submit(order({put(480): 1}))
    rows = [filled(n) for n in range(250)]
    paged(vendor, ACTIVITIES, rows, "transaction_time")
    first = broker.fills_since("")
    assert isinstance(first, Known)
    assert [one.execution_id for one in first.value.items] == [f"e-{n}" for n in range(250)]
    rows.append(filled(250))
    second = broker.fills_since(first.value.cursor)
    assert isinstance(second, Known)
    assert [one.execution_id for one in second.value.items] == ["e-250"]


def test_nothing_from_before_the_beginning_is_told(vendor: Canned) -> None:
    broker = broker_of(vendor, begin=NOW + timedelta(seconds=5))
    vendor.say("POST", ORDERS, Answer(answered()))
    broker.submit(order({put(480): 1}))
    paged(vendor, ACTIVITIES, [filled(n) for n in range(10)], "transaction_time")
    told = broker.fills_since("")
    assert isinstance(told, Known)
    assert [one.execution_id for one in told.value.items] == [f"e-{n}" for n in range(5, 10)]
    broker.close()


def test_whose_fill_it_was_is_found_out_after_a_restart(vendor: Canned, broker: AlpacaBroker) -> None:
    spread = answered(
        id="b-1",
        order_class="mleg",
        symbol="",
        side="",
        legs=[
            {
                "id": "l-1",
                "client_order_id": "x",
                "symbol": "SPY240315P00480000",
                "side": "sell",
                "ratio_qty": "1",
            },
            {
                "id": "l-2",
                "client_order_id": "y",
                "symbol": "SPY240315P00475000",
                "side": "buy",
                "ratio_qty": "1",
            },
        ],
    )
    theirs = answered(id="b-7", client_order_id="by-hand")
    vendor.say("GET", ORDERS, Answer([spread, theirs]))
    vendor.say(
        "GET", ACTIVITIES, Answer([filled(0, order_id="l-1", side="sell_short"), filled(1, order_id="b-7")])
    )
    told = broker.fills_since("")
    assert isinstance(told, Known)
    (fill,) = told.value.items
    assert (fill.order_id, fill.legs[0].quantity, fill.quantity) == ("o-1", -1, 0)


def test_a_fill_of_a_leg_whose_order_nobody_shows_is_not_left_out(
    vendor: Canned, broker: AlpacaBroker
) -> None:
    vendor.say("GET", ORDERS, Answer([]))
    vendor.say("GET", ACTIVITIES, Answer([filled(0, order_id="l-1")]))
    vendor.say("GET", "/v2/orders/l-1", Answer(answered(id="l-1", order_class="mleg")))
    assert isinstance(broker.fills_since(""), Unknown)
    vendor.say("GET", "/v2/orders/l-1", Answer({"code": 40410000, "message": "order not found"}, 404))
    told = broker.fills_since("")
    assert isinstance(told, Known)
    assert told.value.items == ()


def test_cash_that_is_taken_back_is_told_the_other_way_round(vendor: Canned, broker: AlpacaBroker) -> None:
    line = {
        "id": "1::a",
        "activity_type": "DIV",
        "date": "2024-03-12",
        "net_amount": "1.5",
        "status": "executed",
    }
    vendor.say("GET", ACTIVITIES, Answer([line]))
    first = broker.activities_since("")
    assert isinstance(first, Known)
    vendor.say("GET", ACTIVITIES, Answer([line | {"status": "canceled"}]))
    second = broker.activities_since(first.value.cursor)
    assert isinstance(second, Known)
    assert [one.cash_cents for one in (*first.value.items, *second.value.items)] == [-150, 150]  # type: ignore[union-attr]
    third = broker.activities_since(second.value.cursor)
    assert isinstance(third, Known)
    assert third.value.items == ()


def test_a_line_that_shows_up_after_a_later_one_was_told_is_told_too(
    vendor: Canned, broker: AlpacaBroker
) -> None:
    late, early = (
        {
            "id": f"{day}::a",
            "activity_type": "DIV",
            "date": f"2024-03-{day}",
            "net_amount": "1",
            "status": "executed",
        }
        for day in (12, 11)
    )
    vendor.say("GET", ACTIVITIES, Answer([late]))
    first = broker.activities_since("")
    assert isinstance(first, Known)
    vendor.say("GET", ACTIVITIES, Answer([early, late]))
    second = broker.activities_since(first.value.cursor)
    assert isinstance(second, Known)
    assert [one.flow_id for one in second.value.items] == ["DIV:11::a"]  # type: ignore[union-attr]


def test_an_order_of_somebody_else_that_cannot_be_read_hides_no_other(
    vendor: Canned, broker: AlpacaBroker
) -> None:
    theirs = answered(id="b-7", client_order_id="by-hand", qty=None, notional="500")
    vendor.say("GET", ORDERS, Answer([answered(), theirs]))
    told = broker.open_orders()
    assert isinstance(told, Known)
    assert {one.order_id: one.structure is None for one in told.value} == {"o-1": False, "by-hand": True}
    vendor.say("GET", ORDERS, Answer([answered(qty=None)]))
    assert isinstance(broker.open_orders(), Unknown)
