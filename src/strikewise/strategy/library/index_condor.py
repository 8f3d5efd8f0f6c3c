"""Sell an index iron condor every month against Treasury bills, as the Cboe S&P 500 Iron Condor index does.

A yardstick, not a recommendation: the published rule of the index CNDR. On the day the monthly options
settle, a put and a call of 20 deltas are sold and a put and a call of 5 deltas bought, one month out, in so
few units that bills cover ten times the largest loss. It is held to its settlement. It earns while the index
stays between the short strikes, and loses at most a tenth of its value in one month.

Source: Cboe, *Methodology of the Cboe S&P 500 Iron Condor Index*.
"""

from __future__ import annotations

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
    next_monthly,
    sized,
    strike_at_delta,
)

__all__ = ["IndexCondor"]


class IndexCondor:
    """The index CNDR."""

    __slots__ = ()

    name = "index_condor"
    summary = "Sells the 20-delta index condor with 5-delta wings every month, by the rule of CNDR."
    space = ParameterSpace(
        (
            Parameter("short_delta", 0.20, "Absolute delta of what is sold.", "delta", 0.01, 0.5),
            Parameter("long_delta", 0.05, "Absolute delta of what is bought.", "delta", 0.005, 0.5),
            Parameter("cover", 10.0, "Largest losses that the value covers.", "losses", 1.0, 100.0),
        ),
        ordered=(("long_delta", "short_delta"),),
    )

    def screen(self, market_data: MarketView, params: ParameterSet) -> Screened:
        """Return the condor to sell on a roll day; nothing on any other."""
        return Screened(tuple(self.generate_signals(market_data, params)), {})

    def generate_signals(self, market_data: MarketView, params: ParameterSet) -> list[Signal]:
        """Return the condor to sell on a roll day of each underlying."""
        if not is_monthly_roll(market_data.day, market_data.calendar):
            return []
        signals = []
        for underlying in market_data.underlyings():
            chain, legs = market_data.fresh_chain(underlying), _legs(market_data, underlying, params)
            if chain is not None and legs:
                signal = index_signal(self.name, market_data, chain, legs)
                signals.extend([] if signal is None else [signal])
        return signals

    def size_position(self, signal: Signal, portfolio: Portfolio, params: ParameterSet) -> Position:
        """Return as many units as the value covers ten times over."""
        return sized(signal, portfolio, params.number("cover") * (signal.max_loss_cents or 0))

    def manage_position(self, position: Position, market_data: MarketView, params: ParameterSet) -> Action:
        """Hold to settlement."""
        return Hold()


def _legs(view: MarketView, underlying: str, params: ParameterSet) -> list[Leg]:
    chain = view.fresh_chain(underlying)
    listed = None if chain is None else next_monthly(chain, view.day)
    if chain is None or listed is None:
        return []
    legs: list[tuple[OptionContract | None, int]] = [
        (strike_at_delta(chain, *listed, right, params.number(name)), ratio)
        for right in (Right.PUT, Right.CALL)
        for name, ratio in (("long_delta", 1), ("short_delta", -1))
    ]
    found = [Leg(contract, ratio) for contract, ratio in legs if contract is not None]
    # Two legs on one strike would be no condor: the chain is too coarse for the deltas.
    return found if len({leg.instrument for leg in found}) == len(legs) else []
