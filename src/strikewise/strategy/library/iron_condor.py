"""Sell a put spread below and a call spread above the market, of one expiration.

Earns when the price stays between the short strikes while time passes or volatility falls; only one side can
lose, so that the second credit comes without a second risk. Loses when the price runs beyond either short
strike, up to the width less both credits. It wins often and little; a market that trends, or one that moves
more than the options had said, costs several wins at once. Half the credit is taken early.
"""

from __future__ import annotations

import numpy as np

from strikewise.domain.denials import DenialCode
from strikewise.domain.instruments import ROOT_SHIFT, STRIKE_MASK
from strikewise.domain.parameters import Parameter, ParameterSet, ParameterSpace
from strikewise.domain.portfolio import Portfolio, Position
from strikewise.domain.signals import Action, Hold, Signal
from strikewise.market.view import MarketView
from strikewise.strategy.api import Screened
from strikewise.strategy.candidates import Candidates, best, candidate_parameters, multiplier_of, screen
from strikewise.strategy.exits import credit_exit, exit_parameters
from strikewise.strategy.prospects import Prospect, Rejections, entry_parameters
from strikewise.strategy.rolling import roll_parameters, rolled
from strikewise.strategy.scoring import NEUTRAL, SCORE_PARTS, score_parameters, spread_odds, weighted_parts
from strikewise.strategy.selection import (
    Verticals,
    quote_parameters,
    short_legs,
    short_parameters,
    vertical_spreads,
    wing_parameters,
)
from strikewise.strategy.sizing import proposed_position, sizing_parameters
from strikewise.strategy.trend import Trend

__all__ = ["IronCondor"]


class IronCondor:
    """Iron condors, both short strikes chosen by delta or by distance from spot."""

    __slots__ = ()

    name = "iron_condor"
    summary = "Sells a put spread and a call spread around the market and takes half the credit."
    space = ParameterSpace(
        (
            *short_parameters(by="delta", low_delta=0.12, high_delta=0.20, low_otm=0.03, high_otm=0.10),
            Parameter(
                "delta_balance",
                0.05,
                "Most that the absolute deltas of the two short legs may differ.",
                "delta",
                0.0,
                0.5,
            ),
            *wing_parameters(width=5.0, min_credit_to_width=0.15),
            *entry_parameters(min_dte=30, max_dte=45, trend="off", trends=("off", "flat")),
            *quote_parameters(),
            *score_parameters(),
            *candidate_parameters(),
            *exit_parameters(profit_target=0.5, stop_loss=2.0, dte_exit=21),
            *roll_parameters(),
            *sizing_parameters(risk_fraction=0.02),
        ),
        ordered=(
            ("min_dte", "max_dte"),
            ("dte_exit", "max_dte"),
            ("short_delta_min", "short_delta_max"),
            ("otm_min", "otm_max"),
        ),
    )

    def screen(self, market_data: MarketView, params: ParameterSet) -> Screened:
        """Return the best condors of every underlying, and what each reason turned away."""
        return screen(market_data, params, _signals)

    def generate_signals(self, market_data: MarketView, params: ParameterSet) -> list[Signal]:
        """Return the best condors of every underlying, best first."""
        return list(screen(market_data, params, _signals).signals)

    def size_position(self, signal: Signal, portfolio: Portfolio, params: ParameterSet) -> Position:
        """Return as many units as may lose the share of equity that is risked."""
        return proposed_position(signal, portfolio, params, at_stake_cents=signal.margin_cents)

    def manage_position(self, position: Position, market_data: MarketView, params: ParameterSet) -> Action:
        """Close on the target, the stop, the days left (or roll then, if wished), or an assignment."""
        why = credit_exit(position, market_data.day, params)
        if why is None or not params.flag("roll"):
            return why or Hold()
        return rolled(position, why, lambda: self.generate_signals(market_data, params))


