"""Find what can go wrong in an account right now, and let it happen there: persons, busts, assignments.

These faults change the broker's truth; whoever asks it afterwards is told that truth.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Protocol, TypeVar

import numpy as np

from strikewise.adapters.brokers.fault_plan import FaultKind, FaultTimer
from strikewise.domain.brokerage import BrokerStatus, HeldReport, OrderReport
from strikewise.domain.instruments import Delivery, OptionContract, Stock, Style
from strikewise.domain.orders import CashFlow, Execution, FlowKind, Known, LegFill, Order, Unknown
from strikewise.execution.broker import Broker
from strikewise.execution.world import (
    Assigned,
    CashMoved,
    Filled,
    FillTakenBack,
    LegsFilled,
    OrderCancelledOutside,
    OrderEditedOutside,
    OrderedOutside,
    TradedOutside,
    Transferred,
    WorldEvent,
)

__all__ = ["WORLD_KINDS", "FaultyWorld", "World"]

T = TypeVar("T")
Chance = np.random.Generator

EARLIEST = datetime.min.replace(tzinfo=UTC)
UNREACHABLE_CENTS = -100_000_000
"""A limit that no quote meets: an order at it only holds back what it would trade."""


class World(Protocol):
    """A broker whose account can be changed from outside: the simulated one."""

    def happened(self, event: WorldEvent) -> str:
        """Let something happen; return why it cannot, empty where it did."""
        ...


class _Seen:
    """What an account shows of itself, read once for the faults of one moment."""

    def __init__(self, broker: Broker, now: datetime, number: int) -> None:
        self._broker, self.now, self.number = broker, now, number

    def held(self) -> list[HeldReport]:
        """Return what is held and has not expired."""
        return [one for one in _known(self._broker.positions()) if self.lasts(one.instrument)]

    def fills(self) -> list[Execution]:
        """Return the fills of our orders in contracts that have not expired."""
        answer = self._broker.fills_since("")
        told = answer.value.items if isinstance(answer, Known) else ()
        return [one for one in told if all(self.lasts(leg.instrument) for leg in one.legs)]

    def orders(self) -> list[OrderReport]:
        """Return all orders, oldest first."""
        return list(_known(self._broker.orders_since(EARLIEST)))

    def working(self) -> list[OrderReport]:
        """Return the orders that may still fill."""
        return list(_known(self._broker.open_orders()))

    def price_cents(self, instrument: OptionContract | Stock) -> int | None:
        """Return what an instrument last traded at; None where it never did."""
        legs = [leg for one in self.fills() for leg in one.legs if leg.instrument == instrument]
        return legs[-1].price_cents if legs else None

    def lasts(self, instrument: OptionContract | Stock) -> bool:
        """Return whether an instrument has a day to live at least."""
        return isinstance(instrument, Stock) or instrument.expiration > self.now.date()


Happenings = Iterator[Sequence[WorldEvent]]


class FaultyWorld:
    """Let the faults of the world of a plan happen.

    Parameters
    ----------
    broker : Broker
        Shows what there is for them to happen to.
    world : World or None
        Where they happen; None where the plan has none of them.
    timer : FaultTimer
        Says when.
    """

    def __init__(self, broker: Broker, world: World | None, timer: FaultTimer) -> None:
        self._broker, self._world, self._timer = broker, world, timer
        self._kinds = [kind for kind in FaultKind if kind in _FOUND and timer.pending(kind)]
        self._later: list[WorldEvent] = []
        self._number = 0
        self._stale: tuple[Known[tuple[HeldReport, ...]] | Unknown, int] | None = None

    def go_wrong(self, now: datetime) -> None:
        """Let what is due happen: each kind has an opportunity where there is something it can happen to."""
        later, self._later = self._later, []
        for event in later:
            self._happen(event)
        self._kinds = [kind for kind in self._kinds if self._timer.pending(kind)]
        for kind in self._kinds:
            self._number += 1
            seen, before = _Seen(self._broker, now, self._number), self._broker.positions()
            ways = list(_FOUND[kind](seen, self._timer.chance(kind)))
            fault = self._timer.due(kind) if ways else None
            if fault is not None:
                one_happened = any(self._all_happen(kind, way) for way in ways)
                if one_happened and kind is FaultKind.ASSIGNMENT_BEFORE_SHARES:
                    self._stale = before, fault.lasts

    def hold_back(self, order: Order) -> None:
        """Let a person rest an order on what one of ours would close."""
        self._number += 1
        person = replace(
            order, order_id=f"person-{self._number}", limit_cents=UNREACHABLE_CENTS, signal_id=""
        )
        self._happen(OrderedOutside(person))

    def fill_first(self, report: OrderReport) -> None:
        """Fill what is left of a working order."""
        self._happen(Filled(report.order_id, report.quantity - report.filled))

    def shown(
        self, answer: Known[tuple[HeldReport, ...]] | Unknown
    ) -> Known[tuple[HeldReport, ...]] | Unknown:
        """Return what is shown as held: for some reads after an assignment, what was held before it."""
        if self._stale is None or isinstance(answer, Unknown):
            return answer
        before, left = self._stale
        self._stale = (before, left - 1) if left > 1 else None
        return replace(before, as_of=answer.as_of) if isinstance(before, Known) else before

    def _all_happen(self, kind: FaultKind, way: Sequence[WorldEvent]) -> bool:
        first, *rest = way
        if not self._happen(first):
            return False
        if kind is FaultKind.ABSURD_FEE:
            self._later += rest
        else:
            for event in rest:
                self._happen(event)
        return True

    def _happen(self, event: WorldEvent) -> bool:
        return self._world is not None and not self._world.happened(event)


def _fees(cents: int, back: int = 0) -> Callable[[_Seen, Chance], Happenings]:
    def found(seen: _Seen, chance: Chance) -> Happenings:
        charged = [_flow(seen, FlowKind.FEE, cents + int(chance.integers(50)), "")]
        returned = [_flow(seen, FlowKind.FEE, -back, "/back")] if back else []
        if seen.fills():
            yield [CashMoved(flow) for flow in charged + returned]

    return found


def _deposits(*, told: bool) -> Callable[[_Seen, Chance], Happenings]:
    def found(seen: _Seen, chance: Chance) -> Happenings:
        amount = 100 * int(chance.integers(1, 5_000)) * (1 if chance.random() < 0.3 else -1)
        yield [CashMoved(_flow(seen, FlowKind.TRANSFER, amount, ""), told)]

    return found


def _flow(seen: _Seen, kind: FlowKind, cents: int, suffix: str) -> CashFlow:
    return CashFlow(f"{kind}-{seen.number}{suffix}", kind, "", "", cents, seen.now)


def _taken_back(worse_cents: int) -> Callable[[_Seen, Chance], Happenings]:
    def found(seen: _Seen, chance: Chance) -> Happenings:
        for fill in _shuffled([one for one in seen.fills() if one.quantity], chance):
            yield [FillTakenBack(fill.execution_id, "clearly erroneous", worse_cents)]

    return found


def _assigned(seen: _Seen, chance: Chance) -> Happenings:
    for one in _shuffled(seen.held(), chance):
        contract = one.instrument
        if isinstance(contract, OptionContract) and one.quantity < 0 and _early(contract):
            yield [Assigned(contract, int(chance.integers(1, 1 - one.quantity)))]


def _early(contract: OptionContract) -> bool:
    return contract.root.style is Style.AMERICAN and contract.root.delivery is Delivery.PHYSICAL


def _came(seen: _Seen, chance: Chance) -> Happenings:
    held = {one.instrument for one in seen.held()}
    traded = {leg.instrument: leg for fill in seen.fills() for leg in fill.legs if leg.instrument not in held}
    for leg in _shuffled(list(traded.values()), chance):
        bought = LegFill(leg.instrument, int(chance.integers(1, 4)), leg.price_cents, -1, -1)
        yield [TradedOutside(f"person-{seen.number}", (bought,))]
    for symbol in sorted({one.underlying for one in held}):
        yield [Transferred(Stock(symbol), int(chance.integers(1, 200)))]


def _transferred(change: Callable[[int], int]) -> Callable[[_Seen, Chance], Happenings]:
    def found(seen: _Seen, chance: Chance) -> Happenings:
        for one in _shuffled(seen.held(), chance):
            yield [Transferred(one.instrument, change(one.quantity))]

    return found


def _closed_by_a_person(seen: _Seen, chance: Chance) -> Happenings:
    for one in _shuffled(seen.held(), chance):
        price = seen.price_cents(one.instrument)
        if price is not None:
            leg = LegFill(one.instrument, -one.quantity, price, -1, -1)
            yield [TradedOutside(f"person-{seen.number}", (leg,), fees_cents=65)]


def _cancelled_by_a_person(seen: _Seen, chance: Chance) -> Happenings:
    for one in _shuffled(seen.working(), chance):
        yield [OrderCancelledOutside(one.order_id)]


def _edited_by_a_person(seen: _Seen, chance: Chance) -> Happenings:
    for one in _shuffled(seen.working(), chance):
        limit = None if one.limit_cents is None else one.limit_cents + 100 * int(chance.integers(1, 20))
        yield [OrderEditedOutside(one.order_id, f"person-{seen.number}", limit)]


def _partly_filled(seen: _Seen, chance: Chance) -> Happenings:
    for one in _shuffled(seen.working(), chance):
        left = one.quantity - one.filled
        if left > 1:
            part = int(chance.integers(1, left))
            yield [Filled(one.order_id, part), OrderCancelledOutside(one.order_id, "the rest was cancelled")]


def _ended_and_filled(status: frozenset[BrokerStatus]) -> Callable[[_Seen, Chance], Happenings]:
    def found(seen: _Seen, chance: Chance) -> Happenings:
        for one in _shuffled(seen.orders(), chance):
            alive = one.structure and all(seen.lasts(leg.instrument) for leg in one.structure.legs)
            if one.status in status and alive and not one.replaced_by:
                yield [Filled(one.order_id, 1)]

    return found


def _some_legs(seen: _Seen, chance: Chance) -> Happenings:
    for one in _shuffled(seen.working(), chance):
        legs = one.structure.legs if one.structure else ()
        if len(legs) > 1:
            first = int(chance.integers(1, len(legs)))
            yield [LegsFilled(one.order_id, tuple(leg.instrument for leg in legs[:first]))]


def _shuffled(items: Sequence[T], chance: Chance) -> list[T]:
    return [items[place] for place in chance.permutation(len(items))]


def _known(answer: Known[tuple[T, ...]] | Unknown) -> tuple[T, ...]:
    return answer.value if isinstance(answer, Known) else ()


_FOUND: dict[FaultKind, Callable[[_Seen, Chance], Happenings]] = {
    FaultKind.PARTIAL_THEN_CANCELLED: _partly_filled,
    FaultKind.FILL_AFTER_END: _ended_and_filled(frozenset({BrokerStatus.CANCELLED, BrokerStatus.EXPIRED})),
    FaultKind.OVERFILL: _ended_and_filled(frozenset({BrokerStatus.FILLED})),
    FaultKind.LATE_FEE: _fees(137),
    FaultKind.ABSURD_FEE: _fees(400_000, back=399_900),
    FaultKind.BUST: _taken_back(0),
    FaultKind.CORRECTION: _taken_back(2),
    FaultKind.PARTIAL_LEGS: _some_legs,
    FaultKind.EARLY_ASSIGNMENT: _assigned,
    FaultKind.ASSIGNMENT_BEFORE_SHARES: _assigned,
    FaultKind.UNKNOWN_POSITION: _came,
    FaultKind.VANISHED_POSITION: _transferred(lambda held: -held),
    FaultKind.QUANTITY_CHANGED: _transferred(lambda held: held if abs(held) == 1 else held // -abs(held)),
    FaultKind.SIGN_CHANGED: _transferred(lambda held: -2 * held),
    FaultKind.PERSON_CLOSES: _closed_by_a_person,
    FaultKind.PERSON_CANCELS: _cancelled_by_a_person,
    FaultKind.PERSON_EDITS: _edited_by_a_person,
    FaultKind.DEPOSIT: _deposits(told=True),
    FaultKind.SILENT_DEPOSIT: _deposits(told=False),
}
"""Kinds that change the account, each with what finds the ways it can."""

WORLD_KINDS = frozenset(_FOUND) | {FaultKind.FILL_BEATS_CANCEL, FaultKind.QUANTITY_HELD}
"""Kinds that need an account which can be changed from outside."""
