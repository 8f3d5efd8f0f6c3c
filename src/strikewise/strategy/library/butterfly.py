"""Buy a butterfly: a small debit for the chance that the price ends near one strike.

Earns when the price is near the body in the last days before expiration, and a little when volatility falls
on the way. Loses the debit, and never more, when the price ends beyond a wing: that is the usual end, so the
winners must be several times the debit. It is bought a few weeks ahead, for a butterfly hardly moves before
its last days, and sold before the very end, where its value swings by the hour.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

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
    deviations,
    listed_at,
    listed_near,
    milli,
    nearest_to_spot,
    priced,
)
from strikewise.strategy.prospects import Prospect, Rejections, entry_parameters
from strikewise.strategy.scoring import NEUTRAL
from strikewise.strategy.selection import quote_parameters
from strikewise.strategy.sizing import proposed_position, sizing_parameters
from strikewise.strategy.structured import payoff_parameters, structured_signals
from strikewise.strategy.trend import Trend

__all__ = ["Butterfly"]

Rows = NDArray[np.intp]

TOWARDS = {Trend.UP: 1, Trend.DOWN: -1, Trend.FLAT: 0}


class Butterfly:
    """Long butterflies, the body at the market or towards the trend, wings by standard deviations."""

    __slots__ = ()

    name = "butterfly"
    summary = "Buys a butterfly around the price that is expected, and sells it for twice its debit."
    space = ParameterSpace(
        (
            Parameter(
                "target",
                "spot",
                "Where the body is put: at spot, above it, below it, or where the trend points.",
                choices=("spot", "above", "below", "trend"),
            ),
            Parameter(
                "body_distance",
                0.5,
                "Distance of such a body from spot, in standard deviations of the price to expiration.",
                "sd",
                0.0,
                3.0,
            ),
            Parameter(
                "wing_width",
                0.5,
                "Distance of the wings from the body, in standard deviations of the price to expiration.",
                "sd",
                0.05,
                3.0,
            ),
            Parameter(
                "max_debit",
                0.35,
                "Most debit at the touch, as a share of the width.",
                "of the width",
                0.01,
                0.99,
            ),
            *entry_parameters(min_dte=20, max_dte=35, trend="off", trends=("off", "flat")),
            *quote_parameters(),
            *payoff_parameters(max_entry_cost=0.25),
            *candidate_parameters(),
            *stake_exit_parameters(profit_target=1.0, stop_loss=0.6, dte_exit=5),
            *sizing_parameters(risk_fraction=0.01, max_units=50),
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
        return stake_exit(position, market_data.day, params) or Hold()


def _signals(prospect: Prospect, params: ParameterSet, rejected: Rejections) -> list[Signal]:
    side = _side(prospect, params)
    if isinstance(side, DenialCode):
        rejected[side] += 1
        return []
    found = priced(prospect, _legs(prospect, params, side, rejected), params, rejected)
    if found is None:
        return []
    key, (low, body, _) = prospect.chain.key, found.legs.rows
    width = key[body] - key[low]
    dear = 10 * found.cost > params.number("max_debit") * width
    rejected[DenialCode.DEBIT_TOO_LARGE] += int(np.count_nonzero(dear))
    if bool(dear.all()):
        return []
    found, width, body = found.take(~dear), width[~dear], body[~dear]
    return structured_signals(
        Butterfly.name,
        prospect,
        found,
        params,
        rejected,
        fit=NEUTRAL.get(prospect.regime, 0.0),
        because={
            "width": width / 1000.0,
            "debit_to_width": 10.0 * found.cost / width,
            "body_pct": (key[body] & STRIKE_MASK) / 1000.0 / prospect.spot - 1.0,
        },
    )


def _side(prospect: Prospect, params: ParameterSet) -> int | DenialCode:
    """Return where the body is put, 1 above spot and -1 below it, or why nowhere."""
    trend = prospect.trend
    if params.text("trend") == "flat" and trend is not Trend.FLAT:
        return DenialCode.ENTRY_TREND_UNKNOWN if trend is Trend.UNKNOWN else DenialCode.ENTRY_TREND
    if params.text("target") == "trend":
        return TOWARDS.get(trend, DenialCode.ENTRY_TREND_UNKNOWN)
    return {"spot": 0, "above": 1, "below": -1}[params.text("target")]


def _legs(prospect: Prospect, params: ParameterSet, side: int, rejected: Rejections) -> Legs:
    """Return butterflies of calls, and of puts where the body is below spot: out of the money they trade."""
    calls, _ = nearest_to_spot(prospect)
    if len(calls) == 0:
        rejected[DenialCode.STRUCTURE_NO_SHORT] += 1
    deviation = deviations(prospect, calls)
    known = np.isfinite(deviation) & (deviation > 0.0)
    rejected[DenialCode.DATA_NO_VOLATILITY] += int(np.count_nonzero(~known))
    calls, deviation = calls[known], deviation[known]
    key = prospect.chain.key
    offset = side * params.number("body_distance") * deviation
    body, listed = listed_near(
        prospect, (key[calls] >> STRIKE_BITS) | (side < 0), milli(prospect.spot + offset)
    )
    width = milli(params.number("wing_width") * deviation)
    high, above = listed_near(prospect, key[body] >> STRIKE_BITS, (key[body] & STRIKE_MASK) + width)
    # Wings must be even: the other one is listed at the very distance, or it is no butterfly.
    low, below = listed_at(prospect, 2 * key[body] - key[high])
    kept = listed & above & below & (key[high] > key[body])
    rejected[DenialCode.STRUCTURE_NO_WING] += int(np.count_nonzero(~kept))
    return Legs((low, body, high), (1, -2, 1)).take(kept)
