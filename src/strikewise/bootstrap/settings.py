"""Settings of an installation: one TOML file in its home; the only module that reads the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import platformdirs
from pydantic import Field

from strikewise.bootstrap.alert_settings import AlertsTable, TelegramTable
from strikewise.bootstrap.documents import Table, check, read_toml
from strikewise.bootstrap.operation import BrokerTable, OrdersTable, RunTable, ScheduleTable
from strikewise.bootstrap.trading import (
    MOST_CAPITAL,
    AllocationTable,
    ExerciseTable,
    FeesTable,
    FillsTable,
    FinancingTable,
    GovernorTable,
    LimitsTable,
)
from strikewise.domain.errors import SettingsError

__all__ = [
    "HOME_VARIABLE",
    "SETTINGS_TEMPLATE",
    "Settings",
    "alpaca_key",
    "channel_address",
    "find_home",
    "load_settings",
    "notify_socket",
    "settings_path",
    "telegram_token",
    "user_name",
]

HOME_VARIABLE = "STRIKEWISE_HOME"


class AccountTable(Table):
    """The account that scans are sized for and that trading will use."""

    name: str = "main"
    capital: float = Field(default=100_000.0, gt=0, le=MOST_CAPITAL)


class FeedsTable(Table):
    """Feeds that a person opts into."""

    cboe: bool = False
    cboe_seconds: int = Field(default=60, ge=60)


class LedgerTable(Table):
    """Where facts are kept; empty is an SQLite file in the home."""

    url: str = ""


class Settings(Table):
    """Everything that can be set; unknown keys are errors."""

    account: AccountTable = AccountTable()
    limits: LimitsTable = LimitsTable()
    governor: GovernorTable = GovernorTable()
    feeds: FeedsTable = FeedsTable()
    ledger: LedgerTable = LedgerTable()
    run: RunTable = RunTable()
    schedule: ScheduleTable = ScheduleTable()
    orders: OrdersTable = OrdersTable()
    broker: BrokerTable = BrokerTable()
    allocation: AllocationTable = AllocationTable()
    fills: FillsTable = FillsTable()
    fees: FeesTable = FeesTable()
    exercise: ExerciseTable = ExerciseTable()
    financing: FinancingTable = FinancingTable()
    alerts: AlertsTable = AlertsTable()
    telegram: TelegramTable = TelegramTable()
    strategies: dict[str, dict[str, bool | int | float | str]] = Field(default_factory=dict)


SETTINGS_TEMPLATE = """\
# Settings of strikewise. Every key is optional; `strikewise config show` prints what is in force.

[account]
name = "main"
capital = 100_000

# [limits]            # what the risk gate enforces, as fractions of equity or counts
# max_loss_per_trade = 0.02

# [governor]          # what the account as a whole must keep while it trades, in fractions of equity
# daily_loss = 0.02   # ends new risk for the day
# day_drawdown = 0.05 # closes everything

# [feeds]
# cboe = false        # delayed quotes; read Cboe's terms before you opt in

# [run]               # what `strikewise run` trades; on paper unless told otherwise
# underlyings = ["SPY", "QQQ"]
# strategies = ["credit_spread", "iron_condor"]
# feed = "cboe"

# [schedule]          # how often: scans by minutes in a session, exits by seconds
# scan_minutes = 15
# manage_seconds = 60

# [alerts]            # of what `strikewise alerts run` tells people, and when
# quiet = "22:00-07:00"

# [telegram]          # the token is read from STRIKEWISE_TELEGRAM_TOKEN
# chats = [123456789]
# users = [123456789]

# [strategies.credit_spread]   # parameters that scans use instead of the defaults
# short_delta_max = 0.15
"""


def find_home(given: Path | None = None) -> Path:
    """Return the data home: the one given, else ``STRIKEWISE_HOME``, else the platform's user data folder."""
    if given is not None:
        return given.expanduser()
    named = os.environ.get(HOME_VARIABLE)
    return Path(named).expanduser() if named else Path(platformdirs.user_data_dir("strikewise"))


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
    names = ("APCA_API_KEY_ID", "APCA_API_SECRET_KEY")
    key, secret = (os.environ.get(name, "").strip() for name in names)
    if not (key and secret):
        raise SettingsError(f"An Alpaca account needs {' and '.join(names)} in the environment: set both.")
    return key, secret


def telegram_token(home: Path) -> str:
    """Return the token of the Telegram bot: ``STRIKEWISE_TELEGRAM_TOKEN``, else the file ``telegram_token``.

    Raises
    ------
    SettingsError
        If neither is there, or others may read the file.
    """
    return _secret(home, "STRIKEWISE_TELEGRAM_TOKEN", "telegram_token", "The Telegram bot")


def channel_address(home: Path, name: str) -> str:
    """Return the address of an alerts' channel: ``STRIKEWISE_ALERTS_NAME``, else the file ``alerts_NAME``.

    Raises
    ------
    SettingsError
        If neither is there, or others may read the file.
    """
    return _secret(home, f"STRIKEWISE_ALERTS_{name.upper()}", f"alerts_{name}", f"The channel {name!r}")


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


def load_settings(home: Path, changes: Mapping[str, Any] | None = None) -> Settings:
    """Return the settings of a home; defaults where it has none.

    Raises
    ------
    SettingsError
        If the file is not TOML, or a key or value is wrong.
    """
    path = settings_path(home)
    document = read_toml(path) if path.exists() else {}
    return check(Settings, {**document, **(changes or {})}, str(path))
