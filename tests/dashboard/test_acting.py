"""What people do on the page: each is asked back first, written down, and told with what became of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from apps.api.serving import Served, serving
from dashboard.conftest import let_in
from dashboard.watching import Watched, settled
from strikewise.domain.control import (
    CancelRequested,
    ClaimRequested,
    CloseRequested,
    FlattenRequested,
    ReconcileRequested,
    ReleaseRequested,
    RequestMet,
    SymbolFrozen,
)
from strikewise.domain.events import OrderAccepted, OrderPlaced, SignalGenerated
from strikewise.portfolio.ledger import Entry

WIDE = {"width": 1440, "height": 900}
LONG = 60_000
"""Milliseconds that a scan or a run may take on a busy machine."""


class Desk:
    """A server, its page, and the trading process, whose part is played by the test."""

    def __init__(self, served: Served, page: Page, watched: Watched) -> None:
        self.served, self.page, self.watched = served, page, watched

    def open(self, place: str) -> None:
        """Go to a page, and wait until it is there."""
        self.page.goto(f"{self.served.url}/#/{place}")
        self.page.locator("nav a[aria-current=page]").wait_for()
        settled(self.page)

    def facts(self, kind: type) -> list[Any]:
        """Return the facts of a kind."""
        return [one for one in self.served.ledger.records() if isinstance(one.event, kind)]

    def say(self, *events: Any) -> None:
        """Write facts down, as the trading process does."""
        now = self.served.clock.now()
        self.served.ledger.append([Entry(one, now, "engine", None) for one in events], recorded_at=now)

    def confirmed(self, button: Locator, confirm: str) -> str:
        """Press a button, look at the question, leave it once, then confirm it; return what was asked."""
        before = self.served.ledger.head.seq
        button.click()
        dialog = self.page.get_by_role("dialog")
        told = dialog.inner_text()
        dialog.get_by_role("button", name="Leave it").click()
        assert self.served.ledger.head.seq == before, "a question that was left asked for something"
        button.click()
        dialog.get_by_role("button", name=confirm).click()
        expect(dialog).to_have_count(0)
        return told

    def met(self, kind: type, outcome: str, *, refused: bool = False) -> Any:
        """Meet the latest request, see that the page tells the outcome, and return the request."""
        request = self.facts(kind)[-1]
        self.say(RequestMet(request.seq, outcome, not refused))
        expect(self.page.get_by_text(outcome).first).to_be_visible()
        return request.event


@pytest.fixture
def desk(browser: Browser, home: Path) -> Iterator[Desk]:
    with (
        serving(home) as served,
        let_in(browser, served, viewport=WIDE, reduced_motion="reduce") as (
            _,
            page,
            watched,
        ),
    ):
        yield Desk(served, page, watched)
        assert watched.complaints() == []


def test_a_position_is_closed_after_a_question_that_says_what_it_may_come_to(desk: Desk) -> None:
    desk.open("positions")
    told = desk.confirmed(desk.page.get_by_role("button", name="Close this position"), "Close it")
    assert "at exit prices now" in told
    asked = desk.met(CloseRequested, "An order to close it was sent.")
    assert asked.position_id in desk.page.get_by_role("link", name="Its whole story").get_attribute("href")  # type: ignore[operator]
    assert len(desk.facts(CloseRequested)) == 1


def test_everything_is_closed_after_a_question_and_a_refusal_is_told(desk: Desk) -> None:
    desk.open("positions")
    told = desk.confirmed(desk.page.get_by_role("button", name="Close everything…"), "Close everything")
    assert "Crossing every spread costs money" in told
    asked = desk.met(FlattenRequested, "The market is closed until Monday.", refused=True)
    assert asked == FlattenRequested("asked on the page")
    expect(desk.page.get_by_text("Not done: The market is closed")).to_be_visible()
    expect(desk.page.get_by_role("button", name="Close everything…")).to_be_enabled()


@pytest.mark.parametrize(
    ("button", "confirm", "kind"),
    [
        ("Close everything…", "Close everything", FlattenRequested),
        ("Close this position…", "Close it", CloseRequested),
    ],
)
def test_closing_without_fresh_quotes_is_a_box_to_tick_with_a_warning_and_is_off_when_asked_anew(
    desk: Desk, button: str, confirm: str, kind: type
) -> None:
    desk.open("positions")
    desk.page.get_by_role("button", name=button).click()
    dialog = desk.page.get_by_role("dialog")
    box = dialog.get_by_label("Close what has no fresh quotes too")
    expect(dialog.get_by_text("Nobody knows what this will cost")).to_have_count(0)
    box.check()
    expect(dialog.get_by_text("Nobody knows what this will cost")).to_be_visible()
    dialog.get_by_role("button", name="Leave it").click()
    desk.page.get_by_role("button", name=button).click()
    expect(box).not_to_be_checked()
    box.check()
    dialog.get_by_role("button", name=confirm).click()
    expect(dialog).to_have_count(0)
    assert desk.met(kind, "It is being closed.").force is True


def test_a_position_that_nobody_here_opened_is_given_to_a_strategy(browser: Browser, home: Path) -> None:
    with serving(home) as plain:
        shown = plain.system.picture()
    assert shown is not None
    strange = replace(shown, positions=(replace(shown.positions[0], state="external"),))
    with (
        serving(home, picture=lambda: strange) as served,
        let_in(browser, served, viewport=WIDE) as (_, page, watched),
    ):
        desk = Desk(served, page, watched)
        desk.open("positions")
        page.get_by_role("button", name="Have a strategy manage it").click()
        dialog = page.get_by_role("dialog")
        expect(dialog).to_contain_text("Nobody here opened it")
        dialog.get_by_label("Strategy").fill("iron_condor")
        dialog.get_by_role("button", name="Let it manage it").click()
        expect(dialog).to_have_count(0)
        asked = desk.met(ClaimRequested, "iron_condor manages it from now on.")
        assert asked == ClaimRequested(shown.positions[0].position_id, "iron_condor")


def test_an_order_at_work_is_taken_back_after_a_question(desk: Desk) -> None:
    seen, placed = desk.facts(SignalGenerated)[0].event, desk.facts(OrderPlaced)[0].event.order
    again = replace(seen, signal=replace(seen.signal, signal_id="again"))
    working = replace(placed, order_id="at-work", signal_id="again", position_id="again")
    desk.say(again, OrderPlaced(working), OrderAccepted("at-work", "broker-1"))
    desk.open("orders")
    desk.page.get_by_label("Which orders").select_option("open")
    row = desk.page.get_by_role("region", name="Orders", exact=True).get_by_role("row").nth(1)
    told = desk.confirmed(row.get_by_role("button", name="Cancel"), "Take it back")
    assert "What is filled meanwhile stays filled" in told
    assert desk.met(CancelRequested, "The broker took it back.").order_id == "at-work"


def test_a_frozen_symbol_is_released_and_a_comparison_is_asked_for(desk: Desk) -> None:
    desk.say(SymbolFrozen("SPY", "a holding that nobody explains"))
    desk.open("risk")
    desk.confirmed(desk.page.get_by_role("button", name="Release"), "I have looked; release it")
    assert desk.met(ReleaseRequested, "SPY is traded again.").symbol == "SPY"
    desk.open("reconciliation")
    desk.page.get_by_role("button", name="Compare now").click()
    expect(desk.page.get_by_text("A comparison was asked for")).to_be_visible()
    assert len(desk.facts(ReconcileRequested)) == 1


def test_a_scan_is_run_and_its_finds_are_drawn(desk: Desk) -> None:
    desk.open("scanner")
    expect(desk.page.get_by_text("No scan yet")).to_be_visible()
    desk.page.get_by_label("Strategy").select_option("credit_spread")
    desk.page.get_by_role("button", name="Scan now").click()
    expect(desk.page.get_by_role("region", name="Turned away", exact=True)).to_be_visible(timeout=LONG)
    expect(desk.page.get_by_role("button", name="Scan now")).to_be_enabled()
    found = desk.served.person().get("scan").json()["result"]
    rows = desk.page.get_by_role("region", name="Opportunities", exact=True).locator("tbody tr")
    assert rows.count() == len(found["opportunities"])


def test_backtests_are_filled_in_run_with_progress_compared_and_reported(desk: Desk) -> None:
    page = desk.page
    desk.open("backtests")
    page.get_by_text("Run a specification over the past").click()
    page.get_by_label("First day").fill("2024-02-05")
    page.get_by_label("Last day").fill("2024-02-07")
    page.get_by_label("Strategy 1").select_option("credit_spread")
    page.get_by_text("all at their defaults").click()
    page.get_by_label("Side").select_option("put")
    expect(page.get_by_text("1 changed")).to_be_visible()
    told: list[Any] = []
    page.on(
        "request", lambda one: told.append(one) if one.url.endswith("/backtests") and one.post_data else None
    )
    page.get_by_label("Name", exact=True).fill("filled in")
    page.get_by_role("button", name="Run it").click()
    shown = page.get_by_role("button", name="Show what it came to")
    shown.wait_for(timeout=LONG)
    page.get_by_role("button", name="TOML").click()
    editor = page.get_by_label("Specification as TOML")
    assert 'parameters = { side = "put" }' in editor.input_value()
    editor.fill(editor.input_value().replace("filled in", "written").replace("100000", "50000"))
    page.get_by_role("button", name="Run it").click()
    page.get_by_role("link", name="written").wait_for(timeout=LONG)
    assert [json.loads(one.post_data)["other_fills"] for one in told] == [False, False]
    editor.fill("nonsense = ")
    page.get_by_role("button", name="Run it").click()
    expect(page.get_by_role("alert")).to_contain_text("not valid TOML")
    (refused,) = desk.watched.complaints()
    assert "409" in refused
    desk.watched.forget()
    for name in ("filled in", "written"):
        page.get_by_label(f"Compare {name}").check()
    beside = page.get_by_role("region", name="Side by side")
    expect(beside.locator("[data-chart] canvas")).to_be_visible()
    expect(beside.get_by_role("row")).to_have_count(3)
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="Whole report").click()
    report = opened.value
    report.wait_for_load_state()
    expect(report.locator("body")).to_contain_text("written")
    assert report.evaluate("window.origin") == "null", "a report reaches nothing of the page's"
    report.close()


def test_settings_that_may_lose_more_take_the_password_and_bad_ones_are_not_saved(
    browser: Browser, home: Path
) -> None:
    (home / "settings.toml").write_text("[limits]\nmax_positions = 10\n", encoding="utf-8")
    with serving(home) as served, let_in(browser, served, viewport=WIDE) as (_, page, watched):
        desk = Desk(served, page, watched)
        desk.open("settings")
        page.get_by_label("Find a setting").fill("max_positions")
        expect(page.get_by_role("region", name="Settings in force")).to_contain_text("10")
        editor = page.get_by_label("Settings as TOML")
        editor.fill("[limits]\nmax_positions = 20\n")
        page.get_by_role("button", name="Check").click()
        change = page.get_by_role("region", name="What would change")
        expect(change).to_contain_text("limits.max_positions")
        expect(change.locator(".minus")).to_contain_text("10")
        expect(change.locator(".plus")).to_contain_text("20")
        served.later(minutes=10)  # the password of the log-in is not just given any more
        page.get_by_role("button", name="Save").click()
        dialog = page.get_by_role("dialog")
        expect(dialog).to_contain_text("This may lose more money")
        assert "max_positions = 10" in (home / "settings.toml").read_text(encoding="utf-8")
        dialog.get_by_label("Password").fill("correct horse battery staple")
        dialog.get_by_role("button", name="Save all the same").click()
        page.get_by_text("Saved.").wait_for()
        assert "max_positions = 20" in (home / "settings.toml").read_text(encoding="utf-8")


def test_a_trade_tells_its_story_and_each_fact_what_brought_it_about(desk: Desk) -> None:
    page = desk.page
    desk.open("orders")
    page.get_by_role("region", name="Trades", exact=True).get_by_role("link").first.click()
    story = page.get_by_role("region", name="The story of a trade")
    steps = story.get_by_role("listitem")
    expect(steps.nth(2)).to_be_visible()
    number = int(steps.last.get_by_role("link").inner_text().removeprefix("#"))
    steps.last.get_by_role("link").click()
    lineage = page.get_by_role("region", name=f"Where fact {number} comes from")
    expect(lineage.get_by_role("listitem").nth(1)).to_be_visible()
    whole = desk.served.person().get(f"facts/{number}/lineage").json()["items"]
    assert lineage.get_by_role("listitem").count() == len(whole) > 1
    for fact in whole:
        expect(lineage).to_contain_text(f"#{fact['seq']}")
    expect(lineage).to_contain_text(whole[0]["hash"])
    log = page.get_by_role("region", name="Who did what")
    expect(log).to_contain_text("lines, whole")
    expect(log).to_contain_text("ada")


def test_logs_are_found_by_level_and_by_word_without_their_secrets(browser: Browser, home: Path) -> None:
    folder = home / "logs"
    folder.mkdir()
    lines = [
        {"at": "2024-02-07T12:00:00+00:00", "level": "info", "event": "tick_done", "took": 3},
        {"at": "2024-02-07T12:00:01+00:00", "level": "error", "event": "feed_failed", "token": "c4n4ry"},
        {"at": "2024-02-07T12:00:02+00:00", "level": "debug", "event": "quote_seen"},
    ]
    (folder / "run.log").write_text("".join(f"{json.dumps(one)}\n" for one in lines), encoding="utf-8")
    with serving(home) as served, let_in(browser, served, viewport=WIDE) as (_, page, watched):
        Desk(served, page, watched).open("logs")
        shown = page.locator("ul.lines li")
        expect(shown).to_have_count(2)
        page.get_by_label("Least level").select_option("error")
        expect(shown).to_have_count(1)
        expect(shown).to_contain_text("Feed failed")
        page.get_by_label("Least level").select_option("debug")
        expect(shown).to_have_count(3)
        page.get_by_label("Find in the lines").fill("took=3")
        expect(page.get_by_text("No line says that")).to_be_visible()
        page.get_by_label("Find in the lines").fill("tick")
        expect(shown).to_have_count(1)
        page.get_by_label("Find in the lines").fill("")
        assert "c4n4ry" not in page.content()
