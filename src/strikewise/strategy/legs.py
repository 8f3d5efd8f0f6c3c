"""Legs of any shape as columns: strikes that are listed where they are wanted, quotes that carry an entry.

A table of `Legs` has one structure a row and one column of chain rows a leg; the ratios are those of the
whole table. A *side* is what expiration, root and right make of a key (``key >> STRIKE_BITS``); a *term* is
expiration and root (``key >> ROOT_SHIFT``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from strikewise.domain.denials import DenialCode
from strikewise.domain.instruments import (
    EXPIRATION_SHIFT,
    RIGHT_BITS,
    ROOT_SHIFT,
    STRIKE_BITS,
    days_of,
)
from strikewise.domain.parameters import Parameter, ParameterSet
from strikewise.market.quality import Flaw
from strikewise.strategy.prospects import Prospect, Rejections
from strikewise.strategy.selection import BOUGHT_BAD, SOLD_BAD, TIGHT_CENTS, code_of_flaws

__all__ = [
    "PUT_BIT",
    "Legs",
    "Priced",
    "band_parameters",
    "deviations",
    "gate_legs",
    "listed_at",
    "listed_beyond",
    "listed_near",
    "milli",
    "nearest_to_spot",
    "pairs",
    "priced",
    "rows_in_band",
    "term_sides",
]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Rows = NDArray[np.intp]
Mask = NDArray[np.bool_]

PUT_BIT = 1 << STRIKE_BITS
"""What tells the key of a put from that of the call with the same strike."""
CROSSED, NO_QUOTE, ZERO_BID, WIDE = (
    np.uint16(flaw.bit) for flaw in (Flaw.CROSSED, Flaw.NO_QUOTE, Flaw.ZERO_BID, Flaw.WIDE)
)


@dataclass(frozen=True, slots=True, eq=False)
class Legs:
    """Structures of one shape on one expiration each, one a row.

    Attributes
    ----------
    rows : tuple of (n,) intp
        Rows of the prospect's chain, one column a leg.
    ratios : tuple of int
        Contracts of each leg, bought positive.
    """

    rows: tuple[Rows, ...]
    ratios: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.rows[0])

    def take(self, keep: Mask | Rows) -> Legs:
        """Return the structures that a mask keeps, or those of some rows of this table."""
        return Legs(tuple(column[keep] for column in self.rows), self.ratios)


@dataclass(frozen=True, slots=True, eq=False)
class Priced:
    """Structures with what they cost, one a row.

    Attributes
    ----------
    legs : Legs
        The structures.
    cost : (n,) int64
        At the touch, cents per share: paid positive, received negative.
    mid : (n,) int64
        At mid, half cents per share.
    days : (n,) int64
        Calendar days to expiration.
    years : (n,) float64
        To settlement, by the clock of `Prospect.years`.
    """

    legs: Legs
    cost: Ints
    mid: Ints
    days: Ints
    years: Floats

    def __len__(self) -> int:
        return len(self.cost)

    def take(self, keep: Mask | Rows) -> Priced:
        """Return the structures that a mask keeps, or those of some rows of this table."""
        return Priced(
            self.legs.take(keep), self.cost[keep], self.mid[keep], self.days[keep], self.years[keep]
        )


def band_parameters(name: str, *, low: float, high: float, what: str) -> tuple[Parameter, ...]:
    """Return the parameters ``{name}_delta_min`` and ``{name}_delta_max`` of `rows_in_band`."""
    return (
        Parameter(f"{name}_delta_min", low, f"Least absolute delta of {what}.", "delta", 0.01, 0.99),
        Parameter(f"{name}_delta_max", high, f"Most absolute delta of {what}.", "delta", 0.01, 0.99),
    )


def rows_in_band(
    prospect: Prospect, name: str, params: ParameterSet, rejected: Rejections, *, puts: bool, calls: bool
) -> Rows:
    """Return the contracts of the wanted rights whose absolute delta lies in a band; none are counted."""
    low, high = params.number(f"{name}_delta_min"), params.number(f"{name}_delta_max")
    delta = prospect.chain.delta
    size = np.abs(delta) if puts and calls else (-delta if puts else delta)
    rows = np.flatnonzero((size >= low) & (size <= high))
    if len(rows) == 0:
        blind = bool(np.isnan(delta).all())
        rejected[DenialCode.DATA_NO_DELTA if blind else DenialCode.STRUCTURE_NO_SHORT] += 1
    return rows


def term_sides(prospect: Prospect) -> Ints:
    """Return the call side of every expiration and root of a prospect's chain, each once."""
    terms = prospect.chain.key >> ROOT_SHIFT
    if len(terms) == 0:
        return terms
    starts = np.flatnonzero(np.append(True, terms[1:] != terms[:-1]))
    return np.asarray(terms[starts] << RIGHT_BITS)


