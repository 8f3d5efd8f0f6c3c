"""The halt flag in a home: up over restarts, up whatever the file says, down only when it is removed."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strikewise.adapters.halt_file import HALT_FILE, HaltFile
from strikewise.execution.halt_flag import HaltFlag, Raised

NOON = datetime(2026, 7, 22, 16, tzinfo=UTC)


@given(by=st.text(min_size=1), reason=st.text(), exits=st.booleans(), at=st.datetimes(timezones=st.just(UTC)))
def test_a_flag_reads_as_it_was_raised_by_whoever_looks(
    tmp_path_factory: pytest.TempPathFactory, by: str, reason: str, exits: bool, at: datetime
) -> None:
    home = tmp_path_factory.mktemp("home")
    raised = Raised(by, at, reason, exits)
    HaltFile(home).hoist(raised)
    other: HaltFlag = HaltFile(home)
    assert other.read() == raised
    assert other.clear()
    assert HaltFile(home).read() is None


def test_a_flag_that_is_down_reads_as_nothing_and_cannot_be_cleared_twice(tmp_path: Path) -> None:
    flag = HaltFile(tmp_path)
    assert flag.read() is None
    assert not flag.clear()


@pytest.mark.parametrize("text", ["", "{", "stop, please", '{"by": "me"}', '["exits"]', "\udcff"])
def test_whatever_the_file_says_it_halts_everything(tmp_path: Path, text: str) -> None:
    (tmp_path / HALT_FILE).write_bytes(text.encode("utf-8", "surrogateescape"))
    raised = HaltFile(tmp_path).read()
    assert raised is not None
    assert not raised.exits


def test_where_there_is_no_room_for_a_line_the_flag_is_up_all_the_same(tmp_path: Path) -> None:
    (tmp_path / f".{HALT_FILE}.new").mkdir()  # the name it is written under first
    HaltFile(tmp_path).hoist(Raised("me", NOON, "the disk is full", exits=True))
    raised = HaltFile(tmp_path).read()
    assert raised is not None
    assert not raised.exits


def test_a_flag_is_raised_in_a_home_that_is_not_there_yet(tmp_path: Path) -> None:
    flag = HaltFile(tmp_path / "new")
    flag.hoist(Raised("me", NOON, "first"))
    flag.hoist(Raised("you", NOON, "second", exits=True))
    assert flag.read() == Raised("you", NOON, "second", exits=True)
