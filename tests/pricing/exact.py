"""Black-76 in sixty digits: the oracle of the pricing tests."""

from __future__ import annotations

import mpmath as mp
import numpy as np
from numpy.typing import NDArray

mp.mp.dps = 60

Array = NDArray[np.float64]


def black(
    is_call: bool, forward: object, strike: object, years: object, volatility: object, discount: object
) -> mp.mpf:
    """Return the price; arguments may be floats or mpmath numbers."""
    F, K, T, sigma, D = (mp.mpf(v) for v in (forward, strike, years, volatility, discount))
    s = sigma * mp.sqrt(T)
    d1 = mp.log(F / K) / s + s / 2
    w = 1 if is_call else -1
    return D * w * (F * _cdf(w * d1) - K * _cdf(w * (d1 - s)))


def spot_price(
    is_call: bool,
    spot: object,
    strike: object,
    years: object,
    volatility: object,
    rate: object,
    dividend_yield: object,
) -> mp.mpf:
    """Return the price of an option on a stock with a continuous yield."""
    S, T, r, q = (mp.mpf(v) for v in (spot, years, rate, dividend_yield))
    return black(is_call, S * mp.exp((r - q) * T), strike, T, volatility, mp.exp(-r * T))


def _cdf(z: mp.mpf) -> mp.mpf:
    return mp.erfc(-z / mp.sqrt(2)) / 2


def domain(
    n: int, seed: int, deviations: float = 6.0
) -> tuple[NDArray[np.bool_], Array, Array, Array, Array]:
    """Draw out-of-the-money options of the stated domain: one hour to three years, 3 to 400 % volatility.

    Returns
    -------
    Flags, forwards, strikes, years and volatilities; a tenth lies very near the money.
    """
    generator = np.random.default_rng(seed)
    years = np.exp(generator.uniform(np.log(1.0 / 8760.0), np.log(3.0), n))
    volatility = np.exp(generator.uniform(np.log(0.03), np.log(4.0), n))
    moneyness = generator.uniform(-deviations, deviations, n)
    moneyness[: n // 10] *= 10.0 ** generator.uniform(-8.0, 0.0, n // 10)
    moneyness[0] = 0.0
    forward = np.exp(generator.uniform(np.log(0.5), np.log(6000.0), n))
    strike = forward * np.exp(moneyness * volatility * np.sqrt(years))
    return strike >= forward, forward, strike, years, volatility
