"""What a candidate is worth: probability of profit, expected profit, and a score made of named parts.

Probabilities are those of the quotes, no forecast: lognormal at the implied volatility of each breakeven,
with the slope of the smile there (a spread's price over its width says the same) and the forward of rate and
dividend yield. The expected profit (*edge*) needs a forecast, for under the implied law it is minus the
costs: there the volatility of each leg is the mean of what it implies and what was realised over 20 sessions
(the implied one alone where that is unknown). It is a model's number: drift is that of the forward, and a
volatility that rises after entry is not in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import isnan
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from strikewise.domain.instruments import STRIKE_BITS, STRIKE_MASK
from strikewise.domain.parameters import Parameter, ParameterSet
from strikewise.market.regime import Regime
from strikewise.pricing.lognormal import chance, expected_intrinsic
from strikewise.strategy.prospects import Prospect
from strikewise.strategy.selection import Verticals

__all__ = [
    "BEARISH",
    "BULLISH",
    "NEUTRAL",
    "SCORE_PARTS",
    "Odds",
    "forecast_volatility",
    "put_odds",
    "score_parameters",
    "spread_odds",
    "weighted_parts",
]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Rows = NDArray[np.intp]

FULL_CREDIT = 1.0 / 3.0
"""Share of the width at which a credit earns all points."""
FULL_REWARD = 0.5
"""Profit over loss at which the reward earns all points."""

Fit = Mapping[Regime, float]
BULLISH: Fit = MappingProxyType(
    {
        Regime.BULL: 1.0,
        Regime.NEUTRAL: 0.7,
        Regime.LOW_VOLATILITY_SIDEWAYS: 0.6,
        Regime.HIGH_VOLATILITY: 0.5,
        Regime.BEAR: 0.3,
    }
)
"""How well short puts fit a regime, 0 to 1; a regime that is not named, or unknown, fits not at all."""
BEARISH: Fit = MappingProxyType(
    {
        Regime.BEAR: 1.0,
        Regime.NEUTRAL: 0.7,
        Regime.LOW_VOLATILITY_SIDEWAYS: 0.6,
        Regime.HIGH_VOLATILITY: 0.5,
        Regime.CRASH: 0.3,
        Regime.BULL: 0.3,
    }
)
"""The same for short calls."""
NEUTRAL: Fit = MappingProxyType(
    {
        Regime.LOW_VOLATILITY_SIDEWAYS: 0.8,
        Regime.NEUTRAL: 1.0,
        Regime.HIGH_VOLATILITY: 0.6,
        Regime.BULL: 0.5,
        Regime.BEAR: 0.4,
    }
)
"""The same for structures that gain where the price stays."""

SCORE_PARTS = ("credit", "reward", "probability", "regime", "liquidity")
"""What the score of a spread or condor is made of."""


def score_parameters() -> tuple[Parameter, ...]:
    """Return the weights of the score's parts; only their proportions matter."""
    weights = {
        "credit": (25.0, "the credit as a share of the width"),
        "reward": (15.0, "profit over loss"),
        "probability": (30.0, "the probability of profit"),
        "regime": (15.0, "how well the structure fits the market's regime"),
        "liquidity": (15.0, "the share of the mid credit that is left at the touch"),
    }
    return tuple(
        Parameter(f"weight_{name}", weight, f"Weight in the score of {what}.", "points", 0.0, 100.0)
        for name, (weight, what) in weights.items()
    )


def weighted_parts(
    params: ParameterSet,
    *,
    credit_to_width: Floats,
    reward_to_risk: Floats,
    probability: Floats,
    regime_fit: Floats,
    kept_at_touch: Floats,
) -> Floats:
    """Return the points of each part of the score, shape ``(len(SCORE_PARTS), n)``; they sum to 0 to 100.

    Parameters
    ----------
    params : ParameterSet
        With the weights of `score_parameters`.
    credit_to_width, reward_to_risk, probability, regime_fit, kept_at_touch : (n,)
        Fractions. A credit earns all points at a third of the width, a reward at half the risk; a
        probability earns points from one half upwards.
    """
    weights = [params.number(f"weight_{name}") for name in SCORE_PARTS]
    points = np.array(weights) * (100.0 / (sum(weights) or 1.0))
    raw = np.array(
        [
            credit_to_width / FULL_CREDIT,
            reward_to_risk / FULL_REWARD,
            2.0 * probability - 1.0,
            regime_fit,
            kept_at_touch,
        ]
    )
    return np.asarray(np.minimum(np.maximum(raw, 0.0), 1.0) * points[:, np.newaxis])


