"""Fills that should not have been: they count, a person is told, and too much of them stops its symbol."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable

from strikewise.domain.control import AlertRaised, SymbolFrozen
from strikewise.domain.events import Event
from strikewise.domain.instruments import Instrument
from strikewise.domain.orders import Execution, Order

__all__ = ["odd_fill", "traded"]


def odd_fill(
    order: Order, execution: Execution, booked: Iterable[Execution], *, ended: bool, frozen: Collection[str]
) -> list[Event]:
    """Return what a fill asks for beside being booked; nothing where it is as it should be.

    Contracts are counted and not units: brokers tell fills leg by leg too.

    Parameters
    ----------
    order : Order
        What was ordered.
    execution : Execution
        What was filled, and is not booked yet.
    booked : iterable of Execution
        The fills before it that stand.
    ended : bool
        Whether the order's end was told before it.
    frozen : collection of str
        Symbols on which nothing new is traded already.
    """
    facts: list[Event] = []
    wanted = {leg.instrument: leg.ratio * order.quantity for leg in order.structure.legs}
    told_before, name = tuple(booked), order.order_id
    before, after = traded(told_before), traded((*told_before, execution))
    told = ", ".join(f"{leg.quantity:+d} {leg.instrument}" for leg in execution.legs)
    if ended and any(abs(before[one]) < abs(quantity) for one, quantity in wanted.items()):
        text = f"Order {name} was filled ({told}) after its end was told; the fill counts."
        facts.append(AlertRaised("warning", "FILL_AFTER_END", text))
    if any(not _within(after[leg.instrument], wanted.get(leg.instrument, 0)) for leg in execution.legs):
        text = f"Order {name} was for {order.quantity} units and more was filled ({told}): it is held."
        facts.append(AlertRaised("critical", "OVERFILL", text))
        if order.underlying not in frozen:
            facts.append(SymbolFrozen(order.underlying, text))
    return facts


def traded(fills: Iterable[Execution]) -> Counter[Instrument]:
    """Return what fills bought (positive) and sold of each instrument."""
    moved: Counter[Instrument] = Counter()
    for one in fills:
        for leg in one.legs:
            moved[leg.instrument] += leg.quantity
    return moved


def _within(filled: int, wanted: int) -> bool:
    return min(0, wanted) <= filled <= max(0, wanted)
