"""What is installed is written down, by hash, without saying from where."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from shared_data import REPOSITORY

LOCKS = sorted((REPOSITORY / "requirements").glob("*.lock"))
PIN = re.compile(r"^([a-z0-9._-]+)==(\S+)", re.MULTILINE)
ADDRESS = re.compile(r"https?://|--(extra-)?index-url|--find-links|registry", re.IGNORECASE)


def pins(text: str) -> set[tuple[str, str]]:
    return {(name, version) for name, version in PIN.findall(text)}


def unhashed(text: str) -> list[str]:
    entries = re.split(r"\n(?=[a-z0-9])", text)
    return [entry for entry in entries if PIN.match(entry) and "--hash=sha256:" not in entry]


def test_the_checks_see_an_address_and_a_missing_hash() -> None:
    assert ADDRESS.search("--index-url https" + "://example.org/simple")
    assert unhashed("a==1 \\\n    --hash=sha256:00\nb==2\n") == ["b==2\n"]


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_a_lock_has_a_hash_for_each_pin_and_no_address(lock: Path) -> None:
    text = lock.read_text(encoding="utf-8")
    assert pins(text)
    assert unhashed(text) == []
    assert not ADDRESS.search(text)


def test_the_smaller_locks_are_parts_of_the_whole() -> None:
    whole = pins((REPOSITORY / "requirements" / "all.lock").read_text(encoding="utf-8"))
    for lock in LOCKS:
        assert pins(lock.read_text(encoding="utf-8")) <= whole, f"{lock.name} disagrees; run make lock"


def test_the_base_lock_pins_every_dependency(project: dict[str, Any]) -> None:
    pinned = {name for name, _ in pins((REPOSITORY / "requirements/base.lock").read_text(encoding="utf-8"))}
    for entry in project["project"]["dependencies"]:
        assert re.split(r"[\s\[<>=!~;]", entry)[0].lower() in pinned, f"{entry} is not locked; run make lock"
