"""A vendor of canned answers on a port of this computer, and the hands of a clock for durations."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any

from strikewise.adapters.brokers.alpaca import AlpacaBroker, Patience
from strikewise.market.clock import SimulatedClock

NOW = datetime(2024, 3, 12, 19, tzinfo=UTC)
ACCOUNT = {
    "id": "1d9eed04-be39-4e01-9b84-a48ac5bbafcf",
    "account_number": "ACC123",
    "status": "ACTIVE",
    "cash": "122086.5",
    "equity": "123346.11",
    "options_buying_power": "122716.305",
    "options_trading_level": 3,
    "trading_blocked": False,
    "account_blocked": False,
    "trade_suspended_by_user": False,
}


@dataclass(frozen=True)
class Answer:
    """What is answered: a body that is no text as JSON; ``hang`` never answers, ``drop`` hangs up."""

    body: Any = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    how: str = ""

    @property
    def data(self) -> bytes:
        if self.body is None:
            return b""
        return self.body.encode() if isinstance(self.body, str) else json.dumps(self.body).encode()


@dataclass(frozen=True)
class Asked:
    method: str
    path: str
    query: str
    body: Any


class Canned:
    """Answers by method and path, the last of each again and again; what was asked is kept."""

    def __init__(self) -> None:
        self.answers: dict[tuple[str, str], list[Answer]] = {("GET", "/v2/account"): [Answer(ACCOUNT)]}
        self.asked: list[Asked] = []
        self.released = Event()
        self.before: Callable[[Asked], None] = lambda _: None
        self.url = ""

    def say(self, method: str, path: str, *answers: Answer) -> None:
        self.answers[method, path] = list(answers)

    def of(self, method: str, path: str) -> list[Asked]:
        return [one for one in self.asked if (one.method, one.path) == (method, path)]

    def next(self, asked: Asked) -> Answer:
        self.asked.append(asked)
        self.before(asked)
        listed = self.answers.get((asked.method, asked.path))
        if not listed:
            return Answer({"code": 40410000, "message": f"{asked.path} is not canned"}, 404)
        return listed.pop(0) if len(listed) > 1 else listed[0]


@contextmanager
def canned() -> Iterator[Canned]:
    """Serve canned answers."""
    made = Canned()

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            path, _, query = self.path.partition("?")
            sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            said = made.next(Asked(self.command, path, query, json.loads(sent) if sent else None))
            if said.how == "hang":
                made.released.wait(10)
            if said.how:
                self.close_connection = True
                return
            self.send_response(said.status)
            for name, value in said.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(said.data)))
            self.end_headers()
            self.wfile.write(said.data)

        do_GET = do_POST = do_PATCH = do_DELETE = answer  # noqa: N815

        def log_message(self, *_: Any) -> None:
            """Keep quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    made.url = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield made
    finally:
        made.released.set()
        server.shutdown()
        server.server_close()
        thread.join()


class HandTimer:
    """Durations by hand: whoever sleeps moves it on, and is noted."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def broker_of(vendor: Canned, **more: Any) -> AlpacaBroker:
    """Return a broker before canned answers."""
    settings: dict[str, Any] = {
        "url": vendor.url,
        "stream_url": "ws://127.0.0.1:1/stream",
        "clock": SimulatedClock(NOW),
        "prefix": "o-",
        "timer": HandTimer(),
        "patience": Patience(read=0.3),
    }
    return AlpacaBroker("key", "secret", **(settings | more))


def answered(**more: Any) -> dict[str, Any]:
    """Return an order of one leg as the vendor answers it."""
    return {
        "id": "b-1",
        "client_order_id": "o-1",
        "symbol": "SPY240315P00480000",
        "side": "buy",
        "qty": "1",
        "filled_qty": "0",
        "status": "accepted",
        "order_class": "",
        "limit_price": None,
        "submitted_at": "2024-03-12T19:00:00.123456789Z",
    } | more
