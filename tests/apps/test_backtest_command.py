"""`strikewise backtest`, and what it leaves behind."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from apps.json_contract import Backtest, Explained, Runs, Trades
from apps.pages import loaded_from_elsewhere


@pytest.fixture
def run(answer: Any, spec: Path) -> dict[str, Any]:
    result: dict[str, Any] = answer("backtest", spec)
    return result


def test_json_keeps_its_contract(run: dict[str, Any]) -> None:
    Backtest.model_validate(run)
    assert run["trades"], "a run without a trade tests nothing"
    assert run["grade"] == "reconstructed"
    assert "reconstructed" in run["title"]


def test_the_same_specification_gives_the_same_run(run: dict[str, Any], answer: Any, spec: Path) -> None:
    assert answer("backtest", spec) == run


def test_a_changed_key_gives_another_run(run: dict[str, Any], answer: Any, spec: Path) -> None:
    changed = answer(
        "backtest", spec, "--set", "strategies.iron_condor.parameters.dte_exit=30", "--set", "name=Other"
    )
    assert changed["fingerprint"] != run["fingerprint"]
    assert changed["spec"]["name"] == "Other"
    assert changed["spec"]["strategies"][0]["parameters"]["dte_exit"] == 30


def test_profits_of_trades_and_months_agree_with_the_summary(run: dict[str, Any]) -> None:
    closed = [trade["pnl"] for trade in run["trades"] if trade["closed_at"]]
    assert sum(row["pnl"] for row in run["exits"]) == pytest.approx(sum(closed))
    assert sum(row["pnl"] for row in run["months"]) == pytest.approx(run["summary"]["net_profit"])


def test_the_parts_of_a_run_add_up_to_it(run: dict[str, Any]) -> None:
    closed = [trade for trade in run["trades"] if trade["closed_at"]]
    for buckets in run["breakdowns"].values():
        assert sum(one["trades"] for one in buckets) == len(closed)
        assert sum(one["pnl"] for one in buckets) == pytest.approx(sum(trade["pnl"] for trade in closed))
    parts = run["attribution"]["whole"]
    assert parts["total"] == pytest.approx(run["equity"][-1]["equity_mid"] - run["spec"]["capital"], abs=0.01)
    assert {one["trade_id"] for one in run["details"]} == {trade["trade_id"] for trade in run["trades"]}
    assert all(len(one["equity_exit"]) == len(run["equity"]) for one in run["fills"])


def test_out_holds_all_that_is_needed_to_repeat_the_run(answer: Any, spec: Path, tmp_path: Path) -> None:
    folder = tmp_path / "kept" / "run"
    run = answer("backtest", spec, "--out", folder)
    files = {path.name for path in folder.iterdir()}
    assert files == {
        *("facts.jsonl", "spec.json", "result.json", "data.json", "report.html"),
        *("trades.parquet", "equity.parquet"),
    }
    kept = pl.read_parquet(folder / "trades.parquet")
    assert kept["pnl"].sum() == pytest.approx(sum(trade["pnl"] or 0 for trade in run["trades"]))
    assert pl.read_parquet(folder / "equity.parquet").to_dicts() == run["equity"]
    assert json.loads((folder / "result.json").read_text()) == run
    assert json.loads((folder / "data.json").read_text()) == run["data"]
    assert len((folder / "facts.jsonl").read_text().splitlines()) == run["facts"]
    again = answer("backtest", folder / "spec.json")
    assert again["fingerprint"] == run["fingerprint"]
    report = (folder / "report.html").read_text(encoding="utf-8")
    assert "reconstructed" in report
    told = "any edge smaller than a volatility point", "The spread multiplier in force is 1."
    assert all(one in report for one in (*told, run["chains"][0]["source"]))
    assert loaded_from_elsewhere(report) == []


def test_a_ledger_takes_the_same_facts_once(answer: Any, call: Any, spec: Path, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'facts.db'}"
    run = answer("backtest", spec)
    assert answer("backtest", spec, "--ledger", url)["fingerprint"] == run["fingerprint"]
    again = call("backtest", spec, "--ledger", url)
    assert again.exit_code == 2
    assert f"{run['facts']:,} facts already" in again.stderr


def test_people_see_figures_years_exits_trades_and_fingerprint(
    call: Any, run: dict[str, Any], spec: Path
) -> None:
    said = call("backtest", spec).stdout
    for expected in ("RECONSTRUCTED", "Sharpe ratio", "2018", "Ended by", run["fingerprint"], "Next: "):
        assert expected in said
    assert run["trades"][-1]["trade_id"][:14] in said


def test_a_run_says_whence_its_chains_came_and_what_those_cannot_show(
    call: Any, run: dict[str, Any], spec: Path
) -> None:
    (origin,) = run["chains"]
    assert (origin["grade"], origin["spread_multiplier"]) == ("reconstructed", 1.0)
    assert origin["chains"] == len(run["equity"])
    said = " ".join(call("backtest", spec, "--no-other-fills").stdout.split())
    assert origin["source"] in said
    assert "They cannot show edges in options that expire today or tomorrow" in said
    assert "The spread multiplier in force is 1." in said


def test_a_run_without_a_trade_says_what_stood_in_the_way(call: Any, spec: Path) -> None:
    poor = call("backtest", spec, "--no-other-fills", "--set", "capital=1_000").stdout
    picky = call(
        "backtest", spec, "--no-other-fills", "--set", "strategies.iron_condor.parameters.min_score=100"
    ).stdout
    assert re.search(r"No trade was made: of \d+ signals \d+ as SIZE_ZERO were refused\.", poor)
    assert "No trade was made: the strategies found nothing to open." in picky


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (["--set", "capitl=5"], "did you mean 'capital'"),
        (["--set", "strategies.0.parameters.widht=5"], "width"),
        (["--set", "capital"], "key=value"),
        (["--set", "strategies.nosuch.label=x"], "no 'nosuch'"),
        (["--set", "start=2018-05-01"], "must end on or after its start"),
        (["--set", "underlyings=['NOSUCH']"], "NOSUCH"),
    ],
)
def test_what_cannot_run_ends_in_one_sentence(
    call: Any, spec: Path, changes: list[str], sentence: str
) -> None:
    result = call("backtest", spec, *changes, "--json")
    assert result.exit_code == 2
    assert result.stdout == ""
    assert sentence in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("name", "text"), [("absent.toml", None), ("bad.toml", "a = ["), ("bad.json", "{"), ("list.json", "[]")]
)
def test_a_file_that_is_no_specification_is_named(
    call: Any, tmp_path: Path, name: str, text: str | None
) -> None:
    path = tmp_path / name
    if text is not None:
        path.write_text(text)
    result = call("backtest", path)
    assert result.exit_code == 2
    assert name in result.stderr.replace("\n", "")


def test_a_kept_run_is_listed_and_its_trades_explained(run: dict[str, Any], answer: Any, call: Any) -> None:
    kept = answer("runs")
    Runs.model_validate(kept)
    assert run["fingerprint"] in {one["fingerprint"] for one in kept["runs"]}

    name = run["fingerprint"][:10]
    listed = answer("trades", "--run", name)
    Trades.model_validate(listed)
    assert listed["trades"] == run["trades"]
    assert answer("trades", "--run", name, "--top", 2)["trades"] == run["trades"][-2:]

    trade = next(one for one in run["trades"] if one["closed_at"])
    story = answer("explain", trade["trade_id"], "--run", name)
    Explained.model_validate(story)
    kinds = [step["kind"] for step in story["steps"]]
    assert kinds.index("SignalGenerated") < kinds.index("OrderPlaced") < kinds.index("OrderFilled")

    assert trade["trade_id"][:14] in call("trades", "--run", name).stdout
    assert "iv_rank" in call("explain", trade["trade_id"][:14], "--run", name).stdout
    assert run["fingerprint"][:8] in call("runs").stdout


@pytest.mark.parametrize("columns", [80, 100, 160])
def test_trades_fit_the_terminal(call: Any, run: dict[str, Any], columns: int) -> None:
    said = call("trades", "--run", run["fingerprint"][:10], columns=columns).stdout
    table = said[: said.index("Next:")]
    assert max(map(len, table.splitlines())) <= columns


@pytest.mark.parametrize("words", [("trades", "--run", "ffffffff"), ("explain", "nosuch")])
def test_a_run_or_trade_that_is_not_there_is_refused(
    call: Any, run: dict[str, Any], words: tuple[str, ...]
) -> None:
    assert run["trades"]
    result = call(*words)
    assert result.exit_code == 2
    assert "Traceback" not in result.stderr


def test_a_kept_run_gives_its_page_and_several_one_side_by_side(
    answer: Any, call: Any, spec: Path, tmp_path: Path
) -> None:
    first = answer("backtest", spec)
    second = answer("backtest", spec, "--set", "name=Other", "--set", "fills.f=0.5")
    page = tmp_path / "pages" / "one.html"
    assert str(page) in call("report", first["fingerprint"][:10], "--out", page).stdout
    assert first["title"] in page.read_text(encoding="utf-8")
    both = tmp_path / "both.html"
    names = [run["fingerprint"][:10] for run in (first, second)]
    assert call("report", *names, "--out", both).exit_code == 0
    text = both.read_text(encoding="utf-8")
    assert "2 runs side by side" in text
    assert text.count("<th>Other</th>") >= 3
    assert loaded_from_elsewhere(text) == []
    assert call("report", "ffffffffff", "--out", both).exit_code == 2


def test_a_narrow_terminal_may_break_lines_but_cuts_no_figure(call: Any, spec: Path) -> None:
    ran = call("backtest", spec, "--no-other-fills", columns=60)
    assert ran.exit_code == 0
    for said in (ran.stdout, call("data", "audit", columns=60).stdout, call("trades", columns=60).stdout):
        assert "…" not in said
