"""What happens to an account at a simulated broker though no order of ours asked for it.

A person trades at the same account, an option is assigned, a fill is taken back: the account changes as that
of a real broker would, consistently, and tells of it what a real broker's stream tells.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import gcd
from typing import assert_never

from strikewise.domain.instruments import Instrument, OptionContract
from strikewise.domain.orders import Bust, CashFlow, Execution, LegFill, Order, Purpose
from strikewise.domain.quotes import Grade
from strikewise.domain.reconciled import EXTERNAL
from strikewise.domain.structures import Leg, Structure
from strikewise.execution.exercise import INSTRUCTED
from strikewise.execution.floor import Floor
from strikewise.execution.settlement import SettlementPrice, settle
from strikewise.market.view import MarketView

__all__ = [
    "Assigned",
    "CashMoved",
    "FillTakenBack",
    "Filled",
    "LegsFilled",
    "OrderCancelledOutside",
    "OrderEditedOutside",
    "OrderedOutside",
    "TradedOutside",
    "Transferred",
    "WorldEvent",
    "happen",
]


@dataclass(frozen=True, slots=True)
class TradedOutside:
    """A person or program beside us traded; nothing of it is told.

    Attributes
    ----------
    order_id : str
        The id of their order.
    legs : tuple of LegFill
        On one underlying.
    fees_cents : int
        Positive.
    """

    order_id: str
    legs: tuple[LegFill, ...]
    fees_cents: int = 0


@dataclass(frozen=True, slots=True)
class OrderedOutside:
    """A person or program beside us sent an order, which works as any does."""

    order: Order


@dataclass(frozen=True, slots=True)
class OrderCancelledOutside:
    """A person cancelled an order of ours, or the broker did; that is told."""

    order_id: str
    reason: str = "cancelled by a person"


@dataclass(frozen=True, slots=True)
class OrderEditedOutside:
    """A person gave a working order another limit: it ends, and an order of theirs takes its place."""

    order_id: str
    new_id: str
    limit_cents: int | None


@dataclass(frozen=True, slots=True)
class Filled:
    """Units of an order fill whatever the quotes say: at its limit, or at the market where it has none.

    Of one that works, of what is left; of one that ended, more than there should be. It is told.
    """

    order_id: str
    units: int = 1


@dataclass(frozen=True, slots=True)
class LegsFilled:
    """Some legs of a working order fill by themselves, which is told; the others follow at the market."""

    order_id: str
    instruments: tuple[Instrument, ...]


@dataclass(frozen=True, slots=True)
class FillTakenBack:
    """A fill is taken back, which is told; with another price per leg, a corrected one follows.

    Attributes
    ----------
    execution_id : str
        The fill.
    reason : str
        The broker's word for it.
    worse_cents : int
        By how many cents a share each leg of the corrected fill is worse; 0 where none follows.
    """

    execution_id: str
    reason: str
    worse_cents: int = 0


@dataclass(frozen=True, slots=True)
class Assigned:
    """Contracts that were sold are exercised by their holder; that is told."""

    contract: OptionContract
    quantity: int


@dataclass(frozen=True, slots=True)
class Transferred:
    """Contracts or shares come (positive) or go without a trade; nothing is told."""

    instrument: Instrument
    quantity: int


@dataclass(frozen=True, slots=True)
class CashMoved:
    """Cash comes or goes: a fee, a deposit; told as an activity, or by the balance alone."""

    flow: CashFlow
    told: bool = True


WorldEvent = (
    TradedOutside
    | OrderedOutside
    | OrderCancelledOutside
    | OrderEditedOutside
    | Filled
    | LegsFilled
    | FillTakenBack
    | Assigned
    | Transferred
    | CashMoved
)


def happen(floor: Floor, event: WorldEvent) -> str:
    """Let something happen to an account; return why it cannot, empty where it did."""
    view = floor.view
    if view is None:
        return "no market data have arrived yet"
    match event:
        case TradedOutside() | OrderedOutside():
            return _by_a_person(floor, view, event)
        case OrderCancelledOutside():
            return _cancelled_outside(floor, view, event)
        case OrderEditedOutside():
            return _edited_outside(floor, view, event)
        case Filled():
            return _filled(floor, view, event)
        case LegsFilled():
            return _legs_filled(floor, view, event)
        case FillTakenBack():
            return _taken_back(floor, view, event)
        case Assigned():
            return _assigned(floor, view, event)
        case Transferred():
            leg = LegFill(event.instrument, event.quantity, 0, -1, -1)
            floor.account.trade_outside([leg], 0, view.calendar)
        case CashMoved(flow=flow, told=True):
            floor.book(flow, view)
        case CashMoved(flow=flow):
            floor.account.pay(flow)
        case _:
            assert_never(event)
    return ""


def _by_a_person(floor: Floor, view: MarketView, event: TradedOutside | OrderedOutside) -> str:
    order_id = event.order_id if isinstance(event, TradedOutside) else event.order.order_id
    if floor.records.knows(order_id):
        return f"{order_id} is the id of an order already"
    if isinstance(event, OrderedOutside):
        floor.take(event.order, view, ours=False)
    else:
        _traded_outside(floor, view, event)
    return ""


def _traded_outside(floor: Floor, view: MarketView, event: TradedOutside) -> None:
    units = gcd(*(leg.quantity for leg in event.legs))
    structure = Structure.of(Leg(leg.instrument, leg.quantity // units) for leg in event.legs)
    order = Order(
        order_id=event.order_id,
        position_id=structure.underlying,
        strategy=EXTERNAL,
        underlying=structure.underlying,
        purpose=Purpose.ADJUST,
        structure=structure,
        quantity=units,
        limit_cents=None,
        created_at=view.as_of,
    )
    floor.records.take(order, view.as_of, ours=False)
    fill = Execution(
        f"{event.order_id}/1", event.order_id, units, event.legs, event.fees_cents, view.as_of, Grade.QUOTES
    )
    floor.records.tell(fill)
    floor.account.trade_outside(event.legs, event.fees_cents, view.calendar)


def _cancelled_outside(floor: Floor, view: MarketView, event: OrderCancelledOutside) -> str:
    working = floor.working.get(event.order_id)
    if working is None:
        return f"{event.order_id} does not work"
    floor.end(working, "cancelled", event.reason, view.as_of)
    return ""


def _edited_outside(floor: Floor, view: MarketView, event: OrderEditedOutside) -> str:
    working = floor.working.get(event.order_id)
    if working is None or working.in_legs or floor.records.knows(event.new_id):
        return f"{event.order_id} cannot be edited"
    floor.records.replaced(event.order_id, by=event.new_id)
    floor.end(working, "cancelled", "replaced by a person", view.as_of)
    edited = replace(
        working.order, order_id=event.new_id, quantity=working.remaining, limit_cents=event.limit_cents
    )
    floor.take(edited, view, ours=False)
    return ""


def _filled(floor: Floor, view: MarketView, event: Filled) -> str:
    order, working = floor.records.taken(event.order_id), floor.working.get(event.order_id)
    if order is None or (working is not None and (working.in_legs or event.units > working.remaining)):
        return f"{event.order_id} cannot fill {event.units} units"
    # As an opening: what nobody asked for is not held back by what is held.
    anyhow = replace(order, quantity=event.units, limit_cents=None, purpose=Purpose.ADJUST)
    match = floor.match(anyhow, view)
    if match.units < event.units:
        return match.problem or "not enough volume or open interest"
    legs = match.legs if order.limit_cents is None else _at_limit(match.legs, event.units, order.limit_cents)
    if not legs:
        return f"no leg of {event.order_id} can take what its limit is better than the quotes"
    number = floor.records.fill_count(event.order_id) + 1
    floor.fill(anyhow, match._replace(legs=legs), view, apart=f"/{number}")
    if working is not None:
        working.remaining -= event.units
        if not working.remaining:
            del floor.working[event.order_id]
    return ""


def _at_limit(legs: tuple[LegFill, ...], units: int, limit_cents: int) -> tuple[LegFill, ...]:
    """Return the legs with one of them priced so much better that a unit costs no more than a limit."""
    excess = sum(leg.cost_cents for leg in legs) - units * limit_cents
    if excess <= 0:
        return legs
    for place, leg in enumerate(legs):
        cents, rest = divmod(excess, leg.quantity * leg.instrument.multiplier)
        if not rest and leg.price_cents >= cents:
            better = replace(leg, price_cents=leg.price_cents - cents, bid_cents=-1, ask_cents=-1)
            return (*legs[:place], better, *legs[place + 1 :])
    return ()


def _legs_filled(floor: Floor, view: MarketView, event: LegsFilled) -> str:
    working = floor.working.get(event.order_id)
    legs = () if working is None else working.order.structure.legs
    first = tuple(leg for leg in legs if leg.instrument in event.instruments)
    rest = tuple(leg for leg in legs if leg.instrument not in event.instruments)
    if working is None or working.in_legs or not first or not rest:
        return f"{event.order_id} has no such legs to fill by themselves"
    anyhow = replace(working.order, structure=Structure(first), limit_cents=None, quantity=working.remaining)
    match = floor.match(anyhow, view)
    if match.units < working.remaining:
        return match.problem or "not enough volume or open interest"
    floor.fill(anyhow, match, view, whole=False, apart="/legs")
    working.in_legs = True
    working.order = replace(working.order, structure=Structure(rest), limit_cents=None)
    return ""


def _taken_back(floor: Floor, view: MarketView, event: FillTakenBack) -> str:
    fill = floor.records.execution(event.execution_id)
    order = None if fill is None else floor.records.taken(fill.order_id)
    if fill is None or order is None:
        return f"{event.execution_id} is no fill that stands"
    place = floor.place(order)
    held = floor.account.held.get(place, {})
    gone = any(abs(held.get(leg.instrument, 0)) < abs(leg.quantity) for leg in fill.legs)
    if gone and order.purpose is not Purpose.CLOSE:  # what was closed comes back where its closing never was
        return f"what {event.execution_id} traded is not held any more"
    back = tuple(replace(leg, quantity=-leg.quantity) for leg in fill.legs)
    floor.account.trade(place, back, -fill.fees_cents, view.calendar)
    floor.records.tell(Bust(fill.execution_id, fill.order_id, event.reason, view.as_of))
    if event.worse_cents:
        legs = tuple(replace(leg, price_cents=_worse(leg, event.worse_cents)) for leg in fill.legs)
        corrected = replace(fill, execution_id=f"{fill.execution_id}/corrected", legs=legs, at=view.as_of)
        floor.account.trade(place, legs, fill.fees_cents, view.calendar)
        floor.records.tell(corrected)
    return ""


def _worse(leg: LegFill, cents: int) -> int:
    return max(0, leg.price_cents + (cents if leg.quantity > 0 else -cents))


def _assigned(floor: Floor, view: MarketView, event: Assigned) -> str:
    spot = view.spot(event.contract.underlying)
    held = {
        name: short for name, of in floor.account.held.items() if (short := of.get(event.contract, 0)) < 0
    }
    if spot is None or event.quantity < 1 or -sum(held.values()) < event.quantity:
        return f"{event.quantity} of {event.contract} cannot be assigned"
    left, count = event.quantity, floor.records.activity_count()
    for name, short in held.items():
        taken = min(left, -short)
        if not taken:
            break
        left, count = left - taken, count + 1
        report = settle(
            event.contract,
            -taken,
            SettlementPrice(round(spot * 100)),
            exercised=True,
            rule=INSTRUCTED,
            position_id=name,
            fees=floor.fees,
            at=view.as_of,
        )
        floor.book(replace(report, settlement_id=f"{report.settlement_id}/{count}"), view)
    return ""
