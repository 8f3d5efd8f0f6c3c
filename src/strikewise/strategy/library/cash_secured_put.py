"""Sell a put below the market with the whole strike in cash behind it.

The seller is paid for a promise to buy at the strike, and keeps the cash for it ready. Puts of a month or so
are chosen by delta, and among them those that pay most a year on the cash that they hold; nothing is sold
while price and averages fall. Half the premium ends the trade early. A put that is in the money when few days
are left is rolled to a later and lower strike if somebody pays for that, else it is closed. Assigned shares
are sold in the next session: who would rather keep them trades the wheel.

Cash-secured means here that the strategy proposes no more puts than the account's cash could pay for together
with every other put in it, long puts counted against short ones. The account itself asks for the exchange's
margin only, so that another strategy of the same account may spend that cash later: give each a limit. Limits
on margin a trade must be as large as the strike of one put.
"""

from __future__ import annotations

from strikewise.domain.instruments import Right
from strikewise.domain.parameters import Parameter, ParameterSet, ParameterSpace
from strikewise.domain.portfolio import Portfolio, Position
from strikewise.domain.signals import Action, Hold, Signal
from strikewise.market.view import MarketView
from strikewise.strategy.api import Screened
from strikewise.strategy.candidates import candidate_parameters, screen
from strikewise.strategy.covering import cash_only, in_the_money, rolled_out, written
from strikewise.strategy.exits import ExitCode, credit_exit, exit_parameters
from strikewise.strategy.prospects import Prospect, Rejections, entry_parameters
from strikewise.strategy.selection import quote_parameters
from strikewise.strategy.short_puts import secured_put_parameters, secured_puts
from strikewise.strategy.sizing import proposed_position, sizing_parameters
from strikewise.strategy.trend import TREND_RULES

__all__ = ["CashSecuredPut"]


class CashSecuredPut:
    """Short puts that cash could pay for, ranked by return on that cash."""

    __slots__ = ()

    name = "cash_secured_put"
    summary = "Sells puts of a month that cash could pay for, takes half the premium, rolls what is tested."
    space = ParameterSpace(
        (
            *secured_put_parameters(),
            *entry_parameters(min_dte=25, max_dte=45, trend="not_against", trends=TREND_RULES),
            *quote_parameters(),
            *candidate_parameters(),
            Parameter(
                "roll",
                True,
                "Whether a put in the money is rolled later and lower for a credit when its days are up.",
            ),
            *exit_parameters(profit_target=0.5, stop_loss=0.0, dte_exit=7),
            *sizing_parameters(risk_fraction=0.25, of="cash behind the puts"),
        ),
        ordered=(
            ("min_dte", "max_dte"),
            ("dte_exit", "max_dte"),
            ("short_delta_min", "short_delta_max"),
            ("otm_min", "otm_max"),
        ),
    )

    def screen(self, market_data: MarketView, params: ParameterSet) -> Screened:
        """Return the best puts of every underlying, and what each reason turned away."""
        return screen(market_data, params, _signals)

    def generate_signals(self, market_data: MarketView, params: ParameterSet) -> list[Signal]:
        """Return the best puts of every underlying, best first."""
        return list(screen(market_data, params, _signals).signals)

    def size_position(self, signal: Signal, portfolio: Portfolio, params: ParameterSet) -> Position:
        """Return as many puts as a share of equity and the cash that is not spoken for secure."""
        return proposed_position(signal, cash_only(portfolio), params, at_stake_cents=signal.margin_cents)

    def manage_position(self, position: Position, market_data: MarketView, params: ParameterSet) -> Action:
        """Close on target, stop, assignment or days left; roll a put in the money for a credit instead."""
        found = credit_exit(position, market_data.day, params)
        if found is not None and found.reason == ExitCode.DTE_EXIT and params.flag("roll"):
            spot = market_data.spot(position.underlying)
            for contract, quantity in written(position, Right.PUT)[:1]:
                tested = spot is not None and in_the_money(contract, round(100.0 * spot))
                action = rolled_out(market_data, contract, quantity, params) if tested else None
                if action is not None:
                    return action
        return found or Hold()


def _signals(prospect: Prospect, params: ParameterSet, rejected: Rejections) -> list[Signal]:
    return secured_puts(CashSecuredPut.name, prospect, params, rejected)
