"""Put a server together: who may come in, from where it can be reached, and what it reads."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from strikewise.adapters.log_reading import LogReading
from strikewise.adapters.passwords import Argon2Passwords
from strikewise.adapters.store.access import SqlAccessStore
from strikewise.market.clock import SystemClock
from strikewise.service.access import Access

__all__ = ["LogReading", "open_access"]


@contextmanager
def open_access(home: Path) -> Iterator[Access]:
    """Open who may do what in a home.

    Raises
    ------
    SettingsError
        If the extra for it is not installed.
    """
    passwords = Argon2Passwords()
    with SqlAccessStore(home) as store:
        yield Access(store, passwords, SystemClock())
