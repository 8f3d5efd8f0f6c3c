"""Group the options of one underlying at the least margin that the rules allow.

Every short option is put into one group of those that the rules know:

* naked;
* covered by shares: the amount in the money;
* spread, with a long option of the same right that does not expire before it: the width where the long
strike is worse;
* iron condor, two spreads of one expiration: the larger width, since only one side can lose;
* butterfly, two spreads of one expiration and right: the most that both together can lose;
* short straddle or strangle, a naked put and a naked call: the larger requirement and the premium of the
other.

Each right by itself is a linear assignment, which pairing by rank often solves. Where puts and calls share
in groups and neither the pairs of the two assignments nor `strikewise.portfolio.sharing` are proven best,
an exact integer programme over all groups decides, and also where a spread that was paid for stands beside
one that was sold. Rules: Cboe Margin Manual; FINRA Rule 4210(f)(2), with Regulatory Notice 12-44 on spreads
of more than two legs.
"""

from __future__ import annotations

from itertools import combinations_with_replacement
from math import gcd
from typing import NamedTuple

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, linear_sum_assignment, milp
from scipy.sparse import csr_array

from strikewise.domain.instruments import Right
from strikewise.portfolio.legs import Expiry, Grouping, Legs, LongLeg, ShortLeg, width
from strikewise.portfolio.sharing import least_shared

__all__ = ["group"]

CONDOR_COLUMNS = 20_000
"""An integer programme with more combinations is not tried; the assignment, which is never too low,
stands."""


class _Choice(NamedTuple):
    """The cheapest grouping of one right by itself, in units of contracts."""

    gross: int
    widths: dict[Expiry, list[int]]
    """Of its spreads within one expiration, one entry a unit."""
    naked: list[int]
    """Shared requirements of its naked options, one entry a unit."""


def group(legs: Legs) -> Grouping:
    """Return the cheapest grouping."""
    if not legs.shorts:
        return Grouping(0, naked=False)
    unit = gcd(*legs.counts)
    puts, calls = _assign(legs, Right.PUT, unit), _assign(legs, Right.CALL, unit)
    gross = puts.gross + calls.gross - _shared(puts, calls)
    found = Grouping(gross * unit, naked=bool(puts.naked or calls.naked))
    if any(_may_gain(legs, one, right, unit) for one, right in ((puts, Right.PUT), (calls, Right.CALL))):
        exact = _programme(legs)
        return found if exact is None or exact.gross >= found.gross else exact
    # No grouping costs less than one side alone; and pairs of naked options are best made by rank.
    if gross == max(puts.gross, calls.gross) or not (legs.longs or legs.lots.contracts):
        return found
    shared, proven = least_shared(legs, unit)
    if shared is not None and shared.gross < found.gross:
        found = shared
    exact = None if proven else _programme(legs)
    return found if exact is None or exact.gross >= found.gross else exact


def _may_gain(legs: Legs, choice: _Choice, right: Right, unit: int) -> bool:
    """Return whether spreads of one right could ask for less in butterflies.

    No grouping of the options of an expiration asks for less than they can lose there all together: where the
    widths add up to that, there is nothing to gain. Where an option is left naked that says nothing, and a
    long option on either side of a short one is enough to look.
    """
    for expires, widths in choice.widths.items():
        shorts = [leg for leg in legs.shorts if leg.right is right and leg.expires == expires]
        longs = [leg for leg in legs.longs if leg.right is right and leg.expires == expires]
        if choice.naked:
            if any(len({short.strike > long.strike for long in longs}) > 1 for short in shorts):
                return True
        elif sum(widths) * unit > _lost_in_all(right, shorts, longs):
            return True
    return False


def _lost_in_all(right: Right, shorts: list[ShortLeg], longs: list[LongLeg]) -> int:
    """Return the most that all options of one right and expiration lose at it together."""
    sign = 1 if right is Right.PUT else -1
    strikes = [leg.strike for leg in shorts] + [leg.strike for leg in longs]

    def lost(spot: int) -> int:
        owed = sum(max(0, sign * (leg.strike - spot)) * leg.contracts for leg in shorts)
        return owed - sum(max(0, sign * (leg.strike - spot)) * leg.contracts for leg in longs)

    return max(0, *(lost(spot) for spot in (0 if right is Right.PUT else max(strikes), *strikes)))


