"""The cache of chains where the world does not let it be written, or ended while it was."""

from __future__ import annotations

import os
import resource
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import pytest

from adapters.made_chains import small_tape
from strikewise.adapters.store.chain_store import ChainStore
from strikewise.domain.errors import StoreError

DAYS = [date(2025, 12, 30), date(2025, 12, 31)]


@contextmanager
def no_room_left() -> Iterator[None]:
    """Let no file grow, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_without_room_for_the_cache_the_error_says_so_and_nothing_half_done_stays(tmp_path: Path) -> None:
    ChainStore(tmp_path).write(small_tape(DAYS))
    shutil.rmtree(tmp_path / "cache", ignore_errors=True)
    said = r"SPY 2025 .* writable, on a disk with room.*`strikewise data status`"
    with no_room_left(), pytest.raises(StoreError, match=said):
        ChainStore(tmp_path).snapshots("SPY")
    assert list((tmp_path / "cache").rglob("*.npy")) == []
    assert len(ChainStore(tmp_path).snapshots("SPY")) == 2


def test_a_home_that_was_copied_is_read_though_nothing_can_be_written(tmp_path: Path) -> None:
    store = ChainStore(tmp_path / "home")
    store.write(small_tape(DAYS))
    store.snapshots("SPY")
    shutil.copytree(tmp_path / "home", tmp_path / "copy")
    with no_room_left():
        assert len(ChainStore(tmp_path / "copy").snapshots("SPY")) == 2


def test_what_a_killed_process_left_of_a_cache_is_cleared_away_and_a_fresh_beginning_is_not(
    tmp_path: Path,
) -> None:
    left, begun = (tmp_path / "cache" / "chains" / "SPY" / f".building-{name}" for name in ("left", "begun"))
    for folder in (left, begun):
        folder.mkdir(parents=True)
        (folder / "key.npy").write_bytes(b"half")
    os.utime(left, (0, 0))
    store = ChainStore(tmp_path)
    store.write(small_tape(DAYS))
    store.snapshots("SPY")
    assert not left.exists()
    assert begun.exists()
