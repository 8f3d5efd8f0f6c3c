"""The port of a ledger's safekeeping: what is known of it, copies of it, and how one is put back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from strikewise.portfolio.lease import Lease
from strikewise.portfolio.ledger import Head

__all__ = ["Copied", "LedgerInfo", "LedgerKeeper", "Restored"]


@dataclass(frozen=True, slots=True)
class LedgerInfo:
    """What is known of a ledger without reading it.

    Attributes
    ----------
    as_of : datetime
        The present instant.
    where : str
        Its database's address, without a password.
    revision : str
        Of its tables.
    end : Head
        The last fact.
    first_at, last_at : datetime or None
        When the first and the last fact were written; None where there is none.
    size_bytes : int
        What it takes on disk.
    leases : tuple of Lease
        Who trades which account, and who did last.
    backups : Path
        The folder of its copies.
    """

    as_of: datetime
    where: str
    revision: str
    end: Head
    first_at: datetime | None
    last_at: datetime | None
    size_bytes: int
    leases: tuple[Lease, ...]
    backups: Path


@dataclass(frozen=True, slots=True)
class Copied:
    """A copy was made, and read again from its first fact to its last."""

    path: Path
    end: Head


@dataclass(frozen=True, slots=True)
class Restored:
    """A copy was put back.

    Attributes
    ----------
    end : Head
        Where the ledger ends now.
    added : int
        Facts it did not have before.
    aside : Path or None
        Where what was there before has been kept; None where nothing was lost.
    """

    end: Head
    added: int
    aside: Path | None


class LedgerKeeper(Protocol):
    """Keeps an account's ledger safe.

    Each method raises `strikewise.domain.errors.LedgerError` where it cannot do what was asked.
    """

    def info(self) -> LedgerInfo:
        """Return what is known of the ledger."""
        ...

    def verify(self, copy: Path | None = None, noted: Head | None = None) -> Head:
        """Check the whole ledger, or a copy, and that it has a fact that was noted; return where it ends."""
        ...

    def backup(self, path: Path | None = None) -> Copied:
        """Copy the ledger while others read and write it, to a path or to a new name."""
        ...

    def restore(self, copy: Path, *, replace: bool = False) -> Restored:
        """Bring the ledger to where a copy ends; with ``replace``, whatever it has now is set aside."""
        ...
