"""Who may come in: a browser's session or a program's token, what each may do, and who really asked."""

from __future__ import annotations

import hmac
from typing import Annotated, cast

from fastapi import Depends, Request
from fastapi.security import APIKeyCookie, HTTPAuthorizationCredentials, HTTPBearer

from strikewise.apps.api.problems import ProblemError
from strikewise.service.access import Access, Caller, Scope

__all__ = [
    "COOKIE",
    "CSRF_HEADER",
    "READS",
    "UNATTENDED_HEADER",
    "Admin",
    "At",
    "Door",
    "Needs",
    "Reads",
    "Trades",
    "door_of",
]

COOKIE, CSRF_HEADER = "strikewise_session", "X-CSRF-Token"
UNATTENDED_HEADER = "X-Unattended"
"""What a page says when it asks by itself with nobody at it: that keeps no session alive."""
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})

_cookie = APIKeyCookie(name=COOKIE, auto_error=False, description="A browser's session.")
_bearer = HTTPBearer(auto_error=False, description="A token that `strikewise token create` printed.")

Cookie = Annotated[str | None, Depends(_cookie)]
Bearer = Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]


class Door:
    """The door of one server.

    Parameters
    ----------
    access : Access
        Who is known.
    secure : bool
        Whether browsers reach it through TLS.
    """

    def __init__(self, access: Access, *, secure: bool = False) -> None:
        self.access, self.secure = access, secure

    def caller(self, cookie: str | None, bearer: str | None, *, uses: bool = True) -> Caller | None:
        """Return who asks; None where nobody is known by what is shown."""
        if bearer is not None:
            return self.access.tokens.program(bearer)
        return self.access.person(cookie, uses=uses) if cookie else None


async def door_of(request: Request) -> Door:
    """Return the server's door."""
    return cast("Door", request.state.door)


At = Annotated[Door, Depends(door_of)]


class Needs:
    """A dependency of routes: let in whoever has a scope.

    Parameters
    ----------
    scope : Scope
        What it takes.
    """

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def __call__(self, request: Request, door: At, cookie: Cookie = None, bearer: Bearer = None) -> Caller:
        """Return who asks.

        Raises
        ------
        ProblemError
            401 if nobody is known, 403 if that one may not, or a page does not prove that it is ours.
        """
        attended = UNATTENDED_HEADER not in request.headers
        found = door.caller(cookie, None if bearer is None else bearer.credentials, uses=attended)
        if found is None:
            raise ProblemError(
                401,
                "Log in, or show a token in the header Authorization.",
                headers={"WWW-Authenticate": "Bearer"},
            )
        if found.session and request.method not in SAFE:
            shown = request.headers.get(CSRF_HEADER, "")
            if not hmac.compare_digest(shown.encode(), found.csrf.encode()):
                raise ProblemError(
                    403, f"A page proves itself by the header {CSRF_HEADER}: see GET /session.", kind="csrf"
                )
        if not found.scope.covers(self._scope):
            raise ProblemError(
                403, f"This takes the scope {self._scope.value}; yours is {found.scope.value}.", kind="scope"
            )
        return found


READS = Needs(Scope.READ)
"""What every route takes; one and the same, so that it is asked once a request."""

Reads = Annotated[Caller, Depends(READS)]
Trades = Annotated[Caller, Depends(Needs(Scope.TRADE))]
Admin = Annotated[Caller, Depends(Needs(Scope.ADMIN))]