@dataclass(frozen=True, slots=True, eq=False)
class Odds:
    """What the distribution at expiry says of one side of each candidate; dollars per share.

    Attributes
    ----------
    breakeven : (n,) float64
        Where the side's loss eats the whole credit.
    implied, forecast : (n,) float64
        Volatilities at the breakeven: what the options say, and what the expected profit rests on.
    probability : (n,) float64
        Of ending on the right side of the breakeven, under the implied smile.
    payout : (n,) float64
        Expected value that the side pays back, each leg under the forecast volatility of its strike.
    """

    breakeven: Floats
    implied: Floats
    forecast: Floats
    probability: Floats
    payout: Floats


def spread_odds(prospect: Prospect, spreads: Verticals, credit: Ints) -> Odds:
    """Return the odds of credit spreads that break even ``credit`` cents a share beyond the short strike.

    The credit may be more than the spread's own, where another side adds to it. Implied volatility is linear
    in the strike between short leg and wing; a wing without one takes that of the short leg.
    """
    chain = prospect.chain
    short_milli = spreads.shorts.key & STRIKE_MASK
    short_iv, wing_iv = chain.iv[spreads.shorts.rows].astype(np.float64), chain.iv[spreads.wing]
    step = np.where(np.isnan(wing_iv), 0.0, wing_iv - short_iv)
    implied = short_iv + step * np.minimum(credit * 10.0 / spreads.width, 1.0)
    side = spreads.side
    breakeven = (short_milli - side * (10.0 * credit)) / 1000.0
    forward, root = _forward_and_root(prospect, spreads.years)
    slope = -side * step * root * (1000.0 / spreads.width)
    short, wing = short_milli / 1000.0, (short_milli - side * spreads.width) / 1000.0
    payout = expected_intrinsic(-side, short, forward, forecast_volatility(prospect, short_iv) * root)
    payout -= expected_intrinsic(-side, wing, forward, forecast_volatility(prospect, short_iv + step) * root)
    probability = chance(side, breakeven, forward, implied * root, slope)
    return Odds(breakeven, implied, forecast_volatility(prospect, implied), probability, payout)


def put_odds(prospect: Prospect, rows: Rows, credit: Ints) -> Odds:
    """Return the odds of puts sold for ``credit`` cents a share, at the volatility of their strikes."""
    chain = prospect.chain
    key = chain.key[rows]
    strike_milli = key & STRIKE_MASK
    implied = chain.iv[rows].astype(np.float64)
    side = np.ones(len(rows))
    breakeven = (strike_milli - 10.0 * credit) / 1000.0
    forward, root = _forward_and_root(prospect, prospect.years(key))
    forecast = forecast_volatility(prospect, implied)
    payout = expected_intrinsic(-side, strike_milli / 1000.0, forward, forecast * root)
    probability = chance(side, breakeven, forward, implied * root, _smile_slope(prospect, rows) * root)
    return Odds(breakeven, implied, forecast, probability, payout)


def _smile_slope(prospect: Prospect, rows: Rows) -> Floats:
    """Return the change of implied volatility per dollar of strike, over the strikes next to each row.

    Zero where neither neighbour of the same expiration and right has a volatility.
    """
    key, iv = prospect.chain.key, prospect.chain.iv
    ends = []
    for step in (-1, 1):
        beside = np.clip(rows + step, 0, len(key) - 1)
        usable = (key[beside] >> STRIKE_BITS == key[rows] >> STRIKE_BITS) & np.isfinite(iv[beside])
        ends.append(np.where(usable, beside, rows))
    low, high = ends
    gap = (key[high] - key[low]) / 1000.0
    rise = iv[high].astype(np.float64) - iv[low]
    return np.where(gap > 0.0, rise / np.where(gap > 0.0, gap, 1.0), 0.0)


def _forward_and_root(prospect: Prospect, years: Floats) -> tuple[Floats, Floats]:
    return prospect.spot * np.exp((prospect.rate - prospect.dividend_yield) * years), np.sqrt(years)


def forecast_volatility(prospect: Prospect, implied: Floats) -> Floats:
    """Return the mean of implied volatilities and that realised over 20 sessions, where it is known."""
    realised = prospect.features["rv20"]
    return implied if isnan(realised) else 0.5 * (implied + realised)
