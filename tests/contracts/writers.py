"""What other processes write into a ledger while a test looks on, or until it ends them."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime
from itertools import count
from multiprocessing.connection import Connection
from pathlib import Path
from resource import RLIMIT_FSIZE, setrlimit

from sqlalchemy import Engine, event

from strikewise.adapters.store.emergency import EmergencyJournal
from strikewise.adapters.store.resilient_ledger import ResilientLedger
from strikewise.adapters.store.sql_ledger import SqlLedger
from strikewise.domain.control import REQUESTS, HaltRequested, RequestMet
from strikewise.domain.errors import LedgerConflictError, LedgerError
from strikewise.domain.events import OrderPlaced, RunStarted
from strikewise.domain.instruments import OptionContract, Right
from strikewise.domain.orders import Order, Purpose
from strikewise.domain.structures import Leg, Structure
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


def order(purpose: Purpose) -> Entry:
    """Return a decision to trade one put."""
    put = Structure((Leg(OptionContract("SPY", date(2026, 9, 18), Right.PUT, 600_000), -1),))
    return Entry(OrderPlaced(Order("o", "o", "puts", "SPY", purpose, put, 1, -4500, AT, "")), AT, "w")


def write_through_a_full_disk(pipe: Connection, url: str, journal: str) -> None:
    """Fill a disk of 300 kB with batches, then write five exits; tell how many facts of each were taken."""
    room = 300_000
    opening, closing = order(Purpose.OPEN), order(Purpose.CLOSE)
    resilient = ResilientLedger(SqlLedger(url), EmergencyJournal(Path(journal), room))
    setrlimit(RLIMIT_FSIZE, (room, room))
    taken = 0
    with resilient:
        try:
            while True:
                taken = resilient.append([opening], recorded_at=AT).seq
        except LedgerError:
            pipe.send((taken, sum(resilient.append([closing], recorded_at=AT).seq > taken for _ in range(5))))


def exits_until_killed(pipe: Connection, url: str, writer: int, journal: str) -> None:
    """Write batch after batch though the database does not answer, and tell each that counts as written."""
    with ResilientLedger(SqlLedger(url, busy_seconds=0.01), EmergencyJournal(Path(journal), 4096)) as ledger:
        for number in count():
            ledger.append(batch(writer, number), recorded_at=AT)
            pipe.send(number)


def request(pipe: Connection, url: str, number: int, times: int) -> None:
    """Ask the loop for something again and again, whatever the ledger has by then."""
    with SqlLedger(url) as ledger:
        pipe.send("ready")
        pipe.recv()
        for turn in range(times):
            ledger.append([Entry(HaltRequested(str(turn)), AT, f"p{number}")], recorded_at=AT)
        pipe.send(times)


def decide_and_meet(pipe: Connection, url: str, batches: int, requests: int) -> None:
    """Write behind what has been read, meet every request, and tell how often somebody came between."""
    seen = conflicts = met = 0
    asked: list[int] = []
    waiting = [batch(0, number) for number in range(batches)]
    with SqlLedger(url) as ledger:
        pipe.send("ready")
        pipe.recv()
        while waiting or met < requests:
            for record in ledger.records(after=seen):
                seen = record.seq
                if isinstance(record.event, REQUESTS):
                    asked.append(record.seq)
            mine = [Entry(RequestMet(number, "halted"), AT, "loop", number) for number in asked]
            mine += waiting[0] if waiting else []
            try:
                seen = ledger.append(mine, recorded_at=AT, expected=seen).seq
            except LedgerConflictError:
                conflicts += 1
                continue
            met += len(asked)
            asked, waiting = [], waiting[1:]
    pipe.send(conflicts)


def die_while_migrating(_: Connection, url: str, backups: str) -> None:
    """Open a ledger of an older strikewise, and die when half of its tables are made."""

    def die(*args: object) -> None:
        if "CREATE TABLE leases" in str(args[2]):
            os._exit(9)

    event.listen(Engine, "after_cursor_execute", die)
    SqlLedger(url, backups=Path(backups))
