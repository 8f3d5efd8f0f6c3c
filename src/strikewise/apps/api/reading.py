"""What routes read: the installation, its account up to the last fact, and the market as of now."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime
from threading import Event, Lock, RLock
from typing import Annotated, Any, cast

from fastapi import Depends, Request

from strikewise.apps.api.problems import ProblemError
from strikewise.service.errors import StrikewiseError
from strikewise.service.system import System
from strikewise.service.views.desk import Desk, Picture
from strikewise.service.views.facts import fact_at
from strikewise.service.views.status import StatusView, status_view

__all__ = ["FOR_EVER", "Reader", "Reading"]


PATIENCE = 5.0
"""Seconds that a request waits for others; then it is told to ask again, and its thread is free."""
FOR_EVER = -1.0


@contextmanager
def _held(lock: Any, patience: float, busy: str) -> Iterator[None]:
    if not lock.acquire(timeout=patience):
        raise ProblemError(503, f"{busy} Ask again in a moment.", headers={"Retry-After": "2"})
    try:
        yield
    finally:
        lock.release()


class Reader:
    """One process's reading of an installation; safe for many threads.

    Parameters
    ----------
    system : System
        The installation.

    Attributes
    ----------
    runs : dict
        What kept runs came to in short, by fingerprint, as far as somebody asked.
    read : Event
        Set once the ledger was read for the first time.
    """

    def __init__(self, system: System) -> None:
        self.system = system
        self.runs: dict[str, Any] = {}
        self.read = Event()
        self._desk = Desk()
        self._lock, self._opening, self._market = RLock(), Lock(), Lock()
        self._open = ExitStack()
        self._ledger: Any = None

    def close(self) -> None:
        """Let go of the ledger."""
        with self._opening:
            self._open.close()
            self._ledger = None

    def use(self, system: System) -> None:
        """Read another installation from now on: the same home with other settings.

        What was read of a ledger is kept where the settings name the same: to read a long one takes minutes.
        """
        with self._lock:
            seq, before = self._desk.seq, self._hash_of(self._desk.seq)
            self.close()
            self.system = system
            if before is None or before != self._hash_of(seq):
                self._desk = Desk()

    def _hash_of(self, seq: int) -> str | None:
        """Return the hash of a fact; None where it cannot be read."""
        try:
            with self.ledger() as ledger:
                return fact_at(ledger, seq).hash
        except StrikewiseError:
            return None

    @contextmanager
    def desk(self, patience: float = PATIENCE) -> Iterator[Desk]:
        """Give the account, up to the ledger's last fact; it stands still meanwhile.

        Parameters
        ----------
        patience : float
            Seconds to wait while others read; the first reading of a long ledger takes minutes.

        Raises
        ------
        ProblemError
            503 if that was not enough.
        """
        with _held(self._lock, patience, f"The ledger is being read: {self._desk.seq:,} facts so far."):
            with self.ledger() as ledger:
                self._desk.read_on(ledger, self.picture())
            yield self._desk

    def read_ahead(self) -> None:
        """Read the ledger before anybody asks; whatever is wrong with it is told to whoever asks."""
        try:
            with suppress(StrikewiseError), self.desk(FOR_EVER):
                pass
            # What a long ledger leaves in memory stays: to look through it for garbage halts every request.
            gc.collect()
            gc.freeze()
        finally:
            self.read.set()

    def picture(self) -> Picture | None:
        """Return the latest picture of the account, if anybody took one."""
        return self.system.picture()

    @contextmanager
    def ledger(self) -> Iterator[Any]:
        """Give the account's ledger, which stays open between requests."""
        with self._opening:
            if self._ledger is None:
                self._ledger = self._open.enter_context(self.system.ledger())
            ledger = self._ledger
        yield ledger

    def source(self) -> Any:
        """Return the recorded market."""
        return self.system.data.source()

    @contextmanager
    def market(self, patience: float = PATIENCE) -> Iterator[Any]:
        """Give the recorded market to one at a time: what it computes it remembers.

        Raises
        ------
        ProblemError
            503 if somebody else needs it for longer.
        """
        with _held(self._market, patience, "A scan is at work on the market's data."):
            yield self.source()

    def now(self) -> datetime:
        """Return the instant people look at: that of the latest picture, else the clock's."""
        picture = self.picture()
        return self.system.now() if picture is None else picture.at

    def status(self) -> StatusView:
        """Return how the account's process is."""
        system = self.system
        with self.desk() as desk:
            return status_view(desk, system.heartbeat(), system.halt.read(), system.now(), system.account)


async def reader_of(request: Request) -> Reader:
    """Return the application's reader."""
    return cast("Reader", request.state.reader)


Reading = Annotated[Reader, Depends(reader_of)]
"""The reader, as a parameter of a route."""
