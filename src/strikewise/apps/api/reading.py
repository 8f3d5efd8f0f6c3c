"""What routes read: the installation, its account up to the last fact, and the market as of now."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from threading import Lock
from typing import Annotated, Any, cast

from fastapi import Depends, Request

from strikewise.service.system import System
from strikewise.service.views.desk import Desk, Picture

__all__ = ["Reader", "Reading"]


class Reader:
    """One process's reading of an installation; safe for many threads.

    Parameters
    ----------
    system : System
        The installation.
    """

    def __init__(self, system: System) -> None:
        self.system = system
        self._desk = Desk()
        self._lock = Lock()
        self._source: Any = None

    def desk(self) -> Desk:
        """Return the account, up to the ledger's last fact."""
        with self._lock, self.system.ledger() as ledger:
            self._desk.read_on(ledger, self.picture())
        return self._desk

    def picture(self) -> Picture | None:
        """Return the latest picture of the account, if anybody took one."""
        return self.system.picture()

    @contextmanager
    def ledger(self) -> Iterator[Any]:
        """Open the account's ledger for a while."""
        with self.system.ledger() as ledger:
            yield ledger

    def source(self) -> Any:
        """Return the recorded market."""
        if self._source is None:
            self._source = self.system.data.source()
        return self._source

    def now(self) -> datetime:
        """Return the instant people look at: that of the latest picture, else the clock's."""
        picture = self.picture()
        return self.system.now() if picture is None else picture.at


def reader_of(request: Request) -> Reader:
    """Return the application's reader."""
    return cast("Reader", request.app.state.reader)


Reading = Annotated[Reader, Depends(reader_of)]
"""The reader, as a parameter of a route."""
