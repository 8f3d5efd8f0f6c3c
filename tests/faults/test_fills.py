"""What can go wrong with fills: faults 11 to 19 of the list."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

from faults.days import CASH, PATIENT, SPREAD, Day, Timed, at, first, known
from strikewise.adapters.brokers.fault_plan import FaultKind
from strikewise.domain.control import AlertRaised, OrderCancelAsked, SymbolFrozen
from strikewise.domain.events import CashFlowed, OrderClosed, OrderFilled, OrderPlaced
from strikewise.domain.orders import Purpose
from strikewise.domain.reconciled import (
    CashAdjusted,
    DifferenceFound,
    ExecutionReversed,
    PositionAdopted,
    PositionWrittenOff,
)
from strikewise.execution.world import Filled, FillTakenBack

ONCE = Timed({}, at_minutes={15: [SPREAD]})
FOUR = Timed({}, at_minutes={15: [SPREAD]}, units=4)


def units(day: Day) -> list[int]:
    return [one.quantity for one in day.ours_alone()]


def test_11_what_filled_before_the_rest_was_cancelled_is_held_and_no_more() -> None:
    day = Day([first(FaultKind.PARTIAL_THEN_CANCELLED)], (FOUR,), ladder=PATIENT)
    day.run(60)
    assert day.happened() == {FaultKind.PARTIAL_THEN_CANCELLED}
    filled = sum(one.execution.quantity for one in day.told(OrderFilled))
    assert 0 < filled < 4
    day.check()
    assert units(day) == [filled]


def test_12_a_fill_wins_against_the_cancel_that_is_under_way() -> None:
    day = Day([first(FaultKind.FILL_BEATS_CANCEL)], (ONCE,), ladder=PATIENT)
    day.run(60)
    assert [one.order_id for one in day.told(OrderCancelAsked)] == [day.edge.heard[0].order_id]
    day.check()
    assert units(day) == [1]
    assert len(day.edge.heard) == 1, "what was filled is not tried at a further limit"


def test_13_a_fill_that_is_told_twice_is_booked_once() -> None:
    day = Day([first(FaultKind.DUPLICATE_FILL, times=5)], (FOUR,))
    day.run(60)
    told = Counter(one.execution.execution_id for one in day.told(OrderFilled))
    assert max(told.values()) == 2, "both are written down"
    assert not day.told(AlertRaised)
    day.check()
    assert units(day) == [4]


def test_15_a_fill_after_the_end_of_its_order_counts() -> None:
    day = Day([first(FaultKind.FILL_AFTER_END)], (ONCE,), ladder=PATIENT)
    day.run(60)
    late = day.told(OrderFilled)[0].execution
    (end,) = [one.ended for one in day.told(OrderClosed) if one.ended.order_id == late.order_id]
    assert end.outcome == "cancelled"
    assert "FILL_AFTER_END" in [one.code for one in day.told(AlertRaised)]
    day.check()
    assert sum(units(day)) == sum(one.execution.quantity for one in day.told(OrderFilled))


def test_16_more_than_was_ordered_is_held_told_and_freezes_the_symbol() -> None:
    day = Day([first(FaultKind.OVERFILL)], (ONCE,))
    day.run(60)
    assert sum(one.execution.quantity for one in day.told(OrderFilled)) == 2
    assert "OVERFILL" in [one.code for one in day.told(AlertRaised)]
    assert [one.symbol for one in day.told(SymbolFrozen)] == ["SPY"]
    day.check()
    assert units(day) == [2]


def test_17_what_filled_while_nobody_ran_is_booked_at_the_start_and_its_exit_is_judged_at_once() -> None:
    day = Day([], (Timed({}, at_minutes={15: [SPREAD]}, leaves_after=20),), ladder=PATIENT)
    day.die_once(16)

    def meanwhile() -> None:
        (order,) = day.edge.heard
        assert day.truth.happened(Filled(order.order_id, 1)) == ""
        day.clock.go_to(at(50))

    day.while_down = meanwhile
    day.run(90)
    assert day.starts == 2
    (booked,) = [one for one in day.told(DifferenceFound) if one.kind == "fill"]
    assert booked.action == "booked"
    entry, leave, *_ = (one.order for one in day.told(OrderPlaced))
    assert (entry.purpose, leave.purpose) == (Purpose.OPEN, Purpose.CLOSE)
    assert leave.created_at - at(50) < timedelta(seconds=30), "not only at the next minute's look"
    day.check()
    assert not day.loop.state.positions


def test_18_a_late_or_absurd_fee_is_booked_as_told_and_put_right_as_told() -> None:
    for kind in (FaultKind.LATE_FEE, FaultKind.ABSURD_FEE):
        day = Day([first(kind)], (ONCE,))
        day.run(60)
        flows = [one.flow.cash_cents for one in day.told(CashFlowed)]
        assert flows
        assert sum(flows) < 1_000, "what was absurd was given back"
        day.check()
        assert day.loop.state.realised_cents == -sum(flows) or day.ours_alone()[0].fees_cents


def test_19_an_order_that_filled_and_was_taken_back_while_nobody_ran_is_ended_and_holds_nothing() -> None:
    day = Day([], (ONCE,), ladder=PATIENT)
    day.die_once(16)

    def meanwhile() -> None:
        (order,) = day.edge.heard
        assert day.truth.happened(Filled(order.order_id, 1)) == ""
        (fill,) = known(day.truth.fills_since("")).items
        assert day.truth.happened(FillTakenBack(fill.execution_id, "clearly erroneous")) == ""
        day.clock.go_to(at(18))

    day.while_down = meanwhile
    day.run(60)
    assert [one.ended.outcome for one in day.told(OrderClosed)] == ["cancelled"]
    day.check()
    assert not day.loop.state.positions
    assert not day.loop.state.open_orders


def test_19_a_fill_that_is_taken_back_is_reversed_by_a_fact_and_its_correction_is_another_fill() -> None:
    for kind, left in ((FaultKind.BUST, []), (FaultKind.CORRECTION, [1])):
        day = Day([first(kind)], (ONCE,))
        day.run(60)
        assert len(day.told(ExecutionReversed)) == 1
        assert not day.told(SymbolFrozen), "a correction is no second fill"
        day.check()
        assert units(day) == left


def in_silence(day: Day, minute: int) -> None:
    """Plan that the last fill is taken back at a minute after the open, and that nobody tells it."""

    def take_back() -> None:
        fill = known(day.truth.fills_since("")).items[-1]
        assert day.truth.happened(FillTakenBack(fill.execution_id, "clearly erroneous")) == ""
        assert day.truth.events()

    day.clock.plan(at(minute), take_back)


def test_19_a_fill_that_is_taken_back_in_silence_is_reversed_and_its_money_is_no_transfer() -> None:
    day = Day([], (ONCE,))
    in_silence(day, 20)
    day.run(60)
    assert len(day.told(ExecutionReversed)) == 1
    assert not day.told(CashAdjusted)
    assert not day.told(PositionWrittenOff)
    assert not day.told(SymbolFrozen)
    assert "FILL_TAKEN_BACK" in [one.code for one in day.told(AlertRaised)]
    day.check()
    assert not day.held()
    assert (day.loop.state.realised_cents, day.loop.state.deposited_cents) == (0, CASH)


def test_19_an_exit_that_is_taken_back_in_silence_leaves_the_position_ours_and_is_decided_anew() -> None:
    day = Day([], (Timed({}, at_minutes={15: [SPREAD]}, leaves_after=20),))
    in_silence(day, 40)
    day.run(90)
    assert [one.order_id for one in day.told(ExecutionReversed)] == [
        one.order.order_id for one in day.told(OrderPlaced) if one.order.purpose is Purpose.CLOSE
    ][:1]
    assert not day.told(PositionAdopted)
    day.check()
    assert not day.held(), "it is closed by an order of its own"
    assert day.loop.state.deposited_cents == CASH
