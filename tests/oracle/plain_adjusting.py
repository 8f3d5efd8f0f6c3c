"""Further legs for a position: whether they may be traded, and what the position counts as from then on."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

from oracle.plain_account import Legs, Position, largest_loss, ordered
from oracle.plain_gate import Denial, Standing, at_stake, capital, market, quotes, sides, size
from oracle.plain_margin import margin_of
from oracle.plain_market import Instrument, PlainView, Snapshot, size_of
from strikewise.domain.instruments import OptionContract

Held = dict[Instrument, int]


def judge_adjusting(
    legs: Legs, quantity: int, position: Position, standing: Standing, limits: Any, view: PlainView
) -> Denial | Position:
    """The first objection, or what the position counts as while the order works."""
    if only_reduces(legs, quantity, position):
        return market(legs, view) or position
    order = replace(position, legs=legs, quantity=quantity)
    if denial := size(order, limits) or market(legs, view) or quotes(legs, limits, view):
        return denial
    chain = view.fresh(position.underlying)
    if chain is None:
        return "DATA_NO_CHAIN", f"underlying={position.underlying}"
    after = adjusted(legs, quantity, position, chain)
    if isinstance(after, tuple):
        return after
    rest = standing.without(position.position_id)
    if denial := sides(after, rest):
        return denial
    if calmer(after, position):
        return after
    still = after
    if after.max_loss is not None:
        # The loss that it has made is no longer in the equity.
        still = replace(after, max_loss=max(0, after.max_loss - max(0, -position.profit)))
    if hedges(legs, quantity, position):
        margin, most = rest.margin + still.margin, limits.max_margin * max(0, rest.equity_exit)
        if margin > most:
            return "RISK_MARGIN", f"margin={margin / 100:.2f} limit={most / 100:.2f}"
        return after
    return capital(still, rest, limits) or after


def only_reduces(legs: Legs, quantity: int, position: Position) -> bool:
    """Whether it closes what is held and leaves no more to lose: bought back, evenly, or by the payoff."""
    if position.closing:
        return False
    for one, ratio in legs:
        held = position.held.get(one, 0)
        if ratio * held >= 0 or abs(ratio * quantity) > abs(held):
            return False
    if all(ratio > 0 and isinstance(one, OptionContract) for one, ratio in legs):
        return True
    left = held_after(legs, quantity, position)
    if len({Fraction(left.get(one, 0), count) for one, count in position.held.items()}) == 1:
        return True
    before, after = _loss(position.held, 0), _loss(left, 0)
    return before is not None and after is not None and after <= before


def held_after(legs: Legs, quantity: int, position: Position) -> Held:
    held = dict(position.held)
    for one, ratio in legs:
        held[one] = held.get(one, 0) + ratio * quantity
    return {one: count for one, count in held.items() if count}


def adjusted(legs: Legs, quantity: int, position: Position, chain: Snapshot) -> Denial | Position:
    """The position as it would be after the order at the touch, all of it as one unit."""
    if chain.spot_cents <= 0:
        return "DATA_NO_SPOT", f"underlying={chain.underlying}"
    left = held_after(legs, quantity, position)
    cash = position.cash
    for one, ratio in legs:
        if isinstance(one, str):
            price = chain.spot_cents
        else:
            row = chain.rows.get(one)
            if row is None or not row.usable:
                return "QUOTE_MISSING", f"leg={one.symbol}"
            price = row.ask if ratio > 0 else row.bid
        cash += quantity * ratio * price * size_of(one)
    exits = {}
    for one, count in left.items():
        if isinstance(one, OptionContract):
            found = chain.rows.get(one)
            if found is None or not found.usable:
                return "QUOTE_MISSING", f"leg={one.symbol}"
            exits[one] = found.bid if count > 0 else found.ask
    return replace(
        position,
        legs=ordered(left),
        quantity=1,
        held=left,
        cash=cash,
        max_loss=_loss(left, cash),
        margin=margin_of(left, exits, chain.spot_cents),
    )


def _loss(held: Held, cash: int) -> int | None:
    """None also where options end on several days."""
    ends = {one.expiration for one in held if isinstance(one, OptionContract)}
    return None if len(ends) > 1 else largest_loss(held, cash)


def hedges(legs: Legs, quantity: int, position: Position) -> bool:
    """Whether shares alone are traded against options, and leave less delta."""
    mark = position.mark
    if mark is None or mark.estimated or not position.options:
        return False
    if any(not isinstance(one, str) for one, _ in legs):
        return False
    delta, shares = mark.greeks[0], sum(ratio * quantity for _, ratio in legs)
    return abs(delta + shares) < abs(delta)


def calmer(after: Position, before: Position) -> bool:
    """Whether neither stake nor margin grows, and the loss has a bound."""
    if after.max_loss is None:
        return False
    return at_stake(after) <= at_stake(before) and after.margin <= before.margin


def while_working(legs: Legs, quantity: int, position: Position, chain: Snapshot | None) -> Position:
    """What a position counts as while an order on it rests."""
    if chain is None or only_reduces(legs, quantity, position):
        return position
    after = adjusted(legs, quantity, position, chain)
    return position if isinstance(after, tuple) else after
