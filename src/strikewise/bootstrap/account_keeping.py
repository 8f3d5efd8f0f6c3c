"""What whoever writes an account's decisions must have: the lease on it, and its ledger."""

from __future__ import annotations

from pathlib import Path

from strikewise.adapters.process_identity import is_gone, this_process
from strikewise.adapters.store.emergency import EmergencyJournal
from strikewise.adapters.store.resilient_ledger import ResilientLedger
from strikewise.bootstrap.ledgers import backup_folder, open_ledger
from strikewise.engine.tenure import Tenure
from strikewise.market.clock import PacedClock
from strikewise.portfolio.lease import Leases

__all__ = ["JOURNAL", "account_ledger", "taken_lease"]

LEASE_SECONDS = 30.0
JOURNAL = "emergency.journal"


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


def account_ledger(url: str, place: Path) -> ResilientLedger:
    """Open a ledger, its last facts examined, with a journal beside it for exits while it fails."""
    ledger = open_ledger(url, backup_folder(place))
    try:
        ledger.examine()
        return ResilientLedger(ledger, EmergencyJournal(place / JOURNAL))
    except BaseException:
        ledger.close()
        raise
