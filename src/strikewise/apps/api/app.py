"""The application: routes, the door, problems and headers put together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from threading import Thread
from typing import Any

from fastapi import Depends, FastAPI
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import Receive, Scope, Send

from strikewise.apps.api import page
from strikewise.apps.api.description import describe
from strikewise.apps.api.door import READS, Door
from strikewise.apps.api.metrics import Metrics
from strikewise.apps.api.page import STATIC
from strikewise.apps.api.problems import PROBLEMS, install_problems
from strikewise.apps.api.reading import Reader
from strikewise.apps.api.routes import (
    account,
    control,
    facts,
    health,
    logs,
    market,
    positions,
    research,
    session,
    settings,
    signals,
    status,
    stream,
    trades,
)
from strikewise.apps.api.shield import Reach, Shield
from strikewise.apps.api.stream import Hub
from strikewise.apps.api.tags import Tagged
from strikewise.apps.api.watching import Watched
from strikewise.bootstrap.settings_file import SettingsFile
from strikewise.service.access import Access
from strikewise.service.jobs import Jobs
from strikewise.service.spans import Spans, unseen
from strikewise.service.system import System

__all__ = ["PREFIX", "Application", "Server", "routes"]

PREFIX = "/api/v1"


def _no_logs() -> Iterable[Mapping[str, Any]]:
    return ()


def _no_alerts() -> Mapping[str, int]:
    return {}


@dataclass(frozen=True, slots=True)
class Server:
    """What a server is made of.

    Attributes
    ----------
    system : System
        The installation.
    access : Access
        Who may come in.
    rebuilt : callable
        Returns the installation as its settings are now.
    reach : Reach
        From where it can be reached.
    logs : callable
        Returns lines of the logs, the newest first.
    static : Path
        Where the built page is.
    alerts : callable
        Returns how many alerts wait to be told, by channel.
    spans : Spans
        Who stands around requests.
    """

    system: System
    access: Access
    rebuilt: Callable[[], System]
    reach: Reach = field(default_factory=Reach)
    logs: Callable[[], Iterable[Mapping[str, Any]]] = _no_logs
    static: Path = STATIC
    alerts: Callable[[], Mapping[str, int]] = _no_alerts
    spans: Spans = unseen


class Application:
    """The whole server as one ASGI application: the shield around the routes, and what they work on.

    Parameters
    ----------
    server : Server
        Its parts.

    Attributes
    ----------
    hub : Hub
        The streams.
    """

    def __init__(self, server: Server) -> None:
        self._reader, self._jobs = Reader(server.system), Jobs(server.system.clock)
        self.hub = Hub(self._reader)
        metrics = Metrics(self._reader, self.hub, server.alerts, self._jobs.unfinished)
        self._parts = {
            "reader": self._reader,
            "jobs": self._jobs,
            "hub": self.hub,
            "door": Door(server.access, secure=server.reach.secure),
            "settings": SettingsFile(server.system.home),
            "logs": server.logs,
            "metrics": metrics,
            "static": server.static,
            "rebuilt": server.rebuilt,
        }
        zipped = GZipMiddleware(Tagged(routes()), minimum_size=1_000, compresslevel=5)
        self._shielded = Watched(Shield(zipped, server.reach), metrics.requests, server.spans, PREFIX)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or begin and end."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        scope["state"] = self._parts
        await self._shielded(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        self.hub.start()
        Thread(target=self._reader.read_ahead, name="read ahead", daemon=True).start()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self.hub.stop()
        self._jobs.close()
        self._reader.close()
        await send({"type": "lifespan.shutdown.complete"})


@cache
def routes() -> FastAPI:
    """Return every route; what they work on comes with each request, so that one of these is enough."""
    app = FastAPI(
        title="strikewise",
        version="1",
        summary="Options trading that shows what it does and why.",
        docs_url=None,
        redoc_url=None,
        openapi_url=f"{PREFIX}/openapi.json",
        responses=PROBLEMS,
    )
    app.include_router(session.router, prefix=PREFIX)
    for part in (
        status,
        account,
        positions,
        trades,
        signals,
        market,
        research,
        control,
        facts,
        logs,
        settings,
        stream,
    ):
        app.include_router(part.router, prefix=PREFIX, dependencies=[Depends(READS)])
    app.include_router(session.guarded, prefix=PREFIX, dependencies=[Depends(READS)])
    app.include_router(health.router)
    app.openapi = partial(describe, app, PREFIX)  # type: ignore[method-assign]  # as FastAPI's documentation does
    app.include_router(page.router)
    install_problems(app)
    return app
