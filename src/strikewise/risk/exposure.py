"""What positions have at stake, and where."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from strikewise.domain.instruments import OptionContract, Right
from strikewise.domain.portfolio import Portfolio, Position
from strikewise.domain.structures import Structure

__all__ = [
    "at_stake_cents",
    "equity_dollars",
    "held_sides",
    "notional",
    "portfolio_at_stake_cents",
    "uncovered",
]


@lru_cache(maxsize=1024)
def uncovered(structure: Structure) -> bool:
    """Return whether a structure sells an option that nothing covers.

    A long option of the same right covers a short one if it does not expire before it; long shares cover
    calls, short shares puts.
    """
    for right in Right:
        lots = structure.shares // 100 if right is Right.CALL else -structure.shares // 100
        held = [(one.expiration, ratio) for one, ratio in structure.options if one.right is right]
        for day in {day for day, ratio in held if ratio < 0}:
            # From the last expiration backwards, there must never be more sold than what outlives it.
            if sum(ratio for other, ratio in held if other >= day) + max(0, lots) < 0:
                return True
    return False


def at_stake_cents(position: Position) -> int:
    """Return what a position can lose at expiry before fees; its margin where an option is sold uncovered."""
    most, margin = position.max_loss_cents, position.margin_cents
    if most is None or most == margin or uncovered(position.structure):
        return margin
    return most


def portfolio_at_stake_cents(portfolio: Portfolio) -> int:
    """Return what all positions have at stake, those that are only ordered included."""
    return sum([at_stake_cents(position) for position in portfolio.positions])


def equity_dollars(portfolio: Portfolio) -> float:
    """Return the equity at exit prices that limits are shares of, never below zero."""
    return max(0, portfolio.equity_exit_cents) / 100


def notional(structure: Structure, quantity: int, spot: float) -> float:
    """Return what the shares behind an order's largest leg, and its own, are worth at a price, dollars."""
    largest = max((abs(ratio) * contract.multiplier for contract, ratio in structure.options), default=0)
    return quantity * (largest + abs(structure.shares)) * spot


def held_sides(positions: Iterable[Position]) -> dict[OptionContract, int]:
    """Return the options that positions hold or have ordered: 1 for long, -1 for short."""
    sides: dict[OptionContract, int] = {}
    for position in positions:
        for holding in position.holdings:
            if isinstance(contract := holding.instrument, OptionContract):
                sides[contract] = 1 if holding.quantity > 0 else -1
        if not position.holdings:
            for contract, ratio in position.structure.options:
                sides[contract] = 1 if ratio > 0 else -1
    return sides
