"""Faults at the edge of the local server, and what a rehearsal may do beside the vendor's interface."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
import requests
from requests.adapters import HTTPAdapter

from adapters.brokers.alpaca_kit import APIError, OrderStatus, TradingClient
from adapters.brokers.alpaca_stage import (
    C490,
    P475,
    P480,
    WEDNESDAY,
    Listener,
    Stage,
    close,
    morning,
    single,
    small_venue,
    spread,
    staged,
)
from strikewise.adapters.brokers.alpaca_server.mishaps import CARRIED_OUT, Mishaps
from strikewise.adapters.brokers.fault_plan import Fault, FaultKind, FaultPlan
from strikewise.domain.errors import SettingsError

pytestmark = pytest.mark.shared

NAME = "mine"


class _Impatient(HTTPAdapter):
    def send(self, request: Any, **how: Any) -> Any:
        return super().send(request, **{**how, "timeout": 0.4})


@contextmanager
def failing(kind: FaultKind, *, nth: int = 1, lasts: int = 1) -> Iterator[tuple[Stage, TradingClient]]:
    """Serve with one fault, and hand out a client that tries everything once and does not wait for ever."""
    with staged(faults=(Fault(kind, nth=nth, lasts=lasts),)) as stage:
        client = stage.trading
        client._retry, client._retry_codes = 0, []
        client._session.mount("http://", _Impatient())
        yield stage, client


def known(stage: Stage) -> bool:
    """Return whether the server has the order, as a client finds out."""
    try:
        return bool(stage.trading.get_order_by_client_id(NAME))
    except APIError as error:
        if error.status_code != 404:
            raise
        return False


@pytest.mark.parametrize(
    ("kind", "taken"),
    [(FaultKind.TIMEOUT_AFTER_ACCEPTANCE, True), (FaultKind.LOST_BEFORE_ACCEPTANCE, False)],
)
def test_an_order_without_an_answer_may_have_been_taken_or_not(kind: FaultKind, taken: bool) -> None:
    with failing(kind) as (stage, client):
        with pytest.raises(requests.exceptions.ReadTimeout):
            client.submit_order(spread(name=NAME))
        assert known(stage) is taken


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (FaultKind.RATE_LIMITED, 429),
        (FaultKind.REJECTED, 403),
        (FaultKind.DISCONNECTED, 500),
    ],
)
def test_an_order_that_is_refused_at_the_door_was_not_taken(kind: FaultKind, status: int) -> None:
    with failing(kind) as (stage, client):
        with pytest.raises(APIError) as caught:
            client.submit_order(spread(name=NAME))
        assert caught.value.status_code == status
        assert not known(stage)


def test_an_order_may_be_taken_and_answered_as_a_repetition() -> None:
    with failing(FaultKind.DUPLICATE_ID) as (stage, client):
        with pytest.raises(APIError, match="client_order_id must be unique"):
            client.submit_order(spread(name=NAME))
        assert known(stage)


def test_servers_that_fail_leave_it_open_whether_an_order_was_taken() -> None:
    found = set()
    kinds = (FaultKind.SERVER_ERROR, FaultKind.BROKEN_BODY)
    with staged(faults=tuple(Fault(kind, nth=1, times=18) for kind in kinds)) as stage:
        client = stage.trading
        for number in range(36):
            with pytest.raises((APIError, requests.exceptions.JSONDecodeError)) as caught:
                client.submit_order(single(C490, 1, 0.11, f"o-{number}"))
            failed = caught.value
            status = failed.status_code if isinstance(failed, APIError) else 200
            found.add((status, f"o-{number}" in stage.venue.by_client))
    assert found == {(500, False), (500, True), (502, False), (502, True), (200, True)}


def test_a_page_in_html_is_no_json() -> None:
    with failing(FaultKind.BROKEN_BODY) as (_, client), pytest.raises((APIError, ValueError)):
        client.get_account()


def test_a_rejection_can_be_told_as_a_cancellation() -> None:
    with failing(FaultKind.REJECTED_AS_CANCELLED) as (stage, client), Listener(stage) as heard:
        taken = client.submit_order(spread(name=NAME))
        assert taken.status is OrderStatus.PENDING_NEW
        assert heard.events(2) == ["new", "canceled"]
        assert stage.trading.get_order_by_id(taken.id).filled_qty == "0"


def test_an_order_can_fill_in_part_and_be_cancelled() -> None:
    with failing(FaultKind.PARTIAL_THEN_CANCELLED) as (stage, client), Listener(stage) as heard:
        taken = client.submit_order(spread(quantity=4))
        assert heard.events(3) == ["new", "partial_fill", "canceled"]
        found = stage.trading.get_order_by_id(taken.id)
        assert (found.status, found.filled_qty) == (OrderStatus.CANCELED, "2")


def test_a_fill_can_win_against_a_cancellation() -> None:
    with failing(FaultKind.FILL_BEATS_CANCEL) as (stage, client):
        taken = client.submit_order(spread(-0.30))
        client.cancel_order_by_id(taken.id)
        assert stage.trading.get_order_by_id(taken.id).status is OrderStatus.FILLED


def test_a_fill_can_be_told_after_the_end() -> None:
    with failing(FaultKind.FILL_AFTER_END) as (stage, client), Listener(stage) as heard:
        taken = client.submit_order(single(C490, 1, 0.11))
        client.cancel_order_by_id(taken.id)
        assert heard.events(3) == ["new", "canceled", "fill"]
        found = stage.trading.get_order_by_id(taken.id)
        assert (found.status, found.filled_qty) == (OrderStatus.CANCELED, "1")
        assert {one.symbol for one in stage.trading.get_all_positions()} == {C490.symbol}


def test_more_than_was_asked_for_can_fill() -> None:
    with failing(FaultKind.OVERFILL) as (stage, client):
        taken = client.submit_order(single(C490, 2))
        assert stage.trading.get_order_by_id(taken.id).filled_qty == "3"
        assert stage.trading.get_open_position(C490.symbol).qty == "3"


def test_one_leg_can_fill_before_the_other() -> None:
    with failing(FaultKind.PARTIAL_LEGS) as (stage, client), Listener(stage, raw=True) as heard:
        taken = client.submit_order(spread(name=NAME))
        assert heard.next()["data"]["event"] == "new"
        told = heard.next()["data"]
        assert (told["event"], told["qty"]) == ("partial_fill", "0")
        assert [one["symbol"] for one in told["legs"]] == [P480.symbol]
        found = stage.trading.get_order_by_id(taken.id)
        assert [(one.symbol, one.filled_qty) for one in found.legs] == [
            (P480.symbol, "1"),
            (P475.symbol, "0"),
        ]
        stage.venue.advance(close(stage.venue.view.day))
        assert stage.trading.get_order_by_id(taken.id).status is OrderStatus.FILLED


def test_one_leg_can_fill_and_the_other_be_cancelled() -> None:
    with failing(FaultKind.PARTIAL_LEGS) as (stage, client):
        taken = client.submit_order(spread())
        client.cancel_order_by_id(taken.id)
        assert {one.symbol: one.qty for one in stage.trading.get_all_positions()} == {P480.symbol: "-1"}


def test_a_closing_order_can_be_told_that_another_holds_the_quantity() -> None:
    with failing(FaultKind.QUANTITY_HELD) as (stage, client):
        client.submit_order(spread())
        with pytest.raises(APIError, match="insufficient qty available"):
            client.submit_order(spread(0.50, closing=True))
        client.submit_order(spread(0.50, closing=True))
        assert stage.trading.get_all_positions() == []


def test_an_order_can_seem_not_to_be_there_for_a_while() -> None:
    with failing(FaultKind.ORDER_NOT_FOUND, lasts=2) as (stage, client):
        taken = client.submit_order(spread(name=NAME))
        for _ in range(2):
            assert not known(stage)
        assert client.get_order_by_client_id(NAME).id == taken.id


def test_the_clock_can_be_wrong() -> None:
    with failing(FaultKind.CLOCK_SKEW) as (stage, client):
        wrong, right = client.get_clock().timestamp, client.get_clock().timestamp
        assert (wrong - right).total_seconds() == 45
        assert right == stage.venue.now


def test_money_comes_and_goes_without_an_order() -> None:
    with failing(FaultKind.DEPOSIT) as (stage, client):
        assert client.get_account().cash == "105000"
        (line,) = stage.raw.get("/account/activities")
        assert (line["activity_type"], line["net_amount"]) == ("CSD", "5000")
    with failing(FaultKind.ABSURD_FEE) as (stage, client):
        assert client.get_account().cash == "100000"
        stage.venue.advance(morning(WEDNESDAY))
        assert client.get_account().cash == "97500"
        assert [one["activity_type"] for one in stage.raw.get("/account/activities")] == ["FEE"]


def test_a_person_can_cancel_and_a_holder_exercise_early() -> None:
    with failing(FaultKind.PERSON_CANCELS) as (stage, client):
        taken = client.submit_order(spread(-0.30))
        client.get_account()
        assert stage.trading.get_order_by_id(taken.id).status is OrderStatus.CANCELED
    with failing(FaultKind.EARLY_ASSIGNMENT) as (stage, client):
        client.submit_order(spread())
        client.get_all_positions()
        stage.venue.advance(morning(WEDNESDAY))
        assert {one.symbol: one.qty for one in client.get_all_positions()} == {P475.symbol: "1", "SPY": "100"}


def test_a_read_can_fail_for_a_while() -> None:
    with failing(FaultKind.UNKNOWN_READ, lasts=2) as (_, client):
        for _ in range(2):
            with pytest.raises(APIError) as caught:
                client.get_all_positions()
            assert caught.value.status_code == 500
        assert client.get_all_positions() == []


def test_the_same_plan_does_the_same_to_the_same_calls() -> None:
    def happened() -> list[tuple[FaultKind, int]]:
        faults = tuple(Fault(kind, probability=0.3, times=3) for kind in sorted(CARRIED_OUT - HANGING))
        with staged(faults=faults) as stage:
            client = stage.trading
            client._retry, client._retry_codes = 0, []
            for number in range(12):
                with suppress(APIError, ValueError):
                    client.submit_order(single(C490, 1, 0.70, f"o-{number}"))
                with suppress(APIError, ValueError):
                    client.get_account()
            assert stage.server.mishaps is not None
            return stage.server.mishaps.timer.happened

    first = happened()
    assert first == happened()
    assert len({kind for kind, _ in first}) > 5


HANGING = {FaultKind.TIMEOUT_AFTER_ACCEPTANCE, FaultKind.LOST_BEFORE_ACCEPTANCE}


def test_a_plan_that_this_edge_cannot_carry_out_is_refused() -> None:
    plan = FaultPlan(0, (Fault(FaultKind.BUST, nth=1),))
    with pytest.raises(SettingsError, match="19-bust"):
        Mishaps(plan, small_venue())


@pytest.fixture
def stage() -> Iterator[Stage]:
    with staged() as made:
        yield made


def control(stage: Stage, what: str, body: Any = None) -> Any:
    url = f"{stage.server.url}/_rehearsal/{what}"
    answer = requests.get(url, timeout=5) if body is None else requests.post(url, json=body, timeout=5)
    return answer.status_code, answer.json()


def test_a_rehearsal_moves_time_without_a_key(stage: Stage) -> None:
    assert control(stage, "time") == (200, {"now": "2024-03-12T14:00:00Z", "is_open": True})
    assert control(stage, "time", {"now": "2024-03-13T13:00:00Z"}) == (
        200,
        {"now": "2024-03-13T13:00:00Z", "is_open": False},
    )
    assert control(stage, "time", {"now": "2024-03-12T13:00:00Z"})[1]["now"] == "2024-03-13T13:00:00Z"
    assert control(stage, "time", {"now": "soon"})[0] == 422
    assert control(stage, "time", {})[0] == 422


def test_a_person_trades_beside_us(stage: Stage) -> None:
    body = {"symbol": "SPY", "qty": "5", "side": "buy", "type": "market", "time_in_force": "day"}
    status, order = control(stage, "orders", body)
    assert status == 200
    assert stage.trading.get_order_by_id(order["id"]).filled_qty == "5"


def test_deposits_assignments_and_cuts_are_made_to_happen(stage: Stage) -> None:
    assert control(stage, "deposits", {"amount": "-2500.50"})[0] == 200
    assert stage.trading.get_account().cash == "97499.5"
    assert [one["activity_type"] for one in stage.raw.get("/account/activities")] == ["CSW"]
    assert control(stage, "deposits", {"amount": "much"})[0] == 422
    stage.trading.submit_order(spread(quantity=2))
    assert control(stage, "assignments", {"symbol": P480.symbol, "qty": 3})[0] == 422
    assert control(stage, "assignments", {"symbol": "SPY", "qty": 1})[0] == 422
    assert control(stage, "assignments", {"symbol": P480.symbol, "qty": 2})[0] == 200
    again = control(stage, "assignments", {"symbol": P480.symbol, "qty": 1})
    assert again[0] == 422, "what was assigned today is shown until tomorrow, and is not assigned twice"
    stage.venue.advance(morning(WEDNESDAY))
    assert stage.trading.get_open_position("SPY").qty == "200"
    with Listener(stage):
        assert control(stage, "cuts", {})[0] == 200
        assert stage.server.hub.left.wait(5)
    assert control(stage, "faults") == (200, {"happened": []})
