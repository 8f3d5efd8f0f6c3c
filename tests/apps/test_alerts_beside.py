"""Alerts beside another command: told by a process of its own, kept alive, ended with what it is beside."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

import httpx
import pytest
from typer.testing import Result

from adapters.alerts.stage import Webhook, webhook
from apps.test_alerts_command import secret, settings, write
from strikewise.apps.cli.beside import alerts_beside
from strikewise.bootstrap.alerts import alert_process, begin_here, tell_on
from strikewise.bootstrap.serve import open_access
from strikewise.domain.errors import SettingsError
from strikewise.service.access import NotLetInError, Scope, TooManyTriesError

PROGRAM = "import sys; from strikewise.apps.cli.main import main; sys.argv[0] = 'strikewise'; main()"


def until(holds: Callable[[], bool], seconds: float = 60.0) -> None:
    """Wait for what another process does."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


def quiet(*_: object) -> None:
    pass


@pytest.fixture
def hook() -> Iterator[Webhook]:
    with webhook() as made:
        yield made


@pytest.fixture
def home(tmp_path: Path, hook: Webhook) -> Path:
    made = settings(tmp_path / "home", "[alerts.channels.ops]\n")
    secret(made, "alerts_ops", f"json://127.0.0.1:{hook.port}")
    return made


@contextmanager
def served(home: Path, *more: str) -> Iterator[tuple[subprocess.Popen[str], str, str]]:
    """Serve with alerts in a process; give it, its address and the one-time code."""
    words = ["--home", str(home), "serve", "--port", "0", "--alerts", "--json", *more]
    with subprocess.Popen([sys.executable, "-c", PROGRAM, *words], stdout=subprocess.PIPE, text=True) as made:
        assert made.stdout is not None
        said = ""
        while not said.endswith("}\n"):
            said += made.stdout.readline()
        told = json.loads(said)
        try:
            yield made, told["url"], str(told["setup"]).partition("#")[2]
        finally:
            if made.poll() is None:
                made.send_signal(signal.SIGINT)
                made.wait(30)


def tell_what_waits(home: Path) -> None:
    """Tell people once, in this process."""
    with alert_process(home, quiet, commands=False) as process:
        process.once()


def test_a_server_with_alerts_tells_of_account_and_door_until_it_is_killed(home: Path, hook: Webhook) -> None:
    with served(home) as (server, url, code):
        own = {"Origin": url, "Sec-Fetch-Site": "same-origin"}
        body = {"code": code, "name": "ada", "password": "correct horse battery staple"}
        assert httpx.post(f"{url}/api/v1/setup", json=body, headers=own, timeout=30).status_code == 201
        wrong = {"name": "ada", "password": "guessed"}
        assert httpx.post(f"{url}/api/v1/session", json=wrong, headers=own, timeout=30).status_code == 403
        write(home, "AFTER")
        until(lambda: len(hook.got) >= 3)
        server.kill()
        server.wait(10)
        until(lambda: not telling(home))
    said = " ".join(one["message"] for one in hook.got)
    assert "ada may log in" in said
    assert "tried the name ada" in said
    assert "guessed" not in json.dumps(hook.got)
    assert code not in json.dumps(hook.got)


def test_a_process_that_dies_is_started_again_and_what_it_missed_is_told(home: Path, hook: Webhook) -> None:
    said: list[str] = []
    with alerts_beside(home, lambda _level, event, _pairs: said.append(event)):
        write(home, "BEFORE IT WAS THERE")
        until(lambda: bool(hook.got))
        os.kill(telling(home)[0], signal.SIGKILL)
        write(home, "MISSED")
        until(lambda: "MISSED" in json.dumps(hook.got))
        write(home, "LAST WORDS")
    assert "alerts_ended" in said
    assert telling(home) == []
    assert [one["message"] for one in hook.got] == [
        "This is BEFORE IT WAS THERE.",
        "This is MISSED.",
        "This is LAST WORDS.",
    ]


def telling(home: Path) -> list[int]:
    """Return the processes that tell people of a home."""
    found = []
    for one in Path("/proc").iterdir():
        try:
            words = (one / "cmdline").read_bytes().split(b"\0") if one.name.isdigit() else []
        except OSError:
            continue
        if b"--beside" in words and str(home).encode() in words:
            found.append(int(one.name))
    return found


