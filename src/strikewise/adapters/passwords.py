"""Passwords by argon2id."""

from __future__ import annotations

from typing import Any

from strikewise.domain.errors import SettingsError

__all__ = ["Argon2Passwords"]


class Argon2Passwords:
    """A hash that takes 64 MiB of memory and some 50 ms, as RFC 9106 recommends.

    Parameters
    ----------
    memory_kib, rounds : int
        Its cost.

    Raises
    ------
    SettingsError
        If the package is not installed.
    """

    def __init__(self, *, memory_kib: int = 65_536, rounds: int = 3) -> None:
        try:
            from argon2 import PasswordHasher
            from argon2.exceptions import InvalidHashError, VerificationError
        except ModuleNotFoundError as error:
            raise SettingsError(
                f"The package {error.name!r} is not installed: `pip install 'strikewise[api]'` brings it."
            ) from None
        self._hasher: Any = PasswordHasher(time_cost=rounds, memory_cost=memory_kib, parallelism=4)
        self._wrong = (VerificationError, InvalidHashError)

    def hash(self, password: str) -> str:
        """Return the hash of a password, with its salt and cost."""
        return str(self._hasher.hash(password))

    def matches(self, hashed: str, password: str) -> bool:
        """Return whether a password is the one that was hashed."""
        try:
            return bool(self._hasher.verify(hashed, password))
        except self._wrong:
            return False
