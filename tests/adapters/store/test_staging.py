"""Files change together or not at all."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from strikewise.adapters.store.staging import LOCK, PLAN, STAGING, Staging, recover
from strikewise.domain.errors import StoreError


def writes(text: str):
    return lambda path: path.write_text(text, encoding="utf-8")


def files(home: Path) -> dict[str, str]:
    return {
        str(path.relative_to(home)): path.read_text(encoding="utf-8")
        for path in sorted(home.rglob("*"))
        if path.is_file() and path.name != LOCK
    }


def test_what_is_not_committed_never_was(tmp_path: Path) -> None:
    with Staging(tmp_path) as staging:
        staging.write("a/one.txt", writes("1"))
    assert files(tmp_path) == {}


def test_an_error_leaves_the_home_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "kept.txt").write_text("old", encoding="utf-8")

    def fail(path: Path) -> None:
        path.write_text("half", encoding="utf-8")
        raise OSError("no space left")

    with Staging(tmp_path) as staging:
        staging.write("kept.txt", writes("new"))
        with pytest.raises(OSError, match="no space"):
            staging.write("other.txt", fail)
    assert files(tmp_path) == {"kept.txt": "old"}


def test_a_commit_puts_every_file_in_place(tmp_path: Path) -> None:
    with Staging(tmp_path) as staging:
        staging.write("a/one.txt", writes("1"))
        staging.write("b/c/two.txt", writes("2"))
        assert staging.commit() == ["a/one.txt", "b/c/two.txt"]
    assert files(tmp_path) == {"a/one.txt": "1", "b/c/two.txt": "2"}


def test_the_newest_version_of_a_file_is_the_staged_one(tmp_path: Path) -> None:
    (tmp_path / "one.txt").write_text("old", encoding="utf-8")
    with Staging(tmp_path) as staging:
        assert staging.current("one.txt") == tmp_path / "one.txt"
        assert staging.current("two.txt") is None
        staging.write("one.txt", writes("new"))
        staging.write("one.txt", writes("newer"))
        current = staging.current("one.txt")
        assert current is not None
        assert current.read_text(encoding="utf-8") == "newer"
        staging.commit()
    assert files(tmp_path) == {"one.txt": "newer"}


def test_a_crash_between_two_renames_is_finished_by_the_next_opening(tmp_path: Path) -> None:
    aside = tmp_path / STAGING / "x"
    aside.mkdir(parents=True)
    (tmp_path / "one.txt").write_text("new", encoding="utf-8")
    (aside / "1.txt").write_text("2", encoding="utf-8")
    moves = {"one.txt": f"{STAGING}/x/0.txt", "two.txt": f"{STAGING}/x/1.txt"}
    (tmp_path / STAGING / PLAN).write_text(json.dumps(moves), encoding="utf-8")
    recover(tmp_path)
    assert files(tmp_path) == {"one.txt": "new", "two.txt": "2"}


def test_a_crash_before_the_commit_is_forgotten_by_the_next_writer(tmp_path: Path) -> None:
    aside = tmp_path / STAGING / "x"
    aside.mkdir(parents=True)
    (aside / "0.txt").write_text("half", encoding="utf-8")
    recover(tmp_path)
    with Staging(tmp_path) as staging:
        staging.write("one.txt", writes("1"))
        staging.commit()
    assert files(tmp_path) == {"one.txt": "1"}


def test_writers_wait_for_each_other(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from strikewise.adapters.store.staging import Staging\n"
        "with Staging(Path(sys.argv[1])) as s:\n"
        "    now = s.current('n.txt'); n = int(now.read_text()) if now else 0\n"
        "    s.write('n.txt', lambda p: p.write_text(str(n + 1))); s.commit()\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    running = [subprocess.Popen(command) for _ in range(4)]
    assert [one.wait(timeout=60) for one in running] == [0, 0, 0, 0]
    assert files(tmp_path) == {"n.txt": "4"}


def test_nothing_is_staged_outside_of_the_block(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="with Staging"):
        Staging(tmp_path).write("one.txt", writes("1"))


def test_a_home_may_be_named_from_the_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with Staging(Path("home")) as staging:
        staging.write("a/one.txt", writes("1"))
        assert staging.commit() == ["a/one.txt"]
    assert files(tmp_path / "home") == {"a/one.txt": "1"}
