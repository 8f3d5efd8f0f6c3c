"""Legs with signed ratios, and what they make: name, payoff, breakevens, extremes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from math import gcd, inf

import numpy as np
from numpy.typing import ArrayLike, NDArray

from strikewise.domain.errors import StructureError
from strikewise.domain.instruments import Instrument, OptionContract, Right, Stock
from strikewise.domain.structure_names import OptionLeg, recognise


@dataclass(frozen=True, slots=True)
class Leg:
    """One instrument of a structure.

    Attributes
    ----------
    instrument : Instrument
        Contract or shares.
    ratio : int
        Contracts (or shares) in one unit: bought positive, sold negative, never zero.
    """

    instrument: Instrument
    ratio: int

    def __post_init__(self) -> None:
        if self.ratio == 0:
            raise StructureError(f"A leg's ratio must not be zero; was 0 for {self.instrument}.")


def _order(leg: Leg) -> int:
    return -1 if isinstance(leg.instrument, Stock) else leg.instrument.key


@dataclass(frozen=True, slots=True)
class Structure:
    """Legs on one underlying that are traded as one; each instrument once, brought into one order when made.

    Payoffs are exact: each of their kinks lies at an integer number of thousandths of a dollar.

    Attributes
    ----------
    legs : tuple of Leg
        Sorted by expiration, right and strike; shares first.

    Raises
    ------
    StructureError
        If there are no legs, an instrument stands twice, or the legs are on several underlyings.
    """

    legs: tuple[Leg, ...]

    def __post_init__(self) -> None:
        if not self.legs:
            raise StructureError("A structure must have at least one leg; had none.")
        underlyings = {leg.instrument.underlying for leg in self.legs}
        if len(underlyings) > 1:
            raise StructureError(
                f"The legs of a structure must share one underlying; were on {sorted(underlyings)}."
            )
        if len(self.legs) == 1:
            return
        ordered = {_order(leg): leg for leg in self.legs}
        if len(ordered) < len(self.legs):
            raise StructureError(
                "A structure must hold each instrument once; merge equal legs with Structure.of."
            )
        object.__setattr__(self, "legs", tuple(ordered[key] for key in sorted(ordered)))

    @classmethod
    def of(cls, legs: Iterable[Leg]) -> Structure:
        """Make a structure of legs in any order, adding up those of one instrument.

        Raises
        ------
        StructureError
            If nothing is left, or the legs are on several underlyings.
        """
        ratios: dict[Instrument, int] = {}
        for leg in legs:
            ratios[leg.instrument] = ratios.get(leg.instrument, 0) + leg.ratio
        return cls(tuple(Leg(instrument, ratio) for instrument, ratio in ratios.items() if ratio))

    def reversed(self) -> Structure:
        """Return the structure that closes this one."""
        return Structure(tuple(Leg(leg.instrument, -leg.ratio) for leg in self.legs))

    @property
    def underlying(self) -> str:
        """Symbol of the underlying."""
        return self.legs[0].instrument.underlying

    @property
    def options(self) -> tuple[tuple[OptionContract, int], ...]:
        """The option legs with their ratios, in order."""
        return tuple(
            [(leg.instrument, leg.ratio) for leg in self.legs if isinstance(leg.instrument, OptionContract)]
        )

    @property
    def shares(self) -> int:
        """Shares in one unit, long positive."""
        first = self.legs[0]
        return first.ratio if isinstance(first.instrument, Stock) else 0

    @property
    def expirations(self) -> tuple[date, ...]:
        """Expiration dates of the options, ascending, each once."""
        return tuple(sorted({contract.expiration for contract, _ in self.options}))

    @property
    def name(self) -> str:
        """What traders call it, such as ``iron_condor``; ``custom`` where they have no word for it."""
        multipliers = {contract.multiplier for contract, _ in self.options}
        return recognise(
            self.shares,
            tuple(
                OptionLeg((c.expiration, c.root_code), c.right, c.strike_milli, ratio)
                for c, ratio in self.options
            ),
            multipliers.pop() if len(multipliers) == 1 else 1,
        )

    def describe(self) -> str:
        """Return it as a person writes it: ``SPY 2026-09-18 put credit spread 620/615``."""
        name = self.name
        if not self.options:
            return f"{self.underlying} {name.replace('_', ' ')} {abs(self.shares)}"
        dates = "/".join(day.isoformat() for day in self.expirations)
        unit = gcd(*(ratio for _, ratio in self.options))
        many = f"{unit}× " if unit > 1 else ""
        if name == "custom":
            legs = " ".join(f"{ratio:+d} {c.strike:g}{c.right}" for c, ratio in self.options)
            stock = f"{self.shares:+d} shares " if self.shares else ""
            return f"{self.underlying} {dates} custom {stock}{legs}"
        contracts = [contract for contract, _ in self.options]
        if len(self.expirations) == 1:
            contracts.sort(key=lambda contract: contract.strike_milli, reverse=name.startswith("put_"))
        strikes = "/".join(dict.fromkeys(f"{contract.strike:g}" for contract in contracts))
        return f"{many}{self.underlying} {dates} {name.replace('_', ' ')} {strikes}"

    def payoff_cents(self, spots_cents: ArrayLike) -> NDArray[np.float64]:
        """Return the value of one unit at expiry over prices of the underlying.

        Parameters
        ----------
        spots_cents : array_like
            Prices of the underlying in cents, any shape.

        Returns
        -------
        Cents, multiplier included, long positive; in the shape of ``spots_cents``, exact for whole cents.

        Raises
        ------
        StructureError
            If the options expire at different times.
        """
        _require_one_expiration(self, "payoff at expiry")
        spots = np.asarray(spots_cents, dtype=np.float64) * 10.0
        value = spots * self.shares
        for contract, ratio in self.options:
            beyond = spots - contract.strike_milli
            intrinsic = np.maximum(beyond if contract.right is Right.CALL else -beyond, 0.0)
            value = value + intrinsic * (ratio * contract.multiplier)
        return np.asarray(value / 10.0)

    def breakevens(self, price_cents: int) -> tuple[float, ...]:
        """Return the prices of the underlying at expiry where profit begins or ends.

        Parameters
        ----------
        price_cents : int
            Cost of one unit, multiplier included: paid positive, received negative.

        Returns
        -------
        tuple of float
            Dollars, ascending: the ends of every interval in which the profit is greater than zero, without
            zero and infinity. Exact on the piecewise-linear payoff.

        Raises
        ------
        StructureError
            If the options expire at different times.
        """
        intervals: list[tuple[float, float]] = []
        for start, end, profit, slope in _segments(self, price_cents):
            zero = start - profit / slope if slope else inf
            after = profit + slope * (end - start) if slope else profit
            if max(profit, after) <= 0:
                continue
            low = start if profit >= 0 else zero
            high = end if after >= 0 else zero
            if intervals and intervals[-1][1] == low:
                low = intervals.pop()[0]
            intervals.append((low, high))
        return tuple(edge / 1000 for interval in intervals for edge in interval if 0 < edge < inf)

    def max_profit_cents(self, price_cents: int) -> int | None:
        """Return the most one unit can win at expiry, cents; None where that has no bound.

        Parameters
        ----------
        price_cents : int
            Cost of one unit, multiplier included: paid positive, received negative.

        Raises
        ------
        StructureError
            If the options expire at different times.
        """
        segments = _segments(self, price_cents)
        return None if segments[-1][3] > 0 else max(0, max(s[2] for s in segments) // 10)

    def max_loss_cents(self, price_cents: int) -> int | None:
        """Return the most one unit can lose at expiry, cents, positive; None where that has no bound.

        Zero where it cannot lose. Parameters and errors as `max_profit_cents`.
        """
        segments = _segments(self, price_cents)
        return None if segments[-1][3] < 0 else max(0, -(min(s[2] for s in segments) // 10))


def _segments(structure: Structure, price_cents: int) -> list[tuple[int, float, int, int]]:
    """Return the linear pieces of the profit: start, end and profit at the start (1/1000 $), slope."""
    _require_one_expiration(structure, "breakeven or extreme at expiry")
    options = structure.options
    knots = sorted({0, *(contract.strike_milli for contract, _ in options)})
    ends: list[float] = [*knots[1:], inf]
    slope = structure.shares - sum(r * c.multiplier for c, r in options if c.right is Right.PUT)
    turns = dict.fromkeys(knots, 0)
    profit = -10 * price_cents
    for contract, ratio in options:
        turns[contract.strike_milli] += ratio * contract.multiplier
        if contract.right is Right.PUT:
            profit += ratio * contract.multiplier * contract.strike_milli
    segments = []
    for start, end in zip(knots, ends, strict=True):
        slope += turns[start]
        segments.append((start, end, profit, slope))
        if end < inf:
            profit += slope * (int(end) - start)
    return segments


def _require_one_expiration(structure: Structure, what: str) -> None:
    if len({(contract.expiration, contract.root_code) for contract, _ in structure.options}) > 1:
        raise StructureError(
            f"{structure.describe()} has no {what}: its options expire at different times; "
            "value it at the first expiration with strikewise.pricing.scenario."
        )
