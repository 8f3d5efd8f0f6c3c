"""Signals are taken and dismissed over HTTP: by who may trade, once, and only while they can be."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from apps.api.serving import NAME, Served, serving
from strikewise.domain.control import DismissRequested, HaltRequested, RequestMet, TakeRequested
from strikewise.domain.events import SignalDenied
from strikewise.engine.answering import Answering
from strikewise.portfolio.ledger import Entry
from strikewise.service.access import Scope


@pytest.fixture
def answerable(tmp_path: Path) -> Iterator[Served]:
    """A server over an account whose refused signals may be taken for three days."""
    with serving(tmp_path, answering=Answering(life=timedelta(days=3))) as found:
        yield found


def denied(served: Served) -> str:
    (name,) = {one.event.signal_id for one in served.ledger.records() if isinstance(one.event, SignalDenied)}
    return name


def ordered(served: Served) -> str:
    items = served.person().get("signals").json()["items"]
    return str(next(one["signal_id"] for one in items if one["decision"] == "ordered"))


@pytest.mark.parametrize(
    ("verb", "kind"), [("take", TakeRequested), ("dismiss", DismissRequested)], ids=["take", "dismiss"]
)
def test_an_answer_is_a_request_of_the_person_and_is_in_the_audit(
    answerable: Served, verb: str, kind: Any
) -> None:
    name, person = denied(answerable), answerable.person()
    assert person.get(f"signals/{name}").json()["answerable"] is True
    answer = person.post(f"signals/{name}/{verb}", reason="I looked")
    assert answer.status_code == 202, answer.text
    record = list(answerable.ledger.records())[-1]
    assert (record.event, record.actor) == (kind(name, "I looked"), f"person:{NAME}")
    assert answer.json() == {"request": record.seq, "state": "waiting", "outcome": ""}
    line = list(answerable.access.store.audit())[-1]
    assert (line.action, f"signals/{name}/{verb}" in line.detail) == ("command", True)


def test_the_same_key_asks_once_even_after_it_was_met(answerable: Served) -> None:
    name, person = denied(answerable), answerable.person()
    key = {"Idempotency-Key": "take-it-once"}
    first = person.send("POST", f"signals/{name}/take", {"reason": "r"}, key)
    number = first.json()["request"]
    met = Entry(RequestMet(number, "done"), answerable.clock.now(), "engine", number)
    answerable.ledger.append([met], recorded_at=answerable.clock.now())
    again = person.send("POST", f"signals/{name}/take", {"reason": "r"}, key)
    assert again.json() == first.json()
    asked = [one for one in answerable.ledger.records() if isinstance(one.event, TakeRequested)]
    assert len(asked) == 1
    assert person.get(f"control/requests/{number}").json()["state"] == "met"


@pytest.mark.parametrize("verb", ["take", "dismiss"])
def test_a_signal_that_never_was_is_not_found(answerable: Served, verb: str) -> None:
    answer = answerable.person().post(f"signals/nobody/{verb}", reason="r")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert "no signal 'nobody'" in answer.json()["detail"]


@pytest.mark.parametrize("verb", ["take", "dismiss"])
def test_what_is_an_order_already_is_a_conflict(answerable: Served, verb: str) -> None:
    answer = answerable.person().post(f"signals/{ordered(answerable)}/{verb}", reason="r")
    assert answer.status_code == 409
    assert "was ordered already" in answer.json()["detail"]


def test_what_ran_out_is_a_conflict_that_says_when(tmp_path: Path) -> None:
    with serving(tmp_path) as served:
        answer = served.person().post(f"signals/{denied(served)}/take", reason="r")
        assert answer.status_code == 409
        assert "ran out at 2024-02-06" in answer.json()["detail"]


def test_a_halted_account_takes_nothing(answerable: Served) -> None:
    halt = Entry(HaltRequested("wait"), answerable.clock.now(), f"person:{NAME}")
    answerable.ledger.append([halt], recorded_at=answerable.clock.now())
    answer = answerable.person().post(f"signals/{denied(answerable)}/take", reason="r")
    assert answer.status_code == 409
    assert "halted" in answer.json()["detail"]


@pytest.mark.parametrize("verb", ["take", "dismiss"])
def test_who_may_only_read_may_not_answer_and_a_page_proves_itself(answerable: Served, verb: str) -> None:
    path = f"signals/{denied(answerable)}/{verb}"
    with answerable.program(Scope.READ) as reader:
        assert reader.post(path, json={"reason": "r"}).status_code == 403
    with answerable.program(Scope.TRADE) as trader:
        assert trader.post(path, json={"reason": "r"}).status_code == 202
    person = answerable.person()
    person.csrf = "wrong"
    assert person.post(path, reason="r").status_code == 403


def test_the_feed_may_be_of_what_can_be_taken(answerable: Served) -> None:
    items = answerable.person().get("signals?answerable=true").json()["items"]
    assert [one["signal_id"] for one in items] == [denied(answerable)]
    assert items[0]["until"] == "2024-02-09T21:00:00Z"
