"""Which way a structure leans: what it gains where the price rises far, against where it falls far."""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache

from strikewise.domain.instruments import Right
from strikewise.domain.structures import Structure

__all__ = ["Direction", "direction_of", "strikes_of"]

FAR = 0.5
"""Far is half the price up and down from the middle of the strikes."""
LEANS = 0.25
"""A structure leans where the two ends differ by more than this share of its whole span of values."""


class Direction(StrEnum):
    """Where a structure gains."""

    BULLISH = "bullish"
    BEARISH = "bearish"
    NEUTRAL = "neutral"


@lru_cache(maxsize=1024)
def direction_of(structure: Structure) -> Direction:
    """Return which way a structure leans, by its legs alone, whatever expires when.

    Intrinsic values are compared half the price above and below the middle of its strikes: a bear call spread
    loses above and not below; the wings of a condor lose the same, and it is neutral.
    """
    if not structure.options:
        return Direction.BULLISH if structure.shares > 0 else Direction.BEARISH
    strikes = sorted({contract.strike for contract, _ in structure.options})
    middle = (strikes[0] + strikes[-1]) / 2
    low, high = min((1 - FAR) * middle, strikes[0]), max((1 + FAR) * middle, strikes[-1])
    values = [_value(structure, price) for price in (low, *strikes, high)]
    span = max(values) - min(values)
    lean = values[-1] - values[0]
    if abs(lean) <= LEANS * span:
        return Direction.NEUTRAL
    return Direction.BULLISH if lean > 0 else Direction.BEARISH


def _value(structure: Structure, price: float) -> float:
    value = structure.shares * price
    for contract, ratio in structure.options:
        beyond = price - contract.strike if contract.right is Right.CALL else contract.strike - price
        value += ratio * contract.multiplier * max(0.0, beyond)
    return value


def strikes_of(structure: Structure) -> str:
    """Return a structure's underlying and strikes as one text, whatever the expirations and the ratios.

    ``SPY -480P +475P``: the same strikes on the same sides a week later are the same trade again.
    """
    legs = sorted(
        (contract.right.value, contract.strike_milli, 1 if ratio > 0 else -1)
        for contract, ratio in structure.options
    )
    named = [f"{'+' if side > 0 else '-'}{milli / 1000:g}{right}" for right, milli, side in legs]
    return " ".join([structure.underlying, *named])
