"""The built page in a real browser, over a real server with a small account."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from apps.api.serving import Served, serving
from apps.api.test_research import finished
from apps.market_home import fill
from dashboard.watching import Watched
from shared_data import REPOSITORY
from strikewise.apps.api.page import STATIC

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-dev-shm-usage"]
AXE = REPOSITORY / "dashboard" / "node_modules" / "axe-core" / "axe.min.js"
PATIENCE = 20_000
"""Milliseconds: a busy machine is no fault of the page."""
expect.set_options(timeout=PATIENCE)
RUN = {
    "name": "three days",
    "underlyings": ["SPY"],
    "start": "2024-02-05",
    "end": "2024-02-07",
    "strategies": [{"strategy": "credit_spread", "parameters": {"side": "put"}}],
}


def lacks(what: str) -> NoReturn:
    """Say what to install: where changes are judged that is a failure, elsewhere a skip."""
    if os.environ.get("CI"):
        pytest.fail(what)
    pytest.skip(what)


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    path = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if path is None:
        lacks("The page is tested in Chromium, which is not installed: `apt-get install chromium`.")
    if not (STATIC / "index.html").is_file():
        lacks("The page is not built: `make page`.")
    with sync_playwright() as driver:
        found = driver.chromium.launch(executable_path=path, args=FLAGS)
        yield found
        found.close()


@pytest.fixture(scope="package")
def axe() -> str:
    """The rules of axe-core, as a script."""
    if not AXE.is_file():
        lacks("The page's accessibility is judged by axe-core, which is not there: `make page`.")
    return AXE.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server that nobody changes, with a kept run and a scan."""
    with serving(tmp_path_factory.mktemp("page")) as found:
        with found.program() as program:
            for place, body in (("backtests", {"spec": RUN}), ("scan", {"strategies": ["credit_spread"]})):
                begun = program.post(place, json=body)
                assert begun.status_code == 202, begun.text
                job = finished(program, begun.json()["job_id"])
                assert job["state"] == "done", job["problem"]
        yield found


@pytest.fixture(scope="package")
def market(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a market in it and no account: copied by whoever starts programs over it."""
    home = tmp_path_factory.mktemp("market") / "home"
    fill(home)
    return home


@contextmanager
def let_in(
    browser: Browser, served: Served, **options: Any
) -> Iterator[tuple[BrowserContext, Page, Watched]]:
    """Give a window in which the administrator has logged in, and what it complained of."""
    person = served.person()
    context = browser.new_context(**options)
    context.set_default_timeout(PATIENCE)
    cookies = [
        {
            "name": one.name,
            "value": one.value or "",
            "url": served.url,
            "httpOnly": True,
            "sameSite": "Strict",
        }
        for one in person.client.cookies.jar
    ]
    context.add_cookies(cookies)  # type: ignore[arg-type]
    page = context.new_page()
    yield context, page, Watched(page)
    context.close()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path
