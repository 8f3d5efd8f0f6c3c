"""From a vendor's option rows to archived chains: checked, placed in time, recomputed, merged.

Every chain importer translates its file into rows of `SCHEMA` and hands them to `load_rows`; what is a
bad row, and when an end-of-day quote was known, is decided here once.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import cast

import numpy as np
import polars as pl
from numpy.typing import NDArray

from strikewise.adapters.feeds.context import ImportContext
from strikewise.adapters.feeds.tables import ROW
from strikewise.adapters.store.chain_archive import VendorColumns, archive_name, tape_from_frame
from strikewise.adapters.store.market_store import check_symbol
from strikewise.domain.chain import GRADES, ChainColumns, ChainTape, OptionChain
from strikewise.domain.instruments import STRIKE_MASK, Settlement, option_roots, pack_keys
from strikewise.domain.money import MISSING_CENTS
from strikewise.domain.quotes import Grade
from strikewise.market.recompute import RawSnapshot, Recomputed, recompute

__all__ = ["SCHEMA", "VendorRows", "load_rows"]

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


def load_rows(path: Path, rows: VendorRows, context: ImportContext) -> None:
    """Check, place, recompute and write a vendor's rows."""
    check_symbol(rows.underlying)
    absent = [
        pl.lit(None, dtype=kind).alias(name)
        for name, kind in SCHEMA.items()
        if name not in rows.frame.columns
    ]
    frame = rows.frame.with_columns(absent).select(pl.col(name).cast(kind) for name, kind in SCHEMA.items())
    context.tally.rows_read += len(frame)
    frame = _checked(path, _placed(path, frame, context), context, rows.underlying)
    if not len(frame):
        return
    snapshots: list[Recomputed] = []
    vendors: list[pl.DataFrame] = []
    heads: list[tuple[int, int, int]] = []
    latest: OptionChain | None = None
    reference: OptionChain | None = None
    for (instant,), part in frame.partition_by("as_of", as_dict=True, maintain_order=True).items():
        as_of, day = cast("int", instant), cast("date", part["day"][0])
        session_before = context.calendar.previous_session(day)
        if latest is None:
            reference = _archived(context, rows.underlying, session_before)
        elif latest.day != day:
            reference = latest if latest.day == session_before else None
        raw = _raw(rows.underlying, as_of, part)
        result = _recomputed(raw, day, reference, context)
        known_at = int(part["known_at"][0])
        spot_cents = raw.spot_cents if raw.spot_cents > 0 else _cents(result.spot)
        latest = _chain(rows, as_of, known_at, spot_cents, result.columns)
        snapshots.append(result)
        vendors.append(part.select("vendor_iv", "vendor_delta"))
        heads.append((as_of, known_at, spot_cents))
    tape = _tape(rows, heads, snapshots)
    vendor = pl.concat(vendors)
    floats = [vendor[name].cast(pl.Float32).fill_null(float("nan")).to_numpy() for name in vendor.columns]
    report = context.chains.write(tape, VendorColumns(*floats), staging=context.staging)
    tally = context.tally
    tally.rows_written += report.rows
    tally.grades.add(str(rows.grade))
    tally.underlyings.add(rows.underlying)
    tally.notes["snapshots new"] += report.written
    tally.notes["snapshots replaced"] += report.replaced
    tally.notes["snapshots there already"] += report.unchanged
    tally.notes["snapshots refused because a better grade is archived"] += report.kept
    if not report.kept:
        tally.rows_unchanged += len(frame) - report.rows


