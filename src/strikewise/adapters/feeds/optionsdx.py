"""OptionsDX end-of-day text: one row a strike, the call on its left and the put on its right."""

from __future__ import annotations

import re
from pathlib import Path

import polars as pl

from strikewise.adapters.feeds.chain_build import load_rows
from strikewise.adapters.feeds.chain_rows import VendorRows
from strikewise.adapters.feeds.context import Format, ImportContext
from strikewise.adapters.feeds.tables import ROW, Layout, Sample, read_csv
from strikewise.domain.errors import ImportRefusedError

__all__ = ["FORMAT", "LAYOUT"]

_SIDES = ("C", "P")
LAYOUT = Layout(
    required={
        "QUOTE_DATE": "date",
        "UNDERLYING_LAST": "number",
        "EXPIRE_DATE": "date",
        "STRIKE": "number",
        **{f"{side}_{name}": "number" for side in _SIDES for name in ("BID", "ASK")},
    },
    optional={
        "QUOTE_READTIME": "text",
        **{f"{side}_{name}": "number" for side in _SIDES for name in ("IV", "DELTA", "VOLUME")},
    },
    ignored=frozenset(
        {
            *(
                "QUOTE_UNIXTIME",
                "QUOTE_TIME_HOURS",
                "EXPIRE_UNIX",
                "DTE",
                "STRIKE_DISTANCE",
                "STRIKE_DISTANCE_PCT",
            ),
            *(
                f"{side}_{name}"
                for side in _SIDES
                for name in ("GAMMA", "VEGA", "THETA", "RHO", "LAST", "SIZE")
            ),
        }
    ),
)
"""Names without the vendor's brackets. The vendor gives no open interest."""


def load(path: Path, context: ImportContext) -> None:
    """Import one file."""
    table = read_csv(path, LAYOUT)
    earlier = table["QUOTE_DATE"].diff().dt.total_days() < 0
    if earlier.any():
        row = int(table[ROW][int(earlier.arg_max() or 0)])
        raise ImportRefusedError(
            path, "the date is earlier than the row before.", row=row, column="QUOTE_DATE"
        )
    # Intraday files have many read times a day; an end-of-day file has one, and is known at the close.
    times = table.group_by("QUOTE_DATE").agg(pl.col("QUOTE_READTIME").n_unique())
    if len(times) and int(times["QUOTE_READTIME"].max() or 0) > 1:  # type: ignore[arg-type]
        raise ImportRefusedError(
            path,
            "the file has several snapshots a day; only end-of-day files can be imported.",
            column="QUOTE_READTIME",
        )
    frame = pl.concat([_side(table, side, is_put=side == "P") for side in _SIDES])
    load_rows(path, VendorRows(_symbol(path, context), frame, FORMAT.name), context)


def _side(table: pl.DataFrame, side: str, *, is_put: bool) -> pl.DataFrame:
    volatility = pl.col(f"{side}_IV")
    return table.select(
        ROW,
        day="QUOTE_DATE",
        expiration="EXPIRE_DATE",
        strike="STRIKE",
        spot="UNDERLYING_LAST",
        is_put=pl.lit(is_put),
        bid=f"{side}_BID",
        ask=f"{side}_ASK",
        volume=pl.col(f"{side}_VOLUME").cast(pl.Int64),
        vendor_iv=pl.when(volatility > 0).then(volatility),
        vendor_delta=f"{side}_DELTA",
    )


def _symbol(path: Path, context: ImportContext) -> str:
    """Return the underlying: as said, else from the vendor's file name, ``spy_eod_202301.txt``."""
    if context.underlying is not None:
        return context.underlying
    named = re.fullmatch(r"([A-Za-z.]+)_eod_\d{4,6}.*", path.stem)
    if named is None:
        raise ImportRefusedError(
            path, "the file does not say whose options these are: name the underlying for the import."
        )
    return named[1].upper()


def _recognises(sample: Sample) -> bool:
    return sample.form == "csv" and LAYOUT.fits(sample.columns)


FORMAT = Format("optionsdx", 10, _recognises, load)
