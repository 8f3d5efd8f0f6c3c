"""A `strikewise serve --demo` in a process of its own, as a person starts it."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from strikewise.apps.cli.demo_account import PROGRAM

PASSWORD = "correct horse battery"
PATIENCE = 90.0


@dataclass
class Demonstration:
    """It, once it listens.

    Attributes
    ----------
    process : Popen
        The server's.
    url, setup : str
        Where it is, and its one-time address.
    """

    process: subprocess.Popen[str]
    url: str
    setup: str

    @contextmanager
    def entered(self, name: str = "ada", password: str = PASSWORD) -> Iterator[httpx.Client]:
        """Give a browser that came in through the one-time address."""
        with httpx.Client(base_url=f"{self.url}/api/v1", timeout=10) as client:
            body = {"code": self.setup.partition("#")[2], "name": name, "password": password}
            answer = client.post("setup", json=body, headers={"Origin": self.url})
            assert answer.status_code == 201, answer.text
            yield client

    def ended(self, number: signal.Signals = signal.SIGINT) -> str:
        """End it, and return what it said for people."""
        self.process.send_signal(number)
        return self.process.communicate(timeout=PATIENCE)[1]


def copied(market: Path, home: Path) -> Path:
    """Copy a market into a home that has no account and no settings yet."""
    shutil.copytree(market, home, ignore=shutil.ignore_patterns("*.db*", "*.toml", "runs", "rehearsals"))
    return home


@contextmanager
def demonstrating(home: Path, *words: str) -> Iterator[Demonstration]:
    """Start one over a home, and see to it that it ends."""
    line = [sys.executable, "-c", PROGRAM, "--home", str(home), "serve", "--demo", "--port", "0", "--json"]
    with subprocess.Popen(
        [*line, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            said = ""
            while not said.endswith("}\n"):
                more = process.stdout.readline()
                assert more, process.communicate()[1]
                said += more
            told = json.loads(said)
            yield Demonstration(process, told["url"], told["setup"])
        finally:
            if process.poll() is None:
                process.terminate()


def until(found: Callable[[], Any]) -> Any:
    """Ask until there is an answer, and return it."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if answer := found():
            return answer
        time.sleep(0.2)
    raise AssertionError(f"Not seen within {PATIENCE:.0f} seconds.")
