"""A process around the clock: what it does when, what stops it, and that it never acts in doubt."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from engine.hand_made import Told
from engine.watched import ANNA, CALENDAR, DAY, NEXT, ROWS, SPREAD, at
from execution.tapes import tape
from recovery.small_world import END, World, ours
from strikewise.domain.brokerage import Health
from strikewise.domain.control import (
    AlertRaised,
    FaultNoted,
    FlattenRequested,
    HaltRequested,
    OrderCancelAsked,
    ProcessStarted,
    ProcessStopped,
    ReconcileRequested,
    RequestMet,
    TradingState,
    TradingStateChanged,
)
from strikewise.domain.events import AccountOpened, OrderFilled, OrderPlaced
from strikewise.domain.orders import (
    BrokerEvent,
    Known,
    Order,
    Purpose,
    StreamGap,
    SubmitAnswer,
    Unknown,
)
from strikewise.domain.reconciled import (
    PositionWrittenOff,
    ReconciliationFailed,
    ReconciliationFinished,
)
from strikewise.execution.halt_flag import Raised
from strikewise.market.memory_source import MemorySource
from strikewise.portfolio.ledger import Entry


def asked(world: World, request: Any, minute: int, day: Any = DAY) -> None:
    """Let somebody ask for something as soon as the market's clock shows a minute."""
    append, done = world.ledger.append, []

    def overheard(entries: Any, **options: Any) -> Any:
        if not done and world.clock.now() >= at(minute, day):
            done.append(1)
            append([Entry(request, world.clock.now(), ANNA)], recorded_at=world.clock.now())
        return append(entries, **options)

    world.ledger.append = overheard


def test_two_days_are_traded_and_reported_and_both_sides_agree_at_the_end() -> None:
    world = World()
    daemon = world.process()
    ended = daemon.run(until=END)
    assert ended.code == 0
    purposes = [one.order.purpose for one in world.told(OrderPlaced)]
    assert purposes == [Purpose.OPEN, Purpose.CLOSE]
    assert ours(daemon) == world.truth()
    assert len([one for one in world.told(AlertRaised) if one.code == "DAY_REPORT"]) == 2
    assert len(world.told(ProcessStarted)) == len(world.told(ProcessStopped)) == 1
    triggers = [one.trigger for one in world.told(ReconciliationFinished)]
    assert triggers[0] == "start"
    assert triggers.count("before the open") == triggers.count("after the close") == 2


def test_the_first_day_is_reported_against_what_was_paid_in_and_each_other_against_the_day_before() -> None:
    world = World()
    world.process().run(until=END)
    reports = [one.text for one in world.told(AlertRaised) if one.code == "DAY_REPORT"]
    paid_in, told = world.told(AccountOpened)[0].cash_cents, []
    for text in reports:
        worth, change = re.findall(r"\$([\d,]+\.\d\d) \(([+-]\$[\d,]+\.\d\d) on the day", text)[0]
        cents = [int(re.sub(r"[^\d-]", "", amount)) for amount in (worth, change)]
        told.append((cents[0], cents[1]))
    (first, won), (second, then) = told
    assert won == first - paid_in
    assert won < 0, "what it opened costs at least the spread"
    assert then == second - first


def test_the_same_days_give_the_same_facts_whenever_they_are_replayed() -> None:
    first, second = World(), World()
    first.run()
    second.run()
    assert [one[:2] for one in first.records()] == [one[:2] for one in second.records()]


def test_what_it_will_refuse_for_want_of_data_is_said_at_the_start() -> None:
    world = World(source=MemorySource([tape({at(1): (490.0, ROWS)})]))
    world.process().run(until=at(0))
    (said,) = [pairs["problem"] for _, event, pairs in world.said if event == "not_ready"]
    assert str(said).startswith("Nothing is opened on SPY")
    ready = World()
    ready.process().run(until=at(0))
    assert "not_ready" not in [event for _, event, _ in ready.said]


def test_its_heartbeat_says_what_it_is_and_how_it_stands() -> None:
    world = World()
    world.run()
    assert world.beats[0].phase == "starting"
    assert world.beats[-1].phase == "stopping"
    running = [one for one in world.beats if one.phase == "running"]
    assert all(one.connected and one.state == "active" for one in running)
    assert max(one.positions for one in running) == 1


def test_nothing_is_traded_until_the_brokers_side_was_seen_whole() -> None:
    world = World()
    seen = world.broker.positions
    world.broker.positions = lambda: (  # type: ignore[method-assign]
        Unknown("not yet") if world.clock.now() < at(3) else seen()
    )
    world.run()
    placed = [one for one in world.records() if isinstance(one.event, OrderPlaced)]
    assert placed[0].known_at >= at(3)
    assert len(world.told(ReconciliationFailed)) >= 1


