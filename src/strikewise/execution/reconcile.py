"""Compare ours with a broker's, and say what makes them agree: the broker is right, and nothing is guessed.

`compare` looks at one kind of difference after the other (fills, ends of orders, activities, what assignment
and expiration explain, holdings, cash) and returns the facts of the first kind it finds. Whoever drives it
writes them, folds them, and compares again with the same snapshot, until there are none: what an earlier kind
explains is never explained twice, and a second reconciliation finds nothing to do.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from strikewise.domain.brokerage import BrokerStatus, OrderReport
from strikewise.domain.events import (
    CashFlowed,
    Event,
    OptionSettled,
    OrderAccepted,
    OrderClosed,
    OrderFilled,
    PositionSplit,
)
from strikewise.domain.instruments import Instrument
from strikewise.domain.money import format_cents
from strikewise.domain.orders import CashFlow, Execution, Order, OrderEnded, SettlementReport
from strikewise.domain.portfolio import Position
from strikewise.domain.reconciled import DifferenceFound
from strikewise.execution.differing_cash import cash_that_differs, fees_not_charged
from strikewise.execution.differing_holdings import Differing, Holdings, holdings_that_differ
from strikewise.execution.odd_fills import odd_fill
from strikewise.execution.snapshot import Snapshot
from strikewise.execution.taken_back import TakenBack, taken_back_in_silence
from strikewise.execution.unexplained_ends import ends_without_word
from strikewise.market.calendar import SessionCalendar

__all__ = ["SECOND_LOOK", "Findings", "OurOrder", "Ours", "compare"]

SECOND_LOOK = timedelta(seconds=10)
"""How far apart two pictures must lie before what only one side shows is believed."""
MISSES = 3
"""Spaced reads that must not show an order before it counts as never sent."""


@dataclass(frozen=True, slots=True)
class OurOrder:
    """An order as our ledger has it.

    Attributes
    ----------
    order : Order
        The order.
    ended : bool
        Whether its end is written down.
    answered : bool
        Whether the broker's answer is: False where it was never written, or is unresolved.
    filled : int
        Units booked.
    missed : int
        Complete pictures in a row, spaced, that did not show it.
    booked : tuple of Execution
        Its fills that stand.
    """

    order: Order
    ended: bool
    answered: bool
    filled: int
    missed: int = 0
    booked: tuple[Execution, ...] = ()


@dataclass(frozen=True, slots=True)
class Ours:
    """What our ledger says of an account.

    Attributes
    ----------
    cash_cents : int
        Cash.
    positions : mapping of str to Position
        What is open, oldest first.
    orders : mapping of str to OurOrder
        Open orders, and those that ended.
    executions, activities : frozenset of str
        Ids of the fills, and of settlements, flows and splits that are booked.
    inferred : frozenset of str
        Contracts whose end was booked before the broker told it: its word, when it comes, is no second end.
    frozen : frozenset of str
        Symbols on which nothing new is traded.
    looked_at : frozenset of str
        Symbols a person has looked at and released: what the broker shows of them is taken as it is.
    settling : frozenset of str
        Underlyings of which an assignment or exercise was booked lately: their shares may be on the way.
    fees_due : tuple of (date, int)
        Fees that are paid here and that the broker has still to charge, cents by day: its cash is higher.
    fees_untold_cents : int
        Fees that were read from the broker's cash lately, and that it did not tell.
    confirmed : frozenset of str
        Ids of the fills that were booked when both sides last agreed.
    held_lately : frozenset of Instrument
        What was held when both sides last agreed, and options that ended lately: a picture that still shows
        one may be older than its end.
    """

    cash_cents: int
    positions: Mapping[str, Position]
    orders: Mapping[str, OurOrder]
    executions: frozenset[str]
    activities: frozenset[str]
    inferred: frozenset[str] = frozenset()
    frozen: frozenset[str] = frozenset()
    looked_at: frozenset[str] = frozenset()
    settling: frozenset[str] = frozenset()
    fees_due: tuple[tuple[date, int], ...] = ()
    fees_untold_cents: int = 0
    confirmed: frozenset[str] = frozenset()
    held_lately: frozenset[Instrument] = frozenset()

    @property
    def cash_there_cents(self) -> int:
        """What the broker's cash is, where both sides agree."""
        return self.cash_cents + sum(cents for _, cents in self.fees_due)


@dataclass(frozen=True, slots=True)
class Findings:
    """What a comparison found.

    Attributes
    ----------
    facts : tuple of Event
        To be written now; compare again once they are folded.
    waiting : tuple of DifferenceFound
        What is left as it is: it needs a second look, word of the broker, or a person. No new risk meanwhile.
    cancel : tuple of str
        Orders of ours that work at the broker though they ended here, to be cancelled there.
    halt : str
        Why trading must stop until a person has looked; empty where it need not.
    """

    facts: tuple[Event, ...] = ()
    waiting: tuple[DifferenceFound, ...] = ()
    cancel: tuple[str, ...] = ()
    halt: str = ""


