"""What holds the local server to the vendor's schemas sees when they are not kept."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from adapters.brokers.alpaca_kit import GetCalendarRequest, GetOrdersRequest, ReplaceOrderRequest
from adapters.brokers.alpaca_schema import EXCEPTIONS, AlpacaSchema, SchemaBreachError
from adapters.brokers.alpaca_stage import C490, MONDAY, TUESDAY, morning, single, spread, staged
from strikewise.adapters.brokers.alpaca_server.edge import Exchange

pytestmark = pytest.mark.shared


@pytest.fixture(scope="module")
def exchanges() -> list[Exchange]:
    """Everything that a small session says."""
    with staged() as stage:
        trading = stage.trading
        resting = trading.submit_order(spread(-0.30))
        trading.replace_order_by_id(resting.id, ReplaceOrderRequest(qty=2, limit_price=-0.29))
        trading.submit_order(spread())
        trading.submit_order(single(C490, 1))
        trading.get_orders(GetOrdersRequest(nested=True))
        trading.get_account()
        trading.get_all_positions()
        trading.get_calendar(GetCalendarRequest(start=TUESDAY, end=MONDAY))
        stage.venue.advance(morning(MONDAY))
        stage.raw.get("/account/activities")
        stage.raw.get("/account/activities/OPASN")
        return stage.exchanges


def spoiled(exchange: Exchange, **changes: Any) -> Exchange:
    body = json.loads(exchange.answer)
    (body[0] if isinstance(body, list) else body).update(changes)
    return replace(exchange, answer=json.dumps(body).encode())


def one_of(exchanges: list[Exchange], method: str, path: str) -> Exchange:
    return next(one for one in exchanges if (one.method, one.path) == (method, path))


@pytest.mark.parametrize("exemption", EXCEPTIONS, ids=lambda one: one.where)
def test_every_exemption_is_needed(exchanges: list[Exchange], exemption: Any) -> None:
    without = AlpacaSchema([one for one in EXCEPTIONS if one is not exemption])
    with pytest.raises(SchemaBreachError):
        without.check_all(exchanges)


def test_what_was_said_is_checked(exchanges: list[Exchange]) -> None:
    assert AlpacaSchema().check_all(exchanges) == len(exchanges) >= 10


@pytest.mark.parametrize(
    ("method", "path", "changes"),
    [
        ("GET", "/v2/account", {"id": "no-uuid"}),
        ("GET", "/v2/account", {"cash": 100000}),
        ("GET", "/v2/account", {"status": "FINE"}),
        ("GET", "/v2/account", {"created_at": "yesterday"}),
        ("GET", "/v2/positions", {"side": "flat"}),
        ("GET", "/v2/positions", {"market_value": None}),
        ("POST", "/v2/orders", {"status": "done"}),
        ("POST", "/v2/orders", {"legs": [{}]}),
        ("GET", "/v2/account/activities", {"activity_type": "OPXXX"}),
    ],
)
def test_an_answer_that_breaks_the_schema_is_seen(
    exchanges: list[Exchange], method: str, path: str, changes: dict[str, Any]
) -> None:
    with pytest.raises(SchemaBreachError):
        AlpacaSchema().check(spoiled(one_of(exchanges, method, path), **changes))


def test_a_request_that_the_vendor_does_not_know_is_seen(exchanges: list[Exchange]) -> None:
    schema, account = AlpacaSchema(), one_of(exchanges, "GET", "/v2/account")
    with pytest.raises(SchemaBreachError, match="no request that the vendor knows"):
        schema.check(replace(account, path="/v2/accounts"))
    with pytest.raises(SchemaBreachError, match="knows no parameter"):
        schema.check(replace(account, query="verbose=true"))
    orders = one_of(exchanges, "GET", "/v2/orders")
    with pytest.raises(SchemaBreachError, match="status"):
        schema.check(replace(orders, query="status=any"))
    sent = one_of(exchanges, "POST", "/v2/orders")
    with pytest.raises(SchemaBreachError, match="time_in_force"):
        schema.check(replace(sent, sent=b'{"type": "market"}'))


def test_an_answer_with_a_strange_status_is_seen(exchanges: list[Exchange]) -> None:
    with pytest.raises(SchemaBreachError, match="202"):
        AlpacaSchema().check(replace(one_of(exchanges, "GET", "/v2/account"), status=202))
    broken = replace(one_of(exchanges, "GET", "/v2/account"), status=500, answer=b'{"error": "?"}')
    with pytest.raises(SchemaBreachError):
        AlpacaSchema().check(broken)


def test_what_was_spoiled_on_purpose_is_left_out(exchanges: list[Exchange]) -> None:
    page = replace(exchanges[0], answer=b"<html>", spoiled=True)
    assert AlpacaSchema().check_all([page]) == 0