def _placed(path: Path, frame: pl.DataFrame, context: ImportContext) -> pl.DataFrame:
    """Put end-of-day rows at their session's close; rows of days without a session are rejected."""
    days = frame["day"].unique().drop_nulls().to_list()
    calendar = context.calendar
    closes = {day: int(calendar.session_close(day).timestamp()) for day in days if calendar.is_session(day)}
    table = pl.DataFrame(
        {"day": list(closes), "close": list(closes.values())}, schema={"day": pl.Date, "close": pl.Int64}
    )
    placed = frame.join(table, on="day", how="left", maintain_order="left")
    placed = context.tally.sift(path, placed, {"not a session": pl.col("close").is_null()})
    return placed.with_columns(
        pl.col("as_of").fill_null(pl.col("close")), pl.col("known_at").fill_null(pl.col("close"))
    ).drop("close")


def _checked(path: Path, frame: pl.DataFrame, context: ImportContext, underlying: str) -> pl.DataFrame:
    """Reject impossible rows and duplicates; return the rest in the types of the archive, sorted."""
    milli = (pl.col("strike") / STRIKE_STEP).round()
    price_ok = pl.col("bid", "ask").is_between(0.0, MAX_DOLLARS)
    count_ok = pl.col("volume", "open_interest").is_between(0, MAX_CONTRACTS)
    rules = {
        "neither call nor put": pl.col("is_put").is_null(),
        "expiration is missing": pl.col("expiration").is_null(),
        "expired before its quote date": pl.col("expiration") < pl.col("day"),
        "strike is not positive": pl.col("strike").is_null() | (pl.col("strike") <= 0),
        "strike is out of range": milli > STRIKE_MASK,
        "strike is no multiple of 0.001": (pl.col("strike") - milli * STRIKE_STEP).abs()
        > 1e-6 * pl.col("strike"),
        "price is negative or out of range": ~pl.all_horizontal(price_ok.fill_null(value=True)),
        "volume or open interest is negative or out of range": ~pl.all_horizontal(
            count_ok.fill_null(value=True)
        ),
        "underlying price is not positive": pl.col("spot") <= 0,
    }
    frame = context.tally.sift(path, frame, rules)
    codes = pl.col("root").fill_null(_root_rule(underlying, frame, context))
    frame = frame.with_columns(root=codes, strike_milli=milli.cast(pl.Int64))
    frame = _without_duplicates(path, frame, context)
    key = pack_keys(
        frame["expiration"].to_physical().to_numpy(),
        frame["is_put"].to_numpy(),
        frame["strike_milli"].to_numpy(),
        frame["root"].to_numpy().astype(np.int64),
    )
    return frame.with_columns(pl.Series("key", key)).sort("as_of", "key")


def _without_duplicates(path: Path, frame: pl.DataFrame, context: ImportContext) -> pl.DataFrame:
    """Keep one of identical rows, and none of those that contradict each other."""
    identity = ["as_of", "expiration", "root", "is_put", "strike_milli"]
    if not frame.select(pl.struct(identity).is_duplicated().any()).item():
        return frame
    facts = [name for name in frame.columns if name != ROW]
    again = ~pl.struct(facts).is_first_distinct()
    frame = context.tally.sift(path, frame, {"duplicate row": again})
    return context.tally.sift(
        path, frame, {"contract quoted twice, differently": pl.struct(identity).is_duplicated()}
    )


def _root_rule(underlying: str, frame: pl.DataFrame, context: ImportContext) -> pl.Series:
    """Return the root of each row of a vendor that does not tell: AM on third Fridays, PM on other days.

    Where an underlying has an AM and a PM root, the third Friday's (or the Thursday's before a holiday)
    is taken for the AM-settled one.
    """
    settlements = [root.settlement for root in option_roots(underlying)]
    if Settlement.AM not in settlements or Settlement.PM not in settlements:
        return pl.Series("root", np.zeros(len(frame), dtype=np.int8))
    am, pm = settlements.index(Settlement.AM), settlements.index(Settlement.PM)
    table = {
        day: am if _is_third_friday(day, context) else pm
        for day in frame["expiration"].unique().drop_nulls().to_list()
    }
    return frame["expiration"].replace_strict(table, return_dtype=pl.Int8)


