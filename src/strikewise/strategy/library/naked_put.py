"""Sell a put far below a rising market: the baseline that others must beat."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from strikewise.domain.denials import DenialCode
from strikewise.domain.instruments import BROAD_INDEXES, EXPIRATION_SHIFT, STRIKE_MASK, Right, days_of
from strikewise.domain.margin import naked_margins_cents
from strikewise.domain.parameters import Parameter, ParameterSet, ParameterSpace
from strikewise.domain.portfolio import Portfolio, Position
from strikewise.domain.signals import Action, Hold, Signal
from strikewise.market.view import MarketView
from strikewise.strategy.api import Screened
from strikewise.strategy.candidates import Candidates, best, candidate_parameters, multiplier_of, screen
from strikewise.strategy.exits import credit_exit, exit_parameters
from strikewise.strategy.prospects import Prospect, Rejections, entry_parameters
from strikewise.strategy.scoring import put_odds
from strikewise.strategy.selection import (
    Shorts,
    gate_quotes,
    quote_parameters,
    short_legs,
    short_parameters,
)
from strikewise.strategy.sizing import proposed_position, sizing_parameters
from strikewise.strategy.trend import TREND_RULES, allowed_sides

__all__ = ["NakedPut"]

HALF_POINTS_RETURN = 0.20
"""Return on margin, a year, that earns half of the points."""


class NakedPut:
    """Short puts, ranked by return on margin."""

    __slots__ = ()

    name = "naked_put"
    summary = (
        "Sells puts 15 to 20 percent below a rising market for 30 to 50 cents, ranked by return on margin."
    )
    space = ParameterSpace(
        (
            *short_parameters(by="otm", low_delta=0.01, high_delta=0.10, low_otm=0.15, high_otm=0.20),
            Parameter("premium_min", 0.30, "Least premium at the bid.", "dollars", 0.01, 1000.0),
            Parameter("premium_max", 0.50, "Most premium at the bid.", "dollars", 0.01, 1000.0),
            Parameter(
                "collateral",
                "margin",
                "Whether the exchange's margin or the whole strike in cash secures the put.",
                choices=("margin", "cash"),
            ),
            *entry_parameters(min_dte=7, max_dte=14, trend="with", trends=TREND_RULES),
            *quote_parameters(),
            *candidate_parameters(),
            *exit_parameters(profit_target=0.5, stop_loss=2.0, dte_exit=3),
            *sizing_parameters(risk_fraction=0.10, of="margin"),
        ),
        ordered=(
            ("min_dte", "max_dte"),
            ("dte_exit", "max_dte"),
            ("short_delta_min", "short_delta_max"),
            ("otm_min", "otm_max"),
            ("premium_min", "premium_max"),
        ),
    )

    def screen(self, market_data: MarketView, params: ParameterSet) -> Screened:
        """Return the best puts of every underlying, and what each reason turned away."""
        return screen(market_data, params, _signals)

    def generate_signals(self, market_data: MarketView, params: ParameterSet) -> list[Signal]:
        """Return the best puts of every underlying, best first."""
        return list(screen(market_data, params, _signals).signals)

    def size_position(self, signal: Signal, portfolio: Portfolio, params: ParameterSet) -> Position:
        """Return as many puts as the share of equity secures that is set aside for margin."""
        return proposed_position(signal, portfolio, params, at_stake_cents=signal.margin_cents)

    def manage_position(self, position: Position, market_data: MarketView, params: ParameterSet) -> Action:
        """Close on the target, the stop, the days left, or an assignment; hold otherwise."""
        return credit_exit(position, market_data.day, params) or Hold()


def _signals(prospect: Prospect, params: ParameterSet, rejected: Rejections) -> list[Signal]:
    sides = allowed_sides(prospect.trend, params.text("trend"), puts=True, calls=False)
    if isinstance(sides, DenialCode):
        rejected[sides] += 1
        return []
    shorts = short_legs(prospect, True, False, params, rejected)
    if shorts is None:
        return []
    bid = prospect.chain.bid[shorts.rows]
    small = bid < 100.0 * params.number("premium_min")
    large = bid > 100.0 * params.number("premium_max")
    rejected[DenialCode.CREDIT_TOO_SMALL] += int(np.count_nonzero(small))
    rejected[DenialCode.CREDIT_TOO_LARGE] += int(np.count_nonzero(large))
    shorts = shorts.take(~(small | large))
    shorts = shorts.take(gate_quotes(prospect, shorts.rows, None, params, rejected))
    if len(shorts.rows) == 0:
        return []
    cash = params.text("collateral") == "cash"
    labels = {"structure": "cash_secured_put" if cash else "naked_put"}
    found = _candidates(prospect, shorts, params, cash=cash)
    return best(NakedPut.name, prospect, found, params, rejected, labels=labels)


def _candidates(prospect: Prospect, shorts: Shorts, params: ParameterSet, *, cash: bool) -> Candidates:
    chain, rows = prospect.chain, shorts.rows
    multiplier = multiplier_of(chain)
    credit, ask = chain.bid[rows].astype(np.int64), chain.ask[rows].astype(np.int64)
    days = (shorts.key >> EXPIRATION_SHIFT) - days_of(chain.day)
    strike_milli = shorts.key & STRIKE_MASK
    odds = put_odds(prospect, rows, credit)
    max_loss = strike_milli * multiplier // 10 - credit * multiplier
    margin = max_loss if cash else _margins(prospect, strike_milli, credit, multiplier)
    yearly = (credit * multiplier / margin) * (365.0 / days)

    def because(row: int) -> dict[str, float]:
        short = int(rows[row])
        return {
            "dte": float(days[row]),
            "short_delta": float(chain.delta[short]),
            "iv": float(chain.iv[short]),
            "iv_forecast": float(odds.forecast[row]),
            "premium": float(credit[row]) / 100.0,
            "return_on_margin": float(yearly[row]),
            "otm_pct": 1.0 - int(strike_milli[row]) / 1000.0 / prospect.spot,
        }

    return Candidates(
        rows=(rows,),
        ratios=(-1,),
        price=-credit * multiplier,
        mid=-((credit + ask) * multiplier // 2),
        max_loss=max_loss,
        max_profit=credit * multiplier,
        margin=margin,
        breakevens=(odds.breakeven,),
        probability=odds.probability,
        edge=(credit - 100.0 * odds.payout) * multiplier - 100.0 * params.number("fee_per_contract"),
        parts=("return_on_margin",),
        points=(100.0 * yearly / (yearly + HALF_POINTS_RETURN))[np.newaxis],
        because=because,
    )


def _margins(
    prospect: Prospect, strike_milli: NDArray[np.int64], premium: NDArray[np.int64], multiplier: int
) -> NDArray[np.int64]:
    chain = prospect.chain
    return naked_margins_cents(
        Right.PUT,
        strike_milli,
        premium,
        chain.spot_cents,
        broad_index=chain.underlying in BROAD_INDEXES,
        multiplier=multiplier,
    )
