from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from apps.api.serving import Served
from dashboard.conftest import let_in
from dashboard.watching import CONTRAST, RULES, Watched, drawn, settled, violations

PAGES = (
    "overview", "positions", "signals", "chart", "scanner", "volatility", "backtests", "risk",
    "reconciliation", "orders", "logs", "settings",
)  # fmt: skip
CHARTS = {"overview": 3, "positions": 1, "chart": 1, "volatility": 2}
"""How many charts a page has at least, over the account of the tests."""
WINDOWS = {"wide": {"width": 1440, "height": 900}, "phone": {"width": 390, "height": 844}}


@pytest.fixture(scope="module", params=WINDOWS)
def window(request: pytest.FixtureRequest, browser: Browser, shown: Served) -> Iterator[tuple[Page, Watched]]:
    size = WINDOWS[request.param]
    with let_in(browser, shown, viewport=size, color_scheme="dark", reduced_motion="reduce") as (
        _,
        page,
        watched,
    ):
        page.goto(shown.url)
        yield page, watched


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_clean_drawn_and_readable_dark_and_light_without_scrolling_sideways(
    window: tuple[Page, Watched], shown: Served, axe: str, name: str
) -> None:
    page, watched = window
    page.goto(f"{shown.url}/#/{name}")
    page.locator("nav a[aria-current=page]").wait_for()
    settled(page)
    wide = page.viewport_size == WINDOWS["wide"]
    for rules in (RULES if wide else CONTRAST, CONTRAST):
        charts = drawn(page)
        assert len(charts) >= CHARTS.get(name, 0)
        assert all(colours > 2 for colours in charts), charts
        assert violations(page, axe, rules) == []
        page.get_by_role("button", name="Switch to").click()
        settled(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]  # type: ignore[index]
    assert page.get_by_role("alert").count() == 0
    always = page.get_by_label("Data and agreement").inner_text()
    assert all(word in always for word in ("Data", "Grade", "Reconciled"))
    assert page.get_by_test_id("stop").is_visible()
    assert watched.complaints() == []


def test_the_overview_comes_within_half_a_second_and_250_kilobytes(browser: Browser, shown: Served) -> None:
    paints, sizes = [], []
    for _ in range(3):
        with let_in(browser, shown, viewport=WINDOWS["wide"]) as (_, page, _):
            page.goto(shown.url)
            settled(page)
            paints.append(
                page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
            )
            sizes.append(
                page.evaluate(
                    "['navigation', 'resource'].flatMap((kind) => performance.getEntriesByType(kind))"
                    ".reduce((sum, one) => sum + one.transferSize, 0)"
                )
            )
            assert "echart" not in page.content()
    assert min(paints) <= 500
    assert 50_000 < max(sizes) <= 250_000


def test_every_control_can_be_reached_and_used_by_keyboard(browser: Browser, shown: Served) -> None:
    with let_in(browser, shown, viewport=WINDOWS["wide"]) as (_, page, _):
        page.goto(f"{shown.url}/#/positions")
        settled(page)
        seen = []
        for _ in range(40):
            page.keyboard.press("Tab")
            name, ring = page.evaluate(
                "[(document.activeElement.innerText || document.activeElement.ariaLabel || '').trim(),"
                " getComputedStyle(document.activeElement).outlineStyle]"
            )
            seen.append(name)
            assert ring != "none", f"nothing shows that {name!r} has the focus"
        assert seen[0] == "Skip to the content"
        assert any("STOP" in name for name in seen)
        assert {"Overview", "Risk", "Settings"} <= set(seen)
        page.get_by_label("Day", exact=True).focus()
        before = page.locator("output").first.inner_text()
        page.keyboard.press("ArrowRight")
        assert page.locator("output").first.inner_text() != before
        page.get_by_role("link", name="Risk").focus()
        page.keyboard.press("Enter")
        page.get_by_role("heading", name="Risk", exact=True).wait_for()


def test_the_sliders_move_the_curve(browser: Browser, shown: Served) -> None:
    with let_in(browser, shown, viewport=WINDOWS["wide"]) as (_, page, _):
        page.goto(f"{shown.url}/#/positions")
        settled(page)
        curve = page.locator("[data-chart=payoff] path[stroke-dasharray]")
        before = curve.get_attribute("d")
        page.get_by_label("Volatility").fill("20")
        page.wait_for_timeout(400)
        assert curve.get_attribute("d") != before


def test_a_choice_of_light_lasts_and_nothing_else_is_kept_in_the_browser(
    browser: Browser, shown: Served
) -> None:
    with let_in(browser, shown, viewport=WINDOWS["wide"], color_scheme="dark") as (context, page, _):
        page.goto(shown.url)
        settled(page)
        page.get_by_role("button", name="Switch to light").click()
        page.reload()
        settled(page)
        assert page.evaluate("document.documentElement.dataset.theme") == "light"
        assert page.evaluate("localStorage.length + sessionStorage.length") == 0
        assert page.evaluate("document.cookie") == "strikewise_theme=light"
        assert {one["name"]: one["httpOnly"] for one in context.cookies()} == {  # type: ignore[typeddict-item]
            "strikewise_session": True,
            "strikewise_theme": False,
        }
