"""`strikewise serve --demo`: an account that trades a replayed past while the page shows it."""

from __future__ import annotations

import signal
import socket
import tomllib
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import Result

from apps.demonstrating import copied, demonstrating, until
from apps.market_home import fill, write_chain_file
from strikewise.adapters.heartbeat_file import HeartbeatFile
from strikewise.apps.cli.demo_plan import shipped
from strikewise.bootstrap.configuration import Settings
from strikewise.bootstrap.demonstration import demo_folder
from strikewise.bootstrap.parts import run_spec
from strikewise.bootstrap.spec_file import make_spec

Call = Callable[..., Result]


LAST = date(2018, 1, 19)


@pytest.fixture(scope="module")
def weeks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three weeks of the demonstration's market."""
    home = tmp_path_factory.mktemp("weeks") / "home"
    fill(home, LAST)
    return home


@pytest.fixture
def home(weeks: Path, tmp_path: Path) -> Path:
    return copied(weeks, tmp_path / "demo")


def status(browser: httpx.Client) -> dict[str, Any]:
    found: dict[str, Any] = browser.get("status").json()
    return found


def asked(browser: httpx.Client, path: str) -> dict[str, Any]:
    """Send a command as the page does, and return the answer."""
    origin = {"Origin": str(browser.base_url.copy_with(path="/")).rstrip("/")}
    csrf = {"X-CSRF-Token": browser.get("session").json()["csrf"]}
    answer = browser.post(path, json={}, headers={**origin, **csrf})
    assert answer.status_code == 202, answer.text
    found: dict[str, Any] = answer.json()
    return found


def scanned_at(browser: httpx.Client) -> str:
    """Return the instant of a scan that is begun now."""
    job = asked(browser, "scan")["job_id"]
    until(lambda: browser.get(f"jobs/{job}").json()["state"] == "done")
    found: str = browser.get(f"jobs/{job}").json()["result"]["as_of"]
    return found


def phase(place: Path) -> str:
    beat = HeartbeatFile(place).read()
    return "" if beat is None else beat.phase


def test_the_account_moves_in_front_of_the_user_and_goes_on_where_it_was_at_the_next_start(
    home: Path,
) -> None:
    with demonstrating(home, "--speed", "30000") as demo, demo.entered() as browser:
        until(lambda: browser.get("positions").json()["items"] and status(browser)["data_grade"])
        told = status(browser)
        assert (told["mode"], told["data_grade"], told["running"]) == ("replay", "reconstructed", True)
        assert browser.get("account").json()["cash_cents"] != 25_000_000
        until(lambda: status(browser)["market_at"] > told["market_at"])
        assert scanned_at(browser)[:19] <= status(browser)["market_at"][:19]
        (traded,) = {one["underlying"] for one in browser.get("signals").json()["items"]}
        assert traded == "SPX"
        said = demo.ended()
    assert "Traceback" not in said
    place = home / "rehearsals" / "demo"
    assert phase(place) == "stopping"
    assert tomllib.loads((home / "settings.toml").read_text()) == tomllib.loads(shipped("settings"))
    with (
        demonstrating(home, "--speed", "7200") as demo,
        demo.entered("ben", "another horse battery") as browser,
    ):
        assert status(browser)["ledger_seq"] >= told["ledger_seq"]
        until(lambda: status(browser)["running"])
        request = asked(browser, "control/halt")["request"]
        until(lambda: browser.get(f"control/requests/{request}").json()["state"] == "met")
        assert status(browser)["state"] == "halted"
        # Whoever ends it does not know of the process beside it, and need not.
        demo.ended(signal.SIGTERM)
    assert demo.process.returncode == 128 + signal.SIGTERM
    assert phase(place) == "stopping"
    assert [path.name for path in place.parent.iterdir()] == ["demo"]


def test_its_replay_ends_too_where_the_server_is_killed(home: Path) -> None:
    place = home / "rehearsals" / "demo"
    with demonstrating(home, "--speed", "7200") as demo:
        until(lambda: phase(place) == "running")
        demo.process.kill()
        demo.process.wait()
        until(lambda: phase(place) == "stopping")


def test_it_says_when_its_past_is_over_and_begins_anew_at_the_next_start(home: Path) -> None:
    with demonstrating(home, "--speed", "1e9") as demo, demo.entered() as browser:
        until(lambda: not status(browser)["running"] and status(browser)["ledger_seq"] > 20)
        assert phase(home / "rehearsals" / "demo") == "stopping"
        assert f"at its end, {LAST}" in until(lambda: _heard(demo.process))
        assert browser.get("trades").json()["items"]
    assert demo_folder(home, LAST).name == "demo-2"


def _heard(process: Any) -> str:
    line: str = process.stderr.readline()
    return line if "at its end" in line else ""


def test_a_port_that_is_taken_is_said_and_nothing_is_traded(home: Path, call: Call) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = call("serve", "--demo", "--port", port, home=home)
    assert said.exit_code == 2
    assert f"port {port}" in said.stderr
    assert "--port" in said.stderr
    assert not (home / "rehearsals" / "demo" / "heartbeat.json").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--demo", "--host", "0.0.0.0"), "this computer alone"),
        (("--demo", "--rehearsal", "."), "a rehearsal of its own"),
        (("--speed", "60"), "add --demo"),
    ],
)
def test_a_demonstration_that_contradicts_itself_is_refused(
    call: Call, tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    result = call("serve", "--port", "0", *words, home=tmp_path)
    assert result.exit_code == 2
    assert said in result.stderr


def test_a_home_with_another_market_is_left_alone(call: Call, tmp_path: Path) -> None:
    write_chain_file(tmp_path / "recorded")
    home = tmp_path / "mine"
    assert call("data", "import", tmp_path / "recorded", home=home).exit_code == 0
    said = call("serve", "--demo", "--port", "0", home=home)
    assert said.exit_code == 2
    assert "another market" in said.stderr
    assert not (home / "settings.toml").exists()


def test_its_settings_trade_what_its_specification_does() -> None:
    spec = make_spec(tomllib.loads(shipped("account")))
    settings = Settings.model_validate(tomllib.loads(shipped("settings")))
    by_settings, by_spec = run_spec(settings, None), run_spec(settings, spec)
    assert by_settings.strategies == by_spec.strategies
    assert by_settings.capital_cents == by_spec.capital_cents == spec.run.capital_cents
    assert by_settings.underlyings == by_spec.underlyings
