"""What ``doctor`` looks at: one function a check, each with a finding and what to do about it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import StrEnum
from importlib import metadata
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from strikewise.apps.cli.extras import missing_extras
from strikewise.bootstrap.settings import Settings, load_settings, settings_path
from strikewise.service.errors import StrikewiseError
from strikewise.service.health import pricing_kernels, verify_ledger
from strikewise.service.queries import stored
from strikewise.service.system import System

__all__ = ["Finding", "Level", "examine", "examine_home"]

MEGABYTE = 1024**2
LITTLE_SPACE, NO_SPACE = 2_000, 200
"""Free megabytes below which there is a warning, and a failure."""
OLDEST_NOW = datetime(2026, 1, 1, tzinfo=UTC)
"""strikewise was written after this: a clock that shows less is wrong."""


class Level(StrEnum):
    """How a check ended."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found.

    Attributes
    ----------
    check : str
        What was looked at.
    level : Level
        How it is.
    found : str
        What was found.
    advice : str
        What to do; empty where nothing is to be done.
    """

    check: str
    level: Level
    found: str
    advice: str = ""

    def as_dict(self) -> dict[str, str]:
        """Return the JSON form."""
        return asdict(self)


def examine_home(home: Path) -> Iterator[Finding]:
    """Check what must hold before an installation can be opened."""
    yield _version()
    yield _time_zones()
    yield _writable(home)
    yield _disk(home)
    yield _settings(home)


def examine(system: System) -> Iterator[Finding]:
    """Check an installation: clock, ledger, store, what it computes with, and extras."""
    yield _clock(system)
    yield _ledger(system)
    yield _store(system)
    yield _kernels()
    yield from _extras()


def _version() -> Finding:
    return Finding("strikewise", Level.OK, f"version {metadata.version('strikewise')}")


def _time_zones() -> Finding:
    try:
        offset = datetime(2026, 7, 1, 12, tzinfo=ZoneInfo("America/New_York")).utcoffset()
    except ZoneInfoNotFoundError:
        return Finding("time zones", Level.FAIL, "New York is unknown", "Install them: pip install tzdata")
    right = offset is not None and offset.total_seconds() == -4 * 3600
    found = "New York is known" if right else f"New York in July is {offset} off UTC, not -4 hours"
    return Finding("time zones", Level.OK if right else Level.FAIL, found, "" if right else "Update tzdata.")


def _writable(home: Path) -> Finding:
    where = _nearest(home)
    try:
        with tempfile.TemporaryFile(dir=where):
            pass
    except OSError as error:
        advice = "Choose another with --home or STRIKEWISE_HOME."
        return Finding("data home", Level.FAIL, f"{home} cannot be written: {error.strerror}", advice)
    if not home.exists():
        return Finding("data home", Level.WARN, f"{home} is not there yet", "strikewise init")
    return Finding("data home", Level.OK, str(home))


def _disk(home: Path) -> Finding:
    free = shutil.disk_usage(_nearest(home)).free // MEGABYTE
    level = Level.OK if free >= LITTLE_SPACE else Level.WARN if free >= NO_SPACE else Level.FAIL
    return Finding("disk", level, f"{free:,} MB free", "" if level is Level.OK else "Make room for chains.")


def _nearest(home: Path) -> Path:
    """Return the home, or the nearest folder above it that is there."""
    return next(place for place in (home.absolute(), *home.absolute().parents) if place.is_dir())


def _settings(home: Path) -> Finding:
    path = settings_path(home)
    try:
        settings: Settings = load_settings(home)
        settings.limits.frozen()
    except StrikewiseError as error:
        return Finding("settings", Level.FAIL, str(error), f"Mend {path}.")
    return Finding("settings", Level.OK, f"{path} is sound" if path.exists() else "defaults")


def _clock(system: System) -> Finding:
    now = system.now()
    if now < OLDEST_NOW:
        return Finding("clock", Level.FAIL, f"it shows {now:%Y-%m-%d}", "Set the clock of this machine.")
    ahead = [one.underlying for one in stored(system) if one.last > now]
    if ahead:
        found = f"it shows {now:%Y-%m-%d %H:%M} UTC, before the latest chain of {', '.join(ahead)}"
        return Finding("clock", Level.WARN, found, "Set the clock, or look where those chains came from.")
    return Finding("clock", Level.OK, f"{now:%Y-%m-%d %H:%M:%S} UTC")


def _ledger(system: System) -> Finding:
    try:
        facts = verify_ledger(system)
    except StrikewiseError as error:
        return Finding("ledger", Level.FAIL, str(error), "Restore a backup, or name another in settings.")
    return Finding(
        "ledger", Level.OK, f"{facts:,} facts, every hash holds" if facts else "opens; no facts yet"
    )


def _store(system: System) -> Finding:
    held = stored(system)
    if not held:
        return Finding("chains", Level.WARN, "none are stored", "strikewise data import PATH")
    snapshots = sum(one.snapshots for one in held)
    latest = max(one.last for one in held)
    return Finding(
        "chains", Level.OK, f"{snapshots:,} of {len(held)} underlyings, the latest {latest:%Y-%m-%d}"
    )


def _kernels() -> Finding:
    name, compiled = pricing_kernels()
    if compiled:
        return Finding("pricing", Level.OK, f"compiled ({name})")
    return Finding(
        "pricing", Level.WARN, f"not compiled ({name}): the same numbers, slower", "pip install numba"
    )


def _extras() -> Iterator[Finding]:
    for extra, lacking in missing_extras().items():
        if lacking:
            found = f"not installed: {', '.join(lacking)}"
            yield Finding(f"extra {extra}", Level.OK, found, f"pip install 'strikewise[{extra}]'")
        else:
            yield Finding(f"extra {extra}", Level.OK, "installed")
