"""Our orders as Alpaca takes them, and Alpaca's orders as we read them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from math import gcd
from typing import Any

from strikewise.adapters.brokers.alpaca_answers import OrderAnswer, instant
from strikewise.adapters.brokers.alpaca_money import cents_of, count_of, price_text
from strikewise.adapters.brokers.alpaca_states import reason_of, status_of
from strikewise.adapters.brokers.alpaca_symbols import Symbols
from strikewise.domain.brokerage import OrderReport
from strikewise.domain.errors import DomainError
from strikewise.domain.instruments import Instrument, OptionContract
from strikewise.domain.orders import Order, Purpose, Rejected
from strikewise.domain.structures import Leg, Structure
from strikewise.execution.refusals import Refusal, refused

__all__ = [
    "MAX_LEGS",
    "in_units_of",
    "limit_text",
    "order_report",
    "order_request",
    "submitted_at",
    "units_of",
]

MAX_LEGS = 4
"""Option legs of one order."""
TRADED = frozenset({"", "us_equity", "us_option"})
"""Classes of assets that are ours to know; the account may hold and trade others beside them."""


def order_request(
    order: Order, symbols: Symbols, held: Mapping[Instrument, int] | None = None
) -> dict[str, Any] | Rejected:
    """Return an order as the vendor takes it, or why it cannot be one.

    Every option leg says whether it opens or closes; a limit of several legs is positive for a debit and
    negative for a credit, that of one leg always positive; ratios have no common divisor.

    Parameters
    ----------
    order : Order
        What to trade.
    symbols : Symbols
        How instruments are written.
    held : mapping of Instrument to int, optional
        What is held in the whole account: a leg that opens a position of ours closes what another holds the
        other way. Without it, all legs of an opening order open; an adjustment needs it.
    """
    structure, units = order.structure, units_of(order)
    if order.quantity < 1:
        return refused(Refusal.BAD_QUANTITY, f"an order is for one unit at least; quantity={order.quantity}")
    if structure.options and structure.shares:
        return refused(
            Refusal.BAD_LEGS, "Alpaca takes no order of shares and options: send one after the other"
        )
    if len(structure.legs) > MAX_LEGS:
        return refused(Refusal.BAD_LEGS, f"Alpaca takes {MAX_LEGS} legs; legs={len(structure.legs)}")
    if order.purpose is Purpose.ADJUST and structure.options and held is None:
        return refused(Refusal.NOT_CONNECTED, "what the legs of an adjustment open and close is not known")
    request: dict[str, Any] = {
        "client_order_id": order.order_id,
        "qty": str(order.quantity * units),
        "time_in_force": "day",
        "type": "market" if order.limit_cents is None else "limit",
    }
    if order.limit_cents is not None:
        limit = limit_text(order)
        if limit is None:
            return refused(Refusal.BAD_PRICE, f"nothing is bought for {order.limit_cents} cents")
        request["limit_price"] = limit
    legs = [_leg(leg, units, order.purpose, symbols, held or {}) for leg in structure.legs]
    if len(legs) > 1:
        return request | {"order_class": "mleg", "legs": legs}
    del legs[0]["ratio_qty"]
    return request | legs[0]


def in_units_of(order: Order | None, report: OrderReport) -> OrderReport:
    """Return a report in the units of the order as it was asked for, where that is known."""
    units = 1 if order is None else units_of(order)
    if order is None or units == 1:
        return report
    limit = None if report.limit_cents is None else report.limit_cents * units
    return replace(
        report,
        structure=order.structure,
        quantity=report.quantity // units,
        filled=report.filled // units,
        limit_cents=limit,
    )


def is_same(order: Order, report: OrderReport) -> bool:
    """Return whether a report is of this very order: the same trade at the same limit, whatever the units."""
    if report.structure is None:
        return False
    ours = {leg.instrument: leg.ratio * order.quantity for leg in order.structure.legs}
    theirs = {leg.instrument: leg.ratio * report.quantity for leg in report.structure.legs}
    if order.limit_cents is None or report.limit_cents is None:
        return ours == theirs and order.limit_cents is None and report.limit_cents is None
    step = units_of(order) * order.structure.legs[0].instrument.multiplier
    cents = cents_of(limit_text(order) or "") or 0
    sells = len(ours) == 1 and order.structure.legs[0].ratio < 0
    asked = (-cents if sells else cents) * step * order.quantity
    return ours == theirs and asked == report.limit_cents * report.quantity


def units_of(order: Order) -> int:
    """Return how many of the vendor's units one of ours is: the common divisor of the ratios."""
    return gcd(*(leg.ratio for leg in order.structure.legs))


