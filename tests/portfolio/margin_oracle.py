"""The least margin by trying everything: slow, and plain enough to be read."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import cache
from itertools import product

from strikewise.domain.instruments import OptionContract, Right
from strikewise.domain.margin import naked_option_margin_cents

Unit = tuple[int, OptionContract, int]
"""A contract: 1 or -1, which, and its price in cents."""


def brute_force(legs: tuple[Unit, ...], spot: int, *, crossed: bool = True) -> int:
    """Return the least margin in cents over every way to group single contracts.

    Where the short put of two spreads lies above the short call, both can lose at once. Such a pair asks for
    the wider side if it may be ``crossed``, else for the most that it can lose.
    """
    return max(0, _value(legs) + _in_groups(legs, spot, crossed=crossed))


def _value(legs: tuple[Unit, ...]) -> int:
    return sum(sign * price * 100 for sign, _, price in legs)


def _in_groups(legs: tuple[Unit, ...], spot: int, *, crossed: bool = True) -> int:
    @cache
    def least(left: tuple[Unit, ...]) -> int:
        shorts = [one for one in left if one[0] < 0]
        if not shorts:
            return 0
        first = shorts[0]
        found = _groups(first, left, spot, crossed=crossed)
        return min(cost + least(_without(left, group)) for group, cost in found)

    return least(legs)


def _without(left: tuple[Unit, ...], group: tuple[Unit, ...]) -> tuple[Unit, ...]:
    rest = list(left)
    for one in group:
        rest.remove(one)
    return tuple(rest)


def _naked(leg: Unit, spot: int) -> int:
    """Naked margin, plus the premium: what the value of the legs takes off again."""
    return naked_option_margin_cents(leg[1], leg[2], spot) + leg[2] * 100


def _covers(short: Unit, left: tuple[Unit, ...]) -> Iterator[tuple[Unit, int]]:
    for long in left:
        same = long[0] > 0 and long[1].right is short[1].right
        if same and long[1].expiration >= short[1].expiration:
            sign = 1 if short[1].right is Right.PUT else -1
            yield long, max(0, sign * (short[1].strike_milli - long[1].strike_milli)) * 10


def _groups(
    first: Unit, left: tuple[Unit, ...], spot: int, *, crossed: bool
) -> Iterator[tuple[tuple[Unit, ...], int]]:
    yield (first,), _naked(first, spot)
    others = [one for one in left if one[0] < 0 and one[1].right is not first[1].right]
    for other in others:
        requirements = [naked_option_margin_cents(one[1], 0, spot) for one in (first, other)]
        yield (first, other), _naked(first, spot) + _naked(other, spot) - min(requirements)
    for wing, width in _covers(first, left):
        yield (first, wing), width
        if wing[1].expiration != first[1].expiration:
            continue
        for other in others:
            for far, width_far in _covers(other, left):
                if other[1].expiration == far[1].expiration == first[1].expiration:
                    condor = (first, wing, other, far)
                    yield condor, max(width, width_far, 0 if crossed else most_lost(condor))


def with_sets(legs: tuple[Unit, ...], spot: int) -> int:
    """Return the least margin where what is left of an expiration may be one set, over every choice."""
    shorts = [one for one in legs if one[0] < 0]
    longs = [one for one in legs if one[0] > 0]
    least = None
    for choice in product(("naked", "set", *range(len(longs))), repeat=len(shorts)):
        used = [one for one in choice if isinstance(one, int)]
        if len(set(used)) == len(used):
            asked = _asked(shorts, longs, choice, spot)
            least = asked if least is None or (asked is not None and asked < least) else least
    assert least is not None
    return max(0, _value(legs) + least)


def _asked(shorts: list[Unit], longs: list[Unit], choice: tuple[str | int, ...], spot: int) -> int | None:
    cost, naked = 0, []
    left = [one for number, one in enumerate(longs) if number not in choice]
    for short, how in zip(shorts, choice, strict=True):
        if how == "naked":
            naked.append(short)
        elif how == "set":
            left.append(short)
        else:
            long = longs[int(how)]
            if long[1].right is not short[1].right or long[1].expiration <= short[1].expiration:
                return None
            sign = 1 if short[1].right is Right.PUT else -1
            cost += max(0, sign * (short[1].strike_milli - long[1].strike_milli)) * 10
    if not _all_covered(tuple(left)):
        return None
    sides = [
        sorted(
            (naked_option_margin_cents(one[1], 0, spot) for one in naked if one[1].right is right),
            reverse=True,
        )
        for right in Right
    ]
    pairs = sum(min(pair) for pair in zip(*sides, strict=False))
    return cost + sum(_naked(one, spot) for one in naked) - pairs + _by_day(left, spot)


def _by_day(left: list[Unit], spot: int) -> int:
    """Return what expirations ask for, each as a set or in groups, whichever asks for less."""
    days = [
        tuple(one for one in left if one[1].expiration == day) for day in {one[1].expiration for one in left}
    ]
    return sum(min(most_lost(day), _in_groups(day, spot)) for day in days)


def _all_covered(left: tuple[Unit, ...]) -> bool:
    """Return whether of each expiration and right no more is sold than held."""
    return all(
        sum(sign for sign, other, _ in left if (other.expiration, other.right) == (one.expiration, one.right))
        >= 0
        for _, one, _ in left
    )


def most_lost(legs: tuple[Unit, ...]) -> int:
    """Return the most that options lose at their expirations, each by itself, cents."""

    def value(day: date, spot: int) -> int:
        return sum(
            sign * max(0, (1 if one.right is Right.CALL else -1) * (spot - one.strike_milli))
            for sign, one, _ in legs
            if one.expiration == day
        )

    spots = (0, *(one.strike_milli for _, one, _ in legs))
    days = {one.expiration for _, one, _ in legs}
    return sum(max(0, *(-value(day, spot) for spot in spots)) for day in days) * 10
