"""Fill orders against recorded quotes and settle what expires, seeing only the views that are given.

Time moves by `SimulatedBroker.advance`: what happened overnight is booked in the order it happened, contracts
settle, then resting orders are tried against the new snapshot. An order submitted between two ticks is tried
at once against the same snapshot (an end-of-day stop fills at that day's exit side); what does not fill rests
to the end of the session. Whether an account may afford an order is the gate's question, not the broker's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TypeVar

from strikewise.domain.instruments import OptionContract
from strikewise.domain.orders import (
    Accepted,
    BrokerEvent,
    Execution,
    Known,
    Order,
    OrderEnded,
    Purpose,
    Rejected,
    SettlementReport,
    SplitReport,
    SubmitAnswer,
    Unknown,
)
from strikewise.domain.portfolio import Holding
from strikewise.execution.account import Account
from strikewise.execution.exercise import ExerciseRule
from strikewise.execution.fees import FeeSchedule
from strikewise.execution.fills import FillRule
from strikewise.execution.financing import Financing
from strikewise.execution.matching import Match, Matcher
from strikewise.execution.night import NightEvent, Nights
from strikewise.market.estimate import LastQuote
from strikewise.market.view import MarketView

__all__ = ["Past", "SimulatedBroker"]

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
    seen : MarketView or None
        The last view it was moved to: what happens on the night after is judged by it.
    """

    snapshots: Mapping[datetime, date] = field(default_factory=dict)
    shares_since: Mapping[str, date] = field(default_factory=dict)
    last_quotes: Mapping[OptionContract, LastQuote] = field(default_factory=dict)
    ended: frozenset[str] = frozenset()
    seen: MarketView | None = None


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
    exercise : ExerciseRule
        How short options are assigned.
    financing : Financing
        What cash earns, and debit balances and borrowed shares cost.
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
        exercise: ExerciseRule | None = None,
        financing: Financing | None = None,
        holdings: Mapping[str, Iterable[Holding]] | None = None,
        open_orders: Iterable[Order] = (),
        past: Past | None = None,
    ) -> None:
        known = past or Past()
        self._account = Account(cash_cents, holdings or {})
        self._seen = known.seen
        self._rule, self._fees, self._lag = rule or FillRule(), fees or FeeSchedule(), lag
        self._nights = Nights(exercise or ExerciseRule(), financing or Financing(), self._fees)
        self._working = {order.order_id: _Working.resumed(order, lag, known) for order in open_orders}
        self._known: set[str] = {*self._working, *known.ended}
        self._events: list[BrokerEvent] = []
        self._view: MarketView | None = None
        self._matcher = Matcher(self._rule, known.last_quotes)
        self._shares_since: dict[str, date] = dict(known.shares_since)

    def advance(self, view: MarketView) -> None:
        """Move to a view, before anything is decided at it: book the night, settle, try what rests."""
        seen = self._view or self._seen
        if self._view is not None and self._account.held:
            self._matcher.remember(self._account.instruments(), self._view)
        self._view = view
        self._matcher.new_snapshot()
        if seen is not None and view.day > seen.day:
            self._told(self._nights.passed(self._account, seen, view), view)
        self._told(self._nights.settle(self._account, view, view.as_of), view)
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
            self._matcher.remember(self._account.instruments(), view)

    def _told(self, events: Iterable[NightEvent], view: MarketView) -> None:
        """Pass on what was booked, and cancel the orders that rest on what is no more."""
        for event in events:
            self._events.append(event)
            if isinstance(event, SettlementReport):
                if event.shares:
                    self._shares_since[event.position_id] = view.calendar.day_of(event.at)
                self._cancel(event.position_id, event.contract, f"{event.contract} settled", view)
            elif isinstance(event, SplitReport):
                self._cancel(event.position_id, None, f"{event.symbol} was split", view)

    def _cancel(
        self, position_id: str, contract: OptionContract | None, reason: str, view: MarketView
    ) -> None:
        for working in list(self._working.values()):
            order = working.order
            legs = [leg.instrument for leg in order.structure.legs]
            if order.position_id == position_id and (contract is None or contract in legs):
                self._end(working, "cancelled", reason, view.as_of)

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
        self._matcher.check(order, match)
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
        self._account.trade(order.position_id, match.legs, fees, view.calendar)
        self._remember(view)
        working.remaining -= match.units
        if working.remaining == 0:
            del self._working[order.order_id]
        else:
            working.problem = "not enough volume or open interest"

    def _end(self, working: _Working, outcome: str, reason: str, at: datetime) -> None:
        del self._working[working.order.order_id]
        self._events.append(OrderEnded(working.order.order_id, outcome, reason, at))
