"""Recorded market data of the shared folder, read plainly for the tests of this room."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from shared_data import CHAINS, DATA
from strikewise.domain.chain import GRADES, ChainColumns, ChainTape
from strikewise.domain.instruments import pack_keys
from strikewise.domain.quotes import DailyBars, Grade, Series
from strikewise.market.calendar import SessionCalendar

CALENDAR = SessionCalendar()


def recorded_bars(symbol: str) -> DailyBars:
    frame = pl.read_parquet(DATA / "daily_etf_index.parquet").filter(pl.col("symbol") == symbol).sort("date")
    days = frame["date"].cast(pl.Int32).to_numpy()
    columns = {
        name: frame[name].cast(pl.Float64).fill_null(float("nan")).to_numpy()
        for name in ("open", "high", "low", "close", "volume")
    }
    return DailyBars(symbol, days, **columns, known_at=CALENDAR.close_seconds(days))


def recorded_series(name: str) -> Series:
    bars = recorded_bars(name)
    return Series(name, bars.days, bars.close, bars.known_at)


def recorded_tape(underlying: str, year: int, at: time = time(16, 0)) -> ChainTape:
    """Read a year's chains with the vendor's own volatilities, as if taken at ``at`` in New York."""
    frame = (
        pl.read_parquet(CHAINS / underlying / f"{year}.parquet")
        .with_columns(
            put=pl.col("right") == "P",
            days=pl.col("expiration").cast(pl.Int32),
            milli=(pl.col("strike").cast(pl.Float64) * 1000).round().cast(pl.Int64),
        )
        .unique(["quote_date", "days", "put", "milli"], keep="first")
        .sort("quote_date", "days", "put", "milli")
    )

    def cents(name: str) -> np.ndarray:
        return (pl.Series(frame[name]).cast(pl.Float64) * 100).round().fill_null(-1).cast(pl.Int32).to_numpy()

    def floats(name: str) -> np.ndarray:
        return frame[name].fill_null(float("nan")).to_numpy()

    def counts(name: str) -> np.ndarray:
        return frame[name].fill_null(-1).cast(pl.Int32).to_numpy()

    columns = ChainColumns(
        key=pack_keys(frame["days"].to_numpy(), frame["put"].to_numpy(), frame["milli"].to_numpy()),
        bid=cents("bid"),
        ask=cents("ask"),
        volume=counts("volume"),
        open_interest=counts("open_interest"),
        iv=np.where(floats("iv") > 0, floats("iv"), np.float32("nan")),
        delta=floats("delta"),
        gamma=floats("gamma"),
        theta=floats("theta"),
        vega=floats("vega"),
        flaws=np.zeros(len(frame), dtype=np.uint16),
    )
    days = frame.group_by("quote_date", maintain_order=True).agg(pl.len(), pl.col("underlying_price").first())
    instants = np.array([_seconds(day, at) for day in days["quote_date"].to_list()], dtype=np.int64)
    spots = (days["underlying_price"].cast(pl.Float64) * 100).round().fill_null(-1).cast(pl.Int64)
    return ChainTape(
        underlying,
        instants,
        instants,
        spots.to_numpy(),
        np.full(len(days), GRADES.index(Grade.QUOTES), dtype=np.int8),
        np.zeros(len(days), dtype=np.int16),
        ("recorded",),
        np.append(0, np.cumsum(days["len"].to_numpy())).astype(np.int64),
        columns,
    )


def _seconds(day: date, at: time) -> int:
    local = datetime.combine(day, at, tzinfo=ZoneInfo("America/New_York"))
    return int(local.astimezone(UTC).timestamp())
