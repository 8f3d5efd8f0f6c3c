"""Legs with signed ratios, and what they make: name, payoff, breakevens, extremes."""

from __future__ import annotations

from dataclasses import dataclass

from strikewise.domain.errors import StructureError
from strikewise.domain.instruments import Instrument


@dataclass(frozen=True, slots=True)
class Leg:
    """One instrument of a structure.

    Attributes
    ----------
    instrument : Instrument
        Contract or shares.
    ratio : int
        Contracts (or shares) in one unit: bought positive, sold negative, never zero.
    """

    instrument: Instrument
    ratio: int

    def __post_init__(self) -> None:
        if self.ratio == 0:
            raise StructureError(f"A leg's ratio must not be zero; was 0 for {self.instrument}.")


@dataclass(frozen=True, slots=True)
class Structure:
    """Legs that are traded as one; sorted, each instrument once.

    Attributes
    ----------
    legs : tuple of Leg
        Sorted by expiration, right and strike; shares first.
    """

    legs: tuple[Leg, ...]
