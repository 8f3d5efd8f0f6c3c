"""Settings that change while a process runs: in force before the next decision, written down, answered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from engine.watched import ANNA, DAY, LENIENT, LOWER, SPREAD, Account, at, every_minute
from recovery.small_world import END, World
from strikewise.domain.control import AlertRaised, RequestMet, SettingsApplied, SettingsRequested
from strikewise.domain.errors import SettingsError
from strikewise.domain.events import OrderPlaced, RunStarted, SignalDenied
from strikewise.engine.answering import Answering
from strikewise.engine.lookout import Lookout, Vigilance
from strikewise.engine.patience import Patience
from strikewise.engine.reloading import (
    SETTINGS_REFUSED,
    Looked,
    NewSettings,
    RefusedSettings,
    Reloading,
)
from strikewise.engine.schedule import Cadence
from strikewise.engine.spec import RunSpec


def new(
    spec: RunSpec, digest: str = "b", *, changes: Mapping[str, object] | None = None, **more: object
) -> NewSettings:
    made = NewSettings(
        digest,
        spec,
        LENIENT,
        Patience(),
        Answering(),
        Vigilance(stale=0, silent=0),
        Cadence(),
        {"limits.max_positions": [9, 1]} if changes is None else changes,
    )
    return replace(made, **more)  # type: ignore[arg-type]


class Saved:
    """The settings' file: what was saved is found once."""

    def __init__(self) -> None:
        self.found: list[Looked] = []

    def save(self, found: Looked) -> None:
        self.found.append(found)

    def look(self) -> Looked:
        return self.found.pop(0) if self.found else None


def reloading(account: Account, *, digest: str = "a") -> tuple[Saved, list[Cadence]]:
    """Let an account take up settings; return the file, and the cadences it went by."""
    saved, cadences = Saved(), list[Cadence]()
    assert account.loop.supervisor is not None
    account.loop.supervisor.reload = Reloading(
        account.loop, Lookout(Vigilance(stale=0, silent=0)), cadences.append, saved.look, digest
    )
    return saved, cadences


def limited(spec: RunSpec, **limits: int) -> RunSpec:
    return replace(spec, limits=replace(spec.limits, **limits), document={"limits": dict(limits)})


def test_a_tighter_limit_counts_for_the_very_decision_that_follows() -> None:
    account = Account(strategies=(every_minute(SPREAD, LOWER),))
    saved, _ = reloading(account)
    account.ask(SettingsRequested("b"))
    saved.save(new(limited(account.spec, max_positions=1)))
    account.tick(1)
    assert len(account.told(OrderPlaced)) == 1
    assert [one.code.value for one in account.told(SignalDenied)] == ["PORTFOLIO_POSITIONS"]


def test_without_the_change_both_would_have_been_ordered() -> None:
    account = Account(strategies=(every_minute(SPREAD, LOWER),))
    reloading(account)
    account.tick(1)
    assert len(account.told(OrderPlaced)) == 2


def test_what_changed_and_who_wanted_it_is_a_fact_that_later_decisions_rest_on() -> None:
    account = Account(strategies=(every_minute(SPREAD),))
    saved, cadences = reloading(account)
    number = account.ask(SettingsRequested("b"))
    saved.save(
        new(limited(account.spec, max_positions=5), cadence=Cadence(scan=120), restart=("broker.name",))
    )
    account.tick(1)
    records = list(account.ledger.records())
    (applied,) = [one for one in records if isinstance(one.event, SettingsApplied)]
    assert (applied.actor, applied.cause) == (ANNA, number)
    assert applied.event == SettingsApplied("b", {"limits.max_positions": [9, 1]}, ("broker.name",))
    again = [one for one in records if isinstance(one.event, RunStarted)][-1]
    assert (again.cause, again.event.spec) == (applied.seq, {"limits": {"max_positions": 5}})
    (placed,) = [one for one in records if isinstance(one.event, OrderPlaced)]
    (signal,) = [one for one in records if one.seq == placed.cause]
    assert signal.cause == again.seq
    assert cadences == [Cadence(scan=120)]
    (met,) = account.told(RequestMet)
    assert (met.request, met.done) == (number, True)
    assert "save what needs a restart: broker.name" in met.outcome


