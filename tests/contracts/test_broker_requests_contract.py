"""What every broker must do when orders are cancelled, replaced and closed, and when it is asked."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from contracts.broker_questions import (
    SPREAD,
    TOO_DEAR,
    all_activities,
    all_fills,
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
    EXPIRY,
    FIRST,
    MONDAY,
    QUOTES,
    SECOND,
    Stage,
    in_session,
)
from execution.tapes import close_of, put
from strikewise.domain.brokerage import BrokerStatus
from strikewise.domain.instruments import Stock
from strikewise.domain.orders import (
    Accepted,
    Known,
    OrderEnded,
    SettlementReport,
    Unknown,
)
from strikewise.execution.refusals import Refusal

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


def test_a_replacement_after_a_partial_fill_is_for_what_is_left(first: Stage) -> None:
    first.broker.submit(order(SPREAD, quantity=15, limit_cents=-1_000))
    first.told(1)
    if not first.broker.capabilities().replaces:
        return
    too_much = order(SPREAD, order_id="o-2", quantity=6, limit_cents=-900)
    assert refused_with(first.broker.replace("o-1", too_much)) == Refusal.BAD_QUANTITY
    rest = order(SPREAD, order_id="o-3", quantity=5, limit_cents=-900)
    assert isinstance(first.broker.replace("o-1", rest), Accepted)
    first.told(1)
    assert (report(first, "o-1").filled, report(first, "o-3").quantity) == (10, 5)
    first.tick(in_session(FIRST) + timedelta(minutes=15), QUOTES, volume=200)
    first.told(1)
    assert held(first) == {put(480): -15, put(475): 15}


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
