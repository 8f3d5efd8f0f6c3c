"""How chains that were reconstructed are told from recorded ones, and what to know of them."""

from __future__ import annotations

import re

__all__ = ["LIMITS", "limits_of", "spread_multiplier_of"]

LIMITS = (
    "Reconstructed chains are made from closes and volatility indices. They cannot show edges in options "
    "that expire today or tomorrow, what can be earned by capturing the spread, trades in skew, or any edge "
    "smaller than a volatility point; their spreads are those of one month of one source, so read results "
    "under spreads of one, two and three times."
)
"""What these chains cannot show, for whoever reads a result made with them."""


RECONSTRUCTED = re.compile(r"reconstructed:.+? spread x(?P<spread>[0-9.e+-]+)")
"""How a recipe signs its chains; a chain that holds recorded rows too names both sources."""


def spread_multiplier_of(source: str) -> float | None:
    """Return how many times usual spreads the chains of a source have; None for recorded ones."""
    signed = RECONSTRUCTED.search(source)
    return None if signed is None else float(signed["spread"])


def limits_of(source: str) -> str:
    """Return what chains of a source cannot show, with the multiplier in force; empty for recorded ones."""
    spread = spread_multiplier_of(source)
    return "" if spread is None else f"{LIMITS} The spread multiplier in force is {spread:g}."
