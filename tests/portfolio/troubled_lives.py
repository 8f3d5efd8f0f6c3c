"""Lives of an account at a broker that errs, at which other people trade too, and that tells things late."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hypothesis import strategies as st

from portfolio.event_strategies import LONG, SHORT, SPREAD, Life, closing, fill, settled
from strikewise.domain.control import OrderCancelAsked
from strikewise.domain.events import CashFlowed, Event, OptionSettled, OrderClosed, OrderFilled, OrderPlaced
from strikewise.domain.instruments import Instrument, Stock
from strikewise.domain.orders import CashFlow, Execution, FlowKind, Order, OrderEnded, Purpose
from strikewise.domain.portfolio import Holding
from strikewise.domain.reconciled import (
    CashAdjusted,
    ExecutionReversed,
    HoldingAdjusted,
    PositionAdopted,
    PositionClaimed,
    PositionWrittenOff,
)
from strikewise.portfolio.ledger import Entry

__all__ = ["lives_of_fills", "troubled_lives"]

amounts = st.integers(-500_000, 500_000)
few = st.integers(-4, 4).filter(bool)


@st.composite
def lives_of_fills(draw: st.DrawFn, steps: int = 30) -> list[Entry]:
    """Draw what may happen where nothing but orders and their fills change an account."""
    life = _TroubledLife(draw)
    often = (life.open, life.fill, life.leg, life.close)
    for step in draw(
        st.lists(st.sampled_from((*often, *often, life.attempt, life.end)), min_size=4, max_size=steps)
    ):
        step()
    return life.entries


@st.composite
def troubled_lives(draw: st.DrawFn, steps: int = 40) -> list[Entry]:
    """Draw what may happen to an account when everything goes wrong, each step where it stands.

    Fills come in any order, leg by leg, twice, late, after they were taken back, or of orders nobody placed;
    what reconciliation writes comes at any time, whether or not it is right.
    """
    life = _TroubledLife(draw)
    often = (life.open, life.fill, life.leg, life.close, life.attempt, life.end)
    rare = (life.bust, life.adopt, life.adjust, life.write_off, life.claim, life.flow, life.cash)
    odd = (life.strange, life.settle_some, life.tell_again, life.value, life.say)
    for step in draw(st.lists(st.sampled_from((*often, *often, *rare, *odd)), min_size=8, max_size=steps)):
        step()
    return life.entries


class _TroubledLife(Life):
    def __init__(self, draw: st.DrawFn) -> None:
        super().__init__(draw)
        self.told: dict[str, Execution] = {}
        self.names: list[str] = []

    def write(self, event: Event) -> None:
        super().write(event)
        if isinstance(event, OrderFilled):
            self.told[event.execution.execution_id] = event.execution

    def placed(self) -> list[Order]:
        return [order for order, _ in self.orders.values()]

    def some(self) -> str | None:
        """Choose a position that there is or was, or none."""
        names = list(dict.fromkeys([*self.names, *(order.position_id for order in self.placed())]))
        return self.draw(st.sampled_from(names)) if names else None

    def close(self) -> None:
        name = self.some()
        if name is not None:
            self.place(closing(self.name(), name, self.draw(st.integers(1, 3)), self.now))

    def fill(self, *, last: bool = False) -> None:
        """Fill any order, working or not, by more than is left of it as well."""
        if self.orders:
            order = self.draw(st.sampled_from(self.placed()))
            quantity = self.draw(st.integers(1, order.quantity + 1))
            self.write(OrderFilled(fill(self.name(), order, quantity, self.draw(st.integers(0, 300)), 40)))

    def leg(self) -> None:
        if self.orders:
            order = self.draw(st.sampled_from(self.placed()))
            whole = fill(self.name(), order, self.draw(st.integers(1, 3)), self.draw(st.integers(0, 300)), 40)
            one = self.draw(st.sampled_from(whole.legs))
            self.write(OrderFilled(replace(whole, quantity=0, legs=(one,))))

    def attempt(self) -> None:
        """End an order and place another one for its remainder."""
        if self.orders:
            order = self.draw(st.sampled_from(self.placed()))
            self.write(OrderClosed(OrderEnded(order.order_id, "cancelled", "by us", self.now)))
            self.place(replace(order, order_id=self.name(), replaces=order.order_id))

    def end(self) -> None:
        if self.orders:
            order = self.draw(st.sampled_from(self.placed()))
            self.write(OrderCancelAsked(order.order_id, "ladder"))
            outcomes = ("cancelled", "expired", "rejected", "never_sent")
            outcome = self.draw(st.sampled_from(outcomes))
            self.write(OrderClosed(OrderEnded(order.order_id, outcome, "said so", self.now)))

    def bust(self) -> None:
        """Take back a fill that was told, or one that was not told yet."""
        if self.told and self.draw(st.booleans()):
            done = self.draw(st.sampled_from(list(self.told.values())))
            self.write(ExecutionReversed(done.execution_id, done.order_id, "clearly erroneous"))
        elif self.orders:
            early = fill(self.name(), self.draw(st.sampled_from(self.placed())), 1)
            self.write(ExecutionReversed(early.execution_id, early.order_id, "clearly erroneous"))
            if self.draw(st.booleans()):
                self.write(OrderFilled(early))

    def adopt(self) -> None:
        name = self.some() if self.draw(st.booleans()) else None
        what: list[Instrument] = self.draw(
            st.lists(st.sampled_from([SHORT, LONG, Stock("SPY")]), min_size=1, max_size=3, unique=True)
        )
        holdings = tuple(Holding(one, self.draw(few)) for one in what)
        name = name or "x" + self.name()
        self.names.append(name)
        self.write(PositionAdopted(name, "SPY", holdings, self.draw(amounts), "not ours"))

    def adjust(self) -> None:
        name = self.some()
        if name is not None:
            what = self.draw(st.sampled_from([SHORT, LONG, Stock("SPY")]))
            self.write(HoldingAdjusted(name, what, self.draw(few), self.draw(amounts), "the broker's"))

    def write_off(self) -> None:
        name = self.some()
        if name is not None:
            self.write(PositionWrittenOff(name, "not there, twice"))

    def claim(self) -> None:
        name = self.some()
        if name is not None:
            self.write(PositionClaimed(name, "credit_spread"))

    def flow(self) -> None:
        name = self.some() if self.draw(st.booleans()) else None
        kind = self.draw(st.sampled_from(FlowKind))
        self.write(CashFlowed(CashFlow(self.name(), kind, name or "", "SPY", self.draw(amounts), self.now)))

    def cash(self) -> None:
        self.write(CashAdjusted(self.draw(amounts), "the broker's"))

    def strange(self) -> None:
        """Tell of an order that nobody placed."""
        unknown = Order(self.name(), "?", "?", "SPY", Purpose.CLOSE, SPREAD, 1, None, self.now)
        done = fill(self.name(), unknown, 1)
        told: tuple[Event, ...] = (
            OrderFilled(done),
            ExecutionReversed(done.execution_id, done.order_id, "bust"),
            OrderClosed(OrderEnded(unknown.order_id, "cancelled", "by hand", self.now)),
            OrderCancelAsked(unknown.order_id, "by hand"),
        )
        self.write(self.draw(st.sampled_from(told)))

    def settle_some(self) -> None:
        """Settle some contracts, whether or not they are held."""
        name = self.some() if self.draw(st.booleans()) else ""
        spot = self.draw(st.sampled_from((59_000, 61_000)))
        what = self.draw(st.sampled_from([SHORT, LONG]))
        report = settled(self.name(), name or "", what, self.draw(few), spot)
        self.write(OptionSettled(replace(report, fees_cents=self.draw(st.integers(0, 50)))))
        self.now += timedelta(hours=1)

    def tell_again(self) -> None:
        known = (OrderFilled, OptionSettled, CashFlowed, OrderPlaced, ExecutionReversed, OrderClosed)
        told = [entry.event for entry in self.entries if isinstance(entry.event, known)]
        if told:
            self.write(self.draw(st.sampled_from(told)))
