"""Hold the index and buy a put 5% below it every month, as the Cboe S&P 500 5% Put Protection index does.

A yardstick, not a recommendation: the published rule of the index PPUT. The index with its dividends is held
for ever; on the day the monthly options settle, the put with the highest strike at or below 95% of the index
is bought, one month out, and held to its settlement. It loses the premium in every month that does not fall
far, and no more than about 5% and the premium in one that does.

Source: Cboe, *Methodology of the Cboe S&P 500 5% Put Protection Index*.
"""

from __future__ import annotations

from strikewise.domain.chain import OptionChain
from strikewise.domain.instruments import OptionContract, Right, Stock
from strikewise.domain.parameters import Parameter, ParameterSet, ParameterSpace
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

__all__ = ["IndexProtectivePut"]


class IndexProtectivePut:
    """The index PPUT."""

    __slots__ = ()

    name = "index_protective_put"
    summary = "Holds the index and buys a put 5% below it every month, by the rule of PPUT."
    space = ParameterSpace(
        (Parameter("otm", 0.05, "How far the put lies below the index.", "of the index", 0.0, 0.5),)
    )

    def screen(self, market_data: MarketView, params: ParameterSet) -> Screened:
        """Return the protected index to open on a roll day; nothing on any other."""
        return Screened(tuple(self.generate_signals(market_data, params)), {})

    def generate_signals(self, market_data: MarketView, params: ParameterSet) -> list[Signal]:
        """Return the protected index to open on a roll day of each underlying."""
        signals = []
        for underlying in market_data.underlyings():
            found = _put(market_data, underlying, params)
            if found is not None:
                chain, put = found
                legs = [Leg(Stock(underlying), put.multiplier), Leg(put, 1)]
                signal = index_signal(self.name, market_data, chain, legs)
                signals.extend([] if signal is None else [signal])
        return signals

    def size_position(self, signal: Signal, portfolio: Portfolio, params: ParameterSet) -> Position:
        """Return as many units as the value pays for."""
        return sized(signal, portfolio, signal.price_cents)

    def manage_position(self, position: Position, market_data: MarketView, params: ParameterSet) -> Action:
        """Buy the next put on a roll day, out of the index units; hold otherwise."""
        if holds_options(position):
            return Hold()
        found = _put(market_data, position.underlying, params)
        return (found and rebalanced(position, market_data, found[0], Leg(found[1], 1))) or Hold()


def _put(
    view: MarketView, underlying: str, params: ParameterSet
) -> tuple[OptionChain, OptionContract] | None:
    chain, day = view.fresh_chain(underlying), view.day
    if chain is None or not is_monthly_roll(day, view.calendar):
        return None
    listed = next_monthly(chain, day)
    if listed is None:
        return None
    level = chain.spot * (1.0 - params.number("otm"))
    put = strike_by_level(chain, *listed, Right.PUT, level, above=False)
    return None if put is None else (chain, put)
