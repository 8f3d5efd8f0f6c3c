"""A one-time address that is printed where there is somebody already."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Browser

from apps.api.serving import NAME, serving

WIDE = {"width": 1440, "height": 900}


def test_a_further_one_time_address_chooses_a_new_password(browser: Browser, home: Path) -> None:
    with serving(home) as served:
        served.person()
        code = served.access.setup_code(again=True)
        context = browser.new_context(viewport=WIDE)  # type: ignore[arg-type]
        page = context.new_page()
        page.goto(f"{served.url}/setup#{code}")
        page.get_by_role("heading", name="Choose a name and a password").wait_for()
        page.get_by_label("Name").fill(NAME)
        page.get_by_label("Password").fill("a new horse battery staple")
        page.get_by_role("button", name="Make it").click()
        page.get_by_role("link", name="Overview", exact=True).wait_for()
        served.access.log_in(NAME, "a new horse battery staple", "127.0.0.1")
        context.close()
