"""The trade stream of the local server as the vendor's own kit hears it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from adapters.brokers.alpaca_kit import ReplaceOrderRequest
from adapters.brokers.alpaca_schema import AlpacaSchema
from adapters.brokers.alpaca_stage import (
    C490,
    MONDAY,
    P475,
    P480,
    TUESDAY,
    Listener,
    Stage,
    close,
    morning,
    single,
    small_venue,
    spread,
    staged,
)
from strikewise.adapters.brokers.fault_plan import Fault, FaultKind

pytestmark = pytest.mark.shared


@pytest.fixture
def stage() -> Iterator[Stage]:
    with staged() as made:
        yield made


def test_an_order_that_fills_is_told_as_new_and_as_filled(stage: Stage) -> None:
    with Listener(stage) as heard:
        taken = stage.trading.submit_order(single(C490, 2, 0.70))
        assert heard.next().event == "new"
        fill = heard.next()
    assert (fill.event, fill.order.id, fill.price, fill.qty) == ("fill", taken.id, 0.66, 2.0)
    assert fill.position_qty == 2.0
    assert fill.execution_id is not None
    assert fill.timestamp == morning(TUESDAY)


def test_a_spreads_fill_names_what_each_leg_traded(stage: Stage) -> None:
    with Listener(stage, raw=True) as heard:
        stage.trading.submit_order(spread(quantity=2))
        assert heard.next()["data"]["event"] == "new"
        data = heard.next()["data"]
    assert (data["event"], data["price"], data["qty"]) == ("fill", "-0.1", "2")
    told = {one["symbol"]: (one["side"], one["qty"], one["price"]) for one in data["legs"]}
    assert told == {P480.symbol: ("sell", "2", "0.45"), P475.symbol: ("buy", "2", "0.35")}
    by_leg = {one["id"]: one["symbol"] for one in data["order"]["legs"]}
    assert {one["order_id"]: one["symbol"] for one in data["legs"]} == by_leg


def test_the_fills_of_the_stream_are_those_of_the_activities(stage: Stage) -> None:
    with Listener(stage, raw=True) as heard:
        stage.trading.submit_order(spread())
        stage.trading.submit_order(single(C490, 1))
        updates = [heard.next()["data"] for _ in range(4)]
    told = {leg["execution_id"] for one in updates for leg in one.get("legs", ())}
    told |= {one["execution_id"] for one in updates if one["event"] == "fill" and "legs" not in one}
    written = {one["id"].partition("::")[2] for one in stage.raw.get("/account/activities/FILL")}
    assert told == written


def test_a_part_of_an_order_is_told_as_a_part() -> None:
    with staged(small_venue(volume=30)) as thin, Listener(thin) as heard:
        thin.trading.submit_order(single(C490, 5, 0.70))
        assert heard.events(2) == ["new", "partial_fill"]
        thin.venue.advance(close(TUESDAY) + timedelta(minutes=1))
        ended = heard.next()
        assert (ended.event, ended.order.filled_qty) == ("expired", "3")


def test_what_ends_an_order_is_told(stage: Stage) -> None:
    with Listener(stage) as heard:
        first = stage.trading.submit_order(spread(-0.30))
        second = stage.trading.replace_order_by_id(first.id, ReplaceOrderRequest(limit_price=-0.29))
        stage.trading.cancel_order_by_id(second.id)
        told = [heard.next() for _ in range(4)]
    assert [(one.event, one.order.id) for one in told] == [
        ("new", first.id),
        ("replaced", first.id),
        ("new", second.id),
        ("canceled", second.id),
    ]


def test_every_order_that_is_told_fits_the_vendors_schema(stage: Stage) -> None:
    schema = AlpacaSchema()
    with Listener(stage, raw=True) as heard:
        stage.trading.submit_order(spread())
        stage.trading.submit_order(single(C490, 1))
        stage.trading.submit_order(spread(-0.30))
        stage.venue.advance(morning(MONDAY))
        for update in (heard.next() for _ in range(6)):
            schema.check_order(update["data"]["order"])


def test_an_assignment_is_told_by_nothing_but_the_activities(stage: Stage) -> None:
    stage.trading.submit_order(spread())
    with Listener(stage) as heard:
        stage.venue.advance(morning(MONDAY))
        assert heard.silent()


def test_a_wrong_key_is_not_let_in(stage: Stage) -> None:
    listener = Listener(stage, patience=0.3)
    listener.stream._secret_key = "wrong"
    with pytest.raises(AssertionError, match="not listened to"), listener:
        pass
    listener.stream.stop()


def test_after_a_cut_the_kit_comes_back_and_what_was_told_meanwhile_is_lost(stage: Stage) -> None:
    with Listener(stage) as heard:
        stage.server.hub.cut()
        assert stage.server.hub.left.wait(10)
        stage.trading.submit_order(single(C490, 1))
        assert stage.server.hub.listened.wait(10)
        stage.trading.submit_order(spread())
        assert heard.next().order.legs is not None


def test_a_stream_can_repeat_and_lose_what_it_tells() -> None:
    faults = (Fault(FaultKind.DUPLICATE_FILL, nth=1), Fault(FaultKind.LOST_EVENTS, nth=3, lasts=2))
    with staged(faults=faults) as stage, Listener(stage) as heard:
        first = stage.trading.submit_order(single(C490, 1))
        assert heard.events(3) == ["new", "fill", "fill"]
        stage.trading.submit_order(single(C490, 1))
        last = stage.trading.submit_order(single(C490, 1))
        after = heard.next()
        assert (after.event, after.order.id) == ("new", last.id)
        assert first.id != last.id


def test_a_silent_stream_stays_open() -> None:
    with staged(faults=(Fault(FaultKind.SILENT_STREAM, nth=1, lasts=2),)) as stage, Listener(stage) as heard:
        stage.trading.submit_order(single(C490, 1))
        assert heard.silent()
        assert stage.server.hub.listened.is_set()
        stage.trading.submit_order(single(C490, 1))
        assert heard.next().event == "new"


def test_a_restart_forgets_who_listened() -> None:
    with staged(faults=(Fault(FaultKind.RESTART, nth=1),)) as again, Listener(again) as heard:
        again.trading.get_account()
        assert again.server.hub.left.wait(10)
        again.trading.submit_order(single(C490, 1))
        assert heard.silent()
