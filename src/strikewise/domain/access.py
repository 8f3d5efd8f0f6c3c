"""Who may look and who may command: people, their sessions, programs' tokens, and what they did."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256

from strikewise.domain.errors import LedgerCorruptError

__all__ = [
    "NOTHING_BEFORE",
    "ApiToken",
    "AuditLine",
    "Scope",
    "User",
    "WebSession",
    "audit_hash",
    "verify_audit",
]

NOTHING_BEFORE = "0" * 64
"""What the first line of an audit log has for its predecessor's hash."""


class Scope(StrEnum):
    """What somebody may do; each may do what those before it may."""

    READ = "read"
    """Look."""
    TRADE = "trade"
    """Command the account: stop it, resume, close, cancel; scan and run the past."""
    ADMIN = "admin"
    """Change settings and say who else may do what."""

    def covers(self, wanted: Scope) -> bool:
        """Return whether whoever has this may do what wants the other."""
        order = list(Scope)
        return order.index(self) >= order.index(wanted)


@dataclass(frozen=True, slots=True)
class User:
    """A person: name, what that one may do, the password's hash, and since when."""

    name: str
    scope: Scope
    password_hash: str
    made_at: datetime


@dataclass(frozen=True, slots=True)
class WebSession:
    """A person who logged in.

    Attributes
    ----------
    digest : str
        SHA-256, in hex, of the secret that the browser keeps.
    name : str
        Who.
    made_at, seen_at, confirmed_at : datetime
        When that one logged in, was last here, and last gave the password.
    address : str
        From where.
    """

    digest: str
    name: str
    made_at: datetime
    seen_at: datetime
    confirmed_at: datetime
    address: str


@dataclass(frozen=True, slots=True)
class ApiToken:
    """What a program shows instead of a password.

    Attributes
    ----------
    token_id : str
        By which people speak of it.
    digest : str
        SHA-256, in hex, of its secret, which nobody keeps.
    label : str
        What it is for.
    scope : Scope
        What it allows.
    made_by : str
        Who made it.
    made_at : datetime
        When.
    expires_at, revoked_at, used_at : datetime or None
        When it ends by itself, was taken back, and was last used, to the minute.
    """

    token_id: str
    digest: str
    label: str
    scope: Scope
    made_by: str
    made_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    used_at: datetime | None = None

    def holds(self, now: datetime) -> bool:
        """Return whether it is good at an instant."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


@dataclass(frozen=True, slots=True)
class AuditLine:
    """Something that was done, or tried; chained to the line before by its hash."""

    seq: int
    at: datetime
    actor: str
    address: str
    action: str
    detail: str
    prev_hash: str
    hash: str


def audit_hash(
    seq: int, at: datetime, actor: str, address: str, action: str, detail: str, prev_hash: str
) -> str:
    """Return the SHA-256, in hex, of an audit line: a JSON array of its columns."""
    line = json.dumps([seq, at.isoformat(), actor, address, action, detail, prev_hash])
    return sha256(line.encode("ascii")).hexdigest()


def verify_audit(lines: Iterable[AuditLine]) -> int:
    """Check that a whole audit log is without gap and each hash is that of its line; return how many.

    Raises
    ------
    LedgerCorruptError
        Naming the first line that does not fit.
    """
    seq, before = 0, NOTHING_BEFORE
    for line in lines:
        seq += 1
        made = audit_hash(line.seq, line.at, line.actor, line.address, line.action, line.detail, before)
        if line.seq != seq or line.prev_hash != before or line.hash != made:
            raise LedgerCorruptError(seq, "the line of the audit log does not fit the one before it")
        before = line.hash
    return seq
