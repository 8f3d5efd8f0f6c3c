"""The Numba kernels that lay out what `strikewise.portfolio.compiled_sharing` searches."""

from __future__ import annotations

from math import gcd
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from strikewise.portfolio.sharing_steps import Side
from strikewise.pricing.compiler import called

__all__ = ["Table", "add_up", "first_shares", "laid_out"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Table(NamedTuple):
    """A row for each short option, a column for each way to cover it, as in `sharing_steps`."""

    fixed: Floats
    first: Ints
    last: Ints
    alone: Floats
    alone_last: Ints
    contracts: Ints
    sold: Ints
    """The row of each contract sold."""
    used: Ints
    """The column of each contract that can cover one."""


@called
def laid_out(puts: Side, calls: Side) -> tuple[Table, Table, Floats, int]:
    """Return tables of puts and calls, the length of each level in cents, and the divisor of all amounts."""
    stretch = 1 + max(
        _largest(puts.shorts), _largest(calls.shorts), _largest(puts.longs), _largest(calls.longs)
    )
    ends = _distinct_ends(puts.shorts, calls.shorts)
    ours, theirs = _table(puts, ends, stretch), _table(calls, ends, stretch)
    grain = _divisor(_divisor(0, ours), theirs)
    cuts = _cuts(ours, theirs)
    _to_levels(ours, cuts)
    _to_levels(theirs, cuts)
    length = np.empty(len(cuts) - 1)
    for n in range(len(length)):
        length[n] = cuts[n + 1] - cuts[n]
    return ours, theirs, length, grain


@called
def _largest(options: Ints) -> int:
    """Return the largest strike, of short options also the largest requirement that is shared."""
    most = 0
    for row in range(len(options)):
        most = max(most, options[row, 0])
        if options.shape[1] == 6:
            most = max(most, options[row, 4])
    return most


@called
def _distinct_ends(puts: Ints, calls: Ints) -> Ints:
    """Return when short options expire, sorted."""
    ends, count = np.empty(len(puts) + len(calls), np.int64), 0
    for shorts in (puts, calls):
        for row in range(len(shorts)):
            count = _inserted(ends, count, shorts[row, 1])
    return ends[:count]


@called
def _inserted(numbers: Ints, count: int, number: int) -> int:
    """Insert a number into sorted distinct ones, and return how many these are."""
    place = np.searchsorted(numbers[:count], number)
    if place < count and numbers[place] == number:
        return count
    for at in range(count, place, -1):
        numbers[at] = numbers[at - 1]
    numbers[place] = number
    return count + 1


@called
def _table(side: Side, ends: Ints, stretch: int) -> Table:
    """Return the table of one right, with amounts in the place of levels."""
    shorts, wings = side.shorts, side.longs
    rows, shares = len(shorts), len(wings)
    fixed = np.empty((rows, shares + 1))
    first, last = np.zeros((rows, shares + 1), np.int64), np.zeros((rows, shares + 1), np.int64)
    alone, alone_last, contracts = np.empty(rows), np.empty(rows, np.int64), np.empty(rows, np.int64)
    for row in range(rows):
        start = stretch * (1 + np.searchsorted(ends, shorts[row, 1]))
        for wing in range(shares):
            apart = max(side.sign * (shorts[row, 0] - wings[wing, 0]), 0)
            fixed[row, wing] = apart if wings[wing, 1] > shorts[row, 1] else np.inf
            if wings[wing, 1] == shorts[row, 1]:
                fixed[row, wing] = 0.0
                first[row, wing] = start
                last[row, wing] = start + apart
        fixed[row, shares] = shorts[row, 5]
        alone[row] = shorts[row, 3] - shorts[row, 4]
        alone_last[row] = shorts[row, 4]
        contracts[row] = shorts[row, 2]
    sold, used = _each_contract(shorts, 0), _each_contract(wings, side.lots)
    return Table(fixed, first, last, alone, alone_last, contracts, sold, used)


@called
def _each_contract(options: Ints, lots: int) -> Ints:
    """Return the row of each contract, and of each lot of shares the row after all options."""
    count = lots
    for row in range(len(options)):
        count += options[row, 2]
    every, start = np.full(count, len(options)), 0
    for row in range(len(options)):
        for at in range(start, start + options[row, 2]):
            every[at] = row
        start += options[row, 2]
    return every


@called
def _divisor(divisor: int, table: Table) -> int:
    """Return the greatest common divisor of a number and all amounts of a table, in cents."""
    for row in range(len(table.alone)):
        divisor = gcd(gcd(divisor, np.int64(table.alone[row])), table.alone_last[row])
        for way in range(len(table.fixed[row])):
            if table.fixed[row, way] < np.inf:
                divisor = gcd(divisor, np.int64(table.fixed[row, way]))
            divisor = gcd(divisor, table.last[row, way] - table.first[row, way])
    return divisor


@called
def _cuts(ours: Table, theirs: Table) -> Ints:
    """Return zero and all amounts between which options ask for what they share, sorted."""
    cuts = np.zeros(
        1 + len(ours.alone) + 2 * ours.last.size + len(theirs.alone) + 2 * theirs.last.size, np.int64
    )
    count = 1
    for table in (ours, theirs):
        for row in range(len(table.alone)):
            count = _inserted(cuts, count, table.alone_last[row])
            for way in range(len(table.last[row])):
                if table.last[row, way] > 0:
                    count = _inserted(cuts, count, table.first[row, way])
                    count = _inserted(cuts, count, table.last[row, way])
    return cuts[:count]


@called
def _to_levels(table: Table, cuts: Ints) -> None:
    """Put the numbers of levels in the place of amounts."""
    for row in range(len(table.alone)):
        table.alone_last[row] = np.searchsorted(cuts, table.alone_last[row])
        for way in range(len(table.first[row])):
            if table.last[row, way] > 0:
                table.first[row, way] = np.searchsorted(cuts, table.first[row, way])
                table.last[row, way] = np.searchsorted(cuts, table.last[row, way])


@called
def first_shares(ours: Table, theirs: Table, levels: int) -> Floats:
    """Return the shares charged first: half where both can ask for a level, else all to the one that can."""
    in_ours, in_theirs = _asked_for(ours, levels), _asked_for(theirs, levels)
    theta = np.zeros(levels)
    for n in range(levels):
        if in_ours[n] > 0:
            theta[n] = 0.5 if in_theirs[n] > 0 else 1.0
    return theta


@called
def _asked_for(table: Table, levels: int) -> Ints:
    """Return how many cells can ask for each level."""
    counts = np.zeros(levels + 1, np.int64)
    for row in range(len(table.alone)):
        counts[0] += 1
        counts[table.alone_last[row]] -= 1
        for way in range(len(table.first[row])):
            counts[table.first[row, way]] += 1
            counts[table.last[row, way]] -= 1
    add_up(counts)
    return counts


@called
def add_up(counts: Ints) -> None:
    """Put the sum of a number and all before it in its place."""
    for n in range(1, len(counts)):
        counts[n] += counts[n - 1]
