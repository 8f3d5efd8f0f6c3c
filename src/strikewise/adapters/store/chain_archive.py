"""The archive of option chains: one Parquet file an underlying and year, for any tool to read.

Rows are contracts, sorted by (snapshot, expiration, root, right, strike). Prices are int32 cents; what is
unknown is null.
"""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from strikewise.domain.chain import GRADES, ChainColumns, ChainTape
from strikewise.domain.errors import StoreError
from strikewise.domain.instruments import (
    EXPIRATION_SHIFT,
    ROOT_MASK,
    ROOT_SHIFT,
    STRIKE_BITS,
    STRIKE_MASK,
    option_roots,
    pack_keys,
)

__all__ = [
    "ARCHIVE_SCHEMA",
    "VendorColumns",
    "archive_name",
    "read_archive",
    "tape_from_frame",
    "tape_to_frame",
    "write_archive",
]

MOMENT = pl.Datetime("us", "UTC")

ARCHIVE_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "as_of": MOMENT,
    "known_at": MOMENT,
    "spot_cents": pl.Int64,
    "grade": pl.String,
    "source": pl.String,
    "expiration": pl.Date,
    "root": pl.String,
    "settlement": pl.String,
    "right": pl.String,
    "strike_milli": pl.Int32,
    "bid": pl.Int32,
    "ask": pl.Int32,
    "volume": pl.Int32,
    "open_interest": pl.Int32,
    "iv": pl.Float32,
    "delta": pl.Float32,
    "gamma": pl.Float32,
    "theta": pl.Float32,
    "vega": pl.Float32,
    "vendor_iv": pl.Float32,
    "vendor_delta": pl.Float32,
    "flaws": pl.UInt16,
}
"""Columns of an archive file, in order."""

_NULL_BELOW_ZERO = ("bid", "ask", "volume", "open_interest")
_NULL_IF_NAN = ("iv", "delta", "gamma", "theta", "vega", "vendor_iv", "vendor_delta")


@dataclass(frozen=True, slots=True, eq=False)
class VendorColumns:
    """A vendor's own volatility (a fraction) and delta, row by row beside ours; NaN where it gave none."""

    iv: NDArray[np.float32]
    delta: NDArray[np.float32]

    @classmethod
    def unknown(cls, rows: int) -> VendorColumns:
        """Return columns of a vendor that gives neither."""
        nothing = np.full(rows, np.nan, dtype=np.float32)
        return cls(nothing, nothing)


def archive_name(underlying: str, year: int) -> str:
    """Return the archive file of an underlying and year, below the data home."""
    return f"chains/{underlying}/{year}.parquet"


def tape_to_frame(tape: ChainTape, vendor: VendorColumns | None = None) -> pl.DataFrame:
    """Return a tape as rows of the archive."""
    columns = tape.columns
    rows = len(columns.key)
    vendor = VendorColumns.unknown(rows) if vendor is None else vendor
    if len(vendor.iv) != rows or len(vendor.delta) != rows:
        raise StoreError(
            f"The vendor's columns have {len(vendor.iv)} rows, the tape of {tape.underlying} {rows}."
        )
    counts = np.diff(tape.offsets)
    snapshot = np.repeat(np.arange(len(tape)), counts)
    roots = option_roots(tape.underlying)
    root = ((columns.key >> ROOT_SHIFT) & ROOT_MASK).astype(np.uint32)
    is_put = ((columns.key >> STRIKE_BITS) & 1).astype(np.uint32)
    data: dict[str, object] = {
        "as_of": pl.Series(tape.as_of[snapshot] * 1_000_000).cast(MOMENT),
        "known_at": pl.Series(tape.known_at[snapshot] * 1_000_000).cast(MOMENT),
        "spot_cents": tape.spot_cents[snapshot],
        "grade": pl.Series([str(grade) for grade in GRADES]).gather(tape.grade[snapshot]),
        "source": pl.Series(tape.sources, dtype=pl.String).gather(tape.source[snapshot]),
        "expiration": pl.Series((columns.key >> EXPIRATION_SHIFT).astype(np.int32)).cast(pl.Date),
        "root": pl.Series([one.root for one in roots]).gather(root),
        "settlement": pl.Series([str(one.settlement) for one in roots]).gather(root),
        "right": pl.Series(["C", "P"]).gather(is_put),
        "strike_milli": (columns.key & STRIKE_MASK).astype(np.int32),
        **{name: getattr(columns, name) for name in ("bid", "ask", "volume", "open_interest")},
        **{name: getattr(columns, name) for name in ("iv", "delta", "gamma", "theta", "vega")},
        "vendor_iv": vendor.iv,
        "vendor_delta": vendor.delta,
        "flaws": columns.flaws,
    }
    frame = pl.DataFrame(data, schema_overrides=ARCHIVE_SCHEMA).select(list(ARCHIVE_SCHEMA))
    return frame.with_columns(
        *(
            pl.when(pl.col(name) >= 0).then(pl.col(name)).alias(name)
            for name in (*_NULL_BELOW_ZERO, "spot_cents")
        ),
        pl.col(_NULL_IF_NAN).fill_nan(None),
    )


