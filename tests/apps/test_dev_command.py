"""`strikewise dev alpaca-server`: a program of its own, which a client on this computer talks to."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from strikewise.adapters.brokers.fault_plan import Fault, FaultKind, FaultPlan
from strikewise.bootstrap.rehearsal import AlpacaRehearsal, RehearsalPlan, fault_plan, stored_venue
from strikewise.domain.errors import MissingDataError, SettingsError

PROGRAM = """
import sys
from strikewise.apps.cli import dev
from strikewise.apps.cli.session import Session
from pathlib import Path
sys.exit(dev.app(sys.argv[2:], standalone_mode=False, obj=Session.begin(Path(sys.argv[1]))))
"""


@contextmanager
def running(home: Path, *words: str) -> Iterator[tuple[dict[str, Any], subprocess.Popen[str]]]:
    line = [sys.executable, "-c", PROGRAM, str(home), "alpaca-server", "--json", *words]
    with subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            said = ""
            while not said.rstrip().endswith("}"):
                more = process.stdout.readline()
                assert more, process.stderr.read() if process.stderr else "it ended"
                said += more
            yield json.loads(said), process
        finally:
            process.kill()


def test_the_server_runs_on_stored_chains_until_it_is_interrupted(market: Path, tmp_path: Path) -> None:
    plan = tmp_path / "faults.json"
    plan.write_text(FaultPlan(3, (Fault(FaultKind.SERVER_ERROR, nth=2),)).to_json())
    days = ("--from", "2018-02-01", "--to", "2018-02-28")
    with running(market, *days, "--cash", "5000", "--faults", str(plan)) as (found, process):
        keys = {"APCA-API-KEY-ID": found["key"], "APCA-API-SECRET-KEY": found["secret"]}
        with httpx.Client(base_url=found["url"], headers=keys) as client:
            assert client.get("/v2/account").json()["cash"] == "5000"
            assert client.get("/v2/account").status_code == 500
            clock = client.get("/v2/clock").json()
            assert clock["timestamp"].startswith("2018-02-01T14:30")
            client.post("/_rehearsal/time", json={"now": "2018-02-01T21:00:00Z"})
            chain = client.get("/v1beta1/options/snapshots/SPX", params={"limit": 10}).json()
            assert len(chain["snapshots"]) == 10
        process.terminate()
        _, problems = process.communicate(timeout=20)
        assert "9-server-error" in problems


def test_time_passes_at_the_speed_asked_for(market: Path) -> None:
    plan = RehearsalPlan(("SPX",), date(2018, 2, 1), date(2018, 2, 2), speed=1e6)
    with AlpacaRehearsal.of(market, plan) as rehearsal:
        assert rehearsal.finished(10.0)
        assert rehearsal.venue.now == datetime(2018, 2, 2, 21, tzinfo=UTC)


def test_a_plan_comes_from_a_file_or_from_a_seed(tmp_path: Path) -> None:
    file = tmp_path / "faults.json"
    plan = FaultPlan(3, (Fault(FaultKind.RATE_LIMITED, nth=1),))
    file.write_text(plan.to_json())
    assert fault_plan(None, None) is None
    assert fault_plan(file, None) == plan
    assert fault_plan(file, 9) == FaultPlan(9, plan.faults)
    drawn = fault_plan(None, 9)
    assert drawn is not None
    assert drawn == fault_plan(None, 9)
    assert drawn.faults
    with pytest.raises(SettingsError, match="cannot be read"):
        fault_plan(tmp_path / "none.json", None)


def test_nothing_stored_is_nothing_to_rehearse(market: Path, tmp_path: Path) -> None:
    days = date(2018, 2, 1), date(2018, 2, 28)
    with pytest.raises(MissingDataError, match="nothing to rehearse"):
        stored_venue(tmp_path / "empty", RehearsalPlan((), *days))
    with pytest.raises(MissingDataError, match="no option chains of QQQ"):
        stored_venue(market, RehearsalPlan(("QQQ",), *days))
    with pytest.raises(MissingDataError, match="nothing to rehearse"):
        stored_venue(market, RehearsalPlan(("SPX",), date(2018, 2, 3), date(2018, 2, 4)))


def test_a_port_that_is_taken_is_named(market: Path) -> None:
    days = date(2018, 2, 1), date(2018, 2, 2)
    with AlpacaRehearsal.of(market, RehearsalPlan(("SPX",), *days)) as first:
        port = first.server.port
        with pytest.raises(SettingsError, match=f"port {port}"):
            AlpacaRehearsal.of(market, RehearsalPlan(("SPX",), *days, port=port))


def test_a_missing_extra_is_named_with_what_installs_it(
    market: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    venue, _ = stored_venue(market, RehearsalPlan(("SPX",), date(2018, 2, 1), date(2018, 2, 2)))
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    monkeypatch.delitem(sys.modules, "strikewise.adapters.brokers.alpaca_server.serve", raising=False)
    with pytest.raises(SettingsError, match="pip install 'strikewise"):
        AlpacaRehearsal(venue)
