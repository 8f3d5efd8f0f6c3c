"""Markets with a past, for all that looks back: seeded bars of some symbols, and chains priced by formula."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from math import sqrt

import numpy as np

from execution.tapes import CALENDAR, Row, call, close_of, put, tape
from strikewise.domain.chain import ChainTape
from strikewise.domain.instruments import OptionContract, Right, Stock, days_of
from strikewise.domain.portfolio import Holding, Portfolio, Position
from strikewise.domain.quotes import CalendarEvent, DailyBars, Grade
from strikewise.domain.signals import Signal
from strikewise.domain.structures import Leg, Structure
from strikewise.market.memory_source import MemorySource
from strikewise.market.view import Market, MarketView
from strikewise.pricing import black_scholes

TODAY = date(2024, 2, 1)
NOW = close_of(TODAY)
EXPIRY = date(2024, 3, 15)
IV = 0.2
SESSIONS = 320


def closes(
    symbol: str,
    last: float,
    *,
    seed: int = 1,
    of: DailyBars | None = None,
    share: float = 0.0,
    sessions: int = SESSIONS,
    daily: float = 0.01,
    until: date = TODAY,
) -> DailyBars:
    """Make bars that end at a price on a day: random walks, of which ``share`` is the walk of other bars."""
    days = CALENDAR.sessions(until - timedelta(days=2 * sessions), until)[-sessions:]
    steps = np.random.default_rng(seed).normal(0.0, daily, sessions)
    if of is not None:
        steps[1:] = share * np.diff(np.log(of.close))[-(sessions - 1) :] + sqrt(1.0 - share**2) * steps[1:]
    close = last * np.exp(np.cumsum(steps) - np.sum(steps))
    return DailyBars(
        symbol,
        np.array([days_of(day) for day in days], dtype=np.int32),
        close,
        close,
        close,
        close,
        np.full(sessions, 1e6),
        np.array([int(close_of(day).timestamp()) for day in days], dtype=np.int64),
    )


def volatility_index(of: DailyBars, last: float = 16.0, name: str = "VIX") -> DailyBars:
    """Make an index that rises where prices fall."""
    steps = np.diff(np.log(of.close), prepend=np.log(of.close[0]))
    level = last * np.exp(-5.0 * (np.cumsum(steps) - np.sum(steps)))
    return DailyBars(name, of.days, level, level, level, level, of.volume, of.known_at)


def priced(
    spot: float, strikes: Sequence[float], *, underlying: str = "SPY", at: datetime = NOW, wide: int = 4
) -> tuple[float, list[Row]]:
    """Return a snapshot of calls and puts around their Black-Scholes prices."""
    rows: list[Row] = []
    for strike in strikes:
        for contract in (put(strike, EXPIRY, underlying), call(strike, EXPIRY, underlying)):
            years = max(0.0, (CALENDAR.settlement_at(contract) - at).total_seconds()) / (365 * 86400)
            mid = 100 * float(black_scholes.price(contract.right is Right.CALL, spot, strike, years, IV, 1.0))
            rows.append((contract, max(1, round(mid) - wide // 2), round(mid) + wide // 2 + 1))
    return spot, rows


def chain(
    underlying: str, spot: float, *, at: datetime = NOW, width: float = 100.0, wide: int = 4
) -> ChainTape:
    """Return the tape of one snapshot with strikes every five dollars around a price."""
    strikes = [float(k) for k in np.arange(5 * round((spot - width) / 5), spot + width + 5, 5) if k > 0]
    return tape({at: priced(spot, strikes, underlying=underlying, at=at, wide=wide)}, underlying=underlying)


def past(spots: Mapping[str, float], *, sessions: int = SESSIONS) -> list[DailyBars]:
    """Return bars of symbols, each a walk of its own, and VIX beside the first of them."""
    bars = [
        closes(symbol, spot, seed=7 + number, sessions=sessions)
        for number, (symbol, spot) in enumerate(spots.items())
    ]
    return [*bars, volatility_index(bars[0])]


def view_of(
    spots: Mapping[str, float],
    *,
    bars: Iterable[DailyBars] | None = None,
    events: Iterable[CalendarEvent] = (),
    at: datetime = NOW,
    wide: int = 4,
) -> MarketView:
    """Return the view of a market with a chain and a past of each symbol."""
    source = MemorySource(
        [chain(symbol, spot, at=at, wide=wide) for symbol, spot in spots.items()],
        bars=past(spots) if bars is None else bars,
        events=events,
    )
    return Market(source, CALENDAR).view(at)


def held(
    legs: Mapping[OptionContract | Stock, int],
    *,
    name: str = "p",
    strategy: str = "s",
    quantity: int = 1,
    cost: int = -10_000,
    max_loss: int | None = 40_000,
    margin: int = 40_000,
    opened_at: datetime = NOW,
) -> Position:
    """Return a position of some legs; amounts are of all units."""
    structure = Structure.of(Leg(one, ratio) for one, ratio in legs.items())
    return Position(
        position_id=name,
        strategy=strategy,
        underlying=structure.underlying,
        signal_id=f"signal-{name}",
        structure=structure,
        quantity=quantity,
        holdings=tuple(Holding(leg.instrument, leg.ratio * quantity) for leg in structure.legs),
        opened_at=opened_at,
        entry_cents=cost,
        cash_cents=cost,
        fees_cents=0,
        max_loss_cents=max_loss,
        margin_cents=margin,
        because={},
        grade=Grade.QUOTES,
    )


def account(*positions: Position, equity: int = 10_000_000, at: datetime = NOW) -> Portfolio:
    """Return an account that holds positions."""
    margin = sum(one.margin_cents for one in positions)
    return Portfolio(at, equity, equity, equity, margin, positions)


def signal_of(wish: Position, *, score: float = 80.0, at: datetime = NOW) -> Signal:
    """Return the signal behind a wish."""
    return Signal(
        signal_id=wish.signal_id,
        strategy=wish.strategy,
        underlying=wish.underlying,
        as_of=at,
        structure=wish.structure,
        price_cents=-1000,
        mid_cents=-1500,
        max_loss_cents=49_000,
        max_profit_cents=1000,
        margin_cents=49_000,
        breakevens=(),
        probability_of_profit=0.9,
        edge_cents=1,
        score=score,
        score_parts={},
        because={},
        grade=Grade.QUOTES,
    )
