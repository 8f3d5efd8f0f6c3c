"""The Numba kernel of linear assignment: the way of SciPy, equal to the bit, ties and all.

D. F. Crouse, "On implementing 2D rectangular assignment algorithms", IEEE Transactions on Aerospace and
Electronic Systems 52 (2016): shortest augmenting paths. Of assignments that cost the same the steps of
`strikewise.portfolio.sharing_steps` depend on which is found.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from strikewise.pricing.compiler import called, compiled

__all__ = ["FREE", "assign"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

FREE = -1


@compiled
def assign(cost: Floats) -> Ints:
    """Return the column of each row in the assignment that costs least.

    Each row in turn takes a column: the end of the shortest path that alternates between reduced costs and
    what is assigned already.

    Parameters
    ----------
    cost : (n, m) float64
        With no fewer columns than rows; infinite where a row cannot have a column. Refused
        where a row is left without.
    """
    rows, columns = cost.shape
    row_price, column_price = np.zeros(rows), np.zeros(columns)
    column_of, row_of = np.full(rows, FREE), np.full(columns, FREE)
    line, rank, before = np.empty(columns, np.int64), np.empty(columns, np.int64), np.empty(columns, np.int64)
    reach, reached, price = np.empty(columns), np.empty(columns), np.empty(columns)
    for new in range(rows):
        _line_up(line, rank, row_of)
        reach[:] = np.inf
        price[:] = column_price
        left, row, shortest = columns, new, 0.0
        while row != FREE:
            for column in range(columns):
                length = shortest + cost[row, column] - row_price[row] - price[column]
                nearer = length < reach[column]
                reach[column] = length if nearer else reach[column]
                before[column] = row if nearer else before[column]
            shortest, place = _nearest(reach, rank)
            if shortest == np.inf:
                raise ValueError("A row was to be given a column; none is left that it can have.")
            left -= 1
            column = line[place]
            line[place], line[left] = line[left], column
            rank[line[place]] = place if rank[line[place]] >= 0 else -1 - place
            reached[column] = shortest
            reach[column], price[column] = np.inf, -np.inf
            row = row_of[column]
        row_price[new] += shortest
        for gone in line[left:]:
            if gone != column:
                row_price[row_of[gone]] += shortest - reached[gone]
            column_price[gone] -= shortest - reached[gone]
        while row != new:
            row = before[column]
            row_of[column] = row
            column, column_of[row] = column_of[row], column
    return column_of


@called
def _line_up(line: Ints, rank: Ints, row_of: Ints) -> None:
    """Put the columns in line, the last one first; a free one ranks by its place, another below all free."""
    for place in range(len(line)):
        column = len(line) - 1 - place
        line[place] = column
        rank[column] = place if row_of[column] == FREE else -1 - place


@called
def _nearest(reach: Floats, rank: Ints) -> tuple[float, int]:
    """Return how near the nearest column is, and its place: of equals the one that ranks highest.

    So a free column comes before others, and of free ones the last in line, of others the first. Loops
    without branches, which become vector instructions.
    """
    shortest = np.inf
    for column in range(len(reach)):
        shortest = min(shortest, reach[column])
    highest = -1 - len(rank)
    for column in range(len(rank)):
        highest = max(highest, rank[column] if reach[column] == shortest else highest)
    return shortest, highest if highest >= 0 else -1 - highest