def compare(
    ours: Ours,
    snapshot: Snapshot,
    before: Snapshot | None,
    *,
    account: str,
    calendar: SessionCalendar,
    own_prefix: str,
) -> Findings:
    """Say what makes ours agree with a broker's.

    Parameters
    ----------
    ours : Ours
        Our side, all facts folded.
    snapshot : Snapshot
        The broker's side.
    before : Snapshot or None
        An earlier picture; where it lies `SECOND_LOOK` back and shows the same, what differs is put right.
    account : str
        Our account's name, for ids.
    calendar : SessionCalendar
        When contracts settle.
    own_prefix : str
        What ids of our orders begin with.

    Returns
    -------
    Findings
        Facts of one kind of difference at most; none where both sides agree or nothing can be done yet.
    """
    before = _far_enough(before, snapshot)
    if facts := _fills(ours, snapshot):
        return Findings(facts)
    ends, waiting, cancel = _orders(ours, snapshot, own_prefix)
    if ends:
        return Findings(ends, cancel=cancel)
    if facts := _activities(ours, snapshot):
        return Findings(facts, cancel=cancel)
    held = Holdings.of(ours.positions, snapshot.positions)
    back = tuple(_taken_back(ours, snapshot, held))
    facts = _taken_back_twice(back, ours, before)
    if facts := facts or ends_without_word(held, snapshot, ours.cash_there_cents, calendar):
        return Findings(facts, cancel=cancel)
    awaiting = {*_awaiting_fills(ours, snapshot), *(one.order.underlying for one in back)}
    found = _holdings(ours, held, snapshot, before, account, awaiting)
    waiting += (*(one.difference("looked at again", "") for one in back), *found.waiting)
    if found.facts or found.halt or waiting:
        return Findings(found.facts, waiting, cancel, found.halt)
    return _cash(ours, snapshot, before, calendar, cancel)


def _far_enough(before: Snapshot | None, snapshot: Snapshot) -> Snapshot | None:
    """Return an earlier picture where it lies far enough back."""
    return before if before is not None and snapshot.taken_at - before.taken_at >= SECOND_LOOK else None


def _cash(
    ours: Ours,
    snapshot: Snapshot,
    before: Snapshot | None,
    calendar: SessionCalendar,
    cancel: tuple[str, ...],
) -> Findings:
    if facts := fees_not_charged(ours.fees_due, snapshot.taken_at, calendar):
        return Findings(facts, cancel=cancel)
    there, untold, held = ours.cash_there_cents, ours.fees_untold_cents, ours.positions.values()
    facts, waiting = cash_that_differs(there, snapshot, before, held, untold)
    return Findings(facts, waiting, cancel)


def _taken_back(ours: Ours, snapshot: Snapshot, held: Holdings) -> Iterator[TakenBack]:
    orders = ((one.order, one.filled, one.booked) for one in ours.orders.values())
    return taken_back_in_silence(orders, _reports(snapshot), held, ours.confirmed)


def _taken_back_twice(back: tuple[TakenBack, ...], ours: Ours, before: Snapshot | None) -> tuple[Event, ...]:
    """Return what undoes fills that an earlier picture did not have either."""
    if before is None or not back:
        return ()
    earlier = set(_taken_back(ours, before, Holdings.of(ours.positions, before.positions)))
    return tuple(fact for one in back if one in earlier for fact in one.facts())


def _reports(snapshot: Snapshot) -> dict[str, OrderReport | None]:
    """Return what the broker says of orders, by our ids; None of those that it does not have."""
    return {one.order_id: one for one in snapshot.orders if one.order_id} | snapshot.sought


def _holdings(
    ours: Ours,
    held: Holdings,
    snapshot: Snapshot,
    before: Snapshot | None,
    account: str,
    awaiting: Collection[str],
) -> Differing:
    return holdings_that_differ(
        held,
        account=account,
        at=snapshot.taken_at,
        earlier=None if before is None else Holdings.of({}, before.positions).theirs,
        awaiting=frozenset(awaiting),
        settling=ours.settling,
        held_lately=ours.held_lately,
        frozen=ours.frozen,
        looked_at=ours.looked_at,
    )


def _fills(ours: Ours, snapshot: Snapshot) -> tuple[Event, ...]:
    facts: list[Event] = []
    booked = {name: one.booked for name, one in ours.orders.items()}
    for execution in snapshot.fills.items:
        known = ours.orders.get(execution.order_id)
        if known is None or execution.execution_id in ours.executions:
            continue  # what an unknown order brought shows among the holdings, and is adopted there
        name = known.order.order_id
        told = ", ".join(f"{leg.quantity:+d} {leg.instrument}" for leg in execution.legs)
        facts += [
            DifferenceFound("fill", name, "not booked", told, "booked", execution.execution_id),
            OrderFilled(execution),
        ]
        facts += odd_fill(known.order, execution, booked[name], ended=known.ended, frozen=ours.frozen)
        booked[name] = (*booked[name], execution)
    return tuple(facts)


