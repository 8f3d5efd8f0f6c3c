"""The heartbeat of a running process as a file in its home, never half written."""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from strikewise.execution.heartbeat import Heartbeat

__all__ = ["HEARTBEAT_FILE", "HeartbeatFile"]

HEARTBEAT_FILE = "heartbeat.json"
"""Its name in a data home."""

_HEARTBEAT = TypeAdapter(Heartbeat)


class HeartbeatFile:
    """The latest heartbeat, replaced at every beat.

    Parameters
    ----------
    home : Path
        The data home.
    """

    def __init__(self, home: Path) -> None:
        self._path = home / HEARTBEAT_FILE

    def beat(self, heartbeat: Heartbeat) -> None:
        """Put a heartbeat in the place of the one before; a disk that is full must not stop a process."""
        aside = self._path.with_name(f".{HEARTBEAT_FILE}.{os.getpid()}")
        try:
            aside.write_bytes(_HEARTBEAT.dump_json(heartbeat))
            aside.replace(self._path)
        except OSError:
            aside.unlink(missing_ok=True)

    def read(self) -> Heartbeat | None:
        """Return the latest heartbeat; None where there is none, or another program wrote it."""
        try:
            return _HEARTBEAT.validate_json(self._path.read_bytes())
        except (FileNotFoundError, ValidationError):
            return None