def limit_text(order: Order) -> str | None:
    """Return an order's limit per share, rounded so that it is never worse; None where a purchase has none.

    What several legs cost is positive, what they bring negative. One leg is bought or sold at a positive
    price: a sale for whatever it brings asks for one cent.
    """
    structure, cents = order.structure, order.limit_cents
    if cents is None:
        return None
    per_share = cents // (units_of(order) * structure.legs[0].instrument.multiplier)
    if len(structure.legs) > 1:
        return price_text(per_share)
    if structure.legs[0].ratio < 0:
        return price_text(max(1, -per_share))
    return price_text(per_share) if per_share > 0 else None


def _leg(
    leg: Leg, units: int, purpose: Purpose, symbols: Symbols, held: Mapping[Instrument, int]
) -> dict[str, Any]:
    side = "buy" if leg.ratio > 0 else "sell"
    said = {
        "symbol": symbols.write(leg.instrument),
        "side": side,
        "ratio_qty": str(abs(leg.ratio) // units),
    }
    if isinstance(leg.instrument, OptionContract):
        match purpose:
            case Purpose.CLOSE:
                opens = False  # what is not held is refused, and not sold short
            case Purpose.OPEN | Purpose.ADJUST:
                opens = (
                    held.get(leg.instrument, 0) * leg.ratio >= 0
                )  # the account is one, all positions netted
        said["position_intent"] = f"{side}_to_{'open' if opens else 'close'}"
    return said


def submitted_at(answer: OrderAnswer) -> datetime | None:
    """Return when the vendor took an order."""
    return instant(answer.submitted_at) or instant(answer.created_at)


def order_report(answer: OrderAnswer, symbols: Symbols) -> OrderReport | None:
    """Return an order as we read it; None where it does not say when it was taken.

    The structure is what the vendor counts as one unit: its ratios have no common divisor, shares count one
    by one, and quantities are in these units (`in_units_of` gives them in ours). There is none, and nothing
    is counted, of an order for fractions of shares, for an amount of money, or on what is not traded here.
    """
    at, filled = submitted_at(answer), count_of(answer.filled_qty or "0")
    if at is None:
        return None
    quantity = count_of(answer.qty)
    structure = None if quantity is None or filled is None else _structure(answer, quantity, symbols)
    return OrderReport(
        order_id=answer.client_order_id or answer.id,
        broker_order_id=answer.id,
        status=status_of(answer),
        structure=structure,
        quantity=quantity or 0,
        filled=filled or 0,
        limit_cents=_limit_cents(answer, structure),
        submitted_at=at,
        reason=reason_of(answer),
        replaced_by=answer.replaced_by,
    )


def _structure(answer: OrderAnswer, quantity: int, symbols: Symbols) -> Structure | None:
    if answer.asset_class not in TRADED:
        return None
    try:
        if answer.order_class != "mleg":
            return Structure((Leg(symbols.read(answer.symbol), _sign(answer)),))
        return Structure(tuple(Leg(symbols.read(leg.symbol), _ratio(leg, quantity)) for leg in answer.legs))
    except DomainError:
        return None


def _ratio(leg: OrderAnswer, quantity: int) -> int:
    """Return a leg's signed ratio; 0, which no leg may have, where it is not told."""
    ratio = count_of(leg.ratio_qty)
    if ratio is None:
        traded = count_of(leg.qty)
        ratio = traded // quantity if traded and quantity else 0
    return _sign(leg) * ratio


def _sign(answer: OrderAnswer) -> int:
    said = answer.side or answer.position_intent
    return 1 if said.startswith("buy") else -1 if said.startswith("sell") else 0


def _limit_cents(answer: OrderAnswer, structure: Structure | None) -> int | None:
    if structure is None:
        return None
    leg = structure.legs[0]
    sign = 1 if len(structure.legs) > 1 else leg.ratio
    return cents_of(answer.limit_price, sign * leg.instrument.multiplier)
