"""The grid on which exchanges take prices, and the side to which what lies between two ticks is rounded."""

from __future__ import annotations

from dataclasses import dataclass
from math import gcd

from strikewise.domain.instruments import INDEX_ROOTS, Stock
from strikewise.domain.structures import Structure

__all__ = ["TickSizes"]

CENT, NICKEL, DIME = 1, 5, 10
DEAR_CENTS = 300
"""From 3.00 on a class quotes in its wider tick (Cboe rule 5.4, and those of the other exchanges)."""


@dataclass(frozen=True, slots=True)
class TickSizes:
    """The least steps of prices, in cents per share.

    A class that nobody names here takes 5 cents below 3.00 and 10 from there on: that grid lies on every
    finer one, so that an order on it is off no exchange's tick.

    Attributes
    ----------
    in_cents : frozenset of str
        Underlyings whose options trade in cents at any price.
    penny : frozenset of str
        Underlyings in the Penny Interval Program: cents below 3.00, 5 cents from there on.

    Notes
    -----
    Several option legs in one order have a net price in cents, those on an index in 5 (Cboe rule 5.4(b));
    shares trade in cents.
    """

    in_cents: frozenset[str] = frozenset({"SPY", "QQQ", "IWM", "XSP"})
    penny: frozenset[str] = frozenset()

    def of(self, structure: Structure, price_cents: float) -> int:
        """Return the tick of a structure at a price.

        Parameters
        ----------
        structure : Structure
            What is traded as one.
        price_cents : float
            Per share: paid positive, received negative.
        """
        symbol, options = structure.underlying, len(structure.options)
        if symbol in self.in_cents or options == 0:
            return CENT
        if len(structure.legs) > 1:
            return NICKEL if symbol in INDEX_ROOTS else CENT
        below, above = (CENT, NICKEL) if symbol in self.penny else (NICKEL, DIME)
        return below if abs(price_cents) < DEAR_CENTS else above

    def rounded(self, structure: Structure, unit_cents: float) -> int:
        """Return the price of a unit on the grid: what is paid rounded down, what is received rounded up.

        Parameters
        ----------
        structure : Structure
            What is traded as one.
        unit_cents : float
            Of one unit, multiplier included: paid positive, received negative.
        """
        lot = lot_of(structure)
        price = unit_cents / lot
        tick = self.of(structure, price)
        return int(price // tick) * tick * lot


def lot_of(structure: Structure) -> int:
    """Return the shares behind which one unit's price per share stands: 100 for a spread, 1 for a share."""
    return gcd(
        *(
            leg.ratio if isinstance(leg.instrument, Stock) else leg.ratio * leg.instrument.multiplier
            for leg in structure.legs
        )
    )
