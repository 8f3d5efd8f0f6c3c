"""A source seen through a universe: only what is named can be traded, all else stays known."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from strikewise.domain.chain import OptionChain
from strikewise.domain.errors import MissingDataError
from strikewise.domain.instruments import INDEX_ROOTS
from strikewise.domain.quotes import CalendarEvent, DailyBars, Dividend, Series, Split
from strikewise.market.source import MarketSource

__all__ = ["Universe"]


class Universe:
    """A `MarketSource` that trades some symbols: those with option chains, and those with daily bars alone.

    Parameters
    ----------
    source : MarketSource
        The whole market.
    underlyings : sequence of str
        The symbols that may be traded, by their options or their shares.

    Raises
    ------
    MissingDataError
        If the source has neither chains nor daily bars of one of them.
    """

    def __init__(self, source: MarketSource, underlyings: Sequence[str]) -> None:
        known, named = source.underlyings(), set(underlyings)
        charted = named & set(source.symbols()) - INDEX_ROOTS.keys()
        missing = sorted(named - set(known) - charted)
        if missing:
            raise MissingDataError(
                f"There are no option chains of {', '.join(missing)}; there are chains of "
                f"{', '.join(known) or 'nothing'}: import some, or daily bars of shares, with "
                "`strikewise data import`."
            )
        self._source = source
        self._underlyings = tuple(sorted(named & set(known)))
        self._charted = tuple(sorted(charted))

    def underlyings(self) -> Sequence[str]:
        """Return the symbols of the universe that have chains, sorted."""
        return self._underlyings

    def symbols(self) -> Sequence[str]:
        """Return the symbols of the universe whose shares have daily bars, sorted."""
        return self._charted

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
