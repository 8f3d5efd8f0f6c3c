"""The tables of the settings that say how an account is traded: what, when, through whom, at which limits."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import Self

from pydantic import Field, model_validator

from strikewise.bootstrap.documents import Table
from strikewise.engine.answering import Answering
from strikewise.engine.lookout import Vigilance
from strikewise.engine.patience import Patience
from strikewise.engine.schedule import Cadence
from strikewise.engine.spec import WEEKDAYS
from strikewise.execution.ladder import Ladder
from strikewise.execution.ticks import TickSizes

__all__ = ["BrokerName", "BrokerTable", "Mode", "OrdersTable", "RunTable", "ScheduleTable"]


class Mode(StrEnum):
    """Whose money it is."""

    PAPER = "paper"
    """Nobody's."""
    LIVE = "live"
    """The account's: asked for here, and again on the command line."""


class BrokerName(StrEnum):
    """Who fills orders."""

    SIMULATED = "simulated"
    """strikewise itself, on the quotes that arrive."""
    ALPACA = "alpaca"
    """Alpaca: its paper account, or with the mode ``live`` the real one."""


class RunTable(Table):
    """What `strikewise run` trades."""

    mode: Mode = Mode.PAPER
    underlyings: tuple[str, ...] = ()
    strategies: tuple[str, ...] = ("credit_spread", "iron_condor")
    feed: str = "cboe"
    entry: tuple[str, ...] = WEEKDAYS
    strategy_failures: int = Field(default=3, ge=1)
    failures: int = Field(default=5, ge=1)
    stale_minutes: int = Field(default=25, ge=0)
    skew_warns_seconds: float = 2.0
    skew_halts_seconds: float = 30.0
    silent_minutes: int = Field(default=5, ge=0)
    ask_first: bool = False
    answer_minutes: int = Field(default=30, ge=1)
    answer_slip: float = Field(default=0.25, ge=0, le=1)

    def answering(self) -> Answering:
        """Return how people answer signals."""
        return Answering(self.ask_first, timedelta(minutes=self.answer_minutes), self.answer_slip)

    def patience(self) -> Patience:
        """Return how much of a strategy is put up with."""
        return Patience(failures=self.strategy_failures)

    def vigilance(self) -> Vigilance:
        """Return what counts as trouble."""
        return Vigilance(
            stale=60 * self.stale_minutes,
            skew_warns=self.skew_warns_seconds,
            skew_halts=self.skew_halts_seconds,
            silent=60 * self.silent_minutes,
        )

    @model_validator(mode="after")
    def _hold_together(self) -> Self:
        self.vigilance()
        self.answering()
        return self


class ScheduleTable(Table):
    """What `strikewise run` does when."""

    scan_minutes: int = 15
    manage_seconds: int = 60
    outside_minutes: int = 60
    reconcile_seconds: int = 60
    before_open_minutes: int = 15
    after_close_minutes: int = 5
    cutoff_minutes: int = 60
    no_entries_minutes: int = 15

    def frozen(self, *, recorded: bool = False) -> Cadence:
        """Return the cadence; over a recorded market its closing quotes are traded on too.

        There the broker is simulated in this process: comparing with it by the quarter of an hour will do.
        """
        return Cadence(
            scan=60 * self.scan_minutes,
            manage=self.manage_seconds,
            outside=60 * self.outside_minutes,
            reconcile=max(self.reconcile_seconds, 15 * 60) if recorded else self.reconcile_seconds,
            before_open=60 * self.before_open_minutes,
            after_close=60 * self.after_close_minutes,
            cutoff=60 * self.cutoff_minutes,
            no_entries=60 * self.no_entries_minutes,
            at_close=recorded,
        )

    @model_validator(mode="after")
    def _hold_together(self) -> Self:
        self.frozen()
        return self


class OrdersTable(Table):
    """How orders are worked between mid and touch."""

    ladder: bool = True
    steps: int = 4
    seconds: int = 15
    from_mid: float = 0.0
    to_touch: float = 1.0
    urgent_steps: int = 2
    through: float = 0.5
    market: bool = True
    penny: tuple[str, ...] = ()

    def frozen(self) -> Ladder | None:
        """Return the ladder; None where orders rest at the limit they are decided upon with."""
        made = Ladder(
            self.steps,
            self.seconds,
            self.from_mid,
            self.to_touch,
            self.urgent_steps,
            self.through,
            self.market,
            TickSizes(penny=frozenset(self.penny)),
        )
        return made if self.ladder else None

    @model_validator(mode="after")
    def _hold_together(self) -> Self:
        self.frozen()
        return self


class BrokerTable(Table):
    """Through whom orders go."""

    name: BrokerName = BrokerName.SIMULATED
    account_id: str = ""
    url: str = ""
    stream_url: str = ""
    data_url: str = "https://data.alpaca.markets"
    options_feed: str = "indicative"
    stocks_feed: str = "iex"
