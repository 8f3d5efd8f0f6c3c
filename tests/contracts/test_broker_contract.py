"""What every broker must do, whoever fills the orders: one suite over all of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Protocol

import pytest

from execution.tapes import close_of, market, order, put, tape
from strikewise.domain.orders import Accepted, Execution, Known, OrderEnded, Purpose, Rejected, Unknown
from strikewise.execution.broker import Broker
from strikewise.execution.simulated import SimulatedBroker

FIRST, SECOND = date(2024, 3, 12), date(2024, 3, 13)
SPREAD = {put(480): -1, put(475): 1}
BACK = {put(480): 1, put(475): -1}


class Stage(Protocol):
    """A broker on a small market: a put spread quoted at 0.45/0.50 and 0.30/0.35 on two sessions."""

    broker: Broker

    def session(self, day: date) -> None:
        """Let a session begin."""


class SimulatedStage:
    def __init__(self) -> None:
        quotes = [(put(480), 45, 50), (put(475), 30, 35)]
        self.market = market(tape({close_of(day): (485.0, quotes) for day in (FIRST, SECOND)}, volume=100))
        self.simulated = SimulatedBroker(1_000_000)
        self.broker: Broker = self.simulated

    def session(self, day: date) -> None:
        self.simulated.advance(self.market.view(close_of(day)))


@pytest.fixture(params=[SimulatedStage])
def stage(request: pytest.FixtureRequest) -> Stage:
    made: Callable[[], Stage] = request.param
    return made()


def known_cash(broker: Broker) -> int:
    answer = broker.account()
    assert isinstance(answer, Known)
    return answer.value.cash_cents


def fills(broker: Broker) -> list[Execution]:
    return [event for event in broker.events() if isinstance(event, Execution)]


def test_a_broker_that_knows_nothing_yet_says_so_instead_of_showing_an_empty_account(stage: Stage) -> None:
    for answer in (stage.broker.account(), stage.broker.positions(), stage.broker.open_orders()):
        assert isinstance(answer, Unknown)
        assert answer.reason


def test_a_filled_order_changes_cash_by_what_its_execution_says(stage: Stage) -> None:
    stage.session(FIRST)
    before = known_cash(stage.broker)
    assert isinstance(stage.broker.submit(order(SPREAD, quantity=2)), Accepted)
    (execution,) = fills(stage.broker)
    paid = sum(leg.cost_cents for leg in execution.legs) + execution.fees_cents
    assert known_cash(stage.broker) == before - paid
    assert execution.order_id == "o-1"


def test_what_is_held_is_netted_by_instrument_over_all_positions(stage: Stage) -> None:
    stage.session(FIRST)
    stage.broker.submit(order(SPREAD, quantity=2, order_id="a"))
    stage.broker.submit(order({put(475): 1}, order_id="b"))
    held = stage.broker.positions()
    assert isinstance(held, Known)
    assert held.complete
    assert {one.instrument: one.quantity for one in held.value} == {put(480): -2, put(475): 3}


def test_every_leg_of_a_fill_is_told_with_the_quantity_it_moved(stage: Stage) -> None:
    stage.session(FIRST)
    stage.broker.submit(order(SPREAD, quantity=3))
    (execution,) = fills(stage.broker)
    assert {leg.instrument: leg.quantity for leg in execution.legs} == {put(480): -3, put(475): 3}
    assert execution.quantity == 3


def test_the_same_id_again_is_the_same_order(stage: Stage) -> None:
    stage.session(FIRST)
    first = stage.broker.submit(order(SPREAD))
    assert stage.broker.submit(order(SPREAD)) == first
    assert len(fills(stage.broker)) == 1


def test_events_are_told_once(stage: Stage) -> None:
    stage.session(FIRST)
    stage.broker.submit(order(SPREAD))
    assert len(stage.broker.events()) == 1
    assert list(stage.broker.events()) == []


def test_execution_ids_are_unique(stage: Stage) -> None:
    stage.session(FIRST)
    for name in ("a", "b", "c"):
        stage.broker.submit(order(SPREAD, order_id=name))
    ids = [execution.execution_id for execution in fills(stage.broker)]
    assert len(set(ids)) == len(ids) == 3


def test_an_order_beyond_the_market_rests_is_listed_and_can_be_cancelled(stage: Stage) -> None:
    stage.session(FIRST)
    asked = order(SPREAD, limit_cents=-5_000)
    assert isinstance(stage.broker.submit(asked), Accepted)
    resting = stage.broker.open_orders()
    assert isinstance(resting, Known)
    assert [one.order_id for one in resting.value] == ["o-1"]
    assert isinstance(stage.broker.cancel("o-1"), Accepted)
    (ended,) = stage.broker.events()
    assert isinstance(ended, OrderEnded)
    assert ended.outcome == "cancelled"
    again = stage.broker.open_orders()
    assert isinstance(again, Known)
    assert again.value == ()


def test_a_day_order_that_did_not_fill_is_gone_in_the_next_session(stage: Stage) -> None:
    stage.session(FIRST)
    stage.broker.submit(order(SPREAD, limit_cents=-5_000))
    stage.session(SECOND)
    (ended,) = stage.broker.events()
    assert isinstance(ended, OrderEnded)
    assert (ended.order_id, ended.outcome) == ("o-1", "expired")


def test_cancelling_what_is_not_open_is_refused(stage: Stage) -> None:
    stage.session(FIRST)
    stage.broker.submit(order(SPREAD))
    assert isinstance(stage.broker.cancel("o-1"), Rejected)
    assert isinstance(stage.broker.cancel("unheard-of"), Rejected)


def test_closing_what_is_not_held_is_refused_and_changes_nothing(stage: Stage) -> None:
    stage.session(FIRST)
    before = known_cash(stage.broker)
    answer = stage.broker.submit(order(BACK, purpose=Purpose.CLOSE, position_id="p-1"))
    assert isinstance(answer, Rejected)
    assert answer.code
    assert known_cash(stage.broker) == before
    assert list(stage.broker.events()) == []


def test_opening_and_closing_leaves_nothing_held(stage: Stage) -> None:
    stage.session(FIRST)
    stage.broker.submit(order(SPREAD, quantity=2))
    stage.broker.submit(order(BACK, quantity=2, purpose=Purpose.CLOSE, order_id="c", position_id="o-1"))
    held = stage.broker.positions()
    assert isinstance(held, Known)
    assert held.value == ()
