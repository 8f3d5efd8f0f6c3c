"""What a person was doing or looking for stays: odd addresses, broken streams, other people's changes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from apps.api.serving import serving
from dashboard.conftest import let_in
from dashboard.test_acting import Desk
from strikewise.domain.control import AlertRaised, RequestMet
from strikewise.domain.events import SignalGenerated

WIDE = {"width": 1440, "height": 900}
SEEN = """state => {
  Object.defineProperty(document, "visibilityState", { value: state, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}"""
"""What a browser does when a page is covered, or comes to the front."""


@pytest.fixture
def desk(browser: Browser, home: Path) -> Iterator[Desk]:
    with serving(home) as served, let_in(browser, served, viewport=WIDE) as (_, page, watched):
        yield Desk(served, page, watched)
        assert watched.complaints() == []


def test_an_address_that_is_none_leaves_the_frame_and_its_stop_button(desk: Desk) -> None:
    desk.page.goto(f"{desk.served.url}/#/overview")
    desk.page.get_by_test_id("stop").wait_for()
    desk.page.evaluate("window.location.hash = '#/%zz'")
    expect(desk.page.get_by_test_id("stop")).to_be_visible()
    expect(desk.page.get_by_role("heading", name="Overview")).to_have_count(1)


def test_what_happened_while_the_stream_was_broken_shows_and_the_newest_of_an_actor_come_first(
    desk: Desk,
) -> None:
    desk.open("orders")
    ledger = desk.page.get_by_role("region", name="Facts of the ledger")
    expect(ledger.get_by_role("link", name=str(desk.served.ledger.head.seq), exact=True)).to_be_visible()
    # More than a stream tells one by one: it ends, and the page opens another.
    desk.say(*(AlertRaised("info", "BUSY", str(number)) for number in range(1_001)))
    newest = desk.served.ledger.head.seq
    expect(ledger.get_by_role("link", name=str(newest), exact=True)).to_be_visible()
    desk.page.get_by_label("By", exact=True).fill("engine")
    expect(ledger.get_by_role("link", name=str(newest), exact=True)).to_be_visible()
    older = str(newest - 60)
    expect(ledger.get_by_role("link", name=older, exact=True)).to_have_count(0)
    desk.page.get_by_role("region", name="The ledger").get_by_role("button", name="Older").click()
    expect(ledger.get_by_role("link", name=older, exact=True)).to_be_attached()


def test_pages_that_nobody_sees_hold_no_connection_so_that_stopping_never_waits_for_one(desk: Desk) -> None:
    context = desk.page.context
    behind = context.new_page()
    behind.add_init_script(
        "Object.defineProperty(document, 'visibilityState', { value: 'hidden', configurable: true })"
    )
    behind.goto(f"{desk.served.url}/#/logs")
    expect(behind.locator(".light.warn")).to_be_attached()
    pages = [context.new_page() for _ in range(6)]
    for page in pages:
        page.goto(f"{desk.served.url}/#/logs")
        page.locator(".light.good").wait_for()
        page.evaluate(SEEN, "hidden")
    desk.open("overview")
    expect(desk.page.locator(".light").first).to_contain_text("connected")
    desk.page.get_by_test_id("stop").click()
    desk.page.get_by_role("button", name="Stop trading now").click()
    expect(desk.page.get_by_text("The halt is written down")).to_be_visible()
    pages[0].evaluate(SEEN, "visible")
    expect(pages[0].get_by_test_id("stop")).to_contain_text("HALTED")
    behind.evaluate(SEEN, "visible")
    expect(behind.locator(".light.good")).to_be_attached()
    for page in (*pages, behind):
        page.close()


def test_a_signal_that_is_linked_to_is_shown_however_old_it_is(desk: Desk) -> None:
    seen = desk.facts(SignalGenerated)
    signal = seen[0].event.signal
    desk.page.goto(f"{desk.served.url}/#/signals/{signal.signal_id}")
    card = desk.page.get_by_role("region", name="The signal you asked for")
    expect(card.get_by_role("heading", name=signal.structure.describe())).to_be_visible()
    expect(desk.page.locator("article.signal")).to_have_count(len(seen))


def test_a_position_may_be_closed_again_once_the_request_before_was_met(desk: Desk) -> None:
    desk.open("positions")
    button = desk.page.get_by_role("button", name="Close everything…")
    desk.confirmed(button, "Close everything")
    expect(button).to_be_disabled()
    request = desk.served.ledger.head.seq
    desk.say(RequestMet(request, "Exits were ordered.", True))
    expect(desk.page.get_by_text("Exits were ordered.")).to_be_visible()
    expect(button).to_be_enabled()


def test_what_is_being_written_into_the_settings_survives_that_somebody_else_saves(
    desk: Desk, home: Path
) -> None:
    (home / "settings.toml").write_text("# one\n", encoding="utf-8")
    desk.open("settings")
    editor = desk.page.get_by_label("Settings as TOML")
    editor.fill("# one\n# mine\n")
    (home / "settings.toml").write_text("# theirs\n", encoding="utf-8")
    desk.say(AlertRaised("info", "CHANGED", "by somebody"))
    expect(desk.page.get_by_text("changed meanwhile")).to_be_visible()
    expect(editor).to_have_value("# one\n# mine\n")
    desk.page.get_by_role("button", name="Undo all").click()
    expect(editor).to_have_value("# theirs\n")


def test_a_comment_alone_can_be_saved(desk: Desk, home: Path) -> None:
    (home / "settings.toml").write_text("# one\n", encoding="utf-8")
    desk.open("settings")
    desk.page.get_by_label("Settings as TOML").fill("# one\n# two\n")
    desk.page.get_by_role("button", name="Check").click()
    expect(desk.page.get_by_text("No setting differs")).to_be_visible()
    desk.page.get_by_role("button", name="Save", exact=True).click()
    expect(desk.page.get_by_text("Saved.")).to_be_visible()
    assert (home / "settings.toml").read_text(encoding="utf-8") == "# one\n# two\n"
