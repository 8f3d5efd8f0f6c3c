"""Where the account of the demonstration is kept: the folder of a replay that still has days before it."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from pathlib import Path

from strikewise.bootstrap.ledgers import open_ledger

__all__ = ["demo_folder"]


def demo_folder(home: Path, last: date) -> Path:
    """Return the folder of the demonstration's replay, with a ledger in it.

    The replay that stopped on its way is gone on with; where it reached its end, a new one begins.

    Parameters
    ----------
    home : Path
        The demonstration's data home.
    last : date
        The replay's last day.

    Raises
    ------
    LedgerError
        If its ledger is damaged.
    """
    number = 1
    while _folder(home, number + 1).is_dir():
        number += 1
    if _goes_beyond(_folder(home, number), last):
        number += 1
        _goes_beyond(_folder(home, number), last)
    return _folder(home, number)


def _folder(home: Path, number: int) -> Path:
    return home / "rehearsals" / ("demo" if number == 1 else f"demo-{number}")


def _goes_beyond(place: Path, last: date) -> bool:
    """Return whether a replay's ledger, made where there is none, goes beyond a day."""
    place.mkdir(parents=True, exist_ok=True)
    midnight = datetime.combine(last, time.max, UTC)
    with open_ledger(f"sqlite:///{place / 'ledger.db'}") as ledger:
        return any(record.known_at > midnight for record in ledger.records())
