"""What other processes write into a ledger while a test looks on, or until it ends them."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import count
from multiprocessing.connection import Connection

from strikewise.adapters.store.sql_ledger import SqlLedger
from strikewise.domain.events import RunStarted
from strikewise.portfolio.ledger import Entry

AT = datetime(2026, 7, 22, 14, 30, tzinfo=UTC)


def batch(writer: int, number: int) -> list[Entry]:
    """Return a writer's batch of 1 to 5 facts, each of which says which of how many it is."""
    size = 1 + number % 5
    return [
        Entry(RunStarted({"writer": writer, "batch": number, "part": part, "of": size}, {}, None), AT, "w")
        for part in range(size)
    ]


def write_until_killed(pipe: Connection, url: str, writer: int) -> None:
    """Write batch after batch, and tell the number of each once the ledger has taken it."""
    with SqlLedger(url) as ledger:
        for number in count():
            ledger.append(batch(writer, number), recorded_at=AT)
            pipe.send(number)
