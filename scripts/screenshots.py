"""Photograph the page anew, for the documentation: every view over the demonstration's account, in Chromium.

The account is traded up to a day as fast as it goes, and then stands still: the same home gives the same
pictures. They are written as WebP into `docs/assets/page/`, each view wide and on a phone in the dark, some
in the light. Needs Chromium, the built page, and a data home that `make demo` made.
"""

from __future__ import annotations

import argparse
import base64
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from shown import set_up

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "docs" / "assets" / "page"
VIEWS = (
    "overview",
    "positions",
    "signals",
    "chart",
    "scanner",
    "volatility",
    "backtests",
    "risk",
    "reconciliation",
    "orders",
    "logs",
    "settings",
)
LIGHT = ("overview", "positions", "volatility")
WIDE, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
UNTIL = "2018-11-13T21:01+00:00"
"""An evening with a history behind it, and positions of each kind."""
PASSWORD = "correct horse battery"  # noqa: S105 - of an account that lives for a minute
QUALITY, MOST_BYTES = 60, 150_000
SETTLED = 2_500
"""Milliseconds until a view has drawn itself."""


def main() -> int:
    """Take all of them."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--home", type=Path, required=True, help="a data home that make demo made")
    parser.add_argument("--chromium", default="chromium", help="the browser")
    parser.add_argument("views", nargs="*", default=VIEWS, help="only these views")
    asked = parser.parse_args()
    OUT.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        home = set_up(Path(folder), asked.home.resolve())
        with serving(home) as setup, sync_playwright() as driver:
            path = shutil.which(asked.chromium) or asked.chromium
            browser = driver.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
            take(browser, setup, [view for view in VIEWS if view in asked.views])
            browser.close()
        print(sum(one.stat().st_size for one in OUT.glob("*.webp")), "bytes in all")
    return 0


@contextmanager
def serving(home: Path) -> Iterator[str]:
    """Trade the account up to a day, then serve it at a standstill; give its one-time address."""
    words = [str(Path(sys.executable).parent / "strikewise"), "--home", str(home)]
    serve = [*words, "serve", "--demo", "--port", "0", "--json", "--speed"]
    with _started([*serve, "1"]) as _:
        pass  # it has made its folder and settings
    place = home / "rehearsals" / "demo"
    days = ["--replay", "2018-01-02..2018-12-31", "--into", str(place), "--spec", str(place / "spec.toml")]
    subprocess.run([*words, "run", *days, "--until", UNTIL], check=True, capture_output=True)  # noqa: S603
    with _started([*serve, "1"]) as told:
        yield str(told["setup"])


@contextmanager
def _started(command: list[str]) -> Iterator[dict[str, str]]:
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:  # noqa: S603
        told = ""
        while process.stdout is not None and not told.endswith("}\n"):
            told += process.stdout.readline()
        try:
            yield json.loads(told)
        finally:
            process.terminate()


def take(browser: Browser, setup: str, views: list[str]) -> None:
    """Come in once, and photograph the views in each size and theme."""
    base = setup.partition("/setup")[0]
    with _window(browser, WIDE, "dark") as (context, page):
        page.goto(setup)
        page.get_by_label("Name").fill("demo")
        page.get_by_label("Password").fill(PASSWORD)
        page.keyboard.press("Enter")
        page.get_by_text("Net liquidation").wait_for()
        cookies = context.cookies()
        page.goto(f"{base}/#/scanner")
        page.get_by_role("button", name="Scan now").click()
        page.locator("table tbody tr").first.wait_for()
    for size, name in ((WIDE, "wide"), (PHONE, "phone")):
        for theme in ("dark", "light"):
            with _window(browser, size, theme) as (context, page):
                context.add_cookies(cookies)  # type: ignore[arg-type]
                for view in views if theme == "dark" else [one for one in views if one in LIGHT]:
                    page.goto(f"{base}/#/{view}")
                    page.reload()
                    if view == "logs":  # other lines name the computer
                        page.get_by_placeholder("Find").fill("report")
                    page.wait_for_timeout(SETTLED)
                    _keep(context, page, f"{view}-{name}{'' if theme == 'dark' else '-light'}")


@contextmanager
def _window(browser: Browser, size: dict[str, int], theme: str) -> Iterator[tuple[BrowserContext, Page]]:
    context = browser.new_context(viewport=size, color_scheme=theme, reduced_motion="reduce")  # type: ignore[arg-type]
    page = context.new_page()
    page.set_default_timeout(60_000)
    yield context, page
    context.close()


def _keep(context: BrowserContext, page: Page, name: str) -> None:
    """Write what a window shows, as the browser itself packs it."""
    asked = {"format": "webp", "quality": QUALITY}
    answer = context.new_cdp_session(page).send("Page.captureScreenshot", asked)
    picture = base64.b64decode(answer["data"])
    if len(picture) > MOST_BYTES:
        raise SystemExit(f"{name} has {len(picture):,} bytes; at most {MOST_BYTES:,} are wanted.")
    (OUT / f"{name}.webp").write_bytes(picture)
    print(f"{name:28}{len(picture):>9,} bytes")


if __name__ == "__main__":
    sys.exit(main())
