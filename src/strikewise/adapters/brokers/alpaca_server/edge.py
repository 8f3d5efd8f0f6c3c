"""The edge of the server: who may ask, how often, what is noted, and what goes wrong on purpose."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from strikewise.adapters.brokers.alpaca_server.mishaps import Mishaps, Spoiling
from strikewise.adapters.brokers.alpaca_server.refusals import forbidden, not_found, not_unique, unauthorized
from strikewise.adapters.brokers.alpaca_server.venue import Venue
from strikewise.adapters.brokers.alpaca_server.wire import stamp

__all__ = ["OWN_PATH", "Edge", "Exchange"]

OWN_PATH = "/_rehearsal"
"""What lies below is no part of Alpaca's interface."""
MINUTE = 60.0
PATIENCE_SECONDS = 120.0
LATE_SECONDS = 0.2
SKEW = timedelta(seconds=45)
_UNHEARD = frozenset(
    {
        Spoiling.HANG_BEFORE,
        Spoiling.SERVER_ERROR,
        Spoiling.PAGE,
        Spoiling.REFUSED,
        Spoiling.HELD,
        Spoiling.NOT_FOUND,
    }
)
"""Faults before a request is carried out."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request and what was answered.

    Attributes
    ----------
    method, path, query : str
        What was asked.
    headers : mapping of str to str
        Of the request, lower case.
    sent : bytes
        The body of the request.
    status : int
        Of the answer.
    answer_headers : mapping of str to str
        Of the answer, lower case.
    answer : bytes
        The body of the answer.
    spoiled : bool
        Whether it went wrong on purpose.
    """

    method: str
    path: str
    query: str
    headers: MutableMapping[str, str]
    sent: bytes
    status: int
    answer_headers: MutableMapping[str, str]
    answer: bytes
    spoiled: bool = False


@dataclass(slots=True)
class _Taken:
    """An answer on its way out."""

    status: int = 200
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: bytes = b""

    def say(self, status: int, body: Mapping[str, object]) -> None:
        """Answer in JSON."""
        self.status, self.body = status, json.dumps(body).encode()
        self.headers = [(b"content-type", b"application/json")]

    def spoil(self, spoiling: Spoiling, now: datetime) -> None:
        """Put in its place what goes wrong."""
        match spoiling:
            case Spoiling.SERVER_ERROR | Spoiling.SERVER_ERROR_AFTER:
                self.say(500, {"code": 50010000, "message": "internal server error occurred"})
            case Spoiling.PAGE | Spoiling.PAGE_AFTER:
                self.status, self.body = 502, b"<html><body>502 Bad Gateway</body></html>"
                self.headers = [(b"content-type", b"text/html")]
            case Spoiling.HALF:
                self.body = self.body[: len(self.body) // 2] or b"{"
                self.headers = [(b"content-type", b"application/json")]
            case Spoiling.REFUSED:
                self.say(403, forbidden("order was refused by a plan of faults").body())
            case Spoiling.NOT_UNIQUE:
                self.say(422, not_unique().body())
            case Spoiling.HELD:
                message = "insufficient qty available for order (requested: 1, available: 0)"
                held = forbidden(message, available="0", existing_qty="1", held_for_orders="1", symbol="")
                self.say(403, held.body())
            case Spoiling.NOT_FOUND:
                self.say(404, not_found("order not found").body())
            case Spoiling.SKEWED:
                said = {**json.loads(self.body), "timestamp": stamp(now + SKEW)}
                self.say(200, said)

    async def take(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], list(message.get("headers", ()))
        elif message["type"] == "http.response.body":
            self.body += message.get("body", b"")

    async def pass_on(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status, "headers": self.headers})
        await send({"type": "http.response.body", "body": self.body})