def tape_from_frame(underlying: str, frame: pl.DataFrame) -> ChainTape:
    """Return rows of the archive, sorted as it is, as a tape.

    Raises
    ------
    StoreError
        If a root is not one of the underlying's, or the rows are not sorted.
    """
    roots = {one.root: code for code, one in enumerate(option_roots(underlying))}
    strangers = set(frame["root"].unique().to_list()) - set(roots)
    if strangers:
        raise StoreError(f"The archive of {underlying} has options of unknown roots {sorted(strangers)}.")
    key = pack_keys(
        frame["expiration"].to_physical().to_numpy(),
        (frame["right"] == "P").to_numpy(),
        frame["strike_milli"].to_numpy(),
        frame["root"].replace_strict(roots, return_dtype=pl.Int64).to_numpy(),
    )
    moment = frame["as_of"].to_physical().to_numpy() // 1_000_000
    starts = np.flatnonzero(np.r_[True, moment[1:] != moment[:-1]]) if len(moment) else np.zeros(0, np.intp)
    ordered = (moment[1:] > moment[:-1]) | ((moment[1:] == moment[:-1]) & (key[1:] > key[:-1]))
    if not bool(ordered.all()):
        row = int(np.flatnonzero(~ordered)[0]) + 2
        raise StoreError(f"The archive of {underlying} is not sorted by snapshot and contract at row {row}.")
    heads = frame[starts]
    sources = tuple(sorted(heads["source"].unique().to_list()))
    codes = {name: code for code, name in enumerate(sources)}
    grades = {str(grade): code for code, grade in enumerate(GRADES)}
    return ChainTape(
        underlying=underlying,
        as_of=moment[starts],
        known_at=heads["known_at"].to_physical().to_numpy() // 1_000_000,
        spot_cents=heads["spot_cents"].fill_null(-1).to_numpy(),
        grade=heads["grade"].replace_strict(grades, return_dtype=pl.Int8).to_numpy(),
        source=heads["source"].replace_strict(codes, return_dtype=pl.Int16).to_numpy(),
        sources=sources,
        offsets=np.append(starts, len(moment)).astype(np.int64),
        columns=ChainColumns(
            key=key,
            **{name: frame[name].fill_null(-1).to_numpy() for name in _NULL_BELOW_ZERO},
            **{name: frame[name].fill_null(float("nan")).to_numpy() for name in _NULL_IF_NAN[:5]},
            flaws=frame["flaws"].to_numpy(),
        ),
    )


def read_archive(
    name: Path, columns: list[str] | None = None, *, contents: bytes | None = None
) -> pl.DataFrame:
    """Read an archive file, or what was read of it.

    Raises
    ------
    StoreError
        If it is no Parquet file of this schema.
    """
    try:
        frame = pl.read_parquet(name if contents is None else BytesIO(contents), columns=columns)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise StoreError(f"{name} is damaged ({error}): delete it and import its snapshots again.") from error
    wrong = [
        f"{column} is {frame.schema.get(column)}, must be {kind}"
        for column, kind in ARCHIVE_SCHEMA.items()
        if (columns is None or column in columns) and frame.schema.get(column) != kind
    ]
    if wrong:
        raise StoreError(f"{name} is no chain archive: {'; '.join(wrong)}.")
    return frame


def write_archive(frame: pl.DataFrame, path: Path) -> None:
    """Write an archive file, compressed with zstd, a hundred thousand rows a group."""
    frame.write_parquet(
        path, compression="zstd", compression_level=6, row_group_size=100_000, statistics=True
    )
