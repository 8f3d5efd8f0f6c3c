"""Where a simulated broker trades: orders that rest, the account they fill into, and the nights between."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import partial

from strikewise.domain.instruments import OptionContract
from strikewise.domain.orders import (
    Accepted,
    Execution,
    Order,
    OrderEnded,
    Purpose,
    SettlementReport,
    SplitReport,
)
from strikewise.execution.account import Account
from strikewise.execution.fees import FeeSchedule
from strikewise.execution.matching import Match, Matcher
from strikewise.execution.night import NightEvent, Nights
from strikewise.execution.records import Records
from strikewise.execution.working import Past, WorkingOrder
from strikewise.market.calendar import SessionCalendar
from strikewise.market.view import MarketView

__all__ = ["Floor", "Habits"]


@dataclass(frozen=True, slots=True)
class Habits:
    """How a simulated broker keeps its house.

    Attributes
    ----------
    account_id : str
        What it calls the account.
    netted : bool
        Whether it nets what is held by instrument, as brokers do, and so tells settlements without a
        position; else it keeps positions apart by the ids of our orders.
    in_hours : bool
        Whether orders trade in the session's hours only and end at its close, as for a source that arrives;
        else each view is one at which there is trade, and orders end when the next session begins.
    """

    account_id: str = "simulated"
    netted: bool = False
    in_hours: bool = False


class Floor:
    """Try orders against snapshots, and keep the account they change.

    Parameters
    ----------
    account : Account
        Cash and holdings.
    matcher : Matcher
        Matches orders with snapshots.
    nights : Nights
        Settles and books what happens between sessions.
    fees, lag, habits
        As for `strikewise.execution.simulated.SimulatedBroker`.
    open_orders : iterable of Order
        Orders that rest already.
    past : Past
        What else a broker that resumes remembers.
    """

    def __init__(
        self,
        account: Account,
        matcher: Matcher,
        nights: Nights,
        *,
        fees: FeeSchedule,
        lag: int,
        habits: Habits,
        open_orders: Iterable[Order],
        past: Past,
    ) -> None:
        self.account, self.records, self.habits = account, Records(past), habits
        self.view: MarketView | None = None
        self.working = {one.order_id: WorkingOrder.resumed(one, lag, past) for one in open_orders}
        for one in self.working.values():
            self.records.take(one.order, one.order.created_at)
        self.fees, self._matcher, self._nights, self._lag = fees, matcher, nights, lag
        self._seen = past.seen
        self._shares_since = dict(past.shares_since)

    def advance(self, view: MarketView) -> None:
        """Move to a view: book the night, settle, try what rests."""
        seen = self.view or self._seen
        if self.view is not None and self.account.held:
            self._matcher.remember(self.account.instruments(), self.view)
        self.view = view
        self._matcher.new_snapshot(view)
        if seen is not None and view.day > seen.day:
            self.tell(self._nights.passed(self.account, seen, view), view)
        self.tell(self._nights.settle(self.account, view, view.as_of), view)
        if self.working and self.habits.in_hours:
            self._work_in_hours(view)
        elif self.working:
            self._work(view)

    def take(self, order: Order, view: MarketView, *, ours: bool = True) -> Accepted:
        """Take an order that nothing speaks against."""
        self.records.take(order, view.as_of, ours=ours)
        working = WorkingOrder(order, order.quantity, self._lag)
        self.working[order.order_id] = working
        if self.habits.in_hours:
            self._begin_in_hours(working, view)
        elif working.waits == 0:
            self._try(working, view)
        return Accepted(order.order_id)

    def place(self, order: Order) -> str:
        """Return the name under which the account keeps what an order trades.

        What is netted, and what came from outside our orders, stands under the symbol of its underlying.
        """
        return order.underlying if self.habits.netted else order.position_id

    def tell(self, events: Iterable[NightEvent], view: MarketView) -> None:
        """Pass on what was booked, and cancel the orders that rest on what is no more."""
        told = list(events)
        ends = {one.position_id: one for one in told if isinstance(one, SettlementReport)}
        for event in told:
            self.records.tell(_without_place(event))
            if isinstance(event, SettlementReport):
                if event.shares:
                    self._shares_since[event.position_id] = view.calendar.day_of(event.at)
                gone = event is ends[event.position_id] and event.position_id not in self.account.held
                moot = partial(_is_moot, contract=event.contract, gone=gone)
                self._cancel(event.position_id, moot, f"{event.contract} settled", view)
            elif isinstance(event, SplitReport):
                self._cancel(event.position_id, lambda _: True, f"{event.symbol} was split", view)

    def book(self, event: NightEvent, view: MarketView) -> None:
        """Book what no market brought, and tell it."""
        if isinstance(event, SettlementReport | SplitReport) and not event.position_id:
            event = replace(event, position_id=_symbol(event))
        if isinstance(event, SettlementReport):
            self.account.settle(event)
        elif isinstance(event, SplitReport):
            self.account.split(event)
        else:
            self.account.pay(event)
        self.tell([event], view)

    def end(self, working: WorkingOrder, outcome: str, reason: str, at: datetime) -> None:
        """End an order that works."""
        del self.working[working.order.order_id]
        self.records.tell(OrderEnded(working.order.order_id, outcome, reason, at))

    def fill(
        self, order: Order, match: Match, view: MarketView, *, whole: bool = True, apart: str = ""
    ) -> None:
        """Book and tell what an order trades; of some legs by themselves no whole units are told."""
        self._matcher.check(order, match)
        fees = self.fees.order_cents(match.legs, view.day)
        execution = Execution(
            execution_id=f"{order.order_id}/{int(view.as_of.timestamp())}{apart}",
            order_id=order.order_id,
            quantity=match.units if whole else 0,
            legs=match.legs,
            fees_cents=fees,
            at=view.as_of,
            grade=match.grade,
            policy=match.policy,
        )
        self.records.tell(execution)
        self._matcher.take(match.legs, view)
        self.account.trade(self.place(order), match.legs, fees, view.calendar)
        if self.account.held:
            self._matcher.remember(self.account.instruments(), view)

    def match(self, order: Order, view: MarketView, *, enters: bool = False) -> Match:
        """Return how an order would fill now."""
        return self._matcher.match(order, order.quantity, view, enters=enters)

    def enters(self, order: Order) -> bool:
        """Return whether an order trades what is not held already: all but those that close or take away."""
        if order.purpose is Purpose.ADJUST:
            return bool(self.account.lacking(order, self.place(order)))
        return order.purpose is Purpose.OPEN

    def _cancel(self, place: str, moot: Callable[[Order], bool], reason: str, view: MarketView) -> None:
        for working in list(self.working.values()):
            if self.place(working.order) == place and moot(working.order):
                self.end(working, "cancelled", reason, view.as_of)

    def _work(self, view: MarketView) -> None:
        for working in list(self.working.values()):
            if working.waits > 0:
                working.waits -= 1
                if working.waits > 0:
                    continue
            if working.tried_on is not None and view.day > working.tried_on:
                self.end(working, "expired", working.problem or "end of session", view.as_of)
            else:
                self._try(working, view)

    def _begin_in_hours(self, working: WorkingOrder, view: MarketView) -> None:
        """Try an order where the session runs; else it waits for the next one."""
        working.session = _session_of(view.as_of, view.calendar, self._lag)
        if working.waits == 0 and view.calendar.is_open(view.as_of):
            self._try(working, view)
        self._end_with_session(working, view)

    def _work_in_hours(self, view: MarketView) -> None:
        for working in list(self.working.values()):
            if working.session is None:  # it rested already when the broker resumed
                working.session = _session_of(working.order.created_at, view.calendar, self._lag)
            open_now = view.calendar.is_open(view.as_of) and view.day == working.session
            if open_now and working.waits > 0:
                working.waits -= 1
            if open_now and working.waits == 0:
                self._try(working, view)
            self._end_with_session(working, view)

    def _end_with_session(self, working: WorkingOrder, view: MarketView) -> None:
        if working.session is None or working.order.order_id not in self.working:
            return
        close = view.calendar.session_close(working.session)
        if view.as_of >= close:
            self.end(working, "expired", working.problem or "end of session", close)

    def _try(self, working: WorkingOrder, view: MarketView) -> None:
        order = working.order
        if order.structure.shares and self._shares_since.get(self.place(order)) == view.day:
            return  # assignment is told after the close: its shares trade from the next session on
        if working.tried_on is None:
            working.tried_on = view.day
        match = self._matcher.match(order, working.remaining, view, enters=self.enters(order))
        working.problem = match.problem
        if match.units:
            self._fill(working, match, view)

    def _fill(self, working: WorkingOrder, match: Match, view: MarketView) -> None:
        self.fill(working.order, match, view, whole=not working.in_legs)
        working.remaining -= match.units
        if working.remaining == 0:
            del self.working[working.order.order_id]
        else:
            working.problem = "not enough volume or open interest"


def _is_moot(order: Order, *, contract: OptionContract, gone: bool) -> bool:
    """Return whether an order has nothing to trade now that an option, or its whole position, ended.

    A hedge of nothing would be a position of its own.
    """
    ended = any(leg.instrument == contract for leg in order.structure.legs)
    return ended or (gone and order.purpose is Purpose.ADJUST)


def _session_of(at: datetime, calendar: SessionCalendar, lag: int) -> date:
    """Return the session for which an order is good that is sent at an instant."""
    day = calendar.day_of(at)
    if calendar.is_session(day):
        close = calendar.session_close(day)
        # At the close prices are struck once more, for orders that need not wait for a next snapshot.
        if at < close or (at == close and lag == 0):
            return day
    return calendar.next_session(day)


def _symbol(event: NightEvent) -> str:
    return event.contract.underlying if isinstance(event, SettlementReport) else event.symbol


def _without_place(event: NightEvent) -> NightEvent:
    """Return an event as it is told: what is kept by its underlying belongs to no position of ours."""
    return replace(event, position_id="") if event.position_id == _symbol(event) != "" else event
