"""When the database fails nothing new is opened, exits go on, and nothing is lost or written twice."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.ledgers import DATABASES, database
from contracts.outages import OUTAGES, Outage, locked
from contracts.processes import process, told
from contracts.writers import AT, batch, write_through_a_full_disk
from portfolio.event_strategies import START, opening, signal
from strikewise.adapters.store.emergency import EmergencyJournal
from strikewise.adapters.store.resilient_ledger import RETRY_SECONDS, ResilientLedger, opens_risk
from strikewise.adapters.store.sql_ledger import SqlLedger
from strikewise.domain.control import HaltRequested
from strikewise.domain.errors import LedgerConflictError, LedgerError
from strikewise.domain.events import OrderPlaced, SignalGenerated
from strikewise.domain.orders import Purpose
from strikewise.portfolio.ledger import Entry, MemoryLedger, verify

OPENING = opening("o1", "s1")
OPENS = [Entry(SignalGenerated(signal("s1")), START, "spread"), Entry(OrderPlaced(OPENING), START, "spread")]
EXIT = [Entry(OrderPlaced(replace(OPENING, order_id="x1", purpose=Purpose.CLOSE)), START, "spread")]
REQUEST = [Entry(HaltRequested("lunch"), AT, "somebody")]
SOON = timedelta(seconds=1)
LATER = timedelta(seconds=RETRY_SECONDS)


@pytest.fixture(params=DATABASES)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    with database(request.param, tmp_path) as address:
        yield address


@pytest.fixture(params=[(kind, outage) for kind in DATABASES for outage in OUTAGES[kind]])
def failing(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, Outage]]:
    kind, outage = request.param
    with database(kind, tmp_path) as address:
        yield address, outage


def sql(url: str) -> SqlLedger:
    return SqlLedger(url, busy_seconds=0.02)


def opened(url: str, folder: Path) -> tuple[SqlLedger, ResilientLedger]:
    ledger = sql(url)
    return ledger, ResilientLedger(ledger, EmergencyJournal(folder / "emergency.journal", 4096))


def test_only_an_order_that_closes_opens_no_risk() -> None:
    assert opens_risk(OPENS)
    assert opens_risk(EXIT + OPENS)
    assert opens_risk([Entry(OrderPlaced(replace(OPENING, purpose=Purpose.ADJUST)), START, "spread")])
    assert not opens_risk(EXIT + REQUEST + batch(1, 3))


def test_exits_go_on_and_nothing_is_opened_while_the_database_fails(
    failing: tuple[str, Outage], tmp_path: Path
) -> None:
    url, outage = failing
    ledger, resilient = opened(url, tmp_path)
    told_plainly = MemoryLedger()
    with resilient:
        for one in (resilient, told_plainly):
            one.append(OPENS, recorded_at=START, expected=0)
        with outage(ledger):
            with pytest.raises(LedgerError, match="Nothing new is opened while the ledger's database fails"):
                resilient.append(OPENS, recorded_at=START + SOON, expected=2)
            assert resilient.trouble
            head = resilient.append(EXIT, recorded_at=START + SOON, expected=2)
            assert told_plainly.append(EXIT, recorded_at=START + SOON) == head == resilient.head
            assert resilient.waiting == 1
            with pytest.raises(LedgerConflictError):
                resilient.append(EXIT, recorded_at=START + SOON, expected=2)
        resilient.append(EXIT, recorded_at=START + SOON + LATER, expected=3)
        told_plainly.append(EXIT, recorded_at=START + SOON + LATER)
        assert (resilient.trouble, resilient.waiting) == ("", 0)
        assert list(ledger.facts()) == list(told_plainly.facts()) == list(resilient.facts())


def test_the_database_is_left_alone_for_a_while_after_it_failed(url: str, tmp_path: Path) -> None:
    ledger, resilient = opened(url, tmp_path)
    with resilient:
        with locked(ledger):
            resilient.append(EXIT, recorded_at=START)
        resilient.append(EXIT, recorded_at=START + LATER - SOON)
        assert (resilient.waiting, ledger.head.seq) == (2, 0)
        resilient.append(EXIT, recorded_at=START + LATER)
        assert (resilient.waiting, ledger.head.seq) == (0, 3)


def test_what_waits_is_read_like_all_else(url: str, tmp_path: Path) -> None:
    ledger, resilient = opened(url, tmp_path)
    with resilient:
        resilient.append(OPENS, recorded_at=START)
        with locked(ledger):
            resilient.append(EXIT + EXIT, recorded_at=START)
            assert [fact.seq for fact in resilient.facts()] == [1, 2, 3, 4]
            assert [record.seq for record in resilient.records(after=3)] == [4]
            assert verify(resilient.facts()) == resilient.head


def test_the_next_process_finds_in_the_ledger_what_waited(url: str, tmp_path: Path) -> None:
    ledger, resilient = opened(url, tmp_path)
    with resilient, locked(ledger):
        resilient.append(EXIT, recorded_at=START)
    ledger, resilient = opened(url, tmp_path)
    with resilient:
        assert resilient.merged.added == 1
        assert [record.event for record in ledger.records()] == [EXIT[0].event]
        resilient.append(OPENS, recorded_at=START, expected=1)


def test_requests_that_came_before_the_outage_are_behind_no_exit(url: str, tmp_path: Path) -> None:
    ledger, resilient = opened(url, tmp_path)
    with resilient, sql(url) as somebody:
        resilient.append(OPENS, recorded_at=START, expected=0)
        somebody.append(REQUEST, recorded_at=START)
        assert [record.seq for record in resilient.records(after=2)] == [3]
        with locked(ledger):
            resilient.append(EXIT, recorded_at=START, expected=3)
        resilient.append(EXIT, recorded_at=START + LATER, expected=4)
        assert verify(ledger.facts()).seq == 5


def test_requests_that_came_during_the_outage_ask_for_a_restart_and_nothing_is_lost(
    url: str, tmp_path: Path
) -> None:
    ledger, resilient = opened(url, tmp_path)
    with resilient, sql(url) as somebody:
        with locked(ledger):
            resilient.append(EXIT, recorded_at=START)
        somebody.append(REQUEST, recorded_at=START)
        with pytest.raises(LedgerError, match="start again") as asked:
            resilient.append(EXIT, recorded_at=START + LATER, expected=1)
        assert not isinstance(asked.value, LedgerConflictError)
        assert [record.event for record in ledger.records()] == [REQUEST[0].event, EXIT[0].event]


def test_an_append_that_was_kept_though_it_seemed_to_fail_is_not_written_twice(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger, resilient = opened(url, tmp_path)
    append = ledger.append

    def kept_and_not_told(*args: object, **named: object) -> None:
        append(*args, **named)  # type: ignore[arg-type]
        raise LedgerError("The connection broke during the commit.")

    with resilient:
        with monkeypatch.context() as patch:
            patch.setattr(ledger, "append", kept_and_not_told)
            resilient.append(EXIT, recorded_at=START, expected=0)
        resilient.append(EXIT, recorded_at=START + LATER, expected=1)
        assert [record.recorded_at for record in ledger.records()] == [START, START + LATER]


@pytest.mark.parametrize("kind", DATABASES)
@given(
    steps=st.lists(
        st.sampled_from(["exit", "open", "batch", "fails", "works", "restart", "wait"]), max_size=25
    )
)
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_fails_when_the_ledger_has_what_was_promised_in_order(
    kind: str, tmp_path: Path, steps: list[str]
) -> None:
    for left in tmp_path.glob("emergency*"):
        left.unlink()
    now: datetime = START
    promised = MemoryLedger()
    with database(kind, tmp_path) as url, ExitStack() as outage:
        ledger, resilient = opened(url, tmp_path)
        broken = False
        for number, step in enumerate(steps):
            now += SOON
            if step == "fails" and not broken:
                outage.enter_context(locked(ledger))
                broken = True
            elif step == "works" or (step == "restart" and broken):
                outage.close()
                broken = False
            elif step == "wait":
                now += LATER
            if step == "restart":
                resilient.close()
                ledger, resilient = opened(url, tmp_path)
            wish = {"exit": EXIT, "open": OPENS, "batch": batch(1, number)}.get(step)
            if wish is None:
                continue
            try:
                head = resilient.append(wish, recorded_at=now, expected=promised.head.seq)
            except LedgerError:
                assert opens_risk(wish)
                assert resilient.trouble
            else:
                assert promised.append(wish, recorded_at=now) == head
        outage.close()
        resilient.close()
        ledger, resilient = opened(url, tmp_path)
        with resilient:
            assert list(ledger.facts()) == list(promised.facts())


def test_a_full_disk_stops_the_database_and_not_the_exits(tmp_path: Path) -> None:
    with database("sqlite", tmp_path) as url:
        with process(write_through_a_full_disk, url, str(tmp_path / "emergency.journal")) as (_, pipe):
            opened_, closed = told(pipe)
        assert opened_ > 0
        assert closed == 5
        ledger, resilient = opened(url, tmp_path)
        with resilient:
            assert resilient.merged.added == closed
            assert verify(ledger.facts()).seq == opened_ + closed