def _is_third_friday(day: date, context: ImportContext) -> bool:
    friday = date(day.year, day.month, 15)
    friday = friday.replace(day=15 + (4 - friday.weekday()) % 7)
    return day == friday or day == context.calendar.session_at_or_before(friday)


def _raw(underlying: str, as_of: int, part: pl.DataFrame) -> RawSnapshot:
    spot = part["spot"].drop_nulls()
    return RawSnapshot(
        underlying=underlying,
        as_of=as_of,
        spot_cents=_cents(cast("float", spot.median())) if len(spot) else MISSING_CENTS,
        key=part["key"].to_numpy(),
        bid=_cent_column(part["bid"]),
        ask=_cent_column(part["ask"]),
        volume=_count_column(part["volume"]),
        open_interest=_count_column(part["open_interest"]),
    )


def _recomputed(
    raw: RawSnapshot, day: date, before: OptionChain | None, context: ImportContext
) -> Recomputed:
    rate = context.rate(raw.as_of)
    if rate is None:
        context.tally.notes["snapshots discounted at 0 %, no rate being known"] += 1
    close = context.close(raw.underlying, day)
    reference = raw.spot_cents / 100 if raw.spot_cents > 0 else close or 0.0
    compute = partial(
        recompute,
        rate=rate or 0.0,
        dividend_yield=context.dividend_yield(raw.underlying, day, reference),
        settles_at=context.settlements(raw.underlying),
        before=before,
    )
    result = compute(raw)
    if raw.spot_cents <= 0:
        context.tally.notes[
            "snapshots without a price of the underlying: implied by parity, else the close"
        ] += 1
        if np.isnan(result.spot) and close is not None:
            result = compute(replace(raw, spot_cents=_cents(close)))
    return result


def _archived(context: ImportContext, underlying: str, day: date) -> OptionChain | None:
    """Return the last archived snapshot of a session, for judging the first snapshot of a file."""
    path = context.staging.current(archive_name(underlying, day.year))
    if path is None:
        return None
    of_day = pl.scan_parquet(path).filter(pl.col("as_of").dt.date() == day).collect()
    tape = tape_from_frame(underlying, of_day)
    return tape.chain(len(tape) - 1) if len(tape) else None


def _chain(
    rows: VendorRows, as_of: int, known_at: int, spot_cents: int, columns: ChainColumns
) -> OptionChain:
    return OptionChain.of(
        columns,
        underlying=rows.underlying,
        as_of=datetime.fromtimestamp(as_of, tz=UTC),
        known_at=datetime.fromtimestamp(known_at, tz=UTC),
        spot_cents=spot_cents,
        grade=rows.grade,
        source=rows.source,
    )


def _tape(rows: VendorRows, heads: list[tuple[int, int, int]], snapshots: list[Recomputed]) -> ChainTape:
    as_of, known_at, spot = np.array(heads, dtype=np.int64).T
    names = ChainColumns.__dataclass_fields__
    return ChainTape(
        underlying=rows.underlying,
        as_of=as_of,
        known_at=known_at,
        spot_cents=spot,
        grade=np.full(len(heads), GRADES.index(rows.grade), dtype=np.int8),
        source=np.zeros(len(heads), dtype=np.int16),
        sources=(rows.source,),
        offsets=np.cumsum([0, *(len(one.columns.key) for one in snapshots)]).astype(np.int64),
        columns=ChainColumns(
            **{name: np.concatenate([getattr(one.columns, name) for one in snapshots]) for name in names}
        ),
    )


def _cents(dollars: float) -> int:
    return MISSING_CENTS if np.isnan(dollars) else round(dollars * 100)


def _cent_column(dollars: pl.Series) -> NDArray[np.int32]:
    return (dollars * 100).round().fill_null(MISSING_CENTS).cast(pl.Int32).to_numpy()


def _count_column(counts: pl.Series) -> NDArray[np.int32]:
    return counts.fill_null(-1).cast(pl.Int32).to_numpy()
