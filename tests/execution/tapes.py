"""Small markets written by hand: chains from a few quotes, and views of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime

import numpy as np

from strikewise.domain.chain import ChainColumns, ChainTape
from strikewise.domain.instruments import OptionContract, Right, days_of
from strikewise.domain.orders import Order, Purpose
from strikewise.domain.quotes import DailyBars, Grade
from strikewise.domain.structures import Leg, Structure
from strikewise.market.calendar import SessionCalendar
from strikewise.market.memory_source import MemorySource
from strikewise.market.view import Market, MarketView

CALENDAR = SessionCalendar()
EXPIRY = date(2024, 3, 15)
Row = tuple[OptionContract, int, int]
"""A contract with bid and ask in cents."""


def put(
    strike: float, expiration: date = EXPIRY, underlying: str = "SPY", root_code: int = 0
) -> OptionContract:
    return OptionContract(underlying, expiration, Right.PUT, round(strike * 1000), root_code)


def call(
    strike: float, expiration: date = EXPIRY, underlying: str = "SPY", root_code: int = 0
) -> OptionContract:
    return OptionContract(underlying, expiration, Right.CALL, round(strike * 1000), root_code)


def close_of(day: date) -> datetime:
    return CALENDAR.session_close(day)


def tape(
    snapshots: Mapping[datetime, tuple[float, Sequence[Row]]],
    *,
    underlying: str = "SPY",
    volume: int = 10_000,
    open_interest: int = 10_000,
    iv: float = 0.2,
) -> ChainTape:
    """Make a tape of (spot, rows) by instant; every contract has the same volume, open interest and
    volatility."""
    instants = sorted(snapshots)
    rows = [sorted(snapshots[at][1], key=lambda row: row[0].key) for at in instants]
    flat = [row for each in rows for row in each]
    n = len(flat)
    right = np.array([1.0 if contract.right is Right.CALL else -1.0 for contract, _, _ in flat])
    columns = ChainColumns(
        key=np.array([contract.key for contract, _, _ in flat], dtype=np.int64),
        bid=np.array([bid for _, bid, _ in flat], dtype=np.int32),
        ask=np.array([ask for _, _, ask in flat], dtype=np.int32),
        volume=np.full(n, volume, dtype=np.int32),
        open_interest=np.full(n, open_interest, dtype=np.int32),
        iv=np.full(n, iv, dtype=np.float32),
        delta=(0.25 * right).astype(np.float32),
        gamma=np.full(n, 0.01, dtype=np.float32),
        theta=np.full(n, -0.05, dtype=np.float32),
        vega=np.full(n, 0.1, dtype=np.float32),
        flaws=np.zeros(n, dtype=np.uint16),
    )
    seconds = np.array([int(at.timestamp()) for at in instants], dtype=np.int64)
    return ChainTape(
        underlying=underlying,
        as_of=seconds,
        known_at=seconds,
        spot_cents=np.array([round(snapshots[at][0] * 100) for at in instants], dtype=np.int64),
        grade=np.zeros(len(instants), dtype=np.int8),
        source=np.zeros(len(instants), dtype=np.int16),
        sources=("hand",),
        offsets=np.cumsum([0, *(len(each) for each in rows)]).astype(np.int64),
        columns=columns,
    )


def bars(symbol: str, days: Mapping[date, tuple[float, float]]) -> DailyBars:
    """Make daily bars of (open, close) by session."""
    ordered = sorted(days)
    opens = np.array([days[day][0] for day in ordered], dtype=np.float64)
    closes = np.array([days[day][1] for day in ordered], dtype=np.float64)
    return DailyBars(
        symbol,
        np.array([days_of(day) for day in ordered], dtype=np.int32),
        opens,
        np.maximum(opens, closes),
        np.minimum(opens, closes),
        closes,
        np.full(len(ordered), 1e6),
        np.array([int(close_of(day).timestamp()) for day in ordered], dtype=np.int64),
    )


def market(*tapes: ChainTape, bars: Iterable[DailyBars] = ()) -> Market:
    return Market(MemorySource(tapes, bars=bars), CALENDAR)


def one_view(
    rows: Sequence[Row],
    *,
    spot: float = 500.0,
    at: datetime | None = None,
    underlying: str = "SPY",
    volume: int = 10_000,
    open_interest: int = 10_000,
) -> MarketView:
    """Return the view of a single snapshot."""
    instant = at or close_of(date(2024, 2, 1))
    made = tape({instant: (spot, rows)}, underlying=underlying, volume=volume, open_interest=open_interest)
    return market(made).view(instant)


def order(
    legs: Mapping[object, int],
    *,
    quantity: int = 1,
    purpose: Purpose = Purpose.OPEN,
    limit_cents: int | None = None,
    order_id: str = "o-1",
    position_id: str = "",
    at: datetime = datetime(2024, 2, 1, 21, tzinfo=UTC),
) -> Order:
    structure = Structure.of(Leg(instrument, ratio) for instrument, ratio in legs.items())  # type: ignore[arg-type]
    return Order(
        order_id=order_id,
        position_id=position_id or order_id,
        strategy="hand",
        underlying=structure.underlying,
        purpose=purpose,
        structure=structure,
        quantity=quantity,
        limit_cents=limit_cents,
        created_at=at,
    )


def grade_of(view: MarketView, underlying: str = "SPY") -> Grade:
    chain = view.chain(underlying)
    assert chain is not None
    return chain.grade
