"""The port behind every market view: where chains, bars, series and calendars come from."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from strikewise.domain.chain import OptionChain
from strikewise.domain.quotes import CalendarEvent, DailyBars, Dividend, Series, Split


class MarketSource(Protocol):
    """Recorded or arriving market data.

    A source may hold the future; a `MarketView` hides it. Every datum carries the instant it was known.
    """

    def underlyings(self) -> Sequence[str]:
        """Return the symbols that have option chains, sorted."""
        ...

    def snapshots(self, underlying: str) -> NDArray[np.int64]:
        """Return the instants (Unix seconds, ascending) of an underlying's chains."""
        ...

    def chain(self, underlying: str, as_of: datetime) -> OptionChain | None:
        """Return the latest chain taken at or before an instant, or None where there is none."""
        ...

    def symbols(self) -> Sequence[str]:
        """Return the symbols that have daily bars, sorted."""
        ...

    def bars(self, symbol: str) -> DailyBars | None:
        """Return all daily bars of a symbol, or None where there are none."""
        ...

    def series(self, name: str) -> Series | None:
        """Return a whole index or rate series, or None where there is none."""
        ...

    def dividends(self, symbol: str) -> Sequence[Dividend]:
        """Return the cash dividends of a symbol, by ex-date."""
        ...

    def splits(self, symbol: str) -> Sequence[Split]:
        """Return the splits of a symbol, by ex-date."""
        ...

    def calendar_events(self) -> Sequence[CalendarEvent]:
        """Return scheduled events (FOMC, CPI, NFP, earnings…), by day."""
        ...
