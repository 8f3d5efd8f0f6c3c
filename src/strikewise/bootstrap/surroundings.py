"""Look at what an installation trades with, without trading: its process, its lease, its broker."""

from __future__ import annotations

from pathlib import Path

from strikewise.adapters.halt_file import HaltFile
from strikewise.adapters.heartbeat_file import HeartbeatFile
from strikewise.adapters.process_identity import is_gone
from strikewise.adapters.store.database import Database
from strikewise.adapters.store.leases import SqlLeases
from strikewise.bootstrap.account_keeping import JOURNAL
from strikewise.bootstrap.configuration import load_settings
from strikewise.bootstrap.ledgers import ledger_url
from strikewise.bootstrap.parts import alpaca_broker, run_spec, uses_alpaca
from strikewise.domain.errors import SettingsError
from strikewise.domain.orders import Unknown
from strikewise.market.clock import SystemClock
from strikewise.portfolio.ledger import MemoryLedger
from strikewise.service.health import BrokerSeen, TraderSeen

__all__ = ["broker_seen", "trader_seen"]


def trader_seen(home: Path) -> TraderSeen:
    """Look at the process that trades a home's account: lease, sign of life, halt flag, facts that wait.

    Raises
    ------
    LedgerError
        If the ledger's database cannot be opened.
    SettingsError
        If the settings cannot be used.
    """
    settings = load_settings(home)
    home.mkdir(parents=True, exist_ok=True)
    with Database(ledger_url(home, settings)) as database:
        lease = SqlLeases(database).holder(settings.account.name)
    return TraderSeen(
        lease=lease,
        gone=lease is not None and is_gone(lease.holder),
        heartbeat=HeartbeatFile(home).read(),
        raised=HaltFile(home).read(),
        waiting=_waiting(home / JOURNAL),
    )


def broker_seen(home: Path) -> BrokerSeen | None:
    """Ask the broker that the settings name for the account and its time; None where it is simulated here.

    Raises
    ------
    SettingsError
        If the settings cannot be used.
    """
    settings = load_settings(home)
    if not uses_alpaca(settings):
        return None
    name = settings.broker.name.value
    try:
        made = alpaca_broker(settings, run_spec(settings, None), MemoryLedger(), SystemClock())
    except SettingsError as error:
        return BrokerSeen(name, problem=str(error))
    broker = made.broker
    try:
        account = broker.account()
        if isinstance(account, Unknown):
            return BrokerSeen(name, problem=account.reason)
        vigilance = settings.run.vigilance()
        return BrokerSeen(
            name,
            account.value.account_id,
            account.value.restriction,
            skew_seconds=broker.health().skew_seconds,
            skew_warns=vigilance.skew_warns,
            skew_halts=vigilance.skew_halts,
        )
    finally:
        broker.close()


def _waiting(journal: Path) -> int:
    """Return how much of an emergency journal is written; what was set aside for it is zeros."""
    return len(journal.read_bytes().rstrip(b"\0")) if journal.exists() else 0
