"""Lives of an account for tests: a spread, its orders and fills, and what may happen to them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from hypothesis import strategies as st

from strikewise.domain.events import (
    AccountOpened,
    AccountValued,
    Event,
    OptionSettled,
    OrderAccepted,
    OrderClosed,
    OrderFilled,
    OrderPlaced,
    OrderUnresolved,
    RunStarted,
    SignalDenied,
    SignalGenerated,
)
from strikewise.domain.instruments import OptionContract, Right
from strikewise.domain.orders import Execution, LegFill, Order, OrderEnded, Purpose, SettlementReport
from strikewise.domain.quotes import Grade
from strikewise.domain.signals import Signal
from strikewise.domain.structures import Leg, Structure
from strikewise.portfolio.ledger import Entry

START = datetime(2026, 7, 22, 14, 30, tzinfo=UTC)
SHORT = OptionContract("SPY", date(2026, 9, 18), Right.PUT, 600_000)
LONG = OptionContract("SPY", date(2026, 9, 18), Right.PUT, 595_000)
SPREAD = Structure((Leg(SHORT, -1), Leg(LONG, 1)))


def signal(name: str, as_of: datetime = START, structure: Structure = SPREAD) -> Signal:
    """Return a put credit spread sold for $0.45."""
    return Signal(
        signal_id=name,
        strategy="credit_spread",
        underlying="SPY",
        as_of=as_of,
        structure=structure,
        price_cents=-4500,
        mid_cents=-4700,
        max_loss_cents=45_500,
        max_profit_cents=4500,
        margin_cents=45_500,
        breakevens=(599.55,),
        probability_of_profit=0.87,
        edge_cents=310,
        score=71.5,
        score_parts={"credit": 40.0, "trend": 31.5},
        because={"iv_rank": 44.9, "regime": "BULL_QUIET", "dte": 28.0},
        grade=Grade.QUOTES,
    )


def opening(name: str, signal_id: str, quantity: int = 1, at: datetime = START) -> Order:
    return Order(name, name, "credit_spread", "SPY", Purpose.OPEN, SPREAD, quantity, -4500, at, signal_id)


def closing(name: str, position: str, quantity: int = 1, at: datetime = START) -> Order:
    reverse = SPREAD.reversed()
    return Order(
        name,
        position,
        "credit_spread",
        "SPY",
        Purpose.CLOSE,
        reverse,
        quantity,
        None,
        at,
        "",
        "PROFIT_TARGET",
    )


def fill(
    name: str, order: Order, quantity: int, short: int = 145, long: int = 100, at: datetime = START
) -> Execution:
    """Return a fill of a spread's order at given prices per share."""
    price = {SHORT: short, LONG: long}
    legs = tuple(
        LegFill(leg.instrument, leg.ratio * quantity, price[leg.instrument], price[leg.instrument] - 2, -1)
        for leg in order.structure.legs
    )
    return Execution(name, order.order_id, quantity, legs, 130 * quantity, at, Grade.QUOTES)


def settled(name: str, position: str, contract: OptionContract, quantity: int, spot: int) -> SettlementReport:
    """Return the physical settlement of puts at a price of the underlying."""
    inside = contract.intrinsic_cents(spot) > 0
    shares = -quantity * 100 if inside else 0
    outcome = "expired" if not inside else ("assigned" if quantity < 0 else "exercised")
    strike = contract.strike_milli // 10
    at = START + timedelta(days=58)
    return SettlementReport(name, position, contract, quantity, outcome, spot, shares * strike, shares, 0, at)


@st.composite
def lives(draw: st.DrawFn, steps: int = 25) -> list[Entry]:
    """Draw what may happen to an account, each step possible where it stands; a step may be told twice."""
    life = Life(draw)
    often = (life.open, life.fill, life.fill, life.close, life.settle)
    for step in draw(st.lists(st.sampled_from((*often, *often, *life.others)), min_size=8, max_size=steps)):
        step()
    return life.entries


