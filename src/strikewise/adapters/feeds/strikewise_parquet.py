"""Chains in this project's own interchange form: one Parquet file an underlying and year."""

from __future__ import annotations

import re
from pathlib import Path

import polars as pl

from strikewise.adapters.feeds.chain_build import load_rows
from strikewise.adapters.feeds.chain_rows import VendorRows
from strikewise.adapters.feeds.context import Format, ImportContext
from strikewise.adapters.feeds.tables import ROW, Layout, read_parquet
from strikewise.domain.errors import ImportRefusedError

__all__ = ["FORMAT", "LAYOUT", "folder_symbol"]

LAYOUT = Layout(
    required={
        "quote_date": "date",
        "expiration": "date",
        "strike": "number",
        "right": "text",
        "bid": "number",
        "ask": "number",
        "underlying_price": "number",
    },
    optional={"volume": "integer", "open_interest": "integer", "iv": "number", "delta": "number"},
    ignored=frozenset({"last", "gamma", "theta", "vega", "rho"}),
)
"""Dollars and fractions; one snapshot a session, taken at its close or known by then."""


def folder_symbol(path: Path, context: ImportContext) -> str:
    """Return the underlying: as said for the import, else the folder of a file named by its year.

    Raises
    ------
    ImportRefusedError
        If neither says it.
    """
    if context.underlying is not None:
        return context.underlying
    if re.fullmatch(r"\d{4}", path.stem) and path.resolve().parent.name:
        return path.resolve().parent.name
    raise ImportRefusedError(
        path,
        "the file does not say whose options these are: name the underlying, or store it as SYMBOL/YEAR.",
    )


def load(path: Path, context: ImportContext) -> None:
    """Import one file."""
    table = read_parquet(path, LAYOUT)
    earlier = table["quote_date"].diff().dt.total_days() < 0
    if earlier.any():
        row = int(table[ROW][int(earlier.arg_max() or 0)])
        raise ImportRefusedError(
            path, "the date is earlier than the row before.", row=row, column="quote_date"
        )
    right = pl.col("right").replace_strict({"C": False, "P": True}, default=None, return_dtype=pl.Boolean)
    frame = table.select(
        ROW,
        "expiration",
        "strike",
        "bid",
        "ask",
        "volume",
        "open_interest",
        day="quote_date",
        is_put=right,
        spot="underlying_price",
        vendor_iv=pl.when(pl.col("iv") > 0).then("iv"),
        vendor_delta="delta",
    )
    load_rows(path, VendorRows(folder_symbol(path, context), frame, FORMAT.name), context)


FORMAT = Format(
    name="strikewise-parquet",
    rank=10,
    recognises=lambda sample: sample.form == "parquet" and LAYOUT.fits(sample.columns),
    load=load,
)
