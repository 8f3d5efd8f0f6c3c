"""What a simulated broker has taken and told: kept as it happens, put together when somebody asks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from strikewise.domain.brokerage import Activity, BrokerStatus, OrderReport, Page
from strikewise.domain.instruments import Instrument
from strikewise.domain.orders import (
    BrokerEvent,
    Bust,
    CashFlow,
    Execution,
    Order,
    OrderEnded,
    SettlementReport,
    SplitReport,
)
from strikewise.execution.working import Past

__all__ = ["Records"]

T = TypeVar("T")


class Records:
    """The orders taken and the events told by a simulated broker.

    Parameters
    ----------
    past : Past
        What was told before it resumed.

    Notes
    -----
    Telling an event appends it to one list, and no more: a run over the past asks for events and for nothing
    else. Reports are folded from that list when they are read, each event once.
    """

    def __init__(self, past: Past) -> None:
        self._past = past
        self._orders: dict[str, tuple[Order, datetime]] = {}
        self._others: set[str] = set()
        self._replaced: dict[str, str] = {}
        self._told: list[BrokerEvent] = []
        self._unsaid: list[BrokerEvent] = []
        self._heard = self._folded = self._folded_unsaid = 0
        self._executions: list[Execution] = []
        self._activities: list[Activity] = []
        self._units: Counter[str] = Counter()
        self._legs: dict[str, Counter[Instrument]] = {}
        self._ended: dict[str, OrderEnded] = {}

    # --- writing ----------------------------------------------------------------------------------------

    def take(self, order: Order, at: datetime, *, ours: bool = True) -> None:
        """Note an order; what becomes of others' is reported with the order, and not told."""
        self._orders[order.order_id] = order, at
        if not ours:
            self._others.add(order.order_id)

    def replaced(self, order_id: str, by: str) -> None:
        """Note which order took the place of another."""
        self._replaced[order_id] = by

    def tell(self, event: BrokerEvent) -> None:
        """Note what happened, for whoever asks next."""
        if self._others and getattr(event, "order_id", "") in self._others:
            self._unsaid.append(event)
        else:
            self._told.append(event)

    # --- reading ----------------------------------------------------------------------------------------

    def unheard(self) -> list[BrokerEvent]:
        """Return what was told since the last call."""
        if self._heard == len(self._told):
            return []
        news, self._heard = self._told[self._heard :], len(self._told)
        return news

    def taken(self, order_id: str) -> Order | None:
        """Return an order that was taken since the broker began or resumed."""
        taken = self._orders.get(order_id)
        return None if taken is None else taken[0]

    def before(self, order_id: str) -> OrderReport | None:
        """Return how an order stood when the broker resumed; None where it had none of that id."""
        return self._past.reports.get(order_id)

    def knows(self, order_id: str) -> bool:
        """Return whether an id is that of an order, of before too."""
        return order_id in self._orders or order_id in self._past.ended or order_id in self._past.reports

    def activity_count(self) -> int:
        """Return how many settlements, cash flows and splits were told, before too."""
        self._fold()
        return self._past.activities + len(self._activities)

    def execution(self, execution_id: str) -> Execution | None:
        """Return a fill that stands."""
        self._fold()
        return next((one for one in self._executions if one.execution_id == execution_id and one.legs), None)

    def fill_count(self, order_id: str) -> int:
        """Return how many fills of an order were told, those too that were taken back since."""
        self._fold()
        return sum(one.order_id == order_id for one in self._executions)

    def report(self, order_id: str, working: Collection[str]) -> OrderReport | None:
        """Return how an order stands; None where there is none.

        Parameters
        ----------
        order_id : str
            Its id.
        working : collection of str
            The ids of those that may still fill.
        """
        self._fold()
        past, taken = self._past.reports.get(order_id), self._orders.get(order_id)
        if taken is None:
            return past
        order, at = taken
        filled = (
            self._units[order_id] + _whole(order, self._legs.get(order_id)) + (past.filled if past else 0)
        )
        quantity = past.quantity if past else order.quantity
        ended = self._ended.get(order_id)
        if order_id in working:
            status = BrokerStatus.WORKING
        elif filled >= quantity or ended is None:
            status = BrokerStatus.FILLED
        else:
            status = BrokerStatus(ended.outcome)
        return OrderReport(
            order_id=order_id,
            broker_order_id=order_id,
            status=status,
            structure=order.structure,
            quantity=quantity,
            filled=filled,
            limit_cents=order.limit_cents,
            submitted_at=at,
            reason="" if ended is None or status is BrokerStatus.WORKING else ended.reason,
            replaced_by=self._replaced.get(order_id, ""),
        )

    def reports(
        self, working: Collection[str], *, since: datetime | None = None, only: Collection[str] | None = None
    ) -> tuple[OrderReport, ...]:
        """Return how orders stand, others' too, in the order they were submitted.

        Parameters
        ----------
        working : collection of str
            The ids of those that may still fill.
        since : datetime, optional
            The first instant of submission; all without it.
        only : collection of str, optional
            The ids to report on; all without it.
        """
        names = only if only is not None else {**self._past.reports, **self._orders}
        sent = ((self._sent(name), name) for name in names)
        wanted = sorted((one for one in sent if since is None or one[0] >= since), key=lambda one: one[0])
        found = (self.report(name, working) for _, name in wanted)
        return tuple(one for one in found if one is not None)

    def _sent(self, order_id: str) -> datetime:
        taken = self._orders.get(order_id)
        return self._past.reports[order_id].submitted_at if taken is None else taken[1]

    def executions(self, cursor: str) -> Page[Execution] | None:
        """Return the fills after a cursor; None where it is not ours."""
        self._fold()
        page = _page(self._executions, cursor, self._past.fills)
        return page and Page(tuple(one for one in page.items if one.legs), page.cursor)

    def activities(self, cursor: str) -> Page[Activity] | None:
        """Return settlements, cash flows and splits after a cursor; None where it is not ours."""
        self._fold()
        return _page(self._activities, cursor, self._past.activities)

    def _fold(self) -> None:
        for event in self._told[self._folded :]:
            match event:
                case Execution():
                    self._executions.append(event)
                    self._count(event, 1)
                case Bust():
                    self._take_back(event)
                case OrderEnded():
                    self._ended[event.order_id] = event
                case SettlementReport() | CashFlow() | SplitReport():
                    self._activities.append(event)
                case _:
                    pass
        for event in self._unsaid[self._folded_unsaid :]:
            if isinstance(event, Execution):
                self._count(event, 1)
            elif isinstance(event, OrderEnded):
                self._ended[event.order_id] = event
        self._folded, self._folded_unsaid = len(self._told), len(self._unsaid)

    def _take_back(self, bust: Bust) -> None:
        # What is taken back keeps its place, so that cursors given out before stay good, but trades nothing.
        for place, one in enumerate(self._executions):
            if one.execution_id == bust.execution_id and one.legs:
                self._count(one, -1)
                self._executions[place] = replace(one, quantity=0, legs=(), fees_cents=0)

    def _count(self, execution: Execution, sign: int) -> None:
        self._units[execution.order_id] += sign * execution.quantity
        if execution.quantity == 0:
            legs = self._legs.setdefault(execution.order_id, Counter())
            for leg in execution.legs:
                legs[leg.instrument] += sign * leg.quantity


def _whole(order: Order, legs: Counter[Instrument] | None) -> int:
    """Return how many whole units the legs make that filled by themselves."""
    if not legs:
        return 0
    return min(legs[leg.instrument] // leg.ratio for leg in order.structure.legs)


def _page(items: list[T], cursor: str, before: int) -> Page[T] | None:
    if cursor and not cursor.isdecimal():
        return None
    after = int(cursor or 0)
    if after > before + len(items):
        return None
    return Page(tuple(items[max(0, after - before) :]), str(before + len(items)))
