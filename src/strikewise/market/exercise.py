"""Read volatilities from quotes, and Greeks from volatilities, by when the options may be exercised."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from strikewise.pricing import american, black_scholes
from strikewise.pricing.black_scholes import GreekArrays
from strikewise.pricing.implied_vol import implied_volatility

__all__ = ["American", "European", "Exercise"]

Array = NDArray[np.float64]
Rows = NDArray[np.intp]


class Exercise(Protocol):
    """What a style of exercise makes of the quotes of a snapshot."""

    @property
    def least(self) -> Array:
        """What each contract is worth without volatility, dollars, ``(n,)``."""
        ...

    def volatilities(self, rows: Rows, mid: Array) -> Array:
        """Return the volatilities that mids imply; NaN where none does."""
        ...

    def greeks(self, volatility: Array) -> GreekArrays:
        """Return price and Greeks of all contracts."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class European:
    """Options exercised at expiry only: spot does not matter beside the forward.

    Attributes
    ----------
    is_call : (n,) bool
        Calls.
    spot : float
        Dollars.
    forward, strike, years, discount : (n,) float64
        Dollars, years to settlement, and the value today of one dollar then.
    """

    is_call: NDArray[np.bool_]
    spot: float
    forward: Array
    strike: Array
    years: Array
    discount: Array

    @property
    def least(self) -> Array:
        """What each contract is worth without volatility, dollars, ``(n,)``."""
        gap = np.where(self.is_call, self.forward - self.strike, self.strike - self.forward)
        return np.asarray(self.discount * np.maximum(gap, 0.0))

    def volatilities(self, rows: Rows, mid: Array) -> Array:
        """Return the volatilities that mids imply; NaN where none does."""
        return implied_volatility(
            self.is_call[rows],
            mid,
            self.forward[rows],
            self.strike[rows],
            self.years[rows],
            self.discount[rows],
        )

    def prices(self, rows: Rows, volatility: Array) -> Array:
        """Return prices in dollars."""
        return black_scholes.price(
            self.is_call[rows],
            self.forward[rows],
            self.strike[rows],
            self.years[rows],
            volatility,
            self.discount[rows],
        )

    def greeks(self, volatility: Array) -> GreekArrays:
        """Return price and Greeks of all contracts."""
        return black_scholes.forward_greeks(
            self.is_call, self.spot, self.forward, self.strike, self.years, volatility, self.discount
        )


@dataclass(frozen=True, slots=True, eq=False)
class American:
    """Options exercised at any time, on a stock that pays a continuous yield.

    The yield is the one that joins spot and forward, but not less than nothing: where a forward lies higher
    than the rate takes the spot, the rate is in doubt, not the dividend. Spot is the forward taken back at
    rate and yield, so that the forward is met whatever the yield.

    Attributes
    ----------
    european : European
        The same options, could they be exercised at expiry only.
    rate : float
        Annual, continuously compounded, as a fraction.
    """

    european: European
    rate: float

    @property
    def dividend_yield(self) -> Array:
        """The annual yield to each contract's expiry, ``(n,)``."""
        held = self.european
        alive = held.years > 0.0
        growth = np.log(held.forward / held.spot) / np.where(alive, held.years, 1.0)
        return np.where(alive, np.maximum(self.rate - growth, 0.0), 0.0)

    @property
    def spot(self) -> Array:
        """Each expiration's forward taken back to today, dollars, ``(n,)``."""
        held = self.european
        return np.asarray(held.forward * np.exp((self.dividend_yield - self.rate) * held.years))

    @property
    def least(self) -> Array:
        """What each contract is worth without volatility, dollars, ``(n,)``."""
        held = self.european
        return np.maximum(
            held.least, np.where(held.is_call, self.spot - held.strike, held.strike - self.spot)
        )

    def volatilities(self, rows: Rows, mid: Array) -> Array:
        """Return the volatilities that mids imply; NaN where none does."""
        held = self.european
        return american.implied_volatility(
            held.is_call[rows],
            mid,
            self.spot[rows],
            held.strike[rows],
            held.years[rows],
            self.rate,
            self.dividend_yield[rows],
            together=True,
        )

    def premiums(self, rows: Rows, volatility: Array) -> Array:
        """Return what the right to exercise early is worth, dollars."""
        held = self.european
        value = american.price(
            held.is_call[rows],
            self.spot[rows],
            held.strike[rows],
            held.years[rows],
            volatility,
            self.rate,
            self.dividend_yield[rows],
            together=True,
        )
        return value - held.prices(rows, volatility)

    def greeks(self, volatility: Array) -> GreekArrays:
        """Return price and Greeks of all contracts."""
        held = self.european
        return american.greeks(
            held.is_call,
            self.spot,
            held.strike,
            held.years,
            volatility,
            self.rate,
            self.dividend_yield,
            together=True,
        )
