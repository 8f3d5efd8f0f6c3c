"""What every ledger does, whichever it is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace
from datetime import datetime, timedelta, timezone
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.ledgers import LEDGERS, ledger_of
from portfolio.event_strategies import START, lives, opening, signal
from portfolio.fact_strategies import entries, instants
from strikewise.domain.errors import LedgerConflictError, LedgerCorruptError, LedgerError
from strikewise.domain.events import AccountOpened, AccountValued, OrderPlaced, RunStarted, SignalGenerated
from strikewise.portfolio.ledger import (
    GENESIS,
    Entry,
    Fact,
    Head,
    Ledger,
    MemoryLedger,
    fingerprint,
    read,
    verify,
)
from strikewise.portfolio.projection import AccountState

HELLO = Entry(AccountOpened("test", 100), START, "engine")
RUN = Entry(RunStarted({}, {}, None), START, "engine", 1)
BAD = Entry(AccountValued(1, 2, 3, 4, 5, 6, 7, float("nan"), 0.0, 0.0, 0.0), START, "engine")


@pytest.fixture(params=LEDGERS)
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ledger]:
    with ledger_of(request.param, tmp_path) as made:
        yield made


def test_an_empty_ledger_ends_at_nothing(ledger: Ledger) -> None:
    assert ledger.head == Head(0, GENESIS)
    assert list(ledger.facts()) == []
    assert verify(ledger.facts()) == ledger.head


def test_facts_are_numbered_from_one_and_each_names_the_one_before(ledger: Ledger) -> None:
    head = ledger.append([HELLO, RUN], recorded_at=START, expected=0)
    first, second = ledger.facts()
    assert (first.seq, second.seq) == (1, 2)
    assert first.prev_hash == GENESIS
    assert second.prev_hash == first.hash
    assert head == ledger.head == Head(2, second.hash)
    assert (second.actor, second.cause, second.kind, second.schema_version) == ("engine", 1, "RunStarted", 1)


def test_a_hash_is_that_of_the_line_of_all_columns(ledger: Ledger) -> None:
    ledger.append([HELLO], recorded_at=START + timedelta(microseconds=5))
    (fact,) = ledger.facts()
    line = (
        '[1,"AccountOpened",1,"2026-07-22T14:30:00+00:00","2026-07-22T14:30:00.000005+00:00","engine",null,'
        '{"account":"test","cash_cents":100},"' + "0" * 64 + '"]'
    )
    assert fact.hash == sha256(line.encode()).hexdigest()


def test_facts_are_read_from_any_number_on(ledger: Ledger) -> None:
    ledger.append([HELLO] + [RUN] * 2500, recorded_at=START)
    assert [fact.seq for fact in ledger.facts(after=1995)] == list(range(1996, 2502))
    assert [record.seq for record in ledger.records(after=2499)] == [2500, 2501]
    assert list(ledger.facts(after=2501)) == []


@given(st.lists(entries, max_size=8), instants)
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=40)
def test_the_same_entries_are_the_same_facts_and_bytes_in_every_ledger(
    batch: list[Entry], at: datetime
) -> None:
    batch = [replace(entry, actor="a", cause=number or None) for number, entry in enumerate(batch)]
    told = MemoryLedger()
    told.append(batch, recorded_at=at)
    for kind in LEDGERS:
        with TemporaryDirectory() as folder, ledger_of(kind, Path(folder)) as ledger:
            half = len(batch) // 2
            ledger.append(batch[:half], recorded_at=at, expected=0)
            ledger.append(batch[half:], recorded_at=at, expected=half)
            assert list(ledger.facts()) == list(told.facts())
            assert list(ledger.records()) == list(told.records())
            assert ledger.head == told.head == verify(ledger.facts())


def test_an_account_folds_to_the_same_state_from_every_ledger(ledger: Ledger) -> None:
    @given(lives())
    @settings(max_examples=1, deadline=None, database=None)
    def fill(life: list[Entry]) -> None:
        told = MemoryLedger()
        told.append(life, recorded_at=START)
        ledger.append(life, recorded_at=START)
        assert AccountState.fold(ledger.facts()) == AccountState.fold(told.records())

    fill()


def test_what_is_read_is_what_was_appended(ledger: Ledger) -> None:
    seen = Entry(SignalGenerated(signal("s1")), START, "spread", 2)
    placed = Entry(OrderPlaced(opening("o1", "s1")), START + timedelta(days=1), "spread", 3)
    ledger.append([HELLO, RUN, seen, placed], recorded_at=START)
    assert [Entry(r.event, r.known_at, r.actor, r.cause) for r in ledger.records()] == [
        HELLO,
        RUN,
        seen,
        placed,
    ]
    assert list(read(ledger.facts())) == list(ledger.records())


@pytest.mark.parametrize("expected", [0, 1, 3])
def test_a_writer_who_has_not_seen_the_end_loses(ledger: Ledger, expected: int) -> None:
    head = ledger.append([HELLO, RUN], recorded_at=START)
    with pytest.raises(LedgerConflictError, match=f"end at fact {expected} but ends at 2"):
        ledger.append([RUN], recorded_at=START, expected=expected)
    assert ledger.head == head


def test_nothing_is_written_of_nothing(ledger: Ledger) -> None:
    head = ledger.append([HELLO], recorded_at=START)
    assert ledger.append([], recorded_at=START, expected=1) == head


def test_a_cause_comes_before_its_effect(ledger: Ledger) -> None:
    ledger.append([HELLO], recorded_at=START)
    for cause in (0, -1, 3, 4):
        with pytest.raises(LedgerError, match=f"Fact 3 cannot be caused by fact {cause}"):
            ledger.append([RUN, replace(RUN, cause=cause)], recorded_at=START)
    assert ledger.head.seq == 1


def test_an_actor_has_a_printable_name(ledger: Ledger) -> None:
    with pytest.raises(LedgerError, match="printable"):
        ledger.append([replace(HELLO, actor="a\x00b")], recorded_at=START)
    ledger.append([replace(HELLO, actor='Zoë "Δ"')], recorded_at=START)
    (fact,) = ledger.facts()
    assert fact.actor == 'Zoë "Δ"'
    verify([fact])


def test_a_number_that_is_none_is_refused_before_anybody_reads_it(ledger: Ledger) -> None:
    with pytest.raises(LedgerError, match="must be finite"):
        verify_after(ledger, [HELLO, BAD], START)


def test_an_instant_without_zone_is_refused_before_anybody_reads_it(ledger: Ledger) -> None:
    with pytest.raises(LedgerError, match="needs a zone"):
        verify_after(ledger, [HELLO], START.replace(tzinfo=None))


def verify_after(ledger: Ledger, batch: list[Entry], at: datetime) -> None:
    ledger.append(batch, recorded_at=at)
    verify(ledger.facts())


def test_the_zone_of_a_clock_leaves_no_trace(ledger: Ledger) -> None:
    there = START.astimezone(timezone(timedelta(hours=-4)))
    ledger.append([replace(HELLO, known_at=there)], recorded_at=there)
    told = MemoryLedger()
    told.append([HELLO], recorded_at=START)
    assert ledger.head == told.head


def test_reading_goes_on_while_somebody_writes(ledger: Ledger) -> None:
    ledger.append([HELLO] + [RUN] * 1500, recorded_at=START)
    reading = ledger.facts()
    next(reading)
    ledger.append([RUN], recorded_at=START)
    assert len(list(reading)) >= 1500


# --- the chain ----------------------------------------------------------------------------------------------


def chain() -> list[Fact]:
    ledger = MemoryLedger()
    ledger.append([HELLO, RUN, RUN, RUN], recorded_at=START)
    return list(ledger.facts())


OTHER = {
    "kind": "OrderDenied",
    "schema_version": 2,
    "known_at": START + timedelta(microseconds=1),
    "recorded_at": START - timedelta(days=1),
    "actor": "somebody",
    "cause": 2,
    "payload": '{"account":"test","cash_cents":101}',
    "hash": "f" * 64,
}


@pytest.mark.parametrize("column", OTHER)
def test_a_changed_column_is_found_and_its_fact_named(column: str) -> None:
    facts = chain()
    facts[2] = replace(facts[2], **{column: OTHER[column]})  # type: ignore[arg-type]
    with pytest.raises(LedgerCorruptError, match="Fact 3 ") as found:
        verify(facts)
    assert found.value.seq == 3


def test_every_column_is_in_the_hash() -> None:
    assert {*OTHER, "seq", "prev_hash"} == {field.name for field in fields(Fact)}


def test_a_changed_fact_with_a_fresh_hash_is_found_at_its_successor() -> None:
    facts = chain()
    forged = MemoryLedger()
    forged.append([HELLO, replace(RUN, actor="mallory")], recorded_at=START)
    facts[1] = list(forged.facts())[1]
    with pytest.raises(LedgerCorruptError, match=r"Fact 3 .*the fact before it"):
        verify(facts)


def test_a_lost_a_doubled_and_a_swapped_fact_are_found() -> None:
    facts = chain()
    for broken, seq in (
        (facts[1:], 1),
        ([*facts[:1], *facts[2:]], 2),
        ([*facts[:2], facts[1], *facts[2:]], 3),
        ([facts[0], facts[2], facts[1], facts[3]], 2),
    ):
        with pytest.raises(LedgerCorruptError) as found:
            verify(broken)
        assert found.value.seq == seq


def test_a_chain_may_be_verified_in_parts() -> None:
    facts = chain()
    half = verify(facts[:2])
    assert verify(facts[2:], after=half) == verify(facts)


def test_a_text_that_no_ledger_writes_is_found() -> None:
    facts = chain()
    facts[0] = replace(facts[0], payload='{"account":"tést","cash_cents":100}')
    with pytest.raises(LedgerCorruptError, match="Fact 1 "):
        verify(facts)


# --- the fingerprint ----------------------------------------------------------------------------------------


def test_the_fingerprint_knows_what_happened_and_not_when_it_was_written_down() -> None:
    def of(batch: list[Entry], at: datetime = START) -> str:
        ledger = MemoryLedger()
        ledger.append(batch, recorded_at=at)
        return fingerprint(ledger.facts())

    batch = [HELLO, RUN]
    assert of(batch) == of(batch, START + timedelta(days=3))
    others = [
        [HELLO],
        [HELLO, replace(RUN, cause=None)],
        [HELLO, replace(RUN, actor="x")],
        [HELLO, replace(RUN, known_at=START + timedelta(1))],
        [HELLO, replace(RUN, event=RunStarted({"a": 1}, {}, None))],
        [HELLO, RUN, RUN],
    ]
    assert len({of(batch), *map(of, others)}) == len(others) + 1


def test_this_ledger_has_this_hash_for_ever() -> None:
    """A golden figure: who changes it changes what every ledger ever written says."""
    ledger = MemoryLedger()
    ledger.append([HELLO, RUN, Entry(SignalGenerated(signal("s1")), START, "spread", 2)], recorded_at=START)
    assert ledger.head.hash == "9ed847d3e1bc0fe318d9da4f2c36d84644f03fdfc34c4f45bdb82973b9ca526f"
    assert fingerprint(ledger.facts()) == "b69583cdc39906ceb634c688bac700bab121fdefa6172eb3395885e592723892"
