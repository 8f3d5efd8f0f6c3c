"""Fills that should not have been: they count, a person is told, and too much of them stops its symbol."""

from __future__ import annotations

from collections.abc import Collection

from strikewise.domain.control import AlertRaised, SymbolFrozen
from strikewise.domain.events import Event
from strikewise.domain.orders import Execution, Order

__all__ = ["odd_fill"]


def odd_fill(
    order: Order, execution: Execution, *, before: int, ended: bool, frozen: Collection[str]
) -> list[Event]:
    """Return what a fill asks for beside being booked; nothing where it is as it should be.

    Parameters
    ----------
    order : Order
        What was ordered.
    execution : Execution
        What was filled, and is not booked yet.
    before : int
        Units filled before it.
    ended : bool
        Whether the order's end was told before it.
    frozen : collection of str
        Symbols on which nothing new is traded already.
    """
    facts: list[Event] = []
    name, filled = order.order_id, before + execution.quantity
    if ended and before < order.quantity:
        told = ", ".join(f"{leg.quantity:+d} {leg.instrument}" for leg in execution.legs)
        text = f"Order {name} was filled ({told}) after its end was told; the fill counts."
        facts.append(AlertRaised("warning", "FILL_AFTER_END", text))
    if filled > order.quantity:
        text = f"Order {name} was for {order.quantity} units and {filled} were filled: they are held."
        facts.append(AlertRaised("critical", "OVERFILL", text))
        if order.underlying not in frozen:
            facts.append(SymbolFrozen(order.underlying, text))
    return facts
