"""`init`, `config`, `doctor`, `version`, and how errors end."""

from __future__ import annotations

import gc
import io
import json
import sqlite3
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from apps.json_contract import Doctor
from strikewise.apps.cli import scan
from strikewise.apps.cli.main import app, global_first, main
from strikewise.bootstrap.configuration import load_settings


def test_init_makes_settings_that_hold_and_never_overwrites_them(call: Any, tmp_path: Path) -> None:
    home = tmp_path / "new" / "home"
    assert call("init", home=home).exit_code == 0
    assert load_settings(home).account.capital == 100_000
    mine = '[account]\nname = "mine"\n'
    (home / "settings.toml").write_text(mine)
    assert call("init", home=home).exit_code == 0
    assert (home / "settings.toml").read_text() == mine


def test_the_settings_shown_are_the_settings_in_force(call: Any, tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text(
        "[account]\ncapital = 5000\n[strategies.iron_condor]\nwidth = 10.0\n"
    )
    said = call("config", "show", home=tmp_path).stdout
    shown = tomllib.loads(said[: said.index("Next:")])
    assert shown == load_settings(tmp_path).model_dump(mode="json")
    assert shown["account"]["capital"] == 5000


@pytest.mark.parametrize(
    "words", [("config", "show"), ("config", "show", "--json"), ("doctor",), ("trades",)]
)
def test_a_password_is_never_printed(call: Any, tmp_path: Path, words: tuple[str, ...]) -> None:
    url = "postgresql+psycopg://trader:hunter2@nowhere.invalid/ledger"
    (tmp_path / "settings.toml").write_text(f'[ledger]\nurl = "{url}"\n')
    for before in ((), ("--debug",)):
        result = call(*words, home=tmp_path, before=before)
        assert "hunter2" not in result.stdout + result.stderr


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ("[limits]\nmax_los_per_trade = 0.1\n", "did you mean 'max_loss_per_trade'"),
        ("[limits]\nmax_loss_per_trade = 0.0\n", "max_loss_per_trade"),
        ("[strategies.iron_condr]\nwidth = 5.0\n", "iron_condr"),
        ("[account\n", "not valid TOML"),
    ],
)
def test_settings_that_cannot_be_used_are_refused(
    call: Any, tmp_path: Path, settings: str, sentence: str
) -> None:
    (tmp_path / "settings.toml").write_text(settings)
    for words in (("config", "check"), ("scan",)):
        result = call(*words, home=tmp_path)
        assert result.exit_code == 2
        assert sentence in result.stderr


def test_config_check_reads_specifications_too(call: Any, spec: Path) -> None:
    assert call("config", "check", spec).exit_code == 0
    spec.write_text(spec.read_text().replace("capital", "capitl"))
    result = call("config", "check", spec)
    assert result.exit_code == 2
    assert "capital" in result.stderr


def test_doctor_finds_a_sound_installation_sound(answer: Any) -> None:
    found = answer("doctor")
    Doctor.model_validate(found)
    assert found["sound"]
    checked = {one["check"] for one in found["checks"]}
    assert {"clock", "disk", "data home", "settings", "ledger", "chains", "pricing", "time zones"} <= checked


