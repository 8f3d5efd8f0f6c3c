"""What the book as it stands would win or lose in a bad hour: a grid of moves, and days that happened.

Shocks strike at once and all together; nothing is traded meanwhile, and no stop helps. In the grid every
underlying moves by the same share. In a named shock an underlying moves as it did on that day, where its bars
reach back so far; else as its index did; else by its beta to the S&P 500 over the last 250 sessions, which is
one where it is not known (`ShockResult.assumed`). Volatilities move by the relative change of VIX.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from strikewise.domain.instruments import days_of
from strikewise.market.view import MarketView
from strikewise.risk.past_moves import closes_of
from strikewise.risk.revaluation import RiskBook
from strikewise.risk.sectors import family_of

__all__ = [
    "GRID_DAYS",
    "GRID_SPOTS",
    "GRID_VOLATILITIES",
    "SHOCKS",
    "Shock",
    "ShockResult",
    "StressGrid",
    "beta_of",
    "shock_result",
    "stress_grid",
]

Floats = NDArray[np.float64]

GRID_SPOTS = (-0.20, -0.15, -0.10, -0.05, 0.0, 0.05, 0.10, 0.15, 0.20)
GRID_VOLATILITIES = (-0.50, -0.25, 0.0, 0.25, 0.50)
GRID_DAYS = (0, 1, 5, 21)
"""The moves of the grid: of price and of volatility, as fractions, and calendar days later."""

BETA_SESSIONS, BETA_LEAST = 250, 60
MARKET = "S&P 500"


@dataclass(frozen=True, slots=True)
class Shock:
    """A day that happened, or could.

    Attributes
    ----------
    name, title : str
        What it is called, and what happened.
    families : mapping of str to float
        Changes of indices, by name of their family, as fractions.
    volatility : float
        Relative change of VIX.
    day : date or None
        When it happened, close to close; None where it is not one day from close to close.
    days : float
        Calendar days that pass before anything can be traded.
    """

    name: str
    title: str
    families: Mapping[str, float]
    volatility: float
    day: date | None = None
    days: float = 0.0


def _moves(sp: float, nasdaq: float, russell: float, dow: float) -> Mapping[str, float]:
    return MappingProxyType({MARKET: sp, "Nasdaq 100": nasdaq, "Russell 2000": russell, "Dow Jones": dow})


SHOCKS: tuple[Shock, ...] = (
    # Closes of SPX, NDX, IWM, DIA and VIX, the session before and that day.
    Shock(
        "2018-02-05",
        "short volatility breaks: S&P 500 -4.1 %, VIX 17.31 to 37.32",
        _moves(-0.0410, -0.0391, -0.0384, -0.0457),
        37.32 / 17.31 - 1.0,
        date(2018, 2, 5),
    ),
    Shock(
        "2020-03-16",
        "the pandemic: S&P 500 -12.0 %, VIX 57.83 to 82.69",
        _moves(-0.1198, -0.1219, -0.1327, -0.1276),
        82.69 / 57.83 - 1.0,
        date(2020, 3, 16),
    ),
    Shock(
        "2024-08-05",
        "the yen carry unwinds: S&P 500 -3.0 %, VIX 23.39 to 38.57",
        _moves(-0.0300, -0.0296, -0.0322, -0.0260),
        38.57 / 23.39 - 1.0,
        date(2024, 8, 5),
    ),
    # The lows of 2010-05-06 against the closes before, and the high of VIX.
    Shock(
        "flash crash",
        "as on 2010-05-06 at the low: S&P 500 -8.6 %, VIX 24.91 to 40.71",
        _moves(-0.0858, -0.1052, -0.0938, -0.0886),
        40.71 / 24.91 - 1.0,
    ),
    # Level 3 of the market-wide circuit breaker ends the session at -20 %; a fall of 7 % (level 1) follows
    # before anybody trades. VIX: its largest rise of one session on record.
    Shock(
        "limit-down halt",
        "-20 % ends the session, nothing can be closed, and the next opens 7 % lower",
        _moves(*[0.80 * 0.93 - 1.0] * 4),
        37.32 / 17.31 - 1.0,
        days=1.0,
    ),
)
"""The named shocks, with the numbers they are made of."""


@dataclass(frozen=True, slots=True, eq=False)
class StressGrid:
    """Profit of a book over moves of price and volatility, and days.

    Attributes
    ----------
    days, spots, volatilities : tuple
        The axes.
    profit : (n_days, n_volatilities, n_spots) float64
        Dollars.
    """

    days: tuple[int, ...]
    spots: tuple[float, ...]
    volatilities: tuple[float, ...]
    profit: Floats

    @property
    def worst(self) -> tuple[float, float, float, int]:
        """The greatest loss: dollars, and the spot move, volatility move and days it is at."""
        day, volatility, spot = np.unravel_index(int(np.argmin(self.profit)), self.profit.shape)
        return (
            float(self.profit[day, volatility, spot]),
            self.spots[int(spot)],
            self.volatilities[int(volatility)],
            self.days[int(day)],
        )


@dataclass(frozen=True, slots=True)
class ShockResult:
    """What a named shock would do.

    Attributes
    ----------
    shock : Shock
        Which.
    profit : float
        Dollars.
    moves : mapping of str to float
        How far each underlying moved, as fractions.
    assumed : tuple of str
        Underlyings whose beta is not known and was taken as one.
    """

    shock: Shock
    profit: float
    moves: Mapping[str, float]
    assumed: tuple[str, ...] = ()


def stress_grid(
    book: RiskBook,
    *,
    spots: tuple[float, ...] = GRID_SPOTS,
    volatilities: tuple[float, ...] = GRID_VOLATILITIES,
    days: tuple[int, ...] = GRID_DAYS,
) -> StressGrid:
    """Return the profit of a book at every point of a grid; every underlying moves alike."""
    later, sigma, spot = (
        axis.reshape(-1) for axis in np.meshgrid(np.array(days), volatilities, spots, indexing="ij")
    )
    profit = book.profit(spot[:, np.newaxis], sigma[:, np.newaxis], later)
    return StressGrid(days, spots, volatilities, profit.reshape(len(days), len(volatilities), len(spots)))


def shock_result(shock: Shock, book: RiskBook, view: MarketView) -> ShockResult:
    """Return what a named shock would do to a book."""
    moves: dict[str, float] = {}
    assumed: list[str] = []
    for symbol in book.underlyings:
        recorded = None if shock.day is None else _recorded(view, symbol, shock.day)
        known = shock.families.get(family_of(symbol)) if recorded is None else recorded
        if known is None:
            beta = beta_of(view, symbol)
            if beta is None:
                assumed.append(symbol)
            known = max(-0.99, (1.0 if beta is None else beta) * shock.families[MARKET])
        moves[symbol] = known
    spots = np.array([[moves[symbol] for symbol in book.underlyings]])
    profit = float(book.profit(spots, shock.volatility, shock.days)[0])
    return ShockResult(shock, profit, moves, tuple(assumed))


def _recorded(view: MarketView, symbol: str, day: date) -> float | None:
    """Return the move of a symbol's own closes that ended on a day; None where they do not reach back."""
    closes = closes_of(view, symbol)
    if closes is None or closes.name != symbol:
        return None
    row = int(np.searchsorted(closes.days, days_of(day)))
    if not 0 < row < len(closes.days) or int(closes.days[row]) != days_of(day):
        return None
    return float(closes.values[row] / closes.values[row - 1] - 1.0)


def beta_of(view: MarketView, symbol: str) -> float | None:
    """Return the slope of a symbol's returns on those of the S&P 500; None with fewer than 60 in common."""
    own, market = (closes_of(view, name, 2 * BETA_SESSIONS) for name in (symbol, "SPX"))
    if own is None or market is None:
        return None
    days = np.intersect1d(own.days, market.days)[-BETA_SESSIONS - 1 :]
    if len(days) <= BETA_LEAST:
        return None
    ours, theirs = (np.diff(np.log(one.values[np.searchsorted(one.days, days)])) for one in (own, market))
    spread = float(np.var(theirs))
    return float(np.cov(ours, theirs, bias=True)[0, 1] / spread) if spread > 0.0 else None
