"""No secret reaches a log, whichever way it is told; and a log does not grow for ever."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strikewise.adapters.logs import Logbook
from strikewise.adapters.redaction import HIDDEN, Redaction
from strikewise.market.clock import SimulatedClock

NOW = datetime(2026, 7, 22, 14, 30, tzinfo=UTC)
SECRET = "s3cr3t-Zq9"
WORDS = st.text("abc /=\"'{}\\\n€", max_size=12)
NAMES = st.sampled_from(
    ["password", "api_key", "APCA-API-SECRET-KEY", "Authorization", "token", "secret", "key", "db_passwd"]
)
PLAIN = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), WORDS)
IN_TEXT = st.sampled_from(
    [
        f"postgresql://user:{SECRET}@host/db",
        f"Authorization: Bearer {SECRET}",
        f"https://host/path?x=1&token={SECRET}&y=2",
        f"APCA-API-SECRET-KEY: {SECRET}",
        f'{{"password": "{SECRET}"}}',
        f"api_key='{SECRET}'",
        f"refused: secret={SECRET}, again",
    ]
)
TELLING = st.one_of(
    st.tuples(WORDS, IN_TEXT, WORDS).map("\n".join), st.dictionaries(NAMES, st.just(SECRET), min_size=1)
)


def anything(leaves: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    def inside(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
        return st.one_of(st.lists(inner, max_size=3), st.dictionaries(WORDS, inner, max_size=3))

    return st.recursive(leaves, inside, max_leaves=6)


class Wrapped:
    """Something of a library, that shows what it has."""

    def __init__(self, inner: object) -> None:
        self.inner = inner

    def __repr__(self) -> str:
        return f"<Wrapped {self.inner}>"


@given(anything(st.one_of(PLAIN, TELLING)))
def test_no_secret_of_a_telling_name_or_form_is_left_anywhere(value: Any) -> None:
    told = json.dumps(Redaction().value(value))
    assert SECRET not in told


@given(anything(st.one_of(PLAIN, WORDS.map(lambda word: word + SECRET + word), st.just(Wrapped(SECRET)))))
def test_no_secret_that_is_known_is_left_anywhere(value: Any) -> None:
    assert SECRET not in json.dumps(Redaction([SECRET]).value(value))
    assert SECRET not in json.dumps(Redaction([SECRET]).value({"note": value}))


@given(anything(st.one_of(st.none(), st.booleans(), st.integers(), st.text("abc xyz.-_", max_size=20))))
def test_what_is_no_secret_stays_as_it_is(value: Any) -> None:
    assert Redaction([SECRET]).value(value) == value


@pytest.mark.parametrize(
    "text",
    [
        "PKABCDEFGHIJ1234567890",
        "the key AKABCDEFGHIJ12345678 is refused",
        "bot 1234567890:AAF-abcdefghijklmnopqrstuvwxyz0123456",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abc-DEF_ghi",
    ],
)
def test_keys_of_a_known_form_are_hidden_without_a_name(text: str) -> None:
    hidden = Redaction().text(text)
    assert HIDDEN in hidden
    assert not any(len(word) > 12 for word in hidden.split())


def test_of_an_accounts_id_the_end_stays() -> None:
    redaction = Redaction(accounts=["PA3XYZ987654"])
    assert redaction.value({"account_id": "PA3XYZ987654"}) == {"account_id": "…7654"}
    assert redaction.text("account PA3XYZ987654 is closed") == "account …7654 is closed"
    assert redaction.value({"account": "main", "account_number": "1234"}) == {
        "account": "main",
        "account_number": HIDDEN,
    }


# --- the file -----------------------------------------------------------------------------------------------


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "logs" / "strikewise.jsonl"


def lines(path: Path) -> Iterator[dict[str, Any]]:
    for line in path.read_text(encoding="utf-8").splitlines():
        yield json.loads(line)


@given(st.dictionaries(st.text("abcdefgh_", min_size=1), anything(st.one_of(PLAIN, TELLING)), max_size=4))
def test_every_line_is_json_and_keeps_the_secret(pairs: dict[str, Any]) -> None:
    shown = io.StringIO()
    path = Path("/dev/null")
    with Logbook(path, SimulatedClock(NOW), console=shown) as log:
        log("info", f"called https://user:{SECRET}@host", pairs)
    assert SECRET not in shown.getvalue()


def test_what_libraries_log_and_what_they_raise_is_redacted_too(path: Path) -> None:
    with Logbook(path, SimulatedClock(NOW), redaction=Redaction([SECRET])):
        try:
            int(f"the header was {SECRET}")
        except ValueError:
            logging.getLogger("httpx").exception("calling with %s failed", SECRET)
    told = path.read_text(encoding="utf-8")
    assert SECRET not in told
    assert "the header was" in told
    assert all(json.loads(line)["at"] == NOW.isoformat() for line in told.splitlines())


def test_a_log_begins_anew_and_keeps_so_many_old_ones(path: Path) -> None:
    with Logbook(path, SimulatedClock(NOW), max_megabytes=0.001, keep=3) as log:
        for number in range(200):
            log("info", "tick", {"number": number, "text": "x" * 50})
    files = sorted(path.parent.iterdir())
    assert [file.name for file in files] == [path.name, *(f"{path.name}.{n}" for n in (1, 2, 3))]
    assert all(file.stat().st_size <= 1100 for file in files)
    assert all(file.stat().st_mode & 0o077 == 0 for file in files)


def test_names_of_our_own_and_levels_that_are_none_do_no_harm(path: Path) -> None:
    with Logbook(path, SimulatedClock(NOW)) as log:
        log("disaster", "lost", {"event": 1, "level": 2, "at": 3, "exc_info": "no"})
    (line,) = lines(path)
    assert {"event": "lost", "event_": 1, "level_": 2, "at_": 3}.items() <= line.items()


def test_a_disk_that_takes_nothing_stops_nothing(path: Path) -> None:
    path.parent.mkdir()
    path.symlink_to("/dev/full")
    with Logbook(path, SimulatedClock(NOW)) as log:
        for _ in range(3):
            log("error", "still here", {})


def test_a_logbook_that_is_closed_leaves_the_libraries_as_they_were(path: Path) -> None:
    before = list(logging.getLogger().handlers)
    with Logbook(path, SimulatedClock(NOW)):
        assert logging.getLogger().handlers != before
    assert logging.getLogger().handlers == before