def test_doctor_fails_on_bad_settings(call: Any, tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text("[fils]\n")
    result = call("doctor", "--json", home=tmp_path)
    assert result.exit_code == 1
    failed = [one["check"] for one in json.loads(result.stdout)["checks"] if one["level"] == "fail"]
    assert failed == ["settings"]
    assert call("doctor", home=tmp_path).exit_code == 1


def test_doctor_fails_on_a_ledger_that_was_tampered_with(
    call: Any, spec: Path, market: Path, tmp_path: Path
) -> None:
    ledger = tmp_path / "ledger.db"
    assert call("backtest", spec, "--ledger", f"sqlite:///{ledger}").exit_code == 0
    assert call("doctor", home=tmp_path).exit_code == 0
    with sqlite3.connect(ledger) as database:
        triggers = database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for (name,) in triggers:
            database.execute(f"DROP TRIGGER {name}")
        database.execute("UPDATE facts SET actor = 'somebody' WHERE seq = 2")
    database.close()
    result = call("doctor", "--json", home=tmp_path)
    assert result.exit_code == 1
    (failed,) = [one for one in json.loads(result.stdout)["checks"] if one["level"] == "fail"]
    assert failed["check"] == "ledger"
    assert "2" in failed["found"]
    assert market.exists()


def test_doctor_names_a_damaged_archive_and_goes_on(call: Any, tmp_path: Path) -> None:
    archive = tmp_path / "chains" / "SPY" / "2026.parquet"
    archive.parent.mkdir(parents=True)
    archive.write_bytes(b"PAR1 and no more")
    result = call("doctor", "--json", home=tmp_path)
    assert result.exit_code == 1
    (failed,) = [one for one in json.loads(result.stdout)["checks"] if one["level"] == "fail"]
    assert failed["check"] == "chains"
    assert f"{archive} is damaged" in failed["found"]
    assert failed["advice"].startswith("delete it and import")


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_a_terminal_that_lacks_a_sign_shows_a_question_mark(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, encoding: str
) -> None:
    (tmp_path / "settings.toml").write_text('[account]\nname = "Zürich – 1"\n', encoding="utf-8")
    for words, said in ((["config", "show"], '"Z'), (["config", "show", "--json"], "\\u2013")):
        written = io.BytesIO()
        monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding=encoding))
        monkeypatch.setattr(sys, "argv", ["strikewise", "--home", str(tmp_path), *words])
        with pytest.raises(SystemExit) as ended:
            main()
        gc.enable()
        sys.stdout.flush()
        assert not ended.value.code
        assert said in written.getvalue().decode(encoding)


def test_the_version_is_that_of_the_package(call: Any, answer: Any) -> None:
    version = answer("version")["strikewise"]
    assert call("version").stdout.startswith(f"strikewise {version}")
    assert call("--version").stdout.strip() == f"strikewise {version}"


def test_only_debug_shows_where_an_error_comes_from(call: Any, tmp_path: Path) -> None:
    plain, told = call("scan", home=tmp_path), call("scan", home=tmp_path, before=("--debug",))
    assert plain.exit_code == told.exit_code == 2
    assert len(plain.stderr.splitlines()) == 1
    assert "Traceback" in told.stderr


def test_a_mistake_of_ours_is_told_without_a_traceback(call: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_session: object) -> None:
        raise KeyError("postgresql://trader:hunter2@host/db")

    monkeypatch.setattr(scan, "system_of", broken)
    result = call("scan")
    assert result.exit_code == 70
    assert "--debug" in result.stderr
    assert "Traceback" not in result.stderr
    assert "hunter2" not in call("scan", before=("--debug",)).stderr


def test_a_home_that_cannot_be_written_is_told_in_one_line(call: Any, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = call("init", home=tmp_path / "file" / "home")
    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize("words", [("data", "status"), ("doctor",), ("init",), ("trades",)])
def test_a_file_is_no_home(call: Any, tmp_path: Path, words: tuple[str, ...]) -> None:
    (tmp_path / "file").write_text("")
    result = call(*words, home=tmp_path / "file")
    assert result.exit_code == 2
    assert "a data home is a folder: choose another" in result.stderr


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        (["scan", "SPY", "--home", "there"], ["--home", "there", "scan", "SPY"]),
        (["--home=there", "trades", "--debug", "--json"], ["--home=there", "--debug", "trades", "--json"]),
        (["data", "import", "--", "--home"], ["data", "import", "--", "--home"]),
        (["scan", "--home"], ["--home", "scan"]),
    ],
)
def test_global_options_may_stand_behind_the_command(given: list[str], taken: list[str]) -> None:
    assert global_first(given) == taken


def test_a_home_behind_the_command_is_the_home(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text("[account]\ncapital = 7000\n")
    said = CliRunner().invoke(app, ["config", "show", "--json", "--home", str(tmp_path)])
    assert said.exit_code == 0
    assert json.loads(said.stdout)["settings"]["account"]["capital"] == 7000
