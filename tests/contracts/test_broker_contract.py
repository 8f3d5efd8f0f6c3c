"""What every broker must do, whoever fills the orders: accounts, and what becomes of orders."""

from __future__ import annotations

from datetime import timedelta

import pytest

from contracts.broker_questions import (
    BETTER,
    CONDOR,
    SPREAD,
    TOO_DEAR,
    cash,
    closing,
    fills,
    held,
    known,
    order,
    refused_with,
    report,
    traded,
)
from contracts.broker_stages import (
    FIRST,
    MONDAY,
    QUOTES,
    SECOND,
    Stage,
    in_session,
)
from execution.tapes import call, put
from strikewise.domain.brokerage import AccountReport, BrokerStatus
from strikewise.domain.instruments import Instrument, Stock
from strikewise.domain.orders import (
    Accepted,
    OrderEnded,
)
from strikewise.execution.refusals import Refusal

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
