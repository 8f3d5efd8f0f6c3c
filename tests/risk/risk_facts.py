"""Ledgers written by hand: trades opened and closed at instants, valuations, and what a broker refused."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from risk.risk_markets import held, signal_of
from strikewise.domain.events import (
    AccountOpened,
    AccountValued,
    Event,
    OrderFilled,
    OrderPlaced,
    SignalGenerated,
)
from strikewise.domain.instruments import OptionContract, Stock
from strikewise.domain.orders import Execution, LegFill, Order, Purpose
from strikewise.domain.quotes import Grade
from strikewise.portfolio.controls import ControlState
from strikewise.portfolio.ledger import Record
from strikewise.portfolio.projection import AccountState
from strikewise.risk.track import Track

Legs = Mapping[OptionContract | Stock, int]


class Diary:
    """Facts one after the other, and everything that is folded from them."""

    def __init__(self, capital: int = 10_000_000, at: datetime | None = None) -> None:
        self.records: list[Record] = []
        self.capital = capital
        self.opened = False
        self.count = 0
        if at is not None:
            self.write(AccountOpened("main", capital), at)
            self.opened = True

    def write(self, event: Event, at: datetime, actor: str = "engine") -> None:
        self.records.append(Record(len(self.records) + 1, event, at, at, actor, None))

    def valued(self, at: datetime, exit_cents: int, mid_cents: int | None = None, **profits: int) -> None:
        mid = exit_cents if mid_cents is None else mid_cents
        self.write(AccountValued(exit_cents, mid, exit_cents, 0, 0, 0, 0, 0, 0, 0, 0, profits=profits), at)

    def open(self, legs: Legs, at: datetime, *, strategy: str = "s", price: int = -10_000) -> str:
        """Write a signal, its order and its fill; ``price`` is what a unit costs, cents."""
        self.count += 1
        wish = held(legs, name=f"o-{self.count}", strategy=strategy)
        self.write(SignalGenerated(signal_of(wish, at=at)), at, strategy)
        order = Order(
            wish.position_id, wish.position_id, strategy, wish.underlying, Purpose.OPEN,
            wish.structure, 1, price, at, wish.signal_id,
        )  # fmt: skip
        self.write(OrderPlaced(order), at, strategy)
        self.write(OrderFilled(_execution(order, price, at)), at, "broker")
        return order.order_id

    def close(self, position_id: str, at: datetime, *, price: int, reason: str = "STOP_LOSS") -> None:
        """Write the closing of a position: ``price`` is what closing costs (brings: negative), cents."""
        opened = next(
            one.event.order
            for one in self.records
            if isinstance(one.event, OrderPlaced) and one.event.order.order_id == position_id
        )
        order = Order(
            f"c-{position_id}", position_id, opened.strategy, opened.underlying, Purpose.CLOSE,
            opened.structure.reversed(), 1, None, at, reason=reason,
        )  # fmt: skip
        self.write(OrderPlaced(order), at, opened.strategy)
        self.write(OrderFilled(_execution(order, price, at)), at, "broker")

    def lose(
        self, legs: Legs, opened: datetime, closed: datetime, *, strategy: str = "s", **more: object
    ) -> str:
        """Write a trade sold at 100 dollars a unit and bought back at 250."""
        name = self.open(legs, opened, strategy=strategy)
        self.close(name, closed, price=25_000, **more)  # type: ignore[arg-type]
        return name

    @property
    def track(self) -> Track:
        return Track.fold(self.records)

    @property
    def control(self) -> ControlState:
        return ControlState.fold(self.records)

    @property
    def state(self) -> AccountState:
        return AccountState.fold(self.records)


def _execution(order: Order, price: int, at: datetime) -> Execution:
    return Execution(
        f"x-{order.order_id}", order.order_id, 1, tuple(_legs(order, price)), 0, at, Grade.QUOTES
    )


def _legs(order: Order, price: int) -> Iterator[LegFill]:
    """Yield fills that cost ``price`` together: all on the first leg that can take it, nought on the rest."""
    first = True
    for leg in order.structure.legs:
        cents = 0
        if first:
            cents, rest = divmod(price, leg.ratio * leg.instrument.multiplier)
            assert rest == 0, "the price must be whole cents of the first leg"
            first = False
        yield LegFill(leg.instrument, leg.ratio, cents, cents, cents)