def _assign(legs: Legs, right: Right, unit: int) -> _Choice:
    """Cover the short options of one right at the least cost, in units of ``unit`` contracts."""
    shorts = [leg for leg in legs.shorts if leg.right is right]
    longs = [leg for leg in legs.longs if leg.right is right]
    lots = legs.lots.contracts // unit if legs.lots.right is right else 0
    if not longs and not lots:
        naked = [leg.requirement for leg in shorts for _ in range(leg.contracts // unit)]
        return _Choice(sum(leg.naked * leg.contracts for leg in shorts) // unit, {}, naked)
    ranked = None if lots else _by_rank(shorts, longs, unit)
    return _by_assignment(shorts, longs, lots, unit) if ranked is None else ranked


def _by_rank(shorts: list[ShortLeg], longs: list[LongLeg], unit: int) -> _Choice | None:
    """Pair strikes by rank within each expiration; None where that is not proven best.

    The proof is a bound from below: one price for every strike, which rises with the strike no faster than a
    width does, and only where more is sold than held beyond it. No cover can cost less than the difference of
    two prices; and if no price exceeds what the option asks for naked, nothing is cheaper naked.
    """
    sign = 1 if shorts and shorts[0].right is Right.PUT else -1
    gross = 0
    widths: dict[Expiry, list[int]] = {}
    for expires in {leg.expires for leg in shorts}:
        sold = [leg for leg in shorts if leg.expires == expires]
        held = [leg for leg in longs if leg.expires == expires]
        if sum(leg.contracts for leg in sold) != sum(leg.contracts for leg in held):
            return None
        ours, theirs = (
            sorted(leg.strike for leg in side for _ in range(leg.contracts // unit)) for side in (sold, held)
        )
        widths[expires] = [max(0, sign * (one - other)) for one, other in zip(ours, theirs, strict=True)]
        gross += sum(widths[expires])
    steps = [(sign * leg.strike, leg.contracts, leg.naked) for leg in shorts]
    steps += [(sign * leg.strike, -leg.contracts, -1) for leg in longs]
    steps.sort()
    # Units sold less units held at this strike or beyond.
    beyond = sum(contracts for _, contracts, _ in steps)
    price, bound, last = 0, 0, steps[0][0] if steps else 0
    for strike, contracts, naked in steps:
        if beyond > 0:
            price += strike - last
            bound += (strike - last) * beyond
        if 0 <= naked < price:
            return None
        beyond -= contracts
        last = strike
    return _Choice(gross, widths, []) if bound == gross * unit else None


def _by_assignment(shorts: list[ShortLeg], longs: list[LongLeg], lots: int, unit: int) -> _Choice:
    """Cover contract by contract, by linear assignment."""
    ours = [leg for leg in shorts for _ in range(leg.contracts // unit)]
    theirs = [leg for leg in longs for _ in range(leg.contracts // unit)]
    cost = np.full((len(ours), len(theirs) + lots + len(ours)), np.inf)
    row = 0
    for short in shorts:
        rows = slice(row, row + short.contracts // unit)
        row, column = rows.stop, 0
        for long in longs:
            columns = slice(column, column + long.contracts // unit)
            column = columns.stop
            if long.expires >= short.expires:
                # Among equals the same expiration is preferred: it can be part of a condor.
                cost[rows, columns] = width(short, long) + (0.01 if long.expires > short.expires else 0.0)
        cost[rows, len(theirs) : len(theirs) + lots] = short.covered
        own = np.arange(rows.start, rows.stop)
        cost[own, len(theirs) + lots + own] = short.naked
    gross = 0
    widths: dict[Expiry, list[int]] = {}
    naked = []
    for row, column in zip(*(each.tolist() for each in linear_sum_assignment(cost)), strict=True):
        short = ours[row]
        gross += int(cost[row, column])
        if column >= len(theirs) + lots:
            naked.append(short.requirement)
        elif column < len(theirs) and theirs[column].expires == short.expires:
            widths.setdefault(short.expires, []).append(width(short, theirs[column]))
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


def _programme(legs: Legs) -> Grouping | None:
    """Choose among all groups at once; None where they are too many."""
    columns = _columns(legs)
    if columns is None:
        return None
    counts = np.array(legs.counts, dtype=np.float64)
    used = [row for _, rows in columns for row in rows]
    starts = np.cumsum([0, *(len(rows) for _, rows in columns)])
    groups = csr_array((np.ones(len(used)), used, starts), shape=(len(columns), len(counts)))
    groups.sum_duplicates()  # a butterfly takes two contracts of its body
    matrix = groups.T
    is_short = np.arange(len(counts)) < len(legs.shorts)
    answer = milp(
        np.array([cost for cost, _ in columns], dtype=np.float64),
        constraints=LinearConstraint(matrix, np.where(is_short, counts, 0.0), counts),
        integrality=np.ones(len(columns)),
        bounds=Bounds(0, np.inf),
        options={"mip_rel_gap": 0.0},
    )
    if not answer.success:
        return None
    gross, naked = 0, False
    for (cost, rows), count in zip(columns, np.round(answer.x).astype(np.int64).tolist(), strict=True):
        gross += cost * count
        naked |= count > 0 and max(rows) < len(legs.shorts)
    return Grouping(gross, naked)


def _columns(legs: Legs) -> list[tuple[int, tuple[int, ...]]] | None:
    """Return every possible group: its cost, and the rows of the legs it takes one contract of."""
    shorts, longs, lots = legs
    columns: list[tuple[int, tuple[int, ...]]] = [(leg.naked, (row,)) for row, leg in enumerate(shorts)]
    spreads: dict[Right, list[tuple[int, int, int]]] = {Right.PUT: [], Right.CALL: []}
    for row, short in enumerate(shorts):
        if lots.contracts and lots.right is short.right:
            columns.append((short.covered, (row, len(shorts) + len(longs))))
        for wing, long in enumerate(longs, start=len(shorts)):
            if long.right is short.right and long.expires >= short.expires:
                columns.append((width(short, long), (row, wing)))
                if long.expires == short.expires:
                    spreads[short.right].append((width(short, long), row, wing))
    if sum(map(len, spreads.values())) ** 2 > CONDOR_COLUMNS:
        return None
    for pairs in spreads.values():
        columns += _butterflies(legs, pairs)
    columns += [
        (max(width, other), (put, wing, call, far))
        for width, put, wing in spreads[Right.PUT]
        for other, call, far in spreads[Right.CALL]
        if shorts[put].expires == shorts[call].expires
    ]
    columns += [
        (put_leg.naked + call_leg.naked - min(put_leg.requirement, call_leg.requirement), (put, call))
        for put, put_leg in enumerate(shorts)
        for call, call_leg in enumerate(shorts)
        if put_leg.right is Right.PUT and call_leg.right is Right.CALL
    ]
    return columns


def _butterflies(legs: Legs, spreads: list[tuple[int, int, int]]) -> list[tuple[int, tuple[int, ...]]]:
    """Return the pairs of spreads of one right that ask for less together than each by itself."""
    shorts, longs, _ = legs
    found: list[tuple[int, tuple[int, ...]]] = []
    for (width_one, one, wing), (width_other, other, far) in combinations_with_replacement(spreads, 2):
        if shorts[one].expires != shorts[other].expires or wing == far:
            continue
        sold = [shorts[row]._replace(contracts=1) for row in (one, other)]
        held = [longs[row - len(shorts)]._replace(contracts=1) for row in (wing, far)]
        loss = _lost_in_all(shorts[one].right, sold, held)
        if loss < width_one + width_other:
            found.append((loss, (one, other, wing, far)))
    return found
