"""Carry money and stock through time: discounts, forwards, and the forward that a chain implies."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = [
    "ImpliedForward",
    "continuous_rate",
    "discount",
    "forward_with_dividends",
    "forward_with_yield",
    "implied_forward",
    "present_value",
    "simple_discount",
]

Array = NDArray[np.float64]

DEVIATION_OF_NORMAL = 1.4826
"""Standard deviations in one median absolute deviation of a normal variable."""


def discount(rate: ArrayLike, years: ArrayLike) -> Array:
    """Return the value today of one dollar in ``years`` at a continuously compounded annual rate."""
    return np.asarray(np.exp(-np.asarray(rate, dtype=np.float64) * np.asarray(years, dtype=np.float64)))


def simple_discount(rate: ArrayLike, years: ArrayLike) -> Array:
    """Return the value today of one dollar in ``years`` at a simple (money-market) annual rate."""
    growth = 1.0 + np.asarray(rate, dtype=np.float64) * np.asarray(years, dtype=np.float64)
    return np.asarray(1.0 / np.where(growth > 0.0, growth, np.nan))


def continuous_rate(discount_factor: ArrayLike, years: ArrayLike) -> Array:
    """Return the continuously compounded annual rate of a discount; NaN where ``years`` is not positive."""
    factor = np.asarray(discount_factor, dtype=np.float64)
    span = np.asarray(years, dtype=np.float64)
    known = (span > 0.0) & (factor > 0.0)
    return np.where(known, -np.log(np.where(known, factor, 1.0)) / np.where(known, span, 1.0), np.nan)


def forward_with_yield(
    spot: ArrayLike, rate: ArrayLike, dividend_yield: ArrayLike, years: ArrayLike
) -> Array:
    """Return the forward of a stock that pays a continuous yield, ``S exp((r - q) T)``."""
    net = np.asarray(rate, dtype=np.float64) - np.asarray(dividend_yield, dtype=np.float64)
    return np.asarray(np.asarray(spot, dtype=np.float64) * np.exp(net * np.asarray(years, dtype=np.float64)))


def present_value(amounts: ArrayLike, due_years: ArrayLike, rate: float, years: ArrayLike) -> Array:
    """Return the value today of the dividends due after now and up to each expiry.

    Parameters
    ----------
    amounts, due_years
        Cash dividends in dollars a share and the years until they are due (ex-date), shape
        ``(n_dividends,)``. Those at or before zero have been paid and count nothing.
    rate
        Continuously compounded annual rate, a fraction.
    years
        Expiries, any shape. A dividend due on the expiry itself counts.

    Returns
    -------
    Dollars a share, in the shape of ``years``.
    """
    amount = np.atleast_1d(np.asarray(amounts, dtype=np.float64))
    due = np.atleast_1d(np.asarray(due_years, dtype=np.float64))
    expiry = np.asarray(years, dtype=np.float64)
    counts = (due > 0.0) & (due <= expiry[..., np.newaxis])
    return np.asarray(np.sum(np.where(counts, amount * np.exp(-rate * due), 0.0), axis=-1))


def forward_with_dividends(
    spot: ArrayLike, amounts: ArrayLike, due_years: ArrayLike, rate: float, years: ArrayLike
) -> Array:
    """Return the forward of a stock with known cash dividends, ``(S - PV(dividends)) exp(r T)``.

    Parameters
    ----------
    spot
        Dollars.
    amounts, due_years, rate, years
        As `present_value`.

    Returns
    -------
    Dollars, in the broadcast shape of ``spot`` and ``years``; NaN where the dividends exceed the spot.
    """
    remainder = np.asarray(spot, dtype=np.float64) - present_value(amounts, due_years, rate, years)
    grown = remainder * np.exp(rate * np.asarray(years, dtype=np.float64))
    return np.where(remainder > 0.0, grown, np.nan)


@dataclass(frozen=True, slots=True)
class ImpliedForward:
    """The forward that call and put quotes of one expiration agree on."""

    forward: float
    """Dollars; NaN where no pair could be used."""
    uncertainty: float
    """Dollars, one standard error of the median: the larger of the pairs' scatter and their mean half-spread,
    over the square root of ``pairs``. NaN where no pair could be used."""
    pairs: int
    """How many strikes were used."""


def implied_forward(
    strikes: ArrayLike,
    call_bid: ArrayLike,
    call_ask: ArrayLike,
    put_bid: ArrayLike,
    put_ask: ArrayLike,
    discount_factor: float,
    *,
    max_pairs: int = 9,
) -> ImpliedForward:
    """Find the forward by put-call parity from the near-the-money pairs of one expiration.

    Every strike quoted on both sides gives ``K + (C - P) / discount`` from the mids. The strikes where call
    and put are worth nearly the same are the most telling; of the ``max_pairs`` nearest, weighted by the
    inverse square of the pair's spread, the weighted median is the forward: one stale or crossed quote does
    not move it.

    Parameters
    ----------
    strikes, call_bid, call_ask, put_bid, put_ask
        Dollars, shape ``(n_strikes,)``, in any order. NaN, zero or crossed quotes leave their strike out.
    discount_factor
        Value today of one dollar at the expiration.
    max_pairs
        How many near-the-money pairs to use at most.

    Returns
    -------
    Forward, its uncertainty and the number of pairs. American quotes bias it by the early-exercise premium,
    which is smallest near the money.
    """
    strike, cb, ca, pb, pa = (
        np.asarray(side, dtype=np.float64).reshape(-1)
        for side in (strikes, call_bid, call_ask, put_bid, put_ask)
    )
    usable = (cb > 0.0) & (pb > 0.0) & (ca >= cb) & (pa >= pb) & (strike > 0.0)
    usable &= np.isfinite(ca) & np.isfinite(pa) & np.isfinite(strike)
    if not usable.any() or not discount_factor > 0.0:
        return ImpliedForward(float("nan"), float("nan"), 0)
    gap = 0.5 * (cb + ca - pb - pa)[usable]
    half_spread = 0.5 * (ca - cb + pa - pb)[usable]
    nearest = np.argsort(np.abs(gap), kind="stable")[:max_pairs]
    forwards = strike[usable][nearest] + gap[nearest] / discount_factor
    spread = half_spread[nearest] / discount_factor
    floor = max(float(np.median(spread)) * 0.1, 1e-12)
    weights = 1.0 / np.maximum(spread, floor) ** 2
    middle = _weighted_median(forwards, weights)
    scatter = DEVIATION_OF_NORMAL * float(np.median(np.abs(forwards - middle)))
    pairs = int(nearest.size)
    return ImpliedForward(middle, max(scatter, float(np.mean(spread))) / float(np.sqrt(pairs)), pairs)


def _weighted_median(values: Array, weights: Array) -> float:
    order = np.argsort(values, kind="stable")
    ranked, share = values[order], np.cumsum(weights[order]) / np.sum(weights)
    first = int(np.searchsorted(share, 0.5 - 1e-12))
    if abs(share[first] - 0.5) <= 1e-12 and first + 1 < ranked.size:
        return float(0.5 * (ranked[first] + ranked[first + 1]))
    return float(ranked[first])
