"""Fill orders against recorded quotes and settle what expires, seeing only the views that are given.

Time moves by `SimulatedBroker.advance`: contracts settle, then resting orders are tried against the new
snapshot. An order submitted between two ticks is tried at once against the same snapshot (an end-of-day stop
fills at that day's exit side); what does not fill rests to the end of the session. Whether an account may
afford an order is the gate's question, not the broker's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import TypeVar

from strikewise.domain.instruments import Instrument, OptionContract, Stock
from strikewise.domain.orders import (
    Accepted,
    BrokerEvent,
    Execution,
    Known,
    LegFill,
    Order,
    OrderEnded,
    Purpose,
    Rejected,
    SettlementReport,
    SubmitAnswer,
    Unknown,
)
from strikewise.domain.portfolio import Holding
from strikewise.execution.fees import FeeSchedule
from strikewise.execution.fills import FillRule
from strikewise.execution.matching import Match, Matcher
from strikewise.execution.settlement import settle, settlement_price
from strikewise.market.estimate import LastQuote
from strikewise.market.view import MarketView

__all__ = ["Past", "SimulatedBroker"]

SOON, NEVER = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Past:
    """What cash, holdings and open orders do not say of a broker that goes on where another stopped.

    Attributes
    ----------
    snapshots : mapping of datetime to date
        Instants of the views it was moved to, oldest first, and the New York date of each: how long open
        orders have waited.
    shares_since : mapping of str to date
        Session in which a position was assigned shares: they trade from the next on.
    last_quotes : mapping of OptionContract to LastQuote
        The last usable quote of what is held.
    ended : frozenset of str
        Ids of orders that ended: the same one again is no second one.
    """

    snapshots: Mapping[datetime, date] = field(default_factory=dict)
    shares_since: Mapping[str, date] = field(default_factory=dict)
    last_quotes: Mapping[OptionContract, LastQuote] = field(default_factory=dict)
    ended: frozenset[str] = frozenset()


@dataclass(slots=True)
class _Working:
    """An order that may still fill."""

    order: Order
    remaining: int
    waits: int
    """Snapshots to let pass before it may fill."""
    tried_on: date | None = None
    """Session in which it was first tried: it is good until that session ends."""
    problem: str = ""

    @classmethod
    def resumed(cls, order: Order, lag: int, past: Past) -> _Working:
        """Return an order that rests, as it would stand had nothing stopped."""
        seen = [day for at, day in past.snapshots.items() if at >= order.created_at]
        assigned = past.shares_since.get(order.position_id) if order.structure.shares else None
        tried_on = next((day for day in seen[lag:] if day != assigned), None)
        return cls(order, order.quantity, max(0, lag - max(0, len(seen) - 1)), tried_on)


class _Account:
    """Cash and holdings by position, and when what is held settles."""

    def __init__(self, cash_cents: int, holdings: Mapping[str, Iterable[Holding]]) -> None:
        self.cash_cents = cash_cents
        self.held: dict[str, dict[Instrument, int]] = {
            position_id: {holding.instrument: holding.quantity for holding in held}
            for position_id, held in holdings.items()
        }
        self._settles: dict[OptionContract, datetime] = {}
        # An account that resumes settles at its first view whatever is due, and learns there what comes next.
        self.next_settlement = SOON if self.held else NEVER

    def net(self) -> tuple[Holding, ...]:
        """Return what is held, netted by instrument."""
        net: dict[Instrument, int] = {}
        for held in self.held.values():
            for instrument, quantity in held.items():
                net[instrument] = net.get(instrument, 0) + quantity
        return tuple(Holding(one, quantity) for one, quantity in net.items() if quantity)

    def lacking(self, order: Order) -> str:
        """Return what a closing order would trade that is not held; empty where all of it is."""
        held = self.held.get(order.position_id, {})
        for leg in order.structure.legs:
            closes, has = -leg.ratio * order.quantity, held.get(leg.instrument, 0)
            if closes * has <= 0 or abs(closes) > abs(has):
                return f"{leg.instrument}: {closes} to be closed, {has} held in position {order.position_id}."
        return ""

    def book_fill(self, position_id: str, legs: Iterable[LegFill], fees_cents: int, view: MarketView) -> None:
        """Pay a fill and its fees, and hold what it brought."""
        self.cash_cents -= fees_cents
        for leg in legs:
            self.cash_cents -= leg.cost_cents
            self._change(position_id, leg.instrument, leg.quantity)
            if isinstance(leg.instrument, OptionContract):
                self.next_settlement = min(self.next_settlement, self._settles_at(leg.instrument, view))

    def settle_due(self, view: MarketView, assignment_cents: int) -> list[SettlementReport]:
        """Settle and book every contract that is due; one whose settlement price nobody knows yet waits."""
        reports = []
        for position_id in list(self.held):
            held = self.held[position_id]
            options = [one for one in held if isinstance(one, OptionContract)]
            due = [one for one in options if self._settles_at(one, view) <= view.as_of]
            for contract in sorted(due, key=lambda one: one.key):
                price = settlement_price(contract, view)
                if price is None:
                    continue
                report = settle(
                    contract,
                    held[contract],
                    price,
                    position_id=position_id,
                    assignment_cents=assignment_cents,
                    view=view,
                )
                self.cash_cents -= report.cash_cents + report.fees_cents
                self._change(position_id, contract, -report.quantity)
                self._change(position_id, Stock(contract.underlying), report.shares)
                reports.append(report)
        left = {one for held in self.held.values() for one in held if isinstance(one, OptionContract)}
        self._settles = {one: self._settles_at(one, view) for one in left}
        self.next_settlement = min(self._settles.values(), default=NEVER)
        return reports

    def _settles_at(self, contract: OptionContract, view: MarketView) -> datetime:
        at = self._settles.get(contract)
        if at is None:
            at = self._settles[contract] = view.calendar.settlement_at(contract)
        return at

    def _change(self, position_id: str, instrument: Instrument, quantity: int) -> None:
        held = self.held.setdefault(position_id, {})
        after = held.get(instrument, 0) + quantity
        if after:
            held[instrument] = after
        else:
            held.pop(instrument, None)
            if not held:
                del self.held[position_id]


class SimulatedBroker:
    """Fill orders against the chains of market views; implements `strikewise.execution.broker.Broker`.

    Parameters
    ----------
    cash_cents : int
        Cash at the beginning.
    rule : FillRule
        Prices and sizes.
    fees : FeeSchedule
        Commissions and fees.
    lag : int
        Snapshots between an order and its first chance to fill: 0 fills on the snapshot that was decided on,
        1 on the next.
    holdings : mapping of str to holdings, optional
        What is held already, by position id, to resume an account.
    open_orders : iterable of Order, optional
        Orders that rest already, with the quantity that is still to fill.
    past : Past, optional
        What else a broker that resumes remembers.
    """

    def __init__(
        self,
        cash_cents: int,
        *,
        rule: FillRule | None = None,
        fees: FeeSchedule | None = None,
        lag: int = 0,
        holdings: Mapping[str, Iterable[Holding]] | None = None,
        open_orders: Iterable[Order] = (),
        past: Past | None = None,
    ) -> None:
        known = past or Past()
        self._account = _Account(cash_cents, holdings or {})
        self._rule, self._fees, self._lag = rule or FillRule(), fees or FeeSchedule(), lag
        self._working = {order.order_id: _Working.resumed(order, lag, known) for order in open_orders}
        self._known: set[str] = {*self._working, *known.ended}
        self._events: list[BrokerEvent] = []
        self._view: MarketView | None = None
        self._matcher = Matcher(self._rule, known.last_quotes)
        self._shares_since: dict[str, date] = dict(known.shares_since)

    def advance(self, view: MarketView) -> None:
        """Move to a view, before anything is decided at it: settle what is due, then try what rests."""
        if self._view is not None and self._account.held:
            held = (one for each in self._account.held.values() for one in each)
            self._matcher.remember(held, self._view)
        self._view = view
        self._matcher.new_snapshot()
        if self._account.next_settlement <= view.as_of:
            self._settle(view)
        if self._working:
            self._work(view)

    def submit(self, order: Order) -> SubmitAnswer:
        """Take an order and try it against the present snapshot."""
        if order.order_id in self._known:
            return Accepted(order.order_id)
        view = self._view
        if view is None:
            return Rejected(
                "NO_MARKET", "No market data have arrived yet: advance the broker to a view first."
            )
        if order.quantity < 1:
            return Rejected("BAD_QUANTITY", f"An order must be for at least one unit; was {order.quantity}.")
        if order.purpose is Purpose.CLOSE and (lacking := self._account.lacking(order)):
            return Rejected("NOT_HELD", lacking)
        self._known.add(order.order_id)
        working = _Working(order, order.quantity, self._lag)
        self._working[order.order_id] = working
        if working.waits == 0:
            self._try(working, view)
        return Accepted(order.order_id)

    def cancel(self, order_id: str) -> SubmitAnswer:
        """Cancel a resting order."""
        working = self._working.get(order_id)
        if working is None or self._view is None:
            known = "has ended" if order_id in self._known else "was never received"
            return Rejected("NOT_OPEN", f"Order {order_id} cannot be cancelled: it {known}.")
        self._end(working, "cancelled", "asked for", self._view.as_of)
        return Accepted(order_id)

    def events(self) -> Sequence[BrokerEvent]:
        """Return what happened since the last call, oldest first."""
        happened, self._events = self._events, []
        return happened

    def cash_cents(self) -> Known[int] | Unknown:
        """Return the cash balance."""
        return self._answer(self._account.cash_cents)

    def holdings(self) -> Known[tuple[Holding, ...]] | Unknown:
        """Return what is held, netted by instrument."""
        return self._answer(self._account.net())

    def open_orders(self) -> Known[tuple[Order, ...]] | Unknown:
        """Return the orders that may still fill."""
        return self._answer(tuple(working.order for working in self._working.values()))

    def _answer(self, value: T) -> Known[T] | Unknown:
        if self._view is None:
            return Unknown("no market data have arrived yet")
        return Known(value, self._view.as_of)

    def _remember(self, view: MarketView) -> None:
        if self._account.held:
            self._matcher.remember((one for held in self._account.held.values() for one in held), view)

    def _settle(self, view: MarketView) -> None:
        for report in self._account.settle_due(view, self._fees.assignment_cents):
            if report.shares:
                session = view.calendar.settlement_session(report.contract)
                self._shares_since[report.position_id] = session
            self._events.append(report)
            for working in list(self._working.values()):
                order = working.order
                legs = [leg.instrument for leg in order.structure.legs]
                if order.position_id == report.position_id and report.contract in legs:
                    self._end(working, "cancelled", f"{report.contract} settled", view.as_of)

    def _work(self, view: MarketView) -> None:
        for working in list(self._working.values()):
            if working.waits > 0:
                working.waits -= 1
                if working.waits > 0:
                    continue
            if working.tried_on is not None and view.day > working.tried_on:
                self._end(working, "expired", working.problem or "end of session", view.as_of)
            else:
                self._try(working, view)

    def _try(self, working: _Working, view: MarketView) -> None:
        order = working.order
        if order.structure.shares and self._shares_since.get(order.position_id) == view.day:
            return  # assignment is told after the close: its shares trade from the next session on
        if working.tried_on is None:
            working.tried_on = view.day
        match = self._matcher.match(order, working.remaining, view)
        working.problem = match.problem
        if match.units:
            self._fill(working, match, view)

    def _fill(self, working: _Working, match: Match, view: MarketView) -> None:
        order = working.order
        fees = self._fees.order_cents(match.legs, view.day)
        execution = Execution(
            execution_id=f"{order.order_id}/{int(view.as_of.timestamp())}",
            order_id=order.order_id,
            quantity=match.units,
            legs=match.legs,
            fees_cents=fees,
            at=view.as_of,
            grade=match.grade,
            policy=match.policy,
        )
        self._events.append(execution)
        self._matcher.take(match.legs)
        self._account.book_fill(order.position_id, match.legs, fees, view)
        self._remember(view)
        working.remaining -= match.units
        if working.remaining == 0:
            del self._working[order.order_id]
        else:
            working.problem = "not enough volume or open interest"

    def _end(self, working: _Working, outcome: str, reason: str, at: datetime) -> None:
        del self._working[working.order.order_id]
        self._events.append(OrderEnded(working.order.order_id, outcome, reason, at))
