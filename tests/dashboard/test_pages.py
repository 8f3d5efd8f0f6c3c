from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from apps.api.serving import Served
from dashboard.conftest import let_in
from dashboard.watching import CONTRAST, FETCHED, RULES, Watched, drawn, settled, violations

PAGES = (
    "overview", "positions", "signals", "chart", "scanner", "volatility", "backtests", "risk",
    "reconciliation", "orders", "logs", "settings",
)  # fmt: skip
CHARTS = {"overview": 3, "positions": 1, "chart": 1, "volatility": 2, "backtests": 1}
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


def assert_fits(page: Page) -> None:
    size = page.viewport_size
    assert size is not None
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_clean_drawn_and_readable_dark_and_light_without_scrolling_sideways(
    window: tuple[Page, Watched], shown: Served, axe: str, name: str
) -> None:
    page, watched = window
    page.goto(f"{shown.url}/#/{name}")
    page.locator("nav a[aria-current=page]").wait_for()
    settled(page)
    for rules in (RULES, CONTRAST):
        charts = drawn(page)
        assert len(charts) >= CHARTS.get(name, 0)
        assert all(colours > 2 for colours in charts), charts
        assert violations(page, axe, rules) == []
        assert_fits(page)
        page.get_by_role("button", name="Switch to").click()
        settled(page)
    assert page.get_by_role("alert").count() == 0
    always = page.get_by_label("Data and agreement").inner_text()
    assert all(word in always for word in ("Data", "Grade", "Reconciled"))
    assert page.get_by_test_id("stop").is_visible()
    assert watched.complaints() == []


CUT_OFF = """
() => [...document.querySelectorAll("main td, header button")]
  .filter((one) => one.checkVisibility() && one.getBoundingClientRect().right > innerWidth)
  .map((one) => one.innerText)
"""


@pytest.mark.parametrize("width", [360, 390, 400])
def test_orders_and_trades_on_a_phone_say_what_when_how_many_and_for_how_much_and_nothing_is_cut_off(
    browser: Browser, shown: Served, axe: str, width: int
) -> None:
    with let_in(browser, shown, viewport={"width": width, "height": 800}) as (_, page, watched):
        page.goto(f"{shown.url}/#/orders")
        settled(page)
        for table, told in (
            ("Orders", ("Placed", "Status", "Qty", "Limit", "Filled for")),
            ("Trades", ("Opened", "Closed", "P&L", "Ended by")),
        ):
            row = page.get_by_role("region", name=table).get_by_role("row").nth(1)
            cells = row.get_by_role("cell")
            heads = cells.evaluate_all(
                "(cells) => cells.filter((one) => getComputedStyle(one, '::before').content !== 'none')"
                ".map((one) => one.dataset.head)"
            )
            assert set(told) <= set(heads)
            assert "SPY" in cells.first.inner_text()
        ledger = page.get_by_role("region", name="Facts of the ledger")
        ledger.evaluate("(one) => one.remove()")
        page.get_by_role("region", name="Audit").evaluate_all("(all) => all.map((one) => one.remove())")
        assert page.evaluate(CUT_OFF) == []
        assert_fits(page)
        assert violations(page, axe) == []
        assert watched.complaints() == []


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("size", WINDOWS.values(), ids=list(WINDOWS))
def test_dialogs_forms_and_the_log_in_are_readable_and_fit_too(
    browser: Browser, shown: Served, axe: str, size: dict[str, int], theme: str
) -> None:
    with let_in(browser, shown, viewport=size, color_scheme=theme, reduced_motion="reduce") as (
        _,
        page,
        watched,
    ):
        page.goto(f"{shown.url}/#/backtests")
        settled(page)
        page.get_by_text("Run a specification over the past").click()
        page.get_by_text("all at their defaults").click()
        assert_fits(page)
        assert violations(page, axe) == []
        page.get_by_role("button", name="TOML").click()
        assert violations(page, axe) == []
        page.get_by_test_id("stop").click()
        assert violations(page, axe) == []
        page.keyboard.press("Escape")
        page.goto(f"{shown.url}/#/positions")
        settled(page)
        page.get_by_role("button", name="Close this position").click()
        assert violations(page, axe) == []
        page.keyboard.press("Escape")
        page.get_by_role("button", name="Log out").click()
        page.get_by_role("heading", name="Log in").wait_for()
        assert_fits(page)
        assert violations(page, axe) == []
        assert watched.complaints() == []


