"""The specifications in `examples/` run on the recorded chains they are written for."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

import strikewise
from shared_data import CHAINS, DATA, REPOSITORY

EXAMPLES = sorted((REPOSITORY / "examples").glob("*.toml"))
MISSING = "spy_2021_missing_quotes.toml"
MARKET = ("rates.parquet", "daily_etf_index.parquet", "dividends.csv", "splits.csv", "events.csv")


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> strikewise.Desk:
    """A data home with the recorded chains of SPY and what trading them needs."""
    folder = tmp_path_factory.mktemp("recorded")
    given = folder / "given"
    given.mkdir()
    for name in MARKET:
        (given / name).symlink_to(DATA / name)
    (given / "SPY").mkdir()
    for year in (CHAINS / "SPY").glob("*.parquet"):
        (given / "SPY" / year.name).symlink_to(year)
    opened = strikewise.desk(folder / "home")
    opened.import_data(given)
    return opened


@pytest.mark.shared
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_trades_on_recorded_quotes(desk: strikewise.Desk, path: Path) -> None:
    run = desk.backtest(path)
    assert run.result["grade"] == "quotes"
    assert run.result["trades"]


@pytest.mark.shared
def test_the_page_on_fills_tells_what_each_policy_came_to(desk: strikewise.Desk) -> None:
    document = tomllib.loads((REPOSITORY / "examples" / MISSING).read_text(encoding="utf-8"))
    page = (REPOSITORY / "docs" / "explanation" / "fills.md").read_text(encoding="utf-8")
    for policy in ("carry", "model", "worst"):
        run = desk.backtest({**document, "fills": {"missing_quote": policy}})
        told = f"`{policy}` {run.summary['total_return']:+.1%}".replace("-", "−")
        assert told in page
