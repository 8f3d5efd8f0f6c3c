"""The loop and those who ask something of it write into one ledger: nothing is lost, nothing out of order."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from sqlalchemy import event

from contracts.ledgers import DATABASES, database
from contracts.processes import process, told
from contracts.writers import AT, batch, decide_and_meet, request
from strikewise.adapters.store.sql_ledger import SqlLedger
from strikewise.domain.control import REQUESTS, HaltRequested, RequestMet
from strikewise.domain.errors import LedgerConflictError
from strikewise.domain.events import RunStarted
from strikewise.portfolio.ledger import verify

BATCHES, ASKING, REQUESTS_EACH = 40, 2, 20


@pytest.fixture(params=DATABASES)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    with database(request.param, tmp_path) as address:
        yield address


def test_a_loop_and_others_that_ask_write_at_once_and_every_word_of_each_is_kept(url: str) -> None:
    with ExitStack() as stack, SqlLedger(url) as ledger:
        pipes = [stack.enter_context(process(request, url, n, REQUESTS_EACH))[1] for n in range(ASKING)]
        loop = stack.enter_context(process(decide_and_meet, url, BATCHES, ASKING * REQUESTS_EACH))[1]
        for pipe in (*pipes, loop):
            assert told(pipe) == "ready"
        for pipe in (*pipes, loop):
            pipe.send("go")
        assert [told(pipe) for pipe in pipes] == [REQUESTS_EACH] * ASKING
        lost = told(loop)
        records = list(ledger.records())
        assert verify(ledger.facts()).seq == len(records)

    decided = [record.event.spec for record in records if isinstance(record.event, RunStarted)]
    assert decided == [entry.event.spec for n in range(BATCHES) for entry in batch(0, n)]  # type: ignore[union-attr]
    for number in range(ASKING):
        asked = [
            r.event.reason for r in records if isinstance(r.event, HaltRequested) and r.actor == f"p{number}"
        ]
        assert asked == [str(turn) for turn in range(REQUESTS_EACH)]
    requests = [record.seq for record in records if isinstance(record.event, REQUESTS)]
    met = [record.event.request for record in records if isinstance(record.event, RequestMet)]
    assert met == requests  # each once, in order
    assert lost > 0  # else nobody came between, and nothing was shown


def test_a_conflict_says_what_is_needed_to_read_on_and_try_again(url: str) -> None:
    with SqlLedger(url) as loop, SqlLedger(url) as somebody:
        loop.append(batch(0, 1), recorded_at=AT, expected=0)
        somebody.append(batch(1, 2), recorded_at=AT)
        with pytest.raises(LedgerConflictError) as lost:
            loop.append(batch(0, 2), recorded_at=AT, expected=2)
        assert (lost.value.expected, lost.value.found) == (2, 5)
        assert [record.seq for record in loop.records(after=lost.value.expected)] == [3, 4, 5]
        loop.append(batch(0, 2), recorded_at=AT, expected=lost.value.found)


def test_asking_whether_there_is_something_new_is_one_short_question(url: str) -> None:
    asked: list[str] = []
    with SqlLedger(url) as ledger:
        end = ledger.append(batch(0, 4), recorded_at=AT)
        engine = ledger._database._engine
        event.listen(engine, "before_cursor_execute", lambda *args: asked.append(str(args[2])))
        assert ledger.head == end
        assert list(ledger.records(after=end.seq)) == []
    asked = [question for question in asked if question != "BEGIN"]
    assert len(asked) == 2
    assert all("LIMIT" in question and "ORDER BY" in question for question in asked)
