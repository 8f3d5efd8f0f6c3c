"""The recorded market data of a data home, as the service asks for them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from importlib import import_module
from pathlib import Path

import numpy as np
import polars as pl

from strikewise.adapters.feeds.report import ImportReport
from strikewise.adapters.store.audit import ChainAudit, audit
from strikewise.adapters.store.chain_archive import MOMENT
from strikewise.adapters.store.market_store import BARS, SERIES, StoredRows, StoreSource
from strikewise.adapters.store.staging import Staging
from strikewise.domain.chain import ChainTape
from strikewise.domain.instruments import days_of
from strikewise.domain.quotes import DailyBars, Series
from strikewise.market.calendar import SessionCalendar
from strikewise.market.computed import REGIME_INDEXES
from strikewise.market.features import RANK_DAYS, VOLATILITY_INDEXES
from strikewise.market.view import DIVIDEND_PROXIES, RATES

__all__ = ["DataHome"]

Progress = Callable[[str, int, int], None]


class DataHome:
    """Chains, bars, series and calendars below a folder.

    Parameters
    ----------
    home : Path
        The folder; it need not exist yet.
    calendar : SessionCalendar
        The sessions.
    """

    def __init__(self, home: Path, calendar: SessionCalendar) -> None:
        self._home, self._calendar = home, calendar
        self._source = StoreSource.open(home)

    def source(self) -> StoreSource:
        """Return what is stored, as a source."""
        return self._source

    def import_path(
        self,
        path: Path,
        *,
        underlying: str | None = None,
        file_format: str | None = None,
        progress: Progress | None = None,
    ) -> ImportReport:
        """Import a file or folder, all or nothing."""

        def tell(file: Path, done: int, whole: int) -> None:
            if progress is not None:
                progress(file.name, done, whole)

        # Vendors' formats are many modules, and most programs read none of them.
        report: ImportReport = import_module("strikewise.adapters.feeds.importers").import_path(
            path,
            self._source,
            underlying=underlying,
            format=file_format,
            calendar=self._calendar,
            progress=tell,
        )
        return report

    def audit(self, underlyings: Sequence[str] | None = None) -> list[ChainAudit]:
        """Return what is stored of each underlying, and how sound it is."""
        return audit(self._source, underlyings)

    def beside(self) -> list[StoredRows]:
        """Return what is stored beside chains: bars, series, dividends, splits and events, by name."""
        return list(self._source.market.held())

    def digest(self, underlying: str, start: date, end: date) -> str:
        """Return a digest of what a run over an underlying and period reads.

        That is its chains, and those of the year before that its volatility is ranked among; bars, dividends
        and splits of it and of what stands for it; indices and rates; and when each was known.
        """
        first, last = start - timedelta(days=RANK_DAYS), days_of(end)
        digest = hashlib.sha256(self._source.chains.digest(underlying, first, end).encode())
        past = datetime.combine(end + timedelta(days=1), datetime.min.time(), UTC).timestamp()
        for name in sorted({underlying, DIVIDEND_PROXIES.get(underlying, underlying), *REGIME_INDEXES}):
            bars = self._source.bars(name)
            if bars is not None:
                known = bars.head(int(np.searchsorted(bars.days, last, side="right")))
                prices = (known.open, known.high, known.low, known.close, known.volume)
                for column in (known.days, known.known_at, *prices):
                    digest.update(np.ascontiguousarray(column).data)
            declared = [one for one in self._source.dividends(name) if one.known_at < past]
            split = [one for one in self._source.splits(name) if one.ex_date <= end]
            digest.update(repr((declared, split)).encode())
        for name in sorted({"VIX", *RATES, VOLATILITY_INDEXES.get(underlying, "VIX")}):
            series = self._source.series(name)
            if series is not None:
                part = series.head(int(np.searchsorted(series.days, last, side="right")))
                for values in (part.days, part.known_at, part.values):
                    digest.update(np.ascontiguousarray(values).data)
        return digest.hexdigest()

    def write(
        self, tapes: Iterator[ChainTape], *, bars: Sequence[DailyBars] = (), series: Sequence[Series] = ()
    ) -> int:
        """Write chains, bars and series as one change; return the rows of chains new or different."""
        rows = 0
        with Staging(self._home) as staging:
            for tape in tapes:
                rows += self._source.chains.write(tape, staging=staging).rows
            for daily in bars:
                self._source.market.write(BARS, _bars_frame(daily), symbol=daily.symbol, staging=staging)
            for values in series:
                self._source.market.write(SERIES, _series_frame(values), symbol=values.name, staging=staging)
            staging.commit()
        self._source.refresh()
        return rows


MADE = "strikewise"
"""The source of rows that strikewise itself brings."""


def _bars_frame(bars: DailyBars) -> pl.DataFrame:
    columns = {name: getattr(bars, name) for name in ("open", "high", "low", "close", "volume")}
    frame = pl.DataFrame({"day": bars.days, **columns, "known_at": bars.known_at})
    return _dated(frame).with_columns(adj_close=pl.lit(None, dtype=pl.Float64))


def _series_frame(series: Series) -> pl.DataFrame:
    return _dated(pl.DataFrame({"day": series.days, "value": series.values, "known_at": series.known_at}))


def _dated(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(
        pl.col("day").cast(pl.Date),
        pl.from_epoch("known_at", time_unit="s").cast(MOMENT),
        source=pl.lit(MADE),
    )
