"""The port of a flag that stops trading: anybody may raise it, and no order is sent without reading it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

__all__ = ["HaltFlag", "NoFlag", "Raised"]


@dataclass(frozen=True, slots=True)
class Raised:
    """A flag that is up.

    Attributes
    ----------
    by : str
        Who raised it.
    at : datetime
        When.
    reason : str
        Why, in that one's words.
    exits : bool
        Whether what closes or reduces may still be sent.
    """

    by: str
    at: datetime
    reason: str
    exits: bool = False


class HaltFlag(Protocol):
    """A flag outside of the ledger, so that it works when the ledger, or whoever writes it, does not.

    It stays up over restarts until somebody clears it.
    """

    def read(self) -> Raised | None:
        """Return the flag where it is up; one that cannot be read is up."""
        ...

    def hoist(self, raised: Raised) -> None:
        """Raise the flag, in the place of one that is up already.

        Raises
        ------
        OSError
            If it cannot be put where others read it.
        """
        ...

    def clear(self) -> bool:
        """Take the flag down; return whether it was up."""
        ...


class NoFlag:
    """A flag that nobody can raise: over the past there is nobody."""

    def read(self) -> Raised | None:
        """Return None."""
        return None

    def hoist(self, raised: Raised) -> None:
        """Refuse.

        Raises
        ------
        OSError
            Always.
        """
        raise OSError(f"Over the past nobody raises a flag, nor does {raised.by}.")

    def clear(self) -> bool:
        """Return False."""
        return False
