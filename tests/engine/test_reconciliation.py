"""Whatever was lost between loop and broker, both sides agree in the end, and nothing is sent twice."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from engine.hand_made import Told
from engine.watched import ANNA, DAY, LOWER, SPREAD, Account, at
from execution.tapes import put
from strikewise.domain.brokerage import HeldReport
from strikewise.domain.control import (
    AlertRaised,
    ReconcileRequested,
    RequestMet,
    TradingState,
    TradingStateChanged,
)
from strikewise.domain.events import OrderClosed, OrderFilled, OrderPlaced
from strikewise.domain.instruments import instrument_symbol
from strikewise.domain.orders import Known, Order, OrderEnded, SubmitAnswer, Unknown, Unresolved
from strikewise.domain.reconciled import (
    EXTERNAL,
    DifferenceFound,
    PositionAdopted,
    PositionWrittenOff,
    ReconciliationFailed,
    ReconciliationFinished,
)
from strikewise.engine.reconciliation import Outcome, Reconciler, Trigger
from strikewise.execution.simulated import SimulatedBroker
from strikewise.portfolio.ledger import Entry
from strikewise.portfolio.order_state import OrderStatus


def reconciler(account: Account) -> Reconciler:
    return Reconciler(
        account.spec.account, account.loop.writer, account.loop.courier, account.market.calendar
    )


def settled(account: Account, made: Reconciler, *, start: datetime | None = None) -> list[Outcome]:
    """Reconcile as often as the reconciler asks for."""
    now, outcomes = start or account.clock.now(), []
    while True:
        outcomes.append(made.run(Trigger.START, now))
        again = outcomes[-1].again_in
        if again is None or len(outcomes) > 9:
            return outcomes
        now += again


def truth(account: Account) -> tuple[int, dict[Any, int]]:
    broker = account.broker
    cash, held = broker.account(), broker.positions()
    assert isinstance(cash, Known)
    assert isinstance(held, Known)
    return cash.value.cash_cents, {one.instrument: one.quantity for one in held.value}


def ours(account: Account) -> tuple[int, dict[Any, int]]:
    state, net = account.loop.state, {}
    for position in state.positions.values():
        for holding in position.holdings:
            net[holding.instrument] = net.get(holding.instrument, 0) + holding.quantity
    return state.cash_cents, {one: quantity for one, quantity in net.items() if quantity}


def lost(*, taken: bool, account: Callable[[], Account]) -> Callable[[Order], SubmitAnswer]:
    def answer(order: Order) -> SubmitAnswer:
        if taken:
            SimulatedBroker.submit(account().broker, order)
        return Unresolved("read timed out")

    return answer


def test_an_order_whose_answer_was_lost_is_found_by_its_id_and_its_fills_are_booked_once() -> None:
    account = Account([Told({DAY: [SPREAD]})], answer=lost(taken=True, account=lambda: account))
    account.tick(1)
    assert account.loop.courier.doubtful
    made = reconciler(account)
    settled(account, made)
    assert ours(account) == truth(account)
    assert len(account.told(OrderFilled)) == 1
    assert len(account.broker.heard) == 1
    head = account.ledger.head.seq
    assert made.run(Trigger.CADENCE, at(2)).agreed
    assert account.ledger.head.seq == head


def test_an_order_that_never_arrived_is_given_up_after_three_spaced_reads_and_then_decided_anew() -> None:
    account = Account([Told({DAY: [SPREAD]})], answer=lost(taken=False, account=lambda: account))
    account.tick(1)
    (name,) = account.loop.state.open_orders
    outcomes = settled(account, reconciler(account))
    assert [one.agreed for one in outcomes] == [False, False, True]
    assert [one.again_in for one in outcomes] == [timedelta(seconds=5)] * 2 + [None]
    assert account.told(OrderClosed)[0].ended.outcome == "never_sent"
    account.broker.before = lambda _order: None
    account.tick(2)
    assert [one.order_id for one in account.broker.heard] == [name, f"{name[:-1]}2"]
    assert ours(account) == truth(account)


def test_three_reads_that_lie_too_close_together_are_one() -> None:
    account = Account([Told({DAY: [SPREAD]})], answer=lost(taken=False, account=lambda: account))
    account.tick(1)
    made = reconciler(account)
    for second in range(5):
        assert not made.run(Trigger.DOUBT, at(1) + timedelta(seconds=second)).agreed
    assert account.told(OrderClosed) == []


@pytest.mark.parametrize("taken", [True, False])
def test_an_order_that_a_dead_process_left_unanswered_is_settled_by_the_next(taken: bool) -> None:
    account = Account([Told({DAY: [SPREAD]})])

    class DiedError(Exception):
        pass

    def die(order: Order) -> SubmitAnswer:
        if taken:
            SimulatedBroker.submit(account.broker, order)
        raise DiedError

    account.broker.before = die
    with pytest.raises(DiedError):
        account.tick(1)
    (waiting,) = account.loop.state.open_orders.values()
    assert waiting.status is OrderStatus.PLACED
    account.broker.before = lambda _order: None
    account.start()
    settled(account, reconciler(account))
    assert ours(account) == truth(account)
    account.tick(2)
    account.tick(3)
    assert ours(account) == truth(account)
    assert len(account.loop.state.positions) == 1
    assert len(account.told(OrderFilled)) == 1
    assert len(account.told(OrderPlaced)) == (1 if taken else 2)


def test_what_nobody_here_opened_is_adopted_at_once_and_a_second_look_finds_nothing() -> None:
    account = Account([Told({})])
    account.tick(1)
    account.broker._floor.account.held["by hand"] = {put(480): -2}
    made = reconciler(account)
    assert settled(account, made)[-1].agreed
    (adopted,) = account.told(PositionAdopted)
    assert account.loop.state.positions[adopted.position_id].strategy == EXTERNAL
    head = account.ledger.head.seq
    assert made.run(Trigger.CADENCE, at(3)).agreed
    assert account.ledger.head.seq == head


def test_what_the_broker_does_not_have_is_written_off_at_the_second_look_and_no_order_is_sent() -> None:
    account = Account([Told({DAY: [SPREAD, LOWER]})])
    account.tick(1)
    gone = next(iter(account.loop.state.positions))
    del account.broker._floor.account.held[gone]
    outcomes = settled(account, reconciler(account))
    assert not outcomes[0].agreed
    assert outcomes[-1].agreed
    assert {one.position_id for one in account.told(PositionWrittenOff)} == {gone}
    assert len(account.broker.heard) == 2
    assert ours(account) == truth(account)


def test_a_picture_from_before_a_fill_is_no_first_look_at_what_it_brought() -> None:
    account = Account([Told({DAY: [SPREAD]})], answer=lost(taken=False, account=lambda: account))
    account.tick(1)
    (waiting,) = account.loop.state.open_orders.values()
    made, positions = reconciler(account), account.broker.positions
    made.run(Trigger.DOUBT, at(2))
    SimulatedBroker.submit(account.broker, waiting.order)
    account.broker.positions = lambda: Known((), at(2))  # type: ignore[method-assign]
    made.run(Trigger.DOUBT, at(3))
    assert len(account.told(OrderFilled)) == 1
    assert account.told(PositionWrittenOff) == [], "what it holds now was not yet held at the first look"
    account.broker.positions = positions  # type: ignore[method-assign]
    assert settled(account, made, start=at(4))[-1].agreed
    assert [one.strategy for one in account.loop.state.positions.values()] == ["told"]


def test_a_picture_that_still_shows_what_was_closed_is_no_position_of_somebody_else() -> None:
    account = Account([Told({DAY: [SPREAD]}, closes=frozenset({DAY}))])
    account.tick(1)
    made, positions = reconciler(account), account.broker.positions
    assert made.run(Trigger.CADENCE, at(1)).agreed
    old = positions()
    account.tick(2)
    assert not account.loop.state.positions
    account.broker.positions = lambda: old  # type: ignore[method-assign]
    assert not made.run(Trigger.CADENCE, at(3)).agreed
    account.broker.positions = positions  # type: ignore[method-assign]
    assert settled(account, made, start=at(4))[-1].agreed
    assert account.told(PositionAdopted) == []
    account.broker.positions = lambda: old  # type: ignore[method-assign]
    settled(account, made, start=at(5))
    assert len(account.told(PositionAdopted)) == 1, "what a second look shows too is there"


def test_a_look_that_fails_changes_nothing_and_is_no_empty_account() -> None:
    account = Account([Told({DAY: [SPREAD]})])
    account.tick(1)
    before = account.loop.state
    account.broker.positions = lambda: Unknown("500 Internal Server Error")  # type: ignore[method-assign]
    made = reconciler(account)
    number = account.ask(ReconcileRequested("curious"))
    account.loop.writer.read_on()
    outcome = made.run(Trigger.REQUEST, at(2), requests=(number,))
    assert (outcome.complete, outcome.reason) == (False, "positions: 500 Internal Server Error")
    assert account.told(ReconciliationFailed)[0].reason == outcome.reason
    assert not account.told(RequestMet)[0].done
    assert account.loop.state.positions == before.positions
    assert account.loop.state.cash_cents == before.cash_cents


def test_a_broker_that_keeps_failing_is_noted_once_and_its_return_too() -> None:
    account = Account([Told({})])
    account.tick(1)
    positions = account.broker.positions
    account.broker.positions = lambda: Unknown("down")  # type: ignore[method-assign]
    made = reconciler(account)
    for minute in range(2, 7):
        made.run(Trigger.CADENCE, at(minute))
    account.broker.positions = positions  # type: ignore[method-assign]
    made.run(Trigger.CADENCE, at(7))
    made.run(Trigger.CADENCE, at(8))
    assert len(account.told(ReconciliationFailed)) == 1
    assert len(account.told(ReconciliationFinished)) == 1


def test_a_holding_on_the_other_side_halts_until_a_person_has_looked() -> None:
    account = Account([Told({DAY: [SPREAD]})])
    account.tick(1)
    held = account.broker._floor.account.held
    (name,) = held
    held[name] = {one: -quantity for one, quantity in held[name].items()}
    made = reconciler(account)
    settled(account, made)
    assert account.loop.supervisor is not None
    assert account.loop.supervisor.state() is TradingState.HALTED
    assert account.loop.supervisor.oversight.control.by_person
    assert "RECONCILIATION_HALT" in [one.code for one in account.told(AlertRaised)]
    alerts = len(account.told(AlertRaised))
    settled(account, made, start=at(5))
    assert len(account.told(AlertRaised)) == alerts


def test_a_holding_on_the_other_side_is_told_once_where_trading_was_halted_already() -> None:
    account = Account([Told({DAY: [SPREAD]})])
    account.tick(1)
    (held,) = account.broker._floor.account.held.values()
    held[put(480)] = 1
    before = TradingStateChanged(TradingState.HALTED, "BY_HAND", "anna", by_person=True)
    account.loop.writer.write([Entry(before, at(1), ANNA)])
    made = reconciler(account)
    for minute in range(2, 6):
        made.run(Trigger.CADENCE, at(minute))
    held[put(480)] = 2
    for minute in range(6, 10):
        made.run(Trigger.CADENCE, at(minute))
    texts = [one.text for one in account.told(AlertRaised) if one.code == "RECONCILIATION_HALT"]
    assert [text[-16:] for text in texts] == ["+1 at the broker", "+2 at the broker"]
    account.loop.writer.write([Entry(TradingStateChanged(TradingState.ACTIVE, "seen"), at(10), ANNA)])
    made.run(Trigger.CADENCE, at(11))
    assert account.loop.supervisor is not None
    assert account.loop.supervisor.state() is TradingState.HALTED, "resumed, and nothing was set right"


def test_what_is_left_stands_beside_each_account_of_it_and_with_the_numbers_it_has_then() -> None:
    """Whoever asks again must not be told that both sides hold what only ours says."""
    account = Account([Told({DAY: [SPREAD]}, units=2)])
    account.tick(1)
    (held,) = account.broker._floor.account.held.values()
    held[put(480)] = 1
    made = reconciler(account)

    def asked(minute: int) -> list[tuple[str, str, str]]:
        head = account.ledger.head.seq
        made.run(Trigger.REQUEST, at(minute), requests=(account.ask(ReconcileRequested("look")),))
        written = [one.event for one in account.ledger.records(after=head)]
        assert any(isinstance(one, ReconciliationFinished) and one.open == 1 for one in written)
        return [(one.what, one.ours, one.theirs) for one in written if isinstance(one, DifferenceFound)]

    contract = instrument_symbol(put(480))
    assert asked(2) == [(contract, "-2", "+1")]
    assert asked(3) == [(contract, "-2", "+1")]
    held[put(480)] = 3
    head = account.ledger.head.seq
    made.run(Trigger.CADENCE, at(4))
    later = [one.event for one in account.ledger.records(after=head)]
    assert [one.theirs for one in later if isinstance(one, DifferenceFound)] == ["+3"]
    head = account.ledger.head.seq
    made.run(Trigger.CADENCE, at(5))
    assert account.ledger.head.seq == head, "nothing is repeated that nobody asked for"


def test_an_order_of_ours_that_works_there_and_ended_here_is_cancelled_there() -> None:
    account = Account([Told({DAY: [SPREAD]}, units=90)], volume=100)
    account.tick(1)
    (name,) = account.loop.state.open_orders
    ended = OrderClosed(OrderEnded(name, "cancelled", "lost", at(1)))
    account.loop.writer.write([Entry(ended, at(1), "broker")])
    settled(account, reconciler(account))
    assert account.broker.cancelled == [name]
    told = [one.event for one in account.ledger.records() if isinstance(one.event, DifferenceFound)]
    assert DifferenceFound("order", name, "ended", "working", "cancelled there", "") in told


def test_every_difference_says_what_each_side_had_and_what_was_done() -> None:
    account = Account([Told({})])
    account.tick(1)
    account.broker._floor.account.held["by hand"] = {put(480): -2}
    settled(account, reconciler(account))
    (found,) = account.told(DifferenceFound)
    assert (found.kind, found.ours, found.theirs, found.action) == ("external", "+0", "-2", "adopted")
    held = account.broker.positions()
    assert isinstance(held, Known)
    assert [type(one) for one in held.value] == [HeldReport]
    assert account.told(OrderPlaced) == []
