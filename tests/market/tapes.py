"""Small chains, bars and series written by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

import numpy as np
from numpy.typing import NDArray

from strikewise.domain.chain import GRADES, ChainColumns, ChainTape
from strikewise.domain.instruments import days_of, pack_keys
from strikewise.domain.quotes import DailyBars, Grade, Series
from strikewise.market.calendar import SessionCalendar
from strikewise.pricing.black_scholes import greeks

CALENDAR = SessionCalendar()
Smile = Callable[[NDArray[np.float64], int], NDArray[np.float64]]
"""Implied volatility of moneyness ``strike / spot`` and days to expiration."""


def flat(level: float) -> Smile:
    return lambda money, days: np.full(len(money), level)


FLAT = flat(0.2)


@dataclass(frozen=True)
class Snapshot:
    """One chain to be: strikes from 70% to 130% of spot in 2.5% steps, no carry, a cent of spread."""

    day: date
    spot: float = 100.0
    smile: Smile = FLAT
    expiries: tuple[int, ...] = (9, 23, 37, 65, 121)
    root_code: int = 0
    delay: int = 0
    volume: tuple[int, int] = (30, 10)

    @property
    def as_of(self) -> int:
        return int(CALENDAR.session_close(self.day).timestamp())


def columns_of(one: Snapshot) -> ChainColumns:
    strikes = np.round(np.arange(0.7, 1.3001, 0.025) * one.spot * 2) / 2
    parts = []
    for days in one.expiries:
        iv = one.smile(strikes / one.spot, days)
        for is_put in (False, True):
            value = greeks(not is_put, one.spot, strikes, days / 365, iv, 0.0, 0.0)
            cents = np.nan_to_num(np.round(np.asarray(value.price) * 100)).astype(np.int32)
            count = len(strikes)
            key = pack_keys(
                np.full(count, days_of(one.day) + days),
                np.full(count, is_put),
                np.round(strikes * 1000).astype(np.int64),
                one.root_code,
            )
            parts.append(
                ChainColumns(
                    key,
                    np.maximum(cents - 1, 0),
                    cents + 1,
                    np.full(count, one.volume[is_put], dtype=np.int32),
                    np.full(count, 100, dtype=np.int32),
                    iv.astype(np.float32),
                    *(
                        np.asarray(column, dtype=np.float32)
                        for column in (value.delta, value.gamma, value.theta, value.vega)
                    ),
                    np.zeros(count, dtype=np.uint16),
                )
            )
    return joined(parts)


def joined(parts: Sequence[ChainColumns]) -> ChainColumns:
    names = ChainColumns.__dataclass_fields__
    return ChainColumns(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in names})


def tape_of(underlying: str, snapshots: Iterable[Snapshot], grade: Grade = Grade.QUOTES) -> ChainTape:
    taken = sorted(snapshots, key=lambda one: one.as_of)
    parts = [columns_of(one) for one in taken]
    as_of = np.array([one.as_of for one in taken], dtype=np.int64)
    return ChainTape(
        underlying,
        as_of,
        as_of + np.array([one.delay for one in taken], dtype=np.int64),
        np.array([round(one.spot * 100) for one in taken], dtype=np.int64),
        np.full(len(taken), GRADES.index(grade), dtype=np.int8),
        np.zeros(len(taken), dtype=np.int16),
        ("by hand",),
        np.cumsum([0] + [len(part.key) for part in parts]).astype(np.int64),
        joined(parts),
    )


def bars_of(symbol: str, sessions: Sequence[date], close: Sequence[float], **columns: object) -> DailyBars:
    """Make bars whose open, high, low are the close unless told otherwise, volume 1,000."""
    days = np.array([days_of(day) for day in sessions], dtype=np.int32)
    price = np.asarray(close, dtype=np.float64)
    bars = DailyBars(
        symbol, days, price, price, price, price, np.full(len(days), 1000.0), CALENDAR.close_seconds(days)
    )
    return replace(bars, **{name: np.asarray(value, dtype=np.float64) for name, value in columns.items()})


def series_of(name: str, sessions: Sequence[date], values: Sequence[float]) -> Series:
    days = np.array([days_of(day) for day in sessions], dtype=np.int32)
    return Series(name, days, np.asarray(values, dtype=np.float64), CALENDAR.close_seconds(days))


def close_of(day: date) -> datetime:
    return CALENDAR.session_close(day)


def utc(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=UTC)
