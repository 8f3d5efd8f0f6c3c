"""The application: routes, the door, problems and headers put together."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Depends, FastAPI
from starlette.middleware.gzip import GZipMiddleware

from strikewise.apps.api.description import describe
from strikewise.apps.api.door import Door, Needs
from strikewise.apps.api.metrics import Metrics
from strikewise.apps.api.page import STATIC, add_page
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
from strikewise.bootstrap.settings_file import SettingsFile
from strikewise.service.access import Access, Scope
from strikewise.service.jobs import Jobs
from strikewise.service.system import System

__all__ = ["PREFIX", "Server", "create_app"]

PREFIX = "/api/v1"


def _no_logs() -> Iterable[Mapping[str, Any]]:
    return ()


@dataclass(frozen=True, slots=True)
class Server:
    """What a server is made of.

    Attributes
    ----------
    system : System
        The installation.
    access : Access
        Who may come in.
    reach : Reach
        From where it can be reached.
    logs : callable
        Returns lines of the logs, the newest first.
    static : Path
        Where the built page is.
    """

    system: System
    access: Access
    reach: Reach = field(default_factory=Reach)
    logs: Callable[[], Iterable[Mapping[str, Any]]] = _no_logs
    static: Path = STATIC


def create_app(server: Server) -> FastAPI:
    """Return the HTTP API over an installation, and the page that uses it.

    Parameters
    ----------
    server : Server
        Its parts.
    """
    reader, jobs = Reader(server.system), Jobs(server.system.clock)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        hub: Hub = app.state.hub
        hub.start()
        try:
            yield
        finally:
            await hub.stop()
            jobs.close()
            reader.close()

    app = FastAPI(
        title="strikewise",
        version="1",
        summary="Options trading that shows what it does and why.",
        docs_url=None,
        redoc_url=None,
        openapi_url=f"{PREFIX}/openapi.json",
        responses=PROBLEMS,
        lifespan=lifespan,
    )
    state = app.state
    state.reader, state.jobs, state.hub = reader, jobs, Hub(reader)
    state.door = Door(server.access, secure=server.reach.secure)
    state.settings, state.logs = SettingsFile(server.system.home), server.logs
    state.metrics = Metrics(reader, state.hub)
    app.include_router(session.router, prefix=PREFIX)
    guarded = APIRouter(prefix=PREFIX, dependencies=[Depends(Needs(Scope.READ))])
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
        guarded.include_router(part.router)
    guarded.include_router(session.guarded)
    app.include_router(guarded)
    app.include_router(health.router)
    app.openapi = partial(describe, app)  # type: ignore[method-assign]  # as FastAPI's documentation does
    add_page(app, server.static)
    install_problems(app)
    app.add_middleware(GZipMiddleware, minimum_size=1_000, compresslevel=5)
    app.add_middleware(Shield, reach=server.reach)
    return app
