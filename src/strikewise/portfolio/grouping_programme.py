"""The least margin as an integer programme: how many contracts of each leg go into which kind of group."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import scipy
from numpy.typing import NDArray

from strikewise.domain.instruments import Right
from strikewise.portfolio.legs import Grouping, Legs, LongLeg, ShortLeg, width

__all__ = ["is_small", "least_of_all"]

MOST_COLUMNS = 300
"""Of short options times options: a larger programme takes a tenth of a second and more, and is not tried."""

WHOLE = 1e-6
SCALE = 1e6
"""Cents of one unit of the solver, whose tolerances are meant for numbers near one."""

Term = tuple[int, float]
"""A column, and its factor."""
Columns = NDArray[np.float64]


class _Programme:
    """Columns with costs in cents, and rows of ``sum of terms <= limit`` or ``= limit``."""

    def __init__(self) -> None:
        self._costs: list[float] = []
        self._rows: list[list[Term]] = []
        self._low: list[float] = []
        self._high: list[float] = []
        self._most: dict[int, list[list[Term]]] = {}

    def column(self, cost: float) -> int:
        """Add a column of whole numbers and return its number."""
        self._costs.append(cost)
        return len(self._costs) - 1

    def row(self, terms: Iterable[Term], high: float, *, low: float = -np.inf) -> None:
        """Add a row."""
        self._rows.append(list(terms))
        self._low.append(low)
        self._high.append(high)

    def charge_most(self, sums: Sequence[list[Term]]) -> None:
        """Charge the largest of some sums in cents, or nothing where all are negative."""
        most = self.column(SCALE)
        self._most[most] = list(sums)
        for terms in sums:
            self.row([*((at, factor / SCALE) for at, factor in terms), (most, -1.0)], 0.0)

    def solve(self) -> tuple[int, Columns] | None:
        """Return the least cost and the columns, or None where the solver gives up.

        Most such programmes have a solution in whole contracts when nobody asks for one.
        """
        starts = np.cumsum([0, *(len(row) for row in self._rows)])
        used = [column for row in self._rows for column, _ in row]
        factors = [factor for row in self._rows for _, factor in row]
        matrix = scipy.sparse.csr_array((factors, used, starts), shape=(len(self._rows), len(self._costs)))
        rows = scipy.optimize.LinearConstraint(matrix, self._low, self._high)
        whole = np.ones(len(self._costs))
        whole[list(self._most)] = 0.0
        for asked in (np.zeros_like(whole), whole):
            answer = scipy.optimize.milp(
                np.array(self._costs) / SCALE,
                constraints=rows,
                integrality=asked,
                bounds=scipy.optimize.Bounds(0, np.inf),
                options={"mip_rel_gap": 0.0},
            )
            if not answer.success:
                return None
            columns = np.round(answer.x)
            if np.abs(answer.x - columns)[whole == 1].max(initial=0.0) < WHOLE:
                return self._cost(columns), columns
        return None

    def _cost(self, columns: Columns) -> int:
        """Return what whole numbers cost, to the cent."""
        counts: list[float] = columns.tolist()
        cost = sum(each * counts[at] for at, each in enumerate(self._costs) if at not in self._most)
        for sums in self._most.values():
            cost += max(0.0, *(sum(factor * counts[at] for at, factor in terms) for terms in sums))
        return round(cost)


def is_small(legs: Legs) -> bool:
    """Return whether all that is held on one underlying is little enough for a programme."""
    return len(legs.shorts) * (len(legs.shorts) + len(legs.longs)) <= MOST_COLUMNS


def least_of_all(legs: Legs) -> Grouping | None:
    """Return the cheapest grouping of all; None where there are too many or the solver gives up.

    Parameters
    ----------
    legs : Legs
        All that is held on one underlying.
    """
    shorts, longs, lots = legs
    if not is_small(legs):
        return None
    made = _Programme()
    naked = [made.column(leg.naked) for leg in shorts]
    in_set = [made.column(0) for _ in shorts]
    held = [made.column(0) for _ in longs]
    covered = [
        (row, made.column(leg.covered))
        for row, leg in enumerate(shorts)
        if lots.contracts and leg.right is lots.right
    ]
    later = [
        (row, wing, made.column(width(short, long)))
        for row, short in enumerate(shorts)
        for wing, long in enumerate(longs)
        if short.right is long.right and long.expires > short.expires
    ]
    for row, leg in enumerate(shorts):
        terms = [naked[row], in_set[row], *(at for one, at in covered if one == row)]
        terms += [at for one, _, at in later if one == row]
        made.row(((at, 1.0) for at in terms), leg.contracts, low=leg.contracts)
    for wing, long in enumerate(longs):
        terms = [held[wing], *(at for _, one, at in later if one == wing)]
        made.row(((at, 1.0) for at in terms), long.contracts)
    made.row(((at, 1.0) for _, at in covered), lots.contracts)
    _pair_naked(made, shorts, naked)
    for expires in {leg.expires for leg in shorts}:
        sold = [(leg, at) for leg, at in zip(shorts, in_set, strict=True) if leg.expires == expires]
        kept = [(leg, at) for leg, at in zip(longs, held, strict=True) if leg.expires == expires]
        _charge_set(made, sold, kept)
    answer = made.solve()
    if answer is None:
        return None
    cost, columns = answer
    return Grouping(cost, naked=bool(columns[naked].any()))


def _pair_naked(made: _Programme, shorts: tuple[ShortLeg, ...], naked: list[int]) -> None:
    """Let a naked put and a naked call share the smaller of their requirements."""
    pairs = [
        (put, call, made.column(-min(one.requirement, other.requirement)))
        for put, one in enumerate(shorts)
        for call, other in enumerate(shorts)
        if one.right is Right.PUT and other.right is Right.CALL
    ]
    for row, at in enumerate(naked):
        shared = [(pair, 1.0) for put, call, pair in pairs if row in (put, call)]
        if shared:
            made.row([*shared, (at, -1.0)], 0.0)


def _charge_set(made: _Programme, sold: list[tuple[ShortLeg, int]], kept: list[tuple[LongLeg, int]]) -> None:
    """Charge what the set of an expiration loses at most; of either right it sells no more than it holds.

    Between two strikes the value is linear, so that it is least at one of them or at zero; beyond the highest
    it does not fall.
    """
    for right in Right:
        ours = [(at, 1.0) for leg, at in sold if leg.right is right]
        theirs = [(at, -1.0) for leg, at in kept if leg.right is right]
        if ours:
            made.row([*ours, *theirs], 0.0)
    sums = []
    for spot in sorted({0, *(leg.strike for leg, _ in sold), *(leg.strike for leg, _ in kept)}):
        terms = [(at, float(_intrinsic(leg, spot))) for leg, at in sold if _intrinsic(leg, spot)]
        sums.append(
            terms + [(at, -float(_intrinsic(leg, spot))) for leg, at in kept if _intrinsic(leg, spot)]
        )
    made.charge_most(sums)


def _intrinsic(leg: ShortLeg | LongLeg, spot: int) -> int:
    return max(0, leg.strike - spot if leg.right is Right.PUT else spot - leg.strike)
