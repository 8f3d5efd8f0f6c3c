"""Philipp Dubach's historic options dataset: Parquet files of one underlying and year, 2008–2025.

Dates are texts, the side is ``call`` or ``put``, and the price of the underlying stands in a file of its own
(``underlying_prices.parquet``, daily bars), which a folder's import reads first.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from strikewise.adapters.feeds.chain_build import load_rows
from strikewise.adapters.feeds.chain_rows import VendorRows
from strikewise.adapters.feeds.context import Format, ImportContext
from strikewise.adapters.feeds.tables import ROW, Layout, Sample, read_parquet

__all__ = ["FORMAT", "LAYOUT"]

LAYOUT = Layout(
    required={
        "contract_id": "text",
        "symbol": "text",
        "expiration": "date",
        "strike": "number",
        "type": "text",
        "bid": "number",
        "ask": "number",
        "date": "date",
    },
    optional={
        "volume": "integer",
        "open_interest": "integer",
        "implied_volatility": "number",
        "delta": "number",
    },
    ignored=frozenset(
        {"gamma", "theta", "vega", "rho", "last", "mark", "bid_size", "ask_size", "in_the_money"}
    ),
)
SIDES = {"call": False, "put": True, "C": False, "P": True}


def load(path: Path, context: ImportContext) -> None:
    """Import one file."""
    table = read_parquet(path, LAYOUT)
    frame = table.select(
        ROW,
        "symbol",
        "expiration",
        "strike",
        "bid",
        "ask",
        "volume",
        "open_interest",
        day="date",
        is_put=pl.col("type").replace_strict(SIDES, default=None, return_dtype=pl.Boolean),
        vendor_iv=pl.when(pl.col("implied_volatility") > 0).then("implied_volatility"),
        vendor_delta="delta",
    )
    for (symbol,), part in frame.partition_by("symbol", as_dict=True, maintain_order=True).items():
        load_rows(path, VendorRows(str(symbol), part, FORMAT.name), context)


def _recognises(sample: Sample) -> bool:
    return sample.form == "parquet" and LAYOUT.fits(sample.columns)


FORMAT = Format("philippdubach", 10, _recognises, load)
