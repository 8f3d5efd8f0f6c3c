"""Run the server: until it is told to stop, or in a thread beside whoever uses it."""

from __future__ import annotations

import socket
from threading import Thread
from types import TracebackType
from typing import Self

import uvicorn

from strikewise.apps.api.app import Application, Server
from strikewise.apps.api.shield import Reach
from strikewise.apps.api.stream import Hub
from strikewise.bootstrap.serve import ServeParts, ServePlan
from strikewise.service.errors import SettingsError

__all__ = ["RunningServer", "server_of"]

STOPS_WITHIN = 5.0
"""Seconds."""


class _Uvicorn(uvicorn.Server):
    """A server whose streams end before it waits for its connections."""

    def __init__(self, config: uvicorn.Config, hub: Hub) -> None:
        super().__init__(config)
        self._hub = hub

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the streams, then the rest."""
        self._hub.end()
        await super().shutdown(sockets)


class RunningServer:
    """The page and the API on a port.

    Parameters
    ----------
    server : Server
        What it serves.
    plan : ServePlan
        Where it listens.

    Raises
    ------
    SettingsError
        If the plan would let others in too easily, or the port is taken.
    """

    def __init__(self, server: Server, plan: ServePlan) -> None:
        plan.check(server.access)
        self._plan = plan
        self._socket = _listen(plan)
        self.port = int(self._socket.getsockname()[1])
        app = Application(server)
        config = uvicorn.Config(
            app,
            ws="none",
            log_config=None,
            log_level="warning",
            access_log=False,
            proxy_headers=False,
            server_header=False,
            date_header=False,
            lifespan="on",
            timeout_graceful_shutdown=int(STOPS_WITHIN),
            ssl_certfile=plan.certificate,
            ssl_keyfile=plan.key,
        )
        self._uvicorn = _Uvicorn(config, app.hub)
        self._thread = Thread(target=self.run, daemon=True)

    @property
    def url(self) -> str:
        """Where it is reached from this computer."""
        host = self._plan.host if self._plan.host not in {"0.0.0.0", "::"} else "127.0.0.1"  # noqa: S104
        shown = f"[{host}]" if ":" in host else host
        return f"{'https' if self._plan.certificate else 'http'}://{shown}:{self.port}"

    def run(self) -> None:
        """Serve until it is told to stop."""
        try:
            self._uvicorn.run([self._socket])
        finally:
            self._socket.close()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._uvicorn.should_exit = True
        self._thread.join(2 * STOPS_WITHIN)


def server_of(parts: ServeParts, plan: ServePlan) -> Server:
    """Return what is served over a home, reachable as planned."""
    reach = Reach(plan.hosts, secure=plan.secure, behind_proxy=plan.behind_proxy)
    return Server(
        parts.system, parts.access, parts.rebuilt, reach, parts.logs, alerts=parts.waiting, spans=parts.spans
    )


def _listen(plan: ServePlan) -> socket.socket:
    family = socket.AF_INET6 if ":" in plan.host else socket.AF_INET
    found = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # or answers wait 40 ms
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind((plan.host, plan.port))
    except OSError as error:
        found.close()
        raise SettingsError(
            f"The server cannot listen on {plan.host} port {plan.port} ({error.strerror or error}): "
            "choose another one with --port."
        ) from error
    found.listen(256)
    return found
