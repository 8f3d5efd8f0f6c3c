"""Read vendors' tables strictly: what is not of the stated form is refused by file, row and column."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import polars as pl

from strikewise.domain.errors import ImportRefusedError

__all__ = [
    "ROW",
    "Kind",
    "Layout",
    "Sample",
    "read_csv",
    "read_json",
    "read_parquet",
    "read_table",
    "sample_of",
]

Kind = Literal["date", "number", "integer", "text"]

ROW = "row"
"""Column that holds the 1-based row of the file; in text formats the header is row 1."""
LONGEST_HEADER = 65_536
"""Characters of a first line that are looked at; one that is longer is no header."""
MISSING_TEXTS = ("", "null", "NULL", "nan", "NaN", "None", "N/A", ".")

_TYPES: dict[Kind, pl.DataType | type[pl.DataType]] = {
    "date": pl.Date,
    "number": pl.Float64,
    "integer": pl.Int64,
    "text": pl.String,
}


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns of a vendor's format.

    Attributes
    ----------
    required : mapping of str to Kind
        Columns that must be there. One of kind date or text may not be null in any row.
    optional : mapping of str to Kind
        Columns that may be missing, and are then null.
    ignored : frozenset of str
        Columns the vendor has and strikewise does not need.
    """

    required: Mapping[str, Kind]
    optional: Mapping[str, Kind] = field(default_factory=dict)
    ignored: frozenset[str] = frozenset()

    def fits(self, columns: tuple[str, ...]) -> bool:
        """Return whether a file of these columns can be of this layout."""
        return set(self.required) <= set(columns)

    def check(self, path: Path, columns: list[str]) -> None:
        """Refuse a file whose columns are not those of the layout."""
        for name in self.required:
            if name not in columns:
                raise ImportRefusedError(path, f"the column is missing; the file has {columns}.", column=name)
        known = {*self.required, *self.optional, *self.ignored}
        for name in columns:
            if columns.count(name) > 1:
                raise ImportRefusedError(path, "the column is there more than once.", column=name)
            if name not in known:
                raise ImportRefusedError(
                    path, "the column is not of this format: is it another vendor's file?", column=name
                )

    def select(self, path: Path, frame: pl.DataFrame, first_row: int) -> pl.DataFrame:
        """Return the wanted columns in their types, with the row numbers, refusing what is not of them."""
        self.check(path, frame.columns)
        wanted = {**self.required, **self.optional}
        columns = [
            _cast(path, frame[name], kind, first_row)
            if name in frame.columns
            else pl.Series(name, [None] * len(frame), dtype=_TYPES[kind])
            for name, kind in wanted.items()
        ]
        for column in columns:
            if self.required.get(column.name) in {"date", "text"} and column.null_count():
                row = int(column.is_null().arg_max() or 0) + first_row
                raise ImportRefusedError(path, "there is no value.", row=row, column=column.name)
        rows = pl.int_range(first_row, first_row + len(frame), eager=True).cast(pl.UInt32).alias(ROW)
        return pl.DataFrame([rows, *columns])


@dataclass(frozen=True, slots=True)
class Sample:
    """What a glance at a file shows: its form, and its columns (or the top-level keys of a JSON object)."""

    path: Path
    form: Literal["parquet", "csv", "json", "other"]
    columns: tuple[str, ...] = ()

    @property
    def unknown(self) -> str:
        """Why it is of no known format, and what to do where that can be told."""
        if self.form == "other":
            return "not a data file: only .parquet, .csv, .txt and .json are read."
        header = ",".join(self.columns)
        if self.form == "csv" and not header:
            return "it is empty."
        if any(sign in header for sign in ("\0", "\ufffd")):
            return "it is no text in UTF-8: save it as CSV in UTF-8."
        if "\r" in header:
            return "its lines end as on old Macs: save it with the line ends of this system."
        for sign, name in ((";", "semicolons"), ("\t", "tabs")):
            if len(self.columns) == 1 and sign in header:
                return f"its values stand between {name}: save it with commas between, and points in numbers."
        return f"of no known format; its columns are {', '.join(self.columns[:12]) or 'none'}."


def sample_of(path: Path) -> Sample:
    """Look at a file without reading all of it.

    Raises
    ------
    ImportRefusedError
        If it ends in ``.parquet`` and is none, or in ``.json`` and is none.
    """
    ending = path.suffix.lower()
    if ending == ".parquet":
        try:
            return Sample(path, "parquet", tuple(pl.read_parquet_schema(path)))
        except (pl.exceptions.PolarsError, OSError) as error:
            raise ImportRefusedError(path, f"it is no whole Parquet file ({_short(error)}).") from error
    if ending == ".json":
        said = read_json(path)
        return Sample(path, "json", tuple(said) if isinstance(said, dict) else ())
    return Sample(path, "csv", tuple(_header(path))) if ending in {".csv", ".txt"} else Sample(path, "other")


