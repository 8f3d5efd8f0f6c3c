"""The local server as the vendor's own kit meets it: orders, positions, activities, the clock."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from adapters.brokers.alpaca_kit import (
    APIError,
    GetCalendarRequest,
    GetOptionContractsRequest,
    GetOrdersRequest,
    OrderStatus,
    QueryOrderStatus,
    ReplaceOrderRequest,
    TradingClient,
)
from adapters.brokers.alpaca_stage import (
    C490,
    C495,
    FRIDAY,
    LATE_CALL,
    LATE_PUT,
    LATER,
    MONDAY,
    P475,
    P480,
    THURSDAY,
    TUESDAY,
    WEDNESDAY,
    Stage,
    close,
    morning,
    refusal,
    sent,
    shown,
    single,
    small_venue,
    spread,
    staged,
)
from strikewise.adapters.brokers.alpaca_server.mishaps import assign

pytestmark = pytest.mark.shared


@pytest.fixture
def stage() -> Iterator[Stage]:
    with staged() as made:
        yield made


def kinds(stage: Stage, **query: Any) -> list[str]:
    return [one["activity_type"] for one in stage.raw.get("/account/activities", query)]


def test_a_new_account_has_its_cash_and_nothing_else(stage: Stage) -> None:
    account = stage.trading.get_account()
    assert (account.cash, account.equity, account.options_buying_power) == ("100000", "100000", "100000")
    assert account.options_trading_level == 3
    assert not account.trading_blocked
    assert stage.trading.get_all_positions() == []


def test_a_spread_is_taken_fills_leg_by_leg_and_is_held(stage: Stage) -> None:
    taken = stage.trading.submit_order(spread(quantity=2, name="mine"))
    assert taken.status is OrderStatus.PENDING_NEW
    assert (taken.symbol, taken.side, taken.asset_class) == (None, None, None)
    found = stage.trading.get_order_by_client_id("mine")
    assert (found.id, found.status, found.filled_qty) == (taken.id, OrderStatus.FILLED, "2")
    assert found.filled_avg_price == "-0.1"
    assert {one.symbol: (one.filled_qty, one.filled_avg_price) for one in found.legs} == {
        P480.symbol: ("2", "0.45"),
        P475.symbol: ("2", "0.35"),
    }
    assert shown(stage) == {P480.symbol: -2, P475.symbol: 2}


def test_the_width_of_a_spread_is_held_from_the_buying_power_and_the_credit_is_in_the_cash(
    stage: Stage,
) -> None:
    stage.trading.submit_order(spread(quantity=2))
    account = stage.trading.get_account()
    assert account.cash == "100020"
    assert account.options_buying_power == "99020"


def test_a_position_shows_what_it_cost_and_what_it_is_worth(stage: Stage) -> None:
    stage.trading.submit_order(single(C490, 2, 0.70))
    one = stage.trading.get_open_position(C490.symbol)
    assert (one.avg_entry_price, one.cost_basis, one.current_price) == ("0.66", "132", "0.63")
    assert (one.market_value, one.unrealized_pl, one.qty_available) == ("126", "-6", "2")


def test_an_order_below_the_market_rests_until_it_is_cancelled(stage: Stage) -> None:
    taken = stage.trading.submit_order(spread(-0.30))
    assert [one.id for one in stage.trading.get_orders()] == [taken.id]
    stage.trading.cancel_order_by_id(taken.id)
    assert stage.trading.get_order_by_id(taken.id).status is OrderStatus.CANCELED
    assert stage.trading.get_orders() == []
    assert refusal(lambda: stage.trading.cancel_order_by_id(taken.id)) == (
        422,
        42210000,
        'order is already in "canceled" state',
    )


def test_all_orders_are_cancelled_at_once(stage: Stage) -> None:
    ids = {stage.trading.submit_order(single(C490, 1, limit)).id for limit in (0.10, 0.11, 0.12)}
    answers = stage.trading.cancel_orders()
    assert {(one.id, one.status) for one in answers} == {(one, 200) for one in ids}
    assert stage.trading.get_orders() == []


def test_a_resting_order_expires_with_its_session(stage: Stage) -> None:
    taken = stage.trading.submit_order(spread(-0.30))
    stage.venue.advance(close(TUESDAY))
    assert stage.trading.get_order_by_id(taken.id).status is OrderStatus.NEW
    stage.venue.advance(close(TUESDAY) + timedelta(minutes=1))
    assert stage.trading.get_order_by_id(taken.id).status is OrderStatus.EXPIRED


def test_an_order_sent_at_night_waits_for_the_session(stage: Stage) -> None:
    stage.venue.advance(close(TUESDAY) + timedelta(hours=2))
    taken = stage.trading.submit_order(spread())
    assert taken.status is OrderStatus.ACCEPTED
    assert taken.expires_at == close(WEDNESDAY)
    stage.venue.advance(morning(WEDNESDAY))
    assert stage.trading.get_order_by_id(taken.id).status is OrderStatus.FILLED


def test_a_replacement_has_an_id_of_its_own_and_the_old_order_names_it(stage: Stage) -> None:
    old = stage.trading.submit_order(spread(-0.30, quantity=2))
    new = stage.trading.replace_order_by_id(old.id, ReplaceOrderRequest(limit_price=-0.05))
    assert new.id != old.id
    assert new.replaces == old.id
    before = stage.trading.get_order_by_id(old.id)
    assert (before.status, before.replaced_by) == (OrderStatus.REPLACED, new.id)
    assert stage.trading.get_order_by_id(new.id).status is OrderStatus.FILLED


def test_what_has_filled_is_not_replaced(stage: Stage) -> None:
    old = stage.trading.submit_order(spread())
    change = ReplaceOrderRequest(limit_price=-0.20)
    assert refusal(lambda: stage.trading.replace_order_by_id(old.id, change)) == (
        422,
        42210000,
        "cannot replace order in filled status",
    )


def test_a_large_order_fills_in_part_and_the_rest_expires() -> None:
    with staged(small_venue(volume=30)) as thin:
        taken = thin.trading.submit_order(single(C490, 5, 0.70))
        found = thin.trading.get_order_by_id(taken.id)
        assert (found.status, found.filled_qty) == (OrderStatus.PARTIALLY_FILLED, "3")
        thin.venue.advance(morning(WEDNESDAY))
        found = thin.trading.get_order_by_id(taken.id)
        assert (found.status, found.filled_qty) == (OrderStatus.EXPIRED, "3")
        (fill,) = thin.raw.get("/account/activities/FILL")
        assert (fill["type"], fill["cum_qty"], fill["leaves_qty"]) == ("partial_fill", "3", "2")


def test_a_client_order_id_stays_taken_for_ever(stage: Stage) -> None:
    taken = stage.trading.submit_order(spread(-0.30, name="once"))
    stage.trading.cancel_order_by_id(taken.id)
    stage.venue.advance(morning(THURSDAY))
    assert refusal(lambda: stage.trading.submit_order(spread(name="once"))) == (
        422,
        40010001,
        "client_order_id must be unique",
    )


def test_orders_are_listed_by_status_time_and_symbol(stage: Stage) -> None:
    stage.trading.submit_order(single(C490, 1, name="filled"))
    stage.venue.advance(close(TUESDAY))
    stage.trading.submit_order(spread(-0.30, name="resting"))

    def names(**query: Any) -> list[str]:
        return [
            one.client_order_id for one in stage.trading.get_orders(GetOrdersRequest(nested=True, **query))
        ]

    assert names(status=QueryOrderStatus.ALL) == ["resting", "filled"]
    assert names(status=QueryOrderStatus.CLOSED) == ["filled"]
    assert names() == ["resting"]
    assert names(status=QueryOrderStatus.ALL, limit=1) == ["resting"]
    assert names(status=QueryOrderStatus.ALL, after=morning(TUESDAY)) == ["resting"]
    assert names(status=QueryOrderStatus.ALL, until=morning(TUESDAY)) == ["filled"]
    assert names(status=QueryOrderStatus.ALL, symbols=[P480.symbol]) == ["resting"]


def test_legs_are_listed_where_they_are_asked_for(stage: Stage) -> None:
    stage.trading.submit_order(spread(-0.30))
    (flat,), (nested,) = (stage.trading.get_orders(GetOrdersRequest(nested=one)) for one in (False, True))
    assert flat.legs is None
    assert [one.symbol for one in nested.legs] == [P480.symbol, P475.symbol]


def test_an_order_nobody_sent_is_not_found(stage: Stage) -> None:
    name = "b0b6dd9d-8b9b-48a9-ba46-b9d54906e415"
    assert refusal(lambda: stage.trading.get_order_by_id(name)) == (
        404,
        40410000,
        f"order not found for {name}",
    )
    assert refusal(lambda: stage.trading.get_order_by_client_id("none"))[:2] == (404, 40410000)
    assert refusal(lambda: stage.trading.get_open_position("SPY")) == (
        404,
        40410000,
        "position does not exist",
    )


def test_without_the_key_nothing_is_answered(stage: Stage) -> None:
    stranger = TradingClient("who", "knows", url_override=stage.server.url)
    assert refusal(stranger.get_account) == (401, 40110000, "request is not authorized")


def test_an_expired_spread_shows_what_became_of_it_on_the_day_after(stage: Stage) -> None:
    stage.trading.submit_order(spread())
    stage.trading.submit_order(single(C490, 1))
    stage.venue.advance(close(FRIDAY) + timedelta(hours=1))
    assert shown(stage) == {P480.symbol: -1, P475.symbol: 1, C490.symbol: 1}
    assert set(kinds(stage)) == {"FILL"}
    stage.venue.advance(morning(MONDAY))
    assert shown(stage) == {"SPY": 100}
    lines = {(one["activity_type"], one.get("symbol")): one for one in stage.raw.get("/account/activities")}
    assigned, delivered = lines["OPASN", P480.symbol], lines["OPTRD", "SPY"]
    assert (assigned["qty"], assigned["net_amount"], assigned["date"]) == ("1", "0", "2024-03-15")
    assert (delivered["qty"], delivered["price"], delivered["net_amount"]) == ("100", "480", "-48000")
    assert delivered["group_id"] == assigned["group_id"]
    assert lines["OPEXP", P475.symbol]["qty"] == "-1"
    assert lines["OPEXP", C490.symbol]["qty"] == "-1"


def test_an_assignment_before_the_end_shows_overnight(stage: Stage) -> None:
    stage.trading.submit_order(spread(quantity=2))
    with stage.venue.lock:
        assign(stage.venue, P480, -1)
    assert shown(stage) == {P480.symbol: -2, P475.symbol: 2}
    stage.venue.advance(morning(WEDNESDAY))
    assert shown(stage) == {P480.symbol: -1, P475.symbol: 2, "SPY": 100}
    assert {"OPASN", "OPTRD"} <= set(kinds(stage))


def test_an_exercise_brings_shares_and_is_refused_at_night(stage: Stage) -> None:
    stage.trading.submit_order(single(P480, 1))
    stage.trading.exercise_options_position(P480.symbol)
    stage.venue.advance(close(TUESDAY) + timedelta(hours=1))
    assert refusal(lambda: stage.trading.exercise_options_position(P480.symbol))[0] == 403
    stage.venue.advance(morning(WEDNESDAY))
    assert shown(stage) == {"SPY": -100}
    assert {"OPEXC", "OPTRD"} <= set(kinds(stage))


def test_what_is_not_to_be_exercised_expires_in_the_money(stage: Stage) -> None:
    stage.trading.submit_order(single(P480, 1))
    assert (
        "only accepted on the expiration day"
        in refusal(lambda: stage.raw.post(f"/positions/{P480.symbol}/do-not-exercise"))[2]
    )
    stage.venue.advance(morning(FRIDAY))
    stage.raw.post(f"/positions/{P480.symbol}/do-not-exercise")
    stage.venue.advance(morning(MONDAY))
    assert shown(stage) == {}
    assert "OPEXP" in kinds(stage)


def test_fees_are_charged_on_the_day_after() -> None:
    with staged(small_venue(commission_cents=65.0)) as stage:
        stage.trading.submit_order(spread(quantity=2))
        account = stage.trading.get_account()
        assert (account.cash, account.accrued_fees) == ("100020", "2.6")
        stage.venue.advance(morning(WEDNESDAY))
        account = stage.trading.get_account()
        assert (account.cash, account.accrued_fees) == ("100017.4", "0")
        (fee,) = stage.raw.get("/account/activities/FEE")
        assert (fee["net_amount"], fee["date"]) == ("-2.6", "2024-03-12")


def test_activities_are_paged_by_the_last_id(stage: Stage) -> None:
    for _ in range(3):
        stage.trading.submit_order(spread())
    whole = stage.raw.get("/account/activities", {"direction": "asc"})
    assert len(whole) == 6
    pages, token = [], ""
    while page := stage.raw.get(
        "/account/activities",
        {"direction": "asc", "page_size": 4, **({"page_token": token} if token else {})},
    ):
        pages += page
        token = page[-1]["id"]
    assert pages == whole


def test_activities_are_found_by_their_time_and_kind(stage: Stage) -> None:
    stage.trading.submit_order(single(C490, 1))
    stage.venue.advance(morning(MONDAY))
    assert kinds(stage, after=close(TUESDAY).isoformat()) == ["OPEXP"]
    assert kinds(stage, until=close(TUESDAY).isoformat()) == ["FILL"]
    assert kinds(stage, activity_types="OPEXP,OPASN") == ["OPEXP"]
    assert kinds(stage, category="trade_activity") == ["FILL"]
    assert kinds(stage, category="non_trade_activity") == ["OPEXP"]
    for query in ({"category": "trade_activity", "activity_types": "FILL"}, {"category": "both"}):
        assert refusal(lambda asked=query: kinds(stage, **asked))[0] == 422


def test_the_clock_and_the_sessions_are_those_of_new_york(stage: Stage) -> None:
    clock = stage.trading.get_clock()
    assert clock.is_open
    assert clock.timestamp == morning(TUESDAY)
    assert (clock.next_close, clock.next_open) == (close(TUESDAY), close(WEDNESDAY) - timedelta(hours=6.5))
    days = stage.trading.get_calendar(GetCalendarRequest(start=TUESDAY, end=MONDAY))
    assert [one.date for one in days] == [TUESDAY, WEDNESDAY, THURSDAY, FRIDAY, MONDAY]
    assert (days[0].open.hour, days[0].open.minute, days[0].close.hour) == (9, 30, 16)


def test_contracts_are_found_by_what_they_are(stage: Stage) -> None:
    def symbols(**query: Any) -> list[str]:
        request = GetOptionContractsRequest(underlying_symbols=["SPY"], **query)
        return [one.symbol for one in stage.trading.get_option_contracts(request).option_contracts]

    assert set(symbols()) == {one.symbol for one in (P480, P475, C490, C495)}
    assert set(symbols(expiration_date_gte=LATER, expiration_date_lte=LATER)) == {
        LATE_PUT.symbol,
        LATE_CALL.symbol,
    }
    assert set(symbols(type="put", strike_price_lte="476")) == {P475.symbol}
    found = stage.trading.get_option_contract(P480.symbol)
    assert (found.strike_price, found.expiration_date, found.open_interest) == (480.0, FRIDAY, "10000")
    assert refusal(lambda: stage.trading.get_option_contract("SPY240315P00123000"))[0] == 404


def test_contracts_are_paged(stage: Stage) -> None:
    found, token = [], None
    while True:
        request = GetOptionContractsRequest(underlying_symbols=["SPY"], limit=3, page_token=token)
        page = stage.trading.get_option_contracts(request)
        found += [one.symbol for one in page.option_contracts]
        if (token := page.next_page_token) is None:
            break
    assert len(found) == len(set(found)) == 4


def test_shares_are_bought_and_sold(stage: Stage) -> None:
    stage.raw.post("/orders", sent("SPY", qty="10"))
    assert shown(stage) == {"SPY": 10}
    stage.raw.post("/orders", sent("SPY", qty="10", side="sell"))
    assert shown(stage) == {}


def test_too_many_requests_in_a_minute_are_put_off_and_say_until_when() -> None:
    with staged(limit=3) as stage:
        client = stage.raw
        client._retry, client._retry_codes = 0, []
        for _ in range(3):
            client.get_account()
        with pytest.raises(APIError) as caught:
            client.get_account()
        assert caught.value.status_code == 429
        reset = int(caught.value.response.headers["X-RateLimit-Reset"])
        assert reset == int(morning(TUESDAY).timestamp()) + 60
        stage.venue.advance(morning(TUESDAY) + timedelta(seconds=61))
        assert client.get_account()["cash"] == "100000"
