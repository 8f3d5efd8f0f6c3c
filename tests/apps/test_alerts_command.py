"""`alerts`: what is told, through what, and by whom, from the command line with the real libraries."""

from __future__ import annotations

import fcntl
import json
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from adapters.alerts.bot_api import TOKEN, bot_api
from adapters.alerts.stage import Webhook, webhook
from strikewise.adapters.alerts.outbox import Outbox
from strikewise.adapters.alerts.sayings import CODES
from strikewise.apps.cli.main import app
from strikewise.bootstrap.alerts import alert_process
from strikewise.bootstrap.build import build_system
from strikewise.bootstrap.configuration import load_settings
from strikewise.bootstrap.parts import run_spec
from strikewise.domain.control import AlertRaised
from strikewise.domain.errors import SettingsError
from strikewise.market.clock import SystemClock
from strikewise.portfolio.ledger import Entry

NOW = datetime(2026, 7, 22, 15, tzinfo=UTC)

Call = Callable[..., Result]


@pytest.fixture
def call() -> Call:
    """Call a command on a home that has no market: none is needed to tell what a ledger says."""

    def run(*words: str, home: Path) -> Result:
        return CliRunner().invoke(app, ["--home", str(home), *words], env={"COLUMNS": "160", "NO_COLOR": "1"})

    return run


def settings(home: Path, text: str) -> Path:
    home.mkdir(exist_ok=True)
    (home / "settings.toml").write_text(text, encoding="utf-8")
    return home


def secret(home: Path, name: str, text: str, mode: int = 0o600) -> None:
    folder = home / "secrets"
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")
    (folder / name).chmod(mode)


def write(home: Path, code: str) -> None:
    with build_system(home).ledger() as ledger:
        ledger.append(
            [Entry(AlertRaised("critical", code, f"This is {code}."), NOW, "engine")], recorded_at=NOW
        )


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return settings(tmp_path / "home", '[alerts.channels.ops]\nlevel = "warning"\n')


