"""What other processes do with leases while a test looks on."""

from __future__ import annotations

from datetime import UTC, datetime
from multiprocessing.connection import Connection

from strikewise.adapters.store.sql_ledger import SqlLedger
from strikewise.portfolio.lease import Lease, holder_name

NOON = datetime(2026, 7, 22, 16, 0, tzinfo=UTC)
SECONDS = 30.0
MINE = holder_name("desk", 4711, "a")


def contend(pipe: Connection, url: str, number: int, rounds: int) -> None:
    """Wait for each starting shot and try to take an account that all others try to take as well."""
    holder = holder_name("desk", number)
    with SqlLedger(url) as ledger:
        pipe.send("ready")
        for _ in range(rounds):
            account = pipe.recv()
            pipe.send(isinstance(ledger.leases.take(account, holder, now=NOON, seconds=SECONDS), Lease))


def hold(pipe: Connection, url: str) -> None:
    """Take the lease and keep it until told to end."""
    with SqlLedger(url) as ledger:
        pipe.send(ledger.leases.take("main", MINE, now=NOON, seconds=SECONDS))
        pipe.recv()
