"""Write files aside and put them in place together or not at all, one writer at a time."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import IO

from strikewise.domain.errors import StoreError

__all__ = ["Staging", "flush_directory", "flush_file", "recover"]

STAGING = ".staging"
LOCK = ".writer.lock"
PLAN = "commit.json"


def flush_file(path: Path) -> None:
    """Make a file's contents survive a loss of power."""
    with path.open("rb") as stream:
        os.fsync(stream.fileno())


def flush_directory(path: Path) -> None:
    """Make a directory's entries survive a loss of power."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class Staging:
    """A set of files of a data home that changes as one.

    New files are written below ``.staging`` of the home and flushed. `commit` first writes down what it
    is going to rename, then renames: a crash before leaves the home as it was, a crash after is finished
    by the next `recover`. Writers of one home wait for each other; readers are never kept waiting.

    Use it as a context manager; leaving it without `commit` drops what was staged.

    Parameters
    ----------
    home : Path
        The data home; made if it does not exist.
    """

    def __init__(self, home: Path) -> None:
        self.home = home.absolute()  # names of staged files are absolute from Python 3.12 on
        self._staged: dict[str, Path] = {}
        self._lock: IO[bytes] | None = None
        self._folder = self.home / STAGING

    def __enter__(self) -> Staging:
        self.home.mkdir(parents=True, exist_ok=True)
        self._lock = (self.home / LOCK).open("ab")
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        _finish(self.home)
        (self.home / STAGING).mkdir(exist_ok=True)
        self._folder = Path(tempfile.mkdtemp(dir=self.home / STAGING))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        shutil.rmtree(self.home / STAGING, ignore_errors=True)
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def current(self, relative: str) -> Path | None:
        """Return the newest version of a file: staged, or in place; None where there is neither."""
        if relative in self._staged:
            return self._staged[relative]
        path = self.home / relative
        return path if path.exists() else None

    def write(self, relative: str, writer: Callable[[Path], object]) -> None:
        """Stage a file: ``writer`` is given the path to write it to.

        Parameters
        ----------
        relative : str
            Path below the home, with forward slashes.
        writer : callable
            Writes the whole file.
        """
        if self._lock is None:
            raise StoreError(f"{relative} cannot be staged outside of a `with Staging(...)` block.")
        path = self._folder / f"{len(list(self._folder.iterdir()))}{Path(relative).suffix}"
        writer(path)
        flush_file(path)
        self._staged[relative] = path

    def commit(self) -> list[str]:
        """Put every staged file in place; return their paths below the home, sorted."""
        if not self._staged:
            return []
        flush_directory(self._folder)
        moves = {relative: str(path.relative_to(self.home)) for relative, path in self._staged.items()}
        draft = self._folder / PLAN
        draft.write_text(json.dumps(moves, sort_keys=True), encoding="utf-8")
        flush_file(draft)
        draft.replace(self.home / STAGING / PLAN)
        flush_directory(self.home / STAGING)
        _finish(self.home)
        self._staged.clear()
        return sorted(moves)


def recover(home: Path) -> None:
    """Finish a commit that a crash interrupted; nothing to do, and nothing done, in any other case."""
    if not (home / STAGING / PLAN).exists():
        return
    with (home / LOCK).open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _finish(home)


def _finish(home: Path) -> None:
    """Carry out the renames that were written down, if any; the caller holds the lock."""
    plan = home / STAGING / PLAN
    if plan.exists():
        moves: dict[str, str] = json.loads(plan.read_text(encoding="utf-8"))
        for relative, staged in moves.items():
            target, source = home / relative, home / staged
            if source.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                source.replace(target)
        for folder in sorted({(home / relative).parent for relative in moves}):
            flush_directory(folder)
        plan.unlink()
        flush_directory(home / STAGING)
