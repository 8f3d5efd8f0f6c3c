from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portfolio.event_strategies import START
from portfolio.fact_strategies import BY_KIND, instants
from strikewise.domain.control import (
    REQUESTS,
    BreakerReset,
    BreakerTripped,
    FaultNoted,
    HaltRequested,
    ProcessStarted,
    ProcessStopped,
    RequestMet,
    ResumeRequested,
    SymbolFrozen,
    SymbolReleased,
    TradingState,
    TradingStateChanged,
)
from strikewise.domain.errors import InvariantError
from strikewise.domain.events import Event, OrderRejected, OrderUnresolved
from strikewise.domain.reconciled import ReconciliationFailed, ReconciliationFinished
from strikewise.portfolio.controls import FAULT_LIFE, ControlState, NotedFault, is_person, person, stricter
from strikewise.portfolio.ledger import Entry, MemoryLedger

ACTIVE, REDUCING, HALTED = TradingState.ACTIVE, TradingState.REDUCING, TradingState.HALTED
ANNA = person("anna")
HOUR = timedelta(hours=1)

actors = st.sampled_from([ANNA, person("ben"), "engine", "risk", "broker", "anna"])
changes_of_state = st.builds(
    TradingStateChanged,
    st.sampled_from(TradingState),
    st.sampled_from(["DAILY_LOSS", "lunch"]),
    st.just(""),
    st.booleans(),
    st.booleans(),
)
breakers = st.tuples(st.sampled_from(["COOL_DOWN", "STREAK"]), st.sampled_from(["account", "underlying=SPY"]))
requests = st.one_of([BY_KIND[kind] for kind in REQUESTS])
facts: st.SearchStrategy[Event] = st.one_of(
    changes_of_state,
    requests,
    st.builds(RequestMet, st.integers(1, 40), st.just("so"), st.booleans()),
    breakers.flatmap(
        lambda which: st.one_of(
            st.builds(BreakerTripped, *map(st.just, which), st.none() | instants, st.just("n=2")),
            st.builds(BreakerReset, *map(st.just, which), st.just("enough")),
        )
    ),
    st.one_of(list(BY_KIND.values())),
    st.builds(SymbolFrozen, st.sampled_from(["SPY", "QQQ"]), st.just("split")),
    st.builds(SymbolReleased, st.sampled_from(["SPY", "QQQ"]), st.just("seen")),
)
stories = st.lists(st.builds(Entry, facts, instants, actors), max_size=40)


def ledger_of(story: list[Entry]) -> MemoryLedger:
    ledger = MemoryLedger()
    ledger.append(story, recorded_at=START)
    return ledger


def after(*told: tuple[Event, str], start: ControlState | None = None, at: datetime = START) -> ControlState:
    state = start or ControlState()
    for event, actor in told:
        state = state.apply(state.seq + 1, event, at, actor)
    return state


@given(stories, st.data())
def test_a_fold_may_be_cut_anywhere(story: list[Entry], data: st.DataObject) -> None:
    ledger = ledger_of(story)
    cut = data.draw(st.integers(0, len(story)))
    before = ControlState.fold(fact for fact in ledger.facts() if fact.seq <= cut)
    assert before.follow(ledger.facts(after=cut)) == ControlState.fold(ledger.records())


@given(stories)
def test_no_state_changes_once_it_is_made(story: list[Entry]) -> None:
    states, said = [ControlState()], [repr(ControlState())]
    for record in ledger_of(story).records():
        states.append(states[-1].apply(record.seq, record.event, record.known_at, record.actor))
        said.append(repr(states[-1]))
    assert [repr(state) for state in states] == said


@given(stories)
def test_requests_wait_until_they_are_met_and_never_longer(story: list[Entry]) -> None:
    waiting = {}
    for seq, entry in enumerate(story, 1):
        if isinstance(entry.event, REQUESTS):
            waiting[seq] = (entry.event, entry.actor, entry.known_at)
        elif isinstance(entry.event, RequestMet):
            waiting.pop(entry.event.request, None)
    assert dict(ControlState.fold(ledger_of(story).records()).requests) == waiting


@given(stories, changes_of_state, st.sampled_from(["engine", "risk", "broker", "anna"]))
def test_nobody_but_a_person_relaxes_what_only_a_person_may(
    story: list[Entry], change: TradingStateChanged, actor: str
) -> None:
    before = ControlState.fold(ledger_of(story).records())
    later = after((change, actor), start=before)
    if before.standing is not None:
        assert later.by_person
        assert stricter(later.state, before.standing.state) is later.state
        assert later.flatten >= before.standing.flatten
    assert stricter(later.state, change.state) is later.state
    assert later.flatten >= change.flatten


@given(stories, changes_of_state)
def test_what_a_person_says_holds_whatever_was_said_before(
    story: list[Entry], change: TradingStateChanged
) -> None:
    later = after((change, ANNA), start=ControlState.fold(ledger_of(story).records()))
    assert (later.state, later.flatten, later.by_person) == (change.state, change.flatten, change.by_person)
    assert later.reason == change.reason


@given(stories)
def test_without_a_word_of_a_person_the_last_change_decides(story: list[Entry]) -> None:
    said = [e for e in story if isinstance(e.event, TradingStateChanged) and not e.event.by_person]
    others = [e for e in story if not isinstance(e.event, TradingStateChanged)]
    state = ControlState.fold(ledger_of([*others, *said]).records())
    if said:
        last = said[-1].event
        assert isinstance(last, TradingStateChanged)
        assert (state.state, state.flatten, state.by_person) == (last.state, last.flatten, False)
    else:
        assert state.state is ACTIVE
        assert state.changed_at is None


