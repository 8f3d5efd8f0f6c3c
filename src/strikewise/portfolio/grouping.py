"""Group the options of one underlying at the least margin that the rules allow.

Every short option is put into one group of those that the rules know:

* naked;
* covered by shares: the amount in the money;
* spread, with a long option of the same right that expires later: the width where the long strike is worse;
* set, with as many or more long options of the same right and expiration, on one side or both: the most that
  all of it can lose at expiry. Verticals, iron condors and butterflies are sets;
* short straddle or strangle, a naked put and a naked call: the larger requirement and the premium of the
  other.

Sets of whole expirations are often proven best (`strikewise.portfolio.sets`), and pairs where sets save
nothing. Elsewhere an integer programme over all groups decides (`strikewise.portfolio.grouping_programme`).
Its time grows too fast for books of many strategies, a quarter of a second with forty short options: those
hold the least that pairs and whole sets find, which is never less than the rules ask for. Rules: Cboe Margin
Manual; FINRA Rule 4210(f)(2), with Regulatory Notice 12-44 on spreads of more than two legs.
"""

from __future__ import annotations

from math import gcd, inf
from typing import NamedTuple

import numpy as np
import scipy

from strikewise.domain.instruments import Right
from strikewise.portfolio.grouping_programme import is_small, least_of_all
from strikewise.portfolio.legs import Expiry, Grouping, Legs, LongLeg, ShortLeg, covers
from strikewise.portfolio.sets import in_sets
from strikewise.portfolio.sharing import least_shared

__all__ = ["group"]


class _Choice(NamedTuple):
    """The cheapest grouping of one right by itself, in units of contracts."""

    gross: int
    widths: dict[Expiry, list[int]]
    """Of its spreads within one expiration, one entry a unit."""
    naked: list[int]
    """Shared requirements of its naked options, one entry a unit."""


def group(legs: Legs) -> Grouping:
    """Return the cheapest grouping; of large books the cheapest that is found."""
    if not legs.shorts:
        return Grouping(0, naked=False)
    sets = in_sets(legs)
    if sets.proven:
        return Grouping(sets.lost or 0, naked=False)
    found, proven = _without_sets(legs)
    if proven:
        return found
    if sets.lost is not None and sets.lost < found.gross:
        left = Grouping(0, naked=False)
        if sets.rest.shorts:
            left, _ = _without_sets(sets.rest, found.gross - sets.lost)
        if sets.lost + left.gross < found.gross:
            found = Grouping(sets.lost + left.gross, left.naked)
    exact = least_of_all(legs)
    return found if exact is None or exact.gross >= found.gross else exact


def _without_sets(legs: Legs, below: float = inf) -> tuple[Grouping, bool]:
    """Return the cheapest grouping without sets, and whether it is proven that none is cheaper at all.

    One that cannot ask for less than ``below`` is of no use, and need not be the cheapest.
    """
    if _can_lose_twice(legs):
        return _apart(legs), False
    found, proven = _in_pairs(legs, below)
    return found, not found.gross or (proven and _sets_save_nothing(legs))


def _sets_save_nothing(legs: Legs) -> bool:
    """Return whether spreads of an expiration are of one right, every long option beyond every short one.

    What such spreads lose, they all lose at one price, where no other long option is worth anything.
    """
    return all(
        long.right is short.right
        and (long.strike <= short.strike if long.right is Right.PUT else long.strike >= short.strike)
        for long in legs.longs
        for short in legs.shorts
        if short.expires == long.expires
    )


def _can_lose_twice(legs: Legs) -> bool:
    """Return whether puts and calls of one expiration can lose at one price: no condor, but two spreads.

    A put sold above a call that is sold loses together with it between both strikes. Pairs of spreads, of
    which only one side can lose, say nothing about such legs.
    """
    puts: dict[Expiry, int] = {}
    calls: dict[Expiry, int] = {}
    for leg in legs.shorts:
        if leg.right is Right.PUT:
            puts[leg.expires] = max(puts.get(leg.expires, leg.strike), leg.strike)
        else:
            calls[leg.expires] = min(calls.get(leg.expires, leg.strike), leg.strike)
    covered = {leg.expires for leg in legs.longs}
    return any(
        expires in calls and strike > calls[expires] and expires in covered
        for expires, strike in puts.items()
    )