def nearest_to_spot(prospect: Prospect, offset: float = 0.0) -> tuple[Rows, Rows]:
    """Return the call and the put of one strike, that next to spot, of every expiration that lists both.

    ``offset`` moves the wanted strike by a share of spot.
    """
    sides = term_sides(prospect)
    wanted = np.full(len(sides), max(1, round(prospect.spot * (1.0 + offset) * 1000.0)))
    calls, near = listed_near(prospect, sides, wanted)
    puts, listed = listed_at(prospect, prospect.chain.key[calls] | PUT_BIT)
    both = near & listed
    return calls[both], puts[both]


def listed_near(prospect: Prospect, sides: Ints, strike_milli: Ints) -> tuple[Rows, Mask]:
    """Return the rows of the strikes next to those wanted, and which sides list any at all.

    Parameters
    ----------
    prospect : Prospect
        The underlying.
    sides : (n,) int64
        Expiration, root and right, ``key >> STRIKE_BITS``.
    strike_milli : (n,) int64
        The strikes wanted, thousandths of a dollar.
    """
    key = prospect.chain.key
    target = (sides << STRIKE_BITS) | strike_milli
    above = np.minimum(key.searchsorted(target), len(key) - 1)
    below = np.maximum(above - 1, 0)
    rows = np.where(np.abs(key[above] - target) < np.abs(key[below] - target), above, below)
    listed: Mask = key[rows] >> STRIKE_BITS == sides
    return rows, listed


def listed_at(prospect: Prospect, keys: Ints) -> tuple[Rows, Mask]:
    """Return the rows of packed contracts, and which of them the chain lists."""
    key = prospect.chain.key
    rows = np.minimum(key.searchsorted(keys), len(key) - 1)
    listed: Mask = key[rows] == keys
    return rows, listed


def listed_beyond(
    prospect: Prospect, keys: Ints, distance_milli: Ints | int, tolerance: float, *, upward: Mask | bool
) -> tuple[Rows, Mask]:
    """Return the strikes listed at a distance from contracts, or the next beyond it.

    Parameters
    ----------
    prospect : Prospect
        The underlying.
    keys : (n,) int64
        Packed contracts to count from.
    distance_milli : (n,) int64 or int
        Thousandths of a dollar, above zero.
    tolerance : float
        How much further the strike may be, as a share of the distance.
    upward : (n,) bool or bool
        Whether to higher strikes.

    Returns
    -------
    Rows and mask
        The mask is False where no such strike is listed.
    """
    key = prospect.chain.key
    above = np.minimum(key.searchsorted(keys + distance_milli), len(key) - 1)
    below = key.searchsorted(keys - distance_milli, "right") - 1
    rows = np.where(upward, above, np.maximum(below, 0))
    gap: Ints = np.where(upward, key[rows] - keys, keys - key[rows])
    reach = np.asarray(distance_milli) * (1.0 + tolerance)
    # Another side is out of reach of any distance; the ends of the chain are not beyond it.
    listed: Mask = np.asarray((gap >= distance_milli) & (gap <= reach))
    return rows, listed