@contextmanager
def told_on(home: Path, say: Callable[..., None] = quiet) -> Iterator[Event]:
    """Tell people in a thread, as beside a command that lives."""
    stop = Event()
    thread = Thread(target=lambda: tell_on(home, say, stop, alone=lambda: False))
    thread.start()
    try:
        yield stop
    finally:
        stop.set()
        thread.join(30)
        assert not thread.is_alive()


def test_settings_that_change_are_taken_up_without_a_restart(home: Path, hook: Webhook) -> None:
    begin_here(home)
    with webhook() as other, told_on(home):
        write(home, "BEFORE")
        until(lambda: bool(hook.got))
        settings(home, "[alerts]\nrate = 0\n")  # no such rate: nothing changes
        secret(home, "alerts_night", f"json://127.0.0.1:{other.port}")
        settings(home, "[alerts.channels.night]\n")

        def told() -> bool:
            write(home, "AGAIN")
            return bool(other.got)

        until(told)


def test_a_channel_without_its_address_takes_nothing_from_the_others_and_comes_with_it(
    home: Path, hook: Webhook
) -> None:
    begin_here(home)
    said: list[str] = []
    with webhook() as other, told_on(home, lambda _level, event, _pairs: said.append(event)):
        until(lambda: "telling_people" in said)
        settings(home, "[alerts.channels.ops]\n[alerts.channels.later]\n")
        until(lambda: "settings_not_used" in said)
        write(home, "STILL")
        until(lambda: "STILL" in json.dumps(hook.got))
        assert said.count("settings_not_used") == 1
        secret(home, "alerts_later", f"json://127.0.0.1:{other.port}")
        until(lambda: said.count("telling_people") == 2)
        write(home, "TO BOTH")
        until(lambda: bool(other.got))


def test_of_two_that_tell_the_same_people_one_waits_and_takes_over(home: Path, hook: Webhook) -> None:
    begin_here(home)
    with told_on(home) as first, told_on(home):
        write(home, "ONCE")
        until(lambda: bool(hook.got))
        first.set()
        write(home, "TWICE")
        until(lambda: "TWICE" in json.dumps(hook.got))
    assert [one["message"] for one in hook.got] == ["This is ONCE.", "This is TWICE."]


def test_without_anybody_to_tell_it_is_refused_before_anything_runs(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="Nobody is told anything"), alerts_beside(tmp_path, quiet):
        raise AssertionError


def test_a_flood_of_wrong_tries_is_one_message_without_what_was_typed(home: Path, hook: Webhook) -> None:
    refused = []
    with open_access(home) as access:
        for number in range(12):
            try:
                access.log_in(f"hunter2-{number}", "swordfish", "192.0.2.1")
            except (NotLetInError, TooManyTriesError) as error:
                refused.append(error)
    assert len(refused) == 12
    tell_what_waits(home)
    (told,) = hook.got
    assert "a name that is not known" in told["message"]
    kept = b"".join(one.read_bytes() for one in home.glob("alerts.db*"))
    assert b"hunter2" not in kept
    assert b"swordfish" not in kept


def test_a_new_token_is_told_and_its_text_is_not(home: Path, hook: Webhook) -> None:
    with open_access(home) as access:
        text, token = access.tokens.make("sheet", Scope.READ, "ada")
    tell_what_waits(home)
    (said,) = [one["message"] for one in hook.got]
    assert token.token_id in said
    assert "read" in said
    secret = text.partition(f"_{token.token_id}_")[2]  # the secret itself may hold underscores
    assert len(secret) > 30
    assert secret not in json.dumps(hook.got)


def test_two_tokens_in_a_row_are_told_both(home: Path, hook: Webhook) -> None:
    with open_access(home) as access:
        made = [access.tokens.make(label, Scope.ADMIN, "ada")[1].token_id for label in ("mine", "not mine")]
    tell_what_waits(home)
    said = " ".join(one["message"] for one in hook.got)
    assert [token in said for token in made] == [True, True]


def test_a_rehearsal_is_nothing_to_tell_people_of(call: Callable[..., Result], home: Path) -> None:
    for words in (("run", "--replay", "2018-01-02"), ("serve", "--rehearsal", str(home))):
        refused = call(*words, "--alerts", home=home)
        assert refused.exit_code == 2
        assert "leave out --alerts" in " ".join(refused.stderr.split())
