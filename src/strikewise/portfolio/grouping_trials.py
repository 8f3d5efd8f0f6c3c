"""The least margin of a few contracts, found by trying every grouping: quicker than importing a solver."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations_with_replacement, product
from math import comb, inf, prod

from strikewise.domain.instruments import Right
from strikewise.portfolio.legs import Grouping, Legs, Lots, ShortLeg, width
from strikewise.portfolio.sets import in_sets

__all__ = ["least_by_trial"]

MOST_WAYS = 500
"""More groupings take longer than the solver."""

NAKED, IN_SET, BY_SHARES = -1, -2, -3
"""What a contract sold can be, unless it is covered by a long option: then it is the number of that."""


def least_by_trial(legs: Legs) -> Grouping | None:
    """Return the cheapest grouping of all; None where there are too many, or two that differ are cheapest.

    Parameters
    ----------
    legs : Legs
        All that is held on one underlying.
    """
    each = [_ways_of(leg, legs) for leg in legs.shorts]
    counts = [leg.contracts for leg in legs.shorts]
    if prod(comb(n + len(ways) - 1, n) for n, ways in zip(counts, each, strict=True)) > MOST_WAYS:
        return None
    least, naked = inf, {False}
    picked = (combinations_with_replacement(ways, n) for n, ways in zip(counts, each, strict=True))
    for picks in product(*picked):
        cost = _cost(legs, picks)
        if cost is None or cost > least:
            continue
        if cost < least:
            least, naked = cost, set()
        naked.add(any(NAKED in ways for ways in picks))
    return Grouping(int(least), naked.pop()) if len(naked) == 1 else None


def _ways_of(short: ShortLeg, legs: Legs) -> list[int]:
    """Return what a contract of a leg can be."""
    later = [
        number
        for number, long in enumerate(legs.longs)
        if long.right is short.right and long.expires > short.expires
    ]
    by_shares = [BY_SHARES] if legs.lots.contracts and legs.lots.right is short.right else []
    return [NAKED, IN_SET, *by_shares, *later]


def _cost(legs: Legs, picks: Sequence[Sequence[int]]) -> int | None:
    """Return what a grouping asks for, cents; None where something would cover more than it can."""
    cost, lots, left = 0, legs.lots.contracts, [long.contracts for long in legs.longs]
    in_set: list[ShortLeg] = []
    naked: dict[Right, list[int]] = {Right.PUT: [], Right.CALL: []}
    for leg, ways in zip(legs.shorts, picks, strict=True):
        for way in ways:
            if way == NAKED:
                cost += leg.naked
                naked[leg.right].append(leg.requirement)
            elif way == BY_SHARES:
                cost += leg.covered
                lots -= 1
            elif way != IN_SET:
                cost += width(leg, legs.longs[way])
                left[way] -= 1
        if IN_SET in ways:
            in_set.append(leg._replace(contracts=ways.count(IN_SET)))
    if lots < 0 or min(left, default=0) < 0:
        return None
    held = tuple(long._replace(contracts=count) for long, count in zip(legs.longs, left, strict=True))
    sets = in_sets(Legs(tuple(in_set), held, Lots(Right.CALL, 0)))
    if sets.rest.shorts:
        return None
    # A naked put and a naked call share the smaller requirement: most where ranks are paired.
    puts, calls = (sorted(each, reverse=True) for each in naked.values())
    return cost + (sets.lost or 0) - sum(map(min, puts, calls))
