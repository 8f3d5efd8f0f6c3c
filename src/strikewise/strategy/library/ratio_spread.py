"""Trade one option against two that are further out of the money.

A front ratio buys one and sells two. It earns most when the price drifts to the short strikes, and keeps its
credit when the price goes the other way; it loses without a wing to stop it when the price runs through them,
for one of the two is naked. A back ratio is the reverse, one sold and two bought: it loses a little, most of
all at the long strikes on the last day, and earns on a run that nobody priced. Front ratios like high and
falling volatility, back ratios low volatility before it rises.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from strikewise.domain.denials import DenialCode
from strikewise.domain.instruments import STRIKE_BITS, STRIKE_MASK, Right
from strikewise.domain.parameters import Parameter, ParameterSet, ParameterSpace
from strikewise.domain.portfolio import Portfolio, Position
from strikewise.domain.signals import Action, Hold, Signal
from strikewise.market.view import MarketView
from strikewise.strategy.api import Screened
from strikewise.strategy.candidates import candidate_parameters, multiplier_of, screen
from strikewise.strategy.debit_exits import stake_exit, stake_exit_parameters
from strikewise.strategy.legs import Legs, Priced, band_parameters, pairs, priced, rows_in_band
from strikewise.strategy.prospects import Prospect, Rejections, entry_parameters
from strikewise.strategy.scoring import BEARISH, BULLISH
from strikewise.strategy.selection import quote_parameters
from strikewise.strategy.sizing import proposed_position, sizing_parameters
from strikewise.strategy.structured import (
    FALLING,
    RISING,
    naked_requirements,
    payoff_parameters,
    structured_signals,
)
from strikewise.strategy.trend import TREND_RULES, allowed_sides

__all__ = ["RatioSpread"]

Ints = NDArray[np.int64]


class RatioSpread:
    """One option against two further out, all by delta."""

    __slots__ = ()

    name = "ratio_spread"
    summary = "Buys one option and sells two further out of the money for a credit, or the reverse."
    space = ParameterSpace(
        (
            Parameter(
                "kind",
                "front",
                "Whether the two further options are sold (front) or bought (back).",
                choices=("front", "back"),
            ),
            Parameter(
                "side",
                "put",
                "Whether it is made of puts or calls, or of both where the trend allows it.",
                choices=("auto", "put", "call"),
            ),
            *band_parameters("near", low=0.28, high=0.40, what="the one option next to the market"),
            *band_parameters("far", low=0.12, high=0.20, what="the two options further out"),
            Parameter(
                "max_debit",
                0.0,
                "Most debit at the touch, as a share of the distance of the strikes; below zero a credit.",
                "of the width",
                -0.9,
                0.9,
            ),
            *entry_parameters(min_dte=30, max_dte=50, trend="not_against", trends=TREND_RULES),
            *quote_parameters(),
            *payoff_parameters(max_entry_cost=0.05),
            *candidate_parameters(),
            *stake_exit_parameters(
                profit_target=0.06, stop_loss=0.15, dte_exit=14, of="margin or largest loss"
            ),
            *sizing_parameters(risk_fraction=0.10, of="margin or largest loss", max_units=50),
        ),
        ordered=(
            ("min_dte", "max_dte"),
            ("dte_exit", "max_dte"),
            ("near_delta_min", "near_delta_max"),
            ("far_delta_min", "far_delta_max"),
        ),
    )

    def screen(self, market_data: MarketView, params: ParameterSet) -> Screened:
        """Return the best ratios of every underlying, and what each reason turned away."""
        return screen(market_data, params, _signals)

    def generate_signals(self, market_data: MarketView, params: ParameterSet) -> list[Signal]:
        """Return the best ratios of every underlying, best first."""
        return list(screen(market_data, params, _signals).signals)

    def size_position(self, signal: Signal, portfolio: Portfolio, params: ParameterSet) -> Position:
        """Return as many units as the share of equity carries: margin where one option is naked."""
        return proposed_position(signal, portfolio, params, at_stake_cents=signal.margin_cents)

    def manage_position(self, position: Position, market_data: MarketView, params: ParameterSet) -> Action:
        """Close on the target, the stop, the days left, or an assignment; hold otherwise."""
        return stake_exit(position, market_data.day, params) or Hold()


def _signals(prospect: Prospect, params: ParameterSet, rejected: Rejections) -> list[Signal]:
    front, side = params.text("kind") == "front", params.text("side")
    puts, calls = side != "call", side != "put"
    # A front ratio leans as its short options do, a back ratio as its long ones.
    first, second = (puts, calls) if front else (calls, puts)
    sides = allowed_sides(prospect.trend, params.text("trend"), puts=first, calls=second)
    if isinstance(sides, DenialCode):
        rejected[sides] += 1
        return []
    puts, calls = sides if front else (sides[1], sides[0])
    found = priced(
        prospect, _legs(prospect, params, rejected, puts=puts, calls=calls, front=front), params, rejected
    )
    if found is None:
        return []
    key, (near, far) = prospect.chain.key, found.legs.rows
    width = np.abs(key[near] - key[far])
    dear = 10.0 * found.cost > params.number("max_debit") * width
    rejected[DenialCode.DEBIT_TOO_LARGE] += int(np.count_nonzero(dear))
    if bool(dear.all()):
        return []
    found, width = found.take(~dear), width[~dear]
    near, far = found.legs.rows
    is_put = (key[near] >> STRIKE_BITS) & 1
    below, above = (BULLISH, BEARISH) if front else (FALLING, RISING)
    fits = np.array([above.get(prospect.regime, 0.0), below.get(prospect.regime, 0.0)])
    delta = prospect.chain.delta
    return structured_signals(
        RatioSpread.name,
        prospect,
        found,
        params,
        rejected,
        fit=fits[is_put],
        margin=_margins(prospect, found, is_put) if front else None,
        because={
            "near_delta": delta[near].astype(np.float64),
            "far_delta": delta[far].astype(np.float64),
            "width": width / 1000.0,
            "otm_pct": np.abs((key[far] & STRIKE_MASK) / 1000.0 / prospect.spot - 1.0),
        },
    )


def _legs(
    prospect: Prospect, params: ParameterSet, rejected: Rejections, *, puts: bool, calls: bool, front: bool
) -> Legs:
    near = rows_in_band(prospect, "near", params, rejected, puts=puts, calls=calls)
    far = rows_in_band(prospect, "far", params, rejected, puts=puts, calls=calls)
    if len(near) == 0 or len(far) == 0:
        return Legs((near[:0], far[:0]), (1, -2))
    near, far = pairs(prospect, near, far)
    key = prospect.chain.key
    away = 1 - 2 * ((key[near] >> STRIKE_BITS) & 1)
    same = key[near] >> STRIKE_BITS == key[far] >> STRIKE_BITS
    kept = same & (away * (key[far] - key[near]) > 0)
    if not bool(kept.any()):
        rejected[DenialCode.STRUCTURE_NO_OTHER_SIDE] += 1
    return Legs((near, far), (1, -2) if front else (-1, 2)).take(kept)


def _margins(prospect: Prospect, found: Priced, is_put: Ints) -> Ints:
    """Return what one unit holds: one short option is covered by the long one, the other is naked.

    Marked at the exit, the value of the long option is counted in: the account's equity contains it too.
    """
    near, far = found.legs.rows
    put, call = (naked_requirements(prospect, far, right) for right in (Right.PUT, Right.CALL))
    value = prospect.chain.ask[near].astype(np.int64) * multiplier_of(prospect.chain)
    return np.asarray(np.where(is_put, put, call) + value)
