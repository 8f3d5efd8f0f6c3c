"""Sell cash-secured puts until shares are assigned, then calls against the shares until they are called away.

One turn of the wheel is one position. It begins with a put some way below the market, for whose whole strike
cash is kept. If the put expires worthless, or half its premium can be kept earlier, the turn is over and the
next may begin. If it is assigned, the shares stay, and from the session after calls are written against them,
by default at strikes no lower than what the shares have cost less all premiums of the turn. When they are
called away the turn is over, with all its profits and losses under one name.

It earns the premium of puts and calls while prices move little, and holds shares through a fall, which is
where it loses: the premiums are small against that, and calls above the cost bring nothing while the price is
far below it. Then the shares wait, unless a stop is set. An index has no shares to be assigned and is left
out. The limit on margin a trade must be as large as the strike of one put.
"""

from __future__ import annotations

from strikewise.domain.denials import DenialCode
from strikewise.domain.instruments import INDEX_ROOTS, Right
from strikewise.domain.parameters import Parameter, ParameterSet, ParameterSpace
from strikewise.domain.portfolio import Portfolio, Position
from strikewise.domain.signals import Action, Close, Hold, Signal
from strikewise.market.view import MarketView
from strikewise.strategy.api import Screened
from strikewise.strategy.call_writing import call_action, call_parameters
from strikewise.strategy.candidates import candidate_parameters, screen
from strikewise.strategy.covering import cash_only, shares_of
from strikewise.strategy.exits import ExitCode, credit_exit, exit_parameters
from strikewise.strategy.prospects import Prospect, Rejections, entry_parameters
from strikewise.strategy.selection import quote_parameters
from strikewise.strategy.short_puts import secured_put_parameters, secured_puts
from strikewise.strategy.sizing import proposed_position, sizing_parameters
from strikewise.strategy.trend import TREND_RULES

__all__ = ["Wheel"]


class Wheel:
    """Cash-secured puts, and covered calls on the shares that they bring, as one campaign."""

    __slots__ = ()

    name = "wheel"
    summary = "Sells puts that cash could pay for, keeps assigned shares, and writes calls above their cost."
    space = ParameterSpace(
        (
            *secured_put_parameters(),
            *call_parameters(low=0.10, high=0.35, above="cost"),
            Parameter(
                "share_stop",
                0.0,
                "Sell the shares, and buy back their calls, when the turn has lost this share of their cost; "
                "0 never does.",
                "of the cost",
                0.0,
                1.0,
            ),
            *entry_parameters(min_dte=25, max_dte=45, trend="not_against", trends=TREND_RULES),
            *quote_parameters(),
            *candidate_parameters(),
            *exit_parameters(profit_target=0.5, stop_loss=0.0, dte_exit=0),
            *sizing_parameters(risk_fraction=0.50, of="cash behind the puts"),
        ),
        ordered=(
            ("min_dte", "max_dte"),
            ("dte_exit", "max_dte"),
            ("short_delta_min", "short_delta_max"),
            ("call_delta_min", "call_delta_max"),
            ("otm_min", "otm_max"),
        ),
    )

    def screen(self, market_data: MarketView, params: ParameterSet) -> Screened:
        """Return the best puts to begin a turn with, and what each reason turned away."""
        return screen(market_data, params, _signals)

    def generate_signals(self, market_data: MarketView, params: ParameterSet) -> list[Signal]:
        """Return the best puts to begin a turn with, best first."""
        return list(screen(market_data, params, _signals).signals)

    def size_position(self, signal: Signal, portfolio: Portfolio, params: ParameterSet) -> Position:
        """Return as many puts as a share of equity and the cash that is not spoken for secure."""
        return proposed_position(signal, cash_only(portfolio), params, at_stake_cents=signal.margin_cents)

    def manage_position(self, position: Position, market_data: MarketView, params: ParameterSet) -> Action:
        """Leave puts by the rules of a credit; hold assigned shares, stop them out, or write calls."""
        if shares_of(position) == 0:
            return credit_exit(position, market_data.day, params) or Hold()
        if _assigned_today(position, market_data):
            return Hold()
        return _stopped(position, params) or call_action(position, market_data, params) or Hold()


def _assigned_today(position: Position, view: MarketView) -> bool:
    """Return whether the shares came with an expiration of today: that is told after the close."""
    held = {one.instrument for one in position.holdings}
    return any(
        contract.right is Right.PUT and contract.expiration == view.day and contract not in held
        for contract, _ in position.structure.options
    )


def _stopped(position: Position, params: ParameterSet) -> Close | None:
    profit, stop = position.profit_exit_cents, params.number("share_stop") * position.cash_cents
    if profit is None or stop <= 0 or profit > -stop:
        return None
    return Close(ExitCode.STOP_LOSS, f"loss={-profit / 100:.2f} limit={stop / 100:.2f}")


def _signals(prospect: Prospect, params: ParameterSet, rejected: Rejections) -> list[Signal]:
    if prospect.chain.underlying in INDEX_ROOTS:
        rejected[DenialCode.STRUCTURE_NO_SHARES] += 1
        return []
    return secured_puts(Wheel.name, prospect, params, rejected)
