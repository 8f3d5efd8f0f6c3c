"""The vendor's words for a refusal, in the vocabulary that all brokers share."""

from __future__ import annotations

import pytest

from adapters.brokers.alpaca_rehearsal import EXPIRY, rehearsal
from execution.tapes import call, close_of, order, put
from strikewise.adapters.brokers.alpaca_refusals import refusal_of
from strikewise.adapters.brokers.alpaca_wire import Answered
from strikewise.domain.instruments import Stock
from strikewise.domain.orders import Order, Purpose, Rejected
from strikewise.execution.refusals import Refusal

SPREAD = {put(480): -1, put(475): 1}


@pytest.mark.parametrize(
    ("status", "message", "code"),
    [
        (403, "insufficient options buying power (required: 500, available: 10.5)", Refusal.BUYING_POWER),
        (403, "insufficient qty available for order (requested: 4, available: 2)", Refusal.NOT_HELD),
        (403, "account not eligible to trade uncovered option contracts", Refusal.NOT_APPROVED),
        (403, "insufficient underlying qty available for covered call (required: 100)", Refusal.NOT_APPROVED),
        (422, "potential wash trade detected. use complex orders", Refusal.HELD_BY_ORDER),
        (403, "potential wash trade detected. opposite side limit order exists", Refusal.HELD_BY_ORDER),
        (403, "cannot open a long buy while a short sell order is open", Refusal.HELD_BY_ORDER),
        (403, "account is restricted to liquidation only", Refusal.RESTRICTED),
        (422, "position intent mismatch, inferred: sell_to_open, specified: sell_to_close", Refusal.NOT_HELD),
        (422, "position intent mismatch, inferred: buy_to_close, specified: buy_to_open", Refusal.BAD_LEGS),
        (422, 'order is already in "filled" state', Refusal.NOT_OPEN),
        (422, "cannot replace order in pending_new status", Refusal.NOT_OPEN),
        (404, "order not found for o-1", Refusal.NOT_OPEN),
        (422, 'contract "SPY240315P00480000" is expired', Refusal.EXPIRED_CONTRACT),
        (422, 'asset "XYZ" not found', Refusal.UNKNOWN_CONTRACT),
        (422, "options market orders are only allowed during market hours", Refusal.MARKET_CLOSED),
        (422, "limit price must be in increments of 0.05", Refusal.BAD_PRICE),
        (422, "qty must be > 0", Refusal.BAD_QUANTITY),
        (422, "invalid legs: leg ratio quantities should be relatively prime", Refusal.BAD_LEGS),
        (422, "client order id must be unique", Refusal.DUPLICATE_ID),
        (401, "request is not authorized", Refusal.RESTRICTED),
        (422, "a sentence nobody has seen", Refusal.REFUSED),
    ],
)
def test_words_are_put_into_the_shared_vocabulary_and_kept(status: int, message: str, code: Refusal) -> None:
    answer = refusal_of(Answered(status, {"code": status * 100_000, "message": message}))
    assert (answer.code, answer.text) == (code, f"{message}; code={status * 100_000}")


def test_a_refusal_without_words_says_its_status() -> None:
    assert refusal_of(Answered(403, None)) == Rejected("REFUSED", "Alpaca answered with status 403")


def test_a_quantity_that_an_order_holds_is_told_apart_from_one_that_is_not_there() -> None:
    said = {"message": "insufficient qty available for order", "held_for_orders": "4", "available": "0"}
    assert refusal_of(Answered(403, said)).code == Refusal.HELD_BY_ORDER
    assert refusal_of(Answered(403, said | {"held_for_orders": "0"})).code == Refusal.NOT_HELD


@pytest.mark.parametrize(
    ("asked", "level", "code"),
    [
        (order(SPREAD, quantity=5_000), 3, Refusal.BUYING_POWER),
        (order(SPREAD), 2, Refusal.NOT_APPROVED),
        (order({put(475): 1}), 1, Refusal.NOT_APPROVED),
        (order(SPREAD, purpose=Purpose.CLOSE), 3, Refusal.NOT_HELD),
        (order({call(480): 1}), 3, Refusal.UNKNOWN_CONTRACT),
        (order({Stock("ABC"): 1}), 3, Refusal.UNKNOWN_CONTRACT),
    ],
)
def test_what_the_local_server_refuses_is_understood(asked: Order, level: int, code: Refusal) -> None:
    with rehearsal(level=level) as made:
        answer = made.broker.submit(asked)
        assert isinstance(answer, Rejected)
        assert answer.code == code


def test_an_order_into_an_expired_contract_is_understood() -> None:
    with rehearsal() as made:
        made.move(close_of(EXPIRY))
        answer = made.broker.submit(order(SPREAD, limit_cents=-1_000))
        assert isinstance(answer, Rejected)
        assert answer.code in {Refusal.EXPIRED_CONTRACT, Refusal.UNKNOWN_CONTRACT}
