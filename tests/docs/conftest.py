"""What the documentation says is tried out: on the demonstration's market, of which four months are made."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from shared_data import REPOSITORY
from strikewise.backtest.demo_data import DEMO_UNDERLYING, demo_bars, demo_series
from strikewise.backtest.reconstruct.listings import Density
from strikewise.backtest.reconstruct.recipe import Observed, recipe_for
from strikewise.backtest.reconstruct.tape import reconstruct
from strikewise.bootstrap.build import build_system

START, END = date(2018, 1, 2), date(2018, 4, 30)
"""What the README's run trades; a chain depends on nothing but its own day."""


@pytest.fixture(scope="session")
def pages() -> list[Path]:
    """Every page that people read, generated ones left out."""
    written = (page for page in sorted((REPOSITORY / "docs").rglob("*.md")) if not _generated(page))
    return [*sorted(REPOSITORY.glob("*.md")), *written]


@pytest.fixture
def demo_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder, with the demonstration's data home in its place."""
    system = build_system(tmp_path / "demo-home" / "reconstructed")
    bars, (vix, rate) = demo_bars(system.calendar), demo_series(system.calendar)
    recipe = recipe_for(DEMO_UNDERLYING, Density.FRIDAYS)
    tapes = reconstruct(Observed(bars, vix, rate), recipe, system.calendar, start=START, end=END)
    system.data.write(tapes, bars=[bars], series=[vix, rate])
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _generated(page: Path) -> bool:
    return page.read_text(encoding="utf-8").startswith("<!-- Written by")
