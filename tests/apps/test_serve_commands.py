"""``serve`` and ``token``: who starts a server sees where it is, and who makes a token sees it once."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import Result

Call = Callable[..., Result]


def test_a_token_is_made_listed_without_its_secret_and_taken_back(call: Call, tmp_path: Path) -> None:
    made = call("token", "create", "my sheet", "--scope", "trade", "--days", "7", home=tmp_path)
    text = made.stdout.split()[0]
    assert re.fullmatch(r"swt_[0-9a-f]{8}_[\w-]{43}", text)
    listed = call("token", "list", home=tmp_path)
    assert "my sheet" in listed.stdout
    assert text not in listed.stdout
    token_id = text.split("_")[1]
    assert call("token", "revoke", token_id, home=tmp_path).exit_code == 0
    again = call("token", "revoke", token_id, home=tmp_path)
    assert (again.exit_code, "could be taken back" in again.stderr) == (2, True)
    (row,) = json.loads(call("token", "list", "--json", home=tmp_path).stdout)["tokens"]
    assert (row["scope"], row["label"]) == ("trade", "my sheet")
    assert row["revoked_at"]


@pytest.mark.parametrize(
    ("words", "package"), [(("token", "list"), "argon2"), (("serve",), "uvicorn"), (("serve",), "fastapi")]
)
def test_without_the_extra_the_command_says_how_to_install_it(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], package: str
) -> None:
    for name in [name for name in sys.modules if name.startswith("strikewise.apps.api")]:
        monkeypatch.delitem(sys.modules, name)
    for name in [name for name in sys.modules if name.partition(".")[0] == package]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, package, None)
    said = call(*words, home=tmp_path)
    assert said.exit_code == 2
    assert "pip install 'strikewise[api]'" in said.stderr
    assert package in said.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--host", "0.0.0.0"), "--behind-proxy"),
        (("--host", "0.0.0.0", "--behind-proxy"), "no password yet"),
        (("--rehearsal", "nowhere"), "no rehearsal in nowhere"),
        (("--certificate", __file__), "both --certificate and --key"),
    ],
)
def test_a_server_that_would_be_open_or_empty_is_not_started(
    call: Call, tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    result = call("serve", "--port", "0", *words, home=tmp_path)
    assert result.exit_code == 2
    assert said in result.stderr


def test_the_first_start_prints_a_one_time_address_that_makes_the_administrator(tmp_path: Path) -> None:
    program = "import sys; from strikewise.apps.cli.main import main; sys.argv[0] = 'strikewise'; main()"
    words = ["--home", str(tmp_path), "serve", "--port", "0", "--json"]
    command = [sys.executable, "-c", program, *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        said = ""
        while not said.endswith("}\n"):
            said += server.stdout.readline()
        told: dict[str, Any] = json.loads(said)
        url, code = told["url"], told["setup"].partition("#")[2]
        body = {"code": code, "name": "ada", "password": "correct horse battery"}
        answer = httpx.post(f"{url}/api/v1/setup", json=body, headers={"Origin": url}, timeout=30)
        assert answer.status_code == 201, answer.text
        server.send_signal(signal.SIGINT)
        _, errors = server.communicate(timeout=20)
    assert "Traceback" not in errors
    assert told["setup"].startswith(f"{url}/setup#")
    for file in tmp_path.rglob("*"):
        if file.is_file():
            assert code.encode() not in file.read_bytes()
