"""The options of one underlying as grouping sees them: what each short asks for, and what may cover it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from strikewise.domain.instruments import Right

__all__ = ["Expiry", "Grouping", "Legs", "LongLeg", "Lots", "ShortLeg", "covers", "end_of", "width"]

Ints = NDArray[np.int64]

Expiry = tuple[int, bool]
"""Ordinal of the expiration date, and whether it settles at the close: what sorts earlier expires earlier."""


class ShortLeg(NamedTuple):
    """A short option; amounts in cents per contract.

    Attributes
    ----------
    right : Right
        Call or put.
    strike : int
        Strike times multiplier, cents.
    expires : Expiry
        When.
    contracts : int
        How many, positive.
    naked : int
        What it asks for if naked, beyond what it is worth to close.
    requirement : int
        The part of ``naked`` that a straddle or strangle shares.
    covered : int
        What it asks for if covered by shares, beyond what it is worth to close.
    """

    right: Right
    strike: int
    expires: Expiry
    contracts: int
    naked: int
    requirement: int
    covered: int


class LongLeg(NamedTuple):
    """A long option, as in `ShortLeg`."""

    right: Right
    strike: int
    expires: Expiry
    contracts: int


class Lots(NamedTuple):
    """Hundreds of shares that cover short options of a right: long shares calls, short shares puts."""

    right: Right
    contracts: int


class Legs(NamedTuple):
    """All that is held on one underlying, netted."""

    shorts: tuple[ShortLeg, ...]
    longs: tuple[LongLeg, ...]
    lots: Lots

    @property
    def counts(self) -> list[int]:
        """Contracts of the short options, of the long ones, and lots of shares, in this order."""
        return [
            *(leg.contracts for leg in self.shorts),
            *(leg.contracts for leg in self.longs),
            self.lots.contracts,
        ]


class Grouping(NamedTuple):
    """What the cheapest grouping asks for beyond the value of the legs, and whether it leaves any naked."""

    gross: int
    naked: bool


def end_of(leg: ShortLeg | LongLeg) -> int:
    """Return when a leg expires as one number: what is less expires earlier."""
    return 2 * leg.expires[0] + leg.expires[1]


def width(short: ShortLeg, long: LongLeg) -> int:
    """Return what a short option loses at most once a long one of its right covers it, cents per contract."""
    sign = 1 if short.right is Right.PUT else -1
    return max(0, sign * (short.strike - long.strike))


def covers(shorts: Sequence[ShortLeg], longs: Sequence[LongLeg]) -> tuple[Ints, Ints]:
    """Return `width` of every pair of one right, and how much later the long option expires.

    Parameters
    ----------
    shorts, longs : sequence
        Options of one right.

    Returns
    -------
    tuple of (n_shorts, n_longs) int64
        Cents per contract; positive where the long option is later, zero where both expire together,
        negative where it covers nothing.
    """
    sign = 1 if shorts and shorts[0].right is Right.PUT else -1
    (ours, our_end), (theirs, their_end) = _strikes_and_ends(shorts), _strikes_and_ends(longs)
    apart = np.maximum(sign * (ours[:, np.newaxis] - theirs), 0)
    return apart, their_end - our_end[:, np.newaxis]


def _strikes_and_ends(legs: Sequence[ShortLeg | LongLeg]) -> tuple[Ints, Ints]:
    table = [(leg.strike, end_of(leg)) for leg in legs]
    columns = np.array(table, dtype=np.int64).reshape(len(legs), 2)
    return columns[:, 0], columns[:, 1]
