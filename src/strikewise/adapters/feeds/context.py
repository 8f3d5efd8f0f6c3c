"""What an importer works with: the change in progress, the calendar, and the market data already known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import cached_property, lru_cache
from math import log1p
from pathlib import Path

import numpy as np

from strikewise.adapters.feeds.report import Tally
from strikewise.adapters.feeds.tables import Sample
from strikewise.adapters.store.chain_store import ChainStore
from strikewise.adapters.store.market_store import MarketStore
from strikewise.adapters.store.staging import Staging
from strikewise.domain.instruments import OptionContract, Right, date_of, days_of
from strikewise.domain.quotes import DailyBars
from strikewise.market.calendar import SessionCalendar

__all__ = ["Format", "ImportContext"]

RATE_SERIES = ("rate_3m", "DTB3", "IRX")
RATE_YEARS = 0.25
MAX_RATE_AGE_DAYS = 30
YIELD_DAYS = 365


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

    def settlements(self, underlying: str) -> Callable[[int, int], int]:
        """Return the function of (expiration in days, root code) to settlement in Unix seconds."""

        @lru_cache(maxsize=4096)
        def settles_at(expiration: int, root: int) -> int:
            contract = OptionContract(underlying, date_of(expiration), Right.CALL, 1000, root)
            return int(self.calendar.settlement_at(contract).timestamp())

        return settles_at

    def rate(self, seconds: int) -> float | None:
        """Return the continuously compounded three-month rate known at an instant, as a fraction."""
        for name in RATE_SERIES:
            series = self.market.series(name)
            if series is None:
                continue
            last = int(np.searchsorted(series.known_at, seconds, side="right")) - 1
            if last >= 0 and seconds - int(series.known_at[last]) <= MAX_RATE_AGE_DAYS * 86_400:
                return log1p(float(series.values[last]) / 100 * RATE_YEARS) / RATE_YEARS
        return None

    def dividend_yield(self, symbol: str, day: date, spot: float) -> float:
        """Return the continuous yield of the dividends of the year up to a day; 0 for who paid none."""
        paid = sum(
            one.amount for one in self.market.dividends(symbol) if 0 <= (day - one.ex_date).days < YIELD_DAYS
        )
        return log1p(paid / spot) if spot > 0 else 0.0

    def close(self, symbol: str, day: date) -> float | None:
        """Return the close of a day's bar, or None where it is not stored."""
        bars: DailyBars | None = self.market.bars(symbol)
        if bars is None:
            return None
        number = days_of(day)
        row = int(np.searchsorted(bars.days, number))
        if row >= len(bars) or int(bars.days[row]) != number:
            return None
        close = float(bars.close[row])
        return close if close > 0 else None


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
