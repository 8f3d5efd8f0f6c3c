"""Chains made for tests: prices of a known smile, quoted around their mid in whole cents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

import numpy as np

from strikewise.domain.chain import GRADES, ChainColumns, ChainTape
from strikewise.domain.instruments import days_of, pack_keys
from strikewise.domain.quotes import Grade
from strikewise.market.recompute import RawSnapshot, Recomputed, recompute
from strikewise.pricing.black_scholes import price

YEAR = 365 * 86_400


def close_of(day: date) -> int:
    """16:00 in New York in winter."""
    return int(datetime(day.year, day.month, day.day, 21, tzinfo=UTC).timestamp())


def settles_at(expiration_days: int, _root: int) -> int:
    return expiration_days * 86_400 + 21 * 3600


@dataclass(frozen=True)
class World:
    """What a made chain is true to."""

    spot: float = 400.0
    rate: float = 0.04
    dividend_yield: float = 0.013
    level: float = 0.20
    skew: float = -0.4

    def forward(self, years: float) -> float:
        return self.spot * float(np.exp((self.rate - self.dividend_yield) * years))

    def volatility(self, strike: np.ndarray, years: float) -> np.ndarray:
        moneyness = np.log(strike / self.forward(years))
        return np.clip(self.level + self.skew * moneyness * 0.3, 0.05, 2.0)


def raw_snapshot(
    day: date,
    expirations: Sequence[date],
    strikes: Sequence[float],
    world: World | None = None,
    *,
    underlying: str = "SPY",
    half_spread_cents: int = 1,
    spot_known: bool = True,
) -> RawSnapshot:
    world = World() if world is None else world
    as_of = close_of(day)
    keys, bids, asks = [], [], []
    for expiration in expirations:
        years = (settles_at(days_of(expiration), 0) - as_of) / YEAR
        strike = np.asarray(strikes, dtype=np.float64)
        for is_put in (False, True):
            value = price(
                not is_put,
                world.forward(years),
                strike,
                years,
                world.volatility(strike, years),
                np.exp(-world.rate * years),
            )
            mid = np.round(value * 100)
            keys.append(
                pack_keys(
                    np.full(len(strike), days_of(expiration)),
                    np.full(len(strike), is_put),
                    np.round(strike * 1000).astype(np.int64),
                )
            )
            bids.append(np.maximum(mid - half_spread_cents, 0))
            asks.append(mid + half_spread_cents)
    key = np.concatenate(keys)
    order = np.argsort(key)
    count = len(key)
    return RawSnapshot(
        underlying=underlying,
        as_of=as_of,
        spot_cents=round(world.spot * 100) if spot_known else -1,
        key=key[order],
        bid=np.concatenate(bids).astype(np.int32)[order],
        ask=np.concatenate(asks).astype(np.int32)[order],
        volume=np.full(count, 10, dtype=np.int32),
        open_interest=np.full(count, 100, dtype=np.int32),
    )


def recomputed(raw: RawSnapshot, world: World | None = None) -> Recomputed:
    world = World() if world is None else world
    return recompute(raw, rate=world.rate, dividend_yield=world.dividend_yield, settles_at=settles_at)


def tape_of(
    raws: Sequence[RawSnapshot], *, grade: Grade = Grade.QUOTES, source: str = "made", delay: int = 0
) -> ChainTape:
    columns = [recomputed(raw).columns for raw in raws]
    instants = np.array([raw.as_of for raw in raws], dtype=np.int64)
    names = ChainColumns.__dataclass_fields__
    return ChainTape(
        underlying=raws[0].underlying,
        as_of=instants,
        known_at=instants + delay,
        spot_cents=np.array([raw.spot_cents for raw in raws], dtype=np.int64),
        grade=np.full(len(raws), GRADES.index(grade), dtype=np.int8),
        source=np.zeros(len(raws), dtype=np.int16),
        sources=(source,),
        offsets=np.cumsum([0, *(len(one.key) for one in columns)]).astype(np.int64),
        columns=ChainColumns(**{n: np.concatenate([getattr(c, n) for c in columns]) for n in names}),
    )


def small_tape(days: Sequence[date], *, level: float = 0.20, **how: object) -> ChainTape:
    world = World(level=level)
    last = max(days)
    expirations = [date(last.year + 1, 1, 16), date(last.year + 1, 6, 18)]
    strikes = (380.0, 390.0, 400.0, 410.0, 420.5)
    return tape_of([raw_snapshot(day, expirations, strikes, world) for day in days], **how)  # type: ignore[arg-type]
