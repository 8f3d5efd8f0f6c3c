"""Put the parts of an installation together: the only place that chooses adapters."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from strikewise.adapters.data_home import DataHome
from strikewise.adapters.halt_file import HaltFile
from strikewise.adapters.heartbeat_file import HeartbeatFile
from strikewise.adapters.picture_file import PictureFile
from strikewise.adapters.store.checkpoint import CHECKPOINT_FILE, SqlCheckpoint
from strikewise.adapters.store.keeper import SqlLedgerKeeper
from strikewise.adapters.store.run_archive import FileRunArchive
from strikewise.adapters.store.sql_ledger import SqlLedger
from strikewise.bootstrap.configuration import Settings, load_settings
from strikewise.bootstrap.documents import told_of
from strikewise.bootstrap.feeds import arriving
from strikewise.bootstrap.settings import settings_path
from strikewise.bootstrap.trading import chosen_strategy
from strikewise.domain.errors import DataError, SettingsError
from strikewise.domain.money import to_cents
from strikewise.engine.spec import StrategySpec
from strikewise.market.calendar import SessionCalendar
from strikewise.market.clock import Clock, SystemClock
from strikewise.market.source import MarketSource
from strikewise.portfolio.keeping import LedgerKeeper
from strikewise.service.system import System
from strikewise.strategy.registry import STRATEGIES

__all__ = ["PICTURE", "backup_folder", "build_keeper", "build_system", "ledger_url", "open_ledger"]

PICTURE = "picture.json"
"""What a home's account looked like at the latest tick."""
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


def build_system(home: Path, settings: Settings | None = None, *, place: Path | None = None) -> System:
    """Return the installation in a home.

    Parameters
    ----------
    home : Path
        Its data home; made when something is first written.
    settings : Settings, optional
        What is set; read from the home if not given.
    place : Path, optional
        The folder of a rehearsal, whose account is looked at instead of the home's.

    Raises
    ------
    SettingsError
        If the home's settings cannot be used.
    """
    chosen, at = load_settings(home) if settings is None else settings, place or home
    url = ledger_url(home, chosen) if place is None else f"sqlite:///{place / LEDGER}"
    calendar, clock = SessionCalendar(), SystemClock()
    data = DataHome(home, calendar)

    limits = chosen.limits.frozen()
    with told_of(str(settings_path(home))):
        limits.check(STRATEGIES)

    def opened(url: str) -> SqlLedger:
        home.mkdir(parents=True, exist_ok=True)
        return open_ledger(url, backup_folder(home))

    return System(
        home=home,
        account=chosen.account.name,
        capital_cents=to_cents(chosen.account.capital),
        limits=limits,
        strategies=_strategies(home, chosen),
        data=data,
        runs=FileRunArchive(home),
        ledger=lambda: opened(url),
        trials=lambda: opened(f"sqlite:///{home / TRIALS}"),
        feed=partial(_open_feed, settings=chosen, data=data, clock=clock, calendar=calendar),
        calendar=calendar,
        clock=clock,
        governor=chosen.governor.frozen(),
        answering=chosen.run.answering(),
        picture=PictureFile(at / PICTURE).read,
        halt=HaltFile(at),
        heartbeat=HeartbeatFile(at).read,
        checkpoint=partial(SqlCheckpoint, at / CHECKPOINT_FILE),
    )


def _strategies(home: Path, settings: Settings) -> tuple[StrategySpec, ...]:
    with told_of(str(settings_path(home))):
        unknown = sorted(set(settings.strategies) - set(STRATEGIES))
        if unknown:
            raise SettingsError(
                f"There is no strategy {', '.join(unknown)} to set parameters of; "
                f"known are: {', '.join(STRATEGIES)}."
            )
        return tuple(chosen_strategy(name, name, settings.strategies.get(name, {})) for name in STRATEGIES)


def _open_feed(
    name: str,
    underlyings: Sequence[str],
    settings: Settings,
    *,
    data: DataHome,
    clock: Clock,
    calendar: SessionCalendar,
) -> MarketSource:
    found = arriving(name, underlyings, settings, data=data, clock=clock, calendar=calendar)
    found.refresh()
    for problem in found.problems().values():
        raise DataError(problem)
    return found.source
