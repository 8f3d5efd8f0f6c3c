"""Orders on a ladder: one at work for an intent, each attempt after the end of the one before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.hand_made import Told
from engine.watched import DAY, NEXT, SPREAD, Account, at, by_the_minute
from strikewise.domain.control import HaltRequested, OrderCancelAsked
from strikewise.domain.events import OrderClosed, OrderFilled, OrderPlaced
from strikewise.domain.instruments import Stock
from strikewise.domain.orders import Known, Order, Purpose, SubmitAnswer, Unknown, Unresolved
from strikewise.domain.structures import Leg, Structure
from strikewise.engine.order_work import NEXT_STEP, Prices
from strikewise.execution.fills import FillRule
from strikewise.execution.ladder import Ladder
from strikewise.portfolio.order_state import OrderStatus

LADDER = Prices(Ladder(steps=3, seconds=20, urgent_steps=1), FillRule())
OPENS = Told({DAY: [SPREAD]})
MID, TOUCH = -6_000, -5_000
"""Of a unit of the spread: sold for 60 at mid, and for 50 at the touch."""


def placed(account: Account) -> list[Order]:
    return [one.order for one in account.told(OrderPlaced)]


def test_an_entry_begins_at_mid_and_climbs_to_the_touch_where_it_fills() -> None:
    account = Account([OPENS], prices=LADDER)
    account.tick(1)
    assert [one.limit_cents for one in placed(account)] == [MID]
    assert account.loop.orders is not None
    assert account.loop.orders.due() == at(1) + timedelta(seconds=20)
    account.work(1, 19)
    assert len(placed(account)) == 1
    account.work(1, 20)
    account.work(1, 40)
    assert [one.limit_cents for one in placed(account)] == [MID, -5_500, TOUCH]
    assert not account.loop.state.open_orders
    assert account.loop.orders.due() is None
    (position,) = account.loop.state.positions
    first, second, third = placed(account)
    assert (second.replaces, third.replaces) == (first.order_id, second.order_id)
    assert {one.position_id for one in placed(account)} == {position} == {first.order_id}
    assert [one.order_id[-2:] for one in placed(account)] == ["-1", "-2", "-3"]


def test_each_attempt_is_sent_after_the_end_of_the_one_before_was_told() -> None:
    account = Account([OPENS], prices=LADDER)
    account.tick(1)
    account.work(1, 20)
    kinds = [type(one.event) for one in account.ledger.records()]
    asked, ended = kinds.index(OrderCancelAsked), kinds.index(OrderClosed)
    second = [number for number, kind in enumerate(kinds) if kind is OrderPlaced][1]
    assert asked < ended < second
    assert account.told(OrderCancelAsked)[0].reason == NEXT_STEP


def test_an_end_that_is_told_later_is_gone_on_from_at_once() -> None:
    account = Account([OPENS], prices=LADDER)
    account.tick(1)
    assert account.loop.orders is not None
    events = account.broker.events
    account.broker.events = list  # type: ignore[method-assign, assignment]
    account.work(1, 20)
    assert len(placed(account)) == 1
    account.broker.events = events  # type: ignore[method-assign]
    account.loop.courier.listen(at(1) + timedelta(seconds=21))
    due = account.loop.orders.due()
    assert due is not None
    assert due <= at(1) + timedelta(seconds=21)
    account.work(1, 21)
    assert [one.limit_cents for one in placed(account)] == [MID, -5_500]
    assert account.loop.orders.due() == at(1) + timedelta(seconds=40)


def test_what_was_taken_back_in_one_session_is_not_sent_again_in_the_next() -> None:
    account = Account([OPENS], {**by_the_minute(), **by_the_minute(day=NEXT)}, prices=LADDER)
    account.tick(1)
    events = account.broker.events
    account.broker.events = list  # type: ignore[method-assign, assignment]
    account.work(1, 20)
    account.broker.events = events  # type: ignore[method-assign]
    account.work(1, day=NEXT)
    assert len(placed(account)) == 1
    assert account.loop.orders is not None
    assert account.loop.orders.due() is None


def test_an_entry_rests_at_the_touch_and_never_pays_more() -> None:
    worse = dict(by_the_minute())
    for minute in range(2, 30):
        spot, rows = worse[at(minute)]
        worse[at(minute)] = (spot, [(rows[0][0], 90, 100), *rows[1:]])
    account = Account([OPENS], worse, prices=LADDER)
    account.tick(1)
    for minute in range(2, 8):
        account.work(minute)
    assert all(one.limit_cents is not None and one.limit_cents <= TOUCH for one in placed(account))
    assert not account.loop.state.positions


def test_an_exit_goes_through_the_touch_in_the_end() -> None:
    account = Account([OPENS], prices=LADDER)
    account.tick(1)
    account.work(1, 20)
    account.work(1, 40)
    account.strategies = (Told({}, closes=frozenset({DAY})),)
    account.loop._spec = replace(
        account.spec, strategies=(replace(account.spec.strategies[0], strategy=account.strategies[0]),)
    )
    account.tick(2)
    for second in (20, 40, 59):
        account.work(2, second)
    exits = [one for one in placed(account) if one.purpose is Purpose.CLOSE]
    assert [one.limit_cents for one in exits][:3] == [6_000, 6_500, 7_000]
    assert not account.loop.state.positions


def test_what_was_filled_before_the_cancel_arrived_is_not_sent_again() -> None:
    account = Account([replace(OPENS, units=9)], prices=LADDER)
    account.tick(1)
    cancel, floor = account.broker.cancel, account.broker._floor

    def too_late(order_id: str) -> SubmitAnswer:
        working = floor.working[order_id]
        working.order = replace(working.order, limit_cents=TOUCH)
        floor.advance(account.market.view(account.clock.now()))
        return cancel(order_id)

    account.broker.cancel = too_late  # type: ignore[method-assign]
    account.work(1, 20)
    account.work(1, 40)
    assert sum(one.execution.quantity for one in account.told(OrderFilled)) == 9
    assert len(placed(account)) == 1


def test_a_partial_fill_leaves_its_rest_to_the_next_attempt_and_one_position_holds_both() -> None:
    falling = dict(by_the_minute())
    for minute in range(2, 30):
        spot, rows = falling[at(minute)]
        falling[at(minute)] = (spot, [(rows[0][0], 95, 105), *rows[1:]])
    account = Account([replace(OPENS, units=15)], falling, volume=100, prices=LADDER)
    account.tick(1)
    account.work(1, 40)  # the touch: ten of fifteen units, all that is on offer
    (position,) = account.loop.state.positions.values()
    (rest,) = account.loop.state.open_orders.values()
    assert (position.quantity, rest.remaining) == (10, 5)
    assert rest.order.position_id == position.position_id


def test_a_halt_stops_the_climb() -> None:
    account = Account([OPENS], prices=LADDER)
    account.tick(1)
    account.ask(HaltRequested("enough"))
    account.tick(2)
    assert len(placed(account)) == 1
    assert not account.loop.state.open_orders


def test_what_nobody_knows_the_fate_of_is_not_touched() -> None:
    account = Account([OPENS], prices=LADDER, answer=lambda _order: Unresolved("timeout"))
    account.tick(1)
    account.work(1, 20)
    account.work(1, 59)
    assert account.broker.cancelled == []
    (waiting,) = account.loop.state.open_orders.values()
    assert waiting.status is OrderStatus.UNRESOLVED


def test_without_a_quote_nobody_moves() -> None:
    gone = {instant: quote if instant < at(2) else (490.0, []) for instant, quote in by_the_minute().items()}
    account = Account([OPENS], gone, prices=LADDER)
    account.tick(1)
    account.work(2)
    account.work(3)
    assert len(placed(account)) == 1


@settings(max_examples=40)
@given(
    st.integers(1, 5),
    st.integers(5, 40),
    st.lists(st.integers(1, 59), min_size=1, max_size=12, unique=True),
)
def test_whenever_it_is_looked_at_an_intent_has_one_order_at_work_and_never_two(
    steps: int, seconds: int, looks: list[int]
) -> None:
    account = Account([OPENS], prices=Prices(Ladder(steps, seconds, urgent_steps=0), FillRule()))
    account.tick(1)
    working: Mapping[str, object] = account.loop.state.open_orders
    for second in sorted(looks):
        account.work(1, second)
        working = account.loop.state.open_orders
        assert len(working) <= 1
    sent = [one.order_id for one in account.broker.heard]
    assert len(sent) == len(set(sent))
    filled = sum(one.execution.quantity for one in account.told(OrderFilled))
    assert filled == (0 if working else 1)


@pytest.mark.parametrize("minute", [2, 30])
def test_the_steps_follow_the_clock_and_not_the_number_of_looks(minute: int) -> None:
    account = Account([OPENS], prices=LADDER)
    account.tick(1)
    account.work(minute)
    assert [one.limit_cents for one in placed(account)] == [MID, TOUCH]


def leaving_shares() -> Account:
    """Return an account that holds shares and wants to be rid of them at the next tick."""
    shares = Structure.of([Leg(Stock("SPY"), 1)])
    told = Told({DAY: [shares]}, units=10, margin_cents=50_000, max_loss_cents=50_000)
    account = Account([told])
    account.tick(1)
    assert account.loop.state.positions
    leaves = replace(account.spec.strategies[0], strategy=Told({}, closes=frozenset({DAY})))
    account.loop._spec = replace(account.spec, strategies=(leaves,))
    return account


@pytest.mark.parametrize("answer", [Known((), at(2)), Unknown("no answer")])
def test_shares_that_somebody_sold_or_nobody_knows_of_are_not_sold_short(
    answer: Known[Any] | Unknown,
) -> None:
    account = leaving_shares()
    positions = account.broker.positions
    account.broker.positions = lambda: answer  # type: ignore[method-assign]
    account.tick(2)
    assert [one.purpose for one in account.broker.heard] == [Purpose.OPEN]
    assert "not ours" in account.told(OrderClosed)[-1].ended.reason
    assert account.loop.courier.doubtful, "both sides are compared before it is tried again"
    account.broker.positions = positions  # type: ignore[method-assign]
    account.tick(3)
    assert [one.purpose for one in account.broker.heard] == [Purpose.OPEN, Purpose.CLOSE]
    assert not account.loop.state.positions
