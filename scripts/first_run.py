"""Measure how long it takes from a fresh clone until the page moves in a browser.

It clones this checkout, runs `make demo` there, starts `strikewise serve --demo` as that says, opens the
one-time address in headless Chromium, and waits until a chart is drawn and the account holds something.
Packages come from wherever pip and npm take them: a second run finds them in their caches. It needs the
development environment, which `make test` makes.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parents[1]
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
PATIENCE = 120_000
"""Milliseconds."""


def main() -> int:
    """Measure, and print a line for each part."""
    browser = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if browser is None:
        sys.exit("There is no Chromium here.")
    with tempfile.TemporaryDirectory() as folder:
        clone = Path(folder) / "strikewise"
        began = time.monotonic()
        run("git", "clone", "--quiet", str(ROOT), str(clone), cwd=ROOT)
        told("cloned", began)
        said = run("make", "demo", cwd=clone)
        told("make demo", began)
        last = said.strip().splitlines()[-1]
        if "serve --demo" not in last:
            sys.exit(f"make demo ended with another line: {last}")
        with serving(clone) as setup:
            told("serve --demo listens", began)
            watch(browser, setup, began)
    return 0


def run(*words: str, cwd: Path) -> str:
    """Run a command with nobody at the keyboard, and return what it says."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("VIRTUAL_", "PYTHON"))}
    done = subprocess.run(  # noqa: S603 - our own commands
        words, cwd=cwd, env=clean, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"{' '.join(words)} ended with {done.returncode}: {done.stdout[-2000:]}")
    return done.stdout


@contextmanager
def serving(clone: Path) -> Iterator[str]:
    """Serve the demonstration on a free port, and give its one-time address."""
    command = [str(clone / ".venv/bin/strikewise"), "serve", "--demo", "--port", "0", "--json"]
    with subprocess.Popen(command, cwd=clone, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        said = ""
        while process.stdout is not None and not said.endswith("}\n"):
            said += process.stdout.readline()
        try:
            yield json.loads(said)["setup"]
        finally:
            process.terminate()


def watch(browser: str, setup: str, began: float) -> None:
    """Come in, and wait until the account is drawn and holds something."""
    with sync_playwright() as driver:
        window = driver.chromium.launch(executable_path=browser, args=["--no-sandbox", "--disable-gpu"])
        page = window.new_page(viewport={"width": 1440, "height": 900})
        page.set_default_timeout(PATIENCE)
        page.goto(setup)
        told("page open", began)
        page.get_by_label("Name").fill("first")
        page.get_by_label("Password").fill("correct horse battery")
        page.keyboard.press("Enter")
        page.get_by_text("Net liquidation").wait_for()
        page.locator("canvas").first.wait_for()
        told("charts drawn", began)
        page.locator("table tbody tr").first.wait_for()
        told("first position held", began)
        window.close()


def told(what: str, began: float) -> None:
    """Print a part and the seconds since the beginning."""
    print(f"{what:24}{time.monotonic() - began:7.1f} s", flush=True)


if __name__ == "__main__":
    sys.exit(main())
