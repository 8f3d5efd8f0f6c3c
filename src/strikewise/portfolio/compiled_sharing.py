"""The Numba kernel of `strikewise.portfolio.sharing_steps`: the same search in loops, equal to the bit."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from strikewise.portfolio.compiled_assignment import FREE, assign
from strikewise.portfolio.compiled_tables import Table, add_up, first_shares, laid_out
from strikewise.portfolio.sharing_steps import Side
from strikewise.pricing.compiler import called, compiled

__all__ = ["least_in_steps"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MOST_PARTS = 1_050
"""As many bits as do not touch one another fit into the range of a float."""


@compiled
def least_in_steps(puts: Side, calls: Side, steps: int, below: float) -> tuple[float, bool, bool]:
    """Return the fields of what `sharing_steps.least_in_steps` does."""
    ours, theirs, length, grain = laid_out(puts, calls)
    levels = len(length)
    theta = first_shares(ours, theirs, levels)
    our_counts, their_counts = np.empty(levels + 1, np.int64), np.empty(levels + 1, np.int64)
    best, naked = np.inf, False
    for _ in range(steps):
        our_charges, their_charges = _summed(theta, length)
        put_charged, asked_of_puts, put_naked = _cheapest(ours, our_charges, our_counts)
        call_charged, asked_of_calls, call_naked = _cheapest(theirs, their_charges, their_counts)
        asked = asked_of_puts + asked_of_calls
        for n in range(levels):
            asked += length[n] * max(our_counts[n], their_counts[n])
        if asked < best:
            best, naked = asked, put_naked or call_naked
        bound = put_charged + call_charged
        if bound > best - grain + 0.001:
            return best, naked, True
        if bound > below or not _moved(theta, length, our_counts, their_counts, best - bound):
            break
    return best, naked, False


@called
def _summed(theta: Floats, length: Floats) -> tuple[Floats, Floats]:
    """Return what the first levels together cost puts and calls: none, one, and so on to all."""
    ours, theirs = np.zeros(len(length) + 1), np.zeros(len(length) + 1)
    for n in range(len(length)):
        charge = theta[n] * length[n]
        ours[n + 1] = ours[n] + charge
        theirs[n + 1] = theirs[n] + (length[n] - charge)
    return ours, theirs


@called
def _moved(theta: Floats, length: Floats, our_counts: Ints, their_counts: Ints, gap: float) -> bool:
    """Move the shares to where more is asked for, by Polyak's step; return whether they can move."""
    more = np.zeros(len(theta))
    slope = 0.0
    for n in range(len(theta)):
        above = our_counts[n] - their_counts[n]
        if not ((theta[n] >= 1.0 and above > 0) or (theta[n] <= 0.0 and above < 0)):
            more[n] = above
            slope += length[n] * (more[n] * more[n])
    if slope == 0.0:
        return False
    for n in range(len(theta)):
        theta[n] = min(max(theta[n] + gap / slope * more[n], 0.0), 1.0)
    return True


@called
def _cheapest(table: Table, charges: Floats, counts: Ints) -> tuple[float, float, bool]:
    """Write the counts above each level of the cheapest assignment.

    Return what it is charged, what it really asks for that is not shared, and whether any is naked.
    """
    saved = np.empty(table.fixed.shape)
    parts, used = np.empty(MOST_PARTS), 0
    counts[:] = 0
    fixed, open_contracts = 0.0, 0
    for row in range(len(saved)):
        alone = table.alone[row] + charges[table.alone_last[row]]
        used = _added(parts, used, table.contracts[row] * alone)
        for way in range(len(saved[row])):
            cost = table.fixed[row, way] + charges[table.last[row, way]] - charges[table.first[row, way]]
            saved[row, way] = min(cost - alone, 0.0)
        # All are naked until they are assigned.
        fixed += table.contracts[row] * table.alone[row]
        open_contracts += table.contracts[row]
        counts[0] += table.contracts[row]
        counts[table.alone_last[row]] -= table.contracts[row]
    way_of = _assigned(saved, table.sold, table.used)
    for contract in range(len(way_of)):
        row, way = table.sold[contract], way_of[contract]
        if way != FREE and saved[row, way] < 0.0:
            used = _added(parts, used, saved[row, way])
            fixed += table.fixed[row, way] - table.alone[row]
            open_contracts -= 1
            counts[0] -= 1
            counts[table.alone_last[row]] += 1
            counts[table.first[row, way]] += 1
            counts[table.last[row, way]] -= 1
    add_up(counts)
    return _rounded(parts, used), fixed, open_contracts > 0


@called
def _assigned(saved: Floats, sold: Ints, used: Ints) -> Ints:
    """Return the way in which each contract sold is covered, `FREE` for none."""
    way_of = np.full(len(sold), FREE)
    if len(sold) <= len(used):
        cost = np.empty((len(sold), len(used)))
        for row in range(len(sold)):
            for column in range(len(used)):
                cost[row, column] = saved[sold[row], used[column]]
        columns = assign(cost)
        for row in range(len(sold)):
            way_of[row] = used[columns[row]]
    else:
        cost = np.empty((len(used), len(sold)))
        for row in range(len(used)):
            for column in range(len(sold)):
                cost[row, column] = saved[sold[column], used[row]]
        columns = assign(cost)
        for row in range(len(used)):
            way_of[columns[row]] = used[row]
    return way_of


@called
def _added(parts: Floats, used: int, number: float) -> int:
    """Add a number to a sum kept exactly in parts that do not overlap, and return how many these are.

    J. R. Shewchuk, "Adaptive precision floating-point arithmetic" (1997), as `math.fsum` does.
    """
    kept = 0
    for at in range(used):
        large, small = number, parts[at]
        if abs(large) < abs(small):
            large, small = small, large
        number = large + small
        lost = small - (number - large)
        if lost != 0.0:
            parts[kept] = lost
            kept += 1
    parts[kept] = number
    return kept + 1


@called
def _rounded(parts: Floats, used: int) -> float:
    """Return a sum kept in parts, rounded once, half to even."""
    if used == 0:
        return 0.0
    total, lost, at = float(parts[used - 1]), 0.0, used - 1
    while at > 0 and lost == 0.0:
        at -= 1
        large = total
        total = large + parts[at]
        lost = parts[at] - (total - large)
    # What is left decides where the part just lost was exactly half a digit.
    if at > 0 and ((lost < 0.0 and parts[at - 1] < 0.0) or (lost > 0.0 and parts[at - 1] > 0.0)):
        twice = 2.0 * lost
        if (total + twice) - total == twice:
            total += twice
    return total
