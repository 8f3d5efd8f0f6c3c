"""``/session``, ``/setup``, ``/tokens`` and ``/audit``: who may do what, and who did."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from strikewise.apps.api.answers import After, Limit, Listed, listed, number_of, paged
from strikewise.apps.api.commands import Administering, address_of
from strikewise.apps.api.door import COOKIE, Admin, At, Bearer, Cookie, Door, Reads
from strikewise.apps.api.problems import ProblemError
from strikewise.service.access import (
    ApiToken,
    AuditLine,
    Caller,
    Entered,
    NotLetInError,
    Scope,
    TooManyTriesError,
)
from strikewise.service.errors import StrikewiseError

__all__ = ["guarded", "router"]

router = APIRouter(tags=["session"])
"""What can be asked without being let in."""
guarded = APIRouter(tags=["session"])

Password = Annotated[str, Field(min_length=1, max_length=1_000, json_schema_extra={"format": "password"})]
Person = Annotated[str, Field(min_length=1, max_length=40, examples=["ada"])]


class Body(BaseModel):
    """What is said; unknown words are refused."""

    model_config = ConfigDict(extra="forbid")


class LogIn(Body):
    """Name and password."""

    name: Person
    password: Password


class SetUp(LogIn):
    """The one-time code that `strikewise serve` printed, and who the administrator is to be."""

    code: Annotated[str, Field(min_length=1, max_length=200)]


class Confirm(Body):
    """The password, again."""

    password: Password


class SessionView(BaseModel):
    """Who is logged in.

    Attributes
    ----------
    state : str
        ``open`` for somebody who is let in, ``closed`` for nobody, ``new`` where there is nobody to log in
        yet: the one-time address of `strikewise serve` makes the first.
    name : str
        Who.
    scope : Scope or None
        What that one may do.
    csrf : str
        What the header X-CSRF-Token of each change must say; empty for programs.
    confirmed : bool
        Whether the password was given just now, so that what is dangerous may be done.
    """

    state: str = Field(examples=["open"])
    name: str = ""
    scope: Scope | None = None
    csrf: str = ""
    confirmed: bool = False


class TokenView(BaseModel):
    """A token without its secret."""

    token_id: str
    label: str
    scope: Scope
    made_by: str
    made_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    used_at: datetime | None


class NewToken(Body):
    """What a token is for, what it allows, and for how many days."""

    label: Annotated[str, Field(min_length=1, max_length=80, pattern=r"^[\x20-\x7e]*\S[\x20-\x7e]*$")]
    scope: Scope = Scope.READ
    days: Annotated[int | None, Field(ge=1, le=3_650)] = 90


class MadeToken(BaseModel):
    """A token; its text is shown here and never again."""

    text: str
    token: TokenView


class AuditView(BaseModel):
    """A line of the audit log, chained to the one before by its hash."""

    seq: int
    at: datetime
    actor: str
    address: str
    action: str
    detail: str
    hash: str


class AuditVerdict(BaseModel):
    """Whether every line of the audit log is as it was written, and how many there are."""

    whole: bool
    lines: int = 0
    problem: str = ""


@contextmanager
def _let_in() -> Iterator[None]:
    try:
        yield
    except NotLetInError as error:
        raise ProblemError(403, str(error), kind="not-let-in") from None
    except TooManyTriesError as error:
        headers = {"Retry-After": str(error.seconds)}
        raise ProblemError(429, str(error), kind="too-many-tries", headers=headers) from None


@router.get("/session", summary="Who is logged in")
def session(door: At, cookie: Cookie = None, bearer: Bearer = None) -> SessionView:
    """Return who asks, and what a page needs to prove itself."""
    found = door.caller(cookie, None if bearer is None else bearer.credentials, uses=False)
    if found is None:
        return SessionView(state="closed" if door.access.is_set_up else "new")
    return _view(found)


@router.post("/session", status_code=201, summary="Log in")
def log_in(door: At, request: Request, response: Response, body: LogIn) -> SessionView:
    """Begin a session: the browser gets a cookie that no script can read."""
    with _let_in():
        entered = door.access.log_in(body.name, body.password, address_of(request))
    return _entered(door, response, entered)


@router.post("/setup", status_code=201, summary="Make the administrator")
def set_up(door: At, request: Request, response: Response, body: SetUp) -> SessionView:
    """Make the first user with the one-time code that `strikewise serve` printed, and log that one in."""
    with _let_in():
        entered = door.access.set_up(body.code, body.name, body.password, address_of(request))
    return _entered(door, response, entered)


@guarded.post("/session/confirm", summary="Give the password again")
def confirm(door: At, request: Request, caller: Reads, body: Confirm) -> SessionView:
    """Let what is dangerous be done for five minutes: going live, raising limits."""
    with _let_in():
        return _view(door.access.confirm(caller, body.password, address_of(request)))


@guarded.delete("/session", status_code=204, summary="Log out")
def log_out(door: At, request: Request, response: Response, caller: Reads) -> None:
    """End the session."""
    door.access.log_out(caller, address_of(request))
    response.delete_cookie(COOKIE, path="/", secure=door.secure, httponly=True, samesite="strict")


@guarded.get("/tokens", summary="Tokens of programs")
def tokens(door: At, _: Admin, limit: Limit = 1_000, cursor: After = None) -> Listed[TokenView]:
    """Return every token without its secret."""
    return paged([_token(one) for one in door.access.tokens.all()], limit, cursor)


@guarded.post("/tokens", status_code=201, summary="Make a token")
def make_token(door: At, command: Administering, body: NewToken) -> MadeToken:
    """Make a token; its text is in this answer and nowhere else.

    A key that is sent again makes no other token, and shows the text no more (409).
    """
    lasts = None if body.days is None else timedelta(days=body.days)
    texts = []

    def make() -> TokenView:
        text, made = door.access.tokens.make(
            body.label, body.scope, command.name, lasts=lasts, address=command.address
        )
        texts.append(text)
        return _token(made)

    said = body.model_dump(mode="json")
    token = command.once(make, TokenView, said, look="GET /api/v1/tokens")
    if not texts:
        raise ProblemError(
            409,
            f"This Idempotency-Key made the token {token.token_id}, whose text is shown once: take that "
            "one back and make another with another key.",
        )
    return MadeToken(text=texts[0], token=token)


@guarded.delete("/tokens/{token_id}", status_code=204, summary="Take a token back")
def revoke_token(
    door: At, request: Request, caller: Admin, token_id: Annotated[str, Path(max_length=40)]
) -> None:
    """Take a token back; it is good for nothing from now on."""
    if not door.access.tokens.revoke(token_id, caller.name, address=address_of(request)):
        raise ProblemError(404, f"There is no token {token_id!r} that could be taken back.")


@guarded.get("/audit", summary="Who did what")
def audit(
    door: At,
    _: Admin,
    limit: Limit = 100,
    after: Annotated[int, Query(ge=0, le=2**62)] = 0,
    cursor: After = None,
) -> Listed[AuditView]:
    """Return lines of the audit log numbered above ``after``, in order; of the next page by ``cursor``."""
    first = number_of(cursor)
    found = [_line(one) for one in door.access.store.audit(after if first is None else first, limit + 1)]
    return listed(found, limit, lambda one: str(one.seq))


@guarded.get("/audit/verify", summary="Is the audit log whole?")
def verify_audit(door: At, _: Admin) -> AuditVerdict:
    """Check every line of the audit log against the one before it."""
    try:
        return AuditVerdict(whole=True, lines=door.access.verify())
    except StrikewiseError as error:
        return AuditVerdict(whole=False, problem=str(error))


def _entered(door: Door, response: Response, entered: Entered) -> SessionView:
    response.set_cookie(
        COOKIE,
        entered.secret,
        max_age=int(door.access.rules.absolute.total_seconds()),
        path="/",
        secure=door.secure,
        httponly=True,
        samesite="strict",
    )
    return _view(entered.caller)


def _view(caller: Caller) -> SessionView:
    return SessionView(
        state="open", name=caller.name, scope=caller.scope, csrf=caller.csrf, confirmed=caller.confirmed
    )


def _token(token: ApiToken) -> TokenView:
    return TokenView(
        token_id=token.token_id,
        label=token.label,
        scope=token.scope,
        made_by=token.made_by,
        made_at=token.made_at,
        expires_at=token.expires_at,
        revoked_at=token.revoked_at,
        used_at=token.used_at,
    )


def _line(line: AuditLine) -> AuditView:
    return AuditView(
        seq=line.seq,
        at=line.at,
        actor=line.actor,
        address=line.address,
        action=line.action,
        detail=line.detail,
        hash=line.hash,
    )
