"""The latest picture of an account as a file that others may read while it is written anew."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from strikewise.portfolio.picture import Picture

__all__ = ["PICTURE", "PictureFile"]

PICTURE = "picture.json"
"""The file's name in a home."""

_PICTURE = TypeAdapter(Picture)


class PictureFile:
    """A picture kept beside the ledger: derived, replaced at every tick, never half written.

    Parameters
    ----------
    path : Path
        Where it is.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def write(self, picture: Picture) -> None:
        """Put a picture in the place of the one before: written aside, then renamed."""
        aside = self._path.with_suffix(f".{os.getpid()}.new")
        aside.write_bytes(_PICTURE.dump_json(picture))
        aside.replace(self._path)

    def show(self, picture: Picture) -> None:
        """Write a picture if that is possible: nobody stops trading because nobody can look."""
        with suppress(OSError):
            self.write(picture)

    def read(self) -> Picture | None:
        """Return the latest picture; None where there is none, or a newer program wrote it."""
        try:
            return _PICTURE.validate_json(self._path.read_bytes())
        except (FileNotFoundError, ValidationError):
            return None
