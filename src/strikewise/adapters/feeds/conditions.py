"""What was known of rates, dividends and prices when a chain was taken."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import lru_cache

import numpy as np

from strikewise.domain.instruments import OptionContract, Right, date_of, days_of
from strikewise.market.calendar import SessionCalendar
from strikewise.market.source import MarketSource
from strikewise.market.universe import Universe
from strikewise.market.view import Market

__all__ = ["Conditions"]


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
        # Computing a chain must not depend on which chains came before.
        self._market = Market(Universe(source, ()), calendar)

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