def read_table(path: Path, layout: Layout) -> pl.DataFrame:
    """Read a file of a layout that may come as CSV or as Parquet."""
    return read_csv(path, layout) if path.suffix.lower() == ".csv" else read_parquet(path, layout)


def read_parquet(path: Path, layout: Layout) -> pl.DataFrame:
    """Read a Parquet file of a layout; rows are numbered from 1."""
    try:
        layout.check(path, list(pl.read_parquet_schema(path)))
        frame = pl.read_parquet(path)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise ImportRefusedError(path, f"it is no whole Parquet file ({_short(error)}).") from error
    return layout.select(path, frame, 1)


def read_csv(path: Path, layout: Layout) -> pl.DataFrame:
    """Read a comma-separated file of a layout; the header is row 1.

    Blanks around values, and quotes and ``[BRACKETS]`` around names, are vendors' ornaments and dropped.
    """
    names = _header(path)
    layout.check(path, names)
    _check_last_line(path, len(names))
    try:
        frame = pl.read_csv(path, has_header=False, skip_rows=1, new_columns=names, infer_schema=False)
    except pl.exceptions.NoDataError:
        frame = pl.DataFrame(schema=dict.fromkeys(names, pl.String))
    except pl.exceptions.PolarsError as error:
        raise ImportRefusedError(
            path, f"it is no table of {len(names)} columns ({_short(error)})."
        ) from error
    text = pl.all().str.strip_chars()
    frame = frame.with_columns(pl.when(~text.is_in(MISSING_TEXTS)).then(text))
    return layout.select(path, frame, 2)


def read_json(path: Path) -> Any:
    """Read a JSON file.

    Raises
    ------
    ImportRefusedError
        If it is cut off or no JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except (ValueError, OSError) as error:
        raise ImportRefusedError(path, f"it is no whole JSON file ({_short(error)}).") from error


def _cast(path: Path, column: pl.Series, kind: Kind, first_row: int) -> pl.Series:
    wanted = _TYPES[kind]
    if kind == "date" and column.dtype == pl.String:
        cast = column.str.to_date("%Y-%m-%d", strict=False)
    elif kind == "integer" and column.dtype == pl.String:
        cast = _whole(column.cast(pl.Float64, strict=False))
    elif kind == "integer" and column.dtype.is_float():
        cast = _whole(column)
    elif kind == "text" and column.dtype in {pl.Categorical, pl.Enum}:
        cast = column.cast(pl.String)
    elif kind == "date" and isinstance(column.dtype, pl.Datetime):
        cast = column.dt.date()
    elif column.dtype == pl.String or _same_family(column.dtype, kind):
        cast = column.cast(wanted, strict=False)
    else:
        raise ImportRefusedError(
            path, f"it must hold a {kind}, the file has {column.dtype}.", column=column.name
        )
    bad = cast.is_null() & column.is_not_null()
    if column.dtype.is_float():
        bad &= column.is_not_nan()
    if bad.any():
        position = int(bad.arg_max() or 0)
        raise ImportRefusedError(
            path, f"{column[position]!r} is no {kind}.", row=position + first_row, column=column.name
        )
    if not cast.dtype.is_float():
        return cast
    return cast.to_frame().select(pl.when(pl.first().is_finite()).then(pl.first())).to_series()


def _whole(column: pl.Series) -> pl.Series:
    """Return floats as integers, null where they are not whole."""
    whole = column.cast(pl.Int64, strict=False)
    return whole.set(whole.cast(column.dtype) != column, None)


def _same_family(found: pl.DataType, kind: Kind) -> bool:
    numeric = found.is_numeric()
    return {
        "date": found == pl.Date,
        "number": numeric,
        "integer": found.is_integer(),
        "text": found == pl.String,
    }[kind] or found == pl.Null


def _header(path: Path) -> list[str]:
    """Return the names in the first line; one that ends in a lone carriage return holds what follows too."""
    with path.open(encoding="utf-8-sig", errors="replace", newline="\n") as stream:
        line = stream.readline(LONGEST_HEADER)
    return [name.strip().strip('"[]') for name in line.rstrip("\r\n").split(",")]


def _check_last_line(path: Path, fields: int) -> None:
    """Refuse a file whose last line has fewer fields than its header: a download that broke off."""
    with path.open("rb") as stream:
        stream.seek(0, 2)
        size = stream.tell()
        stream.seek(max(0, size - 65_536))
        tail = stream.read().rstrip(b"\r\n").rsplit(b"\n", 1)[-1].decode("utf-8", errors="replace")
    if '"' not in tail and tail.count(",") + 1 < fields:
        raise ImportRefusedError(
            path, f"the last line has {tail.count(',') + 1} of {fields} fields: the file is cut off."
        )


def _short(error: Exception) -> str:
    return str(error).splitlines()[0][:200] if str(error) else type(error).__name__
