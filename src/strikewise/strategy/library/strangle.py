"""Trade a call above and a put below the market: volatility beyond a range.

Sold, it earns where the price stays between the strikes, more often than a straddle and less each time; it
loses on a large move to either side, without a wing to stop it. Bought ahead of an event it costs less than a
straddle and needs a larger move, or a rise of volatility before the event. Sold when an event is over, or on
its eve, it earns from the volatility that leaves with the uncertainty. With shares its delta can be hedged:
then what remains is the difference between implied and realised volatility, less the costs of hedging.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from strikewise.domain.denials import DenialCode
from strikewise.domain.parameters import Parameter, ParameterSet
from strikewise.strategy.legs import band_parameters, pairs, rows_in_band
from strikewise.strategy.prospects import Prospect, Rejections
from strikewise.strategy.volatility_plays import Occasion, VolatilityPlay, play_space

__all__ = ["POST_EVENT_STRANGLE", "PRE_EVENT_STRANGLE", "SHORT_STRANGLE"]

Rows = NDArray[np.intp]

_ORDERED = (("leg_delta_min", "leg_delta_max"),)


def _own(low: float, high: float) -> tuple[Parameter, ...]:
    return (
        *band_parameters("leg", low=low, high=high, what="the call and of the put"),
        Parameter(
            "delta_balance",
            0.04,
            "Most that the absolute deltas of the call and the put may differ.",
            "delta",
            0.0,
            0.99,
        ),
    )


def _at_two_strikes(prospect: Prospect, params: ParameterSet, rejected: Rejections) -> tuple[Rows, Rows]:
    calls = rows_in_band(prospect, "leg", params, rejected, puts=False, calls=True)
    puts = rows_in_band(prospect, "leg", params, rejected, puts=True, calls=False)
    if len(calls) == 0 or len(puts) == 0:
        return calls[:0], puts[:0]
    calls, puts = pairs(prospect, calls, puts)
    delta, strike = prospect.chain.delta, prospect.chain.strike
    # In float64: in the chain's float32 the rounding of two deltas would decide at the limit.
    gap = np.abs(delta[calls].astype(np.float64) + delta[puts])
    kept = (gap <= params.number("delta_balance")) & (strike[calls] > strike[puts])
    if not bool(kept.any()):
        rejected[DenialCode.STRUCTURE_NO_OTHER_SIDE] += 1
    return calls[kept], puts[kept]


SHORT_STRANGLE = VolatilityPlay(
    "short_strangle",
    "Sells a call above and a put below the market and takes a quarter of the premium.",
    play_space(Occasion.PREMIUM, _own(0.12, 0.18), _ORDERED),
    Occasion.PREMIUM,
    _at_two_strikes,
)
"""Short premium at any time."""
PRE_EVENT_STRANGLE = VolatilityPlay(
    "pre_event_strangle",
    "Buys a call above and a put below the market some days before an event and sells them on its eve.",
    play_space(Occasion.PRE_EVENT, _own(0.25, 0.35), _ORDERED),
    Occasion.PRE_EVENT,
    _at_two_strikes,
)
"""Long volatility before events."""
POST_EVENT_STRANGLE = VolatilityPlay(
    "post_event_strangle",
    "Sells a call above and a put below the market once an event is over, or on its eve.",
    play_space(Occasion.POST_EVENT, _own(0.15, 0.25), _ORDERED),
    Occasion.POST_EVENT,
    _at_two_strikes,
)
"""Short volatility as an event's uncertainty goes."""