def test_what_differs_at_a_start_is_looked_at_again_before_anything_is_sent() -> None:
    """An exit for what is not there any more would open the contrary."""
    world = World()
    world.process().run(until=CALENDAR.session_close(DAY) + timedelta(hours=1))
    world.clock.wait(at(1, NEXT), 0.0)
    seen = world.broker.positions()
    assert isinstance(seen, Known)
    assert seen.value
    world.broker.positions = lambda: replace(seen, value=(), as_of=world.clock.now())  # type: ignore[method-assign]
    world.run()
    assert len(world.told(PositionWrittenOff)) == 1
    assert [one.order.purpose for one in world.told(OrderPlaced)] == [Purpose.OPEN]


def test_looking_once_ends_with_a_failure_where_the_broker_cannot_be_seen() -> None:
    world = World()
    world.broker.positions = lambda: Unknown("never")  # type: ignore[method-assign]
    ended = world.process().run(once=True)
    assert ended.code == 4
    assert world.told(OrderPlaced) == []


def test_looking_once_scans_now_and_leaves() -> None:
    world = World()
    world.clock.wait(at(2) - timedelta(minutes=1), 0.0)
    ended = world.process().run(once=True)
    assert ended.code == 0
    assert len(world.told(OrderFilled)) == 1
    assert len(world.told(ProcessStopped)) == 1


@pytest.mark.parametrize(("stops_on", "purpose"), [(DAY, Purpose.OPEN), (NEXT, Purpose.CLOSE)])
def test_when_it_is_told_to_stop_it_takes_back_what_would_open_and_leaves_what_closes(
    stops_on: Any, purpose: Purpose
) -> None:
    world = World()
    daemon, submit = world.process(), world.broker.submit

    def rests(order: Order) -> SubmitAnswer:
        return submit(replace(order, limit_cents=-1_000_000) if order.purpose is purpose else order)

    def health() -> Health:
        if world.clock.now() >= at(2, stops_on):
            daemon.stop("enough")
        return Health(connected=True)

    world.broker.submit, world.broker.health = rests, health  # type: ignore[method-assign]
    ended = daemon.run(until=END)
    assert (ended.reason, ended.code) == ("enough", 0)
    asked = [one.order_id for one in world.told(OrderCancelAsked) if one.reason == "the process stops"]
    placed = world.told(OrderPlaced)[-1].order
    assert placed.purpose is purpose
    assert asked == ([placed.order_id] if purpose is Purpose.OPEN else [])
    left = [one.order.order_id for one in daemon._duties.loop.state.open_orders.values()]
    assert left == ([] if purpose is Purpose.OPEN else [placed.order_id])


def test_a_lost_lease_ends_it_at_once_and_nothing_more_is_written() -> None:
    world = World()
    daemon = world.process()
    world.leases.lost = True
    ended = daemon.run(until=END)
    assert ended.code == 3
    assert "elsewhere" in ended.reason
    assert world.told(ProcessStopped) == []
    assert "stopping" not in [one.phase for one in world.beats], "it would stand in the other one's place"


def test_a_second_writer_ends_it() -> None:
    world = World()
    asked(world, TradingStateChanged(TradingState.ACTIVE, "odd"), 2)
    assert world.run().code == 3


def test_a_halt_is_met_and_holds_over_a_restart_until_a_person_resumes() -> None:
    world = World()
    asked(world, HaltRequested("enough"), 0)
    world.process().run(until=CALENDAR.session_close(DAY))
    world.run()
    assert world.told(OrderFilled) == []
    assert world.told(RequestMet)[0].done


def test_flattening_closes_what_is_held_within_the_minute() -> None:
    world = World(trader=Told({DAY: [SPREAD]}))
    asked(world, FlattenRequested("out"), 3)
    world.run()
    orders = {one.event.order.purpose: one for one in world.records() if isinstance(one.event, OrderPlaced)}
    assert orders[Purpose.CLOSE].event.order.reason == "FLATTEN"
    assert orders[Purpose.CLOSE].known_at - at(3) <= timedelta(minutes=1)


def test_a_wish_to_reconcile_is_met_by_one() -> None:
    world = World()
    asked(world, ReconcileRequested("curious"), 2)
    world.run()
    assert world.told(RequestMet)[0].done
    assert "asked for" in [one.trigger for one in world.told(ReconciliationFinished)]


def test_a_raised_flag_stops_it_though_the_ledger_says_nothing() -> None:
    world = World()
    world.flag.hoist(Raised("bob", at(0), "smoke"))
    world.run()
    assert world.told(OrderPlaced) == []
    assert world.told(TradingStateChanged)[0].reason == "smoke"


def test_after_a_gap_in_the_stream_both_sides_are_compared() -> None:
    world = World()
    events, gone = world.broker.events, []

    def cut() -> Sequence[BrokerEvent]:
        if world.clock.now() >= at(2) and not gone:
            gone.append(1)
            return [*events(), StreamGap("reset", world.clock.now())]
        return events()

    world.broker.events = cut  # type: ignore[method-assign]
    world.run()
    kinds = [type(one.event) for one in world.records()]
    assert FaultNoted in kinds
    assert "an order or the stream is in doubt" not in {
        one.reason for one in world.told(ReconciliationFailed)
    }


