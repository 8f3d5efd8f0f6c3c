"""What an opportunity would be worth: at expiry and before, at other prices and volatilities."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, isfinite, sqrt

import numpy as np

from strikewise.domain.errors import MissingDataError
from strikewise.domain.greeks import Greeks
from strikewise.domain.money import to_dollars
from strikewise.domain.signals import Signal
from strikewise.market.view import MarketView
from strikewise.pricing.probability import touch
from strikewise.pricing.scenario import structure_greeks, structure_value

__all__ = ["Column", "WhatIf", "what_if"]

SPAN = 3.0
"""Standard deviations to the first expiration that the prices reach, either way."""
POINTS = 13
SHIFT = 0.05
"""Volatility shift: five points."""


@dataclass(frozen=True, slots=True)
class Column:
    """Profit of one unit over the prices, on one day and at one shift of volatility, in dollars."""

    name: str
    profit: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class WhatIf:
    """One unit of an opportunity, opened at the touch, under other prices, dates and volatilities.

    Attributes
    ----------
    spots : tuple of float
        Prices of the underlying, dollars: from -3 to +3 standard deviations of its way to expiry.
    columns : tuple of Column
        Today, half-way and at expiry; today with volatility five points up and down.
    greeks : Greeks
        Of one unit today, in dollars.
    touch : tuple of (float, float)
        Each short strike, and the probability that the underlying trades there before expiry.
    """

    spots: tuple[float, ...]
    columns: tuple[Column, ...]
    greeks: Greeks
    touch: tuple[tuple[float, float], ...]

    def as_dict(self) -> dict[str, object]:
        """Return the JSON form."""
        return {
            "spots": list(self.spots),
            "profit": {column.name: list(column.profit) for column in self.columns},
            "greeks": {name: getattr(self.greeks, name) for name in Greeks.__slots__},
            "probability_of_touch": [{"strike": strike, "probability": odds} for strike, odds in self.touch],
        }


def what_if(signal: Signal, view: MarketView) -> WhatIf:
    """Value an opportunity with the volatilities and rate of its chain.

    Raises
    ------
    MissingDataError
        If a leg has no volatility, or the price of the underlying or the rate is not known.
    """
    structure, spot, rate = signal.structure, view.spot(signal.underlying), view.rate()
    volatilities = [_volatility(signal, view, number) for number in range(len(structure.options))]
    if spot is None or rate is None or not all(isfinite(one) for one in volatilities):
        raise MissingDataError(
            f"{structure.describe()} cannot be valued: its price, a rate and a volatility of every leg "
            "must be known."
        )
    dividends = view.dividend_yield(signal.underlying)
    years = [_years(view, number, signal) for number in range(len(structure.options))]
    first = min(years)
    deviation = sum(volatilities) / len(volatilities) * sqrt(first)
    spots = spot * np.exp(np.linspace(-SPAN, SPAN, POINTS) * deviation)

    def column(name: str, later: float, shift: float) -> Column:
        value = structure_value(
            structure, spots, volatilities, years,
            rate=rate, dividend_yield=dividends, later_years=later, volatility_shift=shift,
        )  # fmt: skip
        profit = value - to_dollars(signal.price_cents)
        return Column(name, tuple(round(float(one), 2) for one in profit))

    forward = spot * exp((rate - dividends) * first)
    shorts = [
        (contract.strike, float(touch(contract.strike, spot, forward, volatility, first)))
        for (contract, ratio), volatility in zip(structure.options, volatilities, strict=True)
        if ratio < 0
    ]
    return WhatIf(
        spots=tuple(round(float(one), 2) for one in spots),
        columns=(
            column("today", 0.0, 0.0),
            column("half_way", first / 2, 0.0),
            column("at_expiry", first, 0.0),
            column("volatility_up", 0.0, SHIFT),
            column("volatility_down", 0.0, -SHIFT),
        ),
        greeks=structure_greeks(structure, spot, volatilities, years, rate=rate, dividend_yield=dividends),
        touch=tuple(sorted(shorts)),
    )


def _volatility(signal: Signal, view: MarketView, number: int) -> float:
    contract, _ = signal.structure.options[number]
    chain = view.fresh_chain(signal.underlying)
    row = None if chain is None else chain.find(contract)
    return float("nan") if chain is None or row is None else float(chain.iv[row])


def _years(view: MarketView, number: int, signal: Signal) -> float:
    contract, _ = signal.structure.options[number]
    return (view.calendar.settlement_at(contract) - view.as_of).total_seconds() / (365.0 * 86400.0)
