"""A real server over a small account in memory, with a clock that tests move."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import httpx

from service.systems import system_of
from service.views.test_views import CALENDAR, TUESDAY, WEDNESDAY, close_of, picture, traded, until
from strikewise.adapters.halt_file import HaltFile
from strikewise.adapters.log_reading import LogReading
from strikewise.adapters.passwords import Argon2Passwords
from strikewise.adapters.store.access import SqlAccessStore
from strikewise.apps.api.running import RunningServer, server_of
from strikewise.bootstrap.configuration import load_settings
from strikewise.bootstrap.serve import ServeParts, ServePlan
from strikewise.execution.heartbeat import Heartbeat
from strikewise.market.clock import SimulatedClock
from strikewise.market.memory_source import MemorySource
from strikewise.portfolio.ledger import Entry, MemoryLedger, Record
from strikewise.portfolio.picture import Picture
from strikewise.service.access import Access, Scope
from strikewise.service.system import System

NAME, PASSWORD = "ada", "correct horse battery staple"
CHEAP = Argon2Passwords(memory_kib=64, rounds=1)

SSL = ssl.create_default_context()
"""Made once: each takes longer than an answer."""
anybody = httpx.Client(verify=SSL, timeout=10, limits=httpx.Limits(max_keepalive_connections=0))
"""Somebody who shows nothing, and keeps no connection."""

__all__ = ["CALENDAR", "NAME", "PASSWORD", "Browser", "Served", "anybody", "serving"]


@dataclass
class Served:
    """A server that answers.

    Attributes
    ----------
    url : str
        Where.
    system : System
        What it serves; trades of three days in 2024, looked at on the second.
    ledger : MemoryLedger
        Its account's.
    access : Access
        Its door.
    clock : SimulatedClock
        What time it is there.
    setup : str
        The one-time code.
    alarms : list of (str, str)
        What its door raised.
    """

    url: str
    system: System
    ledger: MemoryLedger
    access: Access
    clock: SimulatedClock
    setup: str
    alarms: list[tuple[str, str]]
    opened: list[httpx.Client] = field(default_factory=list)

    def later(self, **span: float) -> None:
        """Let time pass."""
        self.clock.advance_to(self.clock.now() + timedelta(**span))

    def token(self, scope: Scope = Scope.ADMIN) -> str:
        """Make a token."""
        return self.access.tokens.make("test", scope, "tester")[0]

    def program(self, scope: Scope = Scope.ADMIN) -> httpx.Client:
        """Return a program that shows a token."""
        headers = {"Authorization": f"Bearer {self.token(scope)}"}
        return httpx.Client(base_url=f"{self.url}/api/v1", headers=headers, timeout=10, verify=SSL)

    def browser(self) -> Browser:
        """Return a browser that nobody has logged in with."""
        browser = Browser(self.url)
        self.opened.append(browser.client)
        return browser

    def person(self) -> Browser:
        """Return a browser in which the administrator has logged in."""
        browser = self.browser()
        if not self.access.is_set_up:
            said = browser.post("setup", code=self.setup, name=NAME, password=PASSWORD)
        else:
            said = browser.post("session", name=NAME, password=PASSWORD)
        assert said.status_code == 201, said.text
        browser.csrf = said.json()["csrf"]
        return browser


class Browser:
    """What a browser does on its own: it keeps cookies, and names its origin."""

    def __init__(self, url: str, client: httpx.Client | None = None) -> None:
        self.url, self.csrf = url, ""
        self.client = client or httpx.Client(timeout=10, verify=SSL)

    def get(self, path: str) -> httpx.Response:
        return self.client.get(f"{self.url}/api/v1/{path}", headers={"Sec-Fetch-Site": "same-origin"})

    def send(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        own = {"Origin": self.url, "Sec-Fetch-Site": "same-origin", "X-CSRF-Token": self.csrf}
        return self.client.request(
            method, f"{self.url}/api/v1/{path}", json=body, headers={**own, **(headers or {})}
        )

    def post(self, path: str, **body: Any) -> httpx.Response:
        return self.send("POST", path, body)


@cache
def _three_days() -> tuple[tuple[Record, ...], MemorySource, Picture]:
    ledger, source = traded()
    shown = picture(until(ledger, close_of(TUESDAY)), source, close_of(TUESDAY))
    shown = replace(shown, positions=tuple(replace(one, rate=0.05) for one in shown.positions))
    return tuple(ledger.records()), source, shown


@contextmanager
def serving(
    home: Path, plan: ServePlan | None = None, *, server: Mapping[str, Any] | None = None, **changes: Any
) -> Iterator[Served]:
    """Serve an account that traded three days, seen on the second of them; ``server`` changes its parts."""
    records, source, shown = _three_days()
    ledger = MemoryLedger()
    for record in records:
        entry = Entry(record.event, record.known_at, record.actor, record.cause)
        ledger.append([entry], recorded_at=record.recorded_at)
    clock = SimulatedClock(close_of(WEDNESDAY))
    system = replace(
        system_of(source, account=ledger), home=home, clock=clock, picture=lambda: shown, halt=HaltFile(home)
    )
    system = replace(system, **changes)
    alarms: list[tuple[str, str]] = []
    with SqlAccessStore(home) as store:
        access = Access(store, CHEAP, clock, alarm=lambda code, text: alarms.append((code, text)))
        setup = access.setup_code() or ""
        wanted = plan or ServePlan(port=0)

        def rebuilt() -> System:
            return replace(system, limits=load_settings(home).limits.frozen())

        parts = ServeParts(system, access, LogReading(home).latest, rebuilt)
        made = replace(server_of(parts, wanted), **(server or {}))
        with RunningServer(made, wanted) as running:
            served = Served(running.url, system, ledger, access, clock, setup, alarms)
            try:
                yield served
            finally:
                for client in served.opened:
                    client.close()


def beating(system: System, **changes: Any) -> Heartbeat:
    """Return the heartbeat of a process that trades right now."""
    now = system.now()
    beat = Heartbeat(
        at=now, market_at=now, holder="desk:1:x", version="0", account="main", mode="paper",
        broker="simulated", feed="none", state="active", reason="", phase="running", started_at=now,
        ticked_at=now, due_at=None, reconciled_at=None, open_differences=0, positions=1, orders=0,
        connected=True, seq=1,
    )  # fmt: skip
    return replace(beat, **changes)


def ok(answer: httpx.Response) -> Any:
    """Return what an answer says, which must be one that came about."""
    assert answer.status_code == 200, answer.text
    return answer.json()


def events(lines: Iterator[str]) -> Iterator[tuple[str, int, dict[str, Any]]]:
    """Yield the events of a stream: kind, id, and what they say."""
    told: dict[str, str] = {}
    for line in lines:
        if line.startswith(":"):
            yield "comment", 0, {}
        elif line:
            name, _, value = line.partition(": ")
            told[name] = value
        elif told:
            yield told["event"], int(told["id"]), json.loads(told["data"])
            told = {}
