"""A process that is killed at any moment leaves a ledger with all that it was told is there."""

from __future__ import annotations

from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
import pytest

from contracts.ledgers import DATABASES, database
from contracts.outages import locked
from contracts.processes import process, told
from contracts.writers import batch, exits_until_killed, write_until_killed
from strikewise.adapters.store.emergency import EmergencyJournal
from strikewise.adapters.store.resilient_ledger import ResilientLedger
from strikewise.adapters.store.sql_ledger import SqlLedger
from strikewise.domain.events import RunStarted
from strikewise.portfolio.ledger import Head, Record, verify

DEATHS = 20
"""In each database, and of each kind."""


@pytest.fixture(params=DATABASES)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    with database(request.param, tmp_path) as address:
        yield address


def last_told(pipe: Connection, last: int) -> int:
    """Return the number of the last batch that a process that is dead by now said is written."""
    try:
        while pipe.poll():
            last = pipe.recv()
    except (EOFError, OSError):
        pass  # it died in the middle of a word
    return last


def kill_somewhere(url: str, writer: int, work: object, *args: object, chance: np.random.Generator) -> int:
    """Kill a writer after some batches and some microseconds; return the last batch it said is written."""
    batches, microseconds = int(chance.integers(0, 6)), int(chance.integers(0, 3000))
    with process(work, url, writer, *args) as (writing, pipe):  # type: ignore[arg-type]
        last = -1
        for _ in range(batches):
            last = told(pipe)
        pipe.poll(microseconds / 1e6)
        writing.kill()
        writing.join()
        return last_told(pipe, last)


def batches_of(records: list[Record], writer: int) -> list[int]:
    """Return the batches of a writer that a ledger has; each must be whole and in one piece."""
    mine = [
        record.event.spec
        for record in records
        if isinstance(record.event, RunStarted) and record.event.spec["writer"] == writer
    ]
    found = []
    while mine:
        number = mine[0]["batch"]
        assert isinstance(number, int)
        whole = [entry.event.spec for entry in batch(writer, number)]  # type: ignore[union-attr]
        assert mine[: len(whole)] == whole
        mine = mine[len(whole) :]
        found.append(number)
    return found


def test_a_killed_writer_leaves_every_batch_it_was_told_of_and_no_half_of_one(url: str) -> None:
    chance = np.random.default_rng(11)
    end = Head(0, "0" * 64)
    with SqlLedger(url) as ledger:
        for death in range(DEATHS):
            last = kill_somewhere(url, death, write_until_killed, chance=chance)
            with SqlLedger(url) as again:  # opens, and holds together from where it held before
                after = verify(again.facts(end.seq), end)
            found = batches_of(list(ledger.records(after=end.seq)), death)
            assert found == list(range(len(found)))
            assert len(found) - 1 in {last, last + 1}  # it may have died before it could tell
            end = after
        assert ledger.examine() == verify(ledger.facts()) == end
        assert end.seq > DEATHS


def test_a_writer_killed_while_the_database_fails_leaves_every_exit_it_was_told_of(
    url: str, tmp_path: Path
) -> None:
    chance = np.random.default_rng(12)
    journal = tmp_path / "emergency.journal"
    with SqlLedger(url, busy_seconds=0.02) as ledger:
        for death in range(DEATHS):
            before = ledger.head
            with locked(ledger):
                last = kill_somewhere(url, death, exits_until_killed, str(journal), chance=chance)
            ResilientLedger(SqlLedger(url), EmergencyJournal(journal, 4096)).close()  # the next start
            found = batches_of(list(ledger.records(after=before.seq)), death)
            assert found == list(range(len(found)))
            assert len(found) - 1 in {last, last + 1}
            assert verify(ledger.facts(before.seq), before) == ledger.head
        assert ledger.head.seq > DEATHS
