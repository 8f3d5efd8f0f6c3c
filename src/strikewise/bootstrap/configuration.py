"""The settings of an installation as a checked model: one TOML file in its home."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import Field, field_validator

from strikewise.adapters.feeds.addresses import CBOE_URL
from strikewise.bootstrap.alert_settings import AlertsTable, TelegramTable
from strikewise.bootstrap.documents import Table, check, read_toml
from strikewise.bootstrap.operation import BrokerTable, OrdersTable, RunTable, ScheduleTable
from strikewise.bootstrap.settings import settings_path
from strikewise.bootstrap.tracing import TracesTable
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

__all__ = ["SETTINGS_TEMPLATE", "Settings", "load_settings"]


class AccountTable(Table):
    """The account that scans are sized for and that trading will use."""

    name: str = "main"
    capital: float = Field(default=100_000.0, gt=0, le=MOST_CAPITAL)


class FeedsTable(Table):
    """Feeds that a person opts into."""

    cboe: bool = False
    cboe_seconds: int = Field(default=60, ge=60)
    cboe_url: str = CBOE_URL

    @field_validator("cboe_url")
    @classmethod
    def _names_the_symbol(cls, value: str) -> str:
        if not (value.startswith(("https://", "http://")) and value.count("{symbol}") == 1):
            raise ValueError("must be an address with {symbol} in it, such as https://…/{symbol}.json")
        if value.replace("{symbol}", "").count("{") or value.replace("{symbol}", "").count("}"):
            raise ValueError("must have no braces but those of {symbol}")
        return value


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
    traces: TracesTable = TracesTable()
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
