"""Bid and ask around a model price: ticks, and half-spreads by price, moneyness, maturity and stress."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["INDEX_QUOTING", "PENNY_QUOTING", "QuoteModel"]

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class QuoteModel:
    """How wide a market maker quotes around the model's price.

    The half-spread in dollars is half a tick, plus ``scale * time_value**0.75 * (1 + years/2)``, plus
    ``in_the_money * intrinsic``, the last two times ``max(1, index / 0.18)``; all of it times ``multiplier``.
    Bid and ask are then rounded outward to the tick: the model's price always lies between them, the bid is
    never negative, and a price under a tick has a bid of zero.

    Attributes
    ----------
    tick_cents, coarse_tick_cents : int
        Ticks below and from ``coarse_from_cents`` on.
    coarse_from_cents : int
        The price, in cents, from which the coarse tick holds.
    scale, in_the_money : float
        As above.
    multiplier : float
        Recorded spreads of one year do not carry over to another: results belong under 1, 2 and 3.
    """

    tick_cents: int
    coarse_tick_cents: int
    coarse_from_cents: int
    scale: float
    in_the_money: float
    multiplier: float = 1.0

    def quotes(
        self, price: Array, intrinsic: Array, years: Array, volatility_index: float
    ) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Return bids and asks in cents.

        Parameters
        ----------
        price, intrinsic, years : (n,) float64
            The model's price and the discounted intrinsic value of the forward, dollars; calendar years to
            expiry.
        volatility_index : float
            As a fraction.

        Returns
        -------
        Bid and ask, each (n,) int32, the ask at least a tick above the bid.
        """
        stress = max(1.0, volatility_index / 0.18)
        time_value = np.maximum(price - intrinsic, 0.0)
        root = np.sqrt(time_value)
        edge = self.scale * root * np.sqrt(root) * (1.0 + 0.5 * years) + self.in_the_money * intrinsic
        cents = 100.0 * price
        half_tick = 0.5 * self._tick(cents)
        # Rounding outward adds half a tick by itself, on average.
        distance = np.maximum(self.multiplier * (100.0 * stress * edge + half_tick) - half_tick, 0.0)
        low, high = np.maximum(cents - distance, 0.0), cents + distance
        low_tick, high_tick = self._tick(low), self._tick(high)
        bid = np.floor(low / low_tick + 1e-9) * low_tick
        ask = np.ceil(high / high_tick - 1e-9) * high_tick
        ask = np.where(ask > bid, ask, bid + self._tick(bid))
        return bid.astype(np.int32), ask.astype(np.int32)

    def _tick(self, cents: Array) -> Array:
        return np.where(cents < self.coarse_from_cents, float(self.tick_cents), float(self.coarse_tick_cents))


PENNY_QUOTING = QuoteModel(1, 1, 300, scale=0.003, in_the_money=0.004)
"""Funds in penny ticks: half-spreads as of SPY in 2021 and February 2026; by July 2026 twice as wide."""

INDEX_QUOTING = QuoteModel(5, 10, 300, scale=0.03, in_the_money=0.004)
"""Index options in nickels and dimes: a guess at the usual width, for want of recorded quotes."""
