"""What ``doctor`` looks at: one function a check, each with a finding and what to do about it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from strikewise.apps.cli.extras import missing_extras
from strikewise.apps.figures import EXCHANGE
from strikewise.bootstrap.configuration import Settings, load_settings
from strikewise.bootstrap.settings import settings_path
from strikewise.bootstrap.surroundings import broker_seen, trader_seen
from strikewise.service.errors import StrikewiseError
from strikewise.service.health import (
    Condition,
    Level,
    broker_conditions,
    pricing_kernels,
    readiness,
    trader_conditions,
    verify_ledger,
)
from strikewise.service.queries import stored
from strikewise.service.system import System

__all__ = ["disk_condition", "examine", "examine_home"]

MEGABYTE = 1024**2
LITTLE_SPACE, NO_SPACE = 2_000, 200
"""Free megabytes below which there is a warning, and a failure."""
LEDGER_ADVICE = "strikewise ledger restore BACKUP; trade nothing before it is sound."
ROOM = "Make room: no order is sent that cannot be written down."
OLDEST_NOW = datetime(2026, 1, 1, tzinfo=UTC)
"""strikewise was written after this: a clock that shows less is wrong."""


def examine_home(home: Path) -> Iterator[Condition]:
    """Check what must hold before an installation can be opened."""
    yield _version()
    yield _time_zones()
    yield _writable(home)
    yield _disk(home)
    yield _settings(home)


def examine(system: System) -> Iterator[Condition]:
    """Check an installation: clock, ledger, who trades, the broker, store, what it computes with, extras."""
    yield _clock(system)
    ledger = _ledger(system)
    yield ledger
    if ledger.level is not Level.FAIL:
        yield from trader_conditions(trader_seen(system.home), system.now())
    if (broker := broker_seen(system.home)) is not None:
        yield from broker_conditions(broker)
    chains = _store(system)
    yield chains
    traded = load_settings(system.home).run.underlyings
    if traded and chains.level is not Level.FAIL:
        yield readiness(system, traded)
    yield _kernels()
    yield from _extras()


def _version() -> Condition:
    return Condition("strikewise", Level.OK, f"version {metadata.version('strikewise')}")


def _time_zones() -> Condition:
    try:
        offset = datetime(2026, 7, 1, 12, tzinfo=ZoneInfo("America/New_York")).utcoffset()
    except ZoneInfoNotFoundError:
        return Condition("time zones", Level.FAIL, "New York is unknown", "Install them: pip install tzdata")
    right = offset is not None and offset.total_seconds() == -4 * 3600
    found = "New York is known" if right else f"New York in July is {offset} off UTC, not -4 hours"
    return Condition(
        "time zones", Level.OK if right else Level.FAIL, found, "" if right else "Update tzdata."
    )


def _writable(home: Path) -> Condition:
    where = _nearest(home)
    try:
        with tempfile.TemporaryFile(dir=where):
            pass
    except OSError as error:
        advice = "Choose another with --home or STRIKEWISE_HOME."
        return Condition("data home", Level.FAIL, f"{home} cannot be written: {error.strerror}", advice)
    if not home.exists():
        return Condition("data home", Level.WARN, f"{home} is not there yet", "strikewise init")
    return Condition("data home", Level.OK, str(home))


def _disk(home: Path) -> Condition:
    return disk_condition(shutil.disk_usage(_nearest(home)).free)


def disk_condition(space: int) -> Condition:
    """Judge the space that is left, in bytes: the ledger must be able to grow."""
    free = space // MEGABYTE
    level = Level.OK if free >= LITTLE_SPACE else Level.WARN if free >= NO_SPACE else Level.FAIL
    return Condition("disk", level, f"{free:,} MB free", "" if level is Level.OK else ROOM)


def _nearest(home: Path) -> Path:
    """Return the home, or the nearest folder above it that is there."""
    return next(place for place in (home.absolute(), *home.absolute().parents) if place.is_dir())


def _settings(home: Path) -> Condition:
    path = settings_path(home)
    try:
        settings: Settings = load_settings(home)
        settings.limits.frozen()
    except StrikewiseError as error:
        return Condition("settings", Level.FAIL, str(error), f"Mend {path}.")
    return Condition("settings", Level.OK, f"{path} is sound" if path.exists() else "defaults")


def _clock(system: System) -> Condition:
    now = system.now()
    if now < OLDEST_NOW:
        return Condition("clock", Level.FAIL, f"it shows {now:%Y-%m-%d}", "Set the clock of this machine.")
    ahead: list[str] = []
    with suppress(StrikewiseError):  # what cannot be read is told where chains are
        ahead = [one.underlying for one in stored(system) if one.last > now]
    if ahead:
        found = f"it shows {now:%Y-%m-%d %H:%M} UTC, before the latest chain of {', '.join(ahead)}"
        return Condition("clock", Level.WARN, found, "Set the clock, or look where those chains came from.")
    return Condition("clock", Level.OK, f"{now:%Y-%m-%d %H:%M:%S} UTC")


def _ledger(system: System) -> Condition:
    try:
        facts = verify_ledger(system)
    except StrikewiseError as error:
        return Condition("ledger", Level.FAIL, str(error), LEDGER_ADVICE)
    return Condition(
        "ledger", Level.OK, f"{facts:,} facts, every hash holds" if facts else "opens; no facts yet"
    )


def _store(system: System) -> Condition:
    try:
        held = stored(system)
    except StrikewiseError as error:
        found, _, advice = str(error).rpartition(": ")
        return Condition("chains", Level.FAIL, found or str(error), advice)
    if not held:
        return Condition("chains", Level.WARN, "none are stored", "strikewise data import PATH")
    snapshots = sum(one.snapshots for one in held)
    latest = max(one.last for one in held).astimezone(EXCHANGE)
    return Condition(
        "chains", Level.OK, f"{snapshots:,} of {len(held)} underlyings, the latest {latest:%Y-%m-%d}"
    )


def _kernels() -> Condition:
    name, compiled = pricing_kernels()
    if compiled:
        return Condition("pricing", Level.OK, f"compiled ({name})")
    return Condition(
        "pricing", Level.WARN, f"not compiled ({name}): the same numbers, slower", "pip install numba"
    )


def _extras() -> Iterator[Condition]:
    for extra, lacking in missing_extras().items():
        if lacking:
            found = f"not installed: {', '.join(lacking)}"
            yield Condition(f"extra {extra}", Level.OK, found, f"pip install 'strikewise[{extra}]'")
        else:
            yield Condition(f"extra {extra}", Level.OK, "installed")
