"""Settings: where they come from, which of two wins, and what is refused when they are read."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from strikewise.bootstrap.build import build_system
from strikewise.bootstrap.configuration import SETTINGS_TEMPLATE, Settings, load_settings
from strikewise.bootstrap.ledgers import ledger_url, open_ledger
from strikewise.bootstrap.settings import HOME_VARIABLE, find_home, settings_path
from strikewise.domain.errors import LedgerError, SettingsError
from strikewise.risk.limits import Limits
from strikewise.strategy.registry import STRATEGIES


def written(home: Path, text: str) -> Path:
    settings_path(home).write_text(text, encoding="utf-8")
    return home


def test_a_home_that_is_named_wins_over_the_environment_and_that_over_the_platform(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path / "environment"))
    assert find_home(tmp_path / "named") == tmp_path / "named"
    assert find_home() == tmp_path / "environment"
    for nothing in ("", None):
        if nothing is None:
            monkeypatch.delenv(HOME_VARIABLE)
        else:
            monkeypatch.setenv(HOME_VARIABLE, nothing)
        assert find_home().name == "strikewise"
        assert find_home().is_absolute()


def test_a_tilde_is_the_persons_own_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv(HOME_VARIABLE, "~/data")
    assert find_home() == tmp_path / "data"
    assert find_home(Path("~/other")) == tmp_path / "other"


def test_a_change_wins_over_the_file_and_the_file_over_the_default(tmp_path: Path) -> None:
    assert load_settings(tmp_path) == Settings()
    written(tmp_path, "[account]\ncapital = 5_000\n[limits]\nmax_positions = 3\n")
    found = load_settings(tmp_path)
    assert (found.account.capital, found.account.name, found.limits.max_positions) == (5_000, "main", 3)
    changed = load_settings(tmp_path, {"account": {"capital": 7_000}})
    assert (changed.account.capital, changed.limits.max_positions) == (7_000, 3)


def test_the_template_is_sound_with_and_without_its_comments(tmp_path: Path) -> None:
    assert load_settings(written(tmp_path, SETTINGS_TEMPLATE)) == Settings()
    spoken = re.sub(r"^# (?=\[|\w+ = )", "", SETTINGS_TEMPLATE, flags=re.MULTILINE)
    assert len(tomllib.loads(spoken)) > len(tomllib.loads(SETTINGS_TEMPLATE))
    found = load_settings(written(tmp_path, spoken))
    assert set(found.strategies) == {"credit_spread"}
    build_system(tmp_path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[acount]\n", "unknown key 'acount': did you mean 'account'?"),
        ("[feeds]\ncboe = 3\n", "'feeds.cboe'"),
        ("[feeds]\ncboe_seconds = 5\n", "greater than or equal to 60; was 5"),
        ("[feeds]\ncboe_url = 'https://quotes.example/SPY.json'\n", "must be an address with {symbol} in it"),
        ("[feeds]\ncboe_url = 'quotes/{symbol}.json'\n", "must be an address with {symbol} in it"),
        ("[feeds]\ncboe_url = 'https://quotes.example/{symbol}/{day}'\n", "no braces but those of {symbol}"),
        ("[account]\ncapital = -5\n", "'account.capital'"),
        ("[account]\ncapital = inf\n", "'account.capital'.*finite"),
        ("[limits]\nmax_loss_per_trade = 0.9\n", "max_loss_per_trade (0.9) must not exceed max_at_risk"),
        ("[limits]\nmax_new_per_day = -1\n", "max_new_per_day must be at least 1"),
        ("[spreads]\nf = 0.5\n", "unknown key 'spreads'"),
        ("[account\n", "is not valid TOML"),
    ],
)
def test_settings_that_cannot_be_used_are_refused_when_they_are_read(
    tmp_path: Path, text: str, said: str
) -> None:
    pattern = ".*".join(re.escape(part) for part in said.split(".*"))
    with pytest.raises(SettingsError, match=pattern) as refused:
        load_settings(written(tmp_path, text))
    assert str(refused.value).startswith(str(settings_path(tmp_path)))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[strategies.roulette]\nwidth = 5.0\n", "no strategy roulette to set parameters of"),
        ("[strategies.iron_condor]\nwidht = 5.0\n", "'iron_condor'.*'width'"),
        ("[strategies.iron_condor]\nwidth = true\n", "'iron_condor'.*width"),
    ],
)
def test_parameters_that_no_strategy_has_are_refused_when_the_parts_are_put_together(
    tmp_path: Path, text: str, said: str
) -> None:
    with pytest.raises(SettingsError, match=said) as refused:
        build_system(written(tmp_path, text))
    assert str(refused.value).startswith(str(settings_path(tmp_path)))


def test_an_installation_has_what_its_settings_say(tmp_path: Path) -> None:
    text = '[account]\nname = "mine"\ncapital = 12_345.67\n[limits]\nmax_positions = 3\n'
    system = build_system(written(tmp_path, text + "[strategies.iron_condor]\nwidth = 7.5\n"))
    assert (system.account, system.capital_cents, system.limits) == (
        "mine",
        1_234_567,
        Limits(max_positions=3),
    )
    assert [one.label for one in system.strategies] == list(STRATEGIES)
    widths = {one.label: one.params["width"] for one in system.strategies if "width" in one.params}
    assert widths["iron_condor"] == 7.5
    assert widths["credit_spread"] != 7.5


def test_looking_at_an_installation_writes_nothing(tmp_path: Path) -> None:
    home = tmp_path / "new"
    system = build_system(home)
    assert list(system.data.source().underlyings()) == []
    assert not home.exists()
    with system.ledger() as ledger:
        assert ledger.head.seq == 0
    assert (home / "ledger.db").is_file()


def test_the_ledger_is_in_the_home_unless_the_settings_name_another(tmp_path: Path) -> None:
    assert ledger_url(tmp_path, Settings()) == f"sqlite:///{tmp_path}/ledger.db"
    other = Settings.model_validate({"ledger": {"url": f"sqlite:///{tmp_path}/other.db"}})
    with build_system(tmp_path, other).ledger():
        assert (tmp_path / "other.db").is_file()
    with pytest.raises(LedgerError, match="is no database address"):
        open_ledger("nowhere")


def test_a_feed_is_opened_only_by_name_and_where_a_person_opted_in(tmp_path: Path) -> None:
    system = build_system(tmp_path)
    with pytest.raises(SettingsError, match="no feed 'yahoo'; known are: alpaca, cboe"):
        system.feed("yahoo", ["SPY"])
    with pytest.raises(SettingsError, match=r"read Cboe's terms of use.*cboe = true"):
        system.feed("cboe", ["SPY"])
