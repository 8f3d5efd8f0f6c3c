"""The account as a few dicts: orders, positions, cash; and what a trade or a settlement does to them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from oracle.plain_market import Instrument, place_of, size_of, symbol_of
from oracle.plain_options import Greeks, LastQuote
from strikewise.domain.instruments import OptionContract, Right

Legs = tuple[tuple[Instrument, int], ...]
"""Instruments and ratios of one unit, in their order."""


def ordered(legs: dict[Instrument, int]) -> Legs:
    return tuple((one, legs[one]) for one in sorted(legs, key=place_of) if legs[one])


def written(legs: Legs) -> list[list[Any]]:
    """A structure as the ledger writes it."""
    return [[symbol_of(instrument), ratio] for instrument, ratio in legs]


@dataclass
class Wish:
    """What a strategy would open: a signal."""

    signal_id: str
    strategy: str
    underlying: str
    at: datetime
    legs: Legs
    price: int
    mid: int
    max_loss: int | None
    max_profit: int | None
    margin: int
    breakevens: list[float]
    probability: float
    edge: int
    score: float
    parts: dict[str, float]
    because: dict[str, float | str]
    grade: str
    greeks: Greeks | None
    daily_sd: int | None

    def payload(self) -> dict[str, Any]:
        names = ("delta", "gamma", "theta", "vega", "rho")
        greeks = None if self.greeks is None else dict(zip(names, (*self.greeks, 0.0), strict=True))
        return {
            "signal_id": self.signal_id,
            "strategy": self.strategy,
            "underlying": self.underlying,
            "as_of": self.at.isoformat(),
            "structure": written(self.legs),
            "price_cents": self.price,
            "mid_cents": self.mid,
            "max_loss_cents": self.max_loss,
            "max_profit_cents": self.max_profit,
            "margin_cents": self.margin,
            "breakevens": self.breakevens,
            "probability_of_profit": self.probability,
            "edge_cents": self.edge,
            "score": self.score,
            "score_parts": self.parts,
            "because": self.because,
            "grade": self.grade,
            "greeks": greeks,
            "daily_sd_cents": self.daily_sd,
        }


@dataclass
class Order:
    """An order, and how far it is."""

    order_id: str
    position_id: str
    strategy: str
    underlying: str
    purpose: str
    legs: Legs
    quantity: int
    limit: int | None
    created_at: datetime
    wish: Wish | None = None
    campaign: str = ""
    reason: str = "ENTRY"
    detail: str = ""
    fact: int = 0
    filled: int = 0
    waits: int = 0
    tried_on: date | None = None
    problem: str = ""

    @property
    def left(self) -> int:
        return self.quantity - self.filled

    def payload(self) -> dict[str, Any]:
        return {
            "order_id": self.order_id,
            "position_id": self.position_id,
            "strategy": self.strategy,
            "underlying": self.underlying,
            "purpose": self.purpose,
            "structure": written(self.legs),
            "quantity": self.quantity,
            "limit_cents": self.limit,
            "created_at": self.created_at.isoformat(),
            "signal_id": "" if self.wish is None else self.wish.signal_id,
            "reason": self.reason,
            "campaign_id": self.campaign,
            "detail": self.detail,
            "replaces": "",
        }


@dataclass
class Fill:
    """One leg of a fill: bought positive."""

    instrument: Instrument
    quantity: int
    price: int
    bid: int
    ask: int

    @property
    def cost(self) -> int:
        return self.quantity * self.price * size_of(self.instrument)


@dataclass
class Mark:
    """What a position is worth now."""

    mid: int
    exit: int
    estimated: int
    greeks: Greeks


@dataclass
class Position:
    """What one opening order became; one that is only ordered yet holds nothing and has no mark."""

    position_id: str
    strategy: str
    underlying: str
    legs: Legs
    quantity: int
    opened_at: datetime
    max_loss: int | None
    margin: int
    stake: int
    own: int = 0
    """What it holds by itself where no option of it is naked: the stake, until it is adjusted."""
    campaign: str = ""
    """The first position of the chain of rolls that it continues, itself where it begins one."""
    held: dict[Instrument, int] = field(default_factory=dict)
    entry: int = 0
    cash: int = 0
    fees: int = 0
    at_stake: float = 0.0
    """What all units had at stake by their signal, cents."""
    bought: int = 0
    """Units as they were opened, before any split."""
    because: dict[str, float | str] = field(default_factory=dict)
    closing: str = ""
    mark: Mark | None = None

    @property
    def profit(self) -> int:
        """If it were closed now."""
        assert self.mark is not None
        return self.mark.exit - self.cash - self.fees

    @property
    def options(self) -> dict[OptionContract, int]:
        return {one: count for one, count in self.held.items() if isinstance(one, OptionContract)}

    @property
    def shares(self) -> int:
        return self.held.get(self.underlying, 0)

    def move(self, instrument: Instrument, quantity: int) -> None:
        self.held[instrument] = self.held.get(instrument, 0) + quantity
        if self.held[instrument] == 0:
            del self.held[instrument]


@dataclass
class Record:
    """What a strategy's closed positions came to."""

    profit: int = 0
    measured: int = 0
    returns: float = 0.0
    squares: float = 0.0


