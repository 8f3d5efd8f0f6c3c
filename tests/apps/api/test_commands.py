"""What people command over HTTP becomes a request of that person, once; a halt waits for nobody."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from apps.api.serving import NAME, Served, anybody, serving
from apps.api.test_security import operations
from strikewise.adapters.store.access import SqlAccessStore
from strikewise.domain.control import (
    CancelRequested,
    ClaimRequested,
    CloseRequested,
    FlattenRequested,
    HaltRequested,
    ReconcileRequested,
    ReleaseRequested,
    RequestMet,
    ResumeRequested,
)
from strikewise.domain.errors import LedgerError
from strikewise.portfolio.ledger import Entry, MemoryLedger, Record
from strikewise.service.access import Scope


def last(served: Served) -> Record:
    return list(served.ledger.records())[-1]


@pytest.mark.parametrize(
    ("path", "body", "event"),
    [
        ("control/flatten", {"reason": "r"}, FlattenRequested("r")),
        ("control/flatten", {"reason": "r", "underlying": "SPY"}, FlattenRequested("r", "SPY")),
        ("control/flatten", {"reason": "r", "force": True}, FlattenRequested("r", force=True)),
        ("positions/p-1/close", {"reason": "r"}, CloseRequested("p-1", "r")),
        ("positions/p-1/close", {"reason": "r", "force": True}, CloseRequested("p-1", "r", force=True)),
        ("positions/p-1/claim", {"strategy": "told"}, ClaimRequested("p-1", "told")),
        ("orders/o-1/cancel", {"reason": "r"}, CancelRequested("o-1", "r")),
        ("symbols/SPY/release", {"reason": "r"}, ReleaseRequested("SPY", "r")),
        ("reconciliation", {"reason": "r"}, ReconcileRequested("r")),
        ("control/resume", {"reason": "r"}, ResumeRequested("r")),
        ("control/halt", {"reason": "r", "exits": True}, HaltRequested("r", exits=True)),
    ],
)
def test_a_command_is_a_request_of_the_person_who_gave_it(
    served: Served, path: str, body: dict[str, object], event: object
) -> None:
    answer = served.person().send("POST", path, body)
    assert answer.status_code == 202, answer.text
    record = last(served)
    assert (record.event, record.actor) == (event, f"person:{NAME}")
    assert answer.json() == {"request": record.seq, "state": "waiting", "outcome": ""}
    assert [line.action for line in served.access.store.audit()][-1] == "command"


def test_a_halt_raises_the_flag_and_a_resume_takes_it_down(served: Served) -> None:
    person = served.person()
    person.post("control/halt", reason="look first")
    raised = served.system.halt.read()
    assert raised is not None
    assert (raised.by, raised.reason, raised.exits) == (NAME, "look first", False)
    told = person.get("status").json()
    assert (told["state"], told["flag"]["by"], told["requests"]) == ("halted", NAME, 1)
    person.post("control/resume", reason="looked")
    assert served.system.halt.read() is None


class Refusing(MemoryLedger):
    """A ledger whose disk is full."""

    def append(self, *_: object, **__: object) -> None:  # type: ignore[override]
        raise LedgerError("The disk is full.")


def test_a_halt_works_when_the_ledger_does_not_and_a_resume_then_leaves_the_flag_up(tmp_path: Path) -> None:
    @contextmanager
    def ledger() -> Iterator[MemoryLedger]:
        yield Refusing()

    with serving(tmp_path, ledger=ledger) as served:
        person = served.person()
        answer = person.post("control/halt", reason="now")
        assert answer.status_code == 202
        assert (answer.json()["state"], answer.json()["request"]) == ("flagged", None)
        assert served.system.halt.read() is not None
        assert person.post("control/resume", reason="on").status_code == 409
        assert served.system.halt.read() is not None


def test_the_same_key_is_the_same_command_and_another_command_needs_another_key(served: Served) -> None:
    person, key = served.person(), {"Idempotency-Key": "press-1-of-the-button"}
    before = served.ledger.head.seq
    first = person.send("POST", "control/flatten", {"reason": "r"}, key)
    again = person.send("POST", "control/flatten", {"reason": "r"}, key)
    assert first.json() == again.json()
    assert served.ledger.head.seq == before + 1
    other = person.send("POST", "control/flatten", {"reason": "r", "underlying": "SPY"}, key)
    assert other.status_code == 409
    assert person.send("POST", "control/flatten", {"reason": "r"}).json() != first.json()


def test_keys_of_different_people_do_not_meet(served: Served) -> None:
    key = {"Idempotency-Key": "press-1-of-the-button"}
    mine = served.person().send("POST", "control/flatten", {"reason": "r"}, key)
    with served.program(Scope.TRADE) as program:
        theirs = program.post("control/flatten", json={"reason": "r"}, headers=key)
    assert mine.json() != theirs.json()


def test_what_became_of_a_request_is_told(served: Served) -> None:
    person = served.person()
    number = person.post("positions/none/close", reason="r").json()["request"]
    assert person.get(f"control/requests/{number}").json()["state"] == "waiting"
    met = RequestMet(number, "There is no position none.", done=False)
    served.ledger.append([Entry(met, served.clock.now(), "engine", number)], recorded_at=served.clock.now())
    told = person.get(f"control/requests/{number}").json()
    assert told == {"request": number, "state": "refused", "outcome": "There is no position none."}


def test_a_command_with_a_word_that_nobody_knows_is_refused_whole(served: Served) -> None:
    before = served.ledger.head.seq
    assert served.person().post("control/halt", reason="r", exist=True).status_code == 422
    assert served.ledger.head.seq == before
    assert served.system.halt.read() is None


COMMANDS = {
    "control/halt": {"reason": "r"},
    "control/resume": {"reason": "r"},
    "control/flatten": {"reason": "r"},
    "positions/p-1/close": {"reason": "r"},
    "positions/p-1/claim": {"strategy": "told"},
    "orders/o-1/cancel": {"reason": "r"},
    "symbols/SPY/release": {"reason": "r"},
    "reconciliation": {"reason": "r"},
}
"""Commands that an account takes at any time, and what they say; those about a signal take one that waits."""


def test_every_command_of_the_document_takes_a_key() -> None:
    posted = {path: operation for verb, path, operation in operations() if verb == "post"}
    commands = {
        path: operation
        for path, operation in posted.items()
        if "/Told" in str(operation["responses"].get("202"))
    }
    named = {re.sub(r"/(p-1|o-1|SPY)/", "/{}/", path) for path in COMMANDS} | {
        "signals/{}/take",
        "signals/{}/dismiss",
    }
    assert {re.sub(r"\{\w+\}", "{}", path.removeprefix("/api/v1/")) for path in commands} == named
    working = {f"/api/v1/{name}": posted[f"/api/v1/{name}"] for name in ("scan", "backtests", "tokens")}
    for path, operation in (commands | working).items():
        assert "Idempotency-Key" in {one["name"] for one in operation["parameters"]}, path


@pytest.mark.parametrize("path", COMMANDS)
def test_a_command_of_one_key_is_done_once_though_the_server_begins_anew(tmp_path: Path, path: str) -> None:
    key, body = {"Idempotency-Key": "press-1-of-the-button"}, COMMANDS[path]
    with serving(tmp_path) as served:
        token = {"Authorization": f"Bearer {served.token()}"}
        url = f"/api/v1/{path}"
        first = anybody.post(served.url + url, json=body, headers={**token, **key})
        assert first.status_code == 202, first.text
        done = served.ledger.head.seq
        again = anybody.post(served.url + url, json=body, headers={**token, **key})
        assert (again.status_code, again.json()) == (202, first.json())
        assert served.ledger.head.seq == done
    with serving(tmp_path) as served:
        before = served.ledger.head.seq
        again = anybody.post(served.url + url, json=body, headers={**token, **key})
        assert (again.status_code, again.json()) == (202, first.json())
        other = anybody.post(
            served.url + url, json=dict.fromkeys(body, "something else"), headers={**token, **key}
        )
        assert other.status_code == 409
        assert served.ledger.head.seq == before


class Dying(SqlAccessStore):
    """A store whose server ends when a command was done, before it could write down its answer."""

    def put_answer(self, *_: object, **__: object) -> None:
        raise OSError("The server was killed.")


@pytest.mark.parametrize("path", sorted(set(COMMANDS) - {"control/halt"}))
def test_a_command_that_nobody_knows_the_outcome_of_is_not_done_again(tmp_path: Path, path: str) -> None:
    key, body = {"Idempotency-Key": "press-1-of-the-button"}, COMMANDS[path]
    url = f"/api/v1/{path}"
    with serving(tmp_path) as served, Dying(tmp_path) as dying:
        token = {"Authorization": f"Bearer {served.token()}"}
        before, served.access.store = served.ledger.head.seq, dying
        assert anybody.post(served.url + url, json=body, headers={**token, **key}).status_code == 500
        assert served.ledger.head.seq == before + 1
    with serving(tmp_path) as served:
        before = served.ledger.head.seq
        again = anybody.post(served.url + url, json=body, headers={**token, **key})
        assert (again.status_code, again.json()["type"]) == (409, "unknown-outcome")
        assert "GET /api/v1/facts" in again.json()["detail"]
        assert served.ledger.head.seq == before
        fresh = {"Idempotency-Key": "press-2-of-the-button"}
        assert anybody.post(served.url + url, json=body, headers={**token, **fresh}).status_code == 202


def test_a_halt_that_nobody_knows_the_outcome_of_is_done_again(tmp_path: Path) -> None:
    key, body = {"Idempotency-Key": "press-1-of-the-button"}, {"reason": "r"}
    with serving(tmp_path) as served, Dying(tmp_path) as dying:
        person, served.access.store = served.person(), dying
        assert person.send("POST", "control/halt", body, key).status_code == 500
    with serving(tmp_path) as served:
        served.system.halt.clear()
        assert served.person().send("POST", "control/halt", body, key).status_code == 202
        assert served.system.halt.read() is not None


def test_what_was_refused_was_not_done_and_its_key_may_ask_again(served: Served) -> None:
    person, key = served.person(), {"Idempotency-Key": "press-1-of-the-button"}
    for _ in range(2):
        answer = person.send("POST", "signals/nobody/take", {"reason": "r"}, key)
        assert answer.status_code == 404


def test_what_a_broken_ledger_may_have_taken_is_not_asked_again(tmp_path: Path) -> None:
    @contextmanager
    def ledger() -> Iterator[MemoryLedger]:
        yield Refusing()

    with serving(tmp_path, ledger=ledger) as served:
        person, key = served.person(), {"Idempotency-Key": "press-1-of-the-button"}
        first = person.send("POST", "control/flatten", {"reason": "r"}, key)
        assert (first.status_code, first.json()["detail"]) == (409, "The disk is full.")
        again = person.send("POST", "control/flatten", {"reason": "r"}, key)
        assert (again.status_code, again.json()["type"]) == (409, "unknown-outcome")
