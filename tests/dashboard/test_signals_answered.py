"""Signals taken and dismissed on the page, against a server and a process that asks first, each one's own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from playwright.sync_api import TimeoutError as TooLateError

from apps import trading_home
from dashboard.processes import NAME, begun, make_administrator, records, server, until
from dashboard.watching import CONTRAST, Watched, settled, violations
from strikewise.adapters.heartbeat_file import HeartbeatFile
from strikewise.domain.answered import SignalDismissed, SignalOffered, SignalTaken
from strikewise.domain.control import RequestMet
from strikewise.domain.events import OrderFilled, OrderPlaced

WIDE = {"width": 1440, "height": 900}
DAYS = "2018-01-16..2018-03-29"
SECONDS_OF_THE_PAST = "4000"
"""In a second: an offer of five days stands for a minute and three quarters."""
ASKS = "[run]\nask_first = true\nanswer_minutes = 7200\nanswer_slip = 1.0\n"
SPREADS = "\n[strategies.credit_spread]\nwidth = 50.0\nmin_credit_to_width = 0.02\n"
PATIENCE = 20_000


@dataclass
class Desk:
    """An account whose process asks first, and the page that shows it."""

    place: Path
    page: Page
    watched: Watched
    url: str

    def facts(self, kind: type) -> list[Any]:
        return [one for one in records(self.place) if isinstance(one.event, kind)]

    def waiting(self) -> Locator:
        """Go to the signals, and return those that may be taken."""
        self.page.goto(f"{self.url}/#/signals")
        settled(self.page)
        found = self.page.locator("section").filter(has_text="Waiting for you").locator("article.signal")
        found.first.wait_for(timeout=PATIENCE)
        return found


@pytest.fixture(scope="module")
def desk(browser: Browser, market: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """One for all tests here: a process and a server take a while to begin."""
    root = tmp_path_factory.mktemp("answering")
    home, place = trading_home.make(root / "home", market), root / "rehearsal"
    text = (home / "settings.toml").read_text(encoding="utf-8")
    text = text.replace("[run]\n", ASKS).replace('["iron_condor"]', '["iron_condor", "credit_spread"]')
    (home / "settings.toml").write_text(text + SPREADS, encoding="utf-8")
    words = ["--replay", DAYS, "--every", "15", "--speed", SECONDS_OF_THE_PAST, "--into", str(place)]
    with ExitStack() as held:
        held.enter_context(begun(home, "run", *words))
        until(lambda: HeartbeatFile(place).read() is not None, what="the first heartbeat")
        served = held.enter_context(server(home, "--rehearsal", str(place)))
        context = browser.new_context(viewport=WIDE, reduced_motion="reduce")  # type: ignore[arg-type]
        held.callback(context.close)
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        watched = Watched(page)
        make_administrator(page, served)
        found = Desk(place, page, watched, served.url)
        until(lambda: len(found.facts(SignalOffered)) >= 2, what="two offers")
        yield found


def test_a_signal_is_taken_on_the_page_and_its_order_is_seen_there(desk: Desk, axe: str) -> None:
    assert desk.facts(OrderPlaced) == []
    one = desk.waiting().last
    expect(one).to_contain_text("Waits to be taken")
    what = one.locator("h3").inner_text()
    one.get_by_role("button", name="Take…").click()
    dialog = desk.page.get_by_role("dialog")
    said = dialog.inner_text()
    assert what in said
    for name in ("Entry", "Exit", "Size", "Max loss", "Probability", "Data"):
        assert name in said
    assert "unit" in said
    assert "old" in said
    assert violations(desk.page, axe, CONTRAST) == []
    dialog.get_by_role("button", name="Leave it").click()
    assert desk.facts(SignalTaken) == [], "a question that was left took something"
    one.get_by_role("button", name="Take…").click()
    dialog.get_by_role("button", name="Take it").click()
    until(lambda: bool(desk.facts(OrderFilled)), what="the fill")
    (taken,), (placed, *_) = desk.facts(SignalTaken), desk.facts(OrderPlaced)
    assert placed.actor == taken.actor == f"person:{NAME}"
    assert placed.event.order.signal_id == taken.event.taken_as
    assert desk.facts(RequestMet)[0].event.done
    name = taken.event.signal_id
    desk.page.goto(f"{desk.url}/#/signals/{name}")
    shown = desk.page.locator("article.signal").filter(has_text=f"Taken by {NAME}")
    shown.first.wait_for()
    expect(shown.first).to_contain_text("taken")
    desk.page.goto(f"{desk.url}/#/orders")
    settled(desk.page)
    expect(desk.page.locator("main")).to_contain_text("filled")
    assert desk.watched.complaints() == []


def test_a_signal_is_dismissed_on_the_page_and_says_by_whom(desk: Desk) -> None:
    before = len(desk.facts(OrderPlaced))
    for _ in range(3):  # an offer may end while the question stands: the dialog ends with it
        with suppress(TooLateError):
            desk.waiting().first.get_by_role("button", name="Dismiss…").click(timeout=5_000)
            dialog = desk.page.get_by_role("dialog")
            dialog.filter(has_text="not proposed again today").wait_for(timeout=5_000)
            dialog.get_by_role("button", name="Dismiss it").click(timeout=5_000)
            break
    until(lambda: bool(desk.facts(SignalDismissed)), what="the dismissal")
    (fact,) = desk.facts(SignalDismissed)
    assert fact.actor == f"person:{NAME}"
    desk.page.goto(f"{desk.url}/#/signals/{fact.event.signal_id}")
    expect(desk.page.locator("article.signal").filter(has_text=f"Dismissed by {NAME}").first).to_be_visible()
    assert len(desk.facts(OrderPlaced)) == before
    assert desk.watched.complaints() == []