@dataclass
class Account:
    """Cash, positions in the order of their first fill, orders that may still fill."""

    cash: int
    deposited: int
    positions: dict[str, Position] = field(default_factory=dict)
    working: dict[str, Order] = field(default_factory=dict)
    orders: dict[str, Order] = field(default_factory=dict)
    """Every order ever placed."""
    records: dict[str, Record] = field(default_factory=dict)
    opened: dict[str, tuple[date, str]] = field(default_factory=dict)
    """Day and strategy of each position ordered or opened lately, by id."""
    realised: int = 0
    last_quotes: dict[OptionContract, LastQuote] = field(default_factory=dict)
    shares_since: dict[str, date] = field(default_factory=dict)
    """The session in which a position was given shares by an assignment."""

    def trade(self, order: Order, units: int, legs: list[Fill], fees: int, at: datetime, day: date) -> None:
        """Book a fill."""
        cost = sum(leg.cost for leg in legs)
        self.cash -= cost + fees
        order.filled += units
        if order.left == 0:
            del self.working[order.order_id]
        position = self.positions.get(order.position_id)
        if order.purpose == "open":
            if self.opened.get(order.position_id, (None, ""))[0] != day:
                self.opened[order.position_id] = day, order.strategy
            position = self._opened(order, position, units, cost, at)
        assert position is not None
        for leg in legs:
            position.move(leg.instrument, leg.quantity)
        position.cash += cost
        position.fees += fees
        if order.purpose == "open":
            wish = order.wish
            assert wish is not None
            if position.cash == position.entry:
                promised = None if wish.max_loss is None else wish.max_loss * position.quantity
                paid_more = position.entry - wish.price * position.quantity
                position.max_loss = None if promised is None else max(0, promised + paid_more)
            else:
                self.reduced(position)
        else:
            if order.left == 0 and position.closing == order.order_id:
                position.closing = ""
            self.reduced(position)
            if order.purpose == "adjust":
                self._adjusted(position, legs)
        self.put_away(position)

    def _opened(
        self, order: Order, position: Position | None, units: int, cost: int, at: datetime
    ) -> Position:
        wish = order.wish
        assert wish is not None
        if position is None:
            position = self.positions[order.position_id] = waiting(order, 0)
            position.entry = 0
            position.opened_at = at
        position.quantity += units
        position.bought += units
        position.because = wish.because
        position.entry += cost
        position.margin = position.stake = position.own = wish.margin * position.quantity
        unit = wish.because.get("at_stake")
        position.at_stake = 100 * unit * position.quantity if isinstance(unit, float) else 0.0
        return position

    def _adjusted(self, position: Position, legs: list[Fill]) -> None:
        """It holds its largest loss; without a bound half of its shares beside what it began with."""
        prices = [leg.price for leg in legs if isinstance(leg.instrument, str)]
        if position.max_loss is not None:
            position.margin = position.own = max(0, position.max_loss)
        elif prices:
            position.margin = position.own = position.stake + abs(position.shares) * prices[-1] // 2

    def reduced(self, position: Position) -> None:
        """What is left of a position loses at most what its payoff and its cash say."""
        ends = {(one.expiration, one.root_code) for one in position.options}
        if position.held and len(ends) <= 1:
            position.max_loss = largest_loss(position.held, position.cash)

    def put_away(self, position: Position) -> None:
        """A position that holds nothing any more is closed."""
        if position.held:
            return
        del self.positions[position.position_id]
        profit = -position.cash - position.fees
        self.realised += profit
        record = self.records.setdefault(position.strategy, Record())
        record.profit += profit
        if position.stake > 0:
            record.measured += 1
            record.returns += profit / position.stake
            record.squares += (profit / position.stake) ** 2

    def pending(self) -> list[Position]:
        """What opening orders may still bring."""
        return [waiting(one, one.left) for one in self.working.values() if one.purpose == "open"]

    def opened_on(self, day: date) -> list[str]:
        """The strategies that ordered or opened a position on a day, once for each position."""
        return [strategy for on, strategy in self.opened.values() if on == day]


def waiting(order: Order, units: int) -> Position:
    """What some units of an opening order would become."""
    wish = order.wish
    assert wish is not None
    return Position(
        position_id=order.position_id,
        strategy=order.strategy,
        underlying=order.underlying,
        legs=order.legs,
        quantity=units,
        opened_at=order.created_at,
        max_loss=None if wish.max_loss is None else wish.max_loss * units,
        margin=wish.margin * units,
        stake=wish.margin * units,
        own=wish.margin * units,
        entry=wish.price * units,
        campaign=order.campaign or order.position_id,
    )


def largest_loss(held: dict[Instrument, int], paid: int) -> int | None:
    """What is lost at the worst price at expiry, in cents; None where it has no bound."""
    options = {one: count for one, count in held.items() if isinstance(one, OptionContract)}
    shares = sum(count for one, count in held.items() if isinstance(one, str))
    beyond = shares + sum(n * one.multiplier for one, n in options.items() if one.right is Right.CALL)
    if beyond < 0:
        return None
    worst = 0
    for price in (0, *(one.strike_milli for one in options)):
        worth = shares * price
        for one, count in options.items():
            gap = price - one.strike_milli if one.right is Right.CALL else one.strike_milli - price
            worth += count * one.multiplier * max(0, gap)
        lost = -((worth - 10 * paid) // 10)
        worst = max(worst, lost)
    return worst


def _ends(option: OptionContract) -> tuple[date, bool]:
    """When it ends: on the morning of its expiration, or after it."""
    return option.expiration, option.root.settlement == "PM"


def leaves_naked(options: dict[OptionContract, int], shares: int) -> bool:
    """Whether more is sold than covered: by options that expire no earlier, calls also by long shares."""
    for right in Right:
        ours = {one: count for one, count in options.items() if one.right is right}
        lots = max(0, (shares if right is Right.CALL else -shares) // 100)
        for sold, sold_count in ours.items():
            if sold_count < 0:
                later = sum(count for one, count in ours.items() if _ends(one) >= _ends(sold))
                if later + lots < 0:
                    return True
    return False
