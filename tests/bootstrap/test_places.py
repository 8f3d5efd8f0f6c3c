"""What is rehearsed never counts as an account's past."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from strikewise.bootstrap.configuration import load_settings
from strikewise.bootstrap.ledgers import ledger_url
from strikewise.bootstrap.places import rehearsal_place
from strikewise.domain.errors import SettingsError

DAYS = (date(2026, 7, 22), date(2026, 8, 21))


def place(home: Path, into: Path | None = None, ledger: str = "") -> tuple[Path, str]:
    return rehearsal_place(home, load_settings(home), DAYS, into=into, ledger=ledger)


def test_each_rehearsal_has_a_folder_of_its_own(tmp_path: Path) -> None:
    first, url = place(tmp_path)
    assert url == f"sqlite:///{first / 'ledger.db'}"
    first.mkdir(parents=True)
    second, _ = place(tmp_path)
    assert second not in (first, tmp_path)
    assert place(tmp_path, first)[0] == first


def test_it_may_be_kept_in_no_data_home(tmp_path: Path) -> None:
    home, other = tmp_path / "home", tmp_path / "other"
    home.mkdir()
    other.mkdir()
    (other / "settings.toml").write_text("", encoding="utf-8")
    for into in (home, tmp_path / "x" / ".." / "home", other):
        with pytest.raises(SettingsError, match="is a data home"):
            place(home, into)


def test_it_may_not_be_kept_in_the_accounts_ledger(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'else' / 'ledger.db'}"
    (tmp_path / "settings.toml").write_text(f'[ledger]\nurl = "{url}"\n', encoding="utf-8")
    for into, ledger in ((None, url), (tmp_path / "else", "")):
        with pytest.raises(SettingsError, match="account's own facts"):
            place(tmp_path, into, ledger)
    assert ledger_url(tmp_path, load_settings(tmp_path)) == url
