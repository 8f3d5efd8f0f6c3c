"""An account with a little history, channels that do what a test tells them, and a webhook."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Condition, Thread
from typing import Any

from engine.hand_made import Told, hand_spec
from execution.tapes import CALENDAR, bars, call, close_of, put, tape
from strikewise.adapters.alerts.alert import Alert, Level
from strikewise.adapters.alerts.channels import Outcome, Sent
from strikewise.adapters.alerts.policy import Message
from strikewise.backtest.runner import replay
from strikewise.domain.events import Event
from strikewise.domain.structures import Leg, Structure
from strikewise.market.memory_source import MemorySource
from strikewise.portfolio.ledger import Entry, MemoryLedger

MONDAY, TUESDAY, WEDNESDAY = (date(2024, 2, day) for day in (5, 6, 7))
SPREAD = Structure.of([Leg(put(480), -1), Leg(put(475), 1)])
OTHER = Structure.of([Leg(call(500), -1), Leg(call(505), 1)])
ROWS = [(put(480), 100, 110), (put(475), 40, 50), (call(500), 90, 100), (call(505), 30, 40)]
START = datetime(2024, 2, 7, 22, tzinfo=UTC)


def market() -> MemorySource:
    quotes = tape({close_of(day): (490.0, ROWS) for day in (MONDAY, TUESDAY, WEDNESDAY)})
    days = CALENDAR.sessions(date(2023, 11, 1), WEDNESDAY)
    closes = {day: (480.0 + n % 7, 481.0 + n % 7) for n, day in enumerate(days)}
    return MemorySource([quotes], bars=[bars("SPY", closes)])


def traded(last: date = WEDNESDAY) -> MemoryLedger:
    """Two spreads: opened on Monday and Tuesday, closed on Wednesday; the second signal is refused."""
    ledger = MemoryLedger()
    strategy = Told({MONDAY: [SPREAD], TUESDAY: [SPREAD, OTHER]}, frozenset({WEDNESDAY}))
    replay(hand_spec(strategy, start=MONDAY, end=last), market(), CALENDAR, ledger)
    return ledger


def written(ledger: MemoryLedger, *events: Event, at: datetime = START, actor: str = "engine") -> None:
    ledger.append([Entry(event, at, actor) for event in events], recorded_at=at)


def alert(number: int, level: Level = Level.INFO, *, matter: str = "", title: str = "") -> Alert:
    name = title or f"alert {number}"
    return Alert(f"{number}.0", number, level, "TEST", name, f"text {number}", START, (), matter)


class Clock:
    """A clock that a test moves."""

    def __init__(self, now: datetime = START) -> None:
        self.at = now

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.at.timestamp()

    def wait(self, until: datetime, seconds: float) -> None:
        self.at = min(until, self.at + timedelta(seconds=seconds))

    def on(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


@dataclass
class Wire:
    """A channel of the world: takes what it is told, or answers as it was told to."""

    name: str = "wire"
    answers: deque[Outcome] = field(default_factory=deque)
    down: Outcome | None = None
    got: list[Message] = field(default_factory=list)
    tried: int = 0

    def send(self, message: Message) -> Outcome:
        self.tried += 1
        answer = self.answers.popleft() if self.answers else self.down or Sent()
        if isinstance(answer, Sent):
            self.got.append(message)
        return answer

    def close(self) -> None:
        pass

    def titles(self) -> list[str]:
        return [one.alert.title for message in self.got for one in message.waiting]


@dataclass
class Saying:
    """What was said on the way."""

    lines: list[tuple[str, str, dict[str, object]]] = field(default_factory=list)

    def __call__(self, level: str, event: str, pairs: Any) -> None:
        self.lines.append((level, event, dict(pairs)))


@dataclass
class Webhook:
    """A service that takes JSON, or answers with other statuses first."""

    statuses: deque[int] = field(default_factory=deque)
    got: list[dict[str, Any]] = field(default_factory=list)
    calls: int = 0
    port: int = 0
    changed: Condition = field(default_factory=Condition)


@contextmanager
def webhook(statuses: Sequence[int] = ()) -> Iterator[Webhook]:
    hook = Webhook(deque(statuses))

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            with hook.changed:
                hook.calls += 1
                status = hook.statuses.popleft() if hook.statuses else 200
                if status == 200:
                    hook.got.append(body)
                hook.changed.notify_all()
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Keep quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hook.port = server.server_address[1]
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield hook
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
