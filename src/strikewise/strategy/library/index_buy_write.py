"""Hold the index and sell an at-the-money call on it every month, as the Cboe S&P 500 BuyWrite index does.

A yardstick, not a recommendation: the published rule of the index BXM. The index with its dividends is held
for ever; on the day the monthly options settle, the call with the first strike above the index is sold, one
month out, and held to its settlement. Dividends and premiums buy more of the index at the next roll. It earns
the premium and the rise up to the strike, and carries all of a fall beyond the premium.

Source: Cboe, *Methodology of the Cboe S&P 500 BuyWrite Index*; R. Whaley, *Return and Risk of CBOE Buy Write
Monthly Index*, Journal of Derivatives, 2002.
"""

from __future__ import annotations

from strikewise.domain.chain import OptionChain
from strikewise.domain.instruments import OptionContract, Right, Stock
from strikewise.domain.parameters import ParameterSet, ParameterSpace
from strikewise.domain.portfolio import Portfolio, Position
from strikewise.domain.signals import Action, Hold, Signal
from strikewise.domain.structures import Leg
from strikewise.market.view import MarketView
from strikewise.strategy.api import Screened
from strikewise.strategy.index_rules import (
    holds_options,
    index_signal,
    is_monthly_roll,
    next_monthly,
    rebalanced,
    sized,
    strike_by_level,
)

__all__ = ["IndexBuyWrite"]


class IndexBuyWrite:
    """The index BXM."""

    __slots__ = ()

    name = "index_buy_write"
    summary = "Holds the index and sells the at-the-money call on it every month, by the rule of BXM."
    space = ParameterSpace(())

    def screen(self, market_data: MarketView, params: ParameterSet) -> Screened:
        """Return the covered call to open on a roll day; nothing on any other."""
        return Screened(tuple(self.generate_signals(market_data, params)), {})

    def generate_signals(self, market_data: MarketView, params: ParameterSet) -> list[Signal]:
        """Return the covered call to open on a roll day of each underlying."""
        signals = []
        for underlying in market_data.underlyings():
            found = _call(market_data, underlying)
            if found is not None:
                chain, call = found
                legs = [Leg(Stock(underlying), call.multiplier), Leg(call, -1)]
                signal = index_signal(self.name, market_data, chain, legs)
                signals.extend([] if signal is None else [signal])
        return signals

    def size_position(self, signal: Signal, portfolio: Portfolio, params: ParameterSet) -> Position:
        """Return as many units as the value pays for."""
        return sized(signal, portfolio, signal.price_cents)

    def manage_position(self, position: Position, market_data: MarketView, params: ParameterSet) -> Action:
        """Sell the next call on a roll day, and put what was earned to work; hold otherwise."""
        if holds_options(position):
            return Hold()
        found = _call(market_data, position.underlying)
        return (found and rebalanced(position, market_data, found[0], Leg(found[1], -1))) or Hold()


def _call(view: MarketView, underlying: str) -> tuple[OptionChain, OptionContract] | None:
    chain, day = view.fresh_chain(underlying), view.day
    if chain is None or not is_monthly_roll(day, view.calendar):
        return None
    listed = next_monthly(chain, day)
    if listed is None:
        return None
    call = strike_by_level(chain, *listed, Right.CALL, chain.spot, above=True)
    return None if call is None else (chain, call)
