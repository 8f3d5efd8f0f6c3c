"""What people ask of a trading process goes into its ledger, and halting works without it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from service.systems import system_of
from strikewise.domain.control import FlattenRequested, HaltRequested, RequestMet, ResumeRequested
from strikewise.domain.errors import LedgerError
from strikewise.execution.halt_flag import Raised
from strikewise.execution.heartbeat import Heartbeat
from strikewise.market.clock import ReplayClock
from strikewise.market.memory_source import MemorySource
from strikewise.portfolio.ledger import Entry, MemoryLedger
from strikewise.service.control import (
    Answer,
    ask_to_close,
    ask_to_flatten,
    ask_to_halt,
    ask_to_resume,
    is_running,
    stands_still,
)
from strikewise.service.system import System

NOW = datetime(2026, 1, 1, tzinfo=UTC)


class Waiting(ReplayClock):
    """A clock that lets something happen whenever somebody waits by it."""

    def __init__(self, happens: Callable[[], None] = lambda: None) -> None:
        super().__init__(NOW)
        self.happens = happens

    def monotonic(self) -> float:
        return self.now().timestamp()

    def wait(self, until: datetime, seconds: float) -> None:
        super().wait(min(until, self.now() + timedelta(seconds=seconds)), seconds)
        self.happens()


def beating(**changes: Any) -> Heartbeat:
    beat = Heartbeat(
        at=NOW,
        market_at=NOW,
        holder="here:1:",
        version="0",
        account="main",
        mode="rehearsed",
        broker="paper",
        feed="tape",
        state="active",
        reason="",
        phase="running",
        started_at=NOW,
        ticked_at=None,
        due_at=None,
        reconciled_at=None,
        open_differences=0,
        positions=0,
        orders=0,
        connected=True,
        seq=0,
    )
    return replace(beat, **changes)


def installed(ledger: MemoryLedger, beat: Heartbeat | None) -> System:
    return system_of(MemorySource(), account=ledger, heartbeat=lambda: beat)


def meets(ledger: MemoryLedger, outcome: str, *, done: bool = True) -> Callable[[], None]:
    def meet() -> None:
        number = ledger.head.seq
        ledger.append([Entry(RequestMet(number, outcome, done), NOW, "engine", number)], recorded_at=NOW)

    return meet


def test_a_request_is_written_under_the_persons_name_and_its_answer_is_waited_for() -> None:
    ledger = MemoryLedger()
    clock = Waiting(meets(ledger, "Trading is halted."))
    answer = ask_to_halt(installed(ledger, beating()), clock, "anna", "smoke")
    assert (answer.told.state, answer.told.outcome, answer.flagged) == ("met", "Trading is halted.", True)
    first = next(ledger.records())
    assert (first.event, first.actor) == (HaltRequested("smoke"), "person:anna")
    assert answer.seconds <= 0.2


def test_where_nobody_trades_nobody_is_waited_for() -> None:
    ledger = MemoryLedger()
    for beat in (None, beating(at=NOW - timedelta(minutes=2)), beating(phase="stopping")):
        system = installed(ledger, beat)
        answer = ask_to_resume(system, Waiting(), "anna", "looked")
        assert (answer.told.state, answer.running, answer.seconds) == ("waiting", False, 0.0)
        assert not is_running(system)


def test_one_who_does_not_answer_is_not_waited_for_long() -> None:
    answer = ask_to_halt(installed(MemoryLedger(), beating()), Waiting(), "anna", "smoke")
    assert (answer.told.state, answer.flagged) == ("waiting", True)
    assert answer.seconds == pytest.approx(3.0, abs=0.2)


def test_what_was_refused_says_why() -> None:
    ledger = MemoryLedger()
    clock = Waiting(meets(ledger, "There is nothing to close.", done=False))
    answer = ask_to_flatten(installed(ledger, beating()), clock, "anna", "out", "SPY")
    assert answer.refused
    assert answer.as_dict()["outcome"] == "There is nothing to close."
    assert next(ledger.records()).event == FlattenRequested("out", "SPY")


@pytest.mark.parametrize(("ask", "exits"), [(ask_to_halt, False), (ask_to_flatten, True)])
def test_when_the_ledger_fails_the_flag_alone_stops_new_risk(
    ask: Callable[[System, Waiting, str, str], Answer], exits: bool
) -> None:
    @contextmanager
    def broken() -> Iterator[MemoryLedger]:
        raise LedgerError("disk full")
        yield MemoryLedger()

    system = replace(installed(MemoryLedger(), beating()), ledger=broken)
    answer = ask(system, Waiting(), "anna", "smoke")
    assert answer.told.request is None
    assert "disk full" in answer.told.outcome
    raised = system.halt.read()
    assert raised is not None
    assert (raised.by, raised.reason, raised.exits) == ("anna", "smoke", exits)


def test_resuming_takes_the_flag_down() -> None:
    ledger = MemoryLedger()
    system = installed(ledger, None)
    system.halt.hoist(Raised("bob", NOW, "smoke"))
    answer = ask_to_resume(system, Waiting(), "anna", "looked")
    assert not answer.flagged
    assert next(ledger.records()).event == ResumeRequested("looked")


# --- out of everything --------------------------------------------------------------------------------------


def test_who_wants_out_after_a_halt_lets_exits_go_again() -> None:
    ledger = MemoryLedger()
    system = installed(ledger, None)
    system.halt.hoist(Raised("bob", NOW, "smoke"))
    assert stands_still(system)
    ask_to_flatten(system, Waiting(), "anna", "out of it")
    raised = system.halt.read()
    assert raised is not None
    assert (raised.by, raised.reason, raised.exits) == ("anna", "out of it", True)
    assert next(ledger.records()).event == FlattenRequested("out of it")
    assert not stands_still(system)


def test_out_of_one_underlying_leaves_a_halt_alone_and_says_that_nothing_moves() -> None:
    system = installed(MemoryLedger(), beating())
    system.halt.hoist(Raised("bob", NOW, "smoke"))
    ask_to_flatten(system, Waiting(), "anna", "out of it", "SPY")
    ask_to_close(system, Waiting(), "anna", "p1", "out of it", force=True)
    assert stands_still(system)
    assert system.halt.read() == Raised("bob", NOW, "smoke")


def test_a_process_that_halted_by_itself_stands_still_without_a_flag() -> None:
    assert stands_still(installed(MemoryLedger(), beating(state="halted")))
    assert not stands_still(installed(MemoryLedger(), beating(state="reducing")))
    assert not stands_still(installed(MemoryLedger(), beating(state="halted", phase="stopping")))


def test_where_the_ledger_fails_a_halt_stays_as_strict_as_it_was() -> None:
    @contextmanager
    def broken() -> Iterator[MemoryLedger]:
        raise LedgerError("disk full")
        yield MemoryLedger()

    system = replace(installed(MemoryLedger(), beating()), ledger=broken)
    system.halt.hoist(Raised("bob", NOW, "smoke"))
    answer = ask_to_flatten(system, Waiting(), "anna", "out")
    assert "nothing is closed" in answer.told.outcome
    assert stands_still(system)
