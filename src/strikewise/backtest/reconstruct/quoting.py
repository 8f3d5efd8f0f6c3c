"""Bid and ask around a model price: ticks, and half-spreads by price, delta, maturity, side and stress."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["SPREAD_FEATURES", "QuoteModel", "SpreadLaw", "Ticks", "spread_features"]

Array = NDArray[np.float64]

SPREAD_FEATURES = (
    *("1", "m", "m2", "delta", "delta2", "delta3", "t", "t2", "mt"),
    *("put", "monthly", "inside", "inside2", "inside3", "inside_put"),
)
BASIS = 1e4
MOST_SHARE = 0.5
"""No half-spread is more than this share of the mid, beyond a tick."""
CALM = 0.18


def spread_features(
    price: Array,
    intrinsic: Array,
    spot: Array | float,
    delta: Array,
    dte: Array,
    is_put: NDArray[np.bool_],
    is_monthly: NDArray[np.bool_],
) -> Array:
    """Return what a half-spread depends on, ``(15, n)``.

    Parameters
    ----------
    price, intrinsic, spot : (n,) float64
        Mid, discounted value in the money, and price of the underlying, dollars.
    delta, dte : (n,) float64
        Delta of either sign, and calendar days to expiry.
    is_put, is_monthly : (n,)
        Puts, and third Fridays.
    """
    money = np.log(np.maximum(price, 0.005) / spot * BASIS)
    time = np.log(dte + 1.0)
    size = np.abs(delta)
    inside = np.log1p(intrinsic / spot * BASIS)
    columns = (
        *(np.ones_like(money), money, money**2, size, size**2, size**3, time, time**2, money * time),
        *(is_put, is_monthly, inside, inside**2, inside**3, inside * is_put),
    )
    return np.stack(np.broadcast_arrays(*columns)).astype(np.float64)


@dataclass(frozen=True, slots=True)
class SpreadLaw:
    """A log-regression of half-spreads, in basis points of the spot, on `spread_features`.

    Recorded spreads of one source and year do not carry over to another: those of July 2026 are two to three
    times those of February 2026 and of 2021. Results belong under several multipliers.
    """

    coefficients: Array

    def scaled(self, factor: float) -> SpreadLaw:
        """Return the law of quotes so many times as wide."""
        return SpreadLaw(np.concatenate([self.coefficients[:1] + np.log(factor), self.coefficients[1:]]))

    def half_spread(self, described: Array, spot: Array | float) -> Array:
        """Return half-spreads in dollars."""
        return np.asarray(np.exp(self.coefficients @ described) / BASIS * spot)


@dataclass(frozen=True, slots=True)
class Ticks:
    """Price increments in cents: below ``coarse_from``, and from there on."""

    fine: int
    coarse: int
    coarse_from: int

    def at(self, cents: Array) -> Array:
        """Return the increment at each price."""
        return np.where(cents < self.coarse_from, float(self.fine), float(self.coarse))


@dataclass(frozen=True, slots=True)
class QuoteModel:
    """How wide a market maker quotes around the model's price.

    Half-spreads are the law's, times ``max(1, index / 0.18)``, times the multiplier. The model's price always
    lies between bid and ask, the bid is never negative, and a price under a tick has a bid of zero.

    Attributes
    ----------
    law : SpreadLaw
        Half-spreads on a calm day.
    ticks : Ticks
        Price increments.
    multiplier : float
        Widens every spread.
    """

    law: SpreadLaw
    ticks: Ticks
    multiplier: float = 1.0

    def quotes(
        self, price: Array, half_spread: Array, volatility_index: float
    ) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Return bids and asks in cents.

        Parameters
        ----------
        price, half_spread : (n,) float64
            The model's price and the law's half-spread, dollars.
        volatility_index : float
            As a fraction.

        Returns
        -------
        Bid and ask, each (n,) int32, the ask at least a tick above the bid.
        """
        cents = 100.0 * price
        wide = 100.0 * half_spread * max(1.0, volatility_index / CALM)
        tick = self.ticks.at(cents)
        wide = self.multiplier * np.clip(wide, 0.5 * tick, np.maximum(MOST_SHARE * cents, tick))
        # The quotes nearest to the wanted ones that leave the price between them.
        low, high = np.maximum(cents - wide, 0.0), cents + wide
        low_tick, high_tick = self.ticks.at(low), self.ticks.at(high)
        bid = np.minimum(np.rint(low / low_tick), np.floor(cents / low_tick + 1e-9)) * low_tick
        ask = np.maximum(np.rint(high / high_tick), np.ceil(cents / high_tick - 1e-9)) * high_tick
        ask = np.where(ask > bid, ask, bid + self.ticks.at(bid))
        return bid.astype(np.int32), ask.astype(np.int32)
