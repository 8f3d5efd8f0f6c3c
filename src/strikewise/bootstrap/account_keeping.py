"""What whoever writes an account's decisions must have: the lease on it, and its ledger."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from strikewise.adapters.process_identity import is_gone, this_process
from strikewise.adapters.store.emergency import EmergencyJournal
from strikewise.adapters.store.resilient_ledger import ResilientLedger
from strikewise.bootstrap.configuration import Settings
from strikewise.bootstrap.ledgers import backup_folder, open_ledger
from strikewise.domain.errors import SettingsError
from strikewise.domain.events import RunStarted
from strikewise.engine.tenure import Tenure
from strikewise.market.clock import PacedClock
from strikewise.portfolio.lease import Leases
from strikewise.portfolio.ledger import Ledger, Wanted

__all__ = ["JOURNAL", "account_ledger", "refuse_another_account", "taken_lease"]

LEASE_SECONDS = 30.0
JOURNAL = "emergency.journal"
LOOK_BACK = 100
"""Starts of a process that are looked at for one which says whose account it traded."""
WHOSE = (("broker", "name"), ("run", "mode"), ("broker", "account_id"))
"""What says whose account it is: tables and names of settings."""


def taken_lease(leases: Leases, account: str, url: str, clock: PacedClock) -> Tenure:
    """Take the lease on an account; that of a process which is certainly dead counts as run out.

    Raises
    ------
    SettingsError
        If another process has it; the message says which.
    """
    in_a_file = url.startswith("sqlite")
    tenure = Tenure(leases, account, this_process(), clock, seconds=LEASE_SECONDS, alone=in_a_file)
    held = leases.holder(account)
    tenure.take(instead_of=held.holder if held is not None and is_gone(held.holder) else "")
    return tenure


def account_ledger(url: str, place: Path, settings: Settings | None) -> ResilientLedger:
    """Open a ledger, its last facts examined, with a journal beside it for exits while it fails.

    Parameters
    ----------
    url : str
        Its address.
    place : Path
        The folder of its journal and copies.
    settings : Settings or None
        Those of the account that it has to be of; None where the past is replayed.

    Raises
    ------
    LedgerError
        If it is damaged.
    SettingsError
        If it is another account's.
    """
    ledger = open_ledger(url, backup_folder(place))
    try:
        ledger.examine()
        if settings is not None:
            refuse_another_account(ledger, settings)
        return ResilientLedger(ledger, EmergencyJournal(place / JOURNAL))
    except BaseException:
        ledger.close()
        raise


def refuse_another_account(ledger: Ledger, settings: Settings) -> None:
    """Make sure that a ledger's facts are of the account that the settings name.

    Raises
    ------
    SettingsError
        If it was traded through another broker, with other money, or at another account there.
    """
    now = settings.model_dump(mode="json", include={"broker", "run"})
    for fact in ledger.find(Wanted(kinds=(RunStarted.__name__,)), LOOK_BACK, newest=True):
        before = fact.event.spec if isinstance(fact.event, RunStarted) else {}
        if "broker" not in before:
            continue  # a specification was traded: it does not say through whom
        for table, name in WHOSE:
            was, wanted = _said(before, table, name), _said(now, table, name)
            if was and wanted and was != wanted:
                raise SettingsError(
                    f"The ledger is that of an account with {name} = {was!r} under [{table}], and the "
                    f"settings say {wanted!r} now: give each account a ledger of its own, by another `url` "
                    "under [ledger], or a home of its own."
                )
        return


def _said(document: Mapping[str, object], table: str, name: str) -> str:
    found = document.get(table)
    return str(found.get(name, "")) if isinstance(found, Mapping) else ""
