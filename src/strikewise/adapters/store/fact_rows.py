"""Facts in the rows of the table, and back; page by page, so that no ledger need fit into memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Row, insert, select

from strikewise.adapters.store.schema import facts
from strikewise.domain.errors import LedgerCorruptError
from strikewise.portfolio.codec import instant_text
from strikewise.portfolio.ledger import GENESIS, Fact, Head, Wanted

__all__ = ["PAGE", "end_of", "find_facts", "insert_facts", "pages"]

PAGE = 1000
"""Facts that are read or written at once."""


def end_of(connection: Connection) -> Head:
    """Return the last fact's number and hash."""
    query = select(facts.c.seq, facts.c.hash).order_by(facts.c.seq.desc()).limit(1)
    last = connection.execute(query).first()
    return Head(0, GENESIS) if last is None else Head(last.seq, last.hash)


def pages(reading: Callable[[], AbstractContextManager[Connection]], after: int = 0) -> Iterator[Fact]:
    """Yield the facts numbered above ``after``, in order, with a connection for each page.

    Raises
    ------
    LedgerCorruptError
        If a row cannot be a fact.
    """
    while True:
        with reading() as connection:
            query = select(facts).where(facts.c.seq > after).order_by(facts.c.seq).limit(PAGE)
            rows = connection.execute(query).all()
        for row in rows:
            yield _fact_of(row)
        if len(rows) < PAGE:
            return
        after = rows[-1].seq


def find_facts(connection: Connection, wanted: Wanted, limit: int, *, newest: bool) -> tuple[Fact, ...]:
    """Return the first facts that are wanted, in order; with ``newest`` the last ones, newest first.

    Each kind is asked for alone, for so an index answers whatever the others are; likewise a cause.

    Raises
    ------
    LedgerCorruptError
        If a row cannot be a fact.
    """
    query = select(facts).where(facts.c.seq > wanted.after)
    if wanted.before is not None:
        query = query.where(facts.c.seq < wanted.before)
    if wanted.actor:
        query = query.where(facts.c.actor == wanted.actor)
    if wanted.cause is not None:
        query = query.where(facts.c.cause == wanted.cause)
    query = query.order_by(facts.c.seq.desc() if newest else facts.c.seq).limit(limit)
    asked = [query.where(facts.c.kind == kind) for kind in wanted.kinds] or [query]
    found = [row for one in asked for row in connection.execute(one)]
    found.sort(key=lambda row: row.seq, reverse=newest)
    return tuple(_fact_of(row) for row in found[:limit])


def insert_facts(connection: Connection, made: Iterable[Fact]) -> int:
    """Write facts as they are behind the last one; return how many."""
    waiting = iter(made)
    written = 0
    while rows := [_row_of(fact) for fact in islice(waiting, PAGE)]:
        connection.execute(insert(facts), rows)
        written += len(rows)
    return written


def _row_of(fact: Fact) -> dict[str, Any]:
    return {
        "seq": fact.seq,
        "kind": fact.kind,
        "schema_version": fact.schema_version,
        "known_at": instant_text(fact.known_at),
        "recorded_at": instant_text(fact.recorded_at),
        "actor": fact.actor,
        "cause": fact.cause,
        "payload": fact.payload,
        "prev_hash": fact.prev_hash,
        "hash": fact.hash,
    }


def _fact_of(row: Row[Any]) -> Fact:
    try:
        return Fact(
            seq=row.seq,
            kind=row.kind,
            schema_version=row.schema_version,
            known_at=datetime.fromisoformat(row.known_at),
            recorded_at=datetime.fromisoformat(row.recorded_at),
            actor=row.actor,
            cause=row.cause,
            payload=row.payload,
            prev_hash=row.prev_hash,
            hash=row.hash,
        )
    except (TypeError, ValueError) as error:
        raise LedgerCorruptError(row.seq, f"an instant of it is none: {error}") from error
