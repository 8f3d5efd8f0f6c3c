"""The outbox keeps its promises over restarts: told once, critical never lost, the same trouble counted."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.alerts.stage import START, Clock, Saying, Wire, alert, traded, written
from strikewise.adapters.alerts.alert import Level
from strikewise.adapters.alerts.channels import Failed, Later, Outcome
from strikewise.adapters.alerts.dispatcher import Dispatcher, Route
from strikewise.adapters.alerts.outbox import Outbox, Place
from strikewise.adapters.alerts.policy import Message, Policy
from strikewise.adapters.alerts.rules import Rules
from strikewise.adapters.alerts.watcher import Watcher
from strikewise.domain.control import AlertRaised, BreakerReset, BreakerTripped, FaultNoted
from strikewise.domain.errors import StoreError
from strikewise.domain.events import Event, OrderDenied
from strikewise.domain.reconciled import DifferenceFound
from strikewise.portfolio.ledger import MemoryLedger


def dispatcher(
    ledger: MemoryLedger, outbox: Outbox, clock: Clock, *wires: Wire, rate: int = 60
) -> Dispatcher:
    routes = [Route(wire, policy=Policy(rate)) for wire in wires]
    return Dispatcher(ledger, Watcher(Rules()), outbox, routes, clock, Saying())


@settings(max_examples=12, deadline=None)
@given(
    st.lists(
        st.sampled_from(["fact", "critical", "restart", "look", "deliver", "fail", "later"]), max_size=30
    )
)
def test_each_fact_is_told_once_whatever_fails_and_however_often_it_is_restarted(steps: list[str]) -> None:
    ledger, clock, wire = MemoryLedger(), Clock(), Wire()
    expected: list[str] = []
    with TemporaryDirectory() as folder, ExitStack() as stack:

        def begun() -> tuple[Outbox, Dispatcher]:
            box = stack.enter_context(Outbox(Path(folder) / "alerts.db", "main"))
            return box, dispatcher(ledger, box, clock, wire)

        box, teller = begun()
        teller.look()
        for number, step in enumerate([*steps, "look"]):
            clock.on(1)
            if step in ("fact", "critical"):
                level = "critical" if step == "critical" else "info"
                written(ledger, AlertRaised(level, f"CODE_{number}", f"Number {number}."), at=clock.now())
                expected.append(f"Number {number}.")
            elif step == "restart":
                box.close()
                box, teller = begun()
            elif step == "look":
                teller.look()
            elif step == "deliver":
                teller.deliver(teller.routes[0])
            else:
                wire.answers.append(Failed("down") if step == "fail" else Later(2.0, "busy"))
        for _ in range(30):
            clock.on(400)
            teller.deliver(teller.routes[0])
    assert sorted(wire.titles()) == sorted(expected)


def test_who_begins_to_listen_hears_of_what_happens_from_then_on(tmp_path: Path) -> None:
    ledger, clock, wire = traded(), Clock(), Wire()
    with Outbox(tmp_path / "alerts.db", "main") as box:
        teller = dispatcher(ledger, box, clock, wire)
        teller.flush()
        assert wire.titles() == []
        written(ledger, AlertRaised("info", "NEW", "Something new."))
        teller.flush()
    assert wire.titles() == ["Something new."]


def test_the_same_trouble_is_counted_for_a_while_and_the_count_is_told_with_the_next(tmp_path: Path) -> None:
    ledger, clock, wire = MemoryLedger(), Clock(), Wire()
    fault = FaultNoted("broker", "TIMEOUT", "no answer")
    with Outbox(tmp_path / "alerts.db", "main", repeat=timedelta(minutes=10)) as box:
        teller = dispatcher(ledger, box, clock, wire)
        teller.look()
        for _ in range(4):
            written(ledger, fault, at=clock.now())
            teller.flush()
            clock.on(60)
        assert len(wire.got) == 1
        clock.on(600)
        written(ledger, fault, at=clock.now())
        teller.flush()
    assert len(wire.got) == 2
    assert "It happened 3 times more" in wire.got[-1].text


HOLDS = BreakerTripped("BREAKER_LOSSES", "underlying=SPY direction=down", None, "losses=3")
SIDES = DifferenceFound("holding", "SPY", "1", "2", "noted", "")


@pytest.mark.parametrize(
    "events",
    [
        [OrderDenied("p-1", "EXIT_NO_QUOTE", "leg=1"), OrderDenied("p-2", "EXIT_NO_QUOTE", "leg=1")],
        [HOLDS, BreakerReset("BREAKER_LOSSES", "underlying=SPY direction=down", "resumed"), HOLDS],
        [replace(HOLDS, until=START), replace(HOLDS, until=START + timedelta(hours=1))],
        [SIDES, replace(SIDES, theirs="3")],
    ],
    ids=["exits of two positions", "a breaker after its reset", "a breaker that ended", "other holdings"],
)
def test_what_looks_alike_and_is_another_matter_is_told_too(tmp_path: Path, events: list[Event]) -> None:
    ledger, clock, wire = MemoryLedger(), Clock(), Wire()
    with Outbox(tmp_path / "alerts.db", "main") as box:
        teller = dispatcher(ledger, box, clock, wire)
        teller.look()
        for event in events:
            written(ledger, event, at=clock.now())
            teller.flush()
            clock.on(1)
        assert len(wire.got) == len(events)
        written(ledger, events[-1], at=clock.now())
        teller.flush()
    assert len(wire.got) == len(events)


def test_a_storm_of_what_is_critical_is_never_counted_away(tmp_path: Path) -> None:
    ledger, clock, wire = MemoryLedger(), Clock(), Wire()
    with Outbox(tmp_path / "alerts.db", "main") as box:
        teller = dispatcher(ledger, box, clock, wire, rate=2)
        teller.look()
        for _ in range(30):
            written(ledger, AlertRaised("critical", "HALT", "Stop."), at=clock.now())
        teller.look()
        for _ in range(20):
            teller.deliver(teller.routes[0])
            clock.on(61)
    assert len(wire.titles()) == 30
    assert len(wire.got) < 30


def test_a_channel_that_fails_three_times_passes_on_to_the_next_and_does_not_repeat_it(
    tmp_path: Path,
) -> None:
    ledger, clock = MemoryLedger(), Clock()
    first, second = Wire("telegram", down=Failed("no network")), Wire("mail")
    with Outbox(tmp_path / "alerts.db", "main") as box:
        routes = [Route(first), Route(second, Level.CRITICAL)]
        teller = Dispatcher(ledger, Watcher(Rules()), box, routes, clock, Saying())
        teller.look()
        written(ledger, AlertRaised("warning", "LOOK", "Look here."))
        waits = []
        for _ in range(3):
            teller.flush()
            assert routes[0].closed_until is not None
            waits.append((routes[0].closed_until - clock.now()).total_seconds())
            clock.at = routes[0].closed_until
        assert waits == [1.0, 2.0, 4.0]
        assert second.titles() == ["Look here."]
        assert "(Not told through telegram: no network)" in second.got[0].text
        first.down = None
        clock.on(400)
        teller.flush()
        assert first.titles() == []
        written(ledger, AlertRaised("warning", "AGAIN", "Back again."))
        teller.flush()
    assert first.titles() == ["Back again."]


def test_what_is_new_while_a_channel_is_down_is_passed_on_at_once(tmp_path: Path) -> None:
    ledger, clock = MemoryLedger(), Clock()
    first, second = Wire("telegram", down=Failed("blocked", final=True)), Wire("mail")
    with Outbox(tmp_path / "alerts.db", "main") as box:
        teller = Dispatcher(
            ledger, Watcher(Rules()), box, [Route(first), Route(second, Level.CRITICAL)], clock, Saying()
        )
        teller.look()
        for number in range(3):
            written(ledger, AlertRaised("info", f"N{number}", f"Number {number}."), at=clock.now())
            clock.on(1)
            teller.flush()
        assert second.titles() == ["Number 0.", "Number 1.", "Number 2."]
    assert first.tried == 2


def test_a_service_that_asks_to_wait_is_not_called_before(tmp_path: Path) -> None:
    ledger, clock, wire = MemoryLedger(), Clock(), Wire()
    wire.answers.append(Later(7.0, "slow down"))
    with Outbox(tmp_path / "alerts.db", "main") as box:
        teller = dispatcher(ledger, box, clock, wire)
        teller.look()
        written(ledger, AlertRaised("critical", "C", "Now."))
        teller.flush()
        for _ in range(6):
            clock.on(1)
            teller.flush()
        assert wire.tried == 1
        clock.on(1.1)
        teller.flush()
    assert wire.titles() == ["Now."]


@dataclass
class Replaced:
    """A ledger in whose place another can be put."""

    ledger: MemoryLedger

    def __getattr__(self, name: str) -> Any:
        return getattr(self.ledger, name)


def lived(days: Sequence[int], name: str) -> MemoryLedger:
    """Return a ledger with a fact of each of these days."""
    ledger = MemoryLedger()
    for day in days:
        written(ledger, AlertRaised("info", f"C{day}", f"{name} {day}."), at=START + timedelta(days=day))
    return ledger


@pytest.mark.parametrize("running", [True, False], ids=["while it is read", "before it is read again"])
@pytest.mark.parametrize(
    "days", [[4], [4, 5], [4, 5, 6], []], ids=["shorter", "as long", "longer", "only put back"]
)
def test_a_backup_that_is_put_back_is_said_once_and_all_that_came_after_it_is_told(
    tmp_path: Path, days: list[int], running: bool
) -> None:
    clock, wire = Clock(), Wire()
    with Outbox(tmp_path / "alerts.db", "main") as box:
        begun, first = lived([], "a"), lived([0, 1, 2, 3], "a")
        held = Replaced(begun)
        teller = dispatcher(held, box, clock, wire)
        teller.look()
        held.ledger = first
        teller.flush()
        clock.on(5 * 86_400)
        held.ledger = lived([0, 1], "a")
        if not running:
            teller = dispatcher(held, box, clock, wire)
        if not days:
            teller.flush()
        held.ledger = lived([0, 1], "a")
        for day in days:
            written(held.ledger, AlertRaised("info", f"C{day}", f"b {day}."), at=START + timedelta(days=day))
        for _ in range(3):
            teller.flush()
        dispatcher(held, box, clock, wire).flush()
    told = [title for title in wire.titles() if not title.startswith("Another ledger")]
    assert told == ["a 0.", "a 1.", "a 2.", "a 3.", *(f"b {day}." for day in days)]
    (said,) = (title for title in wire.titles() if title.startswith("Another ledger"))
    assert said == "Another ledger is in place; alerts go on with its fact 3"


def test_facts_that_take_the_place_of_others_are_told(tmp_path: Path) -> None:
    clock, wire = Clock(), Wire()
    with Outbox(tmp_path / "alerts.db", "main") as box:
        for day, text in enumerate(("The first ledger.", "Another one, put back.")):
            ledger = MemoryLedger()
            teller = dispatcher(ledger, box, clock, wire)
            teller.look()
            written(ledger, AlertRaised("info", "X", text), at=START + timedelta(days=day))
            teller.flush()
    assert wire.titles() == [
        "The first ledger.",
        "Another ledger is in place; alerts go on with its fact 1",
        "Another one, put back.",
    ]


def test_a_place_that_an_earlier_version_kept_is_gone_on_from(tmp_path: Path) -> None:
    clock, wire, ledger = Clock(), Wire(), lived([0, 1, 2], "a")
    with sqlite3.connect(tmp_path / "alerts.db") as old:
        old.execute("CREATE TABLE cursors (ledger TEXT PRIMARY KEY, seq INTEGER NOT NULL)")
        old.execute("INSERT INTO cursors VALUES ('main', 2)")
    with Outbox(tmp_path / "alerts.db", "main") as box:
        dispatcher(ledger, box, clock, wire).flush()
        assert wire.titles() == ["a 2."]
        assert box.place() == Place.of(ledger, 3)


def test_levels_say_through_which_channel_something_is_told(tmp_path: Path) -> None:
    with Outbox(tmp_path / "alerts.db", "main") as box:
        levels = {"all": Level.INFO, "some": Level.WARNING, "few": Level.CRITICAL}
        box.take([alert(1), alert(2, Level.WARNING), alert(3, Level.CRITICAL)], None, levels, START)
        assert {name: len(box.waiting(name)) for name in levels} == {"all": 3, "some": 2, "few": 1}
        assert box.counts() == {"all": {"waiting": 3}, "some": {"waiting": 2}, "few": {"waiting": 1}}


def test_an_outbox_that_is_no_database_is_refused_in_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "alerts.db"
    path.write_text("this is no database, and long enough to be read as one" * 30)
    with pytest.raises(StoreError, match="does not answer"):
        Outbox(path, "main")


def test_a_token_stands_for_its_command_after_a_restart_and_others_for_nothing(tmp_path: Path) -> None:
    words = ("close", "x" * 200)
    with Outbox(tmp_path / "alerts.db", "main") as box:
        token = box.remember(words)
    with Outbox(tmp_path / "alerts.db", "main") as box:
        assert box.words_of(token) == words
        assert box.words_of("made up") == ()
    assert len(f"do:{token}") <= 64
    assert oct((tmp_path / "alerts.db").stat().st_mode)[-3:] == "600"


class Breaking(Wire):
    """A channel whose library fails as it likes, once."""

    def send(self, message: Message) -> Outcome:
        if not self.tried:
            self.tried += 1
            raise RuntimeError("nobody thought of that")
        return super().send(message)


def test_a_library_that_fails_as_it_likes_is_a_channel_that_failed(tmp_path: Path) -> None:
    ledger, clock, wire = MemoryLedger(), Clock(), Breaking()
    with Outbox(tmp_path / "alerts.db", "main") as box:
        teller = dispatcher(ledger, box, clock, wire)
        teller.look()
        written(ledger, AlertRaised("critical", "C", "Now."))
        teller.flush()
        clock.on(2)
        teller.flush()
    assert wire.titles() == ["Now."]


class Particular(Wire):
    """A channel that refuses what is titled so, for good."""

    def send(self, message: Message) -> Outcome:
        if "POISON" in message.title:
            self.tried += 1
            return Failed("it may not say that", final=True)
        return super().send(message)


def test_a_message_that_is_refused_holds_up_none_behind_it_and_is_told_elsewhere(tmp_path: Path) -> None:
    ledger, clock, wire, other = MemoryLedger(), Clock(), Particular(), Wire("mail")
    with Outbox(tmp_path / "alerts.db", "main") as box:
        routes = [Route(wire), Route(other, Level.CRITICAL)]
        teller = Dispatcher(ledger, Watcher(Rules()), box, routes, clock, Saying())
        teller.look()
        for text in ("POISON.", "Now."):
            written(ledger, AlertRaised("warning", "C", text))
        teller.flush()
        assert wire.titles() == ["Now."]
        assert other.titles() == ["POISON."]
        written(ledger, AlertRaised("warning", "C", "Later."))
        clock.on(1)
        teller.flush()
    assert wire.titles() == ["Now.", "Later."]
    assert wire.tried == 3


def test_a_channel_that_refuses_two_in_a_row_is_left_alone_for_five_minutes(tmp_path: Path) -> None:
    ledger, clock, wire = MemoryLedger(), Clock(), Wire(down=Failed("the token is none", final=True))
    with Outbox(tmp_path / "alerts.db", "main") as box:
        teller = dispatcher(ledger, box, clock, wire)
        teller.look()
        for number in range(5):
            written(ledger, AlertRaised("critical", "C", f"Number {number}."))
        teller.flush()
        assert wire.tried == 2
        assert teller.routes[0].closed_until == clock.now() + timedelta(minutes=5)


def test_a_channel_that_fails_for_weeks_is_still_tried_every_five_minutes(tmp_path: Path) -> None:
    ledger, clock, wire = MemoryLedger(), Clock(), Wire(down=Failed("away"))
    with Outbox(tmp_path / "alerts.db", "main") as box:
        teller = dispatcher(ledger, box, clock, wire)
        teller.look()
        written(ledger, AlertRaised("critical", "C", "Now."))
        teller.look()
        teller.routes[0].failures = 5_000
        teller.deliver(teller.routes[0])
        assert teller.routes[0].closed_until == clock.now() + timedelta(minutes=5)
        wire.down = None
        clock.on(300)
        teller.deliver(teller.routes[0])
    assert wire.titles() == ["Now."]
