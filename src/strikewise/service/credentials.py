"""What the door is made of: what is kept, how passwords are hashed, how long things last, and who asks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from strikewise.domain.access import ApiToken, AuditLine, Scope, User, WebSession

__all__ = [
    "AccessRules",
    "AccessStore",
    "Caller",
    "Entered",
    "NotLetInError",
    "Passwords",
    "TooManyTriesError",
]


class NotLetInError(Exception):
    """Whoever asks is not let in; the sentence does not say which part was wrong."""


class TooManyTriesError(Exception):
    """There were too many wrong tries.

    Parameters
    ----------
    seconds : int
        How long to wait.
    """

    def __init__(self, seconds: int) -> None:
        super().__init__(f"There were too many wrong tries: wait {seconds} seconds.")
        self.seconds = seconds


class Passwords(Protocol):
    """A slow hash for passwords."""

    def hash(self, password: str) -> str:
        """Return the hash of a password, with its salt and cost."""
        ...

    def matches(self, hashed: str, password: str) -> bool:
        """Return whether a password is the one that was hashed."""
        ...


class AccessStore(Protocol):
    """Where users, sessions, tokens and the audit log are kept; each method is one step."""

    def users(self) -> Sequence[User]:
        """Return all users."""
        ...

    def user(self, name: str) -> User | None:
        """Return a user."""
        ...

    def put_user(self, user: User) -> None:
        """Keep a user in the place of one of that name, whose sessions end."""
        ...

    def session(self, digest: str) -> WebSession | None:
        """Return a session."""
        ...

    def put_session(self, session: WebSession) -> None:
        """Keep a session, or how it is now."""
        ...

    def drop_session(self, digest: str) -> None:
        """Forget a session."""
        ...

    def drop_sessions(self, seen_before: datetime) -> None:
        """Forget the sessions that were not used since."""
        ...

    def tokens(self) -> Sequence[ApiToken]:
        """Return all tokens, those that ended too."""
        ...

    def token(self, token_id: str) -> ApiToken | None:
        """Return a token."""
        ...

    def put_token(self, token: ApiToken) -> None:
        """Keep a token, or how it is now."""
        ...

    def count_try(self, key: str, now: datetime, forget_before: datetime) -> tuple[int, datetime | None]:
        """Count a try, and return how many there were before and when the last of them was."""
        ...

    def forget_tries(self, key: str) -> None:
        """Forget the tries of a key."""
        ...

    def note(self, at: datetime, actor: str, address: str, action: str, detail: str) -> AuditLine:
        """Append to the audit log."""
        ...

    def audit(self, after: int = 0, limit: int | None = None) -> Sequence[AuditLine]:
        """Return lines of the audit log numbered above ``after``, in order."""
        ...

    def begin(self, actor: str, key: str, asked: str, now: datetime) -> tuple[str, str] | None:
        """Keep that a command of a key begins; return what one of that key was and was answered before.

        The answer is empty for one that was begun and whose outcome nobody wrote down.
        """
        ...

    def put_answer(self, actor: str, key: str, asked: str, answered: str, now: datetime) -> None:
        """Keep what a command was answered."""
        ...

    def forget_answer(self, actor: str, key: str) -> None:
        """Forget a command that was begun and not done."""
        ...


@dataclass(frozen=True, slots=True)
class AccessRules:
    """How long things last, and how many tries there are.

    Attributes
    ----------
    idle, absolute : timedelta
        When a session ends that nobody uses, and when every one does.
    confirmed : timedelta
        How long after the password was given what is dangerous may be done.
    setup : timedelta
        How long a one-time code is good.
    tries, address_tries : int
        Wrong tries of an account, and from an address, before waits begin; each further one doubles the wait.
    longest_wait, forget : timedelta
        The longest wait, and when tries are forgotten.
    shortest_password : int
        Characters.
    """

    idle: timedelta = timedelta(hours=2)
    absolute: timedelta = timedelta(hours=24)
    confirmed: timedelta = timedelta(minutes=5)
    setup: timedelta = timedelta(hours=1)
    tries: int = 5
    address_tries: int = 20
    longest_wait: timedelta = timedelta(minutes=15)
    forget: timedelta = timedelta(hours=1)
    shortest_password: int = 12


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks.

    Attributes
    ----------
    name : str
        The person, or ``token:`` and the token's id and label: two may have one label.
    scope : Scope
        What that one may do.
    csrf : str
        What a browser must send with each change; empty for programs.
    confirmed : bool
        Whether a person gave the password just now.
    session : str
        The session's digest; empty for programs.
    """

    name: str
    scope: Scope
    csrf: str = ""
    confirmed: bool = False
    session: str = ""


@dataclass(frozen=True, slots=True)
class Entered:
    """A session that was begun: the secret for the browser, and who it is."""

    secret: str = field(repr=False)
    caller: Caller
