"""Fixed runs whose every fact is known: a change of any byte of them is a change somebody meant.

The file is written anew by ``pytest tests/golden --regenerate-golden``; say in the commit why it changed.
Where only ``fingerprint`` changes and ``trades`` does not, numbers beside the trading moved (a feature, a
score, a Greek); where ``trades`` changes, other contracts were traded, or at other prices.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.runs import reconstructed, recorded_spec, spec, spy_2021, thinned, through_history
from golden.telling import told
from strategy.recorded_market import recorded_source
from strikewise.portfolio.ledger import Fact, fingerprint

FILE = Path(__file__).with_name("golden.json")


def summer_of_2015() -> list[Fact]:
    return through_history(spec(), reconstructed())


def summer_of_2015_a_day_late() -> list[Fact]:
    return through_history(spec(cadence={"lag": 1}, fills={"f": 0.5}), reconstructed())


def summer_of_2015_with_holes() -> list[Fact]:
    return through_history(spec(), thinned(reconstructed(), keep=0.7, seed=1))


def spy_of_2026() -> list[Fact]:
    return through_history(recorded_spec(), recorded_source("SPY", 2026))


def spy_of_2021() -> list[Fact]:
    return through_history(spy_2021("model"), recorded_source("SPY", 2021))


@pytest.mark.parametrize(
    "run",
    [
        summer_of_2015,
        summer_of_2015_a_day_late,
        summer_of_2015_with_holes,
        pytest.param(spy_of_2026, marks=pytest.mark.shared),
        pytest.param(spy_of_2021, marks=pytest.mark.shared),
    ],
    ids=lambda run: run.__name__,
)
def test_a_golden_run_has_every_byte_it_had(
    run: Callable[[], list[Fact]], request: pytest.FixtureRequest
) -> None:
    found = told(run())
    if request.config.getoption("--regenerate-golden", default=False):
        golden = json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else {}
        golden[run.__name__] = found
        FILE.write_text(json.dumps(golden, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    assert found == json.loads(FILE.read_text(encoding="utf-8"))[run.__name__]


def test_the_same_run_twice_has_the_same_bytes() -> None:
    assert fingerprint(summer_of_2015()) == fingerprint(summer_of_2015())
