"""Daily bars of many symbols, as Parquet or CSV, one row a symbol and day."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from strikewise.adapters.feeds.context import Format, ImportContext, storable
from strikewise.adapters.feeds.placing import bars_known_at, moment_column
from strikewise.adapters.feeds.tables import ROW, Layout, Sample, read_table
from strikewise.adapters.store.market_store import BARS
from strikewise.domain.errors import ImportRefusedError

__all__ = ["FORMAT", "LAYOUT"]

LAYOUT = Layout(
    required={
        "symbol": "text",
        "date": "date",
        "open": "number",
        "high": "number",
        "low": "number",
        "close": "number",
    },
    optional={"adj_close": "number", "adjusted_close": "number", "volume": "number"},
    ignored=frozenset({"dividend_amount", "split_coefficient"}),
)


def load(path: Path, context: ImportContext) -> None:
    """Import one file."""
    table = read_table(path, LAYOUT)
    context.tally.rows_read += len(table)
    table = table.with_columns(adj_close=pl.coalesce("adj_close", "adjusted_close")).drop("adjusted_close")
    facts = [name for name in table.columns if name != ROW]
    tally = context.tally
    table = tally.sift(
        path,
        table,
        {
            "duplicate row": ~pl.struct(facts).is_first_distinct(),
            "close is missing or not positive": pl.col("close").is_null() | (pl.col("close") <= 0),
            "open, high or low is not positive": pl.min_horizontal("open", "high", "low") <= 0,
            "low above high": pl.col("low") > pl.col("high"),
        },
    )
    for (symbol,), part in table.partition_by("symbol", as_dict=True, maintain_order=True).items():
        days = part["date"].to_physical()
        backward = days.diff() <= 0
        if backward.any():
            row = int(part[ROW][int(backward.arg_max() or 0)])
            raise ImportRefusedError(
                path, f"{symbol} has no later date than in its row before.", row=row, column="date"
            )
        frame = part.with_columns(
            moment_column(bars_known_at(str(symbol), days.to_numpy(), context.calendar)),
            day="date",
            volume=pl.col("volume").cast(pl.Float64),
            source=pl.lit(path.name),
        )
        written, same = context.market.write(
            BARS, frame, symbol=storable(path, str(symbol), "symbol"), staging=context.staging
        )
        tally.rows_written += written
        tally.rows_unchanged += same


def _recognises(sample: Sample) -> bool:
    return sample.form in {"parquet", "csv"} and LAYOUT.fits(sample.columns)


FORMAT = Format("daily-bars", 1, _recognises, load)
