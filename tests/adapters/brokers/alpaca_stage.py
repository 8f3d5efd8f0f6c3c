"""A small market behind the local server, and the vendor's own kit talking to it.

Five sessions, with snapshots at 10:00 and at the close in New York: SPY begins at 485 and falls through 480
on the day its options expire.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, time
from queue import Empty, Queue
from threading import Thread
from typing import Any

import pytest

from adapters.brokers.alpaca_kit import (
    APIError,
    LimitOrderRequest,
    MarketOrderRequest,
    OptionHistoricalDataClient,
    OptionLegRequest,
    OrderClass,
    OrderSide,
    PositionIntent,
    StockHistoricalDataClient,
    TimeInForce,
    TradingClient,
    TradingStream,
)
from adapters.brokers.alpaca_schema import AlpacaSchema
from execution.tapes import CALENDAR, bars, call, put, tape
from strikewise.adapters.brokers.alpaca_server.edge import Exchange
from strikewise.adapters.brokers.alpaca_server.serve import AlpacaServer
from strikewise.adapters.brokers.alpaca_server.venue import Venue
from strikewise.adapters.brokers.fault_plan import Fault, FaultPlan
from strikewise.domain.instruments import OptionContract
from strikewise.execution.fees import FeeSchedule
from strikewise.execution.financing import Financing
from strikewise.execution.simulated import Habits, SimulatedBroker
from strikewise.market.calendar import NEW_YORK
from strikewise.market.memory_source import MemorySource
from strikewise.market.view import Market

TUESDAY, WEDNESDAY, THURSDAY, FRIDAY, MONDAY = (date(2024, 3, day) for day in (12, 13, 14, 15, 18))
LATER = date(2024, 3, 22)
SPOTS = {TUESDAY: 485.0, WEDNESDAY: 484.0, THURSDAY: 482.0, FRIDAY: 478.0, MONDAY: 479.0}
CASH = 10_000_000
KEY = "rehearsal"

P480, P475, C490, C495 = put(480), put(475), call(490), call(495)
LATE_PUT, LATE_CALL = put(470, LATER), call(500, LATER)
QUOTES = [
    (P480, 45, 50),
    (P475, 30, 35),
    (C490, 60, 66),
    (C495, 20, 24),
    (LATE_PUT, 80, 90),
    (LATE_CALL, 0, 5),
]


def morning(day: date) -> datetime:
    return datetime.combine(day, time(10), NEW_YORK)


def close(day: date) -> datetime:
    return CALENDAR.session_close(day)


def small_market(volume: int = 1_000) -> Market:
    taken = {at: (spot, QUOTES) for day, spot in SPOTS.items() for at in (morning(day), close(day))}
    daily = bars("SPY", {day: (spot, spot) for day, spot in SPOTS.items()})
    return Market(MemorySource([tape(taken, volume=volume)], bars=[daily]), CALENDAR)


def small_venue(*, volume: int = 1_000, level: int = 3, commission_cents: float = 0.0) -> Venue:
    fees = FeeSchedule(commission_cents=commission_cents, assignment_cents=0, pass_through=False)
    free = Financing(debit_spread=0.0, borrow_rate=0.0)
    broker = SimulatedBroker(CASH, fees=fees, financing=free, habits=Habits(netted=True))
    return Venue(small_market(volume), broker, CASH, morning(TUESDAY), level=level)


@dataclass
class Stage:
    """The server, the kit's clients, and everything that was said."""

    server: AlpacaServer
    exchanges: list[Exchange] = field(default_factory=list)

    @property
    def venue(self) -> Venue:
        return self.server.venue

    @property
    def trading(self) -> TradingClient:
        return TradingClient(KEY, KEY, url_override=self.server.url)

    @property
    def raw(self) -> TradingClient:
        return TradingClient(KEY, KEY, url_override=self.server.url, raw_data=True)

    @property
    def options(self) -> OptionHistoricalDataClient:
        return OptionHistoricalDataClient(KEY, KEY, url_override=self.server.url)

    @property
    def stocks(self) -> StockHistoricalDataClient:
        return StockHistoricalDataClient(KEY, KEY, url_override=self.server.url)


