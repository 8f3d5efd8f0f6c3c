"""Put recorded and reconstructed contracts of one instant together: recorded ones win."""

from __future__ import annotations

import polars as pl

from strikewise.domain.chain import RECORDED_MARK
from strikewise.domain.quotes import Grade

__all__ = ["mixed"]

CONTRACT = ("expiration", "root", "right", "strike_milli")
FULL_SHARE = 0.5
"""Recorded chains of at least this share of the reconstructed rows are a full day, and replace them whole."""
SPOT_SHARE = 0.005
"""Where the two spots differ by more they were not taken at one moment, and nothing is mixed."""
AND = " + "

_QUOTES, _MADE = str(Grade.QUOTES), str(Grade.RECONSTRUCTED)


def mixed(before: pl.DataFrame, new: pl.DataFrame) -> pl.DataFrame | None:
    """Return what is to be archived of an instant that has one snapshot and receives another.

    A mixed snapshot is graded reconstructed, the worst of what it holds; its recorded rows carry a mark in
    their flaws, and its source names both.

    Parameters
    ----------
    before, new : polars.DataFrame
        Rows of the archive, one instant each.

    Returns
    -------
    polars.DataFrame or None
        None where the two are not a recorded and a reconstructed snapshot: one then replaces the other.
    """
    parts = _recorded_and_made(before, new)
    if parts is None:
        return None
    recorded, made, listed = parts
    rest = made.join(recorded, on=CONTRACT, how="anti", nulls_equal=True)
    if len(recorded) >= FULL_SHARE * listed or not _one_moment(recorded, made) or len(rest) == 0:
        return None if recorded is new or recorded is before else recorded
    head = recorded.row(0, named=True)
    known_at = max(head["known_at"], made["known_at"][0])
    source = f"{head['source']}{AND}{made['source'][0].split(AND)[-1]}"
    marked = recorded.with_columns((pl.col("flaws") | int(RECORDED_MARK)).cast(pl.UInt16))
    return (
        pl.concat([marked, rest])
        .with_columns(
            known_at=pl.lit(known_at, dtype=recorded.schema["known_at"]),
            spot_cents=pl.lit(head["spot_cents"], dtype=recorded.schema["spot_cents"]),
            grade=pl.lit(_MADE),
            source=pl.lit(source),
        )
        .sort(CONTRACT)
    )


def _recorded_and_made(
    before: pl.DataFrame, new: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame, int] | None:
    """Return recorded rows, reconstructed ones and how many contracts a whole day has; None without both."""
    grades = before["grade"][0], new["grade"][0]
    if grades == (_QUOTES, _MADE):
        return before, new, len(new)
    if before["grade"][0] != _MADE or new["grade"][0] not in (_QUOTES, _MADE):
        return None
    marked = (pl.col("flaws") & int(RECORDED_MARK)) != 0
    earlier = before.filter(marked).with_columns(
        flaws=(pl.col("flaws") ^ int(RECORDED_MARK)).cast(pl.UInt16),
        grade=pl.lit(_QUOTES),
        source=pl.col("source").str.split(AND).list.first(),
    )
    if new["grade"][0] == _MADE:
        return (earlier, new, len(new)) if len(earlier) else None
    # What took the place of a reconstructed contract stays: that one is gone, and there would be a hole.
    stays = earlier.join(new, on=CONTRACT, how="anti", nulls_equal=True)
    recorded = _beside(new, stays) if len(stays) else new
    return recorded, before.filter(~marked), len(before)


def _beside(new: pl.DataFrame, stays: pl.DataFrame) -> pl.DataFrame:
    """Return rows recorded now and before as one snapshot, as the new one describes it."""
    head = {name: new[name].first() for name in ("known_at", "spot_cents", "source")}
    same = [pl.lit(value, dtype=new.schema[name]).alias(name) for name, value in head.items()]
    return pl.concat([new, stays.with_columns(same)]).sort(CONTRACT)


def _one_moment(recorded: pl.DataFrame, made: pl.DataFrame) -> bool:
    one, other = recorded["spot_cents"][0], made["spot_cents"][0]
    if one is None or other is None:
        return True
    return bool(abs(one - other) <= SPOT_SHARE * other)
