"""Read what `strikewise.adapters.logs` wrote, newest first, from the end of its files."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from heapq import merge
from operator import itemgetter
from pathlib import Path
from typing import Any

from strikewise.adapters.redaction import Redaction

__all__ = ["LOG_FOLDER", "LogReading"]

LOG_FOLDER = "logs"
"""Its name in a data home."""
BLOCK = 64 * 1024
FAR = 4 * 1024 * 1024
"""Bytes of each file that are looked at, from its end."""


class LogReading:
    """The log files of a home.

    Parameters
    ----------
    home : Path
        The data home.
    """

    def __init__(self, home: Path) -> None:
        self._folder, self._redaction = home / LOG_FOLDER, Redaction()

    def latest(self) -> Iterator[dict[str, Any]]:
        """Yield the lines of all files, newest first, without secrets; lines that are none are left out."""
        files = [path for path in self._folder.glob("*") if path.is_file() and ".log" in path.suffixes]
        for _, told in merge(*map(_dated, files), key=itemgetter(0), reverse=True):
            yield self._redaction.value(told)


def _dated(path: Path) -> Iterator[tuple[datetime, dict[str, Any]]]:
    """Yield a file's lines with their instants, from its end."""
    for line in _backwards(path):
        try:
            told = json.loads(line)
            at = datetime.fromisoformat(str(told["at"]))
        except (ValueError, LookupError, TypeError):
            continue
        if at.tzinfo is not None:
            yield at, told


def _backwards(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        end = file.seek(0, 2)
        stop, rest = max(0, end - FAR), b""
        while end > stop:
            start = max(stop, end - BLOCK)
            file.seek(start)
            first, *lines = (file.read(end - start) + rest).split(b"\n")
            yield from (line for line in reversed(lines) if line.strip())
            rest, end = first, start
        if stop == 0 and rest.strip():
            yield rest
