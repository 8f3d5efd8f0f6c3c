"""The ledgers of a data home: where they are, and how they are opened and kept safe."""

from __future__ import annotations

from pathlib import Path

from strikewise.adapters.store.keeper import SqlLedgerKeeper
from strikewise.adapters.store.sql_ledger import SqlLedger
from strikewise.bootstrap.configuration import Settings, load_settings
from strikewise.market.clock import SystemClock
from strikewise.portfolio.keeping import LedgerKeeper

__all__ = [
    "LEDGER",
    "backup_folder",
    "build_keeper",
    "ledger_url",
    "open_account",
    "open_ledger",
    "open_trials",
]

LEDGER = "ledger.db"
"""The ledger's file, where no address names another database."""
TRIALS = "trials.db"
"""Where a home counts what was ever tried."""


def ledger_url(home: Path, settings: Settings) -> str:
    """Return the address of the account's ledger."""
    return settings.ledger.url or f"sqlite:///{home / LEDGER}"


def backup_folder(home: Path) -> Path:
    """Return where a home keeps copies of its ledger."""
    return home / "backups"


def build_keeper(home: Path) -> LedgerKeeper:
    """Return what keeps the account's ledger of a home safe."""
    home.mkdir(parents=True, exist_ok=True)
    return SqlLedgerKeeper(ledger_url(home, load_settings(home)), backup_folder(home), SystemClock())


def open_ledger(url: str, backups: Path | None = None) -> SqlLedger:
    """Open the ledger at a database's address, made or brought up to date; close it after use.

    Parameters
    ----------
    url : str
        The address.
    backups : Path, optional
        The folder for a copy of a ledger that is brought up to date.

    Raises
    ------
    LedgerError
        If the database cannot be reached, is newer than this strikewise, or is no ledger.
    """
    return SqlLedger(url, backups=backups)


def open_account(home: Path, settings: Settings, place: Path | None = None) -> SqlLedger:
    """Open the account's ledger of a home, or that of a rehearsal in a folder; errors as `open_ledger`."""
    url = ledger_url(home, settings) if place is None else f"sqlite:///{place / LEDGER}"
    home.mkdir(parents=True, exist_ok=True)
    return open_ledger(url, backup_folder(home))


def open_trials(home: Path) -> SqlLedger:
    """Open what counts everything ever tried in a home; errors as `open_ledger`."""
    home.mkdir(parents=True, exist_ok=True)
    return open_ledger(f"sqlite:///{home / TRIALS}", backup_folder(home))
