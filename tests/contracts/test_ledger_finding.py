"""What is looked for in a ledger is what reading all of it would find, whichever ledger it is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.ledgers import LEDGERS, ledger_of
from portfolio.event_strategies import START
from portfolio.fact_strategies import entries
from strikewise.adapters.store.emergency import EmergencyJournal
from strikewise.adapters.store.resilient_ledger import ResilientLedger
from strikewise.adapters.store.sql_ledger import SqlLedger
from strikewise.domain.errors import LedgerError
from strikewise.domain.events import AccountOpened, RunStarted
from strikewise.portfolio.ledger import Entry, Head, Ledger, Wanted

KINDS = ("AccountOpened", "OrderFilled", "RunStarted", "SignalGenerated", "nothing of ours")
asked = st.builds(
    Wanted,
    kinds=st.lists(st.sampled_from(KINDS), unique=True, max_size=3).map(tuple),
    actor=st.sampled_from(["", "a", "b"]),
    cause=st.none() | st.integers(1, 6),
    after=st.integers(0, 12),
    before=st.none() | st.integers(1, 12),
)


def wanted_of(ledger: Ledger, wanted: Wanted, limit: int, newest: bool) -> list[Any]:
    found = [fact for fact in ledger.facts() if wanted.takes(fact)]
    return (found[::-1] if newest else found)[:limit]


@given(
    st.lists(entries, max_size=8), st.lists(asked, min_size=1, max_size=6), st.integers(1, 5), st.booleans()
)
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=20)
def test_what_is_found_is_what_reading_everything_finds(
    batch: list[Entry], questions: list[Wanted], limit: int, newest: bool
) -> None:
    batch = [
        replace(entry, actor="ab"[number % 2], cause=number // 2 or None)
        for number, entry in enumerate(batch)
    ]
    for kind in LEDGERS:
        with TemporaryDirectory() as folder, ledger_of(kind, Path(folder)) as ledger:
            ledger.append(batch, recorded_at=START)
            for one in questions:
                assert list(ledger.find(one, limit, newest=newest)) == wanted_of(ledger, one, limit, newest)


class Failing(SqlLedger):
    """A ledger whose database takes nothing more, and can be read."""

    fails = False

    def append(self, entries: Sequence[Entry], *, recorded_at: datetime, expected: int | None = None) -> Head:
        if self.fails:
            raise LedgerError("disk is full")
        return super().append(entries, recorded_at=recorded_at, expected=expected)


@pytest.fixture
def half_written(tmp_path: Path) -> Iterator[ResilientLedger]:
    sql = Failing(f"sqlite:///{tmp_path / 'ledger.db'}")
    with ResilientLedger(sql, EmergencyJournal(tmp_path / "emergency.journal", 4096)) as ledger:
        told = [Entry(AccountOpened("test", 100), START, "a"), Entry(RunStarted({}, {}, None), START, "b", 1)]
        ledger.append(told, recorded_at=START)
        sql.fails = True
        ledger.append([told[1]] * 3, recorded_at=START)
        assert ledger.waiting == 3
        yield ledger


@given(asked, st.integers(1, 5), st.booleans())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_facts_that_wait_for_their_database_are_found_with_the_others(
    half_written: ResilientLedger, wanted: Wanted, limit: int, newest: bool
) -> None:
    found = half_written.find(wanted, limit, newest=newest)
    assert list(found) == wanted_of(half_written, wanted, limit, newest)
