"""A vendor's option rows, translated, checked and placed in time.

Every chain importer translates its file into rows of `SCHEMA`; what is a bad row, and when an end-of-day
quote was known, is decided here once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl

from strikewise.adapters.feeds.report import Tally
from strikewise.adapters.feeds.tables import ROW
from strikewise.domain.errors import MissingDataError
from strikewise.domain.instruments import STRIKE_MASK, Settlement, option_roots, pack_keys
from strikewise.domain.quotes import Grade
from strikewise.market.calendar import SessionCalendar

__all__ = ["SCHEMA", "VendorRows", "sound_rows"]

SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    ROW: pl.UInt32,
    "day": pl.Date,
    "as_of": pl.Int64,
    "known_at": pl.Int64,
    "expiration": pl.Date,
    "root": pl.Int8,
    "is_put": pl.Boolean,
    "strike": pl.Float64,
    "bid": pl.Float64,
    "ask": pl.Float64,
    "volume": pl.Int64,
    "open_interest": pl.Int64,
    "spot": pl.Float64,
    "vendor_iv": pl.Float64,
    "vendor_delta": pl.Float64,
}
"""Columns of translated rows. ``day`` is the session; ``as_of`` and ``known_at`` (Unix seconds) are null
for the session's close, ``root`` is null where the vendor does not tell roots apart, prices are
dollars."""

MAX_DOLLARS = 10_000_000.0
MAX_CONTRACTS = 2**31 - 1
STRIKE_STEP = 1e-3
"""A strike must be a multiple of a thousandth of a dollar, to float32's precision."""


@dataclass(frozen=True, slots=True, eq=False)
class VendorRows:
    """Translated rows of one underlying.

    Attributes
    ----------
    underlying : str
        The underlying's symbol.
    frame : polars.DataFrame
        Rows of `SCHEMA`; missing columns are null.
    source : str
        Name of the vendor.
    grade : Grade
        How far the prices can be believed.
    """

    underlying: str
    frame: pl.DataFrame
    source: str
    grade: Grade = Grade.QUOTES


def sound_rows(path: Path, rows: VendorRows, calendar: SessionCalendar, tally: Tally) -> pl.DataFrame:
    """Return the rows that can be used, in the order of the archive; count the others by reason.

    Parameters
    ----------
    path : Path
        Where the rows came from, for examples of what was rejected.
    rows : VendorRows
        The translated rows.
    calendar : SessionCalendar
        The sessions.
    tally : Tally
        Where rows are counted.

    Returns
    -------
    polars.DataFrame
        The columns of `SCHEMA`, none of ``as_of``, ``known_at`` and ``root`` null, and ``key``; sorted by
        (as_of, key).
    """
    absent = [
        pl.lit(None, dtype=kind).alias(name)
        for name, kind in SCHEMA.items()
        if name not in rows.frame.columns
    ]
    frame = rows.frame.with_columns(absent).select(pl.col(name).cast(kind) for name, kind in SCHEMA.items())
    placed = _placed(path, frame, calendar, tally)
    return _checked(path, placed, rows.underlying, calendar, tally)


def _placed(path: Path, frame: pl.DataFrame, calendar: SessionCalendar, tally: Tally) -> pl.DataFrame:
    """Put end-of-day rows at their session's close; rows of days without a session are rejected."""
    days = frame["day"].unique().drop_nulls().to_list()
    closes = {day: close for day in days if (close := _close(calendar, day)) is not None}
    table = pl.DataFrame(
        {"day": list(closes), "close": list(closes.values())}, schema={"day": pl.Date, "close": pl.Int64}
    )
    placed = frame.join(table, on="day", how="left", maintain_order="left")
    placed = tally.sift(path, placed, {"not a session": pl.col("close").is_null()})
    return placed.with_columns(
        pl.col("as_of").fill_null(pl.col("close")), pl.col("known_at").fill_null(pl.col("close"))
    ).drop("close")