@contextmanager
def staged(venue: Venue | None = None, *, faults: tuple[Fault, ...] = (), **how: Any) -> Iterator[Stage]:
    """Run the server; what it said is held to the vendor's schemas when the test is over."""
    exchanges: list[Exchange] = []
    plan = FaultPlan(7, faults) if faults else None
    server = AlpacaServer(venue or small_venue(), record=exchanges.append, faults=plan, **how)
    server.start()
    try:
        yield Stage(server, exchanges)
    finally:
        server.stop(0.0)  # nobody needs to wait for it
    AlpacaSchema().check_all(exchanges)


class Listener:
    """The kit's stream in a thread, and what it heard."""

    def __init__(self, stage: Stage, *, raw: bool = False, patience: float = 10.0) -> None:
        self._heard: Queue[Any] = Queue()
        self.stream = TradingStream(KEY, KEY, url_override=stage.server.stream_url, raw_data=raw)
        self.stream._reconnect_min_backoff = 0.05
        self.stream.subscribe_trade_updates(self._take)
        self._hub, self._patience = stage.server.hub, patience
        self._thread = Thread(target=self._run, daemon=True)

    async def _take(self, update: Any) -> None:
        self._heard.put(update)

    def _run(self) -> None:
        asyncio.run(self.stream._run_forever())

    def __enter__(self) -> Listener:
        self._thread.start()
        assert self._hub.listened.wait(self._patience), "the stream was not listened to"
        return self

    def __exit__(self, *_: object) -> None:
        self.stream.stop()
        self._hub.cut()  # the kit looks for its end only when something comes, or after five seconds
        self._thread.join(10)

    def next(self) -> Any:
        """Return the next update."""
        return self._heard.get(timeout=10)

    def events(self, count: int) -> list[str]:
        """Return the kinds of the next updates."""
        return [str(getattr(one.event, "value", one.event)) for one in (self.next() for _ in range(count))]

    def silent(self, seconds: float = 0.3) -> bool:
        """Return whether nothing comes for a while."""
        try:
            self._heard.get(timeout=seconds)
        except Empty:
            return True
        return False


INTENTS = {
    (True, False): PositionIntent.BUY_TO_OPEN,
    (False, False): PositionIntent.SELL_TO_OPEN,
    (True, True): PositionIntent.BUY_TO_CLOSE,
    (False, True): PositionIntent.SELL_TO_CLOSE,
}


def leg(contract: OptionContract, ratio: int, *, closing: bool = False) -> OptionLegRequest:
    side = OrderSide.BUY if ratio > 0 else OrderSide.SELL
    intent = INTENTS[ratio > 0, closing]
    return OptionLegRequest(symbol=contract.symbol, ratio_qty=abs(ratio), side=side, position_intent=intent)


def spread(
    limit: float | None = -0.05, quantity: int = 1, name: str | None = None, *, closing: bool = False
) -> Any:
    """Return the request for the 480/475 put spread, sold, or bought back."""
    side = -1 if closing else 1
    legs = [leg(P480, -side, closing=closing), leg(P475, side, closing=closing)]
    shared = {
        "qty": quantity,
        "order_class": OrderClass.MLEG,
        "time_in_force": TimeInForce.DAY,
        "client_order_id": name,
        "legs": legs,
    }
    return MarketOrderRequest(**shared) if limit is None else LimitOrderRequest(limit_price=limit, **shared)


def single(
    contract: OptionContract, quantity: int, limit: float | None = None, name: str | None = None
) -> Any:
    """Return the request for one contract, bought positive."""
    shared = {
        "symbol": contract.symbol,
        "qty": abs(quantity),
        "side": OrderSide.BUY if quantity > 0 else OrderSide.SELL,
        "time_in_force": TimeInForce.DAY,
        "client_order_id": name,
    }
    return MarketOrderRequest(**shared) if limit is None else LimitOrderRequest(limit_price=limit, **shared)


def sent(symbol: str, **more: str) -> dict[str, str]:
    """Return the body of an order for one unit, as a client that is no kit sends it."""
    return {"symbol": symbol, "qty": "1", "side": "buy", "type": "market", "time_in_force": "day", **more}


def refusal(call: Any) -> tuple[int, int, str]:
    with pytest.raises(APIError) as caught:
        call()
    return caught.value.status_code, caught.value.code, caught.value.message


def shown(stage: Stage) -> dict[str, int]:
    return {one.symbol: int(one.qty) for one in stage.trading.get_all_positions()}