def test_what_was_done_on_a_day_is_told_where_the_chart_is_pointed_at(
    browser: Browser, shown: Served
) -> None:
    with let_in(browser, shown, viewport=WINDOWS["wide"]) as (_, page, watched):
        page.goto(f"{shown.url}/#/chart")
        settled(page)
        with shown.program() as program:
            markers = program.get("chart/SPY").json()["markers"]
        days = {one["at"][:10] for one in markers if one["kind"] == "entry"}
        box = page.locator("[data-chart=price] .inside-chart").bounding_box()
        assert box is not None
        said = {}
        for step in range(2, 60):
            page.mouse.move(box["x"] + box["width"] * step / 60, box["y"] + box["height"] / 2)
            told = page.locator(".readout").inner_text().split("\n")
            said[told[0]] = told[-1]
        assert days & said.keys()
        for day in days & said.keys():
            assert said[day].endswith(("opened", "spread", "condor")), said[day]
        assert not any(words.endswith("opened") for day, words in said.items() if day not in days)
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
            sizes.append(page.evaluate(FETCHED))
            assert "echart" not in page.content()
    assert min(paints) <= 500
    assert 50_000 < max(sizes) <= 250_000


TO_REACH = """
() => [...document.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex='0']")]
  .filter((one) => !one.disabled && one.tabIndex >= 0 && one.checkVisibility({ visibilityProperty: true })
    && !one.closest("dialog:not([open])") && one.type !== "radio")
  .map((one, n) => {
    one.dataset.reach = n;
    return (one.innerText || one.ariaLabel || one.name || one.tagName).trim();
  })
"""
FOCUSED = """
() => {
  const one = document.activeElement, style = getComputedStyle(one), box = one.getBoundingClientRect();
  return [one.dataset.reach ?? "", style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2,
    box.bottom > 0 && box.top < innerHeight];
}
"""


@pytest.mark.parametrize("name", PAGES)
def test_every_control_of_a_page_is_reached_in_view_and_with_a_ring_by_the_tab_key_alone(
    browser: Browser, shown: Served, name: str
) -> None:
    with let_in(browser, shown, viewport=WINDOWS["wide"], reduced_motion="reduce") as (_, page, _):
        page.goto(f"{shown.url}/#/{name}")
        page.locator("nav a[aria-current=page]").wait_for()
        settled(page)
        names = page.evaluate(TO_REACH)
        seen = set()
        for number in range(len(names)):
            page.keyboard.press("Tab")
            reached, ringed, in_view = page.evaluate(FOCUSED)
            if reached == "":
                continue
            seen.add(int(reached))
            assert ringed, f"nothing shows that {names[int(reached)]!r} has the focus"
            assert in_view, f"{names[int(reached)]!r} has the focus out of sight"
            assert number or names[int(reached)] == "Skip to the content"
        missed = [told for number, told in enumerate(names) if number not in seen]
        assert missed == []
        assert any("STOP" in told for told in names)


def test_pages_sliders_and_dialogs_are_used_by_keyboard(browser: Browser, shown: Served) -> None:
    with let_in(browser, shown, viewport=WINDOWS["wide"]) as (_, page, _):
        page.goto(f"{shown.url}/#/positions")
        settled(page)
        page.get_by_label("Day", exact=True).focus()
        before = page.locator("output").first.inner_text()
        page.keyboard.press("ArrowRight")
        assert page.locator("output").first.inner_text() != before
        page.get_by_test_id("stop").focus()
        page.keyboard.press("Enter")
        inside = "document.querySelector('dialog[open]').contains(document.activeElement)"
        for _ in range(8):
            page.keyboard.press("Tab")
            assert page.evaluate(f"document.activeElement === document.body || {inside}"), (
                "focus left the dialog"
            )
        page.keyboard.press("Escape")
        assert page.get_by_role("dialog").count() == 0
        assert page.evaluate("document.activeElement.dataset.testid") == "stop"
        page.get_by_role("link", name="Risk").focus()
        page.keyboard.press("Enter")
        page.get_by_role("heading", name="Risk", exact=True).wait_for()


def test_todays_curve_goes_through_the_profit_at_mid_and_says_how_far_it_was_moved(
    browser: Browser, shown: Served
) -> None:
    with let_in(browser, shown, viewport=WINDOWS["wide"]) as (_, page, _):
        page.goto(f"{shown.url}/#/positions")
        settled(page)
        at_mid = page.locator(".tile").filter(has_text="P&L at mid").locator("dd").first.inner_text()
        today = page.locator(".legend span").filter(has_text="Today").locator("b").inner_text()
        assert today == at_mid
        expect(page.get_by_text("meets the middle of the quotes")).to_be_visible()


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
