"""Run the server: in a thread beside whoever uses it, or until it is stopped."""

from __future__ import annotations

import socket
from collections.abc import Callable
from threading import Thread
from types import TracebackType
from typing import Self

import uvicorn
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute

from strikewise.adapters.brokers.alpaca_server.app import Desk
from strikewise.adapters.brokers.alpaca_server.control import Control
from strikewise.adapters.brokers.alpaca_server.edge import Edge, Exchange
from strikewise.adapters.brokers.alpaca_server.mishaps import Mishaps
from strikewise.adapters.brokers.alpaca_server.quotes import Quotes
from strikewise.adapters.brokers.alpaca_server.stream import Hub
from strikewise.adapters.brokers.alpaca_server.venue import Venue
from strikewise.adapters.brokers.fault_plan import FaultPlan
from strikewise.domain.errors import SettingsError

__all__ = ["AlpacaServer"]

LOOPBACK = "127.0.0.1"
STOPS_WITHIN = 10.0
"""Seconds."""


class AlpacaServer:
    """Alpaca's protocol on a port of this computer, reachable from it alone.

    Use it as a context, or call `start` and `stop`.

    Parameters
    ----------
    venue : Venue
        The account behind it.
    port : int
        Where to listen; 0 takes a free one.
    key, secret : str
        What clients must say.
    record : callable, optional
        Is given every exchange over HTTP when it is over.
    limit : int, optional
        Requests a minute of the account's time, 200 at Alpaca; none unless given.
    faults : FaultPlan, optional
        What goes wrong on purpose.

    Attributes
    ----------
    hub : Hub
        The trade stream.
    mishaps : Mishaps or None
        What goes wrong, and what did.
    """

    def __init__(
        self,
        venue: Venue,
        *,
        port: int = 0,
        key: str = "rehearsal",
        secret: str = "rehearsal",  # noqa: S107 - of a server that only this computer reaches
        record: Callable[[Exchange], None] | None = None,
        limit: int | None = None,
        faults: FaultPlan | None = None,
    ) -> None:
        self.venue, self.key, self.secret = venue, key, secret
        self.mishaps = None if faults is None else Mishaps(faults, venue)
        self.hub = Hub(venue, (key, secret), self.mishaps)
        desk = Desk(venue, self.mishaps)
        routes = [
            *desk.routes(),
            *Control(venue, desk.counter, self.hub, self.mishaps).routes(),
            *Quotes(venue).routes(),
            WebSocketRoute("/stream", self.hub.serve),
        ]
        app = Edge(Starlette(routes=routes), venue, (key, secret), record, limit, self.mishaps)
        self._socket = _listen(port)
        self.port = int(self._socket.getsockname()[1])
        config = uvicorn.Config(
            app, ws="websockets-sansio", lifespan="off", log_level="error", access_log=False
        )
        self._server = uvicorn.Server(config)
        self._thread = Thread(target=self._server.run, args=([self._socket],), daemon=True)

    @property
    def url(self) -> str:
        """Where the interfaces for trading and for data are."""
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def stream_url(self) -> str:
        """Where the trade stream is."""
        return f"ws://{LOOPBACK}:{self.port}/stream"

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self, seconds: float = STOPS_WITHIN) -> None:
        """End, let go of every connection, and wait for it so long at most."""
        self._server.should_exit = self._server.force_exit = True
        self._thread.join(seconds)

    def wait(self) -> None:
        """Wait until it ends."""
        self._thread.join()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def _listen(port: int) -> socket.socket:
    found = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # or answers wait 40 ms
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind((LOOPBACK, port))
    except OSError as error:
        found.close()
        raise SettingsError(
            f"The local server cannot listen on port {port} ({error.strerror}): choose another one."
        ) from error
    found.listen(128)
    return found
