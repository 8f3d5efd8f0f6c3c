"""Sell the straddle at the market and buy wings around it: the richest credit that a bounded risk gives.

Earns when the price ends near the body, or when implied volatility falls while it stays; time works for it
from the first day, most of all in the last weeks. Loses when the price runs to either wing: a move as large
as the one that the options priced costs about the largest loss. A quarter of the credit is taken, for the
whole of it is almost never there to take: the price would have to end at the very strike.
"""

from __future__ import annotations

import numpy as np

from strikewise.domain.denials import DenialCode
from strikewise.domain.instruments import STRIKE_MASK
from strikewise.domain.parameters import Parameter, ParameterSet, ParameterSpace
from strikewise.domain.portfolio import Portfolio, Position
from strikewise.domain.signals import Action, Hold, Signal
from strikewise.market.view import MarketView
from strikewise.strategy.api import Screened
from strikewise.strategy.candidates import candidate_parameters, screen
from strikewise.strategy.exits import credit_exit, exit_parameters
from strikewise.strategy.legs import Legs, deviations, listed_beyond, milli, nearest_to_spot, priced
from strikewise.strategy.prospects import Prospect, Rejections, entry_parameters
from strikewise.strategy.scoring import NEUTRAL
from strikewise.strategy.selection import quote_parameters
from strikewise.strategy.sizing import proposed_position, sizing_parameters
from strikewise.strategy.structured import payoff_parameters, structured_signals
from strikewise.strategy.trend import Trend

__all__ = ["IronButterfly"]


class IronButterfly:
    """Short straddles with wings, the body next to spot and the wings by standard deviations."""

    __slots__ = ()

    name = "iron_butterfly"
    summary = "Sells the straddle next to spot with wings one standard deviation away; takes a quarter of it."
    space = ParameterSpace(
        (
            Parameter("body_offset", 0.0, "Distance of the body from spot, upward.", "of spot", -0.1, 0.1),
            Parameter(
                "wing_width",
                1.0,
                "Distance of the wings from the body, in standard deviations of the price to expiration.",
                "sd",
                0.1,
                4.0,
            ),
            Parameter(
                "width_tolerance",
                0.25,
                "How much wider a wing may be where no strike is listed at the width.",
                "of the width",
                0.0,
                4.0,
            ),
            Parameter(
                "min_credit_to_width",
                0.4,
                "Least credit at the touch, as a share of the wider wing.",
                "of the width",
                0.0,
                0.95,
            ),
            *entry_parameters(min_dte=30, max_dte=45, trend="off", trends=("off", "flat")),
            *quote_parameters(),
            *payoff_parameters(max_entry_cost=0.10),
            *candidate_parameters(),
            *exit_parameters(profit_target=0.25, stop_loss=0.5, dte_exit=21),
            *sizing_parameters(risk_fraction=0.02),
        ),
        ordered=(("min_dte", "max_dte"), ("dte_exit", "max_dte")),
    )

    def screen(self, market_data: MarketView, params: ParameterSet) -> Screened:
        """Return the best butterflies of every underlying, and what each reason turned away."""
        return screen(market_data, params, _signals)

    def generate_signals(self, market_data: MarketView, params: ParameterSet) -> list[Signal]:
        """Return the best butterflies of every underlying, best first."""
        return list(screen(market_data, params, _signals).signals)

    def size_position(self, signal: Signal, portfolio: Portfolio, params: ParameterSet) -> Position:
        """Return as many units as may lose the share of equity that is risked."""
        return proposed_position(signal, portfolio, params, at_stake_cents=signal.margin_cents)

    def manage_position(self, position: Position, market_data: MarketView, params: ParameterSet) -> Action:
        """Close on the target, the stop, the days left, or an assignment; hold otherwise."""
        return credit_exit(position, market_data.day, params) or Hold()


def _signals(prospect: Prospect, params: ParameterSet, rejected: Rejections) -> list[Signal]:
    if params.text("trend") == "flat" and prospect.trend is not Trend.FLAT:
        unknown = prospect.trend is Trend.UNKNOWN
        rejected[DenialCode.ENTRY_TREND_UNKNOWN if unknown else DenialCode.ENTRY_TREND] += 1
        return []
    legs = _legs(prospect, params, rejected)
    found = priced(prospect, legs, params, rejected)
    if found is None:
        return []
    key, (call, put, high, low) = prospect.chain.key, found.legs.rows
    width = np.maximum(key[high] - key[call], key[put] - key[low])
    small = -10 * found.cost < params.number("min_credit_to_width") * width
    rejected[DenialCode.CREDIT_TOO_SMALL] += int(np.count_nonzero(small))
    if bool(small.all()):
        return []
    found, width = found.take(~small), width[~small]
    return structured_signals(
        IronButterfly.name,
        prospect,
        found,
        params,
        rejected,
        fit=NEUTRAL.get(prospect.regime, 0.0),
        because={
            "width": width / 1000.0,
            "credit_to_width": -10.0 * found.cost / width,
            "body_pct": (key[found.legs.rows[0]] & STRIKE_MASK) / 1000.0 / prospect.spot - 1.0,
        },
    )


def _legs(prospect: Prospect, params: ParameterSet, rejected: Rejections) -> Legs:
    calls, puts = nearest_to_spot(prospect, params.number("body_offset"))
    if len(calls) == 0:
        rejected[DenialCode.STRUCTURE_NO_SHORT] += 1
    deviation = deviations(prospect, calls)
    known = np.isfinite(deviation)
    rejected[DenialCode.DATA_NO_VOLATILITY] += int(np.count_nonzero(~known))
    calls, puts, deviation = calls[known], puts[known], deviation[known]
    width = milli(params.number("wing_width") * deviation)
    key, tolerance = prospect.chain.key, params.number("width_tolerance")
    high, above = listed_beyond(prospect, key[calls], width, tolerance, upward=True)
    low, below = listed_beyond(prospect, key[puts], width, tolerance, upward=False)
    listed = above & below
    rejected[DenialCode.STRUCTURE_NO_WING] += int(np.count_nonzero(~listed))
    return Legs((calls, puts, high, low), (-1, -1, 1, 1)).take(listed)
