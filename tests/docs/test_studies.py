"""The studies in `examples/studies/` say what they expect, and trade on chains as they stand."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from engine.runs import reconstructed, through_history
from shared_data import REPOSITORY
from strikewise.bootstrap.spec_file import load_spec
from strikewise.portfolio.ledger import Fact

STUDIES = sorted((REPOSITORY / "examples" / "studies").glob("*.toml"))
PUBLISHED = [path for path in STUDIES if "strangle" in path.stem]
SPRING = (date(2015, 3, 2), date(2015, 4, 30))
"""Two months of closes that came with a package, under SPY's name: their level is that of the index."""


def facts_of(path: Path) -> list[Fact]:
    spec = load_spec(path)
    start, end = SPRING
    run = replace(spec.run, capital_cents=10 * spec.run.capital_cents)
    return through_history(replace(spec, run=run, start=start, end=end), reconstructed(start, end, "SPY"))


def test_the_published_studies_are_there() -> None:
    assert len(PUBLISHED) == 6
    assert {"spy_wheel", "spy_covered_calls", "spy_seven_strategies"} <= {path.stem for path in STUDIES}


@pytest.mark.parametrize("path", PUBLISHED, ids=lambda path: path.stem)
def test_a_published_study_names_its_source_and_the_range_that_is_expected(path: Path) -> None:
    text = " ".join(line.removeprefix("# ") for line in path.read_text(encoding="utf-8").splitlines())
    assert "Published:" in text
    assert "Expected here:" in text
    assert "tastylive" in text or "spintwig" in text


@pytest.mark.parametrize("path", STUDIES, ids=lambda path: path.stem)
def test_a_study_trades_on_reconstructed_chains(path: Path) -> None:
    facts = facts_of(path)
    opened = [fact for fact in facts if fact.kind == "OrderFilled"]
    assert opened
    assert path.read_text(encoding="utf-8").count(f"examples/studies/{path.name}") >= 1


def test_strangles_held_to_expiration_are_never_closed_before_it() -> None:
    (path,) = [one for one in STUDIES if one.stem == "spy_strangle_16_delta_to_expiry"]
    reasons = Counter(
        fact.payload.split('"reason":"')[1].split('"')[0]
        for fact in facts_of(path)
        if fact.kind == "OrderPlaced"
    )
    assert set(reasons) <= {"ENTRY", "ASSIGNED_SHARES"}
    assert reasons["ENTRY"] > 1
