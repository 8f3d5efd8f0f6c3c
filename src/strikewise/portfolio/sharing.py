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

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from strikewise.domain.instruments import Right
from strikewise.portfolio.legs import Expiry, Grouping, Legs, LongLeg, ShortLeg, width

__all__ = ["least_shared"]

STEPS = 12
CELLS = 20_000
"""Larger assignments cost more than the integer programme that they are to spare."""

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
    """One right, contract by contract: a row for each short option, a column for each way to carry it.

    What a cell asks for is fixed, or shared: the levels from ``first`` to before ``last``.
    """

    fixed: Floats
    first: Ints
    last: Ints
    naked_from: int

    def covered(self, levels: int) -> NDArray[np.bool_]:
        """Return which levels some cell can ask for."""
        return _above(self.first, self.last, levels) > 0

    def cheapest(self, charges: Floats) -> _Answer:
        """Return the cheapest assignment where the first n levels together cost ``charges[n]``."""
        cost = self.fixed + charges[self.last] - charges[self.first]
        rows, columns = linear_sum_assignment(cost)
        counts = _above(self.first[rows, columns], self.last[rows, columns], len(charges) - 1)
        charged, fixed = float(cost[rows, columns].sum()), float(self.fixed[rows, columns].sum())
        return _Answer(charged, fixed, counts, bool((columns >= self.naked_from).any()))


def least_shared(legs: Legs, unit: int) -> tuple[Grouping | None, bool]:
    """Return the best grouping found, and whether none is cheaper; None where there are too many contracts.

    Parameters
    ----------
    legs : Legs
        Short options of both rights among them.
    unit : int
        A common divisor of all numbers of contracts.
    """
    units = sum(leg.contracts for leg in legs.shorts) // unit
    if units * sum(legs.counts) // unit > CELLS:
        return None, False
    puts, calls, length, grain = _laid_out(legs, unit)
    ours, theirs = puts.covered(len(length)), calls.covered(len(length))
    theta = np.where(ours & theirs, 0.5, ours)
    best, naked = np.inf, False
    for _ in range(STEPS):
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


def _above(first: Ints, last: Ints, levels: int) -> Ints:
    ends = (np.bincount(each.ravel(), minlength=levels + 1) for each in (first, last))
    begun, ended = ends
    return np.cumsum(begun - ended)[:-1]


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
    tables = [_table(legs, right, unit, starts) for right in (Right.PUT, Right.CALL)]
    points = [each.ravel() for _, start, stop in tables for each in (start, stop)]
    cuts = np.unique(np.concatenate(points))
    puts, calls = (
        _Side(fixed, cuts.searchsorted(start), cuts.searchsorted(stop), fixed.shape[1] - fixed.shape[0])
        for fixed, start, stop in tables
    )
    amounts = [fixed[np.isfinite(fixed)].astype(np.int64) for fixed, _, _ in tables]
    amounts += [(stop - start).ravel() for _, start, stop in tables]
    grain = int(np.gcd.reduce(np.concatenate(amounts)))
    return puts, calls, np.diff(cuts).astype(np.float64), grain


def _options(legs: Legs) -> tuple[ShortLeg | LongLeg, ...]:
    return (*legs.shorts, *legs.longs)


def _table(legs: Legs, right: Right, unit: int, starts: dict[Expiry, int]) -> tuple[Floats, Ints, Ints]:
    """Return what each cell of a right asks for: the fixed part, and where its shared part starts and stops.

    Columns are the long options, the lots of shares, and a column of its own for each short option left
    naked.
    """
    shorts = [leg for leg in legs.shorts if leg.right is right]
    longs = [leg for leg in legs.longs if leg.right is right]
    lots = legs.lots.contracts // unit if legs.lots.right is right else 0
    rows = np.repeat(np.arange(len(shorts)), [leg.contracts // unit for leg in shorts])
    columns = np.repeat(np.arange(len(longs)), [leg.contracts // unit for leg in longs])
    shape = len(rows), len(columns) + lots + len(rows)
    cells = [[_cover(short, long, starts) for long in longs] for short in shorts]
    by_leg = np.array(cells, dtype=np.float64).reshape(len(shorts), len(longs), 3)
    wide = by_leg[rows][:, columns]
    fixed, start, stop = np.full(shape, np.inf), np.zeros(shape, np.int64), np.zeros(shape, np.int64)
    fixed[:, : len(columns)] = wide[:, :, 0]
    start[:, : len(columns)] = wide[:, :, 1]
    stop[:, : len(columns)] = wide[:, :, 2]
    fixed[:, len(columns) : len(columns) + lots] = np.array([leg.covered for leg in shorts])[rows, np.newaxis]
    own = np.arange(len(rows)), np.arange(shape[1] - len(rows), shape[1])
    fixed[own] = np.array([leg.naked - leg.requirement for leg in shorts])[rows]
    stop[own] = np.array([leg.requirement for leg in shorts])[rows]
    return fixed, start, stop


def _cover(short: ShortLeg, long: LongLeg, starts: dict[Expiry, int]) -> tuple[float, int, int]:
    if long.expires < short.expires:
        return np.inf, 0, 0
    if long.expires > short.expires:
        return width(short, long), 0, 0
    start = starts[short.expires]
    return 0.0, start, start + width(short, long)
