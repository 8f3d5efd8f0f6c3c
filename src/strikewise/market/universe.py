"""A source seen through a universe: only the named underlyings have chains, all else stays known."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from strikewise.domain.chain import OptionChain
from strikewise.domain.errors import MissingDataError
from strikewise.domain.quotes import CalendarEvent, DailyBars, Dividend, Series, Split
from strikewise.market.source import MarketSource

__all__ = ["Universe"]


class Universe:
    """A `MarketSource` whose chains are those of some underlyings.

    Parameters
    ----------
    source : MarketSource
        The whole market.
    underlyings : sequence of str
        The symbols that may be traded.

    Raises
    ------
    MissingDataError
        If the source has no chains of one of them.
    """

    def __init__(self, source: MarketSource, underlyings: Sequence[str]) -> None:
        known = source.underlyings()
        missing = sorted(set(underlyings) - set(known))
        if missing:
            raise MissingDataError(
                f"There are no option chains of {', '.join(missing)}; there are chains of "
                f"{', '.join(known) or 'nothing'}: import some with `strikewise data import`."
            )
        self._source = source
        self._underlyings = tuple(sorted(set(underlyings)))

    def underlyings(self) -> Sequence[str]:
        """Return the universe, sorted."""
        return self._underlyings

    def snapshots(self, underlying: str) -> NDArray[np.int64]:
        """Return the instants of an underlying's chains; none outside the universe."""
        if underlying not in self._underlyings:
            return np.zeros(0, dtype=np.int64)
        return self._source.snapshots(underlying)

    def chain(self, underlying: str, as_of: datetime) -> OptionChain | None:
        """Return the latest chain at or before an instant; None outside the universe."""
        return self._source.chain(underlying, as_of) if underlying in self._underlyings else None

    def bars(self, symbol: str) -> DailyBars | None:
        """Return all daily bars of a symbol."""
        return self._source.bars(symbol)

    def series(self, name: str) -> Series | None:
        """Return a whole series."""
        return self._source.series(name)

    def dividends(self, symbol: str) -> Sequence[Dividend]:
        """Return the cash dividends of a symbol."""
        return self._source.dividends(symbol)

    def splits(self, symbol: str) -> Sequence[Split]:
        """Return the splits of a symbol."""
        return self._source.splits(symbol)

    def calendar_events(self) -> Sequence[CalendarEvent]:
        """Return scheduled events."""
        return self._source.calendar_events()
