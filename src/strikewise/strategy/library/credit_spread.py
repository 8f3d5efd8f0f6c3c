"""Sell a vertical spread out of the money: bull puts below the market, bear calls above it.

Earns when the price stays on its own side of the short strike, whether it rises, stands or moves against it a
little: time and falling volatility work for it. Loses when the price runs through the short strike, up to the
width less the credit, which is several times what it can win: so it wins often and little, and loses seldom
and much. Half the credit is taken early, for the second half is earned slowly and at full risk.
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
from strikewise.strategy.candidates import Candidates, best, candidate_parameters, multiplier_of, screen
from strikewise.strategy.exits import credit_exit, exit_parameters
from strikewise.strategy.prospects import Prospect, Rejections, entry_parameters
from strikewise.strategy.rolling import roll_parameters, rolled
from strikewise.strategy.scoring import (
    BEARISH,
    BULLISH,
    SCORE_PARTS,
    score_parameters,
    spread_odds,
    weighted_parts,
)
from strikewise.strategy.selection import (
    Verticals,
    quote_parameters,
    short_legs,
    short_parameters,
    vertical_spreads,
    wing_parameters,
)
from strikewise.strategy.sizing import proposed_position, sizing_parameters
from strikewise.strategy.trend import TREND_RULES, allowed_sides

__all__ = ["CreditSpread"]


class CreditSpread:
    """Bull put and bear call spreads, the short strike chosen by delta or by distance from spot."""

    __slots__ = ()

    name = "credit_spread"
    summary = (
        "Sells put spreads unless the trend is down and call spreads unless it is up; takes half the credit."
    )
    space = ParameterSpace(
        (
            Parameter(
                "side",
                "auto",
                "Whether puts or calls are sold, or both where the trend allows it.",
                choices=("auto", "put", "call"),
            ),
            *short_parameters(by="delta", low_delta=0.10, high_delta=0.15, low_otm=0.03, high_otm=0.10),
            *wing_parameters(width=5.0, min_credit_to_width=0.05),
            *entry_parameters(min_dte=30, max_dte=45, trend="not_against", trends=TREND_RULES),
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
        """Return the best spreads of every underlying, and what each reason turned away."""
        return screen(market_data, params, _signals)

    def generate_signals(self, market_data: MarketView, params: ParameterSet) -> list[Signal]:
        """Return the best spreads of every underlying, best first."""
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
    side = params.text("side")
    sides = allowed_sides(prospect.trend, params.text("trend"), puts=side != "call", calls=side != "put")
    if isinstance(sides, DenialCode):
        rejected[sides] += 1
        return []
    shorts = short_legs(prospect, *sides, params, rejected)
    spreads = None if shorts is None else vertical_spreads(prospect, shorts, params, rejected)
    if spreads is None:
        return []
    enough = spreads.credit * 10.0 >= params.number("min_credit_to_width") * spreads.width
    if (few := len(enough) - np.count_nonzero(enough)) > 0:
        rejected[DenialCode.CREDIT_TOO_SMALL] += int(few)
        spreads = spreads.take(enough)
        if len(spreads) == 0:
            return []
    return best(CreditSpread.name, prospect, _candidates(prospect, spreads, params), params, rejected)


def _candidates(prospect: Prospect, spreads: Verticals, params: ParameterSet) -> Candidates:
    chain, shorts, credit = prospect.chain, spreads.shorts, spreads.credit
    multiplier = multiplier_of(chain)
    odds = spread_odds(prospect, spreads, credit)
    max_profit = credit * multiplier
    max_loss = spreads.width * multiplier // 10 - max_profit
    to_width = 10.0 * credit / spreads.width
    fits = np.array([BEARISH.get(prospect.regime, 0.0), BULLISH.get(prospect.regime, 0.0)])

    def because(row: int) -> dict[str, float]:
        short = int(shorts.rows[row])
        strike = (int(shorts.key[row]) & STRIKE_MASK) / 1000.0
        return {
            "dte": float(spreads.days[row]),
            "short_delta": float(chain.delta[short]),
            "iv": float(chain.iv[short]),
            "iv_breakeven": float(odds.implied[row]),
            "iv_forecast": float(odds.forecast[row]),
            "credit_to_width": float(to_width[row]),
            "width": float(spreads.width[row]) / 1000.0,
            "otm_pct": float(spreads.side[row]) * (1.0 - strike / prospect.spot),
        }

    return Candidates(
        rows=(shorts.rows, spreads.wing),
        ratios=(-1, 1),
        price=-max_profit,
        mid=-(spreads.mid * multiplier // 2),
        max_loss=max_loss,
        max_profit=max_profit,
        margin=max_loss,
        breakevens=(odds.breakeven,),
        probability=odds.probability,
        edge=(credit - 100.0 * odds.payout) * multiplier - 200.0 * params.number("fee_per_contract"),
        parts=SCORE_PARTS,
        points=weighted_parts(
            params,
            credit_to_width=to_width,
            reward_to_risk=max_profit / max_loss,
            probability=odds.probability,
            regime_fit=fits[shorts.is_put.view(np.int8)],
            kept_at_touch=2.0 * credit / spreads.mid,
        ),
        because=because,
    )
