"""Buy shares and sell a call against each hundred of them.

The call's premium is kept whatever happens; what the shares gain above its strike is given away for it. So
it earns more than the shares when they stand still, fall or rise a little, and less when they run. It loses
when they fall by more than the premium: the loss of the shares is all there, only smaller by it.

A call is chosen by delta and by what it returns a year, both if the price stays and if the shares are
called away. When it expires worthless, or has become so cheap that it is bought back, the next one is
written. A call in the money at its end takes the shares, and the next entry buys new ones at the market;
rolling it later and higher for a credit shortly before is a choice, which in a long rise ties the shares to
calls ever deeper in the money. The shares are paid in full: the strategy proposes no more than cash can
pay, although the exchange's margin would ask for half. The limit on what one trade may lose must allow for
that.
"""

from __future__ import annotations

from dataclasses import replace

from strikewise.domain.denials import DenialCode
from strikewise.domain.instruments import INDEX_ROOTS
from strikewise.domain.parameters import Parameter, ParameterSet, ParameterSpace
from strikewise.domain.portfolio import Portfolio, Position
from strikewise.domain.signals import Action, Hold, Signal
from strikewise.market.view import MarketView
from strikewise.strategy.api import Screened
from strikewise.strategy.buy_writes import buy_writes
from strikewise.strategy.call_writing import call_action, call_parameters, calls_between
from strikewise.strategy.candidates import candidate_parameters, screen
from strikewise.strategy.covering import cash_only, shares_of
from strikewise.strategy.debit_exits import stake_exit, stake_exit_parameters
from strikewise.strategy.prospects import Prospect, Rejections, entry_parameters
from strikewise.strategy.selection import gate_quotes, quote_parameters
from strikewise.strategy.sizing import proposed_position, sizing_parameters
from strikewise.strategy.trend import TREND_RULES, allowed_sides

__all__ = ["CoveredCall"]


class CoveredCall:
    """Shares with a call written against every hundred, again and again."""

    __slots__ = ()

    name = "covered_call"
    summary = (
        "Buys shares, sells a call of a month against each hundred, and writes the next when it is gone."
    )
    space = ParameterSpace(
        (
            *call_parameters(low=0.20, high=0.35, above="any"),
            Parameter(
                "min_static_return",
                0.0,
                "Least premium as a share of the net cost, for a year, at entry.",
                "fraction a year",
                0.0,
                10.0,
            ),
            *entry_parameters(min_dte=25, max_dte=45, trend="not_against", trends=TREND_RULES),
            *quote_parameters(),
            *candidate_parameters(),
            *stake_exit_parameters(profit_target=0.0, stop_loss=0.0, dte_exit=0, of="cost"),
            *sizing_parameters(risk_fraction=0.25, of="cost of the shares less the premium"),
        ),
        ordered=(
            ("min_dte", "max_dte"),
            ("dte_exit", "max_dte"),
            ("call_delta_min", "call_delta_max"),
        ),
    )

    def screen(self, market_data: MarketView, params: ParameterSet) -> Screened:
        """Return the best buy-writes of every underlying, and what each reason turned away."""
        return screen(market_data, params, _signals)

    def generate_signals(self, market_data: MarketView, params: ParameterSet) -> list[Signal]:
        """Return the best buy-writes of every underlying, best first."""
        return list(screen(market_data, params, _signals).signals)

    def size_position(self, signal: Signal, portfolio: Portfolio, params: ParameterSet) -> Position:
        """Return as many hundreds of shares as a share of equity and the cash that is free can pay."""
        return proposed_position(signal, cash_only(portfolio), params, at_stake_cents=signal.margin_cents)

    def manage_position(self, position: Position, market_data: MarketView, params: ParameterSet) -> Action:
        """Close it all on target, stop or time; else buy back, roll or write calls."""
        found = stake_exit(_as_it_stands(position), market_data.day, params)
        return found or call_action(position, market_data, params) or Hold()


def _as_it_stands(position: Position) -> Position:
    """Return a position some of whose shares were called away as if only the others had been bought."""
    lots = shares_of(position) // max(1, position.structure.shares)
    return replace(position, quantity=lots) if lots > 0 else position


def _signals(prospect: Prospect, params: ParameterSet, rejected: Rejections) -> list[Signal]:
    if prospect.chain.underlying in INDEX_ROOTS:
        rejected[DenialCode.STRUCTURE_NO_SHARES] += 1
        return []
    # Shares and a call against them gain where a put that is sold does.
    sides = allowed_sides(prospect.trend, params.text("trend"), puts=True, calls=False)
    if isinstance(sides, DenialCode):
        rejected[sides] += 1
        return []
    chain = prospect.chain
    rows = calls_between(chain, params.number("call_delta_min"), params.number("call_delta_max"), 0.0)
    if len(rows) == 0:
        blind = not bool((chain.delta == chain.delta).any())
        rejected[DenialCode.DATA_NO_DELTA if blind else DenialCode.STRUCTURE_NO_SHORT] += 1
        return []
    rows = rows[gate_quotes(prospect, rows, None, params, rejected)]
    bid = chain.bid[rows]
    least = params.number("min_static_return") * (chain.spot_cents - bid) * chain.dte[rows] / 365.0
    enough = (bid >= 100.0 * params.number("min_call_premium")) & (bid >= least)
    rejected[DenialCode.CREDIT_TOO_SMALL] += int((~enough).sum())
    if not bool(enough.any()):
        return []
    labels = {"structure": "covered_call"}
    return buy_writes(CoveredCall.name, prospect, rows[enough], params, rejected, labels=labels)