def _signals(prospect: Prospect, params: ParameterSet, rejected: Rejections) -> list[Signal]:
    if params.text("trend") == "flat" and prospect.trend is not Trend.FLAT:
        unknown = prospect.trend is Trend.UNKNOWN
        rejected[DenialCode.ENTRY_TREND_UNKNOWN if unknown else DenialCode.ENTRY_TREND] += 1
        return []
    shorts = short_legs(prospect, True, True, params, rejected)
    spreads = None if shorts is None else vertical_spreads(prospect, shorts, params, rejected)
    if spreads is None:
        return []
    puts, calls = _pairs(prospect, spreads, params)
    if len(puts) == 0:
        rejected[DenialCode.STRUCTURE_NO_OTHER_SIDE] += 1
        return []
    credit, widest = puts.credit + calls.credit, np.maximum(puts.width, calls.width)
    small = credit * 10.0 < params.number("min_credit_to_width") * widest
    # With a credit above the narrower wing one side could not lose: quotes like that are not believed.
    large = 10 * credit >= np.minimum(puts.width, calls.width)
    rejected[DenialCode.CREDIT_TOO_SMALL] += int(np.count_nonzero(small))
    rejected[DenialCode.CREDIT_TOO_LARGE] += int(np.count_nonzero(large & ~small))
    keep = ~(small | large)
    if not bool(keep.any()):
        return []
    found = _candidates(prospect, puts.take(keep), calls.take(keep), params)
    return best(IronCondor.name, prospect, found, params, rejected)


def _pairs(prospect: Prospect, spreads: Verticals, params: ParameterSet) -> tuple[Verticals, Verticals]:
    """Return each put spread with each call spread of its expiration and root, deltas in balance."""
    shorts = spreads.shorts
    put_rows, call_rows = np.flatnonzero(shorts.is_put), np.flatnonzero(~shorts.is_put)
    group = shorts.key >> ROOT_SHIFT
    distance = np.abs(prospect.chain.delta[shorts.rows])
    matched = group[put_rows][:, np.newaxis] == group[call_rows]
    if params.text("short_by") == "delta":
        gap = np.abs(distance[put_rows][:, np.newaxis] - distance[call_rows])
        matched &= gap <= params.number("delta_balance")
    first, second = np.nonzero(matched)
    return spreads.take(put_rows[first]), spreads.take(call_rows[second])


def _candidates(prospect: Prospect, puts: Verticals, calls: Verticals, params: ParameterSet) -> Candidates:
    chain = prospect.chain
    multiplier = multiplier_of(chain)
    credit, mid = puts.credit + calls.credit, puts.mid + calls.mid
    width = np.maximum(puts.width, calls.width)
    below, above = spread_odds(prospect, puts, credit), spread_odds(prospect, calls, credit)
    probability = np.maximum(below.probability + above.probability - 1.0, 0.0)
    max_profit = credit * multiplier
    max_loss = width * multiplier // 10 - max_profit
    to_width = 10.0 * credit / width
    payout = below.payout + above.payout

    def because(row: int) -> dict[str, float]:
        put, call = int(puts.shorts.rows[row]), int(calls.shorts.rows[row])
        return {
            "dte": float(puts.days[row]),
            "short_put_delta": float(chain.delta[put]),
            "short_call_delta": float(chain.delta[call]),
            "iv": 0.5 * float(chain.iv[put] + chain.iv[call]),
            "iv_forecast": 0.5 * float(below.forecast[row] + above.forecast[row]),
            "credit_to_width": float(to_width[row]),
            "width": float(width[row]) / 1000.0,
            "otm_put_pct": 1.0 - _strike(puts, row) / prospect.spot,
            "otm_call_pct": _strike(calls, row) / prospect.spot - 1.0,
        }

    return Candidates(
        rows=(puts.shorts.rows, puts.wing, calls.shorts.rows, calls.wing),
        ratios=(-1, 1, -1, 1),
        price=-max_profit,
        mid=-(mid * multiplier // 2),
        max_loss=max_loss,
        max_profit=max_profit,
        margin=max_loss,
        breakevens=(below.breakeven, above.breakeven),
        probability=probability,
        edge=(credit - 100.0 * payout) * multiplier - 400.0 * params.number("fee_per_contract"),
        parts=SCORE_PARTS,
        points=weighted_parts(
            params,
            credit_to_width=to_width,
            reward_to_risk=max_profit / max_loss,
            probability=probability,
            regime_fit=np.full(len(credit), NEUTRAL.get(prospect.regime, 0.0)),
            kept_at_touch=2.0 * credit / mid,
        ),
        because=because,
    )


def _strike(spreads: Verticals, row: int) -> float:
    return (int(spreads.shorts.key[row]) & STRIKE_MASK) / 1000.0
