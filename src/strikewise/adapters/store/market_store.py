"""The store of all that is no option chain: daily bars, series, dividends, splits, scheduled events."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

from strikewise.adapters.store.chain_store import ChainStore
from strikewise.adapters.store.printed import bars_as_printed, dividends_as_printed
from strikewise.adapters.store.staging import Staging, recover
from strikewise.domain.chain import OptionChain
from strikewise.domain.errors import StoreError
from strikewise.domain.quotes import CalendarEvent, DailyBars, Dividend, Series, Split

__all__ = [
    "BARS",
    "DIVIDENDS",
    "EVENTS",
    "SERIES",
    "SPLITS",
    "MarketStore",
    "StoreSource",
    "StoredRows",
    "Table",
    "check_symbol",
]

T = TypeVar("T")

MOMENT = pl.Datetime("us", "UTC")
SYMBOL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._=-]*")


class Table:
    """A kind of stored rows.

    Parameters
    ----------
    name : str
        Folder of one file a symbol, or name of the one file.
    schema : dict
        Columns in order, and their types.
    identity : tuple of str
        Columns that say which row is which: a row written again takes the place of the old one.
    """

    def __init__(
        self, name: str, schema: dict[str, pl.DataType | type[pl.DataType]], identity: tuple[str, ...]
    ) -> None:
        self.name, self.schema, self.identity = name, schema, identity


BARS = Table(
    "bars",
    {
        "day": pl.Date,
        **dict.fromkeys(("open", "high", "low", "close", "adj_close", "volume"), pl.Float64),
        "known_at": MOMENT,
        "source": pl.String,
    },
    ("day",),
)
"""Daily bars, one file a symbol; null where unknown. ``adj_close`` is the vendor's, for total returns."""
SERIES = Table(
    "series", {"day": pl.Date, "value": pl.Float64, "known_at": MOMENT, "source": pl.String}, ("day",)
)
"""Index and rate series, one file a series."""
DIVIDENDS = Table(
    "dividends",
    {"symbol": pl.String, "ex_date": pl.Date, "amount": pl.Float64, "known_at": MOMENT, "source": pl.String},
    ("symbol", "ex_date"),
)
"""Cash dividends in dollars a share."""
SPLITS = Table(
    "splits",
    {"symbol": pl.String, "ex_date": pl.Date, "ratio": pl.Float64, "source": pl.String},
    ("symbol", "ex_date"),
)
"""Splits: new shares for one old."""
EVENTS = Table(
    "events",
    {"kind": pl.String, "day": pl.Date, "symbol": pl.String, "known_at": MOMENT, "source": pl.String},
    ("kind", "day", "symbol"),
)
"""Scheduled events; ``symbol`` is null for the whole market."""


@dataclass(frozen=True, slots=True)
class StoredRows:
    """What is stored under one name of what stands beside chains.

    Attributes
    ----------
    kind : str
        Which table: ``bars``, ``series``, ``dividends``, ``splits`` or ``events``.
    name : str
        The symbol, the series, or the kind of event.
    rows : int
        How many.
    first, last : date
        The earliest and latest day.
    """

    kind: str
    name: str
    rows: int
    first: date
    last: date

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "kind": self.kind,
            "name": self.name,
            "rows": self.rows,
            "first": self.first.isoformat(),
            "last": self.last.isoformat(),
        }


def check_symbol(symbol: str) -> str:
    """Return a symbol that can name a file.

    Raises
    ------
    StoreError
        If it has characters that symbols do not have.
    """
    if not SYMBOL.fullmatch(symbol):
        raise StoreError(
            f"{symbol!r} cannot be stored: a symbol is made of letters, digits, '.', '_', '-' and '='."
        )
    return symbol


