"""Sell an at-the-money index put every month against Treasury bills, as the Cboe S&P 500 PutWrite index does.

A yardstick, not a recommendation: the published rule of the index PUT. On the day the monthly options settle,
the put with the highest strike at or below the index is sold, one month out, in as many units as the value
pays for: ``N = V / (K DF - p)``, so that value and premium, put into bills, cover the strike at expiration.
It is held to its settlement. It earns while the index does not fall by more than the premium, and carries all
of a fall beyond it.

Source: Cboe, *Methodology of the Cboe S&P 500 PutWrite Index*.
"""

from __future__ import annotations

from datetime import date

from strikewise.domain.chain import OptionChain
from strikewise.domain.instruments import OptionContract, Right
from strikewise.domain.parameters import Parameter, ParameterSet, ParameterSpace
from strikewise.domain.portfolio import Portfolio, Position
from strikewise.domain.signals import Action, Hold, Signal
from strikewise.domain.structures import Leg
from strikewise.market.view import MarketView
from strikewise.strategy.api import Screened
from strikewise.strategy.index_rules import (
    index_signal,
    is_monthly_roll,
    is_weekly_roll,
    next_monthly,
    next_weekly,
    sized,
    strike_by_level,
)

__all__ = ["IndexPutWrite"]


class IndexPutWrite:
    """The index PUT, and with weekly rolls the index WPUT."""

    __slots__ = ()

    name = "index_put_write"
    summary = "Sells the at-the-money index put every month against Treasury bills, by the rule of PUT."
    space = ParameterSpace(
        (
            Parameter(
                "roll",
                "monthly",
                "How often a put is sold: every month by the rule of PUT, every week by that of WPUT.",
                choices=("monthly", "weekly"),
            ),
        )
    )

    def screen(self, market_data: MarketView, params: ParameterSet) -> Screened:
        """Return the put to sell on a roll day; nothing on any other."""
        return Screened(tuple(self.generate_signals(market_data, params)), {})

    def generate_signals(self, market_data: MarketView, params: ParameterSet) -> list[Signal]:
        """Return the put to sell on a roll day of each underlying."""
        weekly = params.text("roll") == "weekly"
        day, calendar = market_data.day, market_data.calendar
        if not (is_weekly_roll(day, calendar) if weekly else is_monthly_roll(day, calendar)):
            return []
        signals = []
        for underlying in market_data.underlyings():
            chain = market_data.fresh_chain(underlying)
            put = None if chain is None else _put(chain, day, weekly=weekly)
            if chain is not None and put is not None:
                signal = index_signal(self.name, market_data, chain, [Leg(put, -1)])
                signals.extend([] if signal is None else [signal])
        return signals

    def size_position(self, signal: Signal, portfolio: Portfolio, params: ParameterSet) -> Position:
        """Return ``V / (K DF - p)`` units."""
        put, _ = signal.structure.options[0]
        strike = put.strike_milli / 10.0 * put.multiplier
        factor = signal.because["discount"]
        return sized(signal, portfolio, strike * float(factor) + signal.mid_cents)

    def manage_position(self, position: Position, market_data: MarketView, params: ParameterSet) -> Action:
        """Hold to settlement."""
        return Hold()


def _put(chain: OptionChain, day: date, *, weekly: bool) -> OptionContract | None:
    listed = next_weekly(chain, day) if weekly else next_monthly(chain, day)
    return None if listed is None else strike_by_level(chain, *listed, Right.PUT, chain.spot, above=False)
