"""Small markets written by hand: a lognormal world with a skew, whose quotes are known to the cent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, date, datetime, timedelta

import numpy as np

from strikewise.domain.chain import GRADES, ChainColumns, ChainTape
from strikewise.domain.instruments import days_of, pack_keys
from strikewise.domain.quotes import CalendarEvent, DailyBars, Grade, Series
from strikewise.market.calendar import SessionCalendar
from strikewise.market.memory_source import MemorySource
from strikewise.market.quality import quote_flaws
from strikewise.market.view import Market, MarketView
from strikewise.pricing import black_scholes

CALENDAR = SessionCalendar()
TODAY = date(2025, 6, 10)
RATE = 0.04

Change = Callable[[ChainColumns], ChainColumns]


@dataclass(frozen=True)
class World:
    """What the market of a test is like; volatility is ``level + skew * ln(strike / spot)``."""

    spot: float = 500.0
    level: float = 0.22
    skew: float = -0.25
    dtes: tuple[int, ...] = (10, 24, 31, 38, 45, 66)
    strike_step: float = 1.0
    reach: float = 0.35
    half_spread: int = 1
    drift: float = 0.002
    volatility_index: float = 17.0
    underlying: str = "SPY"
    grade: Grade = Grade.QUOTES
    rate: bool = True
    history: int = 120
    events: tuple[tuple[str, int], ...] = ()
    """Kinds and calendar days from `TODAY`, announced long before."""


def implied(world: World, strike: np.ndarray) -> np.ndarray:
    return np.maximum(world.level + world.skew * np.log(strike / world.spot), 0.05)


def columns_of(world: World, day: date) -> ChainColumns:
    low, high = world.spot * (1 - world.reach), world.spot * (1 + world.reach)
    strikes = np.arange(np.ceil(low / world.strike_step), high / world.strike_step) * world.strike_step
    parts = [
        (day + timedelta(dte), is_put, strikes) for dte in sorted(world.dtes) for is_put in (False, True)
    ]
    expiration = np.concatenate([np.full(len(k), days_of(end)) for end, _, k in parts])
    is_put = np.concatenate([np.full(len(k), put) for _, put, k in parts])
    strike = np.concatenate([k for _, _, k in parts])
    years = (expiration - days_of(day)) / 365.0
    iv = implied(world, strike)
    greeks = black_scholes.greeks(~is_put, world.spot, strike, years, iv, RATE, 0.0)
    mid = np.round(greeks.price * 100).astype(np.int64)
    bid = np.maximum(mid - world.half_spread, 0).astype(np.int32)
    ask = (mid + world.half_spread).astype(np.int32)
    return ChainColumns(
        key=pack_keys(expiration, is_put, np.round(strike * 1000).astype(np.int64)),
        bid=bid,
        ask=ask,
        volume=np.full(len(strike), 100, dtype=np.int32),
        open_interest=np.full(len(strike), 1000, dtype=np.int32),
        iv=iv.astype(np.float32),
        delta=greeks.delta.astype(np.float32),
        gamma=greeks.gamma.astype(np.float32),
        theta=greeks.theta.astype(np.float32),
        vega=greeks.vega.astype(np.float32),
        flaws=quote_flaws(bid, ask),
    )


def tape_of(worlds: Sequence[tuple[date, World]], change: Change | None = None) -> ChainTape:
    parts = [columns_of(world, day) for day, world in worlds]
    if change is not None:
        parts = [change(part) for part in parts]
    joined = ChainColumns(
        **{f.name: np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(ChainColumns)}
    )
    instants = np.array([int(CALENDAR.session_close(day).timestamp()) for day, _ in worlds], dtype=np.int64)
    first = worlds[0][1]
    return ChainTape(
        first.underlying,
        instants,
        instants,
        np.array([round(world.spot * 100) for _, world in worlds], dtype=np.int64),
        np.full(len(worlds), GRADES.index(first.grade), dtype=np.int8),
        np.zeros(len(worlds), dtype=np.int16),
        ("by hand",),
        np.append(0, np.cumsum([len(part.key) for part in parts])).astype(np.int64),
        joined,
    )


def bars_of(world: World, last: date, symbol: str | None = None) -> DailyBars:
    """Closes that lead to the world's spot with its drift a session, swinging by half a percent."""
    days = CALENDAR.sessions(last - timedelta(int(world.history * 1.6) + 10), last)[-world.history :]
    back = np.arange(len(days))[::-1]
    close = world.spot * np.exp(-world.drift * back) * (1 + 0.005 * np.where(back % 2, 1, -1) * (back > 0))
    numbers = np.array([days_of(day) for day in days], dtype=np.int32)
    return DailyBars(
        symbol or world.underlying, numbers, close, close * 1.004, close * 0.996, close,
        np.full(len(days), 1e6), CALENDAR.close_seconds(numbers),
    )  # fmt: skip


def series_of(name: str, value: float, last: date) -> Series:
    """A series that ends at a value, after waves of a fifth about it."""
    days = np.arange(days_of(last) - 400, days_of(last) + 1, dtype=np.int32)
    waves = 1.0 + 0.2 * np.sin((days - days[-1]) / 40.0)
    return Series(name, days, value * waves, days.astype(np.int64) * 86400)


def source_of(
    worlds: Sequence[tuple[date, World]], change: Change | None = None, *, known: date | None = None
) -> MemorySource:
    """A source of some sessions; of what came after ``known`` it holds nothing."""
    end, world = worlds[-1]
    until = known or end
    series = [series_of("VIX", world.volatility_index, end)]
    if world.rate:
        series.append(series_of("rate_3m", 100 * RATE, end))
    bars = [bars_of(world, end)] if world.history else []
    past = [(day, one) for day, one in worlds if day <= until]
    events = [CalendarEvent(kind, TODAY + timedelta(days), None, 0) for kind, days in world.events]
    return MemorySource(
        [tape_of(past, change)],
        events=events,
        bars=[one.head(int(np.searchsorted(one.days, days_of(until), "right"))) for one in bars],
        series=[one.head(int(np.searchsorted(one.days, days_of(until), "right"))) for one in series],
    )


def view_of(
    world: World | None = None, change: Change | None = None, *, at: datetime | None = None
) -> MarketView:
    chosen = world or World()
    market = Market(source_of([(TODAY, chosen)], change), CALENDAR)
    return market.view(at or CALENDAR.session_close(TODAY).astimezone(UTC))


def with_rows(columns: ChainColumns, **changed: np.ndarray) -> ChainColumns:
    """Replace columns; whole-number columns keep their types."""
    return replace(
        columns,
        **{name: np.asarray(value, dtype=getattr(columns, name).dtype) for name, value in changed.items()},
    )