class MarketStore:
    """Bars, series, corporate actions and events of a data home, read once and kept in memory.

    Parameters
    ----------
    home : Path
        The data home.
    staging : Staging, optional
        A change in progress whose files are read before those in place.
    """

    def __init__(self, home: Path, staging: Staging | None = None) -> None:
        self.home = home
        self._staging = staging
        self._bars: dict[str, DailyBars | None] = {}
        self._series: dict[str, Series | None] = {}
        if staging is None:
            recover(home)

    def refresh(self) -> None:
        """Forget what was read: rows written by another process appear."""
        self._bars.clear()
        self._series.clear()
        for name in ("_dividends", "_splits", "_events"):
            self.__dict__.pop(name, None)

    def write(
        self, table: Table, frame: pl.DataFrame, *, symbol: str | None = None, staging: Staging
    ) -> tuple[int, int]:
        """Merge rows into a table; a row with the identity of a stored one takes its place.

        Parameters
        ----------
        table : Table
            Which table.
        frame : polars.DataFrame
            Rows with the table's columns, each identity once.
        symbol : str, optional
            Symbol or series name, for tables of one file each.
        staging : Staging
            The change this belongs to.

        Returns
        -------
        (int, int)
            Rows that are new or different, and rows that were there already.
        """
        name = f"{table.name}.parquet" if symbol is None else f"{table.name}/{check_symbol(symbol)}.parquet"
        new = frame.select(pl.col(column).cast(kind) for column, kind in table.schema.items())
        current = staging.current(name)
        same = 0
        if current is not None:
            old = _read(current, table)
            same = len(new.join(old, on=list(table.schema), how="semi", nulls_equal=True))
            if same == len(new):
                return 0, same
            keys = list(table.identity)
            new = pl.concat([old.join(new, on=keys, how="anti", nulls_equal=True), new])
        merged = new.sort(table.identity)
        staging.write(name, lambda path: merged.write_parquet(path, compression="zstd"))
        return len(frame) - same, same

    def symbols(self) -> list[str]:
        """Return the symbols that have daily bars, sorted."""
        return sorted(path.stem for path in (self.home / BARS.name).glob("*.parquet"))

    def bars(self, symbol: str) -> DailyBars | None:
        """Return all daily bars of a symbol as they were printed, or None where there are none."""
        if symbol not in self._bars:
            frame = self._table(BARS, symbol)
            self._bars[symbol] = (
                None if frame is None else bars_as_printed(_bars(symbol, frame), self.splits(symbol))
            )
        return self._bars[symbol]

    def series(self, name: str) -> Series | None:
        """Return a series, or the closes of the symbol of that name, or None where there is neither."""
        if name not in self._series:
            frame = self._table(SERIES, name)
            if frame is None and (bars := self._table(BARS, name)) is not None:
                frame = bars.rename({"close": "value"})
            self._series[name] = None if frame is None else _series(name, frame)
        return self._series[name]

    def dividends(self, symbol: str) -> Sequence[Dividend]:
        """Return the cash dividends of a symbol as they were paid, by ex-date."""
        return self._dividends.get(symbol, ())

    def splits(self, symbol: str) -> Sequence[Split]:
        """Return the splits of a symbol, by ex-date."""
        return self._splits.get(symbol, ())

    def calendar_events(self) -> Sequence[CalendarEvent]:
        """Return scheduled events, by day."""
        return self._events

    @cached_property
    def _dividends(self) -> dict[str, tuple[Dividend, ...]]:
        frame = self._table(DIVIDENDS)
        rows = [] if frame is None else _rows(frame, "symbol", "ex_date", "amount", "known_at")
        found = _by_symbol((symbol, Dividend(symbol, *rest)) for symbol, *rest in rows)
        return {symbol: dividends_as_printed(paid, self.splits(symbol)) for symbol, paid in found.items()}

    @cached_property
    def _splits(self) -> dict[str, tuple[Split, ...]]:
        frame = self._table(SPLITS)
        rows = [] if frame is None else _rows(frame, "symbol", "ex_date", "ratio")
        return _by_symbol((symbol, Split(symbol, *rest)) for symbol, *rest in rows)

    @cached_property
    def _events(self) -> tuple[CalendarEvent, ...]:
        frame = self._table(EVENTS)
        if frame is None:
            return ()
        ordered = frame.sort("day", "kind", "symbol")
        return tuple(CalendarEvent(*row) for row in _rows(ordered, "kind", "day", "symbol", "known_at"))

    def held(self) -> Iterator[StoredRows]:
        """Yield what is stored under each name, kind by kind, by name."""
        for table in (BARS, SERIES):
            for path in sorted((self.home / table.name).glob("*.parquet")):
                frame = self._table(table, path.stem)
                if frame is not None and len(frame):
                    yield _spanned(table, path.stem, frame["day"])
        for table, name, day in (
            (DIVIDENDS, "symbol", "ex_date"),
            (SPLITS, "symbol", "ex_date"),
            (EVENTS, "kind", "day"),
        ):
            frame = self._table(table)
            if frame is not None:
                for (one,), rows in frame.sort(name).group_by(name, maintain_order=True):
                    yield _spanned(table, str(one), rows[day])

    def _table(self, table: Table, symbol: str | None = None) -> pl.DataFrame | None:
        name = f"{table.name}.parquet" if symbol is None else f"{table.name}/{symbol}.parquet"
        if self._staging is not None:
            path = self._staging.current(name)
        else:
            path = self.home / name if (self.home / name).exists() else None
        return None if path is None else _read(path, table)


