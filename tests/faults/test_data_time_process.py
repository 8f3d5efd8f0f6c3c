"""What can go wrong with data, time and the process itself: faults 41 to 50 of the list."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pytest

from faults.days import (
    CONDOR,
    LOWER,
    PATIENT,
    ROWS,
    SPREAD,
    Day,
    Timed,
    at,
    by_five_minutes,
    first,
)
from strikewise.adapters.brokers.fault_plan import Fault, FaultKind
from strikewise.domain.control import (
    AlertRaised,
    CloseRequested,
    FaultNoted,
    HaltRequested,
    ResumeRequested,
    TradingState,
    TradingStateChanged,
)
from strikewise.domain.errors import LedgerError
from strikewise.domain.events import OrderFilled, OrderPlaced, OrderRejected
from strikewise.domain.orders import Order, Purpose
from strikewise.domain.parameters import ParameterSet
from strikewise.domain.portfolio import Position
from strikewise.domain.reconciled import ReconciliationFailed
from strikewise.domain.signals import Action, Signal
from strikewise.engine.lookout import Vigilance
from strikewise.execution.halt_flag import Raised
from strikewise.market.view import MarketView
from strikewise.portfolio.ledger import Entry, Head

ONCE = Timed({}, at_minutes={15: [SPREAD]})
TWICE = Timed({}, at_minutes={15: [SPREAD], 45: [LOWER]})
LEAVES = Timed({}, at_minutes={15: [SPREAD]}, leaves_after=20)


def faults(day: Day) -> list[str]:
    return [one.code for one in day.told(FaultNoted)]


def alerts(day: Day) -> list[str]:
    return [one.code for one in day.told(AlertRaised)]


def state(day: Day) -> TradingState:
    assert day.loop.supervisor is not None
    return day.loop.supervisor.state()


@pytest.mark.parametrize("kind", [FaultKind.SILENT_STREAM, FaultKind.LOST_EVENTS])
@pytest.mark.parametrize("ladder", [None, PATIENT])
def test_41_42_what_a_stream_does_not_tell_is_found_by_looking(kind: FaultKind, ladder: object) -> None:
    day = Day([first(kind, lasts=30)], (TWICE,), ladder=ladder)  # type: ignore[arg-type]
    day.run(70)
    assert day.happened() == {kind}
    day.check()
    assert len(day.ours_alone()) == 2
    assert len({one.execution.execution_id for one in day.told(OrderFilled)}) == 2


def test_41_a_symbol_whose_chains_stop_in_a_session_is_told_once_and_its_return_too() -> None:
    quotes = by_five_minutes(minutes=30) | {at(minute): (490.0, ROWS) for minute in range(90, 121, 5)}
    day = Day([], (ONCE,), quotes=quotes, vigilance=Vigilance(stale=25 * 60, silent=0))
    day.run(120)
    assert faults(day) == ["STALE_CHAIN"]
    assert alerts(day) == ["STALE_CHAIN_OVER"]
    day.check()


@pytest.mark.parametrize("seed", range(4))
def test_43_a_clock_that_is_off_warns_and_one_that_is_far_off_halts_until_it_is_right(seed: int) -> None:
    day = Day([first(FaultKind.CLOCK_SKEW, nth=40, lasts=8)], (TWICE,), seed=seed)
    day.run(70)
    assert faults(day) == ["CLOCK_SKEW"]
    changes = [(one.state, one.reason) for one in day.told(TradingStateChanged)]
    assert changes in (
        [],
        [(TradingState.HALTED, "CLOCK_SKEW"), (TradingState.ACTIVE, "CLOCK_SKEW")],
    )
    assert state(day) is TradingState.ACTIVE
    day.check()


def test_44_a_broker_that_restarts_is_connected_again_and_looked_at_whole() -> None:
    day = Day([first(FaultKind.RESTART, nth=65, lasts=5)], (TWICE,))
    day.run(70)
    assert day.happened() == {FaultKind.RESTART}
    assert faults(day) == ["STREAM_GAP", "DISCONNECTED", "STREAM_GAP"]
    assert alerts(day) == ["DISCONNECTED_OVER"]
    day.check()
    assert len(day.ours_alone()) == 2


def test_45_hours_without_network_are_told_once_and_the_exit_goes_out_when_they_are_over() -> None:
    """Nothing is sent into the void: exits that were only refused would in the end halt trading."""
    cut = first(FaultKind.DISCONNECTED, nth=85, lasts=100)
    day = Day([cut], (LEAVES,), quotes=by_five_minutes(minutes=240))
    day.run(230)
    assert faults(day).count("DISCONNECTED") == 1
    assert alerts(day).count("DISCONNECTED_OVER") == 1
    assert len(day.told(ReconciliationFailed)) <= 1
    assert state(day) is TradingState.ACTIVE
    assert len(day.told(OrderRejected)) <= 1
    entry, leave = day.edge.heard
    assert (entry.created_at, leave.purpose) == (at(15), Purpose.CLOSE)
    back = next(one.known_at for one in day.ledger.records() if isinstance(one.event, AlertRaised))
    assert back > at(60), "it was due long before"
    assert timedelta() <= leave.created_at - back <= timedelta(minutes=5)
    day.check()
    assert not day.loop.state.positions


def test_45_a_start_without_network_waits_and_trades_nothing_until_it_is_there() -> None:
    day = Day([Fault(FaultKind.DISCONNECTED, nth=1, lasts=4)], (TWICE,))
    day.run(70)
    assert len(day.told(ReconciliationFailed)) == 1
    day.check()
    assert day.ours_alone()


# --- the ledger ---------------------------------------------------------------------------------------------


def test_46_an_order_that_cannot_be_written_down_is_not_sent() -> None:
    day = Day([], (TWICE,))
    write = day.ledger.append

    def failing(entries: Sequence[Entry], *, recorded_at: datetime, expected: int | None = None) -> Head:
        if at(10) <= day.clock.now() < at(30):
            raise LedgerError("the database is locked")
        return write(entries, recorded_at=recorded_at, expected=expected)

    day.ledger.append = failing  # type: ignore[method-assign]
    day.run(70)
    assert [one.created_at for one in day.edge.heard] == [at(45)]
    day.check()


# --- strategies that fail ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Broken(Timed):
    """Fails whenever it is asked for something new, and manages what it has."""

    name: str = "broken"

    def generate_signals(self, market_data: MarketView, params: ParameterSet) -> list[Signal]:
        raise ZeroDivisionError("division by zero")


@dataclass(frozen=True)
class Forgetful(Timed):
    """Opens, and fails at everything it is asked about what it opened."""

    name: str = "forgetful"

    def manage_position(self, position: Position, market_data: MarketView, params: ParameterSet) -> Action:
        raise KeyError("delta")


def test_48_a_strategy_that_fails_is_left_out_and_all_others_go_on() -> None:
    day = Day([], (Broken({}), LEAVES))
    ended = day.run(70)
    assert ended.code == 0
    assert faults(day).count("STRATEGY_FAILED") == 3, "after the third within an hour it is not asked again"
    assert [one.purpose for one in day.edge.heard] == [Purpose.OPEN, Purpose.CLOSE]
    day.check()


def test_48_what_a_failing_strategy_holds_is_still_closed_when_somebody_asks_for_it() -> None:
    day = Day([], (Forgetful({}, at_minutes={15: [SPREAD]}),))
    day.run(30)
    day.ask(ResumeRequested("seen"))
    position = day.ours_alone()[0].position_id
    from_control = day.clock.now()
    day.ask(CloseRequested(position, "seen"))
    day.run(60)
    leaves = [one for one in day.edge.heard if one.purpose is Purpose.CLOSE]
    assert leaves
    assert leaves[0].created_at - from_control <= timedelta(minutes=1)
    day.check()
    assert not day.loop.state.positions


# --- stop --------------------------------------------------------------------------------------------------


def halts(day: Day) -> Iterator[TradingStateChanged]:
    return (one for one in day.told(TradingStateChanged) if one.state is TradingState.HALTED)


def test_49_a_stop_during_a_submission_stops_the_next_order_of_the_same_moment() -> None:
    day = Day([], (Timed({}, at_minutes={15: [SPREAD, LOWER, CONDOR]}),))

    def stop(_: Order) -> None:
        day.flag.hoist(Raised("anna", day.clock.now(), "enough"))

    day.edge.slow = stop
    day.run(60)
    assert len(day.edge.heard) == 1
    assert len(day.told(OrderPlaced)) > 1, "the others were decided, and not sent"
    day.check()


def test_49_a_stop_that_is_pressed_twice_is_one_and_holds_over_restarts_until_a_person_resumes() -> None:
    day = Day([], (Timed({}, at_minutes={15: [SPREAD], 45: [LOWER], 75: [CONDOR]}),))
    for _ in range(2):
        day.clock.plan(at(30), lambda: day.ask(HaltRequested("enough")))
    day.die_once(40)
    day.clock.plan(at(70), lambda: day.ask(ResumeRequested("seen")))
    day.run(90)
    assert day.starts == 2
    assert [one.created_at for one in day.edge.heard] == [at(15), at(75)]
    assert len({one.reason for one in halts(day)}) == 1
    day.check()


def test_49_a_stop_while_nobody_runs_is_there_when_somebody_does() -> None:
    day = Day([], (TWICE,))
    day.die_once(30)
    day.while_down = lambda: day.flag.hoist(Raised("anna", day.clock.now(), "enough"))
    day.run(70)
    assert [one.created_at for one in day.edge.heard] == [at(15)]
    assert state(day) is TradingState.HALTED
    day.check()


# --- deaths ------------------------------------------------------------------------------------------------


def test_2_3_17_wherever_it_dies_it_ends_where_it_would_have_ended() -> None:
    """Killed once before or after every single thing it does that outlives it."""
    wishes = Timed({}, at_minutes={15: [SPREAD], 30: [CONDOR]}, leaves_after=35)

    def lived(*deaths: int) -> Day:
        day = Day([], (wishes,), ladder=PATIENT, poll=60.0)
        day.fate.deaths = set(deaths)
        day.run(110)
        day.check()
        return day

    never = lived()
    assert never.fate.done > 60
    for number in range(1, never.fate.done + 1, never.fate.done // 12):
        died = lived(number)
        assert died.starts >= never.starts
        assert {one.strategy for one in died.loop.state.positions.values()} <= {"told"}


def test_death_while_it_starts_is_survived_too() -> None:
    day = Day([], (TWICE,))
    day.fate.deaths = {3, 5, 6, 7, 9, 11}
    day.run(70)
    assert day.starts > 3
    day.check()
    assert len(day.ours_alone()) == 2


# --- a model that misbehaves -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Inventive(Timed):
    """Claims what is not so: no loss, certain profit, a size beyond all means."""

    name: str = "inventive"

    def generate_signals(self, market_data: MarketView, params: ParameterSet) -> list[Signal]:
        return [
            replace(one, probability_of_profit=1.0, score=1e9, edge_cents=10**9)
            for one in super().generate_signals(market_data, params)
        ]


def test_50_whoever_invents_numbers_is_sized_and_stopped_by_the_limits_all_the_same() -> None:
    from_nothing = Inventive({}, at_minutes={15: [SPREAD]}, units=10_000)
    day = Day([], (from_nothing,))
    day.run(40)
    assert day.edge.heard == []
    day.check()
