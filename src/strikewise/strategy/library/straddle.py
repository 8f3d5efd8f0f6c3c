"""Trade the call and the put of the strike next to spot: volatility itself, without a direction.

Sold, it earns what time takes from both, and on falling volatility; it loses on any large move, without a
wing to stop it, so that the size must be small and the stop must be kept. Bought ahead of an event it earns
when volatility rises towards the event or the price moves at once, and loses time meanwhile. Sold when an
event is over, or on its eve, it earns from the volatility that leaves with the uncertainty, and loses where
the price moves further than the options had said. With shares its delta can be hedged, which leaves the
difference between implied and realised volatility, less the costs of hedging.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from strikewise.domain.denials import DenialCode
from strikewise.domain.parameters import Parameter, ParameterSet
from strikewise.strategy.legs import nearest_to_spot
from strikewise.strategy.prospects import Prospect, Rejections
from strikewise.strategy.volatility_plays import Occasion, VolatilityPlay, play_space

__all__ = ["POST_EVENT_STRADDLE", "PRE_EVENT_STRADDLE", "SHORT_STRADDLE"]

Rows = NDArray[np.intp]

_OWN = (Parameter("body_offset", 0.0, "Distance of the strike from spot, upward.", "of spot", -0.1, 0.1),)


def _at_one_strike(prospect: Prospect, params: ParameterSet, rejected: Rejections) -> tuple[Rows, Rows]:
    calls, puts = nearest_to_spot(prospect, params.number("body_offset"))
    if len(calls) == 0:
        rejected[DenialCode.STRUCTURE_NO_SHORT] += 1
    return calls, puts


SHORT_STRADDLE = VolatilityPlay(
    "short_straddle",
    "Sells the call and the put next to spot and takes a quarter of the premium.",
    play_space(Occasion.PREMIUM, _OWN),
    Occasion.PREMIUM,
    _at_one_strike,
)
"""Short premium at any time."""
PRE_EVENT_STRADDLE = VolatilityPlay(
    "pre_event_straddle",
    "Buys the call and the put next to spot some days before an event and sells them on its eve.",
    play_space(Occasion.PRE_EVENT, _OWN),
    Occasion.PRE_EVENT,
    _at_one_strike,
)
"""Long volatility before events."""
POST_EVENT_STRADDLE = VolatilityPlay(
    "post_event_straddle",
    "Sells the call and the put next to spot once an event is over, or on its eve.",
    play_space(Occasion.POST_EVENT, _OWN),
    Occasion.POST_EVENT,
    _at_one_strike,
)
"""Short volatility as an event's uncertainty goes."""
