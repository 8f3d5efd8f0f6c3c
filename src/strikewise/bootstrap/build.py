"""Put the parts of an installation together: the only place that chooses adapters."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from strikewise.adapters.halt_file import HaltFile
from strikewise.adapters.heartbeat_file import HeartbeatFile
from strikewise.adapters.picture_file import PICTURE, PictureFile
from strikewise.adapters.store.checkpoint import CHECKPOINT_FILE, SqlCheckpoint
from strikewise.bootstrap.configuration import Settings, load_settings
from strikewise.bootstrap.documents import told_of
from strikewise.bootstrap.late import late, late_call
from strikewise.bootstrap.settings import settings_path
from strikewise.bootstrap.trading import chosen_strategy
from strikewise.domain.errors import SettingsError
from strikewise.domain.money import to_cents
from strikewise.engine.spec import StrategySpec
from strikewise.market.calendar import SessionCalendar
from strikewise.market.clock import SystemClock
from strikewise.service.system import DataStore, System
from strikewise.strategy.registry import STRATEGIES

__all__ = ["build_system"]


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
    calendar, clock = SessionCalendar(), SystemClock()
    data: DataStore = late("strikewise.adapters.data_home:DataHome", home, calendar)

    limits = chosen.limits.frozen()
    with told_of(str(settings_path(home))):
        limits.check(STRATEGIES)

    return System(
        home=home,
        account=chosen.account.name,
        capital_cents=to_cents(chosen.account.capital),
        limits=limits,
        strategies=_strategies(home, chosen),
        data=data,
        runs=late("strikewise.adapters.store.run_archive:FileRunArchive", home),
        ledger=late_call("strikewise.bootstrap.ledgers:open_account", home, chosen, place),
        trials=late_call("strikewise.bootstrap.ledgers:open_trials", home),
        feed=late_call("strikewise.bootstrap.feeds:open_feed", chosen, data, clock, calendar),
        calendar=calendar,
        clock=clock,
        governor=chosen.governor.frozen(),
        answering=chosen.run.answering(),
        picture=PictureFile(at / PICTURE).read,
        halt=HaltFile(at),
        heartbeat=HeartbeatFile(at).read,
        checkpoint=partial(SqlCheckpoint, at / CHECKPOINT_FILE),
        rules_of=late_call("strikewise.bootstrap.spec_file:rules_in", chosen.governor),
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