def _close(calendar: SessionCalendar, day: date) -> int | None:
    try:
        return int(calendar.session_close(day).timestamp())
    except MissingDataError:
        return None


def _checked(
    path: Path, frame: pl.DataFrame, underlying: str, calendar: SessionCalendar, tally: Tally
) -> pl.DataFrame:
    """Reject impossible rows and duplicates; return the rest in the types of the archive, sorted."""
    milli = (pl.col("strike") / STRIKE_STEP).round()
    price_ok = pl.col("bid", "ask").is_between(0.0, MAX_DOLLARS)
    count_ok = pl.col("volume", "open_interest").is_between(0, MAX_CONTRACTS)
    rules = {
        "neither call nor put": pl.col("is_put").is_null(),
        "expiration is missing": pl.col("expiration").is_null(),
        "expired before its quote date": pl.col("expiration") < pl.col("day"),
        "root is not one of the underlying's: an adjusted contract": pl.col("root") < 0,
        "strike is not positive": pl.col("strike").is_null() | (pl.col("strike") <= 0),
        "strike is out of range": milli > STRIKE_MASK,
        "strike is no multiple of 0.001": (pl.col("strike") - milli * STRIKE_STEP).abs()
        > 1e-6 * pl.col("strike"),
        "price is negative or out of range": ~pl.all_horizontal(price_ok.fill_null(value=True)),
        "volume or open interest is negative or out of range": ~pl.all_horizontal(
            count_ok.fill_null(value=True)
        ),
        "underlying price is not positive or out of range": ~pl.col("spot").is_between(
            0.0, MAX_DOLLARS, closed="right"
        ),
    }
    frame = tally.sift(path, frame, rules)
    codes = pl.col("root").fill_null(_root_rule(underlying, frame, calendar))
    frame = frame.with_columns(root=codes, strike_milli=milli.cast(pl.Int64))
    frame = _without_duplicates(path, frame, tally)
    key = pack_keys(
        frame["expiration"].to_physical().to_numpy(),
        frame["is_put"].to_numpy(),
        frame["strike_milli"].to_numpy(),
        frame["root"].to_numpy().astype(np.int64),
    )
    return frame.with_columns(pl.Series("key", key)).sort("as_of", "key")


def _without_duplicates(path: Path, frame: pl.DataFrame, tally: Tally) -> pl.DataFrame:
    """Keep one of identical rows, and none of those that contradict each other."""
    identity = ["as_of", "expiration", "root", "is_put", "strike_milli"]
    if not frame.select(pl.struct(identity).is_duplicated().any()).item():
        return frame
    facts = [name for name in frame.columns if name != ROW]
    again = ~pl.struct(facts).is_first_distinct()
    frame = tally.sift(path, frame, {"duplicate row": again})
    return tally.sift(
        path, frame, {"contract quoted twice, differently": pl.struct(identity).is_duplicated()}
    )


def _root_rule(underlying: str, frame: pl.DataFrame, calendar: SessionCalendar) -> pl.Series:
    """Return the root of each row of a vendor that does not tell: AM on third Fridays, PM on other days.

    Where an underlying has an AM and a PM root, the third Friday's (or the Thursday's before a holiday)
    is taken for the AM-settled one.
    """
    settlements = [root.settlement for root in option_roots(underlying)]
    if Settlement.AM not in settlements or Settlement.PM not in settlements:
        return pl.Series("root", np.zeros(len(frame), dtype=np.int8))
    am, pm = settlements.index(Settlement.AM), settlements.index(Settlement.PM)
    table = {
        day: am if _is_third_friday(day, calendar) else pm
        for day in frame["expiration"].unique().drop_nulls().to_list()
    }
    return frame["expiration"].replace_strict(table, return_dtype=pl.Int8)


def _is_third_friday(day: date, calendar: SessionCalendar) -> bool:
    friday = date(day.year, day.month, 15)
    friday = friday.replace(day=15 + (4 - friday.weekday()) % 7)
    return day == friday or day == calendar.session_at_or_before(friday)
