"""Open the server where its extras are installed, and let its time pass."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

from strikewise.adapters.brokers.alpaca_server.venue import Venue
from strikewise.domain.errors import SettingsError
from strikewise.market.clock import ReplayClock

if TYPE_CHECKING:
    from strikewise.adapters.brokers.alpaca_server.serve import AlpacaServer

__all__ = ["Pacer", "open_server"]

STRIDE = timedelta(minutes=1)
BREATH = 0.25
"""Seconds."""


def open_server(venue: Venue, how: Mapping[str, Any]) -> AlpacaServer:
    """Return a server that was not started yet.

    Parameters
    ----------
    venue : Venue
        The account behind it.
    how : mapping
        Further arguments of `strikewise.adapters.brokers.alpaca_server.serve.AlpacaServer`.

    Raises
    ------
    SettingsError
        If what it is made of is not installed, or it cannot listen.
    """
    try:
        serve = importlib.import_module("strikewise.adapters.brokers.alpaca_server.serve")
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("strikewise"):
            raise
        raise SettingsError(
            f"The local Alpaca server needs {error.name}, which is not installed: "
            "pip install 'strikewise[api,alpaca]'."
        ) from error
    server: AlpacaServer = serve.AlpacaServer(venue, **how)
    return server


class Pacer:
    """Move a venue's time at a speed, from session to session, until an end.

    Parameters
    ----------
    venue : Venue
        What is moved.
    speed : float
        Seconds of the past in a second; greater than zero.
    end : datetime
        Where it stops.
    """

    def __init__(self, venue: Venue, speed: float, end: datetime) -> None:
        self._venue, self._end = venue, end
        self._clock = ReplayClock(venue.now, speed)
        self._stopped = Event()
        self._thread = Thread(target=self._run, name="alpaca-server-time", daemon=True)

    def start(self) -> None:
        """Begin to move."""
        self._thread.start()

    def stop(self) -> None:
        """Stand still."""
        self._stopped.set()
        self._thread.join(10 * BREATH)

    def finished(self, seconds: float) -> bool:
        """Wait for so long that the end is reached; return whether it is."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while not self._stopped.is_set() and (now := self._clock.now()) < self._end:
            self._clock.wait(min(self._next(now), self._end), BREATH)
            self._venue.advance(self._clock.now())

    def _next(self, now: datetime) -> datetime:
        """Return the next minute of a session; between two, when the next one opens."""
        calendar = self._venue.calendar
        day = calendar.day_of(now)
        if calendar.is_session(day):
            if now < calendar.session_open(day):
                return calendar.session_open(day)
            if now <= calendar.session_close(day):
                return now + STRIDE
        return calendar.session_open(calendar.next_session(day))
