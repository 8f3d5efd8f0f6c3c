"""The settings file from afar: shown without passwords, checked whole, replaced by whoever saw it last."""

from __future__ import annotations

import stat
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strikewise.bootstrap.configuration import load_settings
from strikewise.bootstrap.settings_file import SettingsFile
from strikewise.bootstrap.url_passwords import hidden, restored
from strikewise.domain.errors import SettingsError

SECRET = 'url = "postgresql+psycopg://ada:hunter2@db/ledger"'


def written(home: Path, text: str) -> SettingsFile:
    (home / "settings.toml").write_text(text, encoding="utf-8")
    return SettingsFile(home)


def test_a_home_without_settings_shows_the_template_which_changes_nothing(tmp_path: Path) -> None:
    file = SettingsFile(tmp_path)
    assert file.check(file.text()) == file.check("")
    assert file.check(file.text()).problems == ()


def test_what_is_wrong_is_told_and_nothing_is_written(tmp_path: Path) -> None:
    file = written(tmp_path, "")
    for text, said in [
        ("[limit]\n", "did you mean 'limits'"),
        ("[limits\n", "not valid TOML"),
        ("[limits]\nmax_margin = -1\n", "max_margin"),
        ("[strategies.nobody]\nx = 1\n", "no strategy nobody"),
    ]:
        (problem,) = file.check(text).problems
        assert said in problem
        with pytest.raises(SettingsError):
            file.put(text, file.digest())
    assert (tmp_path / "settings.toml").read_text(encoding="utf-8") == ""


def test_a_file_that_a_hand_has_broken_can_be_mended(tmp_path: Path) -> None:
    file = written(tmp_path, "[limits\n")
    assert file.check(file.text()).problems
    file.put("[limits]\nmax_margin = 0.3\n", file.digest())
    assert file.check("[limits]\nmax_margin = 0.3\n").changes == ()


def test_a_change_is_told_before_it_is_made_and_is_in_force_after(tmp_path: Path) -> None:
    file = written(tmp_path, "[limits]\nmax_margin = 0.4\n")
    text = "[limits]\nmax_margin = 0.3\n"
    (change,) = file.check(text).changes
    assert (change.name, change.before, change.after) == ("limits.max_margin", 0.4, 0.3)
    assert not change.dangerous
    file.put(text, file.digest())
    assert load_settings(tmp_path).limits.model_dump()["max_margin"] == 0.3
    assert file.check(text).changes == ()
    assert (tmp_path / "settings.toml.before").read_text(encoding="utf-8") == "[limits]\nmax_margin = 0.4\n"


def test_whoever_did_not_see_the_last_change_replaces_nothing(tmp_path: Path) -> None:
    file = written(tmp_path, "")
    digest = file.digest()
    file.put("[limits]\nmax_margin = 0.3\n", digest)
    with pytest.raises(SettingsError, match="meanwhile"):
        file.put("[limits]\nmax_margin = 0.2\n", digest)