def test_the_rules_in_force_are_shown_for_people_and_programs(call: Call, home: Path) -> None:
    settings(home, '[alerts]\nquiet = "22:00-07:00"\noff = ["FILLED"]\nlevels = {FAULT = "critical"}\n')
    shown = call("alerts", "rules", home=home)
    told = json.loads(call("alerts", "rules", "--json", home=home).stdout)
    assert "22:00-07:00 America/New_York" in shown.stdout
    assert "nobody is told" in shown.stdout
    by_code = {one["code"]: one for one in told["codes"]}
    assert by_code.keys() == CODES.keys()
    assert by_code["FILLED"]["told"] is False
    assert by_code["FAULT"]["level"] == "critical"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[alerts]\nquiet = "at night"\n', "22:00-07:00"),
        ('[alerts]\nzone = "Mars/Olympus"\n', "America/New_York"),
        ("[alerts.channels.Ops]\n", "small letters"),
        ("[alerts.channels.telegram]\n", "small letters"),
        ('[alerts]\nsignal = "all"\n', "did you mean 'signals'"),
        ('[telegram]\ntoken = "x"\n', "unknown key"),
        ("[alerts]\nrate = 0\n", "greater than or equal to 1"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused_with_what_is_right(
    call: Call, tmp_path: Path, text: str, said: str
) -> None:
    result = call("alerts", "rules", home=settings(tmp_path / "home", text))
    assert result.exit_code == 2
    assert said in result.stderr


def test_a_trial_goes_through_every_channel_and_says_which_did_not_take_it(call: Call, home: Path) -> None:
    settings(home, "[alerts.channels.good]\n[alerts.channels.bad]\n")
    with webhook() as good, webhook([500]) as bad:
        secret(home, "alerts_good", f"json://127.0.0.1:{good.port}")
        secret(home, "alerts_bad", f"json://127.0.0.1:{bad.port}")
        result = call("alerts", "test", "--json", home=home)
        assert result.exit_code == 1
        told = {one["channel"]: one for one in json.loads(result.stdout)}
        assert (told["good"]["sent"], told["bad"]["sent"]) == (True, False)
        assert "500" in told["bad"]["problem"]
        assert call("alerts", "test", home=home).exit_code == 0


def test_running_once_tells_what_happened_since_the_last_time(call: Call, home: Path) -> None:
    with webhook() as hook:
        secret(home, "alerts_ops", f"json://127.0.0.1:{hook.port}")
        write(home, "BEFORE")
        assert call("alerts", "run", "--once", home=home).exit_code == 0
        write(home, "AFTER")
        for _ in range(3):
            assert call("alerts", "run", "--once", home=home).exit_code == 0
    assert [one["message"] for one in hook.got] == ["This is AFTER."]


def test_telegram_is_told_through_its_own_address(call: Call, tmp_path: Path) -> None:
    with bot_api(lambda: int(NOW.timestamp())) as api:
        home = settings(tmp_path / "home", f'[telegram]\nchats = [500]\nbase_url = "{api.base_url}"\n')
        secret(home, "telegram_token", TOKEN)
        result = call("alerts", "test", home=home)
    assert result.exit_code == 0, result.stderr
    assert "a trial through telegram" in api.sent()[0]
    assert TOKEN not in result.stdout + result.stderr
    assert api.violations == []


@pytest.mark.parametrize(
    ("mode", "said"),
    [
        (None, "set STRIKEWISE_ALERTS_OPS"),
        (0o644, "others may read it"),
        (0o600, "is none that Apprise knows"),
    ],
)
def test_a_secret_that_is_missing_open_or_wrong_is_refused(
    call: Call, home: Path, mode: int | None, said: str
) -> None:
    if mode is not None:
        secret(home, "alerts_ops", "nonsense-canary://x", mode)
    result = call("alerts", "test", home=home)
    assert result.exit_code == 2
    assert said in " ".join(result.stderr.split())
    assert "canary" not in result.stderr.replace("(nonsense-canary)", "")


def test_nobody_to_tell_is_refused(call: Call, tmp_path: Path) -> None:
    result = call("alerts", "run", home=settings(tmp_path / "home", ""))
    assert result.exit_code == 2
    assert "[telegram]" in result.stderr


@pytest.mark.parametrize(
    ("package", "text", "extra"),
    [
        ("apprise", "[alerts.channels.ops]\n", "pip install 'strikewise[alerts]'"),
        ("telegram.ext", "[telegram]\nchats = [1]\n", "pip install 'strikewise[telegram]'"),
    ],
)
def test_a_missing_extra_names_the_exact_command(
    call: Call, home: Path, monkeypatch: pytest.MonkeyPatch, package: str, text: str, extra: str
) -> None:
    settings(home, text)
    secret(home, "alerts_ops", "json://127.0.0.1:1")
    secret(home, "telegram_token", TOKEN)
    monkeypatch.setitem(sys.modules, package, None)
    result = call("alerts", "test", home=home)
    assert result.exit_code == 2
    assert extra in " ".join(result.stderr.split())


def test_two_processes_do_not_tell_the_same_people(home: Path) -> None:
    secret(home, "alerts_ops", "json://127.0.0.1:1")
    with (home / "alerts.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(SettingsError, match="Another process"), alert_process(home, lambda *_: None):
            pass
    with alert_process(home, lambda *_: None) as process:
        assert process.channels == ("ops",)


def test_who_is_told_is_no_part_of_what_a_run_writes_into_the_ledger(home: Path) -> None:
    settings(home, '[run]\nunderlyings = ["SPY"]\n[telegram]\nchats = [77]\n[alerts.channels.ops]\n')
    document = run_spec(load_settings(home), None).document
    assert not {"alerts", "telegram"} & document.keys()


@pytest.mark.slow
def test_a_process_tells_until_it_is_stopped_and_the_next_goes_on_where_it_was(
    call: Call, home: Path
) -> None:
    program = "from strikewise.apps.cli.main import main; main()"
    line = [sys.executable, "-c", program, "--home", str(home), "alerts", "run"]
    with webhook() as hook:
        secret(home, "alerts_ops", f"json://127.0.0.1:{hook.port}")
        write(home, "PAST")
        with subprocess.Popen(line, stderr=subprocess.PIPE, text=True) as process:
            assert process.stderr is not None
            assert "telling people  through=ops" in process.stderr.readline()
            _looked(home)
            write(home, "FIRST")
            with hook.changed:
                assert hook.changed.wait_for(lambda: bool(hook.got), 15)
            process.send_signal(signal.SIGTERM)
            assert process.wait(15) == 0
        write(home, "SECOND")
        assert call("alerts", "run", "--once", home=home).exit_code == 0
    assert _said(hook) == ["This is FIRST.", "This is SECOND."]


def _said(hook: Webhook) -> list[str]:
    return [one["message"] for one in hook.got]


def _looked(home: Path) -> None:
    """Wait until the process has noted where the ledger ends: what comes then is new."""
    clock = SystemClock()
    while True:
        with Outbox(home / "alerts.db", "main") as box:
            if box.place() is not None:
                return
        clock.wait(clock.now() + timedelta(seconds=1), 0.02)
