"""The programs as people start them: a server and a trading process, each a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from strikewise.adapters.store.sql_ledger import SqlLedger

PROGRAM = "import sys; from strikewise.apps.cli.main import main; sys.argv[0] = 'strikewise'; main()"
NAME, PASSWORD = "ada", "correct horse battery staple"
PATIENCE = 60.0


@dataclass
class Server:
    """A `strikewise serve` that listens.

    Attributes
    ----------
    process : Popen
        It.
    url : str
        Where.
    setup : str
        The one-time address; empty where somebody may log in already.
    """

    process: subprocess.Popen[str]
    url: str
    setup: str

    def end(self) -> None:
        """Kill it, as a machine that loses its power."""
        self.process.kill()
        self.process.wait(10)


@contextmanager
def begun(home: Path, *words: str, env: Mapping[str, str] | None = None) -> Iterator[subprocess.Popen[str]]:
    """Start a program, and see to it that it ends."""
    line = [sys.executable, "-c", PROGRAM, "--home", str(home), *words]
    own = {**os.environ, "NO_COLOR": "1", **(env or {})}
    with subprocess.Popen(
        line, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=own
    ) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()


@contextmanager
def server(home: Path, *words: str, port: int = 0, env: Mapping[str, str] | None = None) -> Iterator[Server]:
    """Start a server, and wait until it listens."""
    with begun(home, "serve", "--port", str(port), "--json", *words, env=env) as process:
        assert process.stdout is not None
        said = ""
        while not said.endswith("}\n"):
            more = process.stdout.readline()
            assert more, said
            said += more
        told = json.loads(said)
        yield Server(process, told["url"], told["setup"] or "")


def records(place: Path, after: int = 0) -> list[Any]:
    """Return the facts of a ledger in a folder, after one of them."""
    if not (place / "ledger.db").exists():
        return []
    with SqlLedger(f"sqlite:///{place / 'ledger.db'}") as ledger:
        return list(ledger.records(after=after))


def until(holds: Callable[[], bool], seconds: float = PATIENCE, what: str = "it") -> float:
    """Wait for what another process does; return how long that took."""
    began = time.monotonic()
    while not holds():
        assert time.monotonic() - began < seconds, f"{what} did not happen in {seconds:g} s"
        time.sleep(0.01)
    return time.monotonic() - began


def make_administrator(page: Page, server: Server) -> None:
    """Open the one-time address, and make the first account."""
    page.goto(server.setup)
    page.get_by_label("Name").fill(NAME)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Make it").click()
    page.get_by_role("link", name="Overview", exact=True).wait_for()
