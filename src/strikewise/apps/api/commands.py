"""Commands that are asked twice and done once: keys, what was answered, and the audit log."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from hashlib import sha256
from threading import Lock
from typing import Annotated, Any

from fastapi import Depends, Header, Request

from strikewise.apps.api.door import At, Door, Trades
from strikewise.apps.api.problems import ProblemError
from strikewise.apps.api.reading import Reader, Reading
from strikewise.service.access import Caller
from strikewise.service.requests import Told

__all__ = ["Commander", "Commanding", "address_of"]

_ONE_AT_A_TIME = Lock()


def address_of(request: Request) -> str:
    """Return the address a request came from."""
    return request.client.host if request.client else ""


class Commander:
    """Does what somebody asks for, once for each key, and writes down who asked.

    Parameters
    ----------
    reader : Reader
        The installation.
    door : Door
        Who is known.
    caller : Caller
        Who asks.
    request : Request
        How it was asked.
    key : str or None
        What tells asking again from asking for more.
    """

    def __init__(self, reader: Reader, door: Door, caller: Caller, request: Request, key: str | None) -> None:
        self.system, self.name = reader.system, caller.name
        self._store, self._access = door.access.store, door.access
        self._path, self._address, self._key = request.url.path, address_of(request), key

    def do(self, act: Callable[[], Told], **said: Any) -> Told:
        """Do it, or return what the same request was answered before.

        Raises
        ------
        ProblemError
            409 if the key was used for something else.
        """
        words = json.dumps({"path": self._path, **said}, sort_keys=True)
        asked = sha256(words.encode()).hexdigest()
        with _ONE_AT_A_TIME:
            before = self._store.answer(self.name, self._key) if self._key else None
            if before is not None:
                if before[0] != asked:
                    raise ProblemError(409, "This Idempotency-Key was used for another command.")
                return Told(**json.loads(before[1]))
            told = act()
            self._access.note(self.name, self._address, "command", words)
            if self._key:
                answered = json.dumps(asdict(told))
                self._store.put_answer(self.name, self._key, asked, answered, self.system.now())
        return told


async def _commander(
    reader: Reading,
    door: At,
    caller: Trades,
    request: Request,
    key: Annotated[
        str | None,
        Header(
            alias="Idempotency-Key",
            min_length=8,
            max_length=100,
            pattern=r"^[\x21-\x7e]+$",
            description="The same key is the same command, however often it is sent.",
        ),
    ] = None,
) -> Commander:
    return Commander(reader, door, caller, request, key)


Commanding = Annotated[Commander, Depends(_commander)]
"""A commander, as a parameter of a route; it takes the scope ``trade``."""
