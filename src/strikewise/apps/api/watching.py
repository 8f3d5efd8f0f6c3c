"""Around every request: how long it took, told to the figures and to whoever else stands around work."""

from __future__ import annotations

from collections.abc import MutableMapping
from contextlib import ExitStack
from typing import Any

from prometheus_client import Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from strikewise.service.spans import Spans

__all__ = ["Watched"]

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"})


class Watched:
    """An application whose requests are timed until they begin to be answered.

    Parameters
    ----------
    app : ASGIApp
        The application.
    durations : Histogram
        With the labels method, route and status.
    spans : Spans
        Who else stands around a request.
    prefix : str
        What stands before the addresses of routes that are part of the API.
    """

    def __init__(self, app: ASGIApp, durations: Histogram, spans: Spans, prefix: str) -> None:
        self._app, self._durations, self._spans, self._prefix = app, durations, spans, prefix

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request; a stream is timed until it begins."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        method = scope["method"] if scope["method"] in METHODS else "OTHER"
        with ExitStack() as stack:
            span = stack.enter_context(self._spans("request", method=method))
            timer = stack.enter_context(self._durations.time())
            begun = False

            def begins(status: int) -> None:
                nonlocal begun
                begun, route = True, self._route(scope)
                timer.labels(method, route, f"{status // 100}xx")
                span.tell(f"{method} {route}", status=status, route=route)
                stack.close()

            async def seen(message: Message) -> None:
                if message["type"] == "http.response.start":
                    begins(int(message["status"]))
                await send(message)

            try:
                await self._app(scope, receive, seen)
            finally:
                if not begun:
                    begins(500)

    def _route(self, scope: MutableMapping[str, Any]) -> str:
        """Return the address as the API writes it, without what differs from request to request."""
        path = str(getattr(scope.get("route"), "path", ""))
        inside = path and scope["path"].startswith(self._prefix) and not path.startswith(self._prefix)
        return (self._prefix if inside else "") + path or "none"
