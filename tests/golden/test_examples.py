"""Every shipped example states what it comes to: a change of any byte of its facts is one somebody meant.

Examples on recorded chains run as they stand. The studies run over the first quarter of 2020 on chains that
are made here, for eight years would take minutes: their golden facts are of the machinery, not of the study.
The file is written anew by ``pytest tests/golden --regenerate-golden``.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from golden.telling import told
from shared_data import REPOSITORY
from strategy.recorded_market import recorded_source
from strategy.test_arsenal_replays import reconstructed_spy
from strikewise.backtest.runner import replay
from strikewise.bootstrap.spec_file import load_spec
from strikewise.market.calendar import SessionCalendar
from strikewise.portfolio.ledger import MemoryLedger

FILE = Path(__file__).with_name("examples.json")
EXAMPLES = sorted((REPOSITORY / "examples").rglob("*.toml"))
QUARTER = (date(2020, 1, 2), date(2020, 3, 31))

pytestmark = pytest.mark.shared


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_has_every_byte_it_had(path: Path, request: pytest.FixtureRequest) -> None:
    spec = load_spec(path)
    if path.parent.name == "studies":
        spec = replace(spec, start=QUARTER[0], end=QUARTER[1])
        source = reconstructed_spy(*QUARTER)
    else:
        source = recorded_source("SPY", spec.start.year)
    ledger = MemoryLedger()
    replay(spec, source, SessionCalendar(), ledger)
    found = told(list(ledger.facts()))
    if request.config.getoption("--regenerate-golden", default=False):
        golden = json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else {}
        golden[path.stem] = found
        FILE.write_text(json.dumps(golden, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    assert found == json.loads(FILE.read_text(encoding="utf-8"))[path.stem]
    assert found["facts"] > 40  # a specification that does nothing shows nothing
