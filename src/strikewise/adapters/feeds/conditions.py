"""What was known of rates, dividends and prices when a chain was taken."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from strikewise.domain.chain import OptionChain
from strikewise.domain.instruments import OptionContract, Right, date_of, days_of
from strikewise.domain.quotes import CalendarEvent, DailyBars, Dividend, Series, Split
from strikewise.market.calendar import SessionCalendar
from strikewise.market.source import MarketSource
from strikewise.market.view import Market

__all__ = ["Conditions"]


class _WithoutChains:
    """A source whose chains are hidden: computing a chain must not depend on which came before."""

    def __init__(self, source: MarketSource) -> None:
        self._source = source

    def underlyings(self) -> Sequence[str]:
        return ()

    def snapshots(self, underlying: str) -> NDArray[np.int64]:  # noqa: ARG002
        return np.zeros(0, dtype=np.int64)

    def chain(self, underlying: str, as_of: datetime) -> OptionChain | None:  # noqa: ARG002
        return None

    def bars(self, symbol: str) -> DailyBars | None:
        return self._source.bars(symbol)

    def series(self, name: str) -> Series | None:
        return self._source.series(name)

    def dividends(self, symbol: str) -> Sequence[Dividend]:
        return self._source.dividends(symbol)

    def splits(self, symbol: str) -> Sequence[Split]:
        return self._source.splits(symbol)

    def calendar_events(self) -> Sequence[CalendarEvent]:
        return self._source.calendar_events()


class Conditions:
    """Rates, dividend yields, closes and settlements.

    Parameters
    ----------
    source : MarketSource
        Bars, series and dividends; its chains are not asked for.
    calendar : SessionCalendar
        The sessions.
    """

    def __init__(self, source: MarketSource, calendar: SessionCalendar) -> None:
        self._source, self.calendar = source, calendar
        self._market = Market(_WithoutChains(source), calendar)

    def rate(self, seconds: int) -> float | None:
        """Return the continuously compounded rate known at an instant, a fraction; None where none is."""
        return self._market.view(datetime.fromtimestamp(seconds, UTC)).rate()

    def dividend_yield(self, symbol: str, seconds: int) -> float:
        """Return the continuous dividend yield known at an instant, a fraction."""
        return self._market.view(datetime.fromtimestamp(seconds, UTC)).dividend_yield(symbol)

    def close(self, symbol: str, day: date) -> float | None:
        """Return the close of a day's bar in dollars, or None where it is not stored."""
        bars = self._source.bars(symbol)
        if bars is None:
            return None
        number = days_of(day)
        row = int(np.searchsorted(bars.days, number))
        if row >= len(bars) or int(bars.days[row]) != number:
            return None
        close = float(bars.close[row])
        return close if close > 0 else None

    def settlements(self, underlying: str) -> Callable[[int, int], int]:
        """Return the function of (expiration in days, root code) to settlement in Unix seconds."""

        @lru_cache(maxsize=4096)
        def settles_at(expiration: int, root: int) -> int:
            contract = OptionContract(underlying, date_of(expiration), Right.CALL, 1000, root)
            return int(self.calendar.settlement_at(contract).timestamp())

        return settles_at
