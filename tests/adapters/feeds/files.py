"""Small files in vendors' true forms, with prices of a known smile."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from adapters.made_chains import World, raw_snapshot
from strikewise.adapters.store.market_store import StoreSource
from strikewise.domain.instruments import STRIKE_BITS, STRIKE_MASK, date_of

DAY = date(2026, 1, 5)
EXPIRATIONS = (date(2026, 1, 16), date(2026, 3, 20))
STRIKES = (380.0, 390.0, 395.0, 400.0, 405.0, 410.0, 420.0)


def quotes(
    day: date = DAY, world: World | None = None, strikes: tuple[float, ...] = STRIKES
) -> list[dict[str, Any]]:
    """Rows of a day's chain in dollars."""
    raw = raw_snapshot(day, EXPIRATIONS, strikes, world)
    return [
        {
            "day": day,
            "expiration": date_of(key >> 32),
            "is_put": bool(key >> STRIKE_BITS & 1),
            "strike": (key & STRIKE_MASK) / 1000,
            "bid": bid / 100,
            "ask": ask / 100,
            "volume": 10,
            "open_interest": 100,
            "spot": (world or World()).spot,
        }
        for key, bid, ask in zip(raw.key.tolist(), raw.bid.tolist(), raw.ask.tolist(), strict=True)
    ]


def interchange_frame(days: tuple[date, ...] = (DAY,), **how: Any) -> pl.DataFrame:
    """Rows in the columns of this project's interchange files."""
    rows = [row for day in days for row in quotes(day, **how)]
    floats = dict.fromkeys(("iv", "delta", "gamma", "theta", "vega"), None)
    return pl.DataFrame(
        [
            {
                "quote_date": row["day"],
                "expiration": row["expiration"],
                "strike": row["strike"],
                "right": "P" if row["is_put"] else "C",
                "bid": row["bid"],
                "ask": row["ask"],
                "last": row["bid"],
                "volume": row["volume"],
                "open_interest": row["open_interest"],
                **floats,
                "iv": 0.2,
                "underlying_price": row["spot"],
            }
            for row in rows
        ],
        schema={
            "quote_date": pl.Date,
            "expiration": pl.Date,
            "strike": pl.Float32,
            "right": pl.String,
            "bid": pl.Float32,
            "ask": pl.Float32,
            "last": pl.Float32,
            "volume": pl.Int32,
            "open_interest": pl.Int32,
            **dict.fromkeys(floats, pl.Float32),
            "underlying_price": pl.Float32,
        },
    )


def interchange_file(folder: Path, frame: pl.DataFrame | None = None, underlying: str = "SPY") -> Path:
    path = folder / "chains" / underlying / "2026.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    (interchange_frame() if frame is None else frame).write_parquet(path)
    return path


def opened(folder: Path) -> StoreSource:
    return StoreSource.open(folder / "home")


def home_files(source: StoreSource) -> dict[str, bytes]:
    """Everything in the home that is not derived."""
    home = source.chains.home
    return {
        str(path.relative_to(home)): path.read_bytes()
        for path in sorted(home.rglob("*.parquet"))
        if "cache" not in path.parts
    }


def assert_true_to(world: World, source: StoreSource, underlying: str = "SPY", day: date = DAY) -> None:
    """The archived chain has the quotes of the made one and finds its volatilities again."""
    chain = source.chain(underlying, datetime(day.year, day.month, day.day, 23, tzinfo=UTC))
    raw = raw_snapshot(day, EXPIRATIONS, STRIKES, world)
    assert chain is not None
    np.testing.assert_array_equal(chain.key & ((1 << 28) - 1), raw.key & ((1 << 28) - 1))
    np.testing.assert_array_equal(chain.bid, raw.bid)
    np.testing.assert_array_equal(chain.ask, raw.ask)
    sharp = chain.vega > 0.2
    assert sharp.sum() >= 8
    years = ((chain.key >> 32) - (raw.as_of // 86_400)) / 365
    strike = (chain.key & STRIKE_MASK) / 1000
    for span in np.unique(years):
        rows = sharp & (years == span)
        np.testing.assert_allclose(chain.iv[rows], world.volatility(strike[rows], float(span)), atol=2e-3)
