"""What can go wrong between a decision and the broker's word for it: faults 1 to 10 of the list."""

from __future__ import annotations

from datetime import timedelta

import pytest

from execution.tapes import put
from faults.days import PATIENT, SPREAD, Day, KilledError, Timed, at, by_five_minutes, first
from strikewise.adapters.brokers.fault_plan import FaultKind
from strikewise.domain.control import AlertRaised, TradingState
from strikewise.domain.events import (
    OrderAccepted,
    OrderClosed,
    OrderFilled,
    OrderPlaced,
    OrderRejected,
    OrderUnresolved,
)
from strikewise.domain.instruments import Stock
from strikewise.domain.orders import PUT_OFF, Order, Purpose, StreamGap
from strikewise.domain.reconciled import DifferenceFound, PositionAdopted
from strikewise.engine.schedule import Cadence
from strikewise.execution.refusals import Refusal
from strikewise.execution.world import Transferred

ANEW = Timed({}, at_minutes={15: [SPREAD], 45: [SPREAD]})
"""Wants the same spread twice: the second time for the case that nothing came of the first."""


@pytest.mark.parametrize(
    "kind",
    [
        FaultKind.TIMEOUT_AFTER_ACCEPTANCE,
        FaultKind.BROKEN_BODY,
        FaultKind.FILL_BEFORE_ANSWER,
    ],
)
@pytest.mark.parametrize("ladder", [None, PATIENT])
def test_1_9_14_an_order_whose_answer_was_lost_is_found_by_its_id_and_never_sent_again(
    kind: FaultKind, ladder: object
) -> None:
    day = Day([first(kind)], (ANEW,), ladder=ladder)  # type: ignore[arg-type]
    day.run(60)
    assert day.happened() == {kind}
    assert len(day.told(OrderUnresolved)) == 1
    day.check()
    assert len(day.ours_alone()) == 1
    intents = {one.order_id.rpartition("-")[0] for one in day.edge.heard}
    assert len(intents) == 1, "one intent, however many limits it was tried at"


def test_1_an_order_without_an_answer_is_looked_up_at_once_and_not_at_the_next_turn() -> None:
    seldom = Cadence(scan=300, manage=60, reconcile=3600)
    day = Day([first(FaultKind.TIMEOUT_AFTER_ACCEPTANCE)], (ANEW,), cadence=seldom, ladder=PATIENT)
    day.run(17)
    found = [one.known_at for one in day.ledger.records() if isinstance(one.event, OrderAccepted)]
    assert found[0] - at(15) < timedelta(seconds=30)


def test_42_after_a_gap_in_the_stream_both_sides_are_compared_at_once() -> None:
    seldom = Cadence(scan=300, manage=60, reconcile=3600)
    day = Day([], (ANEW,), cadence=seldom)
    shares = Transferred(Stock("SPY"), 100)
    day.clock.plan(at(40), lambda: day.truth.happened(shares))
    day.clock.plan(at(41), lambda: day.edge._stream.say(StreamGap("the stream was cut", at(41))))
    day.run(45)
    adopted = [one.known_at for one in day.ledger.records() if isinstance(one.event, PositionAdopted)]
    assert adopted
    assert adopted[0] - at(41) < timedelta(seconds=30)


@pytest.mark.parametrize("seed", range(6))
def test_9_after_a_server_error_the_order_is_taken_on_or_given_up_and_decided_anew(seed: int) -> None:
    day = Day([first(FaultKind.SERVER_ERROR)], (ANEW,), seed=seed)
    day.run(60)
    assert len(day.told(OrderUnresolved)) == 1
    never_sent = [one for one in day.told(OrderClosed) if one.ended.outcome == "never_sent"]
    day.check()
    assert len(day.ours_alone()) == 1
    assert len(day.edge.heard) == 1 + len(never_sent)


def test_1_an_order_that_never_arrived_is_given_up_after_three_reads_five_seconds_apart() -> None:
    day = Day([first(FaultKind.LOST_BEFORE_ACCEPTANCE)], (ANEW,), poll=1.0)
    day.run(60)
    (end,) = [one.ended for one in day.told(OrderClosed)]
    assert end.outcome == "never_sent"
    assert 10 <= (end.at - at(15)).total_seconds() <= 15
    day.check()
    assert [one.created_at for one in day.edge.heard] == [at(15), at(45)]


def test_2_killed_before_the_send_the_order_never_was_and_is_decided_anew_and_not_replayed() -> None:
    day = Day([], (ANEW,))

    def die(_: Order) -> None:
        day.edge.slow = lambda _order: None
        raise KilledError

    day.edge.slow = die
    day.run(60)
    assert day.starts == 2
    assert [one.ended.outcome for one in day.told(OrderClosed)] == ["never_sent"]
    stale, anew = day.told(OrderPlaced)
    day.check()
    assert [one.order_id for one in day.edge.heard] == [anew.order.order_id]
    assert (stale.order.created_at, anew.order.created_at) == (at(15), at(45))
    assert len(day.ours_alone()) == 1


