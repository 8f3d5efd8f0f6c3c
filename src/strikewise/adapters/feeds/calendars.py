"""Dividends, splits, earnings dates and scheduled events, as CSV."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from strikewise.adapters.feeds.context import Format, ImportContext
from strikewise.adapters.feeds.placing import moment_column, start_of_day
from strikewise.adapters.feeds.tables import ROW, Layout, Sample, read_csv
from strikewise.adapters.store.market_store import DIVIDENDS, EVENTS, SPLITS, Table

__all__ = ["DIVIDENDS_CSV", "EARNINGS_CSV", "EVENTS_CSV", "SPLITS_CSV"]

DIVIDEND_NOTICE_DAYS = 14
"""Where no declaration date is recorded, a dividend counts as declared this long before its ex-date.

Companies declare three to five weeks ahead; funds publish ex-dates for the year but amounts only days before.
"""
EARNINGS_NOTICE_DAYS = 14
"""Companies confirm the date of their report two to four weeks ahead; before that it is a guess."""
SCHEDULE_NOTICE_DAYS = 365
"""The Federal Reserve, the statistical offices and the exchanges publish their dates a year or more ahead."""
UNSCHEDULED = frozenset({"fomc_intermeeting"})
"""Events nobody announced: known when the day is over."""
KINDS = {"fomc_decision": "FOMC", "fomc_intermeeting": "FOMC"}
"""Kinds that are not just the upper case of the file's word."""

DIVIDENDS_LAYOUT = Layout({"symbol": "text", "ex_date": "date", "amount": "number"}, {"source": "text"})
SPLITS_LAYOUT = Layout({"symbol": "text", "date": "date", "ratio": "number"})
EARNINGS_LAYOUT = Layout({"symbol": "text", "earnings_date": "date"})
EVENTS_LAYOUT = Layout(
    {"date": "date", "event": "text"}, {"source": "text"}, frozenset({"detail", "ref_period", "time_et"})
)


def load_dividends(path: Path, context: ImportContext) -> None:
    """Import ``symbol, ex_date, amount``."""
    table = _read(path, DIVIDENDS_LAYOUT, context)
    table = context.tally.sift(
        path,
        table,
        {
            "amount is missing or not positive": pl.col("amount").is_null() | (pl.col("amount") <= 0),
            **_repeated(table, "symbol", "ex_date"),
        },
    )
    _write(DIVIDENDS, table.with_columns(_known(table["ex_date"], DIVIDEND_NOTICE_DAYS)), path, context)


def load_splits(path: Path, context: ImportContext) -> None:
    """Import ``symbol, date, ratio`` (new shares for one old)."""
    table = _read(path, SPLITS_LAYOUT, context).rename({"date": "ex_date"})
    rules = {
        "ratio is missing or not positive": pl.col("ratio").is_null() | (pl.col("ratio") <= 0),
        **_repeated(table, "symbol", "ex_date"),
    }
    _write(SPLITS, context.tally.sift(path, table, rules), path, context)


def load_earnings(path: Path, context: ImportContext) -> None:
    """Import ``symbol, earnings_date``."""
    table = _read(path, EARNINGS_LAYOUT, context).rename({"earnings_date": "day"})
    table = context.tally.sift(path, table, _repeated(table, "symbol", "day"))
    table = table.with_columns(_known(table["day"], EARNINGS_NOTICE_DAYS), kind=pl.lit("EARNINGS"))
    _write(EVENTS, table, path, context)


def load_events(path: Path, context: ImportContext) -> None:
    """Import ``date, event``; rows whose source calls itself unverified are rejected."""
    table = _read(path, EVENTS_LAYOUT, context).rename({"date": "day"})
    unverified = pl.col("source").str.starts_with("UNVERIFIED")
    table = context.tally.sift(path, table, {"its source says it is unverified": unverified})
    kind = pl.col("event").replace_strict(KINDS, default=pl.col("event").str.to_uppercase())
    table = table.with_columns(kind=kind, symbol=pl.lit(None, dtype=pl.String))
    table = context.tally.sift(path, table, _repeated(table, "kind", "day"))
    surprise = table["event"].is_in(list(UNSCHEDULED))
    known = _known(table["day"], SCHEDULE_NOTICE_DAYS)
    after = _known(table["day"], -1)
    _write(EVENTS, table.with_columns(known.zip_with(~surprise, after)), path, context)


def _read(path: Path, layout: Layout, context: ImportContext) -> pl.DataFrame:
    table = read_csv(path, layout)
    context.tally.rows_read += len(table)
    return table


def _repeated(table: pl.DataFrame, *identity: str) -> dict[str, pl.Expr]:
    """Return the rules for rows that say the same again, or contradict another."""
    facts = [name for name in table.columns if name != ROW]
    first = pl.struct(facts).is_first_distinct()
    # `sift` applies one rule after the other: what is left when the second is asked has no exact copies.
    return {"duplicate row": ~first, "stated twice, differently": pl.struct(identity).is_duplicated()}


def _known(days: pl.Series, notice_days: int) -> pl.Series:
    """Return New York midnight ``notice_days`` before each day."""
    first: dict[date, int] = {
        day: start_of_day(day - timedelta(days=notice_days)) for day in days.unique().to_list()
    }
    return moment_column(np.array([first[day] for day in days.to_list()], dtype=np.int64))


def _write(table: Table, frame: pl.DataFrame, path: Path, context: ImportContext) -> None:
    source = pl.col("source").fill_null(path.name) if "source" in frame.columns else pl.lit(path.name)
    written, same = context.market.write(table, frame.with_columns(source=source), staging=context.staging)
    context.tally.rows_written += written
    context.tally.rows_unchanged += same


def _of(name: str, layout: Layout) -> Format:
    def recognises(sample: Sample) -> bool:
        return sample.form == "csv" and layout.fits(sample.columns)

    return Format(name, 0, recognises, _LOADERS[name])


_LOADERS = {
    "dividends": load_dividends,
    "splits": load_splits,
    "earnings": load_earnings,
    "events": load_events,
}
DIVIDENDS_CSV = _of("dividends", DIVIDENDS_LAYOUT)
SPLITS_CSV = _of("splits", SPLITS_LAYOUT)
EARNINGS_CSV = _of("earnings", EARNINGS_LAYOUT)
EVENTS_CSV = _of("events", EVENTS_LAYOUT)
