"""The settings' file, looked at while a process trades: what it may take up in flight, and what not."""

from __future__ import annotations

from pathlib import Path

from strikewise.bootstrap.configuration import Settings, load_settings
from strikewise.bootstrap.parts import run_spec
from strikewise.bootstrap.settings_file import SettingsFile, changes_between
from strikewise.domain.errors import StrikewiseError
from strikewise.engine.reloading import Looked, NewSettings, RefusedSettings

__all__ = ["IN_FLIGHT", "SettingsWatch", "needs_restart"]

IN_FLIGHT = (
    "alerts.",
    "allocation.",
    "governor.",
    "limits.",
    "run.answer",
    "run.ask_first",
    "run.entry",
    "run.silent_minutes",
    "run.skew_",
    "run.stale_minutes",
    "run.strategy_failures",
    "schedule.",
    "strategies.",
    "telegram.",
)
"""Beginnings of the names of settings that a process takes up while it runs; those of alerts are taken up by
the process that tells people. The others say whose money it is, through whom, and with what data."""

TABLES = tuple(name.removesuffix(".") for name in IN_FLIGHT if name.endswith("."))


def needs_restart(name: str) -> bool:
    """Return whether a setting counts from the next start of the process that trades."""
    return not name.startswith(IN_FLIGHT)


class SettingsWatch:
    """Looks at a home's settings again and again.

    Parameters
    ----------
    home : Path
        The data home.
    settings : Settings
        Those that the process began with.
    digest : str
        Of the file that they stood in.
    """

    def __init__(self, home: Path, settings: Settings, digest: str) -> None:
        self._home, self._in_force, self._seen = home, settings, digest
        self._file = SettingsFile(home)
        self._stamp: tuple[int, int, int] | None = None

    def look(self) -> Looked:
        """Return settings that were saved since the last look, or why they cannot be used; else None."""
        stamp = self._file.stamp()
        if stamp == self._stamp:
            return None
        self._stamp, digest = stamp, self._file.digest()
        if digest == self._seen:
            return None
        self._seen = digest
        try:
            return self._found(load_settings(self._home), digest)
        except StrikewiseError as error:
            return RefusedSettings(digest, str(error))

    def _found(self, saved: Settings, digest: str) -> NewSettings:
        differs = changes_between(self._in_force, saved)
        used = _taken_up(self._in_force, saved)
        run = used.run
        new = NewSettings(
            digest,
            run_spec(used, None),
            used.governor.frozen(),
            run.patience(),
            run.answering(),
            run.vigilance(),
            used.schedule.frozen(),
            {one.name: [one.before, one.after] for one in differs if not needs_restart(one.name)},
            tuple(one.name for one in differs if needs_restart(one.name)),
        )
        self._in_force = used
        return new


def _taken_up(in_force: Settings, saved: Settings) -> Settings:
    """Return the settings in force with what may change in flight as it was saved."""
    names = type(saved.run).model_fields
    run = {name: getattr(saved.run, name) for name in names if not needs_restart(f"run.{name}")}
    tables = {name: getattr(saved, name) for name in TABLES}
    return in_force.model_copy(update={**tables, "run": in_force.run.model_copy(update=run)})
