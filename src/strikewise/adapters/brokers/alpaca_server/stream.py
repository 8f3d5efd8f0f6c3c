"""The trade stream: a WebSocket that is authenticated, told what to listen to, and then told updates."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from contextlib import suppress
from threading import Event
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from strikewise.adapters.brokers.alpaca_server.mishaps import Mishaps
from strikewise.adapters.brokers.alpaca_server.venue import Venue

__all__ = ["Hub"]

STREAM = "trade_updates"


class Hub:
    """Serve the trade stream to any number of clients.

    Parameters
    ----------
    venue : Venue
        The account.
    keys : tuple of str
        Key and secret.
    mishaps : Mishaps or None
        What goes wrong on purpose.

    Attributes
    ----------
    told : int
        Updates that were passed on while somebody listened.
    """

    def __init__(self, venue: Venue, keys: tuple[str, str], mishaps: Mishaps | None = None) -> None:
        self._keys, self._mishaps = keys, mishaps
        self._open: set[_Line] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self.listened, self.left = Event(), Event()
        """Set while somebody listens, and once somebody who did has left."""
        self.told = 0
        venue.updates.listen(self._pass_on)
        if mishaps is not None:
            mishaps.cut = self.cut

    async def serve(self, socket: WebSocket) -> None:
        """Talk to one client until it leaves."""
        self._loop = asyncio.get_running_loop()
        await socket.accept()
        line = _Line(socket)
        self._open.add(line)
        writer = asyncio.create_task(line.write())
        try:
            while True:
                await self._answer(line, await line.read())
        except WebSocketDisconnect:
            pass
        finally:
            self._open.discard(line)
            self._count()
            self.left.set()
            writer.cancel()
            with suppress(asyncio.CancelledError):
                await writer

    def cut(self) -> None:
        """Cut every connection, as a network does; from any thread."""
        if self._loop is not None:
            for line in tuple(self._open):
                self._loop.call_soon_threadsafe(line.cut)

    def _count(self) -> None:
        if any(line.listens for line in self._open):
            self.listened.set()
        else:
            self.listened.clear()

    def _pass_on(self, message: dict[str, Any]) -> None:
        if self._loop is None:
            return
        for told in self._mishaps.of_update(message) if self._mishaps else (message,):
            self.told += self.listened.is_set()
            self._loop.call_soon_threadsafe(self._put, told)

    def _put(self, message: dict[str, Any]) -> None:
        for line in self._open:
            if line.listens:
                line.queue.put_nowait(message)

    async def _answer(self, line: _Line, asked: Mapping[str, Any]) -> None:
        action, data = asked.get("action"), asked.get("data") or {}
        if action in ("auth", "authenticate"):
            given = (
                (asked.get("key"), asked.get("secret"))
                if action == "auth"
                else (data.get("key_id"), data.get("secret_key"))
            )
            line.known = given == self._keys
            status = "authorized" if line.known else "unauthorized"
            line.say({"stream": "authorization", "data": {"status": status, "action": "authenticate"}})
        elif action == "listen" and not line.known:
            line.say({"stream": "authorization", "data": {"status": "unauthorized", "action": "listen"}})
        elif action == "listen":
            deaf = self._mishaps is not None and self._mishaps.forgets_listening()
            wanted = [] if deaf else [name for name in data.get("streams", ()) if name == STREAM]
            line.listens = bool(wanted)
            self._count()
            line.say({"stream": "listening", "data": {"streams": wanted}})


class _Line:
    """A connection: what is to be said waits in a queue, so that a slow client holds nobody up."""

    def __init__(self, socket: WebSocket) -> None:
        self.socket = socket
        self.queue: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue()
        self.known = self.listens = False

    def say(self, message: dict[str, Any]) -> None:
        self.queue.put_nowait(message)

    def cut(self) -> None:
        self.queue.put_nowait(None)

    async def read(self) -> Mapping[str, Any]:
        message = await self.socket.receive()
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message.get("code", 1000))
        text = message.get("text") or (message.get("bytes") or b"{}").decode()
        try:
            found = json.loads(text)
        except ValueError:
            return {}
        return found if isinstance(found, Mapping) else {}

    async def write(self) -> None:
        """Send what waits, in binary frames as Alpaca's trade stream does, until the line is cut."""
        while (message := await self.queue.get()) is not None:
            with suppress(RuntimeError, WebSocketDisconnect):
                await self.socket.send_bytes(json.dumps(message).encode())
        with suppress(RuntimeError, WebSocketDisconnect):
            await self.socket.close(1011)
