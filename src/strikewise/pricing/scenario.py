"""What a structure is worth before expiry, over prices, later dates and other volatilities."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

import numpy as np
from numpy.typing import ArrayLike, NDArray

from strikewise.domain.errors import StructureError
from strikewise.domain.greeks import Greeks
from strikewise.domain.instruments import OptionContract, Right
from strikewise.domain.structures import Structure
from strikewise.pricing import black_scholes

__all__ = ["structure_greeks", "structure_value"]

Array = NDArray[np.float64]

SAME_MOMENT = 1e-12
"""Years by which two instants that are meant to be one may differ in floating point."""


def structure_value(
    structure: Structure,
    spots: ArrayLike,
    volatilities: Sequence[float],
    years: Sequence[float],
    *,
    rate: float,
    dividend_yield: float,
    later_years: ArrayLike = 0.0,
    volatility_shift: ArrayLike = 0.0,
) -> Array:
    """Return the value of one unit of a structure under shifts of price, date and volatility.

    Parameters
    ----------
    structure : Structure
        What to value.
    spots : array_like
        Prices of the underlying in dollars.
    volatilities : sequence of float
        Implied volatility of each option leg today, a fraction, in the order of ``structure.options``.
    years : sequence of float
        Time to expiry of each option leg, calendar days over 365, in the same order.
    rate, dividend_yield : float
        Annual, continuously compounded, as fractions.
    later_years : array_like
        How much later to look; at its own expiry a leg is worth its intrinsic value.
    volatility_shift : array_like
        Added to each leg's volatility (0.05 is five points up); what would fall below zero is zero.

    Returns
    -------
    Dollars with multiplier, in the broadcast shape of the three arrays; NaN where a volatility is missing.

    Raises
    ------
    StructureError
        If volatilities or years are not one for each option leg, or a date lies behind a leg's expiry.
    """
    _check(structure, volatilities, years)
    grid, later, shift = np.broadcast_arrays(
        *(np.asarray(v, dtype=np.float64) for v in (spots, later_years, volatility_shift))
    )
    _require_alive(structure, years, float(np.max(later)))
    value = grid * float(structure.shares)
    for (contract, ratio), volatility, span in zip(structure.options, volatilities, years, strict=True):
        left, sigma = np.maximum(span - later, 0.0), np.maximum(volatility + shift, 0.0)
        price = _option_price(contract, grid, left, sigma, rate, dividend_yield)
        value = value + price * (ratio * contract.multiplier)
    return np.asarray(value)


def _option_price(
    contract: OptionContract,
    spots: Array,
    years: Array,
    volatility: Array,
    rate: float,
    dividend_yield: float,
) -> Array:
    forward = spots * np.exp((rate - dividend_yield) * years)
    discount = np.exp(-rate * years)
    is_call = contract.right is Right.CALL
    return black_scholes.price(is_call, forward, contract.strike, years, volatility, discount)


def structure_greeks(
    structure: Structure,
    spot: float,
    volatilities: Sequence[float],
    years: Sequence[float],
    *,
    rate: float,
    dividend_yield: float,
) -> Greeks:
    """Return the Greeks of one unit of a structure, in dollars, multiplier included.

    Parameters as `structure_value`; NaN where a leg's volatility is missing.

    Raises
    ------
    StructureError
        If the volatilities or years are not one for each option leg.
    """
    _check(structure, volatilities, years)
    held = Greeks(delta=float(structure.shares))
    if not structure.options:
        return held
    contracts: list[OptionContract] = [contract for contract, _ in structure.options]
    found = black_scholes.greeks(
        np.array([contract.right is Right.CALL for contract in contracts]),
        spot,
        np.array([contract.strike for contract in contracts]),
        np.asarray(years, dtype=np.float64),
        np.asarray(volatilities, dtype=np.float64),
        rate,
        dividend_yield,
    )
    weights = np.array([float(ratio * contract.multiplier) for contract, ratio in structure.options])
    return held + Greeks(*(float(weights @ column) for column in found[1:]))


def _check(structure: Structure, volatilities: Sequence[float], years: Sequence[float]) -> None:
    legs = len(structure.options)
    if len(volatilities) != legs or len(years) != legs:
        raise StructureError(
            f"{structure.describe()} needs a volatility and a time for each of its {legs} option legs; "
            f"were {len(volatilities)} and {len(years)}."
        )


def _require_alive(structure: Structure, years: Sequence[float], later: float) -> None:
    if later > min(years, default=inf) + SAME_MOMENT:
        raise StructureError(
            f"{structure.describe()} cannot be valued {later:.4f} years from now: a leg expires in "
            f"{min(years):.4f}; look no further than the first expiration."
        )
