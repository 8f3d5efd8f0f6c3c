"""Find what puts and calls save by sharing in groups, and prove it least, by dividing what is shared.

A put and a call spread of one expiration ask together for the larger width, a naked put and a naked call for
the larger requirement. Paired by rank they ask for ∫ max(p(t), c(t)) dt, where p(t) and c(t) count the widths
(requirements) above t. Charge the puts a share θ(t) of each cent above t and the calls the rest: whatever θ
from 0 to 1 is, ∫ θ p + (1 − θ) c is never more. The cheapest puts and the cheapest calls at these charges,
each a linear assignment, are therefore a bound from below for every grouping (weak duality); paired by rank,
they are a grouping. Where both meet, it is proven least. Else θ moves to where more is asked for, by Polyak's
step: B. T. Polyak, "Minimization of unsmooth functionals" (1969).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from strikewise.domain.instruments import Right
from strikewise.portfolio.legs import Expiry, Grouping, Legs, LongLeg, ShortLeg, covers

__all__ = ["least_shared"]

STEPS = 12
FEW_STEPS = 3
"""Of assignments that take long; each further step finds little."""
CELLS = 5_000
"""Contracts sold times ways to carry them from which an assignment takes long."""
MOST_CELLS = 200_000
"""A larger assignment is not tried."""

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class _Answer(NamedTuple):
    """The cheapest options of one right at given charges: their cost, and what is really asked for."""

    charged: float
    fixed: float
    counts: Ints
    """Shared amounts above each level."""
    naked: bool


@dataclass(frozen=True, slots=True, eq=False)
class _Side:
    """One right: a row for each short option, a column for each way to cover it.

    What a cell asks for is fixed, or shared: the levels from ``first`` to before ``last``. Naked, an option
    asks for ``alone`` and the levels before ``alone_last``.
    """

    fixed: Floats
    first: Ints
    last: Ints
    alone: Floats
    alone_last: Ints
    contracts: Ints
    """Of each short option."""
    covers: Ints
    """How often each column can be used."""

    def in_levels(self, cuts: Ints) -> _Side:
        """Return the side with the numbers of levels in the place of amounts."""
        first, last, alone = (cuts.searchsorted(each) for each in (self.first, self.last, self.alone_last))
        return replace(self, first=first, last=last, alone_last=alone)

    def covered(self, levels: int) -> NDArray[np.bool_]:
        """Return which levels some cell can ask for."""
        return _above(self.first.ravel(), self.last.ravel(), self.alone_last, levels) > 0

    def cheapest(self, charges: Floats) -> _Answer:
        """Return the cheapest assignment where the first n levels together cost ``charges[n]``.

        What is assigned to no cell that costs less than naked is naked.
        """
        alone = self.alone + charges[self.alone_last]
        saved = self.fixed + charges[self.last] - charges[self.first]
        saved = np.minimum(saved - alone[:, np.newaxis], 0.0)
        sold, used = (np.repeat(np.arange(len(each)), each) for each in (self.contracts, self.covers))
        rows, columns = linear_sum_assignment(saved[sold][:, used])
        legs, ways = sold[rows], used[columns]
        better = saved[legs, ways] < 0.0
        legs, ways = legs[better], ways[better]
        left = self.contracts - np.bincount(legs, minlength=len(alone))
        naked = np.repeat(self.alone_last, left)
        counts = _above(self.first[legs, ways], self.last[legs, ways], naked, len(charges) - 1)
        fixed = float(self.fixed[legs, ways].sum() + left @ self.alone)
        charged = float(self.contracts @ alone + saved[legs, ways].sum())
        return _Answer(charged, fixed, counts, bool(left.any()))


def least_shared(legs: Legs, unit: int) -> tuple[Grouping | None, bool]:
    """Return the best grouping found, and whether none is cheaper; None where there are too many contracts.

    Parameters
    ----------
    legs : Legs
        Short options of both rights among them.
    unit : int
        A common divisor of all numbers of contracts.
    """
    cells = sum(leg.contracts for leg in legs.shorts) // unit * (sum(legs.counts) // unit)
    if cells > MOST_CELLS:
        return None, False
    puts, calls, length, grain = _laid_out(legs, unit)
    ours, theirs = puts.covered(len(length)), calls.covered(len(length))
    theta = np.where(ours & theirs, 0.5, ours)
    best, naked = np.inf, False
    for _ in range(STEPS if cells <= CELLS else FEW_STEPS):
        put, call = puts.cheapest(_charges(theta * length)), calls.cheapest(_charges(length - theta * length))
        asked = put.fixed + call.fixed + float(length @ np.maximum(put.counts, call.counts))
        if asked < best:
            best, naked = asked, put.naked or call.naked
        bound = put.charged + call.charged
        # All amounts are whole multiples of the grain, so nothing lies between; what floats lose is far less.
        if bound > best - grain + 0.001:
            return Grouping(round(best) * unit, naked), True
        more = (put.counts - call.counts).astype(np.float64)
        more[((theta >= 1.0) & (more > 0)) | ((theta <= 0.0) & (more < 0))] = 0.0
        slope = float(length @ (more * more))
        if slope == 0.0:
            break
        theta = np.clip(theta + (best - bound) / slope * more, 0.0, 1.0)
    return Grouping(round(best) * unit, naked), False


def _charges(charge: Floats) -> Floats:
    return np.concatenate([[0.0], np.cumsum(charge)])


def _above(first: Ints, last: Ints, naked_last: Ints, levels: int) -> Ints:
    """Return how many of some amounts lie above each level."""
    begun = np.bincount(first, minlength=levels + 1)
    begun[0] += len(naked_last)
    ended = (np.bincount(each, minlength=levels + 1) for each in (last, naked_last))
    return np.asarray(np.cumsum(begun - sum(ended))[:-1])


def _laid_out(legs: Legs, unit: int) -> tuple[_Side, _Side, Floats, int]:
    """Return puts, calls, the length of each level in cents, and the greatest divisor of all amounts.

    Levels lie on one axis: those of naked options first, then those of each expiration in a stretch of its
    own, cut at every amount that a cell can ask for.
    """
    stretch = 1 + max(*(leg.requirement for leg in legs.shorts), *(leg.strike for leg in _options(legs)))
    starts = {
        expires: stretch * number
        for number, expires in enumerate(sorted({leg.expires for leg in legs.shorts}), start=1)
    }
    puts, calls = (_side(legs, right, unit, starts) for right in (Right.PUT, Right.CALL))
    ends = [each.ravel() for side in (puts, calls) for each in (side.first, side.last, side.alone_last)]
    cuts = np.unique(np.concatenate([[0], *ends]))
    amounts = []
    for side in (puts, calls):
        amounts += [side.fixed[np.isfinite(side.fixed)], (side.last - side.first).ravel()]
        amounts += [side.alone, side.alone_last]
    grain = int(np.gcd.reduce(np.concatenate(amounts).astype(np.int64)))
    return puts.in_levels(cuts), calls.in_levels(cuts), np.diff(cuts).astype(np.float64), grain


def _options(legs: Legs) -> tuple[ShortLeg | LongLeg, ...]:
    return (*legs.shorts, *legs.longs)


def _side(legs: Legs, right: Right, unit: int, starts: dict[Expiry, int]) -> _Side:
    """Return a side with amounts in the place of levels; the last way to cover is shares."""
    shorts = [leg for leg in legs.shorts if leg.right is right]
    longs = [leg for leg in legs.longs if leg.right is right]
    apart, later = covers(shorts, longs)
    start = np.zeros((len(shorts), len(longs) + 1), dtype=np.int64)
    start[:, :-1] = np.where(later == 0, np.array([[starts[leg.expires]] for leg in shorts]), 0)
    stop = start.copy()
    stop[:, :-1] += np.where(later == 0, apart, 0)
    fixed = np.zeros(start.shape)
    fixed[:, :-1] = np.where(later == 0, 0.0, np.where(later > 0, apart, np.inf))
    fixed[:, -1] = [leg.covered for leg in shorts]
    required = np.array([leg.requirement for leg in shorts], dtype=np.int64)
    alone = np.array([leg.naked for leg in shorts], dtype=np.float64) - required
    lots = legs.lots.contracts if legs.lots.right is right else 0
    sold = np.array([leg.contracts for leg in shorts], dtype=np.int64) // unit
    ways = np.array([*(leg.contracts for leg in longs), lots], dtype=np.int64) // unit
    return _Side(fixed, start, stop, alone, required, sold, ways)
