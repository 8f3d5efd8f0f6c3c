"""The page of a run in a real browser: on a phone, a desk and paper nothing is cut off or in the way."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page
from typer.testing import CliRunner

from apps.market_home import SPEC, fill
from strikewise.apps.cli.main import app
from strikewise.apps.figures import money, plain
from strikewise.apps.reports.backtest_report import render_backtest

PHONE, DESK = {"width": 390, "height": 844}, {"width": 1440, "height": 900}
PAPER = "main { width: 718px !important; }"
"""Paper is laid out without a word to the scripts that drew the charts for a screen."""
SECOND = """
[[strategies]]
label = "a second strategy"
strategy = "credit_spread"
"""
OVERLAPPING = """() => {
  const found = [], turned = (one) => Math.abs(one.getCTM().b) > 0.01;
  for (const chart of document.querySelectorAll(".chart")) {
    const texts = [...chart.querySelectorAll("text")].filter((one) => one.textContent.trim() && !turned(one));
    const boxes = texts.map((one) => one.getBoundingClientRect());
    for (let i = 0; i < boxes.length; i++) for (let j = 0; j < i; j++) {
      const a = boxes[i], b = boxes[j];
      const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left);
      const high = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
      if (wide > 3 && high > 3) found.push(`${chart.id}: ${texts[i].textContent} / ${texts[j].textContent}`);
    }
  }
  return found;
}"""
CUT = """() => [...document.querySelectorAll(".chart svg")].filter((svg) => {
  const inner = svg.getBoundingClientRect(), outer = svg.closest("section").getBoundingClientRect();
  return inner.right > outer.right + 1 || inner.bottom > outer.bottom + 1 || inner.width < 100;
}).map((svg) => svg.closest(".chart").id)"""


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    home = tmp_path_factory.mktemp("runs") / "home"
    fill(home)
    spec = home / "two.toml"
    spec.write_text(SPEC + SECOND, encoding="utf-8")
    said = CliRunner().invoke(app, ["--home", str(home), "backtest", str(spec), "--json"])
    assert said.exit_code == 0, said.stderr
    told: dict[str, Any] = json.loads(said.stdout)
    return told


@pytest.fixture
def page(browser: Browser, result: dict[str, Any], tmp_path: Path) -> Iterator[Page]:
    path = tmp_path / "report.html"
    path.write_text(render_backtest(result), encoding="utf-8")
    context = browser.new_context(viewport=DESK)
    shown = context.new_page()
    faults: list[str] = []
    shown.on("pageerror", lambda error: faults.append(str(error)))
    shown.goto(path.as_uri())
    yield shown
    context.close()
    assert faults == []


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_no_text_of_a_chart_stands_in_another(page: Page, size: dict[str, Any]) -> None:
    page.set_viewport_size(size)
    page.reload()
    assert page.locator(".chart svg").count() > 5
    assert page.evaluate(OVERLAPPING) == []
    assert page.evaluate(CUT) == []
    assert page.evaluate("document.documentElement.scrollWidth") == size["width"]


def test_on_paper_every_chart_is_whole(page: Page) -> None:
    page.emulate_media(media="print")
    page.add_style_tag(content=PAPER)
    assert page.evaluate(CUT) == []


def test_on_a_desk_no_table_but_that_of_trades_must_be_scrolled(page: Page) -> None:
    wider = "(all) => all.filter((one) => one.scrollWidth > one.clientWidth + 1).map((one) => one.innerText)"
    assert page.locator(".scroll:not(.tall)").evaluate_all(wider) == []


def test_the_page_shows_the_portfolio_of_the_result(page: Page, result: dict[str, Any]) -> None:
    portfolio = result["portfolio"]
    rows = page.locator("section", has_text="By strategy").first.locator("tbody tr").all_inner_texts()
    assert [row.split("\t")[:2] for row in rows] == [
        [one["strategy"], money(one["pnl"])] for one in portfolio["strategies"]
    ]
    months = (
        page.locator("section", has_text="Months by strategy").first.locator("tbody tr").all_inner_texts()
    )
    assert [row.split("\t")[-1] for row in months] == [money(one["pnl"]) for one in portfolio["months"]]
    matrix = page.locator("section", has_text="How the strategies move together").first.locator("tbody tr")
    assert [row.split("\t")[1:] for row in matrix.all_inner_texts()] == [
        [plain(value) for value in row] for row in portfolio["correlation"]["matrix"]
    ]
    regimes = page.locator("section", has_text="By the market's regime").first.locator("tbody tr")
    assert regimes.count() == len(portfolio["regimes"])


def test_a_trade_of_an_evening_in_new_york_is_told_on_the_day_of_its_session(
    page: Page, result: dict[str, Any]
) -> None:
    first, *others = result["trades"]
    evening = {**first, "opened_at": "2026-07-02T01:30:00+00:00"}
    page.set_content(render_backtest({**result, "trades": [evening, *others]}))
    page.locator('tr[data-trade="0"]').click()
    assert "2026-07-01" in page.locator("#trade-facts").inner_text()
