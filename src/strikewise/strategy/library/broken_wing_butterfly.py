"""Sell two options and buy one on each side, the far wing further away: a butterfly that is paid for.

Earns a little where the price stays on its own side of the market, for the credit is kept there; earns most
where it drifts to the short strikes in the last weeks. Loses when the price runs through the short strikes to
the far wing: the loss is bounded by how much further that wing lies, and is many times the credit. The side
without risk is the reason for it: there the trade cannot lose what it was paid for.
"""

from __future__ import annotations

import numpy as np

from strikewise.domain.denials import DenialCode
from strikewise.domain.instruments import STRIKE_BITS, STRIKE_MASK
from strikewise.domain.parameters import Parameter, ParameterSet, ParameterSpace
from strikewise.domain.portfolio import Portfolio, Position
from strikewise.domain.signals import Action, Hold, Signal
from strikewise.market.view import MarketView
from strikewise.strategy.api import Screened
from strikewise.strategy.candidates import candidate_parameters, screen
from strikewise.strategy.debit_exits import stake_exit, stake_exit_parameters
from strikewise.strategy.legs import (
    Legs,
    band_parameters,
    deviations,
    listed_near,
    milli,
    priced,
    rows_in_band,
)
from strikewise.strategy.prospects import Prospect, Rejections, entry_parameters
from strikewise.strategy.scoring import BEARISH, BULLISH
from strikewise.strategy.selection import quote_parameters
from strikewise.strategy.sizing import proposed_position, sizing_parameters
from strikewise.strategy.structured import payoff_parameters, structured_signals
from strikewise.strategy.trend import TREND_RULES, allowed_sides

__all__ = ["BrokenWingButterfly"]


class BrokenWingButterfly:
    """Butterflies with a further wing away from the market, the body by delta, wings by deviations."""

    __slots__ = ()

    name = "broken_wing_butterfly"
    summary = "Sells a butterfly's body out of the money with a far wing that is further, for a credit."
    space = ParameterSpace(
        (
            Parameter(
                "side",
                "put",
                "Whether it is made of puts or calls, or of both where the trend allows it.",
                choices=("auto", "put", "call"),
            ),
            *band_parameters("short", low=0.20, high=0.32, what="the two options that are sold"),
            Parameter(
                "near_width",
                0.25,
                "Distance from the body to the wing next to the market, in standard deviations.",
                "sd",
                0.02,
                3.0,
            ),
            Parameter(
                "far_width",
                0.6,
                "Distance from the body to the wing away from the market, in standard deviations.",
                "sd",
                0.02,
                5.0,
            ),
            Parameter(
                "min_credit",
                0.0,
                "Least credit at the touch, as a share of the near width; below zero a debit is paid.",
                "of the width",
                -0.9,
                0.9,
            ),
            *entry_parameters(min_dte=30, max_dte=50, trend="not_against", trends=TREND_RULES),
            *quote_parameters(),
            *payoff_parameters(max_entry_cost=0.10),
            *candidate_parameters(),
            *stake_exit_parameters(profit_target=0.15, stop_loss=0.5, dte_exit=14, of="largest loss"),
            *sizing_parameters(risk_fraction=0.02, max_units=50),
        ),
        ordered=(
            ("min_dte", "max_dte"),
            ("dte_exit", "max_dte"),
            ("short_delta_min", "short_delta_max"),
            ("near_width", "far_width"),
        ),
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
        return stake_exit(position, market_data.day, params) or Hold()


def _signals(prospect: Prospect, params: ParameterSet, rejected: Rejections) -> list[Signal]:
    side = params.text("side")
    sides = allowed_sides(prospect.trend, params.text("trend"), puts=side != "call", calls=side != "put")
    if isinstance(sides, DenialCode):
        rejected[sides] += 1
        return []
    puts, calls = sides
    legs = _legs(prospect, params, rejected, puts=puts, calls=calls)
    found = priced(prospect, legs, params, rejected)
    if found is None:
        return []
    key, (near, body, far) = prospect.chain.key, found.legs.rows
    width = np.abs(key[near] - key[body])
    small = -10.0 * found.cost < params.number("min_credit") * width
    rejected[DenialCode.CREDIT_TOO_SMALL] += int(np.count_nonzero(small))
    if bool(small.all()):
        return []
    found, width, body, far = found.take(~small), width[~small], body[~small], far[~small]
    is_put = (key[body] >> STRIKE_BITS) & 1
    out = 1.0 - (key[body] & STRIKE_MASK) / 1000.0 / prospect.spot
    fits = np.array([BEARISH.get(prospect.regime, 0.0), BULLISH.get(prospect.regime, 0.0)])
    return structured_signals(
        BrokenWingButterfly.name,
        prospect,
        found,
        params,
        rejected,
        fit=fits[is_put],
        because={
            "short_delta": prospect.chain.delta[body].astype(np.float64),
            "width": width / 1000.0,
            "far_width": np.abs(key[far] - key[body]) / 1000.0,
            "credit_to_width": -10.0 * found.cost / width,
            "otm_pct": np.where(is_put, out, -out),
        },
    )


def _legs(prospect: Prospect, params: ParameterSet, rejected: Rejections, *, puts: bool, calls: bool) -> Legs:
    body = rows_in_band(prospect, "short", params, rejected, puts=puts, calls=calls)
    deviation = deviations(prospect, body)
    known = np.isfinite(deviation) & (deviation > 0.0)
    rejected[DenialCode.DATA_NO_VOLATILITY] += int(np.count_nonzero(~known))
    body, deviation = body[known], deviation[known]
    key = prospect.chain.key[body]
    side, strike = key >> STRIKE_BITS, key & STRIKE_MASK
    away = 1 - 2 * (side & 1)  # calls go up from the market, puts down
    near, beside = listed_near(prospect, side, strike - away * milli(params.number("near_width") * deviation))
    far, beyond = listed_near(prospect, side, strike + away * milli(params.number("far_width") * deviation))
    gap, further = away * (key - prospect.chain.key[near]), away * (prospect.chain.key[far] - key)
    kept = beside & beyond & (gap > 0) & (further > gap)
    rejected[DenialCode.STRUCTURE_NO_WING] += int(np.count_nonzero(~kept))
    return Legs((near, body, far), (1, -2, 1)).take(kept)