@given(stories, instants)
def test_breakers_and_faults_run_out_by_time_and_nothing_else_does(story: list[Entry], now: datetime) -> None:
    state = ControlState.fold(ledger_of(story).records())
    later = state.at(now)
    assert set(later.breakers) <= set(state.breakers)
    for one in state.breakers:
        assert (one in later.breakers) == (one.until is None or one.until > now)
    assert all(fault.at > now - FAULT_LIFE for fault in later.faults)
    assert later.at(now) is later
    assert (later.state, later.requests, later.frozen) == (state.state, state.requests, state.frozen)


def test_a_halt_of_a_person_outlasts_a_breaker_that_came_and_went() -> None:
    state = after((TradingStateChanged(REDUCING, "lunch", by_person=True), ANNA))
    worse = after((TradingStateChanged(HALTED, "ERRORS", "n=5"), "risk"), start=state)
    assert (worse.state, worse.reason, worse.detail) == (HALTED, "ERRORS", "n=5")
    again = after((TradingStateChanged(ACTIVE, "errors are over"), "risk"), start=worse)
    assert (again.state, again.reason, again.by_person) == (REDUCING, "lunch", True)
    assert after((TradingStateChanged(ACTIVE, "back"), ANNA), start=again).state is ACTIVE


def test_what_the_loop_leaves_to_a_person_the_loop_does_not_take_back() -> None:
    halt = TradingStateChanged(HALTED, "CONTRARY_POSITION", by_person=True)
    state = after((halt, "engine"), (TradingStateChanged(ACTIVE, "start"), "engine"))
    assert (state.state, state.reason) == (HALTED, "CONTRARY_POSITION")


def test_the_instant_and_actor_are_those_of_the_last_real_change() -> None:
    state = after((TradingStateChanged(HALTED, "a", by_person=True), ANNA))
    later = after((TradingStateChanged(ACTIVE, "b"), "engine"), start=state, at=START + HOUR)
    assert (later.changed_at, later.changed_by) == (START, ANNA)


def test_a_resume_of_a_person_forgets_what_led_to_the_halt() -> None:
    state = after(
        (FaultNoted("broker", "TIMEOUT", ""), "engine"),
        (BreakerTripped("STREAK", "account", None, ""), "risk"),
        (BreakerTripped("COOL_DOWN", "underlying=SPY", START + HOUR, ""), "risk"),
        (TradingStateChanged(HALTED, "ERRORS"), "risk"),
    )
    assert (len(state.faults), len(state.breakers)) == (1, 2)
    by_engine = after((TradingStateChanged(ACTIVE, "over"), "engine"), start=state)
    assert (len(by_engine.faults), len(by_engine.breakers)) == (1, 2)
    resumed = after((TradingStateChanged(ACTIVE, "seen"), ANNA), start=state)
    assert resumed.faults == ()
    assert [one.breaker for one in resumed.breakers] == ["COOL_DOWN"]


def test_an_order_that_the_broker_did_not_answer_is_an_error_of_the_broker() -> None:
    state = after((OrderUnresolved("o1", "timed out"), "broker"))
    assert state.faults == (NotedFault(START, "broker", "NO_ANSWER"),)
    assert after((OrderRejected("o1", "X", ""), "broker")).faults == ()


def test_a_breaker_that_trips_again_holds_until_the_later_end() -> None:
    first = BreakerTripped("COOL_DOWN", "underlying=SPY", START + HOUR, "n=2")
    again = BreakerTripped("COOL_DOWN", "underlying=SPY", START + 2 * HOUR, "n=3")
    state = after((first, "risk"), (again, "risk"))
    assert [(one.until, one.detail) for one in state.breakers] == [(START + 2 * HOUR, "n=3")]
    assert state.at(START + 2 * HOUR).breakers == ()


def test_reconciliation_notes_when_it_agreed_and_how_often_it_did_not() -> None:
    failed = (ReconciliationFailed("start", "503"), "engine")
    state = after(failed, failed)
    assert (state.reconciled_at, state.reconciliation_failures) == (None, 2)
    state = after((ReconciliationFinished("start", 3, 1, "f9", "a2"), "engine"), start=state, at=START + HOUR)
    assert (state.reconciled_at, state.reconciliation_open) == (START + HOUR, 1)
    assert (state.fills_cursor, state.activities_cursor) == ("f9", "a2")
    assert state.reconciliation_failures == 0


def test_a_process_that_stopped_holds_the_ledger_no_more_and_another_one_still_does() -> None:
    started = (ProcessStarted("a", "1", "simulated", "file"), "engine")
    assert after(started, (ProcessStopped("a", "stop"), "engine")).holder == ""
    assert after(started, (ProcessStopped("b", "stop"), "engine")).holder == "a"


def test_a_symbol_is_frozen_until_it_is_released() -> None:
    state = after((SymbolFrozen("SPY", "split"), "engine"), (SymbolFrozen("QQQ", "gap"), "engine"))
    assert state.frozen == {"SPY": "split", "QQQ": "gap"}
    assert after((SymbolReleased("SPY", "seen"), ANNA), start=state).frozen == {"QQQ": "gap"}


def test_facts_are_folded_in_order() -> None:
    state = ControlState().apply(5, HaltRequested("x"), START, ANNA)
    with pytest.raises(InvariantError, match="Fact 5 cannot follow fact 5"):
        state.apply(5, ResumeRequested("y"), START, ANNA)


def test_only_who_is_named_a_person_is_one() -> None:
    assert is_person(person("anna"))
    assert not is_person("anna")
    assert not is_person("engine")