class StoreSource:
    """A market source over a data home.

    Parameters
    ----------
    chains : ChainStore
        Option chains.
    market : MarketStore
        Everything else.
    """

    def __init__(self, chains: ChainStore, market: MarketStore) -> None:
        self.chains, self.market = chains, market

    @classmethod
    def open(cls, home: Path) -> StoreSource:
        """Open the stores of a data home; nothing is read yet."""
        return cls(ChainStore(home), MarketStore(home))

    def refresh(self) -> None:
        """Look at the home again: what another process has written appears."""
        self.chains.refresh()
        self.market.refresh()

    def underlyings(self) -> Sequence[str]:
        """Return the symbols that have option chains, sorted."""
        return self.chains.underlyings()

    def snapshots(self, underlying: str) -> NDArray[np.int64]:
        """Return the instants (Unix seconds, ascending) of an underlying's chains."""
        return self.chains.snapshots(underlying)

    def chain(self, underlying: str, as_of: datetime) -> OptionChain | None:
        """Return the latest chain taken and known at or before an instant, or None where there is none."""
        return self.chains.chain(underlying, as_of)

    def symbols(self) -> Sequence[str]:
        """Return the symbols that have daily bars, sorted."""
        return self.market.symbols()

    def bars(self, symbol: str) -> DailyBars | None:
        """Return all daily bars of a symbol, or None where there are none."""
        return self.market.bars(symbol)

    def series(self, name: str) -> Series | None:
        """Return a whole series, or a symbol's closes, or None where there is neither."""
        return self.market.series(name)

    def dividends(self, symbol: str) -> Sequence[Dividend]:
        """Return the cash dividends of a symbol, by ex-date."""
        return self.market.dividends(symbol)

    def splits(self, symbol: str) -> Sequence[Split]:
        """Return the splits of a symbol, by ex-date."""
        return self.market.splits(symbol)

    def calendar_events(self) -> Sequence[CalendarEvent]:
        """Return scheduled events, by day."""
        return self.market.calendar_events()


def _read(path: Path, table: Table) -> pl.DataFrame:
    try:
        frame = pl.read_parquet(path)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise StoreError(f"{path} is damaged ({error}): delete it and import its data again.") from error
    if dict(frame.schema) != table.schema:
        raise StoreError(f"{path} has columns {dict(frame.schema)}, a {table.name} table has {table.schema}.")
    return frame


def _spanned(table: Table, name: str, days: pl.Series) -> StoredRows:
    first, last = days.min(), days.max()
    assert isinstance(first, date)
    assert isinstance(last, date)
    return StoredRows(table.name, name, len(days), first, last)


def _seconds(frame: pl.DataFrame) -> NDArray[np.int64]:
    return np.asarray(frame["known_at"].to_physical().to_numpy() // 1_000_000)


def _bars(symbol: str, frame: pl.DataFrame) -> DailyBars:
    prices = {
        name: frame[name].fill_null(float("nan")).to_numpy()
        for name in ("open", "high", "low", "close", "volume")
    }
    return DailyBars(symbol, days=frame["day"].to_physical().to_numpy(), known_at=_seconds(frame), **prices)


def _series(name: str, frame: pl.DataFrame) -> Series:
    known = frame.filter(pl.col("value").is_not_null())
    return Series(name, known["day"].to_physical().to_numpy(), known["value"].to_numpy(), _seconds(known))


def _rows(frame: pl.DataFrame, *columns: str) -> list[tuple[Any, ...]]:
    return frame.with_columns(pl.col(pl.Datetime).to_physical() // 1_000_000).select(columns).rows()


def _by_symbol(pairs: Iterable[tuple[str, T]]) -> dict[str, tuple[T, ...]]:
    grouped: dict[str, list[T]] = defaultdict(list)
    for symbol, one in pairs:
        grouped[symbol].append(one)
    return {symbol: tuple(found) for symbol, found in grouped.items()}
