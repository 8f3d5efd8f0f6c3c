"""Where an installation is, and what its environment says: the only module that reads the environment.

It loads nothing else of the house, so that whoever has to stop trading need not wait for it.
"""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

from strikewise.domain.errors import SettingsError

__all__ = [
    "HOME_VARIABLE",
    "alpaca_key",
    "channel_address",
    "find_home",
    "known_secrets",
    "notify_socket",
    "settings_path",
    "telegram_token",
    "user_name",
]

HOME_VARIABLE = "STRIKEWISE_HOME"
ALPACA_VARIABLES = ("APCA_API_KEY_ID", "APCA_API_SECRET_KEY")
TELEGRAM_VARIABLE = "STRIKEWISE_TELEGRAM_TOKEN"
CHANNEL_VARIABLES = "STRIKEWISE_ALERTS_"
"""Beginnings of the names of those that hold a channel's address."""


def find_home(given: Path | None = None) -> Path:
    """Return the data home: the one given, else ``STRIKEWISE_HOME``, else the platform's user data folder.

    Raises
    ------
    SettingsError
        If there is a file of that name.
    """
    named = given or os.environ.get(HOME_VARIABLE)
    home = Path(named).expanduser() if named else Path(platformdirs.user_data_dir("strikewise"))
    if home.is_file():
        raise SettingsError(
            f"{home} is a file, a data home is a folder: choose another with --home or {HOME_VARIABLE}."
        )
    return home


def user_name() -> str:
    """Return the name under which a person's requests are written down: that of the login."""
    return next(
        (name for key in ("LOGNAME", "USER", "USERNAME") if (name := os.environ.get(key))), "somebody"
    )


def notify_socket() -> str:
    """Return where the service manager listens that started this process; empty where none did."""
    return os.environ.get("NOTIFY_SOCKET", "")


def alpaca_key() -> tuple[str, str]:
    """Return key and secret of an Alpaca account, from ``APCA_API_KEY_ID`` and ``APCA_API_SECRET_KEY``.

    Raises
    ------
    SettingsError
        If one is not set.
    """
    key, secret = (os.environ.get(name, "").strip() for name in ALPACA_VARIABLES)
    if not (key and secret):
        needed = " and ".join(ALPACA_VARIABLES)
        raise SettingsError(f"An Alpaca account needs {needed} in the environment: set both.")
    return key, secret


def known_secrets() -> list[str]:
    """Return the secrets that the environment holds, which no log may show."""
    names = (*ALPACA_VARIABLES, TELEGRAM_VARIABLE)
    return [
        told
        for name, value in os.environ.items()
        if (name in names or name.startswith(CHANNEL_VARIABLES)) and (told := value.strip())
    ]


def telegram_token(home: Path) -> str:
    """Return the token of the Telegram bot: ``STRIKEWISE_TELEGRAM_TOKEN``, else the file ``telegram_token``.

    Raises
    ------
    SettingsError
        If neither is there, or others may read the file.
    """
    return _secret(home, TELEGRAM_VARIABLE, "telegram_token", "The Telegram bot")


def channel_address(home: Path, name: str) -> str:
    """Return the address of an alerts' channel: ``STRIKEWISE_ALERTS_NAME``, else the file ``alerts_NAME``.

    Raises
    ------
    SettingsError
        If neither is there, or others may read the file.
    """
    return _secret(home, f"{CHANNEL_VARIABLES}{name.upper()}", f"alerts_{name}", f"The channel {name!r}")


def _secret(home: Path, variable: str, file: str, whose: str) -> str:
    """Return a secret of the environment, else of a file in the home's folder ``secrets``."""
    if told := os.environ.get(variable, "").strip():
        return told
    path = home / "secrets" / file
    try:
        if path.stat().st_mode & 0o077:
            raise SettingsError(f"{path} holds a secret and others may read it: run `chmod 600 {path}`.")
        told = path.read_text(encoding="utf-8").strip()
    except OSError:
        told = ""
    if not told:
        raise SettingsError(f"{whose} needs its secret: set {variable}, or write it to {path} (mode 600).")
    return told


def settings_path(home: Path) -> Path:
    """Return where a home's settings stand."""
    return home / "settings.toml"
