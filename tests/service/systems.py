"""An installation in memory: recorded data, kept runs and an account's ledger, without a file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from strikewise.bootstrap.trading import chosen_strategy
from strikewise.domain.chain import ChainTape
from strikewise.domain.errors import MissingDataError
from strikewise.domain.quotes import DailyBars, Series
from strikewise.market.calendar import SessionCalendar
from strikewise.market.clock import SimulatedClock
from strikewise.market.memory_source import MemorySource
from strikewise.market.source import MarketSource
from strikewise.portfolio.ledger import Fact, MemoryLedger
from strikewise.risk.limits import Limits
from strikewise.service.system import Progress, Report, System
from strikewise.strategy.registry import STRATEGIES

CALENDAR = SessionCalendar()


@dataclass
class StoredInMemory:
    """Data that are there from the beginning, and what was written since."""

    held: MarketSource = field(default_factory=MemorySource)
    imported: list[Path] = field(default_factory=list)

    def source(self) -> MarketSource:
        return self.held

    def import_path(
        self,
        path: Path,
        *,
        underlying: str | None = None,
        file_format: str | None = None,
        progress: Progress | None = None,
    ) -> Report:
        raise MissingDataError(f"{path} cannot be imported into memory.")

    def audit(self, underlyings: Sequence[str] | None = None) -> Sequence[Report]:
        return []

    def beside(self) -> Sequence[Report]:
        return []

    def digest(self, underlying: str, start: date, end: date) -> str:
        return f"{underlying} {start} {end}"

    def write(
        self, tapes: Iterator[ChainTape], *, bars: Sequence[DailyBars] = (), series: Sequence[Series] = ()
    ) -> int:
        made = list(tapes)
        self.held = MemorySource(made, bars=bars, series=series)
        return sum(len(tape.columns.key) for tape in made)


class RunsInMemory:
    """Runs that are kept as long as the program."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[Mapping[str, object], list[Fact]]] = {}

    def save(self, fingerprint: str, result: Mapping[str, object], facts: Sequence[Fact]) -> Path:
        self._kept.pop(fingerprint, None)
        self._kept[fingerprint] = (result, list(facts))
        return Path("memory") / fingerprint

    def fingerprints(self) -> list[str]:
        return list(reversed(self._kept))

    def result(self, fingerprint: str) -> Mapping[str, object]:
        return self._kept[self._whole(fingerprint)][0]

    def facts(self, fingerprint: str) -> list[Fact]:
        return self._kept[self._whole(fingerprint)][1]

    def _whole(self, beginning: str) -> str:
        found = [name for name in self._kept if name.startswith(beginning)]
        if len(found) != 1:
            raise MissingDataError(f"No run begins with {beginning!r}.")
        return found[0]


def system_of(
    source: MarketSource,
    *,
    account: MemoryLedger | None = None,
    parameters: Mapping[str, Mapping[str, Any]] | None = None,
    **changes: Any,
) -> System:
    """Put an installation together over a market."""
    written = MemoryLedger() if account is None else account
    counted = MemoryLedger()

    @contextmanager
    def ledger() -> Iterator[MemoryLedger]:
        yield written

    @contextmanager
    def trials() -> Iterator[MemoryLedger]:
        yield counted

    def feed(name: str, underlyings: Sequence[str]) -> MarketSource:
        raise MissingDataError(f"There is no feed {name!r}.")

    chosen = parameters or {}
    parts: dict[str, Any] = {
        "home": Path("memory"),
        "account": "main",
        "capital_cents": 100_000_000,
        "limits": Limits(),
        "strategies": tuple(chosen_strategy(name, name, chosen.get(name, {})) for name in STRATEGIES),
        "data": StoredInMemory(source),
        "runs": RunsInMemory(),
        "ledger": ledger,
        "trials": trials,
        "feed": feed,
        "calendar": CALENDAR,
        "clock": SimulatedClock(datetime(2026, 1, 1, tzinfo=UTC)),
    }
    return System(**{**parts, **changes})
