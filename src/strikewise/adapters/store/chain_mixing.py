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
    recorded, made = parts
    if len(recorded) >= FULL_SHARE * len(made) or not _one_moment(recorded, made):
        return None if recorded is new or recorded is before else recorded
    rest = made.join(recorded, on=CONTRACT, how="anti", nulls_equal=True)
    if len(rest) == 0:
        return None if recorded is new or recorded is before else recorded
    head = recorded.row(0, named=True)
    known_at = max(head["known_at"], made["known_at"][0])
    source = f"{head['source'].split(AND)[0]}{AND}{made['source'][0].split(AND)[-1]}"
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


def _recorded_and_made(before: pl.DataFrame, new: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame] | None:
    """Return the recorded rows and the reconstructed ones, or None where there are not both."""
    grades = before["grade"][0], new["grade"][0]
    if grades == (_MADE, _QUOTES):
        return new, _unmarked(before)
    if grades == (_QUOTES, _MADE):
        return before, new
    if grades == (_MADE, _MADE):
        marked = before.filter((pl.col("flaws") & int(RECORDED_MARK)) != 0)
        if len(marked):
            return marked, new
    return None


def _unmarked(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.filter((pl.col("flaws") & int(RECORDED_MARK)) == 0)


def _one_moment(recorded: pl.DataFrame, made: pl.DataFrame) -> bool:
    one, other = recorded["spot_cents"][0], made["spot_cents"][0]
    if one is None or other is None:
        return True
    return bool(abs(one - other) <= SPOT_SHARE * other)
