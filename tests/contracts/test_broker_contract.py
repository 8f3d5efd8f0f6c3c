"""What every broker must do, whoever fills the orders: one suite over all of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import TypeVar

import pytest

from adapters.brokers.alpaca_contract_stage import alpaca
from contracts.broker_stages import (
    EXPIRY,
    FIRST,
    MONDAY,
    QUOTES,
    SECOND,
    STAGES,
    Stage,
    in_session,
)
from execution.tapes import Row, call, close_of, put
from execution.tapes import order as made_order
from strikewise.domain.brokerage import AccountReport, Activity, BrokerStatus, OrderReport
from strikewise.domain.instruments import Instrument, Stock
from strikewise.domain.orders import (
    Accepted,
    BrokerEvent,
    Execution,
    Known,
    Order,
    OrderEnded,
    Purpose,
    Rejected,
    SettlementReport,
    Unknown,
)
from strikewise.execution.refusals import Refusal

T = TypeVar("T")

SPREAD = {put(480): -1, put(475): 1}
BACK = {put(480): 1, put(475): -1}
CONDOR = {put(475): 1, put(480): -1, call(490): -1, call(495): 1}
TOO_DEAR = -5_000
"""Least to receive for the spread, which is quoted at a credit of 1,000 cents: nobody pays that."""
BETTER: tuple[Row, ...] = ((put(475), 30, 35), (put(480), 95, 99))
"""Quotes at which even that is paid."""


@pytest.fixture(params=[*STAGES, alpaca], ids=lambda made: made.__name__)
def stage(request: pytest.FixtureRequest) -> Iterator[Stage]:
    made: Callable[[], AbstractContextManager[Stage]] = request.param
    with made() as shown:
        yield shown


@pytest.fixture
def first(stage: Stage) -> Stage:
    """The stage in its first session."""
    stage.session(FIRST)
    return stage


def order(
    legs: dict[Instrument, int],
    *,
    order_id: str = "o-1",
    quantity: int = 1,
    limit_cents: int | None = None,
    purpose: Purpose = Purpose.OPEN,
    position_id: str = "",
) -> Order:
    return made_order(
        legs,
        order_id=order_id,
        quantity=quantity,
        limit_cents=limit_cents,
        purpose=purpose,
        position_id=position_id,
        at=in_session(FIRST),
    )


def closing(
    order_id: str = "c-1", *, quantity: int = 1, of: str = "o-1", limit_cents: int | None = None
) -> Order:
    return order(
        BACK, order_id=order_id, quantity=quantity, purpose=Purpose.CLOSE, position_id=of,
        limit_cents=limit_cents,
    )  # fmt: skip


def known(answer: Known[T] | Unknown) -> T:
    assert isinstance(answer, Known)
    assert answer.complete
    return answer.value


def cash(stage: Stage) -> int:
    return known(stage.broker.account()).cash_cents


def held(stage: Stage) -> dict[Instrument, int]:
    return {one.instrument: one.quantity for one in known(stage.broker.positions())}


def report(stage: Stage, order_id: str = "o-1") -> OrderReport:
    found = known(stage.broker.order(order_id))
    assert found is not None
    return found


def fills(events: Sequence[BrokerEvent]) -> list[Execution]:
    return [event for event in events if isinstance(event, Execution)]


def traded(executions: Sequence[Execution], order_id: str = "o-1") -> dict[Instrument, int]:
    """What was traded for an order, whether legs were told together or one by one."""
    found: Counter[Instrument] = Counter()
    for one in executions:
        for leg in one.legs if one.order_id == order_id else ():
            found[leg.instrument] += leg.quantity
    return dict(found)


def refused_with(answer: object) -> str:
    assert isinstance(answer, Rejected)
    assert answer.text, "a refusal says why"
    return answer.code


def all_fills(stage: Stage, cursor: str = "") -> list[Execution]:
    return list(known(stage.broker.fills_since(cursor)).items)


def all_activities(stage: Stage, cursor: str = "") -> list[Activity]:
    return list(known(stage.broker.activities_since(cursor)).items)


# --- the connection ---------------------------------------------------------------------------------------


def test_a_broker_that_is_connected_says_so_however_often_it_connects(first: Stage) -> None:
    assert first.broker.connect().connected
    assert first.broker.connect().connected
    health = first.broker.health()
    assert (health.connected, health.reason) == (True, "")


def test_a_broker_says_what_it_can_do(first: Stage) -> None:
    able = first.broker.capabilities()
    assert able.name
    assert able.max_legs >= 4


# --- the account ------------------------------------------------------------------------------------------


def test_the_account_has_a_name_that_stays(first: Stage) -> None:
    name = known(first.broker.account()).account_id
    first.broker.submit(order(SPREAD))
    first.told(1)
    again: AccountReport = known(first.broker.account())
    assert name
    assert again.account_id == name


def test_a_new_account_holds_nothing_and_has_no_orders(first: Stage) -> None:
    assert known(first.broker.positions()) == ()
    assert known(first.broker.open_orders()) == ()
    assert known(first.broker.orders_since(in_session(FIRST) - timedelta(days=7))) == ()


def test_a_filled_order_changes_cash_by_what_its_executions_say(first: Stage) -> None:
    before = cash(first)
    assert isinstance(first.broker.submit(order(SPREAD, quantity=2)), Accepted)
    told = fills(first.told(1))
    paid = sum(leg.cost_cents for one in told for leg in one.legs) + sum(one.fees_cents for one in told)
    assert cash(first) == before - paid
    assert {one.order_id for one in told} == {"o-1"}


def test_what_is_held_is_netted_by_instrument_over_all_orders(first: Stage) -> None:
    first.broker.submit(order(SPREAD, quantity=2, order_id="a"))
    first.broker.submit(order({put(475): 1}, order_id="b"))
    first.told(2)
    assert held(first) == {put(480): -2, put(475): 3}


def test_opening_and_closing_leaves_nothing_held(first: Stage) -> None:
    first.broker.submit(order(SPREAD, quantity=2))
    first.told(1)
    first.broker.submit(closing(quantity=2))
    first.told(1)
    assert held(first) == {}


# --- orders and what becomes of them ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "legs",
    [{put(480): -1}, {put(475): 2}, SPREAD, {call(490): -1, call(495): 2}, CONDOR, {Stock("SPY"): 1}],
    ids=["sold", "bought", "spread", "ratio", "condor", "shares"],
)
def test_every_leg_is_told_with_the_quantity_it_moved(first: Stage, legs: dict[Instrument, int]) -> None:
    # A short option alone needs approval that spreads do not: it is covered here by shares.
    if legs == {put(480): -1}:
        legs = {call(490): -1}
        first.broker.submit(order({Stock("SPY"): 1}, order_id="s", quantity=300))
        first.told(1)
    first.broker.submit(order(legs, quantity=3))
    told = fills(first.told(1))
    assert traded(told) == {one: 3 * ratio for one, ratio in legs.items()}
    assert report(first).status is BrokerStatus.FILLED


def test_shares_and_options_go_into_one_order_where_the_broker_says_so(first: Stage) -> None:
    covered = {Stock("SPY"): 100, call(490): -1}
    answer = first.broker.submit(order(covered))
    if first.broker.capabilities().mixes_shares:
        assert traded(fills(first.told(1))) == covered
    else:
        assert refused_with(answer)
        assert held(first) == {}


def test_a_fill_is_never_worse_than_its_limit_and_a_credit_is_negative(first: Stage) -> None:
    first.broker.submit(order(SPREAD, quantity=2, limit_cents=-1_000))
    told = fills(first.told(1))
    assert sum(leg.cost_cents for one in told for leg in one.legs) <= 2 * -1_000


def test_the_same_id_again_is_the_same_order(first: Stage) -> None:
    answer = first.broker.submit(order(SPREAD))
    assert first.broker.submit(order(SPREAD)) == answer
    told = fills(first.told(1))
    assert traded(told) == SPREAD
    assert first.broker.submit(order(SPREAD)) == answer
    assert held(first) == SPREAD


def test_the_same_id_for_something_else_is_refused_and_trades_nothing(first: Stage) -> None:
    first.broker.submit(order(SPREAD))
    first.told(1)
    for other in (order(SPREAD, quantity=2), order({put(475): 1}), order(SPREAD, limit_cents=-900)):
        assert refused_with(first.broker.submit(other)) == Refusal.DUPLICATE_ID
    assert held(first) == SPREAD


def test_events_are_told_once(first: Stage) -> None:
    first.broker.submit(order(SPREAD))
    assert traded(fills(first.told(1))) == SPREAD
    assert first.told() == []


def test_execution_ids_are_unique(first: Stage) -> None:
    for name in ("a", "b", "c"):
        first.broker.submit(order(SPREAD, order_id=name))
    ids = [one.execution_id for one in fills(first.told(3))]
    assert len(set(ids)) == len(ids) >= 3


def test_an_order_for_less_than_one_unit_is_refused(first: Stage) -> None:
    assert refused_with(first.broker.submit(order(SPREAD, quantity=0))) == Refusal.BAD_QUANTITY


def test_an_order_beyond_the_market_rests_and_is_listed(first: Stage) -> None:
    assert isinstance(first.broker.submit(order(SPREAD, quantity=2, limit_cents=TOO_DEAR)), Accepted)
    (resting,) = known(first.broker.open_orders())
    assert resting == report(first)
    assert (resting.order_id, resting.status) == ("o-1", BrokerStatus.WORKING)
    assert (resting.quantity, resting.filled, resting.limit_cents) == (2, 0, TOO_DEAR)
    assert resting.structure == order(SPREAD).structure
    assert resting.broker_order_id


def test_a_resting_order_fills_when_the_market_comes_to_it(first: Stage) -> None:
    first.broker.submit(order(SPREAD, limit_cents=TOO_DEAR))
    first.told()
    first.tick(in_session(FIRST) + timedelta(minutes=15), BETTER)
    assert traded(fills(first.told(1))) == SPREAD
    assert report(first).status is BrokerStatus.FILLED
    assert known(first.broker.open_orders()) == ()


def test_only_what_is_on_offer_fills_and_the_rest_goes_on_working(first: Stage) -> None:
    first.broker.submit(order(SPREAD, quantity=15))
    assert traded(fills(first.told(1))) == {put(480): -10, put(475): 10}
    assert (report(first).status, report(first).filled) == (BrokerStatus.WORKING, 10)


def test_what_is_cancelled_after_a_partial_fill_keeps_what_it_filled(first: Stage) -> None:
    first.broker.submit(order(SPREAD, quantity=15))
    first.told(1)
    assert isinstance(first.broker.cancel("o-1"), Accepted)
    ended = [event for event in first.told(1) if isinstance(event, OrderEnded)]
    assert [(one.order_id, one.outcome) for one in ended] == [("o-1", "cancelled")]
    assert (report(first).status, report(first).filled) == (BrokerStatus.CANCELLED, 10)
    assert held(first) == {put(480): -10, put(475): 10}


def test_a_rest_fills_as_more_is_traded_and_no_size_is_used_twice(first: Stage) -> None:
    first.broker.submit(order(SPREAD, quantity=15))
    told = fills(first.told(1))
    first.tick(in_session(FIRST) + timedelta(minutes=15), QUOTES, volume=200)
    told += fills(first.told(1))
    assert traded(told) == {put(480): -15, put(475): 15}
    assert len({one.execution_id for one in told}) == len(told)
    assert report(first).filled == 15


def test_a_day_order_that_did_not_fill_is_gone_in_the_next_session(first: Stage) -> None:
    first.broker.submit(order(SPREAD, limit_cents=TOO_DEAR))
    first.told()
    first.session(SECOND)
    ended = [event for event in first.told(1) if isinstance(event, OrderEnded)]
    assert [(one.order_id, one.outcome) for one in ended] == [("o-1", "expired")]
    assert report(first).status is BrokerStatus.EXPIRED
    assert held(first) == {}


def test_a_leg_that_has_expired_is_not_traded(first: Stage) -> None:
    first.session(MONDAY)
    assert refused_with(first.broker.submit(order(SPREAD)))
    assert held(first) == {}


# --- cancelling and replacing -----------------------------------------------------------------------------


def test_cancelling_ends_an_order_and_is_told(first: Stage) -> None:
    first.broker.submit(order(SPREAD, limit_cents=TOO_DEAR))
    assert isinstance(first.broker.cancel("o-1"), Accepted)
    (ended,) = first.told(1)
    assert isinstance(ended, OrderEnded)
    assert (ended.order_id, ended.outcome) == ("o-1", "cancelled")
    assert known(first.broker.open_orders()) == ()


def test_a_fill_wins_against_cancelling(first: Stage) -> None:
    first.broker.submit(order(SPREAD))
    assert refused_with(first.broker.cancel("o-1")) == Refusal.NOT_OPEN
    first.told(1)
    assert report(first).status is BrokerStatus.FILLED


def test_cancelling_what_never_was_is_refused(first: Stage) -> None:
    assert refused_with(first.broker.cancel("unheard-of")) == Refusal.NOT_OPEN


def test_all_orders_are_cancelled_at_once_and_none_is_no_fault(first: Stage) -> None:
    assert isinstance(first.broker.cancel_all(), Accepted)
    for name in ("a", "b"):
        first.broker.submit(order(SPREAD, order_id=name, limit_cents=TOO_DEAR))
    assert isinstance(first.broker.cancel_all(), Accepted)
    ended = [event for event in first.told(2) if isinstance(event, OrderEnded)]
    assert {(one.order_id, one.outcome) for one in ended} == {("a", "cancelled"), ("b", "cancelled")}
    assert known(first.broker.open_orders()) == ()


def test_a_replacement_takes_the_place_of_a_working_order(first: Stage) -> None:
    first.broker.submit(order(SPREAD, quantity=2, limit_cents=TOO_DEAR))
    first.told()
    answer = first.broker.replace("o-1", order(SPREAD, order_id="o-2", quantity=2, limit_cents=-1_000))
    if not first.broker.capabilities().replaces:
        assert refused_with(answer) == Refusal.NOT_SUPPORTED
        return
    assert isinstance(answer, Accepted)
    told = first.told(2)
    assert [(one.order_id, one.outcome) for one in told if isinstance(one, OrderEnded)] == [
        ("o-1", "cancelled")
    ]
    assert traded(fills(told), "o-2") == {put(480): -2, put(475): 2}
    old, new = report(first, "o-1"), report(first, "o-2")
    assert (old.status, old.filled, new.status) == (BrokerStatus.CANCELLED, 0, BrokerStatus.FILLED)
    assert old.replaced_by == new.broker_order_id


def test_a_fill_wins_against_a_replacement(first: Stage) -> None:
    first.broker.submit(order(SPREAD))
    first.told(1)
    answer = first.broker.replace("o-1", order(SPREAD, order_id="o-2", limit_cents=-900))
    assert refused_with(answer) in (Refusal.NOT_OPEN, Refusal.NOT_SUPPORTED)
    assert known(first.broker.order("o-2")) is None
    assert held(first) == SPREAD


# --- closing ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("quantity", [1, 3])
def test_closing_more_than_is_held_is_refused_and_changes_nothing(first: Stage, quantity: int) -> None:
    if quantity > 1:
        first.broker.submit(order(SPREAD, quantity=quantity - 1))
        first.told(1)
    before, cash_before = held(first), cash(first)
    assert refused_with(first.broker.submit(closing(quantity=quantity))) == Refusal.NOT_HELD
    assert (held(first), cash(first), first.told()) == (before, cash_before, [])


def test_what_a_working_order_would_close_is_not_closed_twice(first: Stage) -> None:
    first.broker.submit(order(SPREAD, quantity=2))
    first.told(1)
    assert isinstance(first.broker.submit(closing("c-1", quantity=2, limit_cents=100)), Accepted)
    available = {one.instrument: one.available for one in known(first.broker.positions())}
    assert set(available.values()) <= {0, None}
    assert refused_with(first.broker.submit(closing("c-2", quantity=2))) == Refusal.HELD_BY_ORDER
    first.broker.cancel("c-1")
    first.told(1)
    assert isinstance(first.broker.submit(closing("c-3", quantity=2)), Accepted)
    first.told(1)
    assert held(first) == {}


# --- reads ------------------------------------------------------------------------------------------------


def test_an_order_that_never_was_is_known_not_to_be(first: Stage) -> None:
    answer = first.broker.order("unheard-of")
    assert isinstance(answer, Known)
    assert answer.value is None


def test_orders_are_listed_from_the_instant_they_were_sent_on(first: Stage) -> None:
    first.broker.submit(order(SPREAD, order_id="a"))
    later = in_session(FIRST) + timedelta(minutes=15)
    first.tick(later, QUOTES)
    first.broker.submit(order(SPREAD, order_id="b", limit_cents=TOO_DEAR))

    def since(at: datetime) -> list[str]:
        return sorted(one.order_id for one in known(first.broker.orders_since(at)))

    sent = {name: report(first, name).submitted_at for name in ("a", "b")}
    assert in_session(FIRST) <= sent["a"] < sent["b"]
    moment = timedelta(microseconds=1)
    assert since(sent["a"]) == ["a", "b"]
    assert since(sent["a"] + moment) == ["b"]
    assert since(sent["b"]) == ["b"]
    assert since(sent["b"] + moment) == []


def test_fills_are_paged_without_gap_or_repetition(first: Stage) -> None:
    pages, cursors = [], [""]
    for name in ("a", "b", "c"):
        first.broker.submit(order(SPREAD, order_id=name))
        first.told(1)
        page = known(first.broker.fills_since(cursors[-1]))
        pages.append(list(page.items))
        cursors.append(page.cursor)
    assert all({one.order_id for one in page} == {name} for name, page in zip("abc", pages, strict=True))
    assert [one for page in pages for one in page] == all_fills(first)
    for place, cursor in enumerate(cursors):
        assert all_fills(first, cursor) == [one for page in pages[place:] for one in page]
    empty = known(first.broker.fills_since(cursors[-1]))
    assert (empty.items, empty.cursor) == ((), cursors[-1])


def test_what_the_stream_told_is_what_the_pages_show(first: Stage) -> None:
    first.broker.submit(order(SPREAD, quantity=15))
    told = fills(first.told(1))
    paged = all_fills(first)
    assert {one.execution_id for one in paged} == {one.execution_id for one in told}
    assert traded(paged) == traded(told)


def test_a_cursor_that_nobody_gave_out_is_no_beginning(first: Stage) -> None:
    first.broker.submit(order(SPREAD))
    first.told(1)
    assert isinstance(first.broker.fills_since("no such place"), Unknown)
    assert isinstance(first.broker.activities_since("no such place"), Unknown)


def test_a_preview_trades_nothing_and_names_what_speaks_against_an_order(first: Stage) -> None:
    wished = known(first.broker.preview(order(SPREAD, quantity=2)))
    assert wished.problem == ""
    assert wished.cost_cents in (None, -2_000)
    assert known(first.broker.preview(closing())).problem
    assert (held(first), known(first.broker.order("o-1")), first.told()) == ({}, None, [])


# --- how options end --------------------------------------------------------------------------------------


def test_what_expires_worthless_is_gone_and_told_once_as_an_activity(first: Stage) -> None:
    first.broker.submit(order(SPREAD, quantity=2))
    first.told(1)
    before = known(first.broker.activities_since("")).cursor
    first.tick(close_of(EXPIRY), ())
    first.tick(in_session(MONDAY), ())
    reports = [one for one in first.told(2) if isinstance(one, SettlementReport)]
    assert {one.contract: (one.quantity, one.outcome, one.shares) for one in reports} == {
        put(480): (-2, "expired", 0),
        put(475): (2, "expired", 0),
    }
    assert held(first) == {}
    paged = [one for one in all_activities(first, before) if isinstance(one, SettlementReport)]
    assert {one.settlement_id for one in paged} == {one.settlement_id for one in reports}


def test_an_assigned_option_leaves_shares_at_its_strike(first: Stage) -> None:
    first.broker.submit(order(SPREAD))
    first.told(1)
    before = cash(first)
    first.tick(close_of(EXPIRY), (), spot=477.0)
    first.tick(in_session(MONDAY), (), spot=477.0)
    first.told(2)
    assert held(first) == {Stock("SPY"): 100}
    # 100 shares at 480, and an assignment's fee of some dollars where there is one.
    assert 0 <= before - 4_800_000 - cash(first) <= 5_000


def test_contracts_held_long_are_exercised_when_that_is_asked_for(first: Stage) -> None:
    first.broker.submit(order({put(490): 1}, quantity=2))
    first.broker.submit(order({Stock("SPY"): 1}, order_id="s", quantity=200))
    first.told(2)
    answer = first.broker.exercise(put(490), 2)
    if not first.broker.capabilities().exercises:
        assert refused_with(answer) == Refusal.NOT_SUPPORTED
        return
    assert isinstance(answer, Accepted)
    first.session(SECOND)
    (told,) = [one for one in first.told(1) if isinstance(one, SettlementReport)]
    assert (told.contract, told.quantity, told.outcome, told.shares) == (put(490), 2, "exercised", -200)
    assert held(first) == {}


def test_what_is_not_held_long_is_not_exercised(first: Stage) -> None:
    first.broker.submit(order(SPREAD))
    first.told(1)
    for contract, quantity in ((put(490), 1), (put(480), 1), (put(475), 2)):
        assert refused_with(first.broker.exercise(contract, quantity))
    assert refused_with(first.broker.do_not_exercise(put(490)))
    assert held(first) == SPREAD


def test_an_option_in_the_money_expires_where_its_holder_asks_for_that(first: Stage) -> None:
    first.broker.submit(order({put(490): 1}))
    first.told(1)
    first.session(EXPIRY)  # there are brokers that take it on the last day only
    answer = first.broker.do_not_exercise(put(490))
    if not first.broker.capabilities().exercises:
        assert refused_with(answer) == Refusal.NOT_SUPPORTED
        return
    assert isinstance(answer, Accepted)
    first.tick(close_of(EXPIRY), ())
    first.tick(in_session(MONDAY), ())
    (told,) = [one for one in first.told(1) if isinstance(one, SettlementReport)]
    assert (told.outcome, told.shares) == ("expired", 0)
    assert held(first) == {}
