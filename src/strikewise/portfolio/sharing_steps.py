"""The steps in which `strikewise.portfolio.sharing` divides what puts and calls share."""

from __future__ import annotations

from math import fsum
from typing import NamedTuple

import numpy as np
import scipy
from numpy.typing import NDArray

__all__ = ["Shared", "Side", "least_in_steps"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Side(NamedTuple):
    """The options of one right; amounts in cents per contract.

    Attributes
    ----------
    sign : int
        1 for puts, -1 for calls: whether a long strike is worse below or above the short one.
    shorts : (n, 6) int64
        Strike, end, contracts, and what is asked for naked, of that shared, and covered by shares.
    longs : (n, 3) int64
        Strike, end, contracts.
    lots : int
        Hundreds of shares that cover an option sold.
    """

    sign: int
    shorts: Ints
    longs: Ints
    lots: int


class Shared(NamedTuple):
    """What the best grouping found asks for, whether it leaves any naked, and whether it is proven least."""

    asked: float
    naked: bool
    proven: bool


class _Table(NamedTuple):
    """A row for each short option, a column for each way to cover it; the last way is shares.

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
    sold: Ints
    """The row of each contract sold."""
    cells: Ints
    """Of each contract sold and each that can cover it, counted through the rows."""

    def in_levels(self, cuts: Ints) -> _Table:
        """Return the table with the numbers of levels in the place of amounts."""
        first, last, alone = (cuts.searchsorted(each) for each in (self.first, self.last, self.alone_last))
        return self._replace(first=first, last=last, alone_last=alone)


class _Answer(NamedTuple):
    """The cheapest options of one right at given charges: their cost, and what is really asked for."""

    charged: float
    fixed: float
    counts: Ints
    """Shared amounts above each level."""
    naked: bool


def least_in_steps(puts: Side, calls: Side, steps: int, below: float) -> Shared:
    """Move the charges until what puts and calls ask for is proven least, or the steps are done.

    Parameters
    ----------
    puts, calls : Side
        What is held of each right.
    steps : int
        At most.
    below : float
        The search ends too once it is clear that nothing asks for less, cents.
    """
    ours, theirs, length, grain = _laid_out(puts, calls)
    levels = len(length)
    in_ours, in_theirs = _asked_for(ours, levels), _asked_for(theirs, levels)
    theta = np.where(in_ours & in_theirs, 0.5, in_ours)
    best, naked = np.inf, False
    for _ in range(steps):
        charges = theta * length
        put, call = _cheapest(ours, _summed(charges)), _cheapest(theirs, _summed(length - charges))
        asked = put.fixed + call.fixed + float(length @ np.maximum(put.counts, call.counts))
        if asked < best:
            best, naked = asked, put.naked or call.naked
        bound = put.charged + call.charged
        # All amounts are whole multiples of the grain, so nothing lies between; what floats lose is far less.
        if bound > best - grain + 0.001:
            return Shared(best, naked, proven=True)
        if bound > below:
            break
        more = (put.counts - call.counts).astype(np.float64)
        more[((theta >= 1.0) & (more > 0)) | ((theta <= 0.0) & (more < 0))] = 0.0
        slope = float(length @ (more * more))
        if slope == 0.0:
            break
        theta = np.clip(theta + (best - bound) / slope * more, 0.0, 1.0)
    return Shared(best, naked, proven=False)


def _laid_out(puts: Side, calls: Side) -> tuple[_Table, _Table, Floats, int]:
    """Return tables of puts and calls, the length of each level in cents, and the divisor of all amounts.

    Levels lie on one axis: those of naked options first, then those of each expiration in a stretch of its
    own, cut at every amount that a cell can ask for.
    """
    sold = np.concatenate([puts.shorts, calls.shorts])
    stretch = 1 + max(sold[:, [0, 4]].max(), *(side.longs[:, 0].max(initial=0) for side in (puts, calls)))
    ends = np.unique(sold[:, 1])
    ours, theirs = _table(puts, ends, stretch), _table(calls, ends, stretch)
    marks = [each.ravel() for table in (ours, theirs) for each in (table.first, table.last)]
    cuts = np.unique(np.concatenate([[0], *marks, ours.alone_last, theirs.alone_last]))
    amounts: list[NDArray[np.number]] = []
    for table in (ours, theirs):
        amounts += [table.fixed[np.isfinite(table.fixed)], (table.last - table.first).ravel()]
        amounts += [table.alone, table.alone_last]
    grain = int(np.gcd.reduce(np.concatenate(amounts).astype(np.int64)))
    return ours.in_levels(cuts), theirs.in_levels(cuts), np.diff(cuts).astype(np.float64), grain


def _table(side: Side, ends: Ints, stretch: int) -> _Table:
    """Return the table of one right, with amounts in the place of levels."""
    (strikes, end, contracts, naked, shared, covered), (wings, wing_end, held) = side.shorts.T, side.longs.T
    apart = np.maximum(side.sign * (strikes[:, np.newaxis] - wings), 0)
    later = wing_end - end[:, np.newaxis]
    first = np.zeros((len(strikes), len(wings) + 1), dtype=np.int64)
    first[:, :-1] = np.where(later == 0, stretch * (1 + ends.searchsorted(end))[:, np.newaxis], 0)
    last = first.copy()
    last[:, :-1] += np.where(later == 0, apart, 0)
    fixed = np.zeros(first.shape)
    fixed[:, :-1] = np.where(later == 0, 0.0, np.where(later > 0, apart, np.inf))
    fixed[:, -1] = covered
    alone = (naked - shared).astype(np.float64)
    sold = np.arange(len(contracts)).repeat(contracts)
    used = np.arange(len(held) + 1).repeat(np.append(held, side.lots))
    cells = sold[:, np.newaxis] * first.shape[1] + used
    return _Table(fixed, first, last, alone, shared, contracts, sold, cells)


def _asked_for(table: _Table, levels: int) -> NDArray[np.bool_]:
    """Return which levels some cell can ask for."""
    each = np.ones_like(table.alone_last)
    return _above(table.first.ravel(), table.last.ravel(), table.alone_last, each, levels) > 0


def _cheapest(table: _Table, charges: Floats) -> _Answer:
    """Return the cheapest assignment where the first n levels together cost ``charges[n]``.

    What is assigned to no cell that costs less than naked is naked.
    """
    alone = table.alone + charges.take(table.alone_last)
    saved = table.fixed + charges.take(table.last) - charges.take(table.first)
    saved = np.minimum(saved - alone[:, np.newaxis], 0.0)
    rows, columns = scipy.optimize.linear_sum_assignment(saved.take(table.cells))
    cells = table.cells[rows, columns]
    gained = saved.take(cells)
    better = gained < 0.0
    cells = cells[better]
    left = table.contracts - np.bincount(table.sold[rows[better]], minlength=len(alone))
    counts = _above(table.first.take(cells), table.last.take(cells), table.alone_last, left, len(charges) - 1)
    fixed = float(table.fixed.take(cells).sum() + left @ table.alone)
    # Rounded once: in what order an array is summed depends on the processor, and so would the margin.
    charged = fsum((*(table.contracts * alone).tolist(), *gained[better].tolist()))
    return _Answer(charged, fixed, counts, bool(left.any()))


def _summed(amounts: Floats) -> Floats:
    """Return the sums of the first amounts: of none, of one, and so on to all."""
    sums = np.zeros(len(amounts) + 1)
    amounts.cumsum(out=sums[1:])
    return sums


def _above(first: Ints, last: Ints, naked_last: Ints, naked: Ints, levels: int) -> Ints:
    """Return how many of some amounts lie above each level; ``naked`` says how many end at ``naked_last``."""
    begun = np.bincount(first, minlength=levels + 1)
    begun -= np.bincount(last, minlength=levels + 1)
    begun -= np.bincount(naked_last, naked, minlength=levels + 1).astype(np.int64)
    begun[0] += naked.sum()
    return begun.cumsum()[:-1]
