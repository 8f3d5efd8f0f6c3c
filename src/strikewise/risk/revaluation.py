"""The legs of an account as columns, and what they would win or lose under moves of price, volatility, date.

Every leg is revalued in full by its own implied volatility (Black, Scholes and Merton; an option that may be
exercised early is worth its intrinsic value at least, before and after). Differences of two such values are
taken, so that what the formula misses of an early exercise cancels but for its change. A leg without a
volatility takes that of its chain's smile; where that says nothing either, the whole book is unpriced.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from strikewise.domain.instruments import Instrument, OptionContract, Right, Stock, Style
from strikewise.domain.portfolio import Position
from strikewise.market.estimate import Estimator
from strikewise.market.recompute import SECONDS_PER_YEAR
from strikewise.market.view import MarketView
from strikewise.pricing import black_scholes
from strikewise.risk.past_moves import Unpriced

__all__ = ["RiskBook", "RiskGreeks", "book_of", "held_of"]

Floats = NDArray[np.float64]
DAYS_PER_YEAR = 365.0


@dataclass(frozen=True, slots=True)
class RiskGreeks:
    """What an account wins or loses under the moves that its limits are defined by, in dollars.

    Attributes
    ----------
    delta : float
        Every underlying rises by 1 %, to first order.
    gamma : float
        What gamma adds when every underlying moves by 5 %, either way.
    vega : float
        Every volatility rises by 5 points, to first order.
    """

    delta: float
    gamma: float
    vega: float


@dataclass(frozen=True, slots=True, eq=False)
class RiskBook:
    """Everything held, netted, one option a row.

    Attributes
    ----------
    underlyings : tuple of str
        Symbols, sorted.
    spots, yields, shares : (n_underlyings,) float64
        Price in dollars, dividend yield, shares held.
    on : (n_legs,) intp
        Which underlying each option is on.
    is_call, may_exercise : (n_legs,) bool
        The right, and whether it can be exercised early.
    strike, years, volatility, weight : (n_legs,) float64
        Dollars, years to settlement, implied volatility, and contracts times multiplier, long positive.
    rate : float
        Annual, continuously compounded.
    guessed : tuple of str
        Contracts whose volatility is that of the chain's smile.
    """

    underlyings: tuple[str, ...]
    spots: Floats
    yields: Floats
    shares: Floats
    on: NDArray[np.intp]
    is_call: NDArray[np.bool_]
    may_exercise: NDArray[np.bool_]
    strike: Floats
    years: Floats
    volatility: Floats
    weight: Floats
    rate: float
    guessed: tuple[str, ...] = field(default=())

    def value(
        self, spot_moves: ArrayLike = 0.0, volatility_moves: ArrayLike = 0.0, days: ArrayLike = 0.0
    ) -> Floats:
        """Return what all is worth under scenarios.

        Parameters
        ----------
        spot_moves, volatility_moves : (n_scenarios, n_underlyings) or broadcastable
            Changes as fractions of today's price and volatility; no volatility falls below zero.
        days : (n_scenarios,) or float
            Calendar days later; an option past its settlement is worth its intrinsic value then.

        Returns
        -------
        Dollars, ``(n_scenarios,)``.
        """
        moves, shifts, later = np.broadcast_arrays(
            np.atleast_2d(np.asarray(spot_moves, dtype=np.float64)),
            np.atleast_2d(np.asarray(volatility_moves, dtype=np.float64)),
            np.atleast_1d(np.asarray(days, dtype=np.float64))[:, np.newaxis],
        )
        shape = (len(moves), len(self.underlyings))
        spots = self.spots * (1.0 + np.broadcast_to(moves, shape))
        worth = spots @ self.shares
        if not len(self.on):
            return np.asarray(worth)
        spot = spots[:, self.on]
        years = np.maximum(self.years - later[:, :1] / DAYS_PER_YEAR, 0.0)
        sigma = np.maximum(self.volatility * (1.0 + np.broadcast_to(shifts, shape)[:, self.on]), 0.0)
        forward = spot * np.exp((self.rate - self.yields[self.on]) * years)
        price = black_scholes.price(
            self.is_call, forward, self.strike, years, sigma, np.exp(-self.rate * years)
        )
        intrinsic = np.maximum(np.where(self.is_call, spot - self.strike, self.strike - spot), 0.0)
        price = np.where(self.may_exercise, np.maximum(price, intrinsic), price)
        return np.asarray(worth + price @ self.weight)

    def profit(
        self, spot_moves: ArrayLike = 0.0, volatility_moves: ArrayLike = 0.0, days: ArrayLike = 0.0
    ) -> Floats:
        """Return what all would win or lose under scenarios, dollars; parameters as `value`."""
        return np.asarray(self.value(spot_moves, volatility_moves, days) - self.value()[0])

    def sensitivities(self) -> tuple[Floats, Floats, Floats]:
        """Return delta, gamma and vega by underlying, ``(n_underlyings,)`` each, in the units of `Greeks`.

        Vega is of one unit of relative change: dollars when every volatility grows by its own size.
        """
        delta, gamma, vega = self.shares.copy(), np.zeros_like(self.spots), np.zeros_like(self.spots)
        if len(self.on):
            found = self._greeks()
            np.add.at(delta, self.on, found.delta * self.weight)
            np.add.at(gamma, self.on, found.gamma * self.weight)
            np.add.at(vega, self.on, found.vega * 100.0 * self.volatility * self.weight)
        return delta, gamma, vega

    def greeks(self) -> RiskGreeks:
        """Return what the moves of the limits on Greeks would bring."""
        delta, gamma, _ = self.sensitivities()
        points = float(self._greeks().vega @ self.weight) if len(self.on) else 0.0
        return RiskGreeks(
            delta=float(delta @ (0.01 * self.spots)),
            gamma=float(0.5 * gamma @ (0.05 * self.spots) ** 2),
            vega=5.0 * points,
        )

    def _greeks(self) -> black_scholes.GreekArrays:
        return black_scholes.greeks(
            self.is_call,
            self.spots[self.on],
            self.strike,
            self.years,
            self.volatility,
            self.rate,
            self.yields[self.on],
        )


def held_of(positions: Iterable[Position]) -> dict[Instrument, int]:
    """Return what positions hold or have ordered, netted by instrument; nothing that nets to zero."""
    held: dict[Instrument, int] = {}
    for position in positions:
        if position.holdings:
            rows = [(one.instrument, one.quantity) for one in position.holdings]
        else:
            rows = [(leg.instrument, leg.ratio * position.quantity) for leg in position.structure.legs]
        for instrument, quantity in rows:
            held[instrument] = held.get(instrument, 0) + quantity
    return {instrument: quantity for instrument, quantity in held.items() if quantity}


def book_of(
    positions: Iterable[Position], view: MarketView, estimator: Estimator | None = None
) -> RiskBook | Unpriced:
    """Lay out what positions hold, at the prices and volatilities of a view.

    Parameters
    ----------
    positions : iterable of Position
        Held, or only ordered yet: those count as what they would hold.
    view : MarketView
        What is known. An unknown rate counts as none: it hardly moves a difference over one session.
    estimator : Estimator, optional
        Keeps smiles between calls.

    Returns
    -------
    RiskBook or Unpriced
        Unpriced where a price, or the volatility of an option that still lives, is not known.
    """
    held = held_of(positions)
    symbols = tuple(sorted({instrument.underlying for instrument in held}))
    spots = [view.spot(symbol) or 0.0 for symbol in symbols]
    for symbol, spot in zip(symbols, spots, strict=True):
        if spot <= 0.0:
            return Unpriced(f"underlying={symbol} price=none")
    options = sorted(
        ((one, count) for one, count in held.items() if isinstance(one, OptionContract)),
        key=lambda row: (row[0].underlying, row[0].key),
    )
    smiles = _volatilities([one for one, _ in options], view, estimator or Estimator())
    if isinstance(smiles, Unpriced):
        return smiles
    number = {symbol: n for n, symbol in enumerate(symbols)}
    return RiskBook(
        underlyings=symbols,
        spots=np.array(spots),
        yields=np.array([view.dividend_yield(symbol) for symbol in symbols]),
        shares=np.array([float(held.get(Stock(symbol), 0)) for symbol in symbols]),
        on=np.array([number[one.underlying] for one, _ in options], dtype=np.intp),
        is_call=np.array([one.right is Right.CALL for one, _ in options], dtype=np.bool_),
        may_exercise=np.array([one.root.style is Style.AMERICAN for one, _ in options], dtype=np.bool_),
        strike=np.array([one.strike for one, _ in options], dtype=np.float64),
        years=np.array([_years(one, view) for one, _ in options], dtype=np.float64),
        volatility=np.array(smiles.volatilities, dtype=np.float64),
        weight=np.array([count * one.multiplier for one, count in options], dtype=np.float64),
        rate=view.rate() or 0.0,
        guessed=smiles.guessed,
    )


class _Volatilities(NamedTuple):
    volatilities: list[float]
    guessed: tuple[str, ...]


def _years(contract: OptionContract, view: MarketView) -> float:
    left = (view.calendar.settlement_at(contract) - view.as_of).total_seconds()
    return max(0.0, left) / SECONDS_PER_YEAR


def _volatilities(
    contracts: Sequence[OptionContract], view: MarketView, estimator: Estimator
) -> _Volatilities | Unpriced:
    """Return each contract's volatility, and which are the smile's; what has settled needs none."""
    found, guessed = [], []
    for contract in contracts:
        sigma, own = _volatility(contract, view, estimator) if _years(contract, view) else (0.0, True)
        if not isfinite(sigma):
            return Unpriced(f"leg={contract.symbol} volatility=none")
        found.append(sigma)
        if not own:
            guessed.append(contract.symbol)
    return _Volatilities(found, tuple(guessed))


def _volatility(contract: OptionContract, view: MarketView, estimator: Estimator) -> tuple[float, bool]:
    """Return a contract's volatility, and whether it is its own and not the smile's."""
    chain = view.chain(contract.underlying)
    row = None if chain is None else chain.find(contract)
    if chain is not None and row is not None:
        own = float(chain.iv[row])
        if isfinite(own) and own > 0.0:
            return own, True
    return estimator.volatility(view, contract), False