def _apart(legs: Legs) -> Grouping:
    """Return the cheapest grouping in which puts and calls share nothing."""
    unit = gcd(*legs.counts)
    puts, calls = _assign(legs, Right.PUT, unit), _assign(legs, Right.CALL, unit)
    return Grouping((puts.gross + calls.gross) * unit, naked=bool(puts.naked or calls.naked))


def _in_pairs(legs: Legs, below: float) -> tuple[Grouping, bool]:
    """Return the cheapest naked options, spreads, condors and strangles, and whether that is proven."""
    unit = gcd(*legs.counts)
    if not is_small(legs) and len({leg.right for leg in legs.shorts}) == 2:
        shared, proven = least_shared(legs, unit, below)
        if shared is not None and shared.naked:
            return shared, proven
    puts, calls = _assign(legs, Right.PUT, unit), _assign(legs, Right.CALL, unit)
    gross = puts.gross + calls.gross - _shared(puts, calls)
    found = Grouping(gross * unit, naked=bool(puts.naked or calls.naked))
    # No grouping costs less than one side alone; and pairs of naked options are best made by rank.
    if gross == max(puts.gross, calls.gross) or not (legs.longs or legs.lots.contracts):
        return found, True
    shared, proven = least_shared(legs, unit, below)
    if shared is not None and shared.gross < found.gross:
        found = shared
    return found, proven


def _assign(legs: Legs, right: Right, unit: int) -> _Choice:
    """Cover the short options of one right at the least cost, in units of ``unit`` contracts."""
    shorts = [leg for leg in legs.shorts if leg.right is right]
    longs = [leg for leg in legs.longs if leg.right is right]
    lots = legs.lots.contracts // unit if legs.lots.right is right else 0
    if not longs and not lots:
        naked = [leg.requirement for leg in shorts for _ in range(leg.contracts // unit)]
        return _Choice(sum(leg.naked * leg.contracts for leg in shorts) // unit, {}, naked)
    return _by_assignment(shorts, longs, lots, unit)


def _by_assignment(shorts: list[ShortLeg], longs: list[LongLeg], lots: int, unit: int) -> _Choice:
    """Cover contract by contract, by linear assignment."""
    ours = np.repeat(np.arange(len(shorts)), [leg.contracts // unit for leg in shorts])
    theirs = np.repeat(np.arange(len(longs)), [leg.contracts // unit for leg in longs])
    apart, later = covers(shorts, longs)
    # Among equals the same expiration is preferred: it can be part of a condor.
    by_leg = np.where(later < 0, np.inf, apart + np.where(later > 0, 0.01, 0.0))
    covered_from, naked_from = len(theirs), len(theirs) + lots
    cost = np.full((len(ours), naked_from + len(ours)), np.inf)
    cost[:, :covered_from] = by_leg[ours][:, theirs]
    cost[:, covered_from:naked_from] = np.array([leg.covered for leg in shorts])[ours, np.newaxis]
    own = np.arange(len(ours))
    cost[own, naked_from + own] = np.array([leg.naked for leg in shorts])[ours]
    rows, columns = scipy.optimize.linear_sum_assignment(cost)
    gross = int(cost[rows, columns].astype(np.int64).sum())
    naked = [shorts[leg].requirement for leg in ours[rows[columns >= naked_from]].tolist()]
    widths: dict[Expiry, list[int]] = {}
    spreads = columns < covered_from
    legs, wings = ours[rows[spreads]], theirs[columns[spreads]]
    same = later[legs, wings] == 0
    for leg, wide in zip(legs[same].tolist(), apart[legs, wings][same].tolist(), strict=True):
        widths.setdefault(shorts[leg].expires, []).append(wide)
    return _Choice(gross, widths, naked)


def _shared(puts: _Choice, calls: _Choice) -> int:
    """Return what pairs of both sides save: the smaller of each pair, most where ranks are paired."""
    pairs = [(puts.naked, calls.naked)]
    pairs += [(widths, calls.widths.get(expires, [])) for expires, widths in puts.widths.items()]
    return sum(
        min(put, call)
        for ours, theirs in pairs
        for put, call in zip(sorted(ours, reverse=True), sorted(theirs, reverse=True), strict=False)
    )
