"""Sell a put far below a rising market: the baseline that others must beat.

Earns the premium as long as the price does not fall to the strike, which far below a rising market is nearly
always. Loses without a wing to stop it when the market falls fast: the loss of one such week can take the
premium of years, and the margin asked for rises as it falls. It is here as a measure: whatever is more
complicated must beat it.
"""

from __future__ import annotations

import numpy as np

from strikewise.domain.denials import DenialCode
from strikewise.domain.parameters import Parameter, ParameterSet, ParameterSpace
from strikewise.domain.portfolio import Portfolio, Position
from strikewise.domain.signals import Action, Hold, Signal
from strikewise.market.view import MarketView
from strikewise.strategy.api import Screened
from strikewise.strategy.candidates import best, candidate_parameters, screen
from strikewise.strategy.exits import credit_exit, exit_parameters
from strikewise.strategy.prospects import Prospect, Rejections, entry_parameters
from strikewise.strategy.selection import gate_quotes, quote_parameters, short_legs, short_parameters
from strikewise.strategy.short_puts import short_puts
from strikewise.strategy.sizing import proposed_position, sizing_parameters
from strikewise.strategy.trend import TREND_RULES, allowed_sides

__all__ = ["NakedPut"]


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
    found = short_puts(prospect, shorts, params, cash=cash)
    return best(NakedPut.name, prospect, found, params, rejected, labels=labels)
