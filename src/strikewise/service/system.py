"""The parts of an installation, put together once by the bootstrap and handed to commands and queries."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from strikewise.domain.chain import ChainTape
from strikewise.domain.events import RunStarted
from strikewise.domain.quotes import DailyBars, Series
from strikewise.engine.answering import Answering
from strikewise.engine.spec import StrategySpec
from strikewise.execution.halt_flag import HaltFlag, Raised
from strikewise.execution.heartbeat import Heartbeat
from strikewise.market.calendar import SessionCalendar
from strikewise.market.clock import Clock
from strikewise.market.source import MarketSource
from strikewise.portfolio.controls import ControlState
from strikewise.portfolio.ledger import Fact, Ledger
from strikewise.portfolio.picture import Picture
from strikewise.portfolio.reading import Checkpoint, NoCheckpoint
from strikewise.risk.governor import Governor
from strikewise.risk.limits import Limits

Progress = Callable[[str, int, int], None]
"""Called with what is done, how much of it is done, and how much there is (0 where unknown)."""


class Report(Protocol):
    """What a piece of work came to, ready for a table or for JSON."""

    def as_dict(self) -> dict[str, Any]:
        """Return plain values."""
        ...


class DataStore(Protocol):
    """Where recorded market data are kept."""

    def source(self) -> MarketSource:
        """Return what is stored, as a source."""
        ...

    def import_path(
        self,
        path: Path,
        *,
        underlying: str | None = None,
        file_format: str | None = None,
        progress: Progress | None = None,
    ) -> Report:
        """Import a file or folder, all or nothing."""
        ...

    def audit(self, underlyings: Sequence[str] | None = None) -> Sequence[Report]:
        """Return what is stored of each underlying, and how sound it is."""
        ...

    def beside(self) -> Sequence[Report]:
        """Return what is stored beside chains: bars, series, dividends, splits and events, by name."""
        ...

    def digest(self, underlying: str, start: date, end: date) -> str:
        """Return a digest of all data that a run over an underlying and period reads."""
        ...

    def write(
        self, tapes: Iterator[ChainTape], *, bars: Sequence[DailyBars] = (), series: Sequence[Series] = ()
    ) -> int:
        """Write chains, bars and series; return the rows of chains written."""
        ...


class RunArchive(Protocol):
    """Where finished runs are kept: the facts, and what they came to."""

    def save(self, fingerprint: str, result: Mapping[str, object], facts: Sequence[Fact]) -> Path:
        """Keep a run; the same run again is the same folder."""
        ...

    def fingerprints(self) -> list[str]:
        """Return the runs kept, the latest first."""
        ...

    def result(self, fingerprint: str) -> Mapping[str, object]:
        """Return what a run came to; a unique beginning of the fingerprint is enough."""
        ...

    def facts(self, fingerprint: str) -> list[Fact]:
        """Return a run's facts; a unique beginning of the fingerprint is enough."""
        ...


def _no_picture() -> Picture | None:
    return None


def _no_heartbeat() -> Heartbeat | None:
    return None


class Rules(NamedTuple):
    """What an account is held to: the limits of a trade, and the governor's."""

    limits: Limits
    governor: Governor


def _of_settings(_: Mapping[str, Any]) -> Rules | None:
    """Take every run for one of the settings."""
    return None


class FlagInMemory:
    """A halt flag that only this program sees; implements `strikewise.execution.halt_flag.HaltFlag`."""

    def __init__(self) -> None:
        self._raised: Raised | None = None

    def read(self) -> Raised | None:
        """Return the flag where it is up."""
        return self._raised

    def hoist(self, raised: Raised) -> None:
        """Raise the flag."""
        self._raised = raised

    def clear(self) -> bool:
        """Take the flag down; return whether it was up."""
        was, self._raised = self._raised, None
        return was is not None


@dataclass(frozen=True, slots=True)
class System:
    """An installation.

    Attributes
    ----------
    home : Path
        Where its data are.
    account, capital_cents
        The account that scans are sized for.
    limits : Limits
        What the gate enforces in scans.
    strategies : tuple of StrategySpec
        What scans ask, with the settings' parameters.
    data : DataStore
        Recorded market data.
    runs : RunArchive
        Finished runs.
    ledger : callable
        Opens the account's ledger.
    trials : callable
        Opens the ledger of everything ever tried on the past: many programs write it, and none shortens it.
    feed : callable
        Opens a feed by name for some underlyings, where a person opted in.
    calendar : SessionCalendar
        The sessions.
    clock : Clock
        The time.
    picture : callable
        Returns what the account looked like at the latest tick, if anybody keeps that.
    governor : Governor
        What the account as a whole must keep while it trades.
    answering : Answering
        How people answer the account's signals.
    halt : HaltFlag
        The flag that stops the account's process.
    heartbeat : callable
        Returns the latest heartbeat of the account's process, if it ever ran.
    checkpoint : callable
        Opens what keeps the ledger's state between programs, if anything does.
    rules_of : callable
        Returns what a run's document sets, where it is a specification with limits of its own; else None.
    """

    home: Path
    account: str
    capital_cents: int
    limits: Limits
    strategies: tuple[StrategySpec, ...]
    data: DataStore
    runs: RunArchive
    ledger: Callable[[], AbstractContextManager[Ledger]]
    trials: Callable[[], AbstractContextManager[Ledger]]
    feed: Callable[[str, Sequence[str]], MarketSource]
    calendar: SessionCalendar
    clock: Clock
    governor: Governor = field(default_factory=Governor)
    answering: Answering = field(default_factory=Answering)
    picture: Callable[[], Picture | None] = _no_picture
    halt: HaltFlag = field(default_factory=FlagInMemory)
    heartbeat: Callable[[], Heartbeat | None] = _no_heartbeat
    checkpoint: Callable[[], Checkpoint] = NoCheckpoint
    rules_of: Callable[[Mapping[str, Any]], Rules | None] = _of_settings

    def in_force(self, run: RunStarted | None, control: ControlState) -> Rules:
        """Return what the account is held to: by the specification its process trades by, else the settings.

        Parameters
        ----------
        run : RunStarted or None
            The beginning of the ledger's latest run.
        control : ControlState
            Says whether a process holds the ledger.
        """
        traded = self.rules_of(run.spec) if run is not None and control.holder else None
        return traded or Rules(self.limits, self.governor)

    def now(self) -> datetime:
        """Return the present instant."""
        return self.clock.now()
