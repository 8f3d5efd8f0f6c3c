"""What a position would come to at other prices, on another day, at another volatility."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from strikewise.domain.errors import MissingDataError
from strikewise.domain.instruments import parse_instrument
from strikewise.domain.structures import Leg, Structure
from strikewise.portfolio.picture import LegPicture, PositionPicture
from strikewise.pricing.scenario import structure_value

__all__ = ["Payoff", "payoff_of"]

SPAN, POINTS = 3.0, 121
YEAR_DAYS = 365.0


@dataclass(frozen=True, slots=True)
class Payoff:
    """Profit of a whole position over prices of its underlying, in cents, cash paid so far counted.

    Attributes
    ----------
    spots : tuple of float
        Prices, dollars.
    at_expiry_cents : tuple of int
        When its first options expire; later ones at their volatilities.
    today_cents : tuple of int or None
        Now; None where a volatility is unknown.
    shifted_cents : tuple of int or None
        On the day and at the shift of volatility asked for.
    days, volatility_shift : float
        What was asked for.
    breakevens : tuple of float
        Prices where the profit at expiry is zero.
    spot : float
        The price now.
    max_profit_cents, max_loss_cents : int or None
        At expiry; None where unbounded or where expirations differ.
    quotes_over_model_cents : int or None
        By how much the middle of the quotes exceeds what the model says at the price and the volatilities
        of now. The curves before expiry carry it, less and less until it is nothing at the first
        expiration, so that today's passes through the profit at mid. None where no quote tells it.
    """

    spots: tuple[float, ...]
    at_expiry_cents: tuple[int, ...]
    today_cents: tuple[int, ...] | None
    shifted_cents: tuple[int, ...] | None
    days: float
    volatility_shift: float
    breakevens: tuple[float, ...]
    spot: float
    max_profit_cents: int | None
    max_loss_cents: int | None
    quotes_over_model_cents: int | None = None


def payoff_of(
    position: PositionPicture, cash_cents: int, *, days: float = 0.0, volatility_shift: float = 0.0
) -> Payoff:
    """Return what a position would come to.

    Parameters
    ----------
    position : PositionPicture
        With its legs' volatilities and years.
    cash_cents : int
        Net cash paid for it so far, fees included.
    days : float
        Calendar days from now, at most until its first options expire.
    volatility_shift : float
        Added to each volatility, as a fraction.

    Raises
    ------
    MissingDataError
        If the price of the underlying or the rate is unknown.
    """
    if position.spot is None or position.rate is None:
        raise MissingDataError(
            f"{position.describe} cannot be drawn: the price of {position.underlying} or the rate is unknown."
        )
    drawn = _Drawn(position)
    first, over = drawn.first, drawn.over_cents()
    spots = _spots(drawn.structure, position.spot, drawn.volatilities, first)

    def profit(later: float, shift: float) -> tuple[int, ...]:
        carried = (over or 0.0) * (1.0 - later / first) if first > 0.0 else 0.0
        return tuple(int(one) for one in np.rint(drawn.cents(spots, later, shift) + carried - cash_cents))

    later = min(max(0.0, days / YEAR_DAYS), first)
    return Payoff(
        spots=tuple(float(one) for one in spots),
        at_expiry_cents=profit(first, 0.0),
        today_cents=profit(0.0, 0.0) if drawn.known else None,
        shifted_cents=profit(later, volatility_shift) if drawn.known else None,
        days=later * YEAR_DAYS,
        volatility_shift=volatility_shift,
        spot=position.spot,
        quotes_over_model_cents=None if over is None else round(over),
        **_ends(drawn.structure, cash_cents),
    )


class _Drawn:
    """A position as the model sees it: all that is held as one unit, its options' volatilities and years."""

    def __init__(self, position: PositionPicture) -> None:
        self._position = position
        self.structure, options = _taken_apart(position.legs)
        self._years = [leg.years or 0.0 for leg in options]
        self.known = all(leg.iv is not None for leg in options)
        self.volatilities = [leg.iv or 0.0 for leg in options]
        self.first = min(self._years, default=30.0 / YEAR_DAYS)

    def cents(self, spots: NDArray[np.float64], later: float, shift: float) -> NDArray[np.float64]:
        """Return what it is worth."""
        return 100.0 * structure_value(
            self.structure, spots, self.volatilities, self._years,
            rate=self._position.rate or 0.0, dividend_yield=self._position.dividend_yield or 0.0,
            later_years=later, volatility_shift=shift,
        )  # fmt: skip

    def over_cents(self) -> float | None:
        """Return by how much the middle of its quotes exceeds the model; None where either is unknown."""
        if not self.known or self._position.mid_cents is None or self._position.spot is None:
            return None
        return self._position.mid_cents - float(self.cents(np.array([self._position.spot]), 0.0, 0.0)[0])


def _ends(structure: Structure, cash_cents: int) -> dict[str, Any]:
    """Return where a structure ends even, and its best and worst; nothing where expirations differ."""
    if len(structure.expirations) > 1:
        return {"breakevens": (), "max_profit_cents": None, "max_loss_cents": None}
    return {
        "breakevens": structure.breakevens(cash_cents),
        "max_profit_cents": structure.max_profit_cents(cash_cents),
        "max_loss_cents": structure.max_loss_cents(cash_cents),
    }


def _taken_apart(legs: tuple[LegPicture, ...]) -> tuple[Structure, list[LegPicture]]:
    """Return all that is held as one unit, and its options in the unit's order."""
    by_name = {parse_instrument(leg.instrument): leg for leg in legs}
    structure = Structure.of(Leg(instrument, leg.quantity) for instrument, leg in by_name.items())
    return structure, [by_name[contract] for contract, _ in structure.options]


def _spots(structure: Structure, spot: float, volatilities: list[float], first: float) -> NDArray[np.float64]:
    """Return an even grid of prices that shows every strike and three deviations to the first expiration."""
    known = [one for one in volatilities if one > 0.0] or [0.2]
    reach = SPAN * sum(known) / len(known) * sqrt(max(first, 1.0 / YEAR_DAYS))
    strikes = [contract.strike for contract, _ in structure.options]
    low = min([spot * exp(-reach), *(0.98 * strike for strike in strikes)])
    high = max([spot * exp(reach), *(1.02 * strike for strike in strikes)])
    # The strikes themselves belong to the grid: payoffs have their kinks there.
    grid = np.linspace(max(0.01, low), high, POINTS)
    return np.unique(
        np.round(np.concatenate([grid, [one for one in strikes if low < one < high], [spot]]), 2)
    )
