"""What may be asked of an account's ledger itself, and told to it: is it whole, copy it, put a copy back."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from strikewise.domain.errors import LedgerError
from strikewise.portfolio.keeping import LedgerKeeper
from strikewise.portfolio.lease import Lease, holder_words
from strikewise.portfolio.ledger import Head

__all__ = ["back_up_ledger", "ledger_info", "restore_ledger", "verify_ledger_or_copy"]


def ledger_info(keeper: LedgerKeeper) -> dict[str, Any]:
    """Return what is known of the ledger without reading it, in the documented JSON form.

    Raises
    ------
    LedgerError
        If it cannot be opened.
    """
    found = keeper.info()
    return {
        "where": found.where,
        "revision": found.revision,
        **_end(found.end),
        "first_at": None if found.first_at is None else found.first_at.isoformat(),
        "last_at": None if found.last_at is None else found.last_at.isoformat(),
        "bytes": found.size_bytes,
        "leases": [_lease(lease, found.as_of) for lease in found.leases],
        "backups": str(found.backups),
    }


def verify_ledger_or_copy(keeper: LedgerKeeper, copy: Path | None, noted: str = "") -> dict[str, Any]:
    """Check every hash of the ledger or of a copy, and that it still has a fact that somebody noted.

    Parameters
    ----------
    keeper : LedgerKeeper
        Of the ledger.
    copy : Path or None
        A backup to check instead.
    noted : str
        ``NUMBER:HASH`` of an end that was printed before; empty where none was noted.

    Raises
    ------
    LedgerError
        If it is damaged, does not have that fact, or what was noted is no end of a ledger.
    """
    number, colon, digest = noted.partition(":")
    if noted and not (colon and number.isdigit() and digest):
        raise LedgerError(f"What was noted must be NUMBER:HASH; was {noted!r}: copy what `info` prints.")
    before = Head(int(number), digest) if noted else None
    return _end(keeper.verify(copy, before))


def back_up_ledger(keeper: LedgerKeeper, path: Path | None) -> dict[str, Any]:
    """Copy the ledger while it is read and written, and return where the copy is and where it ends.

    Raises
    ------
    LedgerError
        If there is a file of that name, or the ledger is damaged.
    """
    made = keeper.backup(path)
    return {"path": str(made.path), **_end(made.end)}


def restore_ledger(keeper: LedgerKeeper, copy: Path, *, replace: bool) -> dict[str, Any]:
    """Bring the ledger to where a copy ends, and return what that changed.

    Raises
    ------
    LedgerError
        If the copy is damaged, a process trades the account, or the ledger has more or other facts and may
        not be replaced.
    """
    done = keeper.restore(copy, replace=replace)
    return {**_end(done.end), "added": done.added, "aside": None if done.aside is None else str(done.aside)}


def _end(end: Head) -> dict[str, Any]:
    return {"facts": end.seq, "hash": end.hash}


def _lease(lease: Lease, now: datetime) -> dict[str, Any]:
    return {
        "account": lease.account,
        "holder": holder_words(lease.holder),
        "since": lease.taken_at.isoformat(),
        "until": lease.until.isoformat(),
        "held": lease.holds(now),
    }
