from __future__ import annotations

from pathlib import Path
from time import monotonic

from playwright.sync_api import Browser, Page, expect

from apps.api.serving import NAME, PASSWORD, beating, serving
from dashboard.conftest import let_in
from dashboard.watching import settled
from strikewise.adapters.halt_file import HaltFile
from strikewise.bootstrap.serve import ServePlan
from strikewise.bootstrap.settings_file import SettingsFile
from strikewise.execution.heartbeat import Heartbeat

WIDE = {"width": 1440, "height": 900}


def stop(page: Page) -> None:
    page.get_by_test_id("stop").click()
    page.get_by_role("button", name="Stop trading now").click()


def test_stopping_on_the_page_raises_the_halt_flag_within_two_seconds_and_every_page_says_so(
    browser: Browser, home: Path
) -> None:
    with serving(home) as served, let_in(browser, served, viewport=WIDE) as (_, page, watched):
        page.goto(served.url)
        settled(page)
        began = monotonic()
        stop(page)
        page.get_by_text("The halt is written down").wait_for()
        assert monotonic() - began <= 2.0
        raised = HaltFile(home).read()
        assert raised is not None
        assert not raised.exits
        page.keyboard.press("Escape")
        page.goto(f"{served.url}/#/risk")
        expect(page.locator(".banner.halted")).to_contain_text("Halted")
        page.get_by_test_id("stop").click()
        page.get_by_role("button", name="Resume trading").click()
        page.get_by_text("Resuming was asked for").wait_for()
        assert HaltFile(home).read() is None
        assert watched.complaints() == []


def test_what_others_do_shows_without_a_reload(browser: Browser, home: Path) -> None:
    with serving(home) as served, let_in(browser, served, viewport=WIDE) as (_, page, _):
        page.goto(served.url)
        settled(page)
        expect(page.locator(".light").first).to_contain_text("connected")
        served.person().post("control/halt", reason="seen from elsewhere")
        expect(page.locator(".banner.halted")).to_contain_text("seen from elsewhere")


def test_a_server_that_goes_away_is_said_plainly_stopping_is_explained_and_its_return_is_noticed(
    browser: Browser, home: Path
) -> None:
    with serving(home) as served:
        port = int(served.url.rsplit(":", 1)[1])
        window = let_in(browser, served, viewport=WIDE)
        _, page, _ = window.__enter__()
        page.goto(served.url)
        settled(page)
        expect(page.locator(".light").first).to_contain_text("connected")
    expect(page.get_by_test_id("server-down")).to_contain_text("strikewise halt")
    assert page.get_by_text("Net liquidation").is_visible(), "what was known stays"
    stop(page)
    told = page.get_by_role("dialog").get_by_role("alert")
    for words in ("Trading may still go on", "strikewise halt", "halt.json"):
        expect(told).to_contain_text(words)
    page.keyboard.press("Escape")
    with serving(home, ServePlan(port=port)):
        page.get_by_role("button", name="Try again").click()
        expect(page.get_by_test_id("server-down")).to_have_count(0)
        expect(page.locator(".light").first).to_contain_text("connected")
        window.__exit__(None, None, None)


def test_the_first_account_is_made_by_the_one_time_address_and_wrong_passwords_are_told(
    browser: Browser, home: Path
) -> None:
    with serving(home) as served:
        context = browser.new_context(viewport=WIDE)  # type: ignore[arg-type]
        page = context.new_page()
        page.goto(f"{served.url}/setup#{served.setup}")
        page.get_by_label("Name").fill(NAME)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Make it").click()
        page.get_by_role("link", name="Overview", exact=True).wait_for()
        assert served.setup not in page.url
        page.get_by_role("button", name="Log out").click()
        page.get_by_role("heading", name="Log in").wait_for()
        for password in ("not this one at all", PASSWORD):
            page.get_by_label("Name").fill(NAME)
            page.get_by_label("Password").fill(password)
            page.get_by_role("button", name="Log in").click()
            if password != PASSWORD:
                page.locator("form [role=alert]").wait_for()
        page.get_by_role("link", name="Overview", exact=True).wait_for()
        context.close()


def test_the_settings_say_whether_the_process_that_trades_has_taken_them_up(
    browser: Browser, home: Path
) -> None:
    (home / "settings.toml").write_text("[limits]\nmax_margin = 0.4\n", encoding="utf-8")
    beats: list[Heartbeat] = []
    with serving(home, heartbeat=lambda: beats[-1] if beats else None) as served:
        digest = SettingsFile(home).digest()
        beats.append(beating(served.system, settings=digest, restart=("run.feed",)))
        with let_in(browser, served, viewport=WIDE) as (_, page, _):
            page.goto(f"{served.url}/#/settings")
            expect(page.get_by_text("In force in the process that trades since")).to_be_visible()
            expect(page.get_by_text("Needs a restart of it: run.feed.")).to_be_visible()
            beats.append(beating(served.system, settings="another"))
            expect(page.get_by_text("not taken up by the process that trades yet")).to_be_visible(
                timeout=15_000
            )
            page.get_by_label("Settings as TOML").fill('[run]\nfeed = "alpaca"\n')
            page.get_by_role("button", name="Check").click()
            expect(page.get_by_text("needs a restart", exact=True)).to_be_visible()


def test_settings_are_checked_and_compared_before_they_are_saved(browser: Browser, home: Path) -> None:
    (home / "settings.toml").write_text("[account]\ncapital = 100_000\n", encoding="utf-8")
    with serving(home) as served, let_in(browser, served, viewport=WIDE) as (_, page, _):
        page.goto(f"{served.url}/#/settings")
        settled(page)
        editor = page.get_by_label("Settings as TOML")
        editor.fill("[account]\ncapitol = 50_000\n")
        page.get_by_role("button", name="Check").click()
        expect(page.get_by_role("alert")).to_contain_text("capitol")
        expect(page.get_by_role("button", name="Save")).to_be_disabled()
        editor.fill("[account]\ncapital = 50_000\n")
        page.get_by_role("button", name="Check").click()
        expect(page.get_by_text("account.capital")).to_be_visible()
        page.get_by_role("button", name="Save").click()
        page.get_by_text("Saved.").wait_for()
        assert "50_000" in (home / "settings.toml").read_text(encoding="utf-8")
