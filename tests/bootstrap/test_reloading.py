"""The settings' file, looked at while a process trades: what is taken up, what waits, what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from strikewise.adapters.heartbeat_file import HeartbeatFile
from strikewise.bootstrap.configuration import Settings, load_settings
from strikewise.bootstrap.daemon import Process, RunPlan, trading_process
from strikewise.bootstrap.reloading import SettingsWatch, needs_restart
from strikewise.bootstrap.settings_file import SettingsFile
from strikewise.domain.control import RequestMet, SettingsApplied, SettingsRequested
from strikewise.domain.events import RunStarted
from strikewise.engine.reloading import NewSettings, RefusedSettings
from strikewise.portfolio.controls import person
from strikewise.portfolio.ledger import Entry

BEGINNING = '[run]\nunderlyings = ["SPY"]\n[feeds]\ncboe = true\n'
NOON = datetime(2026, 7, 25, 16, tzinfo=UTC)
"""On a Saturday: nothing is fetched."""


def written(home: Path, text: str) -> None:
    """Replace the file as whoever saves settings does: no look finds half of it."""
    aside = home / "settings.new"
    aside.write_text(text, encoding="utf-8")
    aside.replace(home / "settings.toml")


@pytest.fixture
def watch(tmp_path: Path) -> SettingsWatch:
    written(tmp_path, BEGINNING)
    return SettingsWatch(tmp_path, load_settings(tmp_path), SettingsFile(tmp_path).digest())


def test_a_file_that_nobody_touched_is_nothing_new(watch: SettingsWatch, tmp_path: Path) -> None:
    assert watch.look() is None
    written(tmp_path, BEGINNING)
    assert watch.look() is None


def test_what_may_change_in_flight_is_taken_up_once_and_the_rest_waits(
    watch: SettingsWatch, tmp_path: Path
) -> None:
    more = "[limits]\nmax_positions = 3\n[schedule]\nscan_minutes = 5\n[account]\ncapital = 50_000\n"
    written(tmp_path, BEGINNING + more + '[governor.blackouts]\nCPI = [48, 1]\n[broker]\nname = "alpaca"\n')
    found = watch.look()
    assert isinstance(found, NewSettings)
    assert found.spec.limits.max_positions == 3
    assert found.cadence.scan == 300
    assert found.governor.blackouts["CPI"] == (48.0, 1.0)
    assert found.spec.capital_cents == 10_000_000  # as it was
    assert found.restart == ("account.capital", "broker.name")
    assert found.changes["limits.max_positions"] == [Settings().limits.max_positions, 3]
    assert watch.look() is None


def test_parameters_of_a_strategy_are_taken_up_within_its_bounds(
    watch: SettingsWatch, tmp_path: Path
) -> None:
    written(tmp_path, BEGINNING + "[strategies.credit_spread]\nshort_delta_max = 0.12\n")
    found = watch.look()
    assert isinstance(found, NewSettings)
    chosen = found.spec.labelled("credit_spread")
    assert chosen is not None
    assert chosen.params.number("short_delta_max") == 0.12
    written(tmp_path, BEGINNING + "[strategies.credit_spread]\nshort_delta_max = 12\n")
    refused = watch.look()
    assert isinstance(refused, RefusedSettings)
    assert "short_delta_max" in refused.problem


def test_what_cannot_be_used_is_said_once_and_what_follows_is_compared_with_what_is_in_force(
    watch: SettingsWatch, tmp_path: Path
) -> None:
    written(tmp_path, BEGINNING + "[limits]\nmax_position = 3\n")
    refused = watch.look()
    assert isinstance(refused, RefusedSettings)
    assert "did you mean" in refused.problem
    assert watch.look() is None
    written(tmp_path, BEGINNING + "[limits]\nmax_positions = 3\n")
    found = watch.look()
    assert isinstance(found, NewSettings)
    assert list(found.changes) == ["limits.max_positions"]


def test_a_password_in_the_ledgers_address_is_no_part_of_what_is_written_down(
    watch: SettingsWatch, tmp_path: Path
) -> None:
    written(tmp_path, BEGINNING + '[ledger]\nurl = "postgresql+psycopg://ada:hunter2@db/x"\n')
    found = watch.look()
    assert isinstance(found, NewSettings)
    assert found.restart == ("ledger.url",)
    assert "hunter2" not in str(found)


def test_whose_money_through_whom_and_with_what_data_is_never_changed_in_flight() -> None:
    for name in ("run.mode", "run.feed", "run.underlyings", "run.strategies", "broker.name", "ledger.url"):
        assert needs_restart(name)
    for name in ("account.capital", "account.name", "fills.slippage", "fees.commission", "feeds.cboe"):
        assert needs_restart(name)
    for name in ("limits.max_margin", "governor.daily_loss", "schedule.scan_minutes", "run.entry"):
        assert not needs_restart(name)


# --- in a process -----------------------------------------------------------------------------------------


@contextmanager
def process(home: Path) -> Iterator[Process]:
    with trading_process(home, RunPlan(), lambda *_: None) as made:
        yield made


def test_a_process_goes_by_what_was_saved_and_its_heartbeat_says_so(tmp_path: Path) -> None:
    written(tmp_path, BEGINNING)
    with process(tmp_path) as made:
        loop = made.daemon._duties.loop
        assert loop.supervisor is not None
        file = SettingsFile(tmp_path)
        file.put(BEGINNING + "[limits]\nmax_positions = 3\n[account]\ncapital = 50_000\n", file.digest())
        asked = Entry(SettingsRequested(file.digest()), NOON, person("ada"))
        loop.writer._ledger.append([asked], recorded_at=NOON)
        loop.supervisor.poll(NOON)
        assert loop._spec.limits.max_positions == 3
        assert loop._spec.capital_cents == 10_000_000
        records = list(loop.writer._ledger.records())
        made.daemon._pulse.show("running", None)
    (applied,) = [one for one in records if isinstance(one.event, SettingsApplied)]
    assert applied.actor == person("ada")
    assert applied.event.restart == ("account.capital",)
    assert sum(isinstance(one.event, RunStarted) for one in records) == 2
    (met,) = [one.event for one in records if isinstance(one.event, RequestMet)]
    assert "account.capital" in met.outcome
    beat = HeartbeatFile(tmp_path).read()
    assert beat is not None
    assert (beat.settings, beat.restart) == (file.digest(), ("account.capital",))


def test_a_process_that_begins_goes_by_the_file_as_it_is_then(tmp_path: Path) -> None:
    written(tmp_path, BEGINNING + "[limits]\nmax_positions = 3\n")
    with process(tmp_path) as made:
        loop = made.daemon._duties.loop
        assert loop.supervisor is not None
        loop.writer._ledger.append(
            [Entry(SettingsRequested(SettingsFile(tmp_path).digest()), NOON, person("ada"))], recorded_at=NOON
        )
        loop.supervisor.poll(NOON)
        told = [one.event for one in loop.writer._ledger.records()]
    assert [one.outcome for one in told if isinstance(one, RequestMet)] == ["They are in force."]
    assert not any(isinstance(one, SettingsApplied) for one in told)
