"""A source in which an index pays what its fund pays: holding it is holding its total return."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from strikewise.domain.chain import OptionChain
from strikewise.domain.instruments import date_of, days_of
from strikewise.domain.quotes import CalendarEvent, DailyBars, Dividend, Series, Split
from strikewise.market.source import MarketSource

__all__ = ["IndexDividends"]

YEAR = timedelta(days=365)


class IndexDividends:
    """A `MarketSource` whose index pays a little every session: its fund's dividends, spread evenly.

    What a session pays is the index's close of the session before, times the fund's dividends of the 365 days
    before over the fund's close, by the sessions of a year: no more than was known. An index fund pays four
    times a year what its shares were paid on many days, and an index that counts dividends counts those days.

    Parameters
    ----------
    source : MarketSource
        The market.
    index, fund : str
        The index, and the fund whose dividends stand for its own.
    """

    def __init__(self, source: MarketSource, index: str, fund: str) -> None:
        self._source, self._index = source, index
        self._dividends = _spread(source, index, fund)

    def underlyings(self) -> Sequence[str]:
        """Return the symbols that have option chains, sorted."""
        return self._source.underlyings()

    def snapshots(self, underlying: str) -> NDArray[np.int64]:
        """Return the instants of an underlying's chains."""
        return self._source.snapshots(underlying)

    def chain(self, underlying: str, as_of: datetime) -> OptionChain | None:
        """Return the latest chain taken at or before an instant."""
        return self._source.chain(underlying, as_of)

    def symbols(self) -> Sequence[str]:
        """Return the symbols that have daily bars, sorted."""
        return self._source.symbols()

    def bars(self, symbol: str) -> DailyBars | None:
        """Return all daily bars of a symbol."""
        return self._source.bars(symbol)

    def series(self, name: str) -> Series | None:
        """Return a whole series."""
        return self._source.series(name)

    def dividends(self, symbol: str) -> Sequence[Dividend]:
        """Return the dividends of a symbol; of the index, one a session."""
        return self._dividends if symbol == self._index else self._source.dividends(symbol)

    def splits(self, symbol: str) -> Sequence[Split]:
        """Return the splits of a symbol."""
        return self._source.splits(symbol)

    def calendar_events(self) -> Sequence[CalendarEvent]:
        """Return scheduled events."""
        return self._source.calendar_events()


def _spread(source: MarketSource, index: str, fund: str) -> tuple[Dividend, ...]:
    bars, closes = source.bars(index), source.bars(fund)
    paid = source.dividends(fund)
    if bars is None or closes is None or not paid:
        return ()
    ex_days = np.array([days_of(one.ex_date) for one in paid])
    total = np.cumsum([0.0, *(one.amount for one in paid)])
    found = []
    for row in range(1, len(bars)):
        before = int(bars.days[row - 1])
        at = int(closes.days.searchsorted(before, side="right")) - 1
        last, first = ex_days.searchsorted([before + 1, before + 1 - YEAR.days])
        year = float(total[last] - total[first])
        if at < 0 or year <= 0.0:
            continue
        inside = int(bars.days[:row].searchsorted(before - YEAR.days, side="right"))
        rate = year / float(closes.close[at]) / max(row - inside, 1)
        amount = float(bars.close[row - 1]) * rate
        if np.isfinite(amount):
            found.append(Dividend(index, date_of(int(bars.days[row])), amount, int(bars.known_at[row - 1])))
    return tuple(found)
