"""Coming in and going out: the one-time address, wrong passwords, ended sessions, tokens, forged requests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from apps.api.serving import NAME, PASSWORD, SSL, Served, serving
from dashboard.conftest import let_in
from dashboard.watching import settled
from strikewise.adapters.halt_file import HaltFile

WIDE = {"width": 1440, "height": 900}
ASK = """
async ([path, headers]) => {
  const answer = await fetch(path, { method: "POST", body: JSON.stringify({ reason: "forged" }),
    headers: { "Content-Type": "application/json", ...headers } });
  return [answer.status, (await answer.json()).detail ?? ""];
}
"""


def log_in(page: Page, password: str = PASSWORD) -> None:
    page.get_by_label("Name").fill(NAME)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Log in").click()


def inside(page: Page) -> Any:
    return expect(page.get_by_role("link", name="Overview", exact=True))


def test_the_one_time_address_works_once_and_is_nowhere_afterwards(browser: Browser, home: Path) -> None:
    with serving(home) as served:
        for name in (NAME, "eve"):
            context = browser.new_context(viewport=WIDE)  # type: ignore[arg-type]
            page = context.new_page()
            asked: list[str] = []
            page.on("request", lambda request, asked=asked: asked.append(request.url))
            page.goto(f"{served.url}/setup#{served.setup}")
            page.get_by_label("Name").fill(name)
            page.get_by_label("Password").fill(PASSWORD)
            page.get_by_role("button", name="Make it").click()
            if name == NAME:
                inside(page).to_be_visible()
                settled(page)
                assert served.setup not in page.url + page.content()
            else:
                expect(page.locator("form [role=alert]")).to_be_visible()
                assert page.get_by_role("link", name="Overview", exact=True).count() == 0
            assert not any(served.setup in url for url in asked)
            context.close()
        assert served.browser().post("session", name="eve", password=PASSWORD).status_code == 403


def test_many_wrong_passwords_are_told_with_how_long_to_wait_and_the_right_one_waits_too(
    browser: Browser, home: Path
) -> None:
    with serving(home) as served:
        served.person()
        context = browser.new_context(viewport=WIDE)  # type: ignore[arg-type]
        page = context.new_page()
        page.goto(served.url)
        told = page.locator("form [role=alert]")
        for number in range(8):
            log_in(page, f"guess number {number}")
            expect(page.get_by_role("button", name="Log in")).to_be_enabled()
        expect(told).to_contain_text("too many wrong tries: wait")
        log_in(page)
        expect(told).to_contain_text("seconds")
        served.later(hours=1, seconds=1)
        log_in(page)
        inside(page).to_be_visible()
        context.close()


def test_a_session_that_nobody_uses_ends_though_the_page_stays_open_and_says_so(
    browser: Browser, home: Path
) -> None:
    with serving(home) as served, let_in(browser, served, viewport=WIDE) as (_, page, _):
        page.clock.install()
        page.goto(f"{served.url}/#/risk")
        settled(page)
        for minutes in (80, 50):
            served.later(minutes=minutes)
            with page.expect_response("**/api/v1/status"):
                page.clock.fast_forward(60_000 * minutes)
            page.wait_for_timeout(300)
        expect(page.get_by_role("heading", name="Log in")).to_be_visible()
        expect(page.get_by_text("Your session has ended")).to_be_visible()
        expect(page.get_by_test_id("stop")).to_be_visible()
        assert page.get_by_text("Value at risk").count() == 0
        log_in(page)
        page.clock.run_for(2_000)
        expect(page.get_by_role("heading", name="Risk", exact=True)).to_be_visible()


def test_whoever_logs_out_is_out_and_going_back_shows_nothing(browser: Browser, home: Path) -> None:
    with serving(home) as served, let_in(browser, served, viewport=WIDE) as (context, page, _):
        page.goto(f"{served.url}/#/positions")
        settled(page)
        before = {one["name"]: one["value"] for one in context.cookies()}  # type: ignore[typeddict-item]
        page.get_by_role("button", name="Log out").click()
        expect(page.get_by_role("heading", name="Log in")).to_be_visible()
        page.go_back()
        expect(page.get_by_role("heading", name="Log in")).to_be_visible()
        assert page.get_by_role("region", name="Positions").count() == 0
        with httpx.Client(cookies={"strikewise_session": before["strikewise_session"]}, verify=SSL) as stolen:
            assert stolen.get(f"{served.url}/api/v1/account").status_code == 401


@pytest.mark.parametrize("headers", [{}, {"X-CSRF-Token": "guessed"}])
def test_a_change_without_the_pages_own_proof_is_refused_and_does_nothing(
    browser: Browser, home: Path, headers: dict[str, str]
) -> None:
    with serving(home) as served, let_in(browser, served, viewport=WIDE) as (_, page, _):
        page.goto(served.url)
        settled(page)
        facts = served.ledger.head.seq
        for path in ("control/halt", "control/flatten", "reconciliation"):
            status, told = page.evaluate(ASK, [f"/api/v1/{path}", headers])
            assert status == 403
            assert "X-CSRF-Token" in told
        assert HaltFile(home).read() is None
        assert served.ledger.head.seq == facts


def test_another_sites_page_can_ask_nothing_though_the_browser_holds_the_cookie(
    browser: Browser, home: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with (
        serving(home) as served,
        serving(tmp_path_factory.mktemp("other")) as other,
        let_in(browser, served, viewport=WIDE) as (_, page, _),
    ):
        page.goto(f"{other.url.replace('127.0.0.1', 'localhost')}/")
        facts = served.ledger.head.seq
        answered = page.evaluate(
            "(url) => fetch(url, {method: 'POST', credentials: 'include', body: '{}'})"
            ".then((one) => one.status, () => 'nothing')",
            f"{served.url}/api/v1/control/halt",
        )
        assert answered == "nothing"
        assert HaltFile(home).read() is None
        assert served.ledger.head.seq == facts


def test_a_token_is_shown_once_lets_a_program_in_and_is_taken_back_on_the_page(
    browser: Browser, home: Path
) -> None:
    with serving(home) as served, let_in(browser, served, viewport=WIDE) as (_, page, _):
        page.goto(f"{served.url}/#/settings")
        settled(page)
        page.get_by_label("What it is for").fill("the notebook")
        page.get_by_role("button", name="Make a token").click()
        token = page.get_by_test_id("token").inner_text()
        expect(page.get_by_role("region", name="Tokens", exact=True)).to_contain_text("the notebook")
        assert account(served, token) == 200
        page.reload()
        settled(page)
        expect(page.get_by_role("region", name="Tokens", exact=True)).to_contain_text("the notebook")
        assert token not in page.content()
        page.get_by_role("button", name="Take back").click()
        expect(page.get_by_role("dialog")).to_contain_text("the notebook")
        page.get_by_role("button", name="Take it back").click()
        expect(page.get_by_role("region", name="Tokens", exact=True)).to_contain_text("taken back")
        assert account(served, token) == 401


def account(served: Served, token: str) -> int:
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.get(f"{served.url}/api/v1/account", headers=headers, verify=SSL).status_code
