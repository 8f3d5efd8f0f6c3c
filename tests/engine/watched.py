"""An account that others watch over: a small market, a broker that does what a test tells it, and a flag."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any

import numpy as np

from engine.hand_made import FREE, FREE_MONEY, Told, hand_spec
from execution.tapes import CALENDAR, Row, bars, put, tape
from strikewise.domain.events import Event
from strikewise.domain.orders import Order, SubmitAnswer
from strikewise.domain.quotes import DailyBars, Series
from strikewise.domain.structures import Leg, Structure
from strikewise.engine.answering import Answering
from strikewise.engine.loop import Loop, TickReport
from strikewise.engine.order_work import Prices
from strikewise.engine.patience import Patience
from strikewise.engine.spec import RunSpec
from strikewise.engine.supervisor import Watch
from strikewise.execution.fills import FillRule
from strikewise.execution.halt_flag import Raised
from strikewise.execution.simulated import SimulatedBroker
from strikewise.market.clock import SimulatedClock
from strikewise.market.memory_source import MemorySource
from strikewise.market.view import Market
from strikewise.portfolio.controls import person
from strikewise.portfolio.ledger import Entry, MemoryLedger
from strikewise.risk.governor import Governor

DAY = date(2024, 2, 5)
NEXT = date(2024, 2, 6)
SPREAD = Structure.of([Leg(put(480), -1), Leg(put(475), 1)])
LOWER = Structure.of([Leg(put(470), -1), Leg(put(465), 1)])
ROWS: Sequence[Row] = [(put(480), 100, 110), (put(475), 40, 50), (put(470), 90, 100), (put(465), 30, 40)]
ANNA = person("anna")


LENIENT = Governor(
    position_loss=0.0,
    position_loss_premiums=0.0,
    daily_loss=0.5,
    day_drawdown=0.5,
    max_value_at_risk=1.0,
    max_sector=1.0,
    max_delta=1.0,
    max_gamma=1.0,
    max_vega=1.0,
    max_notional=1e9,
    blackouts={},
)
"""A governor that lets everything pass that is known."""


@cache
def past_bars() -> DailyBars:
    """Return three hundred sessions of SPY before the first day, which went a little up and down."""
    sessions = CALENDAR.sessions(DAY - timedelta(days=450), DAY - timedelta(days=1))[-300:]
    moves = np.random.default_rng(7).normal(0.0, 0.008, len(sessions))
    closes = 490.0 * np.exp(np.cumsum(moves) - np.sum(moves))
    return bars("SPY", {day: (close, close) for day, close in zip(sessions, closes.tolist(), strict=True)})


@cache
def past_vix() -> Series:
    """Return VIX on the days of these bars, a little up when they were down."""
    spy = past_bars()
    moves = np.diff(spy.close, prepend=spy.close[0]) / spy.close
    return Series("VIX", spy.days, 15.0 - 300.0 * moves, spy.known_at)


class FlagInMemory:
    """A halt flag that is up while somebody holds it."""

    def __init__(self) -> None:
        self.raised: Raised | None = None

    def read(self) -> Raised | None:
        return self.raised

    def hoist(self, raised: Raised) -> None:
        self.raised = raised

    def clear(self) -> bool:
        was, self.raised = self.raised, None
        return was is not None


class TalkingBroker(SimulatedBroker):
    """A simulated broker that tells a test of every order before it takes it, and may be told to answer."""

    heard: list[Order]
    cancelled: list[str]
    before: Callable[[Order], SubmitAnswer | None]

    def submit(self, order: Order) -> SubmitAnswer:
        self.heard.append(order)
        answer = self.before(order)
        return super().submit(order) if answer is None else answer

    def cancel(self, order_id: str) -> SubmitAnswer:
        self.cancelled.append(order_id)
        return super().cancel(order_id)


def at(minute: int, day: date = DAY) -> datetime:
    """Return an instant so many minutes after a session's open."""
    return CALENDAR.session_open(day) + timedelta(minutes=minute)


def by_the_minute(
    rows: Sequence[Row] = ROWS, *, minutes: int = 60, day: date = DAY, spot: float = 490.0
) -> dict[datetime, tuple[float, Sequence[Row]]]:
    """Return the same quotes for each minute of a session's beginning."""
    return {at(minute, day): (spot, rows) for minute in range(1, minutes + 1)}


@dataclass
class Account:
    """A loop with everything around it, ticked by hand."""

    strategies: Sequence[Any] = (Told({DAY: [SPREAD]}),)
    quotes: Mapping[datetime, tuple[float, Sequence[Row]]] = field(default_factory=by_the_minute)
    ledger: MemoryLedger = field(default_factory=MemoryLedger)
    flag: FlagInMemory = field(default_factory=FlagInMemory)
    patience: Patience = field(default_factory=Patience)
    governor: Governor = LENIENT
    volume: int = 10_000
    prices: Prices | None = None
    answering: Answering = field(default_factory=Answering)
    answer: Callable[[Order], SubmitAnswer | None] = lambda _order: None

    def __post_init__(self) -> None:
        first = min(self.quotes)
        last = max(self.quotes)
        chosen = hand_spec(*self.strategies, start=first.date(), end=last.date())
        self.spec: RunSpec = chosen.run
        made = tape(self.quotes, volume=self.volume, open_interest=self.volume)
        self.market = Market(MemorySource([made], bars=[past_bars()], series=[past_vix()]), CALENDAR)
        self.clock = SimulatedClock(first)
        self.broker = TalkingBroker(self.spec.capital_cents, rule=FillRule(), fees=FREE, financing=FREE_MONEY)
        self.broker.heard, self.broker.cancelled, self.broker.before = [], [], self.answer
        self.start()

    def start(self) -> None:
        """Begin, or begin again, from what is in the ledger."""
        self.loop = Loop(
            self.spec,
            market=self.market,
            broker=self.broker,
            ledger=self.ledger,
            clock=self.clock,
            watch=Watch(self.flag, self.governor, self.patience, self.prices, answering=self.answering),
        )

    def tick(self, minute: int, *, day: date = DAY, **options: Any) -> TickReport:
        """Go on to a minute after the open, and tick."""
        self.clock.advance_to(at(minute, day))
        view = self.market.view(self.clock.now())
        self.broker.advance(view)
        return self.loop.tick(view, **options)

    def work(self, minute: int, second: int = 0, *, day: date = DAY) -> int:
        """Go on to an instant, and only work the orders that rest."""
        self.clock.advance_to(at(minute, day) + timedelta(seconds=second))
        view = self.market.view(self.clock.now())
        self.broker.advance(view)
        return self.loop.work(view)

    def ask(self, request: Event, actor: str = ANNA) -> int:
        """Append a request, as a face does; return its number."""
        self.ledger.append([Entry(request, self.clock.now(), actor)], recorded_at=datetime.now(UTC))
        return self.ledger.head.seq

    def told(self, kind: type) -> list[Any]:
        """Return all facts of a kind."""
        return [one.event for one in self.ledger.records() if isinstance(one.event, kind)]


def every_minute(*structures: Structure, name: str = "told") -> Any:
    """Return a strategy that wants structures again and again."""
    return replace(Told({DAY: list(structures), NEXT: list(structures)}), name=name)
