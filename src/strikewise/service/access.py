"""Let people and programs in, and nobody else: passwords, sessions, tokens, throttling, and an audit log."""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from secrets import token_urlsafe
from threading import BoundedSemaphore, Lock

from strikewise.domain.access import ApiToken, AuditLine, Scope, User, WebSession, verify_audit
from strikewise.domain.errors import SettingsError
from strikewise.market.clock import Clock
from strikewise.service.credentials import (
    AccessRules,
    AccessStore,
    Caller,
    Entered,
    NotLetInError,
    Passwords,
    TooManyTriesError,
)

__all__ = [
    "Access",
    "AccessRules",
    "AccessStore",
    "ApiToken",
    "AuditLine",
    "Caller",
    "Entered",
    "NotLetInError",
    "Passwords",
    "Scope",
    "Tokens",
    "TooManyTriesError",
]

NAME = re.compile(r"[A-Za-z][A-Za-z0-9._-]{0,39}")
TOKEN = re.compile(r"swt_([A-Za-z0-9]{8})_([A-Za-z0-9_-]{20,100})")
MINUTE = timedelta(minutes=1)
USED = "The one-time address was used or has ended: start `strikewise serve` anew."
AT_ONCE = 2
"""Passwords that are hashed at the same time: each takes memory, and everybody may ask."""

Alarm = Callable[[str, str], None]
"""Told of what a person should know: a code and a sentence."""


def _nobody(_: str, __: str) -> None:
    """Tell nobody."""


class Tokens:
    """The tokens of programs.

    Parameters
    ----------
    store : AccessStore
        Where they are kept.
    clock : Clock
        The time.
    draw, alarm : callable
        As in `Access`.
    """

    def __init__(
        self,
        store: AccessStore,
        clock: Clock,
        draw: Callable[[int], str] = token_urlsafe,
        alarm: Alarm = _nobody,
    ) -> None:
        self._store, self._clock, self._draw, self._alarm = store, clock, draw, alarm

    def all(self) -> Sequence[ApiToken]:
        """Return all tokens, those that ended too."""
        return self._store.tokens()

    def make(
        self, label: str, scope: Scope, by: str, *, lasts: timedelta | None = None, address: str = ""
    ) -> tuple[str, ApiToken]:
        """Make a token; its text is told here and never again.

        Raises
        ------
        SettingsError
            If it has no label.
        """
        if not (label.strip() and label.isprintable() and len(label) <= 80):
            raise SettingsError("A token needs a label of at most 80 characters that says what it is for.")
        now, secret = self._clock.now(), self._draw(32)
        token_id = sha256(self._draw(16).encode()).hexdigest()[:8]
        ends = None if lasts is None else now + lasts
        token = ApiToken(token_id, _digest(secret), label.strip(), scope, by, now, ends)
        self._store.put_token(token)
        self._store.note(now, by, address, "token_made", f"{token_id} {scope.value}")
        self._alarm("TOKEN_MADE", f"{by} made the token {token_id} ({token.label}): it may {scope.value}.")
        return f"swt_{token_id}_{secret}", token

    def revoke(self, token_id: str, by: str, *, address: str = "") -> bool:
        """Take a token back; return whether there was one that held."""
        token, now = self._store.token(token_id), self._clock.now()
        if token is None or token.revoked_at is not None:
            return False
        self._store.put_token(_revised(token, revoked_at=now))
        self._store.note(now, by, address, "token_revoked", token_id)
        return True

    def program(self, text: str) -> Caller | None:
        """Return whose a token is; None where it is unknown or over."""
        found, now = TOKEN.fullmatch(text), self._clock.now()
        token = self._store.token(found[1]) if found else None
        if found is None or token is None or not token.holds(now):
            return None
        if not hmac.compare_digest(token.digest, _digest(found[2])):
            return None
        if token.used_at is None or now - token.used_at >= MINUTE:
            self._store.put_token(_revised(token, used_at=now))
        return Caller(f"token:{token.token_id} {token.label}", token.scope)


