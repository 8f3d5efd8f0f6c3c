"""What any structure of one expiration pays, and how likely: for all candidates at once.

The payoff at expiry is linear between strikes, so its extremes and breakevens are exact. Probabilities are
those of the quotes: lognormal at the implied volatility of each breakeven, tilted by the slope of the smile
there (`strikewise.pricing.lognormal.chance`). The expected payoff rests on a forecast of volatility at
each strike, as everywhere in `strikewise.strategy.scoring`.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isnan

import numpy as np
from numpy.typing import NDArray

from strikewise.domain.instruments import ROOT_SHIFT, STRIKE_BITS, STRIKE_MASK
from strikewise.pricing.lognormal import chance, expected_intrinsic
from strikewise.strategy.candidates import UNBOUNDED
from strikewise.strategy.legs import PUT_BIT, Legs, Priced
from strikewise.strategy.prospects import Prospect

__all__ = ["PayoffOdds", "payoff_odds", "smile_at"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SLOPE_REACH = 3
"""Strikes to each side over which the slope of the smile is measured: one alone is mostly noise of quotes.
Where fewer are listed on a side, the smile counts as flat."""
BESIDE = np.array([[-1], [0], [-SLOPE_REACH], [SLOPE_REACH - 1]])
"""The strikes next below and above a price, and those between which the slope is measured."""


@dataclass(frozen=True, slots=True, eq=False)
class PayoffOdds:
    """What structures pay at expiry, and what is to be expected of them.

    Attributes
    ----------
    max_loss, max_profit : (n,) int64
        Cents per unit with multiplier, zero or more; `UNBOUNDED` where there is no bound.
    breakevens : tuple of (n,) float64
        Dollars, ascending; NaN where a structure has fewer than others.
    probability : (n,) float64
        Of a profit at expiry, under the implied smile.
    payout : (n,) float64
        Expected payoff, dollars per share, each leg under the forecast volatility of its strike.
    implied, forecast : (n,) float64
        Mean volatility of the legs: what the options say, and what the expected payoff rests on.
    """

    max_loss: Ints
    max_profit: Ints
    breakevens: tuple[Floats, ...]
    probability: Floats
    payout: Floats
    implied: Floats
    forecast: Floats

    def take(self, rows: NDArray[np.intp]) -> PayoffOdds:
        """Return the odds of some rows."""
        return PayoffOdds(
            max_loss=self.max_loss[rows],
            max_profit=self.max_profit[rows],
            breakevens=tuple(column[rows] for column in self.breakevens),
            probability=self.probability[rows],
            payout=self.payout[rows],
            implied=self.implied[rows],
            forecast=self.forecast[rows],
        )


def payoff_odds(prospect: Prospect, found: Priced, multiplier: int) -> PayoffOdds:
    """Return the odds of priced structures, one a row.

    Parameters
    ----------
    prospect : Prospect
        The underlying.
    found : Priced
        The structures and their cost.
    multiplier : int
        Shares per contract.
    """
    chain, legs = prospect.chain, found.legs
    keys = np.stack([chain.key[rows] for rows in legs.rows])
    strike = keys & STRIKE_MASK
    side = 1 - 2 * ((keys >> STRIKE_BITS) & 1)
    ratio = np.array(legs.ratios, dtype=np.int64)[:, np.newaxis]
    knots, profit, last_slope = _profit(strike, side, ratio, found.cost)
    worst, top = profit.min(axis=0) * multiplier // 10, profit.max(axis=0) * multiplier // 10
    edges = _edges(knots, profit, last_slope)

    forward = prospect.spot * np.exp((prospect.rate - prospect.dividend_yield) * found.years)
    root = np.sqrt(found.years)
    implied = _leg_volatilities(prospect, legs)
    forecast = _forecast(prospect, implied)
    value = expected_intrinsic(side.astype(np.float64), strike / 1000.0, forward, forecast * root)
    return PayoffOdds(
        max_loss=np.where(last_slope < 0, UNBOUNDED, np.maximum(-worst, 0)),
        max_profit=np.where(last_slope > 0, UNBOUNDED, np.maximum(top, 0)),
        breakevens=_breakevens(edges),
        probability=_probability(prospect, keys[0], edges, forward, root, implied.mean(axis=0)),
        payout=(ratio * value).sum(axis=0),
        implied=implied.mean(axis=0),
        forecast=forecast.mean(axis=0),
    )


def _profit(strike: Ints, side: Ints, ratio: Ints, cost: Ints) -> tuple[Ints, Ints, Ints]:
    """Return the kinks (0 and each strike), the profit there in thousandths a share, and the slope beyond."""
    knots = np.concatenate([np.zeros((1, strike.shape[1]), dtype=np.int64), np.sort(strike, axis=0)])
    beyond = side * (knots[:, np.newaxis] - strike)
    profit = (ratio * np.maximum(beyond, 0)).sum(axis=1) - 10 * cost
    return knots, profit, np.asarray((ratio * (side > 0)).sum(axis=0))


def _edges(knots: Ints, profit: Ints, last_slope: Ints) -> Floats:
    """Return where each linear piece is above zero: (pieces, 2, n) in dollars, NaN where it is not at all.

    Ends at which one piece goes over into the next are NaN too, so that what is left are the ends of
    intervals, as `strikewise.domain.structures.Structure.breakevens` counts them.
    """
    start, width = knots.astype(np.float64), np.diff(knots, axis=0).astype(np.float64)
    # Beyond the last strike the profit runs to infinity where it has a slope.
    last = np.where(last_slope == 0, profit[-1], np.where(last_slope > 0, np.inf, -np.inf))
    after = np.concatenate([profit[1:].astype(np.float64), last[np.newaxis]])
    steps = np.diff(profit, axis=0) / np.where(width > 0.0, width, 1.0)
    rise = np.concatenate([steps, last_slope[np.newaxis]])
    zero = start - profit / np.where(rise == 0.0, np.nan, rise)
    end = np.concatenate([start[1:], np.full((1, start.shape[1]), np.inf)])
    above = np.maximum(profit, after) > 0.0
    low = np.where(above, np.where(profit >= 0, start, zero), np.nan)
    high = np.where(above, np.where(after >= 0.0, end, zero), np.nan)
    joined = high[:-1] == low[1:]
    high[:-1][joined] = np.nan
    low[1:][joined] = np.nan
    return np.stack([low, high], axis=1) / 1000.0


def _breakevens(edges: Floats) -> tuple[Floats, ...]:
    flat = edges.reshape(-1, edges.shape[-1])
    found = np.sort(np.where((flat > 0.0) & np.isfinite(flat), flat, np.nan), axis=0)
    count = int(np.isfinite(found).sum(axis=0).max(initial=0))
    return tuple(found[:count])


def _probability(
    prospect: Prospect, keys: Ints, edges: Floats, forward: Floats, root: Floats, spare: Floats
) -> Floats:
    """Return the probability of ending between the edges: above the low ends and not above the high ones."""
    at = np.nonzero((edges > 0.0) & np.isfinite(edges))
    total = (edges[:, 0] == 0.0).sum(axis=0).astype(np.float64)
    if len(at[0]):
        level, row = edges[at], at[2]
        implied, slope = smile_at(prospect, keys[row] >> ROOT_SHIFT, level, forward[row], spare[row])
        above = chance(np.ones(len(row)), level, forward[row], implied * root[row], slope * root[row])
        np.add.at(total, row, np.where(at[1] == 0, above, -above))
    return np.asarray(np.minimum(np.maximum(total, 0.0), 1.0))


def smile_at(
    prospect: Prospect, terms: Ints, level: Floats, forward: Floats, spare: Floats
) -> tuple[Floats, Floats]:
    """Return the implied volatility at prices, and its slope per dollar, from options out of the money there.

    Parameters
    ----------
    prospect : Prospect
        The underlying.
    terms : (n,) int64
        Expiration and root, ``key >> ROOT_SHIFT``.
    level, forward : (n,) float64
        Dollars.
    spare : (n,) float64
        What stands in where no strike next to the level has a volatility.
    """
    key, iv = prospect.chain.key, prospect.chain.iv
    target = (terms << ROOT_SHIFT) | np.where(level < forward, PUT_BIT, 0)
    target |= np.round(level * 1000.0).astype(np.int64)
    side, last = target >> STRIKE_BITS, len(key) - 1
    above = key.searchsorted(target)

    wanted = above + BESIDE
    rows = np.minimum(np.maximum(wanted, 0), last)
    found = key[rows]
    low, high, far_low, far_high = np.where(
        (rows == wanted) & (found >> STRIKE_BITS == side), iv[rows], np.nan
    )
    left, right, first, final = (found & STRIKE_MASK) / 1000.0
    share = np.minimum(np.maximum((level - left) / np.where(right > left, right - left, 1.0), 0.0), 1.0)
    between = np.where(right > left, low + (high - low) * share, high)
    implied = np.where(np.isnan(low), high, np.where(np.isnan(high), low, between))
    slope = (far_high - far_low) / np.where(final > first, final - first, np.nan)
    unknown = np.isnan(implied)
    return np.where(unknown, spare, implied), np.where(unknown | np.isnan(slope), 0.0, slope)


def _leg_volatilities(prospect: Prospect, legs: Legs) -> Floats:
    """Return the implied volatility of each leg, the mean of the others where one has none, (legs, n)."""
    iv = np.stack([prospect.chain.iv[rows] for rows in legs.rows]).astype(np.float64)
    missing = np.isnan(iv)
    if not bool(missing.any()):
        return iv
    known = (~missing).sum(axis=0)
    mean = np.where(missing, 0.0, iv).sum(axis=0) / np.where(known > 0, known, np.nan)
    return np.where(missing, mean, iv)


def _forecast(prospect: Prospect, implied: Floats) -> Floats:
    realised = prospect.features["rv20"]
    return implied if isnan(realised) else 0.5 * (implied + realised)
