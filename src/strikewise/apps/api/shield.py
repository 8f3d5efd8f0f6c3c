"""What every request and every answer passes: known hosts, our own pages only, small bodies, safe headers."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["CSP", "LOOPBACK", "Reach", "Shield"]

LOOPBACK = ("127.0.0.1", "localhost", "::1")
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; connect-src 'self'; "
    "img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'"
)
LARGEST = 1_000_000
"""Bytes of a request's body."""
HEADERS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
}
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Reach:
    """From where a server can be reached.

    Attributes
    ----------
    hosts : tuple of str
        Names it answers to, without port.
    secure : bool
        Whether browsers come through TLS.
    behind_proxy : bool
        Whether a proxy stands before it whose word about addresses is believed.
    """

    hosts: tuple[str, ...] = LOOPBACK
    secure: bool = False
    behind_proxy: bool = False


class _TooLargeError(Exception):
    """A body without a length turned out to be too large."""


class Shield:
    """Middleware around the whole application.

    Parameters
    ----------
    app : ASGIApp
        The application.
    reach : Reach
        From where it can be reached.
    """

    def __init__(self, app: ASGIApp, reach: Reach) -> None:
        self._app, self._reach = app, reach

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request pass, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = False

        async def sealed(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                if self._reach.secure:
                    headers.setdefault("Strict-Transport-Security", "max-age=31536000")
                if "server" in headers:
                    del headers["server"]
            await send(message)

        headers = Headers(scope=scope)
        if self._reach.behind_proxy:
            _believe(scope, headers)
        refused = self._refused(scope, headers)
        if refused is not None:
            await _refuse(*refused, sealed)
            return
        try:
            await self._app(scope, _bounded(receive), sealed)
        except _TooLargeError:
            if not begun:
                await _refuse(413, f"A body has at most {LARGEST:,} bytes.", sealed)

    def _refused(self, scope: Scope, headers: Headers) -> tuple[int, str] | None:
        host = headers.get("host", "")
        if _name(host) not in self._reach.hosts:
            return 421, "This server does not answer to that name: see --name of `strikewise serve`."
        if _is_large(headers.get("content-length", "0")):
            return 413, f"A body has at most {LARGEST:,} bytes."
        origin, site = headers.get("origin"), headers.get("sec-fetch-site", "none")
        changes = scope["method"] not in SAFE
        foreign = origin is not None and not self._is_ours(origin, host)
        asks_us = changes or scope["path"].startswith("/api/")
        if asks_us and (foreign or site not in {"none", "same-origin"}):
            return 403, "Another site's page may not ask this."
        if changes and origin is None and "cookie" in headers:
            return 403, "A page's change names its origin; this one does not."
        return None

    def _is_ours(self, origin: str, host: str) -> bool:
        said = urlsplit(origin)
        wanted = "https" if self._reach.secure else "http"
        return said.scheme == wanted and said.netloc.lower() == host.lower()


def _believe(scope: Scope, headers: Headers) -> None:
    """Take the address that the nearest proxy saw: what stands before it anybody may have written.

    Some proxies add a line of their own below those that came, others a word at the end of the last.
    """
    seen = ",".join(headers.getlist("x-forwarded-for")).rpartition(",")[2].strip()
    if seen:
        scope["client"] = (seen[:64], 0)


def _name(host: str) -> str:
    """Return a host's name without its port and brackets."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _is_large(length: str) -> bool:
    return not (length.isascii() and length.isdigit() and len(length) < 12 and int(length) <= LARGEST)


def _bounded(receive: Receive) -> Receive:
    taken = 0

    async def bounded() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > LARGEST:
            raise _TooLargeError
        return message

    return bounded


async def _refuse(status: int, detail: str, send: Send) -> None:
    said = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail}
    body = json.dumps({**said, "errors": []}).encode()
    headers: Iterable[tuple[bytes, bytes]] = [
        (b"content-type", b"application/problem+json"),
        (b"content-length", str(len(body)).encode()),
    ]
    await send({"type": "http.response.start", "status": status, "headers": list(headers)})
    await send({"type": "http.response.body", "body": body})
