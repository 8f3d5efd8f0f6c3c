"""Commands that are asked twice and done once: keys, what was answered, and the audit log."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from hashlib import sha256
from threading import Lock
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Header, Request
from pydantic import TypeAdapter

from strikewise.apps.api.door import Admin, At, Door, Trades
from strikewise.apps.api.problems import ProblemError
from strikewise.apps.api.reading import Reader, Reading
from strikewise.service.access import Caller
from strikewise.service.errors import LedgerError, StrikewiseError
from strikewise.service.requests import Told

__all__ = ["Administering", "Commander", "Commanding", "address_of"]

T = TypeVar("T")

_ONE_AT_A_TIME = Lock()
_UNKNOWN = (
    "A command of this Idempotency-Key was begun, and nobody wrote down what came of it: {} tells whether it "
    "was done. If it was not, ask with another key."
)


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
        self._path, self.address, self._key = request.url.path, address_of(request), key

    def do(self, act: Callable[[], Told], *, harmless: bool = False, **said: Any) -> Told:
        """Tell the account something and write down who did, or return what the same was answered before.

        Parameters and errors as of `once`.
        """

        def noted() -> Told:
            told = act()
            self._access.note(self.name, self.address, "command", self._words(said))
            return told

        return self.once(noted, Told, said, look="GET /api/v1/facts", harmless=harmless)

    def once(
        self,
        act: Callable[[], T],
        kind: type[T],
        said: Mapping[str, Any],
        *,
        look: str,
        harmless: bool = False,
        now: Callable[[T], T | None] = lambda answer: answer,
    ) -> T:
        """Do something, or return what the same request was answered before.

        The key is kept before anything is done: where the server ends in between, nobody knows whether it was
        done, and it is not done again.

        Parameters
        ----------
        act, kind : callable, type
            Does it, and what it answers.
        said : mapping
            What was asked for, in JSON's values.
        look : str
            Where a person sees whether it was done.
        harmless : bool
            Whether doing it twice is doing it once: then it is done again where nobody knows.
        now : callable
            What an earlier answer has become; None where that is gone.

        Raises
        ------
        ProblemError
            409 if the key was used for something else, or nobody knows what came of it.
        """
        asked, answers = sha256(self._words(said).encode()).hexdigest(), TypeAdapter(kind)
        with _ONE_AT_A_TIME:
            if self._key is None:
                return act()
            before = self._store.begin(self.name, self._key, asked, self.system.now())
            if before is not None:
                if before[0] != asked:
                    raise ProblemError(409, "This Idempotency-Key was used for another command.")
                answer: T | None = now(answers.validate_json(before[1])) if before[1] else None
                if answer is not None:
                    return answer
                if not harmless:
                    raise ProblemError(409, _UNKNOWN.format(look), kind="unknown-outcome")
            done = self._tried(act, self._key)
            kept = answers.dump_json(done).decode()
            self._store.put_answer(self.name, self._key, asked, kept, self.system.now())
        return done

    def _words(self, said: Mapping[str, Any]) -> str:
        return json.dumps({"path": self._path, **said}, sort_keys=True)

    def _tried(self, act: Callable[[], T], key: str) -> T:
        """Do something; what is refused was not done, and its key may be used again."""
        try:
            return act()
        except LedgerError:
            raise
        except (ProblemError, StrikewiseError):
            self._store.forget_answer(self.name, key)
            raise


Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=8,
        max_length=100,
        pattern=r"^[\x21-\x7e]+$",
        description="The same key is the same command, however often it is sent.",
    ),
]


async def _commander(
    reader: Reading, door: At, caller: Trades, request: Request, key: Key = None
) -> Commander:
    return Commander(reader, door, caller, request, key)


async def _administrator(
    reader: Reading, door: At, caller: Admin, request: Request, key: Key = None
) -> Commander:
    return Commander(reader, door, caller, request, key)


Commanding = Annotated[Commander, Depends(_commander)]
"""A commander, as a parameter of a route; it takes the scope ``trade``."""
Administering = Annotated[Commander, Depends(_administrator)]
"""A commander who takes the scope ``admin``."""
