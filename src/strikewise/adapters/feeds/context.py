"""What an importer works with: the change in progress, the calendar, and the market data already known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from strikewise.adapters.feeds.conditions import Conditions
from strikewise.adapters.feeds.report import Tally
from strikewise.adapters.feeds.tables import Sample
from strikewise.adapters.store.chain_store import ChainStore
from strikewise.adapters.store.market_store import MarketStore, StoreSource, check_symbol
from strikewise.adapters.store.staging import Staging
from strikewise.domain.errors import ImportRefusedError, StoreError
from strikewise.market.calendar import SessionCalendar

__all__ = ["Format", "ImportContext", "storable"]


def storable(file: Path, symbol: str, column: str | None = None) -> str:
    """Return a symbol that a file names, or refuse the file."""
    try:
        return check_symbol(symbol)
    except StoreError as error:
        raise ImportRefusedError(file, str(error), column=column) from error


class ImportContext:
    """One import.

    Parameters
    ----------
    chains : ChainStore
        Where chains go.
    staging : Staging
        The change everything written belongs to.
    calendar : SessionCalendar
        Sessions, for the instants of end-of-day data.
    underlying : str or None
        The symbol, for files that do not say it.
    """

    def __init__(
        self, chains: ChainStore, staging: Staging, calendar: SessionCalendar, underlying: str | None
    ) -> None:
        self.chains, self.staging, self.calendar, self.underlying = chains, staging, calendar, underlying
        self.tally = Tally()

    @cached_property
    def market(self) -> MarketStore:
        """Bars, series and dividends as they will be once this import is in place."""
        return MarketStore(self.staging.home, self.staging)

    @cached_property
    def conditions(self) -> Conditions:
        """What was known when a chain was taken.

        Asked for by chain importers only, which come after those that write what it reads.
        """
        return Conditions(StoreSource(self.chains, self.market), self.calendar)


@dataclass(frozen=True, slots=True)
class Format:
    """One vendor's file format.

    Attributes
    ----------
    name : str
        Name for ``format=`` and for reports.
    rank : int
        Order of import within a folder: chains come last, because rates and dividends help to read them.
    recognises : callable
        Whether a file, by its sample, is of this format.
    load : callable
        Import one file.
    """

    name: str
    rank: int
    recognises: Callable[[Sample], bool]
    load: Callable[[Path, ImportContext], None]
