"""What a split makes of contracts and shares: more of them at a smaller strike, for the same money.

A forward split by a whole number leaves standard contracts: *n* times as many of 1/n of the strike, rounded
to the cent as the Options Clearing Corporation does. Every other split gives contracts of an odd deliverable,
which this house does not trade.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from strikewise.domain.instruments import Instrument, OptionContract
from strikewise.domain.structures import Leg, Structure

__all__ = ["split_instrument", "split_ratio", "split_structure"]

MILLI_PER_CENT = 10
LARGEST_DENOMINATOR = 1000


def split_ratio(ratio: float) -> Fraction:
    """Return new shares for one old as a fraction: 0.1 is one for ten."""
    return Fraction(ratio).limit_denominator(LARGEST_DENOMINATOR)


def split_instrument(instrument: Instrument, ratio: int) -> Instrument:
    """Return what one instrument is called after a forward split; shares keep their name.

    Parameters
    ----------
    instrument : Instrument
        Before the split.
    ratio : int
        New shares for one old, two or more.
    """
    if not isinstance(instrument, OptionContract):
        return instrument
    unit = MILLI_PER_CENT * ratio
    cents = (2 * instrument.strike_milli + unit) // (2 * unit)
    return replace(instrument, strike_milli=max(1, cents) * MILLI_PER_CENT)


def split_structure(structure: Structure, ratio: int) -> Structure:
    """Return a structure after a forward split, of which ``ratio`` times as many units are held."""
    return Structure.of(Leg(split_instrument(leg.instrument, ratio), leg.ratio) for leg in structure.legs)
