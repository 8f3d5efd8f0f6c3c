"""The stream: a snapshot first, then every fact once and in order, for whoever may still listen."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from threading import Event, Thread
from typing import Any

import httpx
import pytest

import strikewise.apps.api.stream as streaming
from apps.api.serving import Served, events, serving
from strikewise.domain.control import AlertRaised
from strikewise.domain.errors import LedgerError
from strikewise.domain.events import SignalDenied
from strikewise.portfolio.ledger import Entry, Record


def happen(served: Served, *texts: str) -> None:
    now = served.clock.now()
    entries = [Entry(AlertRaised("info", "TEST", text), now, "engine") for text in texts]
    served.ledger.append(entries, recorded_at=now)


def test_a_stream_begins_with_what_is_and_goes_on_with_what_happens(served: Served) -> None:
    with served.program() as program, program.stream("GET", "stream") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        told = events(answer.iter_lines())
        kind, number, snapshot = next(told)
        assert (kind, number) == ("snapshot", served.ledger.head.seq)
        assert snapshot["account"] == json.loads(account_of(served))
        assert [one["position_id"] for one in snapshot["positions"]]
        happen(served, "one", "two")
        first, second = deltas(told), deltas(told)
        state = next(told)
        assert state[0] == "state"
        assert [first[1], second[1]] == [number + 1, number + 2]
        assert [one[2]["payload"]["text"] for one in (first, second)] == ["one", "two"]
        assert state[2]["status"]["ledger_seq"] == number + 2


def deltas(told: Iterator[tuple[str, int, dict[str, Any]]]) -> tuple[str, int, dict[str, Any]]:
    """Return the next delta; states in between may come whenever something but the ledger changed."""
    return next(one for one in told if one[0] == "delta")


def account_of(served: Served) -> str:
    with served.program() as program:
        return program.get("account").text


def test_whoever_was_away_is_told_what_was_missed_each_fact_once(served: Served) -> None:
    seen = served.ledger.head.seq - 3
    with served.program() as program:
        headers = {"Last-Event-ID": str(seen)}
        with program.stream("GET", "stream", headers=headers) as answer:
            told = events(answer.iter_lines())
            assert next(told)[:2] == ("snapshot", seen)
            missed = [next(told) for _ in range(3)]
            assert [one[1] for one in missed] == [seen + 1, seen + 2, seen + 3]
            assert all(one[2]["missed"] for one in missed)
            happen(served, "new")
            assert deltas(told)[1] == seen + 4


def test_a_number_that_was_never_told_begins_anew(shown: Served) -> None:
    for strange in ("999999", "-1", "x"):
        with shown.program() as program:
            headers = {"Last-Event-ID": strange}
            with program.stream("GET", "stream", headers=headers) as answer:
                told = next(events(answer.iter_lines()))
                assert told[:2] == ("snapshot", shown.ledger.head.seq)


def test_a_stream_beats_and_ends_when_its_session_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streaming, "BEAT_SECONDS", 0.1)
    with serving(tmp_path) as served:
        person = served.person()
        with person.client.stream("GET", f"{served.url}/api/v1/stream") as answer:
            told = events(answer.iter_lines())
            assert next(told)[0] == "snapshot"
            assert next(one for one in told if one[0] == "comment")
            served.later(hours=2)
            assert {one[0] for one in told} <= {"comment", "state"}


def test_a_stream_ends_when_its_token_is_taken_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "BEAT_SECONDS", 0.1)
    with serving(tmp_path) as served, served.program() as program, program.stream("GET", "stream") as answer:
        told = events(answer.iter_lines())
        assert next(told)[0] == "snapshot"
        (token,) = served.access.tokens.all()
        served.access.tokens.revoke(token.token_id, "tester")
        assert {one[0] for one in told} <= {"comment", "state"}


@contextmanager
def happening(served: Served) -> Iterator[None]:
    """Let facts come without a pause meanwhile."""
    over = Event()

    def write() -> None:
        while not over.wait(0.02):
            happen(served, "busy")

    writer = Thread(target=write)
    writer.start()
    try:
        yield
    finally:
        over.set()
        writer.join()


def test_a_stream_ends_when_its_token_is_taken_back_however_much_happens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streaming, "BEAT_SECONDS", 0.3)
    monkeypatch.setattr(streaming, "LOOK_SECONDS", 0.02)
    with serving(tmp_path) as served, served.program() as program, program.stream("GET", "stream") as answer:
        told = events(answer.iter_lines())
        assert next(told)[0] == "snapshot"
        (token,) = served.access.tokens.all()
        served.access.tokens.revoke(token.token_id, "tester")
        with happening(served):
            heard = list(islice(told, 400))
        assert len(heard) < 400


def test_a_feed_beats_though_facts_come_that_it_does_not_tell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streaming, "BEAT_SECONDS", 0.3)
    monkeypatch.setattr(streaming, "LOOK_SECONDS", 0.02)
    with serving(tmp_path) as served, served.program() as program:
        program.timeout = httpx.Timeout(3)
        with program.stream("GET", "stream", params={"kinds": "signal"}) as answer, happening(served):
            told = events(answer.iter_lines())
            assert [next(told)[0], next(told)[0]] == ["snapshot", "comment"]


def test_streams_end_where_the_account_cannot_be_read_instead_of_beating_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streaming, "LOOK_SECONDS", 0.02)
    with serving(tmp_path) as served, served.program() as program, program.stream("GET", "stream") as answer:
        told = events(answer.iter_lines())
        assert next(told)[0] == "snapshot"

        def gone(**_: int) -> Iterator[Record]:
            raise LedgerError("The ledger does not answer.")

        monkeypatch.setattr(served.ledger, "records", gone)
        assert {one[0] for one in told} <= {"state"}


def test_streams_end_when_the_server_does(tmp_path: Path) -> None:
    with serving(tmp_path) as served:
        program = served.program()
        with program.stream("GET", "stream") as answer:
            told = events(answer.iter_lines())
            assert next(told)[0] == "snapshot"
            served.access.note("tester", "", "going", "")
    with pytest.raises(httpx.TransportError):
        program.get("status")
    program.close()


def test_a_feed_of_signals_tells_signals_alone_and_misses_none(served: Served) -> None:
    signals = [fact.seq for fact in served.ledger.facts() if fact.kind.startswith("Signal")]
    seen = served.ledger.head.seq - 20
    with served.program() as program:
        asked = {"params": {"kinds": "signal"}, "headers": {"Last-Event-ID": str(seen)}}
        with program.stream("GET", "stream", **asked) as answer:
            told = events(answer.iter_lines())
            assert next(told)[0] == "snapshot"
            missed = [next(told) for _ in signals if _ > seen]
            assert [one[1] for one in missed] == [seq for seq in signals if seq > seen]
            happen(served, "no signal")
            denied = SignalDenied("s-1", "put_spreads", "SPY", "LIMIT_POSITIONS", "open=5")
            now = served.clock.now()
            served.ledger.append([Entry(denied, now, "engine")], recorded_at=now)
            kind, number, fact = next(told)
            assert (kind, number, fact["kind"]) == ("delta", served.ledger.head.seq, "SignalDenied")


def test_a_kind_that_is_none_is_refused_before_anything_is_streamed(shown: Served) -> None:
    with shown.program() as program:
        answer = program.get("stream", params={"kinds": "weather"})
        assert answer.status_code == 422
        assert "weather" in answer.json()["detail"]


def test_streams_are_limited_in_number(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "MOST_STREAMS", 1)
    with served.program() as program, program.stream("GET", "stream") as answer:
        told = events(answer.iter_lines())
        assert next(told)[0] == "snapshot"
        assert program.get("stream").status_code == 429