def deviations(prospect: Prospect, rows: Rows) -> Floats:
    """Return one standard deviation of the price to the expiration of each row, dollars.

    ``spot * volatility * sqrt(years)`` with the implied volatility of the call and put next to spot; NaN
    where neither has one.
    """
    key, iv = prospect.chain.key, prospect.chain.iv
    calls, puts = nearest_to_spot(prospect)
    if len(calls) == 0:
        return np.full(len(rows), np.nan)
    call, put = iv[calls].astype(np.float64), iv[puts].astype(np.float64)
    volatility = np.where(np.isnan(call), put, np.where(np.isnan(put), call, 0.5 * (call + put)))
    years = np.maximum(prospect.years(key[calls]), 0.0)
    each = prospect.spot * volatility * np.sqrt(years)
    terms, wanted = key[calls] >> ROOT_SHIFT, key[rows] >> ROOT_SHIFT
    at = np.minimum(terms.searchsorted(wanted), len(terms) - 1)
    return np.asarray(np.where(terms[at] == wanted, each[at], np.nan))


def milli(dollars: Floats) -> Ints:
    """Return distances in thousandths of a dollar, at least one."""
    return np.maximum(np.round(1000.0 * dollars), 1.0).astype(np.int64)


def pairs(prospect: Prospect, first: Rows, second: Rows) -> tuple[Rows, Rows]:
    """Return each of some rows with each of others that has the same expiration and root."""
    term = prospect.chain.key >> ROOT_SHIFT
    one, other = np.nonzero(term[first][:, np.newaxis] == term[second])
    return first[one], second[other]


def gate_legs(prospect: Prospect, legs: Legs, params: ParameterSet, rejected: Rejections) -> Mask:
    """Say which structures have quotes that an entry may rest on, counting the others by their first flaw.

    What is sold needs a bid and a spread within ``max_spread``; what is bought an ask above its bid.
    """
    flaws = _leg_flaws(prospect, legs, params)
    keep: Mask = flaws == 0
    for flaw in flaws[~keep].tolist():
        rejected[code_of_flaws(flaw)] += 1
    least = params.integer("min_open_interest")
    if least > 0:
        interest = prospect.chain.open_interest
        thin = np.logical_or.reduce([interest[rows] < least for rows in legs.rows])
        rejected[DenialCode.QUOTE_ILLIQUID] += int(np.count_nonzero(thin & keep))
        keep &= ~thin
    return keep


def _leg_flaws(prospect: Prospect, legs: Legs, params: ParameterSet) -> NDArray[np.uint16]:
    chain = prospect.chain
    flaws = np.zeros(len(legs), dtype=np.uint16)
    for rows, ratio in zip(legs.rows, legs.ratios, strict=True):
        bid, ask = chain.bid[rows], chain.ask[rows]
        spread = ask - bid
        flaws |= chain.flaws[rows] & (SOLD_BAD if ratio < 0 else BOUGHT_BAD)
        flaws |= (spread <= 0) * CROSSED
        flaws |= (bid < 0) * NO_QUOTE
        if ratio < 0:
            flaws |= (bid == 0) * ZERO_BID
            widest = params.number("max_spread") * (ask + bid)
            flaws |= ((2 * spread > widest) & (spread > TIGHT_CENTS)) * WIDE
    return flaws


def priced(prospect: Prospect, legs: Legs, params: ParameterSet, rejected: Rejections) -> Priced | None:
    """Return the structures whose quotes carry an entry, with their cost; None where none is left (counted).

    What settled before the chain was taken is left out.
    """
    if len(legs) == 0:
        return None
    keep = gate_legs(prospect, legs, params, rejected)
    legs = legs if bool(keep.all()) else legs.take(keep)
    if len(legs) == 0:
        return None
    chain = prospect.chain
    cost, mid = np.zeros(len(legs), dtype=np.int64), np.zeros(len(legs), dtype=np.int64)
    for rows, ratio in zip(legs.rows, legs.ratios, strict=True):
        bid, ask = chain.bid[rows].astype(np.int64), chain.ask[rows].astype(np.int64)
        cost += ratio * (ask if ratio > 0 else bid)
        mid += ratio * (ask + bid)
    keys = chain.key[legs.rows[0]]
    found = Priced(legs, cost, mid, (keys >> EXPIRATION_SHIFT) - days_of(chain.day), prospect.years(keys))
    ahead = found.years > 0.0
    if bool(ahead.all()):
        return found
    rejected[DenialCode.STRUCTURE_NO_EXPIRATION] += int(np.count_nonzero(~ahead))
    return found.take(ahead) if bool(ahead.any()) else None
