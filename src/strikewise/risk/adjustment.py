"""What an adjustment makes of a position: whether it only takes risk away, and what is held after it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction

import numpy as np

from strikewise.domain.chain import OptionChain
from strikewise.domain.denials import DenialCode
from strikewise.domain.errors import StructureError
from strikewise.domain.instruments import Instrument, OptionContract, Stock
from strikewise.domain.orders import Order, Purpose
from strikewise.domain.portfolio import Holding, Position
from strikewise.domain.structures import Leg, Structure
from strikewise.portfolio.margin import OptionRows, margin_cents
from strikewise.risk.checks import Denial, check_held

__all__ = ["adjusted", "goes_on", "only_reduces", "while_working"]

Quantities = Mapping[Instrument, int]


def only_reduces(order: Order, position: Position) -> bool:
    """Return whether an order only closes what is held, and leaves nothing that can lose more than before.

    It does where it buys options back, closes the same share of every leg, or leaves less to lose at expiry.
    Selling the wing of a spread closes a leg, and is no reduction.
    """
    if check_held(order, position) is not None:
        return False
    before, after = {one.instrument: one.quantity for one in position.holdings}, _after(order, position)
    bought_back = all(
        leg.ratio > 0 and isinstance(leg.instrument, OptionContract) for leg in order.structure.legs
    )
    evenly = len({Fraction(after.get(one, 0), quantity) for one, quantity in before.items()}) == 1
    if bought_back or evenly:
        return True
    worst_before, worst_after = _max_loss_cents(before, 0), _max_loss_cents(after, 0)
    return worst_before is not None and worst_after is not None and worst_after <= worst_before


def goes_on(order: Order, position: Position | None) -> bool:
    """Return whether an order at work may go on while risk is being reduced.

    What closes may, and of adjustments what the gate lets pass then: what only takes risk away, and shares
    alone against options, which are hedges.

    Parameters
    ----------
    order : Order
        The order, with the units that are not filled yet.
    position : Position or None
        What is held of what it works on.
    """
    if order.purpose is not Purpose.ADJUST or position is None:
        return order.purpose is Purpose.CLOSE
    hedges = not order.structure.options and any(
        isinstance(one.instrument, OptionContract) for one in position.holdings
    )
    return hedges or only_reduces(order, position)


def while_working(order: Order, position: Position, chain: OptionChain | None) -> Position:
    """Return what a position counts as while an order that adjusts it rests: as it would be after the rest.

    As it is, where the order only takes risk away, or where no quotes say what it would hold.

    Parameters
    ----------
    order : Order
        The order, with the units that are not filled yet.
    position : Position
        What is held, valued.
    chain : OptionChain or None
        The quotes, where there are any now.
    """
    if chain is None or only_reduces(order, position):
        return position
    after = adjusted(order, position, chain)
    return position if isinstance(after, Denial) else after


def adjusted(order: Order, position: Position, chain: OptionChain) -> Position | Denial:
    """Return a position as it would be after an order at the touch: its legs in all as one unit.

    Where its options expire at different times, its loss counts as one without bound.

    Parameters
    ----------
    order : Order
        What is to be traded.
    position : Position
        What is held.
    chain : OptionChain
        The quotes.

    Returns
    -------
    Position or Denial
        A denial where the spot, a leg of the order or one that stays has no quote: what is held of capital
        cannot be told.
    """
    if chain.spot_cents <= 0:
        return Denial(DenialCode.DATA_NO_SPOT, f"underlying={chain.underlying}")
    after = _after(order, position)
    cost = order.quantity * sum(
        leg.ratio * _touch_cents(leg.instrument, leg.ratio, chain) * leg.instrument.multiplier
        for leg in order.structure.legs
    )
    held = [(one, quantity) for one, quantity in after.items() if isinstance(one, OptionContract)]
    # An order that rests may wait for a quote of its own legs.
    needed = [one for one, _ in order.structure.options] + [one for one, _ in held]
    unquoted = next((one for one in needed if not chain.quote(one).known), None)
    if unquoted is not None:
        return Denial(DenialCode.QUOTE_MISSING, f"leg={unquoted.symbol}")
    # What is long is closed at the bid, what is short at the ask: on the other side of how it is traded.
    prices = np.array([_touch_cents(one, -quantity, chain) for one, quantity in held], dtype=np.int64)
    shares = sum(quantity for one, quantity in after.items() if isinstance(one, Stock))
    cash = position.cash_cents + cost
    return replace(
        position,
        structure=_structure(after),
        quantity=1,
        holdings=tuple(Holding(one, quantity) for one, quantity in after.items()),
        cash_cents=cash,
        max_loss_cents=_max_loss_cents(after, cash),
        margin_cents=margin_cents(OptionRows.of(held), prices, chain.spot_cents, shares),
    )


def _after(order: Order, position: Position) -> dict[Instrument, int]:
    held = {one.instrument: one.quantity for one in position.holdings}
    for leg in order.structure.legs:
        held[leg.instrument] = held.get(leg.instrument, 0) + leg.ratio * order.quantity
    return {instrument: quantity for instrument, quantity in held.items() if quantity}


def _touch_cents(instrument: Instrument, side: int, chain: OptionChain) -> int:
    """Return what a share costs where ``side`` is positive, or brings: shares trade at the spot."""
    if isinstance(instrument, Stock):
        return chain.spot_cents
    quote = chain.quote(instrument)
    return quote.ask if side > 0 else quote.bid


def _structure(held: Quantities) -> Structure:
    return Structure(tuple(Leg(instrument, quantity) for instrument, quantity in held.items()))


def _max_loss_cents(held: Quantities, cash_cents: int) -> int | None:
    try:
        return _structure(held).max_loss_cents(cash_cents)
    except StructureError:  # several expirations
        return None