class Life:
    """What happened so far, and steps that may come next."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw
        self.now = START
        self.count = 0
        self.entries: list[Entry] = []
        self.orders: dict[str, tuple[Order, int]] = {}
        self.held: dict[str, dict[OptionContract, int]] = {}
        self.others = (self.end, self.value, self.say, self.repeat, self.deny)
        self.write(AccountOpened("test", 10_000_000))
        self.write(RunStarted({"seed": 1}, {}, Grade.QUOTES))

    def write(self, event: Event) -> None:
        self.entries.append(Entry(event, self.now, "engine"))

    def name(self) -> str:
        self.count += 1
        return f"{self.count:04d}"

    def open(self) -> None:
        seen = self.name()
        self.write(SignalGenerated(signal(seen, self.now)))
        self.place(opening(self.name(), seen, self.draw(st.integers(1, 4)), self.now))
        if self.draw(st.booleans()):
            self.fill(last=True)

    def place(self, order: Order) -> None:
        self.orders[order.order_id] = (order, order.quantity)
        self.write(OrderPlaced(order))

    def deny(self) -> None:
        seen = self.name()
        self.write(SignalGenerated(signal(seen, self.now)))
        if self.draw(st.booleans()):
            self.write(SignalDenied(seen, "credit_spread", "SPY", "RISK_MAX_LOSS", "loss=455"))

    def close(self) -> None:
        whole = [name for name, held in self.held.items() if -held.get(SHORT, 0) == held.get(LONG, 0) > 0]
        if whole:
            position = self.draw(st.sampled_from(whole))
            self.place(closing(self.name(), position, self.held[position][LONG], self.now))
            if self.draw(st.booleans()):
                self.fill(last=True)

    def fill(self, *, last: bool = False) -> None:
        waiting = [name for name, (_, left) in self.orders.items() if left]
        if not waiting:
            return
        order, left = self.orders[waiting[-1] if last else self.draw(st.sampled_from(waiting))]
        quantity = left if last else self.draw(st.integers(1, left))
        done = fill(self.name(), order, quantity, self.draw(st.integers(0, 300)), 40, self.now)
        self.orders[order.order_id] = (order, left - quantity)
        held = self.held.setdefault(order.position_id, {})
        for leg in done.legs:
            assert isinstance(leg.instrument, OptionContract)
            held[leg.instrument] = held.get(leg.instrument, 0) + leg.quantity
        self.write(OrderFilled(done))

    def end(self) -> None:
        """End an order; a late fill may still come."""
        if self.orders:
            order, _ = self.orders[self.draw(st.sampled_from(sorted(self.orders)))]
            outcome = self.draw(st.sampled_from(("cancelled", "expired", "rejected")))
            self.write(OrderClosed(OrderEnded(order.order_id, outcome, "said so", self.now)))

    def settle(self) -> None:
        """Settle a contract of one position, or of all of them under one name."""
        held = [(name, c, q) for name, position in self.held.items() for c, q in position.items() if q]
        if not held:
            return
        name, contract, quantity = self.draw(st.sampled_from(held))
        net = sum(q for _, c, q in held if c == contract)
        spot = self.draw(st.sampled_from((59_000, 59_800, 61_000)))
        if net and self.draw(st.booleans()):
            self.write(OptionSettled(settled(self.name(), "", contract, net, spot)))
            for other in self.held.values():
                other.pop(contract, None)
        else:
            self.write(OptionSettled(settled(self.name(), name, contract, quantity, spot)))
            self.held[name].pop(contract)

    def say(self) -> None:
        if self.orders:
            name = self.draw(st.sampled_from(sorted(self.orders)))
            event = self.draw(
                st.sampled_from((OrderAccepted(name, "b" + name), OrderUnresolved(name, "timeout")))
            )
            self.write(event)

    def value(self) -> None:
        self.write(AccountValued(1, 2, 3, 4, 5, 6, 7, 0.5, 0.1, -3.25, 9.0))
        self.now += timedelta(days=self.draw(st.integers(0, 4)))

    def repeat(self) -> None:
        """Tell something from before once more."""
        told = [e for e in self.entries if isinstance(e.event, OrderFilled | OptionSettled | OrderPlaced)]
        if told:
            self.write(self.draw(st.sampled_from(told)).event)
