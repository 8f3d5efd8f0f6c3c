"""A process that dies at its n-th call of ledger or broker, before it or after it."""

from __future__ import annotations

from typing import Any


class DeathError(BaseException):
    """The process is gone: nothing of it may catch this."""


WRITES = frozenset({"append", "submit", "cancel"})
"""Calls that change something outside of the process."""


class Mortal:
    """Count the calls that leave a process, and end it at one of them.

    Parameters
    ----------
    dies_at : int
        At which call, counted from 1; 0 lives.
    after : bool
        Whether the call is still made.
    """

    def __init__(self, dies_at: int = 0, *, after: bool = False) -> None:
        self.calls, self._dies_at, self._after = 0, dies_at, after

    def wrap(self, part: Any) -> Any:
        return _Seen(part, self)

    def call(self, method: Any, *args: Any, **options: Any) -> Any:
        self.calls += 1
        if self.calls != self._dies_at:
            return method(*args, **options)
        if self._after:
            method(*args, **options)
        return self.die()

    def hear(self, method: Any) -> Any:
        """Count a look at the stream that told something: what was told is gone if the process is."""
        told = method()
        if told:
            self.calls += 1
            if self.calls == self._dies_at:
                self.die()
        return told

    def die(self) -> Any:
        raise DeathError


class _Seen:
    def __init__(self, part: Any, mortal: Mortal) -> None:
        self._part, self._mortal = part, mortal

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._part, name)
        if name == "events":
            return lambda: self._mortal.hear(found)
        if name not in WRITES:
            return found
        return lambda *args, **options: self._mortal.call(found, *args, **options)
