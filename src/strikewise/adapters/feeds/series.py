"""Index and rate series: a table of rates, and Cboe's history of an index."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from strikewise.adapters.feeds.context import Format, ImportContext
from strikewise.adapters.feeds.placing import bars_known_at, moment_column, release_known_at
from strikewise.adapters.feeds.tables import ROW, Layout, Sample, read_csv, read_table
from strikewise.adapters.store.market_store import BARS, SERIES
from strikewise.domain.errors import ImportRefusedError

__all__ = ["CBOE_HISTORY", "RATES", "RATES_LAYOUT"]

RATE_NAMES = ("DTB3", "DGS3MO", "IRX", "DFF", "rate_3m")
MARKET_RATES = frozenset({"IRX"})
"""Rates that are quoted indices, known at the close; the others wait for the Federal Reserve's release."""
RATES_LAYOUT = Layout(required={"date": "date"}, optional=dict.fromkeys(RATE_NAMES, "number"))
"""Percent a year."""
HISTORY_COLUMNS = {"DATE", "OPEN", "HIGH", "LOW", "CLOSE"}


def load_rates(path: Path, context: ImportContext) -> None:
    """Import a table of rates; each column becomes a series."""
    table = read_table(path, RATES_LAYOUT)
    _check_order(path, table, "date")
    context.tally.rows_read += len(table)
    days = table["date"].to_physical().to_numpy()
    official = release_known_at(days, context.calendar)
    for name in RATE_NAMES:
        quoted = name in MARKET_RATES
        known_at = moment_column(bars_known_at(name, days, context.calendar) if quoted else official)
        series = (
            table.select(day="date", value=name).with_columns(known_at).filter(pl.col("value").is_not_null())
        )
        if len(series):
            _write(path, name, series, context)


def load_cboe_history(path: Path, context: ImportContext) -> None:
    """Import Cboe's ``<INDEX>_History.csv``: open, high, low and close, or one value a day."""
    name = path.stem.removesuffix("_History").upper()
    with path.open(encoding="utf-8-sig") as stream:
        columns = [column.strip() for column in stream.readline().split(",")]
    values = [column for column in columns if column != "DATE"]
    table = read_csv(path, Layout({"DATE": "text"}, dict.fromkeys(values, "number")))
    day = table["DATE"].str.to_date("%m/%d/%Y", strict=False)
    if day.null_count():
        row = int(table[ROW][int(day.is_null().arg_max() or 0)])
        raise ImportRefusedError(path, "the date must be MM/DD/YYYY.", row=row, column="DATE")
    table = table.with_columns(day.alias("day"))
    _check_order(path, table, "day")
    context.tally.rows_read += len(table)
    days = table["day"].to_physical().to_numpy()
    known_at = moment_column(bars_known_at(name, days, context.calendar))
    if set(columns) == HISTORY_COLUMNS:
        nothing = pl.lit(None, dtype=pl.Float64)
        prices = table.select(pl.col("day", *values).name.to_lowercase())
        bars = prices.with_columns(known_at, adj_close=nothing, volume=nothing, source=pl.lit(path.name))
        written, same = context.market.write(BARS, bars, symbol=name, staging=context.staging)
        context.tally.rows_written += written
        context.tally.rows_unchanged += same
    else:
        _write(path, name, table.select("day", value=values[-1]).with_columns(known_at), context)


def _write(path: Path, name: str, series: pl.DataFrame, context: ImportContext) -> None:
    frame = series.with_columns(source=pl.lit(path.name))
    written, same = context.market.write(SERIES, frame, symbol=name, staging=context.staging)
    context.tally.rows_written += written
    context.tally.rows_unchanged += same


def _check_order(path: Path, table: pl.DataFrame, column: str) -> None:
    backward = table[column].to_physical().diff() <= 0
    if backward.any():
        row = int(table[ROW][int(backward.arg_max() or 0)])
        raise ImportRefusedError(path, "the date is no later than in the row before.", row=row, column=column)


def _is_history(sample: Sample) -> bool:
    if sample.form != "csv" or not sample.path.stem.endswith("_History"):
        return False
    return set(sample.columns) == HISTORY_COLUMNS or (
        len(sample.columns) == 2 and sample.columns[0] == "DATE"
    )


def _is_rates(sample: Sample) -> bool:
    columns = set(sample.columns)
    return sample.form in {"parquet", "csv"} and "date" in columns and bool(columns & set(RATE_NAMES))


RATES = Format("rates", 0, _is_rates, load_rates)
CBOE_HISTORY = Format("cboe-history", 0, _is_history, load_cboe_history)
