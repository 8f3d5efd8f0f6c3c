"""`doctor` where all is well, and where something stands in the way: what it finds and advises."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from adapters.brokers.alpaca_rehearsal import rehearsal
from apps.json_contract import Doctor
from strikewise.adapters.halt_file import HaltFile
from strikewise.adapters.process_identity import this_process
from strikewise.adapters.store.database import Database
from strikewise.adapters.store.leases import SqlLeases
from strikewise.apps.cli.checks import disk_condition
from strikewise.execution.halt_flag import Raised
from strikewise.execution.heartbeat import Heartbeat
from strikewise.market.clock import SystemClock
from strikewise.portfolio.lease import Lease
from strikewise.service.health import (
    BrokerSeen,
    Condition,
    Level,
    TraderSeen,
    broker_conditions,
    trader_conditions,
)

NOW = datetime(2026, 8, 21, 15, tzinfo=UTC)
ALPACA = (
    '[run]\nunderlyings = ["SPY"]\n\n[broker]\nname = "alpaca"\naccount_id = "{account}"\nurl = "{url}"\n'
)
NAMES_ITSELF = "from strikewise.adapters.process_identity import this_process; print(this_process())"


def checks_of(call: Any, home: Path) -> tuple[int, dict[str, dict[str, str]]]:
    result = call("doctor", "--json", home=home)
    found = json.loads(result.stdout)
    Doctor.model_validate(found)
    return result.exit_code, {one["check"]: one for one in found["checks"]}


def hold(home: Path, holder: str) -> None:
    with Database(f"sqlite:///{home / 'ledger.db'}") as database:
        SqlLeases(database).take("main", holder, now=SystemClock().now(), seconds=600)


def dead_process() -> str:
    ended = subprocess.run([sys.executable, "-c", NAMES_ITSELF], capture_output=True, text=True, check=True)
    return ended.stdout.strip()


def test_what_stands_in_the_way_of_trading_is_named_with_what_to_do(call: Any, tmp_path: Path) -> None:
    hold(tmp_path, dead_process())
    HaltFile(tmp_path).hoist(Raised("anna", NOW, "quotes look wrong"))
    (tmp_path / "emergency.journal").write_bytes(b"[1]\n" + bytes(100))
    code, found = checks_of(call, tmp_path)
    assert code == 0, "nothing of it is broken: a person or the next start puts it right"
    assert found["lease"]["level"] == found["halt flag"]["level"] == "warn"
    assert "which is dead" in found["lease"]["found"]
    assert "anna" in found["halt flag"]["found"]
    assert "quotes look wrong" in found["halt flag"]["found"]
    assert "strikewise resume" in found["halt flag"]["advice"]
    assert "wait beside the ledger" in found["emergency journal"]["found"]
    assert found["chains"]["level"] == "warn"


def test_an_account_that_could_open_nothing_is_told_what_to_import(call: Any, tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text('[run]\nunderlyings = ["SPY"]\n', encoding="utf-8")
    told = json.loads(call("doctor", "--json", home=tmp_path).stdout)
    (risk,) = [one for one in told["checks"] if one["check"] == "risk"]
    assert risk["level"] == "warn"
    assert "value at risk is not known" in risk["found"]
    assert "Import daily bars of SPY and of VIX" in risk["advice"]


def test_a_lease_of_a_process_that_lives_is_as_it_should_be(call: Any, tmp_path: Path) -> None:
    hold(tmp_path, this_process())
    _, found = checks_of(call, tmp_path)
    assert found["lease"]["level"] == "ok"
    assert this_process() in found["lease"]["found"]


def test_a_journal_with_nothing_but_reserved_room_says_nothing(call: Any, tmp_path: Path) -> None:
    (tmp_path / "emergency.journal").write_bytes(bytes(4096))
    _, found = checks_of(call, tmp_path)
    assert "emergency journal" not in found


def test_alpaca_without_keys_fails(call: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("APCA_API_KEY_ID", raising=False)
    (tmp_path / "settings.toml").write_text(ALPACA.format(account="", url=""))
    code, found = checks_of(call, tmp_path)
    assert code == 1
    assert found["broker"]["level"] == "fail"
    assert "APCA_API_KEY_ID" in found["broker"]["found"]


def test_alpaca_is_asked_for_its_account_and_its_time(
    call: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with rehearsal() as made:
        monkeypatch.setenv("APCA_API_KEY_ID", made.server.key)
        monkeypatch.setenv("APCA_API_SECRET_KEY", made.server.secret)
        settings = tmp_path / "settings.toml"
        settings.write_text(ALPACA.format(account=made.venue.account_id, url=made.server.url))
        code, found = checks_of(call, tmp_path)
        assert found["broker"]["level"] == "ok"
        # The rehearsal's clock stands in 2024: as far off as a clock can be.
        assert (code, found["broker's clock"]["level"]) == (1, "fail")
        settings.write_text(ALPACA.format(account="SOMEBODY-ELSES", url=made.server.url))
        code, found = checks_of(call, tmp_path)
    assert (code, found["broker"]["level"]) == (1, "fail")
    assert "SOMEBODY-ELSES" in found["broker"]["found"]
    assert made.server.secret not in found["broker"]["found"]


@pytest.mark.parametrize(
    ("skew", "level"), [(0.4, Level.OK), (-2.5, Level.WARN), (31.0, Level.FAIL), (None, Level.WARN)]
)
def test_clocks_are_judged_as_trading_judges_them(skew: float | None, level: Level) -> None:
    _, clock = broker_conditions(BrokerSeen("alpaca", "A1", skew_seconds=skew))
    assert clock.level is level
    if level is Level.FAIL:
        assert "31.0 seconds behind" in clock.found


@pytest.mark.parametrize(("megabytes", "level"), [(50_000, Level.OK), (1_000, Level.WARN), (100, Level.FAIL)])
def test_a_disk_that_is_nearly_full_is_told_before_it_is(megabytes: int, level: Level) -> None:
    assert disk_condition(megabytes * 1024**2).level is level


def beat(phase: str, seconds_ago: float, *, connected: bool = True) -> Heartbeat:
    return Heartbeat(
        at=NOW - timedelta(seconds=seconds_ago),
        market_at=NOW,
        holder="host:1:",
        version="0",
        account="main",
        mode="replay",
        broker="alpaca",
        feed="alpaca",
        state="active",
        reason="",
        phase=phase,
        started_at=NOW - timedelta(hours=1),
        ticked_at=None,
        due_at=None,
        reconciled_at=None,
        open_differences=0,
        positions=0,
        orders=0,
        connected=connected,
        seq=1,
    )


HELD = Lease("main", "host:1:", NOW - timedelta(hours=1), NOW + timedelta(seconds=20))


@pytest.mark.parametrize(
    ("seen", "level", "words"),
    [
        (TraderSeen(), Level.OK, "none ever traded"),
        (TraderSeen(heartbeat=beat("running", 2), lease=HELD), Level.OK, "it runs"),
        (TraderSeen(heartbeat=beat("stopping", 9_000)), Level.OK, "stopped at"),
        (TraderSeen(heartbeat=beat("running", 90), lease=HELD), Level.FAIL, "no sign of life"),
        (TraderSeen(heartbeat=beat("running", 90)), Level.WARN, "no sign of life"),
        (TraderSeen(heartbeat=beat("running", 1), lease=HELD, gone=True), Level.WARN, "no sign of life"),
        (TraderSeen(heartbeat=beat("running", 2, connected=False)), Level.WARN, "cannot reach alpaca"),
    ],
)
def test_a_process_is_judged_by_its_last_sign_of_life(seen: TraderSeen, level: Level, words: str) -> None:
    found = named(seen, "process")
    assert found.level is level
    assert words in found.found
    assert bool(found.advice) == (level is not Level.OK)


def test_a_lease_that_ran_out_is_there_to_be_taken() -> None:
    over = Lease("main", "elsewhere:7:", NOW - timedelta(hours=1), NOW - timedelta(minutes=1))
    found = named(TraderSeen(lease=over), "lease")
    assert found.level is Level.WARN
    assert "elsewhere:7:" in found.found


def named(seen: TraderSeen, name: str) -> Condition:
    return next(one for one in trader_conditions(seen, NOW) if one.check == name)