class Edge:
    """Stand between clients and the interface.

    Parameters
    ----------
    app : ASGI application
        The interface.
    venue : Venue
        The account; its time is that of limits.
    keys : tuple of str
        Key and secret.
    record : callable or None
        Is given every exchange.
    limit : int or None
        Requests a minute of the account's time; None sets no limit.
    mishaps : Mishaps or None
        What goes wrong on purpose.
    """

    def __init__(
        self,
        app: ASGIApp,
        venue: Venue,
        keys: tuple[str, str],
        record: Callable[[Exchange], None] | None = None,
        limit: int | None = None,
        mishaps: Mishaps | None = None,
    ) -> None:
        self._app, self._venue, self._keys, self._record = app, venue, keys, record
        self._mishaps = mishaps
        self.limit = limit
        self._asked: deque[float] = deque()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body = await _body(receive)
        spoiling, taken = self._spoiling(scope, body), _Taken()
        if not self._allowed(scope):
            taken.say(401, unauthorized().body())
        elif spoiling is Spoiling.LIMITED or not self._below_limit(scope):
            taken.say(429, {"code": 42910000, "message": "rate limit exceeded"})
        elif spoiling not in _UNHEARD:
            await self._app(scope, _given(body), taken.take)
        taken.spoil(spoiling, self._venue.now)
        taken.headers += self._limits()
        self._note(scope, body, taken, spoiled=spoiling is not Spoiling.NOTHING)
        if spoiling in (Spoiling.HANG_BEFORE, Spoiling.HANG_AFTER):
            await _until_left(receive)
            return
        if spoiling is Spoiling.LATE:
            await _pause(LATE_SECONDS)
        await taken.pass_on(send)

    def _spoiling(self, scope: Scope, body: bytes) -> Spoiling:
        if self._mishaps is None or scope["path"].startswith(OWN_PATH) or not self._allowed(scope):
            return Spoiling.NOTHING
        if scope["path"] in ("/v2/account", "/v2/positions"):
            self._mishaps.befall()
        return self._mishaps.of_request(scope["method"], scope["path"], body)

    def _allowed(self, scope: Scope) -> bool:
        if scope["path"].startswith(OWN_PATH):
            return True
        said = _headers(scope["headers"])
        return (said.get("apca-api-key-id"), said.get("apca-api-secret-key")) == self._keys

    def _below_limit(self, scope: Scope) -> bool:
        if self.limit is None or scope["path"].startswith(OWN_PATH):
            return True
        now = self._venue.now.timestamp()
        while self._asked and self._asked[0] <= now - MINUTE:
            self._asked.popleft()
        if len(self._asked) >= self.limit:
            return False
        self._asked.append(now)
        return True

    def _limits(self) -> list[tuple[bytes, bytes]]:
        limit = 200 if self.limit is None else self.limit
        left = limit - (len(self._asked) if self.limit is not None else 1)
        first = self._asked[0] if self._asked else self._venue.now.timestamp()
        named = (("limit", limit), ("remaining", max(0, left)), ("reset", int(first + MINUTE)))
        return [(f"x-ratelimit-{name}".encode(), str(value).encode()) for name, value in named]

    def _note(self, scope: Scope, body: bytes, taken: _Taken, *, spoiled: bool = False) -> None:
        if self._record is not None:
            self._record(
                Exchange(
                    scope["method"],
                    scope["path"],
                    scope["query_string"].decode(),
                    _headers(scope["headers"]),
                    body,
                    taken.status,
                    _headers(taken.headers),
                    taken.body,
                    spoiled,
                )
            )


async def _until_left(receive: Receive) -> None:
    """Wait until a client gives up, for so long that any does."""
    left = asyncio.ensure_future(_left(receive))
    await asyncio.wait({left}, timeout=PATIENCE_SECONDS)
    left.cancel()


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _pause(seconds: float) -> None:
    await asyncio.wait({asyncio.get_running_loop().create_future()}, timeout=seconds)


async def _body(receive: Receive) -> bytes:
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = bool(message.get("more_body"))
    return body


def _given(body: bytes) -> Receive:
    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


def _headers(raw: Any) -> dict[str, str]:
    return {name.decode().lower(): value.decode() for name, value in raw}