@pytest.mark.parametrize("ladder", [None, PATIENT])
def test_3_killed_after_the_send_the_order_is_adopted_by_its_id_and_makes_one_position(
    ladder: object,
) -> None:
    day = Day([], (ANEW,), ladder=ladder)  # type: ignore[arg-type]

    def die_after(_: Order) -> None:
        day.edge.slow = lambda _order: None
        day.fate.deaths.add(day.fate.done + 1)

    day.edge.slow = die_after
    day.run(60)
    assert day.starts == 2
    found = [one for one in day.told(DifferenceFound) if one.kind in ("fill", "order")]
    assert found, "it was found at the start, and not by the stream of the dead"
    day.check()
    assert len(day.ours_alone()) == 1
    assert len({one.order_id.rpartition("-")[0] for one in day.edge.heard}) == 1


def test_4_every_attempt_of_an_intent_carries_its_digest_and_no_id_is_sent_twice() -> None:
    day = Day([], (ANEW,), ladder=PATIENT)
    day.run(60)
    ids = [one.order_id for one in day.edge.heard]
    assert len(ids) == 3, "one at each limit"
    assert {one.rpartition("-")[0] for one in ids} == {ids[0].rpartition("-")[0]}
    assert [one.rpartition("-")[2] for one in ids] == ["1", "2", "3"]
    assert [one.replaces for one in day.edge.heard] == ["", *ids[:-1]]
    day.check()


def test_5_an_order_refused_as_a_repetition_of_itself_is_ours_all_the_same() -> None:
    day = Day([first(FaultKind.DUPLICATE_ID)], (ANEW,))
    day.run(60)
    assert [one.code for one in day.told(OrderRejected)] == [Refusal.DUPLICATE_ID]
    day.check()
    assert len(day.ours_alone()) == 1
    assert len(day.told(OrderFilled)) == 1


def test_6_a_definite_refusal_ends_the_order_with_its_reason_and_counts() -> None:
    day = Day([first(FaultKind.REJECTED)])
    day.run(60)
    (refused,) = day.told(OrderRejected)
    assert (refused.code, refused.text) == (Refusal.BUYING_POWER, "insufficient options buying power")
    assert day.loop.supervisor is not None
    assert day.loop.supervisor.oversight.track.refused == (day.edge.heard[0].order_id,)
    day.check()
    assert not day.loop.state.positions


def test_6_refusals_in_a_row_halt_until_a_person_has_looked() -> None:
    wishes = {minute: [SPREAD] for minute in range(15, 90, 5)}
    day = Day([first(FaultKind.REJECTED, times=50)], (Timed({}, at_minutes=wishes),))
    day.run(100)
    assert day.loop.supervisor is not None
    limit = day.governor.rejections
    assert day.loop.supervisor.state() is TradingState.HALTED
    assert len(day.edge.heard) == limit
    day.check()


def test_6_refusals_that_say_nothing_against_an_order_count_for_nothing() -> None:
    leaves = Timed({}, at_minutes={15: [SPREAD]}, leaves_after=10)
    day = Day([first(FaultKind.RATE_LIMITED, nth=2, times=8)], (leaves,))
    day.run(60)
    assert len(day.told(OrderRejected)) == 8
    assert {one.code for one in day.told(OrderRejected)} <= PUT_OFF
    assert {one.value for one in Refusal} >= PUT_OFF
    day.check()
    assert not day.loop.state.positions, "the ninth try went out: trading was not halted"


def test_7_a_refusal_told_as_a_cancellation_leaves_nothing_open() -> None:
    day = Day([first(FaultKind.REJECTED_AS_CANCELLED)], (ANEW,))
    day.run(60)
    assert [one.ended.reason for one in day.told(OrderClosed)] == ["rejected: margin rules"]
    day.check()
    assert len(day.edge.heard) == 2


def test_8_an_order_that_was_put_off_is_not_repeated_in_the_same_breath_and_an_exit_is_tried_again() -> None:
    leaves = Timed({}, at_minutes={15: [SPREAD]}, leaves_after=10)
    day = Day([first(FaultKind.RATE_LIMITED, nth=2)], (leaves,))
    day.run(60)
    purposes = [one.purpose for one in day.edge.heard]
    assert purposes == [Purpose.OPEN, Purpose.CLOSE, Purpose.CLOSE]
    first_try, second_try = (one.created_at for one in day.edge.heard[1:])
    assert first_try < second_try
    day.check()
    assert not day.loop.state.positions


def test_10_nothing_that_is_sent_is_off_the_grid_or_for_less_than_one() -> None:
    between = [(put(480), 100, 105), (put(475), 40, 45)]  # half way from mid to the touch lies 57.5 cents
    quotes = by_five_minutes(between, minutes=95)
    day = Day([], (Timed({}, at_minutes={15: [SPREAD]}, units=7, leaves_after=20),), quotes, ladder=PATIENT)
    day.run(90)
    limits = [one.limit_cents for one in day.edge.heard if one.limit_cents is not None]
    assert {-6_000, -5_800, -5_500} <= set(limits), "what is received is rounded up"
    assert all(limit % 100 == 0 for limit in limits)
    assert all(one.quantity >= 1 for one in day.edge.heard)
    day.check()


def test_what_was_lost_on_the_way_is_told_to_nobody_twice() -> None:
    """One alert at most about one order: people stop reading what repeats itself."""
    day = Day([first(FaultKind.TIMEOUT_AFTER_ACCEPTANCE, lasts=2)], (ANEW,))
    day.run(90)
    day.check()
    told = [(one.code, one.text) for one in day.told(AlertRaised)]
    assert len(told) == len(set(told))
    assert len(day.told(OrderAccepted)) <= 1
