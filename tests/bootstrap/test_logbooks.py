"""What a process says of itself shows no secret that its environment holds."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from strikewise.bootstrap.configuration import load_settings
from strikewise.bootstrap.daemon import RunPlan, trading_process
from strikewise.bootstrap.logbooks import logbook_of
from strikewise.market.clock import SystemClock

SECRETS = {
    "APCA_API_KEY_ID": "rehearsed-key-id",
    "APCA_API_SECRET_KEY": "bGl0dGxlIHNlY3JldCBvZiBhIGJyb2tlcg",
    "STRIKEWISE_ALERTS_DESK": "ntfys://somebody.example/desk",
}
SETTINGS = """
[run]
underlyings = ["SPY"]
feed = "alpaca"
[broker]
name = "alpaca"
account_id = "PA3THISONE9876"
"""
SAID = f"{' '.join(SECRETS.values())} PA3THISONE9876 and no more"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, f" {value}\n")
    (tmp_path / "settings.toml").write_text(SETTINGS, encoding="utf-8")
    return tmp_path


def test_a_log_hides_what_the_environment_keeps_and_all_of_an_account_but_its_end(home: Path) -> None:
    path = home / "process.log"
    with logbook_of(path, SystemClock(), load_settings(home)) as logbook:
        logbook("warning", "disconnected", {"detail": SAID})
    line = json.loads(path.read_text(encoding="utf-8"))
    assert line["detail"] == "*** *** *** …9876 and no more"


def test_a_trading_process_says_no_more_to_whoever_looks_on_than_to_its_log(home: Path) -> None:
    heard: list[Mapping[str, object]] = []
    with trading_process(home, RunPlan(), lambda _level, _event, pairs: heard.append(pairs)) as process:
        process.daemon._say("warning", "disconnected", {"detail": SAID, "orders": 2})
    assert heard == [{"detail": "*** *** *** …9876 and no more", "orders": 2}]
    written = (process.place / "logs" / "strikewise.log").read_text(encoding="utf-8")
    assert "9876 and no more" in written
    assert not any(secret in written for secret in SECRETS.values())
