"""The halt flag as a file in the data home: a person can make it by hand, and ``rm`` takes it down."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

from strikewise.execution.halt_flag import Raised

__all__ = ["HALT_FILE", "HaltFile"]

HALT_FILE = "halt.json"
"""Its name in a data home."""


class HaltFile:
    """A halt flag that is up while a file is there; implements `strikewise.execution.halt_flag.HaltFlag`.

    Whatever the file says, or if it says nothing: while it is there, the flag is up.

    Parameters
    ----------
    home : Path
        The data home.
    """

    def __init__(self, home: Path) -> None:
        self.path = home / HALT_FILE

    def read(self) -> Raised | None:
        """Return the flag where the file is there."""
        try:
            text = self.path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            return self._unreadable(str(error))
        try:
            said = json.loads(text)
            at = datetime.fromisoformat(said["at"])
            return Raised(str(said["by"]), at.astimezone(UTC), str(said["reason"]), said["exits"] is True)
        except (KeyError, TypeError, ValueError):
            return self._unreadable(text.strip()[:200])

    def hoist(self, raised: Raised) -> None:
        """Write the file, whole or not at all."""
        said = {
            "by": raised.by,
            "at": raised.at.isoformat(),
            "reason": raised.reason,
            "exits": raised.exits,
        }
        self.path.parent.mkdir(parents=True, exist_ok=True)
        whole = self.path.with_name(f".{HALT_FILE}.new")
        try:
            whole.write_text(json.dumps(said) + "\n", encoding="utf-8")
            whole.replace(self.path)
        except OSError:
            # No room for a line may still be room for a name: an empty file is a flag that is up.
            self.path.touch()

    def clear(self) -> bool:
        """Remove the file; return whether it was there."""
        try:
            self.path.unlink()
        except FileNotFoundError:
            return False
        return True

    def _unreadable(self, found: str) -> Raised:
        try:
            at = datetime.fromtimestamp(self.path.stat().st_mtime, UTC)
        except OSError:
            at = datetime.fromtimestamp(0, UTC)
        said = f": {found}" if found else ""
        return Raised("somebody", at, f"{self.path} is there{said}")