def test_a_password_is_never_shown_and_never_lost(tmp_path: Path) -> None:
    file = written(tmp_path, f"[ledger]\n{SECRET}\n")
    shown = file.text()
    assert "hunter2" not in shown + str(file.values()) + str(file.check(shown))
    file.put(f"{shown}\n[limits]\nmax_margin = 0.3\n", file.digest())
    kept = tomllib.loads((tmp_path / "settings.toml").read_text(encoding="utf-8"))
    assert kept["ledger"]["url"] == SECRET.partition('"')[2].rstrip('"')
    for name in ("settings.toml", "settings.toml.before"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600


def test_each_address_keeps_its_own_password_though_users_are_alike(tmp_path: Path) -> None:
    before = (
        '[ledger]\n# url = "postgresql+psycopg://ada:older@db/ledger"\n'
        'url = "postgresql+psycopg://ada:newer@db/ledger"\n'
        '# url = "postgresql+psycopg://ada:oldest@backup/ledger?sslpassword=inner"\n'
    )
    file = written(tmp_path, before)
    shown = file.text()
    assert [word in shown for word in ("older", "newer", "oldest", "inner")] == [False] * 4
    file.put(f"# kept\n{shown}", file.digest())
    assert (tmp_path / "settings.toml").read_text(encoding="utf-8") == f"# kept\n{before}"


def test_a_changed_address_keeps_its_users_password_and_another_users_is_asked_for(tmp_path: Path) -> None:
    file = written(tmp_path, f"[ledger]\n{SECRET}\n")
    file.put(file.text().replace("@db/", "@elsewhere/"), file.digest())
    assert load_settings(tmp_path).ledger.url == "postgresql+psycopg://ada:hunter2@elsewhere/ledger"
    (problem,) = file.check(file.text().replace("ada", "eve")).problems
    assert "write the password out" in problem
    assert "hunter2" not in problem


PIECES = ["://", "ada", "eve", ":", "@", "?password=", "&sslpassword=", "one", " ", '"', "/", "#", "\n"]


@given(st.lists(st.sampled_from(PIECES), max_size=30).map("".join))
def test_what_has_no_hidden_password_comes_back_as_it_was_written(text: str) -> None:
    assert restored(text, text) == text
    assert restored(hidden(text), text) == text


@given(before=st.floats(0.1, 0.99), after=st.floats(0.1, 0.99))
def test_raising_a_limit_is_dangerous_and_lowering_it_is_not(
    tmp_path_factory: pytest.TempPathFactory, before: float, after: float
) -> None:
    home = tmp_path_factory.mktemp("home")
    wanted = f"[limits]\nmax_margin = {after!r}\n"
    checked = written(home, f"[limits]\nmax_margin = {before!r}\n").check(wanted)
    if not checked.problems:
        assert checked.dangerous == (after > before)


@pytest.mark.parametrize(
    "text", ['[run]\nmode = "live"\n', '[broker]\nname = "alpaca"\n', "[governor]\ndaily_loss = 0.03\n"]
)
def test_real_money_another_broker_and_looser_guards_are_dangerous(tmp_path: Path, text: str) -> None:
    checked = SettingsFile(tmp_path).check(text)
    assert checked.problems == ()
    assert checked.dangerous


@pytest.mark.parametrize(
    ("before", "after", "dangerous"),
    [
        ("[limits]\nmax_margin = 0.5", "[limits]\nmax_margin = 0.4", False),
        ("[limits]\nmax_margin = 0.4", "[limits]\nmax_margin = 0.5", True),
        ("[limits]\nmin_open_interest = 100", "[limits]\nmin_open_interest = 10", True),
        ("[limits]\nmin_open_interest = 10", "[limits]\nmin_open_interest = 100", False),
        ("[governor]\ncool_down_hours = 24", "[governor]\ncool_down_hours = 1", True),
        ("[governor]\nvar_confidence = 0.99", "[governor]\nvar_confidence = 0.9", True),
        ("[governor]\nposition_loss = 500", "[governor]\nposition_loss = 0", True),
        ("[governor]\nposition_loss = 0", "[governor]\nposition_loss = 500", False),
        ("[governor]\nposition_loss = 500", "[governor]\nposition_loss = 400", False),
        ("[governor.blackouts]\nCPI = [16.5, 0.5]", "[governor.blackouts]\n", True),
        ('[governor]\non_drawdown = "flatten"', '[governor]\non_drawdown = "reduce"', True),
        ("[schedule]\nscan_minutes = 15", "[schedule]\nscan_minutes = 5", False),
        ('[run]\nmode = "paper"', '[run]\nmode = "live"', True),
        ('[run]\nmode = "live"', '[run]\nmode = "paper"', False),
    ],
)
def test_what_may_lose_more_is_dangerous_whichever_way_the_number_goes(
    tmp_path: Path, before: str, after: str, *, dangerous: bool
) -> None:
    checked = written(tmp_path, before + "\n").check(after + "\n")
    assert checked.problems == ()
    assert checked.changes
    assert checked.dangerous is dangerous
