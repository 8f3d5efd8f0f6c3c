"""Bring the delta of a position back to zero with shares."""

from __future__ import annotations

from strikewise.domain.instruments import Delivery, Stock
from strikewise.domain.parameters import Parameter, ParameterSet
from strikewise.domain.portfolio import Position
from strikewise.domain.signals import Adjust
from strikewise.domain.structures import Leg, Structure

__all__ = ["DELTA_HEDGE", "delta_hedge", "delta_hedge_parameters"]

DELTA_HEDGE = "DELTA_HEDGE"
"""The reason of an adjustment that trades shares against the delta of options."""


def delta_hedge_parameters() -> tuple[Parameter, ...]:
    """Return the parameter that `delta_hedge` reads."""
    return (
        Parameter(
            "hedge_band",
            0.0,
            "Trade shares back to a delta of zero when that of one unit leaves this band, per share; "
            "0 never hedges.",
            "delta",
            0.0,
            1.0,
        ),
    )


def delta_hedge(position: Position, params: ParameterSet) -> Adjust | None:
    """Return the shares that bring a position's delta back to zero, or None where it is within its band.

    Parameters
    ----------
    position : Position
        Held and valued; shares it hedged with before are in its delta.
    params : ParameterSet
        With the parameter of `delta_hedge_parameters`.

    Returns
    -------
    Adjust or None
        None too where a leg is estimated, for its delta is a guess, and where the options settle in cash:
        an index has no shares.
    """
    mark, band = position.mark, params.number("hedge_band")
    options = position.structure.options
    if band == 0.0 or mark is None or mark.estimated_legs or not options:
        return None
    contract = options[0][0]
    delta = mark.greeks.delta
    if (
        contract.root.delivery is Delivery.CASH
        or abs(delta) <= band * position.quantity * contract.multiplier
    ):
        return None
    shares = -round(delta)
    if shares == 0:
        return None
    leg = Leg(Stock(position.underlying), 1 if shares > 0 else -1)
    return Adjust(Structure((leg,)), abs(shares), DELTA_HEDGE, f"delta={delta:.1f} shares={shares:+d}")
