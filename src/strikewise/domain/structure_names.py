"""Recognise what a set of legs is called.

Names depend on shape alone: directions, ratios, order of strikes and expirations; never on prices or on the
account. So a short put is ``short_put`` whether or not cash secures it: collateral is for whoever sizes it.
"""

from __future__ import annotations

from datetime import date
from math import gcd
from typing import NamedTuple

from strikewise.domain.instruments import Right

CUSTOM = "custom"


class OptionLeg(NamedTuple):
    """An option of a structure, as far as its name depends on it."""

    expiration: tuple[date, int]
    """Date and number of the root: options that settle apart expire apart."""
    right: Right
    strike_milli: int
    ratio: int


def recognise(shares: int, options: tuple[OptionLeg, ...], multiplier: int) -> str:
    """Return the name of a structure.

    Parameters
    ----------
    shares : int
        Shares in a unit: long positive.
    options : tuple of OptionLeg
        Sorted by expiration, right and strike.
    multiplier : int
        Shares per contract; shares count in contracts where they divide by it.
    """
    if not options:
        return "long_stock" if shares > 0 else "short_stock"
    if shares % multiplier:
        return CUSTOM
    lots = shares // multiplier
    unit = gcd(lots, *(leg.ratio for leg in options))
    legs = tuple(leg._replace(ratio=leg.ratio // unit) for leg in options)
    if lots:
        return _with_shares(lots // unit, legs)
    by_size = {1: _single, 2: _pair, 3: _butterfly, 4: _four}
    name_of = by_size.get(len(legs))
    return CUSTOM if name_of is None else name_of(legs)


def _kind(right: Right) -> str:
    return "call" if right is Right.CALL else "put"


def _side(ratio: int) -> str:
    return "long" if ratio > 0 else "short"


def _one_expiration(legs: tuple[OptionLeg, ...]) -> bool:
    return len({leg.expiration for leg in legs}) == 1


def _with_shares(lots: int, legs: tuple[OptionLeg, ...]) -> str:
    if not _one_expiration(legs):
        return CUSTOM
    shape: tuple[object, ...] = (lots, *((leg.right, leg.ratio) for leg in legs))
    call, put = Right.CALL, Right.PUT
    if shape == (1, (call, -1), (put, 1)) and legs[1].strike_milli <= legs[0].strike_milli:
        return "collar"
    names: dict[tuple[object, ...], str] = {
        (1, (call, -1)): "covered_call",
        (1, (put, 1)): "protective_put",
        (-1, (put, -1)): "covered_put",
        (-1, (call, 1)): "protective_call",
    }
    return names.get(shape, CUSTOM)


def _single(legs: tuple[OptionLeg, ...]) -> str:
    (leg,) = legs
    return f"{_side(leg.ratio)}_{_kind(leg.right)}"


def _pair(legs: tuple[OptionLeg, ...]) -> str:
    first, second = legs
    if first.right is second.right:
        return _vertical(first, second) if _one_expiration(legs) else _horizontal(first, second)
    if not _one_expiration(legs) or first.ratio != second.ratio or abs(first.ratio) != 1:
        return CUSTOM
    call, put = first.strike_milli, second.strike_milli
    if call == put:
        return f"{_side(first.ratio)}_straddle"
    return f"{_side(first.ratio)}_strangle" if put < call else CUSTOM


def _vertical(low: OptionLeg, high: OptionLeg) -> str:
    kind = _kind(low.right)
    if low.ratio * high.ratio > 0:
        return CUSTOM
    if abs(low.ratio) == abs(high.ratio):
        dear = low if low.right is Right.CALL else high
        return f"{kind}_{'debit' if dear.ratio > 0 else 'credit'}_spread"
    return f"{kind}_{'back' if low.ratio + high.ratio > 0 else 'front'}_ratio_spread"


def _horizontal(near: OptionLeg, far: OptionLeg) -> str:
    if near.ratio != -far.ratio:
        return CUSTOM
    name = "calendar" if near.strike_milli == far.strike_milli else "diagonal"
    return f"{_side(far.ratio)}_{_kind(near.right)}_{name}"


def _butterfly(legs: tuple[OptionLeg, ...]) -> str:
    low, body, high = legs
    one_right = low.right is body.right is high.right
    if not (_one_expiration(legs) and one_right and low.ratio == high.ratio and body.ratio == -2 * low.ratio):
        return CUSTOM
    even = body.strike_milli - low.strike_milli == high.strike_milli - body.strike_milli
    return f"{_side(low.ratio)}_{_kind(low.right)}_{'' if even else 'broken_wing_'}butterfly"


def _four(legs: tuple[OptionLeg, ...]) -> str:
    ratios = tuple(leg.ratio for leg in legs)
    rights = tuple(leg.right for leg in legs)
    if not _one_expiration(legs):
        return CUSTOM
    if len(set(rights)) == 1 and ratios in {(1, -1, -1, 1), (-1, 1, 1, -1)}:
        return f"{_side(ratios[0])}_{_kind(rights[0])}_condor"
    if rights != (Right.CALL, Right.CALL, Right.PUT, Right.PUT):
        return CUSTOM
    inner_call, inner_put = legs[0].strike_milli, legs[3].strike_milli
    if ratios not in {(-1, 1, 1, -1), (1, -1, -1, 1)} or inner_put > inner_call:
        return CUSTOM
    return f"{'inverse_' if ratios[0] > 0 else ''}iron_{'butterfly' if inner_put == inner_call else 'condor'}"
