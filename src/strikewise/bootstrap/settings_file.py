"""The settings file, as a person edits it from afar: shown without passwords, checked, and replaced."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from strikewise.bootstrap.build import build_system
from strikewise.bootstrap.configuration import SETTINGS_TEMPLATE, Settings
from strikewise.bootstrap.documents import check
from strikewise.bootstrap.operation import Mode
from strikewise.bootstrap.settings import settings_path
from strikewise.bootstrap.url_passwords import hidden, restored
from strikewise.domain.errors import SettingsError

__all__ = ["Change", "Checked", "SettingsFile", "changes_between"]

DANGEROUS = ("limits", "governor", "allocation", "account")
"""Tables in which a change may lose more, unless it is known that it cannot."""
OFF_AT_NOUGHT = ("position_loss",)
"""Beginnings of the names of bounds that are none at nought."""
SAFER_LOWER = (
    *OFF_AT_NOUGHT,
    "capital",
    "daily_loss",
    "day_drawdown",
    "errors",
    "loss_streak",
    "max_",
    "rejections",
    "repeated_losses",
    "strategy_drawdown",
)
"""Beginnings of the names of bounds that let less through the lower they are."""
SAFER_HIGHER = (
    "cool_down_hours",
    "error_minutes",
    "loss_streak_hours",
    "min_open_interest",
    "repeated_loss_minutes",
    "stopped_strikes_hours",
    "var_confidence",
)
"""Names of bounds that let less through the higher they are."""


@dataclass(frozen=True, slots=True)
class Change:
    """A setting that differs: its name, what it was and would be; ``dangerous`` where it may lose more."""

    name: str
    before: Any
    after: Any
    dangerous: bool


@dataclass(frozen=True, slots=True)
class Checked:
    """What a text would come to.

    Attributes
    ----------
    problems : tuple of str
        Why it cannot be used; empty where it can.
    changes : tuple of Change
        What would differ from what is in force.
    """

    problems: tuple[str, ...]
    changes: tuple[Change, ...]

    @property
    def dangerous(self) -> bool:
        """Whether it takes a password: real money, or limits that allow more."""
        return any(one.dangerous for one in self.changes)


class SettingsFile:
    """The settings of a home.

    Parameters
    ----------
    home : Path
        The data home.
    """

    def __init__(self, home: Path) -> None:
        self.home, self._path = home, settings_path(home)

    def text(self) -> str:
        """Return the file's text without passwords; a template where there is none."""
        return hidden(self._text())

    def digest(self) -> str:
        """Return what the file is now, for whoever wants to replace just that."""
        return sha256(self._text().encode()).hexdigest()

    def stamp(self) -> tuple[int, int, int] | None:
        """Return what changes whenever the file is written; None where there is none. It reads nothing."""
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino

    def values(self) -> dict[str, Any]:
        """Return every setting that is in force, without passwords."""
        return _shown(self._in_force())

    @staticmethod
    @cache
    def schema() -> dict[str, Any]:
        """Return the JSON schema of the settings."""
        return Settings.model_json_schema()

    def check(self, toml: str) -> Checked:
        """Return what a text would come to."""
        try:
            after = _settings(restored(toml, self._text()), "the settings")
            build_system(self.home, after)
        except SettingsError as error:
            return Checked((str(error),), ())
        return Checked((), changes_between(self._in_force(), after))

    def put(self, toml: str, digest: str) -> Checked:
        """Replace the file, keeping the one before beside it.

        Raises
        ------
        SettingsError
            If somebody changed it meanwhile, or it cannot be used.
        """
        if digest != self.digest():
            raise SettingsError("Somebody changed the settings meanwhile: read them again, then change them.")
        checked = self.check(toml)
        if checked.problems:
            raise SettingsError(" ".join(checked.problems))
        text, aside = restored(toml, self._text()), self._path.with_suffix(".toml.new")
        self.home.mkdir(parents=True, exist_ok=True)
        if self._path.exists():
            _write(self._path.with_suffix(".toml.before"), self._text())
        _write(aside, text)
        aside.replace(self._path)
        return checked

    def _in_force(self) -> Settings:
        """Return the settings; the defaults where a hand has broken the file, so that it can be mended."""
        try:
            return _settings(self._text(), str(self._path))
        except SettingsError:
            return Settings()

    def _text(self) -> str:
        try:
            return self._path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return SETTINGS_TEMPLATE


def _write(path: Path, text: str) -> None:
    """Write a file that from its first byte on only its owner reads."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb") as file:
        file.write(text.encode())
        file.flush()
        os.fsync(file.fileno())


def _settings(toml: str, where: str) -> Settings:
    try:
        document = tomllib.loads(toml)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{where}: this is not valid TOML: {error}.") from None
    return check(Settings, document, where)


def _shown(settings: Settings) -> dict[str, Any]:
    document: dict[str, Any] = settings.model_dump(mode="json")
    document["ledger"]["url"] = hidden(document["ledger"]["url"])
    return document


def changes_between(before: Settings, after: Settings) -> tuple[Change, ...]:
    """Return what differs between settings, by name and without passwords."""
    return tuple(_changes(_shown(before), _shown(after)))


def _changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Change]:
    was, is_ = dict(_flat(before)), dict(_flat(after))
    for name in sorted({*was, *is_}):
        old, new = was.get(name), is_.get(name)
        if old != new:
            yield Change(name, old, new, _is_dangerous(name, old, new))


def _flat(values: Mapping[str, Any], name: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        path = f"{name}.{key}" if name else key
        if isinstance(value, Mapping):
            yield from _flat(value, path)
        else:
            yield path, value


def _is_dangerous(name: str, old: Any, new: Any) -> bool:
    """Return whether a change may lose more: real money, another broker, or a bound that is not stricter."""
    if name.startswith(("broker.", "run.mode")):
        return name != "run.mode" or new == Mode.LIVE.value
    if not name.startswith(tuple(f"{table}." for table in DANGEROUS)):
        return False
    key = name.rpartition(".")[2]
    was, will = _number(key, old), _number(key, new)
    if was is None or will is None or was == will:
        return True
    if key in SAFER_HIGHER:
        return will < was
    return will > was or not key.startswith(SAFER_LOWER)


def _number(key: str, value: Any) -> float | None:
    """Return a bound as a number; one that is off at nought is endless there."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float("inf") if key.startswith(OFF_AT_NOUGHT) and not value else float(value)