class _Throttle:
    def __init__(self, store: AccessStore, clock: Clock, rules: AccessRules, alarm: Alarm) -> None:
        self._store, self._clock, self._rules, self._alarm = store, clock, rules, alarm

    def count(self, key: str, tries: int, address: str) -> None:
        """Count a try; refuse it while the wait after the last ones is not over."""
        now = self._clock.now()
        before, last = self._store.count_try(key, now, now - self._rules.forget)
        if last is None or before < tries:
            return
        wait = min(timedelta(seconds=2 ** min(before - tries, 20)), self._rules.longest_wait)
        if before % tries == 0:
            what = f"{before} wrong tries to log in ({key})."
            self._store.note(now, "", address, "throttled", what)
            self._alarm("LOGIN_TRIES", what)
        left = (last + wait - now).total_seconds()
        if left > 0:
            raise TooManyTriesError(max(1, round(left + 0.5)))


class Access:
    """The door.

    Parameters
    ----------
    store : AccessStore
        What is known of users, sessions and tokens.
    passwords : Passwords
        How passwords are hashed.
    clock : Clock
        The time.
    rules : AccessRules
        How long things last.
    alarm : callable
        Told of wrong tries to log in, of new log-ins and of new tokens.
    draw : callable
        Returns a fresh secret of so many random bytes: a generator for cryptography, never a seeded one.
    """

    def __init__(
        self,
        store: AccessStore,
        passwords: Passwords,
        clock: Clock,
        *,
        rules: AccessRules | None = None,
        alarm: Alarm = _nobody,
        draw: Callable[[int], str] = token_urlsafe,
    ) -> None:
        self.store, self.rules = store, rules or AccessRules()
        self._passwords, self._clock, self._draw = passwords, clock, draw
        self._throttle, self.alarm = _Throttle(store, clock, self.rules, alarm), alarm
        self._hashing, self._setting_up = BoundedSemaphore(AT_ONCE), Lock()
        self._setup: tuple[str, datetime] | None = None
        self._decoy = ""
        self.tokens = Tokens(store, clock, draw, alarm)

    # --- people -----------------------------------------------------------------------------------------

    def setup_code(self, *, again: bool = False) -> str | None:
        """Return a one-time code that makes the first user; None where there is one, unless ``again``."""
        if self.store.users() and not again:
            return None
        code = self._draw(32)
        self._setup = (_digest(code), self._clock.now() + self.rules.setup)
        return code

    @property
    def is_set_up(self) -> bool:
        """Whether there is anybody to log in."""
        return bool(self.store.users())

    def set_up(self, code: str, name: str, password: str, address: str) -> Entered:
        """Make the administrator with a one-time code, and log that one in.

        Raises
        ------
        NotLetInError
            If the code is wrong, was used or has ended.
        TooManyTriesError
            If there were too many wrong ones.
        SettingsError
            If name or password do not do.
        """
        now, key = self._clock.now(), f"address:{address}"
        with self._setting_up:
            self._throttle.count(key, self.rules.address_tries, address)
            wanted = self._setup
            if wanted is None or now >= wanted[1] or not hmac.compare_digest(wanted[0], _digest(code)):
                self.store.note(now, "", address, "setup_failed", "")
                raise NotLetInError(
                    "The one-time address was used or has ended: start `strikewise serve` anew."
                )
            _judge(name, password, self.rules.shortest_password)
            self.store.put_user(User(name, Scope.ADMIN, self._hash(password), now))
            self._setup = None
        self.store.forget_tries(key)
        self.store.note(now, name, address, "setup", "")
        self.alarm("LOGIN_MADE", f"{name} may log in, by a one-time address opened from {address}.")
        return self._enter(name, Scope.ADMIN, address)

    def log_in(self, name: str, password: str, address: str) -> Entered:
        """Begin a session.

        Raises
        ------
        NotLetInError
            If name or password are wrong.
        TooManyTriesError
            If there were too many wrong tries, of this account or from this address.
        """
        user = self._proved(name, password, address)
        self.store.note(self._clock.now(), name, address, "login", "")
        return self._enter(name, user.scope, address)

    def confirm(self, caller: Caller, password: str, address: str) -> Caller:
        """Let somebody who is logged in give the password again, before what is dangerous.

        Raises
        ------
        NotLetInError
            If it is wrong, or a program asks.
        TooManyTriesError
            If there were too many wrong tries.
        """
        session = self.store.session(caller.session) if caller.session else None
        if session is None:
            raise NotLetInError("Only a person who is logged in can confirm with a password.")
        user, now = self._proved(session.name, password, address), self._clock.now()
        renewed = WebSession(session.digest, session.name, session.made_at, now, now, session.address)
        self.store.put_session(renewed)
        self.store.note(now, session.name, address, "confirmed", "")
        return Caller(session.name, user.scope, caller.csrf, confirmed=True, session=session.digest)

    def log_out(self, caller: Caller, address: str) -> None:
        """End a session."""
        if caller.session:
            self.store.drop_session(caller.session)
            self.store.note(self._clock.now(), caller.name, address, "logout", "")

    def person(self, secret: str, *, uses: bool = True) -> Caller | None:
        """Return who a browser's secret belongs to; None where its session is unknown or over.

        Parameters
        ----------
        secret : str
            What the cookie says.
        uses : bool
            Whether this counts as use: a stream that merely stays open does not.
        """
        digest, now = _digest(secret), self._clock.now()
        session = self.store.session(digest)
        if session is None:
            return None
        user = self.store.user(session.name)
        over = now - session.seen_at >= self.rules.idle or now - session.made_at >= self.rules.absolute
        if user is None or over:
            self.store.drop_session(digest)
            return None
        if uses and now - session.seen_at >= MINUTE:
            self.store.put_session(
                WebSession(digest, session.name, session.made_at, now, session.confirmed_at, session.address)
            )
        confirmed = now - session.confirmed_at < self.rules.confirmed
        return Caller(user.name, user.scope, _csrf(secret), confirmed, digest)

    # --- the log ----------------------------------------------------------------------------------------

    def note(self, actor: str, address: str, action: str, detail: str = "") -> None:
        """Write down what somebody did."""
        self.store.note(self._clock.now(), actor, address, action, detail)

    def verify(self) -> int:
        """Check the whole audit log and return how many lines it has.

        Raises
        ------
        LedgerCorruptError
            If a line does not fit.
        """
        return verify_audit(self.store.audit())

    # --- inside -----------------------------------------------------------------------------------------

    def _proved(self, name: str, password: str, address: str) -> User:
        """Return the user whose password this is; every try counts until one is right."""
        account, place = f"account:{name[:40]}", f"address:{address}"
        self._throttle.count(place, self.rules.address_tries, address)
        self._throttle.count(account, self.rules.tries, address)
        user = self.store.user(name) if NAME.fullmatch(name) else None
        if not self._matches(user, password) or user is None:
            self.store.note(self._clock.now(), name[:40], address, "login_failed", "")
            whose = "a name that is not known" if user is None else f"the name {name}"
            self.alarm("LOGIN_FAILED", f"Somebody at {address} tried {whose}.")
            raise NotLetInError("Name or password are wrong.")
        self.store.forget_tries(account)
        self.store.forget_tries(place)
        return user

    def _enter(self, name: str, scope: Scope, address: str) -> Entered:
        now, secret = self._clock.now(), self._draw(32)
        self.store.drop_sessions(now - self.rules.absolute)
        session = WebSession(_digest(secret), name, now, now, now, address)
        self.store.put_session(session)
        return Entered(secret, Caller(name, scope, _csrf(secret), confirmed=True, session=session.digest))

    def _hash(self, password: str) -> str:
        with self._hashing:
            return self._passwords.hash(password)

    def _matches(self, user: User | None, password: str) -> bool:
        """Return whether a password is right; an unknown name takes as long as a known one."""
        if not self._decoy:
            self._decoy = self._hash(self._draw(16))
        hashed = self._decoy if user is None else user.password_hash
        with self._hashing:
            return self._passwords.matches(hashed, password) and user is not None


def _judge(name: str, password: str, least: int) -> None:
    """Refuse a name or a password that does not do."""
    if not NAME.fullmatch(name):
        raise SettingsError(
            "A name begins with a letter and has at most 40 letters, digits, dots, dashes or underscores."
        )
    if not least <= len(password) <= 1_000 or name.lower() in password.lower():
        raise SettingsError(f"A password has at least {least} characters and not the name in it.")


def _digest(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()


def _csrf(secret: str) -> str:
    """Return what proves that a request comes from our own page: only whoever has the secret knows it."""
    return hmac.new(secret.encode(), b"csrf", sha256).hexdigest()


def _revised(
    token: ApiToken, *, revoked_at: datetime | None = None, used_at: datetime | None = None
) -> ApiToken:
    return ApiToken(
        token.token_id,
        token.digest,
        token.label,
        token.scope,
        token.made_by,
        token.made_at,
        token.expires_at,
        revoked_at or token.revoked_at,
        used_at or token.used_at,
    )
