"""Users, sessions, tokens and the audit log of a home, in a small database of their own."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sqlalchemy import (
    Column,
    Connection,
    Integer,
    MetaData,
    Table,
    Text,
    create_engine,
    delete,
    insert,
    select,
    update,
)
from sqlalchemy.dialects.sqlite import insert as upsert

from strikewise.adapters.store.schema import WRITES, prepare
from strikewise.domain.access import NOTHING_BEFORE, ApiToken, AuditLine, Scope, User, WebSession, audit_hash

__all__ = ["ACCESS_FILE", "SqlAccessStore"]

ACCESS_FILE = "access.db"
"""Its name in a data home."""

ANSWERS_LAST = timedelta(days=7)
"""How long a command that is sent again is answered as before."""

_metadata = MetaData()
_users = Table(
    "users",
    _metadata,
    Column("name", Text, primary_key=True),
    Column("scope", Text, nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("made_at", Text, nullable=False),
)
_sessions = Table(
    "sessions",
    _metadata,
    Column("digest", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("made_at", Text, nullable=False),
    Column("seen_at", Text, nullable=False),
    Column("confirmed_at", Text, nullable=False),
    Column("address", Text, nullable=False),
)
_tokens = Table(
    "tokens",
    _metadata,
    Column("token_id", Text, primary_key=True),
    Column("digest", Text, nullable=False),
    Column("label", Text, nullable=False),
    Column("scope", Text, nullable=False),
    Column("made_by", Text, nullable=False),
    Column("made_at", Text, nullable=False),
    Column("expires_at", Text),
    Column("revoked_at", Text),
    Column("used_at", Text),
)
_tries = Table(
    "tries",
    _metadata,
    Column("key", Text, primary_key=True),
    Column("tries", Integer, nullable=False),
    Column("last_at", Text, nullable=False),
)
_audit = Table(
    "audit",
    _metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("at", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("prev_hash", Text, nullable=False),
    Column("hash", Text, nullable=False),
)
_answers = Table(
    "answers",
    _metadata,
    Column("actor", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("asked", Text, nullable=False),
    Column("answered", Text, nullable=False),
    Column("at", Text, nullable=False),
)
_KEPT = tuple(
    f"CREATE TRIGGER IF NOT EXISTS audit_{verb.lower()} BEFORE {verb} ON audit "
    "BEGIN SELECT RAISE(ABORT, 'the audit log is kept as it is'); END"
    for verb in ("UPDATE", "DELETE")
)


class SqlAccessStore:
    """Implements `strikewise.service.access.AccessStore` in SQLite; only its owner can read the file.

    Parameters
    ----------
    home : Path
        The data home.
    """

    def __init__(self, home: Path) -> None:
        home.mkdir(parents=True, exist_ok=True)
        path = home / ACCESS_FILE
        os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))
        path.chmod(0o600)
        self._engine = create_engine(f"sqlite:///{path}")
        prepare(self._engine)
        with self._writing() as connection:
            _metadata.create_all(connection)
            for statement in _KEPT:
                connection.exec_driver_sql(statement)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of all connections."""
        self._engine.dispose()

    def users(self) -> Sequence[User]:
        """Return all users."""
        with self._engine.connect() as connection:
            return [_user(row) for row in connection.execute(select(_users).order_by(_users.c.name))]

    def user(self, name: str) -> User | None:
        """Return a user."""
        row = self._row(_users, _users.c.name == name)
        return None if row is None else _user(row)

    def put_user(self, user: User) -> None:
        """Keep a user in the place of one of that name, whose sessions end."""
        with self._writing() as connection:
            connection.execute(delete(_sessions).where(_sessions.c.name == user.name))
            _put(
                connection,
                _users,
                name=user.name,
                scope=user.scope.value,
                password_hash=user.password_hash,
                made_at=user.made_at.isoformat(),
            )

    def session(self, digest: str) -> WebSession | None:
        """Return a session."""
        row = self._row(_sessions, _sessions.c.digest == digest)
        if row is None:
            return None
        made, seen, confirmed = (
            datetime.fromisoformat(at) for at in (row.made_at, row.seen_at, row.confirmed_at)
        )
        return WebSession(row.digest, row.name, made, seen, confirmed, row.address)

    def put_session(self, session: WebSession) -> None:
        """Keep a session, or how it is now."""
        with self._writing() as connection:
            _put(
                connection,
                _sessions,
                digest=session.digest,
                name=session.name,
                made_at=session.made_at.isoformat(),
                seen_at=session.seen_at.isoformat(),
                confirmed_at=session.confirmed_at.isoformat(),
                address=session.address,
            )

    def drop_session(self, digest: str) -> None:
        """Forget a session."""
        with self._writing() as connection:
            connection.execute(delete(_sessions).where(_sessions.c.digest == digest))

    def drop_sessions(self, seen_before: datetime) -> None:
        """Forget the sessions that were not used since."""
        with self._writing() as connection:
            connection.execute(delete(_sessions).where(_sessions.c.seen_at < seen_before.isoformat()))

    def tokens(self) -> Sequence[ApiToken]:
        """Return all tokens, those that ended too."""
        with self._engine.connect() as connection:
            return [_token(row) for row in connection.execute(select(_tokens).order_by(_tokens.c.made_at))]

    def token(self, token_id: str) -> ApiToken | None:
        """Return a token."""
        row = self._row(_tokens, _tokens.c.token_id == token_id)
        return None if row is None else _token(row)

    def put_token(self, token: ApiToken) -> None:
        """Keep a token, or how it is now; one that was revoked stays so."""
        values = {
            "token_id": token.token_id,
            "digest": token.digest,
            "label": token.label,
            "scope": token.scope.value,
            "made_by": token.made_by,
            "made_at": token.made_at.isoformat(),
            "expires_at": _text(token.expires_at),
            "revoked_at": _text(token.revoked_at),
            "used_at": _text(token.used_at),
        }
        with self._writing() as connection:
            found = connection.execute(
                select(_tokens.c.revoked_at).where(_tokens.c.token_id == token.token_id)
            ).scalar()
            _put(connection, _tokens, **{**values, "revoked_at": found or values["revoked_at"]})

    def count_try(self, key: str, now: datetime, forget_before: datetime) -> tuple[int, datetime | None]:
        """Count a try, and return how many there were before and when the last of them was."""
        with self._writing() as connection:
            connection.execute(delete(_tries).where(_tries.c.last_at < forget_before.isoformat()))
            row = connection.execute(select(_tries).where(_tries.c.key == key)).first()
            if row is None:
                connection.execute(insert(_tries).values(key=key, tries=1, last_at=now.isoformat()))
                return 0, None
            counted = update(_tries).where(_tries.c.key == key)
            connection.execute(counted.values(tries=row.tries + 1, last_at=now.isoformat()))
            return row.tries, datetime.fromisoformat(row.last_at)

    def forget_tries(self, key: str) -> None:
        """Forget the tries of a key."""
        with self._writing() as connection:
            connection.execute(delete(_tries).where(_tries.c.key == key))

    def note(self, at: datetime, actor: str, address: str, action: str, detail: str) -> AuditLine:
        """Append to the audit log."""
        with self._writing() as connection:
            last = connection.execute(
                select(_audit.c.seq, _audit.c.hash).order_by(_audit.c.seq.desc()).limit(1)
            ).first()
            seq, before = (1, NOTHING_BEFORE) if last is None else (last.seq + 1, last.hash)
            made = audit_hash(seq, at, actor, address, action, detail, before)
            line = AuditLine(seq, at, actor, address, action, detail, before, made)
            connection.execute(
                insert(_audit).values(
                    seq=seq,
                    at=at.isoformat(),
                    actor=actor,
                    address=address,
                    action=action,
                    detail=detail,
                    prev_hash=before,
                    hash=made,
                )
            )
        return line

    def audit(self, after: int = 0, limit: int | None = None) -> Sequence[AuditLine]:
        """Return lines of the audit log numbered above ``after``, in order."""
        wanted = select(_audit).where(_audit.c.seq > after).order_by(_audit.c.seq).limit(limit)
        with self._engine.connect() as connection:
            return [_line(row) for row in connection.execute(wanted)]

    def begin(self, actor: str, key: str, asked: str, now: datetime) -> tuple[str, str] | None:
        """Keep that a command of a key begins; return what one of that key was and was answered before."""
        with self._writing() as connection:
            connection.execute(delete(_answers).where(_answers.c.at < (now - ANSWERS_LAST).isoformat()))
            row = connection.execute(
                select(_answers).where((_answers.c.actor == actor) & (_answers.c.key == key))
            ).first()
            if row is not None:
                return row.asked, row.answered
            _put(connection, _answers, actor=actor, key=key, asked=asked, answered="", at=now.isoformat())
        return None

    def put_answer(self, actor: str, key: str, asked: str, answered: str, now: datetime) -> None:
        """Keep what a command was answered."""
        with self._writing() as connection:
            _put(
                connection, _answers, actor=actor, key=key, asked=asked, answered=answered, at=now.isoformat()
            )

    def forget_answer(self, actor: str, key: str) -> None:
        """Forget a command that was begun and not done."""
        with self._writing() as connection:
            connection.execute(delete(_answers).where((_answers.c.actor == actor) & (_answers.c.key == key)))

    def _writing(self) -> Any:
        return self._engine.execution_options(**{WRITES: True}).begin()

    def _row(self, table: Table, where: Any) -> Any:
        with self._engine.connect() as connection:
            return connection.execute(select(table).where(where)).first()


def _put(connection: Connection, table: Table, **values: Any) -> None:
    keys = [column.name for column in table.primary_key]
    others = {name: value for name, value in values.items() if name not in keys}
    connection.execute(upsert(table).values(**values).on_conflict_do_update(index_elements=keys, set_=others))


def _user(row: Any) -> User:
    return User(row.name, Scope(row.scope), row.password_hash, datetime.fromisoformat(row.made_at))


def _token(row: Any) -> ApiToken:
    return ApiToken(
        row.token_id,
        row.digest,
        row.label,
        Scope(row.scope),
        row.made_by,
        datetime.fromisoformat(row.made_at),
        _instant(row.expires_at),
        _instant(row.revoked_at),
        _instant(row.used_at),
    )


def _line(row: Any) -> AuditLine:
    at = datetime.fromisoformat(row.at)
    return AuditLine(row.seq, at, row.actor, row.address, row.action, row.detail, row.prev_hash, row.hash)


def _text(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()


def _instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
