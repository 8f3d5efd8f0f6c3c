"""How underlyings and their volatilities moved together, session by session, as far as it is stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import reduce
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from strikewise.domain.instruments import date_of, days_of
from strikewise.domain.quotes import DailyBars, Series
from strikewise.market.bar_features import PriceFrame
from strikewise.market.features import VOLATILITY_INDEXES
from strikewise.market.view import MarketView, known_series
from strikewise.risk.sectors import INDEX_FAMILIES, family_of

__all__ = ["MARKET_VOLATILITY", "Closes", "JointMoves", "Unpriced", "closes_of", "joint_moves"]

Floats = NDArray[np.float64]
Days = NDArray[np.int32]

MARKET_VOLATILITY = "VIX"
"""Stands for a volatility that has no index of its own, or one that is stored too shortly."""
LONGEST_STEP = 5
"""Calendar days between two closes that still make one session's move: a long weekend."""
OLDEST = 60
"""Calendar days after which the last move of a past is too old to speak for today."""


class Unpriced(NamedTuple):
    """What makes a number of risk unknown, as ``key=value`` pairs: never zero, and never passed over."""

    detail: str


class Closes(NamedTuple):
    """Closes of consecutive sessions, splits undone; ``name`` is what they are of."""

    name: str
    days: Days
    values: Floats


@dataclass(frozen=True, slots=True, eq=False)
class JointMoves:
    """What happened on the same days to several underlyings and their volatilities.

    Attributes
    ----------
    underlyings : tuple of str
        The columns.
    days : (n,) int32
        Days since 1970-01-01 of the closes that each move ends at, ascending.
    spots, volatilities : (n, n_underlyings) float64
        Changes since the close before, as fractions of it.
    """

    underlyings: tuple[str, ...]
    days: Days
    spots: Floats
    volatilities: Floats

    def __len__(self) -> int:
        return len(self.days)

    @property
    def first(self) -> date:
        """The day of the first move."""
        return date_of(int(self.days[0]))

    @property
    def last(self) -> date:
        """The day of the last move."""
        return date_of(int(self.days[-1]))


def closes_of(view: MarketView, symbol: str, last: int | None = None) -> Closes | None:
    """Return the closes known of a symbol, or of the first of its index family that has recent ones.

    Prices are scaled past splits that the bars show, so that a split is no move.

    Parameters
    ----------
    view : MarketView
        What is known.
    symbol : str
        Which.
    last : int, optional
        Look at so many bars, the latest, and no further back.
    """
    family = INDEX_FAMILIES.get(family_of(symbol), ())
    best: Closes | None = None
    for name in (symbol, *(one for one in family if one != symbol)):
        bars = view.bars(name)
        if bars is None or not len(bars):
            continue
        frame = PriceFrame(bars if last is None else _tail(bars, last), view.splits(name))
        priced = frame.close > 0.0
        found = Closes(name, frame.days[priced], frame.close[priced])
        if not len(found.days):
            continue
        if _recent(found, view):
            return found
        best = best or found
    return best


def joint_moves(
    view: MarketView, underlyings: Sequence[str], *, sessions: int, least: int
) -> JointMoves | Unpriced:
    """Return the joint moves of the last sessions in which all of them are known.

    Parameters
    ----------
    view : MarketView
        What is known.
    underlyings : sequence of str
        Symbols, each once.
    sessions : int
        Most moves to return, the latest.
    least : int
        Fewest that can be returned.

    Returns
    -------
    JointMoves or Unpriced
        Unpriced where a past is missing, too short or too old, with what is missing.
    """
    columns: list[Closes] = []
    for symbol in underlyings:
        found = closes_of(view, symbol, 2 * sessions)
        if found is None:
            return Unpriced(f"underlying={symbol} bars=none")
        columns.append(found)
    for symbol in underlyings:
        volatility = _volatility(view, symbol, least, 2 * sessions)
        if volatility is None:
            return Unpriced(f"underlying={symbol} volatility_index=none")
        columns.append(volatility)
    days = reduce(np.intersect1d, (column.days for column in columns))
    rows = np.array([column.values[np.searchsorted(column.days, days)] for column in columns])
    moves = rows[:, 1:] / rows[:, :-1] - 1.0 if len(days) > 1 else np.zeros((len(columns), 0))
    one_session = np.diff(days) <= LONGEST_STEP
    moves, ends = moves[:, one_session][:, -sessions:], days[1:][one_session][-sessions:]
    names = ",".join(underlyings)
    if len(ends) < least:
        return Unpriced(f"underlyings={names} sessions={len(ends)} least={least}")
    if days_of(view.day) - int(ends[-1]) > OLDEST:
        return Unpriced(f"underlyings={names} last={date_of(int(ends[-1])).isoformat()} oldest_days={OLDEST}")
    half = len(underlyings)
    return JointMoves(tuple(underlyings), ends.astype(np.int32), moves[:half].T, moves[half:].T)


def _volatility(view: MarketView, symbol: str, least: int, last: int) -> Closes | None:
    own = VOLATILITY_INDEXES.get(symbol, MARKET_VOLATILITY)
    for name in dict.fromkeys((own, MARKET_VOLATILITY)):
        found = known_series(view, name)
        if found is None:
            continue
        closes = _known(name, found, last)
        if len(closes.days) > least and _recent(closes, view):
            return closes
    found = known_series(view, MARKET_VOLATILITY)
    return None if found is None else _known(MARKET_VOLATILITY, found, last)


def _known(name: str, series: Series, last: int) -> Closes:
    days, values = series.days[-last:], series.values[-last:]
    usable = np.isfinite(values) & (values > 0.0)
    return Closes(name, days[usable], values[usable])


def _tail(bars: DailyBars, last: int) -> DailyBars:
    return DailyBars(
        bars.symbol,
        bars.days[-last:],
        bars.open[-last:],
        bars.high[-last:],
        bars.low[-last:],
        bars.close[-last:],
        bars.volume[-last:],
        bars.known_at[-last:],
    )


def _recent(closes: Closes, view: MarketView) -> bool:
    return len(closes.days) > 0 and days_of(view.day) - int(closes.days[-1]) <= OLDEST