def test_what_a_hand_wrote_into_the_file_counts_a_second_later_and_is_nobodys() -> None:
    account = Account(strategies=(every_minute(SPREAD),))
    saved, cadences = reloading(account)
    saved.save(new(account.spec))
    supervisor = account.loop.supervisor
    assert supervisor is not None
    supervisor.poll(at(1))
    assert account.told(SettingsApplied) == []
    supervisor.poll(at(1) + timedelta(seconds=1))
    (applied,) = [one for one in account.ledger.records() if isinstance(one.event, SettingsApplied)]
    assert (applied.actor, applied.cause) == ("settings", None)
    assert len(cadences) == 1


def test_settings_that_cannot_be_used_are_told_once_and_change_nothing() -> None:
    account = Account(strategies=(every_minute(SPREAD),))
    saved, cadences = reloading(account)
    account.ask(SettingsRequested("b"))
    saved.save(RefusedSettings("b", "max_positions must be 1 or more; was 0."))
    for minute in (1, 2, 3):
        account.tick(minute)
    (alert,) = [one for one in account.told(AlertRaised) if one.code == SETTINGS_REFUSED]
    assert "was 0" in alert.text
    (met,) = account.told(RequestMet)
    assert (met.done, "was 0" in met.outcome) == (False, True)
    assert cadences == account.told(SettingsApplied) == []


def test_of_two_that_save_at_once_the_earlier_hears_that_others_came_after() -> None:
    account = Account(strategies=(every_minute(SPREAD),))
    saved, _ = reloading(account)
    first, second = account.ask(SettingsRequested("b")), account.ask(SettingsRequested("c"))
    saved.save(new(account.spec, "c"))
    account.tick(1)
    met = {one.request: one for one in account.told(RequestMet)}
    assert (met[first].done, met[second].done) == (False, True)


def test_a_comment_in_the_file_is_in_force_and_no_fact() -> None:
    account = Account(strategies=(every_minute(SPREAD),))
    saved, _ = reloading(account)
    number = account.ask(SettingsRequested("b"))
    saved.save(new(account.spec, "b", changes={}))
    account.tick(1)
    assert account.told(SettingsApplied) == []
    assert [(one.request, one.outcome) for one in account.told(RequestMet)] == [
        (number, "They are in force.")
    ]


def test_a_run_that_keeps_its_settings_says_so() -> None:
    account = Account(strategies=(every_minute(SPREAD),))
    reloading(account, digest="")
    account.ask(SettingsRequested("b"))
    account.tick(1)
    (met,) = account.told(RequestMet)
    assert (met.done, "from its next start" in met.outcome) == (False, True)


def test_a_loop_keeps_its_account() -> None:
    account = Account()
    with pytest.raises(SettingsError, match="keeps its account"):
        account.loop.use(replace(account.spec, account="another"))


def test_a_process_goes_by_another_cadence_from_then_on() -> None:
    world = World()
    daemon = world.process()
    loop, saved = daemon._duties.loop, Saved()
    assert loop.supervisor is not None
    reload = Reloading(loop, Lookout(Vigilance(stale=0, silent=0)), daemon.pace, saved.look, "a")

    seldom = replace(world.cadence, scan=3600, manage=3600)
    waiting: list[Looked] = [new(world.spec, cadence=seldom, governor=world.governor)]

    def when(now: datetime) -> None:
        if now >= at(2) and waiting:
            saved.save(waiting.pop())
        reload(now)

    loop.supervisor.reload = when
    daemon.run(until=END)
    before = World()
    before.run()
    assert reload.digest == "b"
    assert len(world.told(SettingsApplied)) == 1
    assert looks(world) < looks(before)


def looks(world: World) -> int:
    """Return at how many instants of the first session the account was valued."""
    found = {one.known_at for one in world.records() if type(one.event).__name__ == "AccountValued"}
    return sum(one.date() == DAY for one in found)
