"""From a vendor's sound rows to chains: recomputed snapshot by snapshot, and merged into the archive."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import cast

import numpy as np
import polars as pl
from numpy.typing import NDArray

from strikewise.adapters.feeds.chain_rows import VendorRows, sound_rows
from strikewise.adapters.feeds.conditions import Conditions
from strikewise.adapters.feeds.context import ImportContext, storable
from strikewise.adapters.feeds.report import Tally
from strikewise.adapters.store.chain_archive import VendorColumns, archive_name, tape_from_frame
from strikewise.domain.chain import GRADES, RECORDED_MARK, ChainColumns, ChainTape, OptionChain
from strikewise.domain.money import MISSING_CENTS
from strikewise.domain.quotes import Grade
from strikewise.market.recompute import RawSnapshot, Recomputed, recompute

__all__ = ["chains_of", "load_rows"]

NO_RATE = "snapshots discounted at 0 %, no rate being known"
NO_SPOT = "snapshots without a price of the underlying: implied by parity, else the close"


def load_rows(path: Path, rows: VendorRows, context: ImportContext) -> None:
    """Check, place, recompute and write a vendor's rows."""
    storable(path, rows.underlying)
    tally = context.tally
    tally.rows_read += len(rows.frame)
    frame = sound_rows(path, rows, context.calendar, tally)
    if not len(frame):
        return
    first = cast("date", frame["day"][0])
    before = _archived(context, rows.underlying, context.calendar.previous_session(first))
    chains = chains_of(rows, frame, context.conditions, tally, before)
    vendor = frame.select(pl.col("vendor_iv", "vendor_delta").cast(pl.Float32).fill_null(float("nan")))
    columns = VendorColumns(vendor["vendor_iv"].to_numpy(), vendor["vendor_delta"].to_numpy())
    report = context.chains.write(_tape(rows, chains), columns, staging=context.staging)
    tally.rows_written += report.rows
    tally.grades.add(str(rows.grade))
    tally.underlyings.add(rows.underlying)
    tally.notes["snapshots new"] += report.written
    tally.notes["snapshots replaced"] += report.replaced
    tally.notes["snapshots there already"] += report.unchanged
    tally.notes["snapshots refused because a better grade is archived"] += report.kept
    tally.rows_unchanged += report.unchanged_rows


def chains_of(
    rows: VendorRows,
    frame: pl.DataFrame,
    conditions: Conditions,
    tally: Tally,
    before: OptionChain | None = None,
) -> list[OptionChain]:
    """Compute the chains of sound rows, oldest first.

    Parameters
    ----------
    rows : VendorRows
        Whose rows they are.
    frame : polars.DataFrame
        What `sound_rows` returned.
    conditions : Conditions
        Rates, dividend yields and settlements.
    tally : Tally
        Where notes are counted.
    before : OptionChain, optional
        The last chain of the session before the first one, to find stale quotes.
    """
    chains: list[OptionChain] = []
    reference = before
    for part in frame.partition_by("as_of", maintain_order=True):
        as_of, known_at = int(part["as_of"][0]), int(part["known_at"][0])
        day = cast("date", part["day"][0])
        if chains and chains[-1].day != day:
            reference = chains[-1] if chains[-1].day == conditions.calendar.previous_session(day) else None
        raw = _raw(rows.underlying, as_of, part)
        result = _recomputed(raw, day, reference, conditions, tally)
        chains.append(
            OptionChain.of(
                result.columns,
                underlying=rows.underlying,
                as_of=datetime.fromtimestamp(as_of, tz=UTC),
                known_at=datetime.fromtimestamp(known_at, tz=UTC),
                spot_cents=raw.spot_cents if raw.spot_cents > 0 else _cents(result.spot),
                grade=rows.grade,
                source=rows.source,
            )
        )
    return chains


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
    raw: RawSnapshot, day: date, before: OptionChain | None, conditions: Conditions, tally: Tally
) -> Recomputed:
    rate = conditions.rate(raw.as_of)
    if rate is None:
        tally.notes[NO_RATE] += 1
    compute = partial(
        recompute,
        rate=rate,
        dividend_yield=conditions.dividend_yield(raw.underlying, raw.as_of),
        settles_at=conditions.settlements(raw.underlying),
        before=before,
    )
    result = compute(raw)
    if raw.spot_cents <= 0:
        tally.notes[NO_SPOT] += 1
        close = conditions.close(raw.underlying, day)
        if np.isnan(result.spot) and close is not None:
            result = compute(replace(raw, spot_cents=_cents(close)))
    return result


def _archived(context: ImportContext, underlying: str, day: date) -> OptionChain | None:
    """Return what was recorded in the last snapshot of a session, for judging the first one of a file."""
    path = context.staging.current(archive_name(underlying, day.year))
    if path is None:
        return None
    made = (pl.col("grade") == str(Grade.RECONSTRUCTED)) & (pl.col("flaws") & int(RECORDED_MARK) == 0)
    of_day = pl.scan_parquet(path).filter(pl.col("as_of").dt.date() == day, ~made).collect()
    tape = tape_from_frame(underlying, of_day)
    return tape.chain(len(tape) - 1) if len(tape) else None


def _tape(rows: VendorRows, chains: list[OptionChain]) -> ChainTape:
    def seconds(instants: list[datetime]) -> NDArray[np.int64]:
        return np.array([int(one.timestamp()) for one in instants], dtype=np.int64)

    names = ChainColumns.__dataclass_fields__
    return ChainTape(
        underlying=rows.underlying,
        as_of=seconds([one.as_of for one in chains]),
        known_at=seconds([one.known_at for one in chains]),
        spot_cents=np.array([one.spot_cents for one in chains], dtype=np.int64),
        grade=np.full(len(chains), GRADES.index(rows.grade), dtype=np.int8),
        source=np.zeros(len(chains), dtype=np.int16),
        sources=(rows.source,),
        offsets=np.cumsum([0, *map(len, chains)]).astype(np.int64),
        columns=ChainColumns(
            **{name: np.concatenate([getattr(one.columns, name) for one in chains]) for name in names}
        ),
    )


def _cents(dollars: float) -> int:
    return MISSING_CENTS if np.isnan(dollars) else round(dollars * 100)


def _cent_column(dollars: pl.Series) -> NDArray[np.int32]:
    return (dollars * 100).round().fill_null(MISSING_CENTS).cast(pl.Int32).to_numpy()


def _count_column(counts: pl.Series) -> NDArray[np.int32]:
    return counts.fill_null(-1).cast(pl.Int32).to_numpy()