def _orders(
    ours: Ours, snapshot: Snapshot, own_prefix: str
) -> tuple[tuple[Event, ...], tuple[DifferenceFound, ...], tuple[str, ...]]:
    reports = _reports(snapshot)
    facts: list[Event] = []
    waiting: list[DifferenceFound] = []
    for name, known in ours.orders.items():
        if known.ended:
            continue
        report = reports.get(name)
        if report is None:
            if name in reports:
                _absent(name, known, snapshot.taken_at, facts, waiting)
        elif report.status is BrokerStatus.WORKING:
            if not known.answered:
                found = DifferenceFound("order", name, "no answer", "working", "taken on", "found by its id")
                facts += [found, OrderAccepted(name, report.broker_order_id)]
        elif report.filled > known.filled:
            told = f"{report.filled} filled"
            waiting.append(
                DifferenceFound("fill", name, f"{known.filled} booked", told, "waits for its fills", "")
            )
        elif (end := _end_there(name, known, report, snapshot.taken_at)) is not None:
            found = DifferenceFound("order", name, "open", report.status.value, "ended", report.reason)
            facts += [found, OrderClosed(end)]
    orphans = tuple(
        name
        for name, report in reports.items()
        if report is not None
        and report.status is BrokerStatus.WORKING
        and name.startswith(own_prefix)
        and (name not in ours.orders or ours.orders[name].ended)
    )
    return tuple(facts), tuple(waiting), orphans


def _end_there(name: str, known: OurOrder, report: OrderReport, at: datetime) -> OrderEnded | None:
    """Return the end of an order that works no more at the broker; None where its fills tell it."""
    if report.status is not BrokerStatus.FILLED:
        return OrderEnded(name, report.status.value, report.reason or "told on asking", at)
    if report.filled == known.filled < known.order.quantity:
        return OrderEnded(name, "cancelled", "it was filled there, and fills were taken back", at)
    return None


def _absent(
    name: str, known: OurOrder, at: datetime, facts: list[Event], waiting: list[DifferenceFound]
) -> None:
    """Note that a broker does not have an order; believe it at the third spaced read."""
    if known.missed + 1 < MISSES:
        reads = f"read {known.missed + 1} of {MISSES}"
        waiting.append(DifferenceFound("order", name, "sent", "not there", "asked again", reads))
        return
    outcome = "cancelled" if known.answered else "never_sent"
    reason = f"the broker does not have it, {MISSES} reads"
    facts += [
        DifferenceFound("order", name, "sent", "not there", outcome.replace("_", " "), reason),
        OrderClosed(OrderEnded(name, outcome, reason, at)),
    ]


def _awaiting_fills(ours: Ours, snapshot: Snapshot) -> list[str]:
    """Return the underlyings of orders of which more is filled than was told."""
    reports = _reports(snapshot)
    return [
        known.order.underlying
        for name, known in ours.orders.items()
        if (report := reports.get(name)) is not None and report.filled > known.filled
    ]


def _activities(ours: Ours, snapshot: Snapshot) -> tuple[Event, ...]:
    facts: list[Event] = []
    held = Holdings.of(ours.positions, ())
    for activity in snapshot.activities.items:
        if isinstance(activity, SettlementReport):
            name = activity.settlement_id
            if name in ours.activities or activity.contract.symbol in ours.inferred:
                continue
            if not held.covers(activity.contract, activity.quantity):
                continue  # of something nobody here holds: its traces are judged as holdings and cash
            what = activity.contract.symbol
            told = f"{activity.quantity:+d} {activity.outcome}"
            facts += [
                DifferenceFound("activity", what, "held", told, "booked", name),
                OptionSettled(activity),
            ]
            return tuple(facts)  # one at a time: what is held after it decides about the next
        if isinstance(activity, CashFlow):
            name = activity.flow_id
            if name not in ours.activities:
                told = f"{activity.kind.value} {format_cents(-activity.cash_cents)}"
                what = activity.symbol or "cash"
                found = DifferenceFound("activity", what, "not booked", told, "booked", name)
                facts += [found, CashFlowed(activity)]
            continue
        for position_id, position in ours.positions.items():
            part = replace(activity, position_id=position_id, split_id=f"{activity.split_id}/{position_id}")
            if position.underlying == activity.symbol and part.split_id not in ours.activities:
                told = f"{activity.numerator} for {activity.denominator}"
                facts += [
                    DifferenceFound("activity", activity.symbol, "not split", told, "booked", part.split_id),
                    PositionSplit(part),
                ]
    return tuple(facts)
