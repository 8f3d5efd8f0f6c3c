"""Entity tags: whoever has an answer already is told so, and not given it again."""

from __future__ import annotations

from hashlib import sha256

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["Tagged"]

JSON = "application/json"


class Tagged:
    """An application whose JSON answers to GET carry a tag of what they say.

    The tag is made of the answer itself, so that it cannot be of anything else; a program that sends it back
    in ``If-None-Match`` gets 304 and no body where nothing changed.

    Parameters
    ----------
    app : ASGIApp
        The application.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http" or scope["method"] != "GET":
            await self._app(scope, receive, send)
            return
        known = Headers(scope=scope).get("if-none-match", "")
        await self._app(scope, receive, _Tagging(send, known).send)


class _Tagging:
    """Holds an answer's head back until its body is there, where both are to be tagged."""

    def __init__(self, send: Send, known: str) -> None:
        self._send, self._known = send, known
        self._head: Message | None = None

    async def send(self, message: Message) -> None:
        """Pass a message on, or hold it."""
        if message["type"] == "http.response.start":
            if message["status"] == 200 and Headers(raw=message["headers"]).get("content-type") == JSON:
                self._head = message
                return
        elif self._head is not None:
            head, self._head = self._head, None
            if not message.get("more_body"):  # what comes in pieces is not held
                await self._tagged(head, message)
                return
            await self._send(head)
        await self._send(message)

    async def _tagged(self, head: Message, body: Message) -> None:
        tag = f'W/"{sha256(body["body"]).hexdigest()[:32]}"'
        headers = MutableHeaders(raw=head["headers"])
        headers["ETag"] = tag
        if _names(self._known, tag):
            head["status"], body = 304, {"type": "http.response.body", "body": b""}
            del headers["content-length"], headers["content-type"]
        await self._send(head)
        await self._send(body)


def _names(known: str, tag: str) -> bool:
    """Return whether ``If-None-Match`` names a tag; weak ones compare as if they were strong."""
    bare = tag.removeprefix("W/")
    return any(one.strip().removeprefix("W/") in {bare, "*"} for one in known.split(","))