def test_a_broker_that_is_gone_for_a_while_is_told_once_and_connected_again() -> None:
    world = World()
    inner = world.broker.health
    away = (at(2), at(4))

    def health() -> Health:
        gone = away[0] <= world.clock.now() < away[1]
        return Health(connected=False, reason="the line is cut") if gone else inner()

    world.broker.health = world.broker.connect = health  # type: ignore[method-assign]
    daemon = world.process()
    daemon.run(until=END)
    faults = [one for one in world.told(FaultNoted) if one.code == "DISCONNECTED"]
    assert len(faults) == 1
    assert "DISCONNECTED_OVER" in [one.code for one in world.told(AlertRaised)]
    assert ours(daemon) == world.truth()


def test_while_a_broker_that_answers_tells_nothing_exits_go_on_and_nothing_is_opened() -> None:
    world = World(trader=Told({DAY: [SPREAD], NEXT: [SPREAD]}, closes=frozenset({NEXT})))
    lost = (at(0, NEXT), CALENDAR.session_close(NEXT))
    inner, events = world.broker.health, world.broker.events

    def silent() -> bool:
        return lost[0] <= world.clock.now() < lost[1]

    def health() -> Health:
        return Health(connected=True, reason="the line is cut", tells=False) if silent() else inner()

    world.broker.health = world.broker.connect = health  # type: ignore[method-assign]
    world.broker.events = lambda: [] if silent() else events()  # type: ignore[method-assign]
    daemon = world.process()
    daemon.run(until=END)
    orders = [one.order.purpose for one in world.told(OrderPlaced)]
    assert orders == [Purpose.OPEN, Purpose.CLOSE]
    assert [one.code for one in world.told(FaultNoted)].count("STREAM_LOST") == 1
    assert [one.code for one in world.told(AlertRaised)].count("STREAM_LOST_OVER") == 1
    filled = [one.known_at for one in world.records() if isinstance(one.event, OrderFilled)]
    assert lost[0] < filled[1] < lost[1], "asking finds what nobody told"
    assert ours(daemon) == world.truth()


@pytest.mark.parametrize(("skew", "halts"), [(5.0, False), (-45.0, True)])
def test_a_brokers_clock_that_differs_warns_and_far_off_halts_until_it_is_right(
    skew: float, halts: bool
) -> None:
    world = World()
    world.broker.health = lambda: Health(  # type: ignore[method-assign]
        connected=True, skew_seconds=skew if world.clock.now() < at(3) else 0.1
    )
    world.run()
    assert [one.code for one in world.told(FaultNoted)] == ["CLOCK_SKEW"]
    changes = [one.state for one in world.told(TradingStateChanged)]
    assert changes == ([TradingState.HALTED, TradingState.ACTIVE] if halts else [])
    first = next(one for one in world.records() if isinstance(one.event, OrderPlaced))
    assert (first.known_at >= at(3)) is halts


@dataclass(frozen=True)
class Raising(Told):
    def manage_position(self, position: Any, market_data: Any, params: Any) -> Any:
        raise KeyError("delta")


def test_an_exception_of_a_strategy_does_not_stop_the_process() -> None:
    world = World(trader=Raising({DAY: [SPREAD]}))
    assert world.run().code == 0
    assert {one.source for one in world.told(FaultNoted)} == {"strategy"}


def test_too_many_failures_of_our_own_end_it_with_a_code_of_its_own() -> None:
    world = World()

    def fails(*_: Any) -> Any:
        raise RuntimeError("out of order")

    world.broker.open_orders = fails  # type: ignore[method-assign]
    ended = world.run()
    assert ended.code == 1
    assert "RuntimeError: out of order" in ended.reason
    assert [one.code for one in world.told(FaultNoted)].count("DUTY_FAILED") == 5


def test_money_that_does_not_add_up_ends_it_and_halts_until_a_person_has_looked() -> None:
    world = World()
    daemon = world.process()
    writer = daemon._duties.loop.writer
    write = writer.write

    def loses(entries: Any) -> None:
        write(entries)
        if world.clock.now() >= at(2):
            writer.state = replace(writer.state, cash_cents=writer.state.cash_cents - 1)

    writer.write = loses  # type: ignore[method-assign]
    ended = daemon.run(until=END)
    assert ended.code == 1
    halted = world.told(TradingStateChanged)[-1]
    assert (halted.state, halted.reason, halted.by_person) == (TradingState.HALTED, "INVARIANT", True)


def test_it_goes_on_where_it_was_stopped() -> None:
    world = World()
    world.process().run(until=CALENDAR.session_close(DAY) + timedelta(hours=1))
    held = world.truth()
    assert held[1]
    daemon = world.process()
    daemon.run(until=END)
    assert ours(daemon) == world.truth()
    assert world.truth()[1] == {}
    opened = [one for one in world.told(OrderPlaced) if one.order.purpose is Purpose.OPEN]
    assert len(opened) == 1
    assert NEXT > DAY
    answer = world.broker.open_orders()
    assert isinstance(answer, Known)
    assert answer.value == ()
