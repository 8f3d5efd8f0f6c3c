"""Turn what was approved into orders, with ids that the decision determines: asking twice is asking once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from math import gcd
from typing import Protocol

from strikewise.domain.brokerage import Capabilities
from strikewise.domain.errors import DomainError
from strikewise.domain.identifiers import short_digest
from strikewise.domain.instruments import OptionContract, Right
from strikewise.domain.orders import Order, Purpose
from strikewise.domain.portfolio import Holding, Position
from strikewise.domain.signals import Adjust, Signal
from strikewise.domain.structures import Leg, Structure

__all__ = [
    "BOT",
    "Sanctioned",
    "adjusting_order",
    "another_attempt",
    "closed_first",
    "closing_order",
    "next_attempt",
    "opening_order",
    "order_id",
]

BOT = "sw"
"""What every order id begins with, so that a broker's list shows which orders are ours."""

ID_LENGTH = 36


class Sanctioned(Protocol):
    """A proposal that the risk gate let through, and the signal behind it."""

    @property
    def proposal(self) -> Position:
        """What to open."""
        ...

    @property
    def signal(self) -> Signal:
        """Why."""
        ...


def order_id(
    account: str, strategy: str, intent: str, at: datetime, *, attempt: int = 1, bot: str = BOT
) -> str:
    """Return ``{bot}-{yymmdd}-{16 characters of SHA-256}-{attempt}``.

    Parameters
    ----------
    account, strategy, intent : str
        Whose order, and what it is to do: the same three are the same order.
    at : datetime
        Instant of the decision.
    attempt : int
        Counts the orders of one intent: a broker never has two of them at work.
    bot : str
        The prefix.

    Raises
    ------
    DomainError
        If the id would exceed 36 characters, the least that a broker allows.
    """
    day = at.isoformat()[2:10].replace("-", "")  # strftime takes three times as long
    name = f"{bot}-{day}-{short_digest(f'{account}|{strategy}|{intent}')}-{attempt}"
    if len(name) > ID_LENGTH:
        raise DomainError(f"An order id must have at most {ID_LENGTH} characters; {name!r} has {len(name)}.")
    return name


def another_attempt(order: Order) -> Order:
    """Return an order of the same intent under the next id; one that opens begins a position of its own.

    For an intent that is decided upon anew after its last order came to nothing.
    """
    name = _next_id(order.order_id)
    opens = order.position_id == order.order_id
    return replace(order, order_id=name, position_id=name if opens else order.position_id)


def next_attempt(order: Order, quantity: int, limit_cents: int | None, at: datetime) -> Order:
    """Return the order that follows one of the same intent which ended with a remainder.

    It belongs to the same position: what the two of them fill is one.

    Parameters
    ----------
    order : Order
        The one that ended.
    quantity : int
        What is left.
    limit_cents : int or None
        The limit from now on.
    at : datetime
        The present instant.
    """
    return replace(
        order,
        order_id=_next_id(order.order_id),
        quantity=quantity,
        limit_cents=limit_cents,
        created_at=at,
        replaces=order.order_id,
    )


def _next_id(name: str) -> str:
    intent, _, attempt = name.rpartition("-")
    following = f"{intent}-{int(attempt) + 1}"
    if len(following) > ID_LENGTH:
        raise DomainError(f"An order id must have at most {ID_LENGTH} characters; {following!r} has more.")
    return following


def opening_order(account: str, approved: Sanctioned, at: datetime) -> Order:
    """Return the order that opens an approved proposal, limited to what the touch cost when it was seen.

    Shares are bought at the market: a strategy sees their last price, and no bid or ask to hold them to.
    """
    proposal, signal = approved.proposal, approved.signal
    name = order_id(account, signal.strategy, f"open|{signal.signal_id}", at)
    return Order(
        order_id=name,
        position_id=name,
        strategy=signal.strategy,
        underlying=signal.underlying,
        purpose=Purpose.OPEN,
        structure=signal.structure,
        quantity=proposal.quantity,
        limit_cents=None if signal.structure.shares else signal.price_cents,
        created_at=at,
        signal_id=signal.signal_id,
    )


def closing_order(
    account: str,
    position: Position,
    at: datetime,
    reason: str,
    detail: str = "",
    broker: Capabilities | None = None,
) -> Order:
    """Return the market order that closes all a position holds: options, and shares it was assigned.

    Where a broker takes not all of it in one order, it closes what may go first; the rest is closed by the
    next one, once this is filled.

    Raises
    ------
    DomainError
        If the position holds nothing.
    """
    held = position.holdings if broker is None else closed_first(position.holdings, broker)
    structure, quantity = _reversed(position, held)
    intent = f"close|{position.position_id}|{reason}|{at.isoformat()}"
    return Order(
        order_id=order_id(account, position.strategy, intent, at),
        position_id=position.position_id,
        strategy=position.strategy,
        underlying=position.underlying,
        purpose=Purpose.CLOSE,
        structure=structure,
        quantity=quantity,
        limit_cents=None,
        created_at=at,
        reason=reason,
        detail=detail,
    )


def adjusting_order(account: str, position: Position, action: Adjust, at: datetime) -> Order:
    """Return the market order that trades further legs into a position."""
    intent = f"adjust|{position.position_id}|{action.reason}|{at.isoformat()}"
    return Order(
        order_id=order_id(account, position.strategy, intent, at),
        position_id=position.position_id,
        strategy=position.strategy,
        underlying=position.underlying,
        purpose=Purpose.ADJUST,
        structure=action.legs,
        quantity=action.quantity,
        limit_cents=None,
        created_at=at,
        reason=action.reason,
        detail=action.detail,
    )


def closed_first(held: Sequence[Holding], broker: Capabilities) -> tuple[Holding, ...]:
    """Return what of some holdings one order can close at a broker, so that nothing bare is left behind.

    Shares go before options, unless they cover calls that were sold; of too many options those that were sold
    go first.
    """
    options = [one for one in held if isinstance(one.instrument, OptionContract)]
    if len(options) < len(held) and options and not broker.mixes_shares:
        calls = sum(one.quantity for one in options if _is_call(one))
        if calls >= 0:
            return tuple(one for one in held if one not in options)
        held = options
    if len(options) <= broker.max_legs:
        return tuple(held)
    first = sorted(options, key=lambda one: one.quantity > 0)[: broker.max_legs]
    return tuple(one for one in held if one in first)


def _is_call(one: Holding) -> bool:
    return isinstance(one.instrument, OptionContract) and one.instrument.right is Right.CALL


def _reversed(position: Position, held: Sequence[Holding]) -> tuple[Structure, int]:
    """Return the structure that undoes holdings of a position, and how many units of it."""
    units = gcd(*(holding.quantity for holding in held))
    if units == 0:
        raise DomainError(f"Position {position.position_id} cannot be closed: it holds nothing.")
    return Structure(tuple([Leg(one.instrument, -one.quantity // units) for one in held])), units
