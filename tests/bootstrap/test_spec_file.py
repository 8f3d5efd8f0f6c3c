"""Specifications: what is right becomes a run, what is wrong is one sentence that names file and key."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from engine.random_specs import documents
from strikewise.bootstrap.spec_file import SPEC_EXAMPLE, load_spec, make_spec
from strikewise.domain.errors import SettingsError
from strikewise.execution.fills import FillRule
from strikewise.market.estimate import MissingQuotePolicy
from strikewise.risk.governor import Governor
from strikewise.risk.limits import Limits

SOUND: dict[str, Any] = {
    "underlyings": ["SPY"],
    "start": date(2026, 7, 22),
    "end": date(2026, 8, 21),
    "strategies": [{"strategy": "credit_spread"}],
}


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "wrong.toml"
    path.write_text(text, encoding="utf-8")
    return path


def refusal(document: dict[str, Any]) -> str:
    with pytest.raises(SettingsError) as refused:
        make_spec(document, where="wrong.toml")
    return str(refused.value)


def test_the_example_is_sound_and_named_after_itself(tmp_path: Path) -> None:
    path = tmp_path / "bull-puts.toml"
    text = "\n".join(line for line in SPEC_EXAMPLE.splitlines() if not line.startswith("name"))
    path.write_text(text, encoding="utf-8")
    chosen = load_spec(path)
    assert (chosen.name, chosen.run.underlyings, chosen.start) == ("bull-puts", ("SPY",), date(2026, 7, 22))
    assert chosen.run.document["name"] == "bull-puts"
    assert make_spec({**SOUND, "name": "Mine"}, name="file").name == "Mine"


def test_what_is_left_out_has_the_documented_defaults() -> None:
    chosen = make_spec(SOUND)
    assert chosen.run.capital_cents == 10_000_000
    assert chosen.run.limits == Limits()
    assert chosen.fills == FillRule()
    assert (chosen.lag, chosen.run.missing_quote) == (0, MissingQuotePolicy.MODEL)
    assert chosen.run.entry_weekdays == ("MON", "TUE", "WED", "THU", "FRI")
    (one,) = chosen.run.strategies
    assert dict(one.params) == dict(one.strategy.space.make({}))


@settings(max_examples=25, deadline=None)
@given(document=documents())
def test_what_is_written_down_of_a_run_makes_the_same_run_again(document: dict[str, Any]) -> None:
    chosen = make_spec({**SOUND, **document})
    again = make_spec(json.loads(json.dumps(chosen.run.document)))
    assert again == chosen
    assert json.dumps(again.run.document) == json.dumps(chosen.run.document)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"capitol": 5}, "unknown key 'capitol': did you mean 'capital'?"),
        ({"limits": {"max_risk": 0.1}}, "unknown key 'limits.max_risk': did you mean 'max_at_risk'?"),
        ({"fills": {"zzz": 1}}, "unknown key 'fills.zzz': known are: any_size, f, missing_quote"),
        (
            {"strategies": [{"strategy": "credit_spread", "paramters": {}}]},
            "unknown key 'strategies.0.paramters': did you mean 'parameters'?",
        ),
        ({"capital": "lots"}, "'capital': Input should be a valid number"),
        ({"capital": True}, "'capital': .*number.*was True"),
        ({"limits": {"max_at_risk": True}}, "'limits.max_at_risk': .*number.*was True"),
        ({"capital": 0}, "'capital': .*greater than 0; was 0"),
        ({"capital": float("inf")}, "'capital': .*finite"),
        ({"capital": 1e300}, "'capital': .*less than or equal"),
        ({"capital": 0.001}, "Capital must be above zero"),
        ({"start": "yesterday"}, "'start': .*was 'yesterday'"),
        ({"underlyings": "SPY"}, "'underlyings': .*was 'SPY'"),
        ({"underlyings": []}, "'underlyings': .*at least 1"),
        ({"strategies": []}, "'strategies': .*at least 1"),
        ({"strategies": [{}]}, "the key 'strategies.0.strategy' is missing"),
        ({"strategies": [{"strategy": "credit_spred"}]}, "no strategy 'credit_spred'. Did you mean 'credit"),
        ({"strategies": [{"strategy": "roulette"}]}, "no strategy 'roulette'. Known are: .*credit_spread, "),
        (
            {"strategies": [{"strategy": "credit_spread", "parameters": {"widht": 5}}]},
            "'credit_spread'.*widht.*'width'",
        ),
        (
            {"strategies": [{"strategy": "iron_condor", "label": "wide", "parameters": {"width": 9999.0}}]},
            "'wide'.*width.*9999",
        ),
        (
            {"strategies": [{"strategy": "credit_spread", "parameters": {"min_dte": 60, "max_dte": 30}}]},
            "'min_dte' must not exceed 'max_dte'; were 60 and 30",
        ),
        ({"strategies": [{"strategy": "iron_condor"}] * 2}, "iron_condor stands more than once"),
        ({"limits": {"max_loss_per_trade": 0.0}}, "max_loss_per_trade must be a share of equity above 0"),
        ({"limits": {"max_positions": 0}}, "max_positions must be at least 1; was 0"),
        ({"limits": {"max_positions": -3}}, "max_positions must be at least 1; was -3"),
        ({"limits": {"max_loss_per_trade": 0.3}}, r"max_loss_per_trade \(0.3\) must not exceed"),
        ({"limits": {"max_at_risk": float("nan")}}, "max_at_risk"),
        ({"fills": {"f": 1.5}}, "between 0 .mid. and 1 .touch.; was"),
        ({"fills": {"f": []}}, "at least"),
        ({"fills": {"missing_quote": "guess"}}, "'fills.missing_quote': .*'carry', 'model' or 'worst'"),
        ({"fees": {"commission": -1}}, "'fees.commission': .*greater than or equal to 0"),
        ({"cadence": {"lag": -1}}, "'cadence.lag'"),
        ({"cadence": {"entry": ["SUN"]}}, "Entry weekdays must be some of MON"),
        ({"end": date(2026, 7, 1)}, "must end on or after its start"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_one_sentence_that_names_the_file(changes: dict[str, Any], said: str) -> None:
    sentence = refusal({**SOUND, **changes})
    assert sentence.startswith("wrong.toml: ")
    assert re.search(said, sentence), sentence
    assert "\n" not in sentence


def test_what_is_missing_is_named() -> None:
    sentence = refusal({})
    for key in ("underlyings", "start", "end", "strategies"):
        assert f"the key '{key}' is missing" in sentence


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("underlyings = [", "is not valid TOML.*end of document"),
        ("start = 2026-13-01\n", "is not valid TOML"),
        ('name = "a"\nname = "b"\n', "is not valid TOML.*line 2"),
    ],
)
def test_what_is_not_toml_names_the_file_and_the_line(tmp_path: Path, text: str, said: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(SettingsError, match=f"^{re.escape(str(path))} {said}"):
        load_spec(path)


def test_a_file_that_is_no_text_or_not_there_is_named(tmp_path: Path) -> None:
    path = tmp_path / "picture.toml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SettingsError, match=r"picture\.toml is not valid TOML"):
        load_spec(path)
    with pytest.raises(SettingsError, match=r"There is no file .*missing\.toml"):
        load_spec(tmp_path / "missing.toml")
    with pytest.raises(SettingsError, match="cannot be read"):
        load_spec(tmp_path)


def test_a_problem_in_a_file_names_the_file(tmp_path: Path) -> None:
    path = written(tmp_path, SPEC_EXAMPLE + "\n[limits]\nmax_loss_per_trade = 0.5\n")
    with pytest.raises(SettingsError, match=f"^{re.escape(str(path))}: .*must not exceed max_at_risk"):
        load_spec(path)


def test_a_run_has_a_governor_only_where_its_table_stands_and_says_so_in_its_facts() -> None:
    plain = make_spec(SOUND)
    assert plain.governor is None
    assert "governor" not in plain.run.document
    empty = make_spec({**SOUND, "governor": {}})
    assert empty.governor == Governor()
    chosen = make_spec({**SOUND, "governor": {"max_correlation": 0.95}})
    assert chosen.governor == Governor(max_correlation=0.95)
    assert make_spec(chosen.run.document).governor == chosen.governor


def test_a_governors_table_is_checked_like_that_of_the_settings() -> None:
    assert "did you mean 'daily_loss'" in refusal({**SOUND, "governor": {"daily_los": 0.02}})
    assert "If 2 % is meant, write 0.02" in refusal({**SOUND, "governor": {"daily_loss": 2.0}})
