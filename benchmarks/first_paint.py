"""How soon the page shows something, and what a browser fetches for each view, on loopback.

Run it with ``python benchmarks/first_paint.py URL NAME`` against a `strikewise serve`; it asks for the
password of NAME. Chromium must be installed, and Playwright for Python. Each view is opened with nothing
cached.
"""

from __future__ import annotations

import getpass
import shutil
import statistics
import sys

from playwright.sync_api import Browser, Page, StorageState, sync_playwright

VIEWS = (
    "overview", "positions", "signals", "chart", "scanner", "volatility", "backtests", "risk",
    "reconciliation", "orders", "logs", "settings",
)  # fmt: skip
ROUNDS = 5
PAINT = "performance.getEntriesByName('first-contentful-paint')[0].startTime"
SIZE = (
    "['navigation', 'resource'].flatMap((kind) => performance.getEntriesByType(kind))"
    ".reduce((sum, one) => sum + one.transferSize, 0)"
)
LAST = "Math.max(...performance.getEntriesByType('resource').map((one) => one.responseEnd))"


def let_in(browser: Browser, url: str, name: str, password: str) -> StorageState:
    """Log in, and return the cookie."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(url)
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("link", name="Overview", exact=True).wait_for()
    state = context.storage_state()
    context.close()
    return state


def opened(page: Page, url: str) -> tuple[float, float, float]:
    """Return milliseconds to the first paint and to the last answer, and kilobytes."""
    page.goto(url)
    page.locator("main h1").wait_for(state="attached")
    page.wait_for_function("() => document.querySelectorAll('.waiting').length === 0")
    return page.evaluate(PAINT), page.evaluate(LAST), page.evaluate(SIZE) / 1000


def main() -> None:
    """Print a line for each view."""
    url, name = sys.argv[1].rstrip("/"), sys.argv[2]
    path = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        state = let_in(browser, url, name, getpass.getpass())
        print(f"{'view':<16}{'first paint':>14}{'all there':>12}{'fetched':>12}")
        for view in VIEWS:
            found = []
            for _ in range(ROUNDS):
                context = browser.new_context(storage_state=state)
                found.append(opened(context.new_page(), f"{url}/#/{view}"))
                context.close()
            paint, last, size = (statistics.median(each) for each in zip(*found, strict=True))
            print(f"{view:<16}{paint:>11.0f} ms{last:>9.0f} ms{size:>9.0f} kB")
        browser.close()


if __name__ == "__main__":
    main()
