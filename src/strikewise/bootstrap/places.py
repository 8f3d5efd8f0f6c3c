"""Where a trading process keeps what it writes: an account in its home, a rehearsal anywhere but there."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from strikewise.bootstrap.configuration import Settings
from strikewise.bootstrap.ledgers import LEDGER, ledger_url
from strikewise.bootstrap.settings import settings_path
from strikewise.domain.errors import SettingsError

__all__ = ["rehearsal_place"]

REHEARSALS = "rehearsals"


def rehearsal_place(
    home: Path, settings: Settings, days: tuple[date, date], *, into: Path | None, ledger: str
) -> tuple[Path, str]:
    """Return the folder of a rehearsal and the address of its ledger.

    Parameters
    ----------
    home : Path
        The data home whose past is replayed.
    settings : Settings
        Its settings.
    days : (date, date)
        First and last session.
    into : Path or None
        The folder that was asked for; one that is not there yet if None.
    ledger : str
        The address that was asked for; a file in the folder if empty.

    Raises
    ------
    SettingsError
        If an account is kept there: what was rehearsed would count as its past.
    """
    place = _new(home, days) if into is None else into
    address = ledger or f"sqlite:///{place / LEDGER}"
    if place.resolve() == home.resolve() or settings_path(place).exists():
        raise SettingsError(
            f"{place} is a data home, and what is rehearsed must not count as its account's past: "
            "name another folder with --into, or none."
        )
    if address == ledger_url(home, settings):
        raise SettingsError(
            "The account's own facts are in this ledger, and what is rehearsed must not count as its past: "
            "name another one."
        )
    return place, address


def _new(home: Path, days: tuple[date, date]) -> Path:
    start, end = days
    first = home / REHEARSALS / f"{start.isoformat()}_{end.isoformat()}"
    number, place = 1, first
    while place.exists():
        number += 1
        place = first.with_name(f"{first.name}-{number}")
    return place
