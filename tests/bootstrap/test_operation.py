"""The tables of settings that say how an account is traded: what they allow, and what they refuse."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from strikewise.bootstrap.configuration import load_settings
from strikewise.bootstrap.parts import faults_of, run_spec
from strikewise.domain.errors import SettingsError
from strikewise.engine.answering import Answering
from strikewise.engine.schedule import Cadence


def settings(tmp_path: Path, text: str) -> object:
    (tmp_path / "settings.toml").write_text(text, encoding="utf-8")
    return load_settings(tmp_path)


def test_defaults_are_those_of_the_engine(tmp_path: Path) -> None:
    found = load_settings(tmp_path)
    assert found.schedule.frozen() == Cadence()
    assert found.run.mode.value == "paper"
    assert found.broker.name.value == "simulated"
    ladder = found.orders.frozen()
    assert ladder is not None
    assert (ladder.steps, ladder.seconds) == (4, 15)


def test_nobody_is_asked_unless_the_settings_say_so_and_for_as_long_as_they_say(tmp_path: Path) -> None:
    assert load_settings(tmp_path).run.answering() == Answering()
    text = "[run]\nask_first = true\nanswer_minutes = 90\nanswer_slip = 0.1\n"
    (tmp_path / "settings.toml").write_text(text, encoding="utf-8")
    assert load_settings(tmp_path).run.answering() == Answering(
        asks=True, life=timedelta(minutes=90), slip=0.1
    )


def test_over_a_recorded_market_the_closing_quotes_are_traded_on(tmp_path: Path) -> None:
    cadence = load_settings(tmp_path).schedule.frozen(recorded=True)
    assert cadence.at_close
    assert cadence.reconcile >= 900


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[schedule]\nscan_minutes = 0\n", "scan must be at least 60 seconds"),
        ("[run]\nanswer_minutes = 7201\n", "answered for 1 to 7200 minutes; was 7201"),
        ("[schedule]\nmanage_seconds = 0\n", "manage must be at least 1 seconds"),
        ("[orders]\nsteps = 0\n", "at least one step"),
        ("[orders]\nfrom_mid = 0.9\nto_touch = 0.5\n", "from mid"),
        ("[run]\nskew_halts_seconds = 1.0\n", "skew must warn above 0 seconds and halt no earlier"),
        ("[run]\nstale_minutes = 5\n", "seconds old to be traded on"),
        ('[run]\nmode = "real"\n', "paper"),
        ('[broker]\nname = "tradier"\n', "simulated"),
    ],
)
def test_what_cannot_be_meant_is_refused_when_it_is_read(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(SettingsError, match=problem):
        settings(tmp_path, text)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "Nothing is named that may be traded"),
        ('[run]\nunderlyings = ["SPY"]\nstrategies = ["credit_spred"]\n', "Did you mean 'credit_spread'"),
        ('[run]\nunderlyings = ["SPY"]\nstrategies = []\n', "at least one strategy"),
    ],
)
def test_an_account_with_nothing_to_do_is_refused(tmp_path: Path, text: str, problem: str) -> None:
    (tmp_path / "settings.toml").write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError, match=problem):
        run_spec(load_settings(tmp_path), None)


def test_parameters_of_the_settings_are_those_that_are_traded(tmp_path: Path) -> None:
    text = '[run]\nunderlyings = ["SPY", "SPY"]\n[strategies.credit_spread]\nwidth = 10.0\n'
    (tmp_path / "settings.toml").write_text(text, encoding="utf-8")
    spec = run_spec(load_settings(tmp_path), None)
    assert spec.underlyings == ("SPY",)
    chosen = spec.labelled("credit_spread")
    assert chosen is not None
    assert chosen.params["width"] == 10.0


def test_faults_come_from_one_place(tmp_path: Path) -> None:
    plan = tmp_path / "plan.json"
    plan.write_text('{"seed": 3, "faults": []}', encoding="utf-8")
    assert faults_of(None, None) is None
    drawn, read = faults_of(None, 7), faults_of(plan, None)
    assert drawn is not None
    assert drawn.faults
    assert read is not None
    assert (read.seed, read.faults) == (3, ())
    with pytest.raises(SettingsError, match="name one of the two"):
        faults_of(plan, 7)
    with pytest.raises(SettingsError, match="cannot be read"):
        faults_of(tmp_path / "none.json", None)
